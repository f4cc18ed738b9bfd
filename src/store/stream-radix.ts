// How many nodes Redis's radix tree would need for the same keys: XINFO STREAM tells it, and monitoring draws it.
//
// Redis keeps a stream's nodes under their ids as 16 bytes, high byte first. In its tree every fork and every key is a
// node, and so is every stretch of bytes in between; a fork takes the first byte of each stretch behind it itself.

import type { Memory } from './memory.ts'
import { StreamId } from './stream-id.ts'
import { IdCursor, type IdTreeRef, idTreeCount } from './stream-id-tree.ts'

const KEY_BYTES = 16

/** Nodes of the radix tree that has the keys of `tree`. */
export function radixNodes(m: Memory, tree: IdTreeRef): number {
  const count = idTreeCount(m, tree)
  if (count === 0) return 1
  const shared = new Uint8Array(count - 1)
  const before = new StreamId()
  const id = new StreamId()
  const cursor = new IdCursor()
  cursor.first(m, tree)
  cursor.id(m, before)
  for (let i = 0; i < count - 1; i++) {
    cursor.next(m)
    shared[i] = sharedBytes(before, cursor.id(m, id))
    before.copy(id)
  }
  return nodesOf(shared, 0, count - 1, -1)
}

/** Bytes that two different ids begin with in common. */
function sharedBytes(a: StreamId, b: StreamId): number {
  if (a.msHigh !== b.msHigh) return Math.clz32(a.msHigh ^ b.msHigh) >>> 3
  if (a.msLow !== b.msLow) return 4 + (Math.clz32(a.msLow ^ b.msLow) >>> 3)
  if (a.seqHigh !== b.seqHigh) return 8 + (Math.clz32(a.seqHigh ^ b.seqHigh) >>> 3)
  return 12 + (Math.clz32(a.seqLow ^ b.seqLow) >>> 3)
}

/** Nodes for the keys from `first` to `last`, below a fork at depth `above`; -1 at the top. */
function nodesOf(shared: Uint8Array, first: number, last: number, above: number): number {
  let depth = KEY_BYTES
  for (let i = first; i < last; i++) if (shared[i] < depth) depth = shared[i]
  let nodes = depth > above + 1 ? 2 : 1
  if (first === last) return nodes
  let from = first
  for (let i = first; i < last; i++) {
    if (shared[i] !== depth) continue
    nodes += nodesOf(shared, from, i, depth)
    from = i + 1
  }
  return nodes + nodesOf(shared, from, last, depth)
}
