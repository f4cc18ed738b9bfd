// The commands that make a key as it is: what the base of a log consists of when it is not an RDB file. In Redis's forms,
// so that Redis reads them; values of many elements are made in steps.

import { Reply } from '../protocol/reply.ts'
import { type EntryRef, entryExpireAt, entryType, entryValue, TYPE } from '../store/entry.ts'
import { fieldExpireAt } from '../store/hash-field.ts'
import { hashIsTable } from '../store/hash-value.ts'
import { HashWalk } from '../store/hash-walk.ts'
import { itemKeyAt, itemKeyLength } from '../store/item.ts'
import { ListpackElement } from '../store/listpack-element.ts'
import type { Memory } from '../store/memory.ts'
import { cursorNext, cursorSeek, cursorText, ListCursor } from '../store/quicklist-cursor.ts'
import type { RdbString } from '../store/rdb/source.ts'
import { SetWalk } from '../store/set.ts'
import { lastIdWord, maxDeletedWord, type StreamRef, streamAdded, streamLength } from '../store/stream.ts'
import {
  type ConsumerRef,
  consumerPending,
  type GroupRef,
  groupConsumerAt,
  groupConsumerCount,
  groupEntriesRead,
  groupLastIdWord,
  type PendingRef,
  pendingCount,
  pendingFind,
  pendingTime,
  streamGroupAt,
  streamGroupCount,
} from '../store/stream-group.ts'
import { ID_TEXT_MAX, StreamId } from '../store/stream-id.ts'
import { IdCursor } from '../store/stream-id-tree.ts'
import { nameAt, nameLength } from '../store/stream-names.ts'
import { StreamWalk } from '../store/stream-walk.ts'
import { stringAt, stringLength } from '../store/string.ts'
import { zsetLength } from '../store/zset.ts'
import { ZsetWalk } from '../store/zset-walk.ts'

/** Elements that one command makes. */
const ELEMENTS = 64
/** Bytes gathered before they are taken away. */
const PIECE_BYTES = 64 * 1024
const LF = 10

const MIN = new StreamId().setMin()
const MAX = new StreamId().setMax()

export class ValueCommands {
  readonly #take: (out: Reply) => void
  readonly #out = new Reply(2 * PIECE_BYTES)
  readonly #list = new ListCursor()
  readonly #text = new ListpackElement()
  readonly #set = new SetWalk()
  readonly #hash = new HashWalk()
  readonly #zset = new ZsetWalk()
  readonly #stream = new StreamWalk()
  readonly #pairs = new Reply(4096)
  readonly #pending = new IdCursor()
  readonly #id = new StreamId()
  readonly #idText = new Uint8Array(ID_TEXT_MAX)
  #m!: Memory
  #entry!: EntryRef

  /** `take` is given what was written, from time to time. */
  constructor(take: (out: Reply) => void) {
    this.#take = take
  }

