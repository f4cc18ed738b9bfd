// Walking the entries of a stream between two ids, in either direction.
//
// A walk is made once and reused. The stream itself must not change between two steps, but for marking the current entry
// as deleted; allocating in its arena is allowed, since blocks in use stay where they are.

import type { Reply } from '../protocol/reply.ts'
import type { ListpackRef } from './listpack.ts'
import { elementReply, wholeBytes } from './listpack-element.ts'
import type { Memory } from './memory.ts'
import { type StreamRef, streamNodes } from './stream.ts'
import { StreamId } from './stream-id.ts'
import { IdCursor } from './stream-id-tree.ts'
import { ENTRY_SAME_FIELDS, NodeReader } from './stream-node.ts'

export class StreamWalk {
  /** The id of the current entry. */
  readonly id = new StreamId()
  /** Where the current entry lies. */
  readonly node = new IdCursor()
  readonly reader = new NodeReader()
  readonly master = new StreamId()
  readonly #from = new StreamId()
  readonly #to = new StreamId()
  #isReverse = false
  #withDeleted = false

  /** Starts before the first entry from `from` to `to`, or with `isReverse` behind the last. */
  start(m: Memory, stream: StreamRef, from: StreamId, to: StreamId, isReverse = false, withDeleted = false): void {
    this.#from.copy(from)
    this.#to.copy(to)
    this.#isReverse = isReverse
    this.#withDeleted = withDeleted
    const nodes = streamNodes(stream)
    this.node.seekDown(m, nodes, isReverse ? to : from)
    if (!isReverse && !this.node.isOn()) this.node.first(m, nodes)
    this.#open(m)
  }

  #open(m: Memory): void {
    if (!this.node.isOn()) return
    this.reader.open(m, this.node.value(m) as ListpackRef)
    this.node.id(m, this.master)
  }

  /** Goes on to the next entry; false when there is none. */
  next(m: Memory): boolean {
    while (this.node.isOn()) {
      if (!this.#step(m)) {
        if (this.#isReverse) this.node.previous(m)
        else this.node.next(m)
        this.#open(m)
        continue
      }
      const reader = this.reader
      if (reader.isDeleted() && !this.#withDeleted) continue
      reader.id(this.master, this.id)
      if (this.#isReverse) {
        if (this.id.compare(this.#from) < 0) break
        if (this.id.compare(this.#to) <= 0) return true
      } else {
        if (this.id.compare(this.#to) > 0) break
        if (this.id.compare(this.#from) >= 0) return true
      }
    }
    this.node.leaf = 0
    return false
  }

  #step(m: Memory): boolean {
    const reader = this.reader
    if (this.#isReverse) return reader.entry === 0 ? reader.last(m) : reader.previous()
    return reader.entry === 0 ? reader.first() : reader.next()
  }

  /** Writes the current entry's fields and values as one array. */
  replyPairs(reply: Reply): void {
    const { u8, fields, flags, masterBody, body } = this.reader
    let p = body
    reply.array(2 * fields)
    if ((flags & ENTRY_SAME_FIELDS) === 0) {
      for (let i = 2 * fields; i > 0; i--) {
        elementReply(u8, p, reply)
        p += wholeBytes(u8, p)
      }
      return
    }
    let field = masterBody
    for (let i = fields; i > 0; i--) {
      elementReply(u8, field, reply)
      field += wholeBytes(u8, field)
      elementReply(u8, p, reply)
      p += wholeBytes(u8, p)
    }
  }
}

const MIN = new StreamId().setMin()
const MAX = new StreamId().setMax()
const edge = new StreamWalk()

/** The first or last entry's id; without one, what Redis answers: the highest id for the first, the lowest for the last. */
export function streamEdge(
  m: Memory,
  stream: StreamRef,
  isFirst: boolean,
  withDeleted: boolean,
  into: StreamId,
): StreamId {
  edge.start(m, stream, MIN, MAX, !isFirst, withDeleted)
  if (edge.next(m)) return into.copy(edge.id)
  return isFirst ? into.setMax() : into.setMin()
}