  /** Hands over what was written last. */
  finish(): void {
    if (this.#out.length > 0) this.#take(this.#out)
    this.#out.reset(2 * PIECE_BYTES)
  }

  select(db: number): void {
    this.#out.array(2)
    this.#out.latin1('SELECT')
    this.#out.bulkInteger(db)
  }

  /** Writes the command that loads a library of functions. */
  library(code: RdbString): void {
    this.#out.array(3)
    this.#out.latin1('FUNCTION')
    this.#out.latin1('LOAD')
    this.#out.bulk(code.u8, code.at, code.length)
  }

  /** Writes the commands that make this entry, in the database selected. */
  write(m: Memory, entry: EntryRef): void {
    this.#m = m
    this.#entry = entry
    const type = entryType(m, entry)
    if (type === TYPE.STRING) this.#writeString()
    else if (type === TYPE.LIST) this.#writeList()
    else if (type === TYPE.SET) this.#writeSet()
    else if (type === TYPE.ZSET) this.#writeZset()
    else if (type === TYPE.HASH) this.#writeHash()
    else this.#writeStream(entryValue<'stream'>(m, entry))
    const expireAt = entryExpireAt(m, entry)
    if (expireAt < 0) return
    this.#command('PEXPIREAT', 1)
    this.#out.bulkInteger(expireAt)
  }

  /** Begins a command about the key, with `more` arguments to follow. */
  #command(name: string, more: number, word?: string): void {
    if (this.#out.length >= PIECE_BYTES) this.finish()
    const out = this.#out
    out.array(more + (word === undefined ? 2 : 3))
    out.latin1(name)
    if (word !== undefined) out.latin1(word)
    out.bulk(this.#m.u8, itemKeyAt(this.#m, this.#entry), itemKeyLength(this.#m, this.#entry))
  }

  #writeString(): void {
    const m = this.#m
    this.#command('SET', 1)
    this.#out.bulk(m.u8, stringAt(m, this.#entry), stringLength(m, this.#entry))
  }

  #writeList(): void {
    const m = this.#m
    const list = entryValue<'quicklist'>(m, this.#entry)
    const cursor = this.#list
    const text = this.#text
    const texts: Uint8Array[] = []
    const flush = (): void => {
      if (texts.length === 0) return
      this.#command('RPUSH', texts.length)
      for (const each of texts) this.#out.bulk(each, 0, each.length)
      texts.length = 0
    }
    for (let more = cursorSeek(cursor, m, list, 0); more; more = cursorNext(cursor, m)) {
      cursorText(cursor, text)
      texts.push(text.bytes.slice(text.at, text.at + text.length))
      if (texts.length === ELEMENTS) flush()
    }
    flush()
  }

  #writeSet(): void {
    const walk = this.#set
    const texts: Uint8Array[] = []
    const flush = (): void => {
      if (texts.length === 0) return
      this.#command('SADD', texts.length)
      for (const each of texts) this.#out.bulk(each, 0, each.length)
      texts.length = 0
    }
    walk.start(this.#m, this.#entry)
    while (walk.next()) {
      const { bytes, at, length } = walk.member
      texts.push(bytes.slice(at, at + length))
      if (texts.length === ELEMENTS) flush()
    }
    flush()
  }

  #writeZset(): void {
    const m = this.#m
    const walk = this.#zset
    let left = zsetLength(m, this.#entry)
    walk.start(m, this.#entry, 0, false)
    while (left > 0) {
      const count = Math.min(left, ELEMENTS)
      left -= count
      this.#command('ZADD', 2 * count)
      for (let i = 0; i < count && walk.next(); i++) {
        this.#out.bulkDouble(walk.score)
        this.#out.bulk(walk.u8, walk.at, walk.length)
      }
    }
  }

  #writeHash(): void {
    const m = this.#m
    const walk = this.#hash
    const texts: Uint8Array[] = []
    const times: (readonly [field: Uint8Array, at: number])[] = []
    const isTable = hashIsTable(m, this.#entry)
    const flush = (): void => {
      if (texts.length > 0) {
        this.#command('HMSET', texts.length)
        for (const each of texts) this.#out.bulk(each, 0, each.length)
      }
      texts.length = 0
      for (const [field, at] of times.splice(0)) this.#expireField(field, at)
    }
    walk.start(m, this.#entry, 0)
    while (walk.next()) {
      walk.readName()
      const name = walk.name.bytes.slice(walk.name.at, walk.name.at + walk.name.length)
      walk.readValue()
      texts.push(name, walk.value.bytes.slice(walk.value.at, walk.value.at + walk.value.length))
      const at = isTable ? fieldExpireAt(m, walk.place) : -1
      if (at >= 0) times.push([name, at])
      if (texts.length === 2 * ELEMENTS) flush()
    }
    flush()
  }

  #expireField(field: Uint8Array, at: number): void {
    this.#command('HPEXPIREAT', 4)
    this.#out.bulkInteger(at)
    this.#out.latin1('FIELDS')
    this.#out.bulkInteger(1)
    this.#out.bulk(field, 0, field.length)
  }

  // ---- streams

  #writeId(id: StreamId): void {
    this.#out.bulk(this.#idText, 0, id.write(this.#idText, 0))
  }

  #writeStream(stream: StreamRef): void {
    const m = this.#m
    const walk = this.#stream
    const out = this.#out
    walk.start(m, stream, MIN, MAX)
    if (streamLength(m, stream) === 0) {
      // A stream without entries, made by one that is trimmed at once. An id of zeros cannot be added.
      const last = this.#id.load(m, lastIdWord(stream))
      this.#command('XADD', 5)
      out.latin1('MAXLEN')
      out.latin1('0')
      if (last.isZero()) out.latin1('0-1')
      else this.#writeId(last)
      out.latin1('x')
      out.latin1('y')
    }
    while (walk.next(m)) {
      const pairs = this.#pairs
      pairs.length = 0
      walk.replyPairs(pairs)
      // Behind the head, which tells how many there are.
      const from = pairs.u8.indexOf(LF) + 1
      this.#command('XADD', 1 + 2 * walk.reader.fields)
      this.#writeId(walk.id)
      out.raw(pairs.u8, from, pairs.length - from)
    }
    this.#command('XSETID', 5)
    this.#writeId(this.#id.load(m, lastIdWord(stream)))
    out.latin1('ENTRIESADDED')
    out.bulkInteger(streamAdded(m, stream))
    out.latin1('MAXDELETEDID')
    this.#writeId(this.#id.load(m, maxDeletedWord(stream)))
    for (let i = 0; i < streamGroupCount(m, stream); i++) this.#writeGroup(streamGroupAt(m, stream, i))
  }

  #name(record: number): void {
    this.#out.bulk(this.#m.u8, nameAt(this.#m, record), nameLength(this.#m, record))
  }

  #writeGroup(group: GroupRef): void {
    const m = this.#m
    const out = this.#out
    this.#command('XGROUP', 4, 'CREATE')
    this.#name(group)
    this.#writeId(this.#id.load(m, groupLastIdWord(group)))
    out.latin1('ENTRIESREAD')
    out.bulkInteger(groupEntriesRead(m, group))
    for (let i = 0; i < groupConsumerCount(m, group); i++) this.#writeConsumer(group, groupConsumerAt(m, group, i))
  }

  #writeConsumer(group: GroupRef, consumer: ConsumerRef): void {
    const m = this.#m
    const out = this.#out
    this.#command('XGROUP', 2, 'CREATECONSUMER')
    this.#name(group)
    this.#name(consumer)
    const cursor = this.#pending
    for (cursor.first(m, consumerPending(consumer)); cursor.isOn(); cursor.next(m)) {
      const id = cursor.id(m, this.#id)
      const entry = pendingFind(m, group, id) as PendingRef
      this.#command('XCLAIM', 10)
      this.#name(group)
      this.#name(consumer)
      out.latin1('0')
      this.#writeId(id)
      out.latin1('TIME')
      out.bulkInteger(pendingTime(m, entry))
      out.latin1('RETRYCOUNT')
      out.bulkInteger(pendingCount(m, entry))
      out.latin1('JUSTID')
      out.latin1('FORCE')
    }
  }
}
