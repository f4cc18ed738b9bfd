// Changing the entries of a stream: appending, deleting, trimming from the front.

import { release } from './arena.ts'
import { type ListpackRef, listpackBytes } from './listpack.ts'
import type { Memory } from './memory.ts'
import {
  firstIdWord,
  lastIdWord,
  maxDeletedWord,
  type StreamRef,
  streamAdded,
  streamLength,
  streamNodes,
  streamSetAdded,
  streamSetLength,
} from './stream.ts'
import { StreamId } from './stream-id.ts'
import { IdCursor, idTreeAdd, idTreeRemove } from './stream-id-tree.ts'
import {
  entryMarkDeleted,
  NodeReader,
  nodeAppend,
  nodeCountEntries,
  nodeCreate,
  nodeDeleted,
  nodeEntries,
  nodeShrink,
  type Pairs,
  pairTextBytes,
} from './stream-node.ts'
import { StreamWalk, streamEdge } from './stream-walk.ts'

/** No node and no entry grows beyond this. */
export const NODE_BYTES_MAX = 2 ** 30

/** When a node is full: by its bytes, or by its entries; 0 = by the other alone. */
export interface NodeLimits {
  bytes: number
  entries: number
}

const cursor = new IdCursor()
const master = new StreamId()
const scratch = new StreamId()

// ---- appending

/** Appends an entry with an id above all others. Its texts must come to no more than NODE_BYTES_MAX bytes. */
export function streamAppend(m: Memory, stream: StreamRef, id: StreamId, pairs: Pairs, limits: NodeLimits): void {
  const nodes = streamNodes(stream)
  cursor.last(m, nodes)
  if (cursor.isOn() && nodeIsFull(m, cursor.value(m) as ListpackRef, pairs, limits)) {
    cursor.setValue(m, nodeShrink(m, cursor.value(m) as ListpackRef))
    cursor.leaf = 0
  }
  if (cursor.isOn()) {
    cursor.id(m, master)
    const lp = nodeAppend(m, cursor.value(m) as ListpackRef, master, id, pairs)
    cursor.setValue(m, lp)
  } else {
    const lp = nodeCreate(m, pairs)
    idTreeAdd(m, nodes, id, nodeAppend(m, lp, id, id, pairs))
  }
  const length = streamLength(m, stream) + 1
  streamSetLength(m, stream, length)
  streamSetAdded(m, stream, streamAdded(m, stream) + 1)
  id.store(m, lastIdWord(stream))
  if (length === 1) id.store(m, firstIdWord(stream))
}

function nodeIsFull(m: Memory, lp: ListpackRef, pairs: Pairs, limits: NodeLimits): boolean {
  const bytesMax = limits.bytes === 0 || limits.bytes > NODE_BYTES_MAX ? NODE_BYTES_MAX : limits.bytes
  if (listpackBytes(m, lp) + pairTextBytes(pairs) >= bytesMax) return true
  return limits.entries > 0 && nodeEntries(m, lp) + nodeDeleted(m, lp) >= limits.entries
}

// ---- deleting

const walk = new StreamWalk()

/** Deletes the entry with this id; false if there is none. The stream's FIRST_ID is mended by streamDeleted. */
export function streamDelete(m: Memory, stream: StreamRef, id: StreamId): boolean {
  walk.start(m, stream, id, id)
  if (!walk.next(m)) return false
  const lp = walk.node.value(m) as ListpackRef
  if (nodeEntries(m, lp) === 1) {
    idTreeRemove(m, streamNodes(stream), walk.master)
    release(m, lp)
  } else {
    entryMarkDeleted(m, walk.reader.entry)
    walk.node.setValue(m, nodeCountEntries(m, lp, -1, 1))
  }
  streamSetLength(m, stream, streamLength(m, stream) - 1)
  if (id.compareAt(m, maxDeletedWord(stream)) > 0) id.store(m, maxDeletedWord(stream))
  return true
}

/** Finds FIRST_ID anew, after deletions. */
export function streamFindFirst(m: Memory, stream: StreamRef): void {
  if (streamLength(m, stream) === 0) scratch.setMin()
  else streamEdge(m, stream, true, false, scratch)
  scratch.store(m, firstIdWord(stream))
}

// ---- trimming

const reader = new NodeReader()
const entryId = new StreamId()

/**
 * Drops entries from the front: all but `maxLength`, or with `minId` all below it. With `isApproximate` only whole
 * nodes go; `limit` > 0 is how many entries may go at most, in whole nodes. Returns how many went.
 */
export function streamTrim(
  m: Memory,
  stream: StreamRef,
  maxLength: number,
  minId: StreamId | undefined,
  isApproximate: boolean,
  limit: number,
): number {
  const nodes = streamNodes(stream)
  let trimmed = 0
  for (cursor.first(m, nodes); cursor.isOn(); cursor.first(m, nodes)) {
    const length = streamLength(m, stream)
    if (minId === undefined && length <= maxLength) break
    const lp = cursor.value(m) as ListpackRef
    const entries = nodeEntries(m, lp)
    if (limit > 0 && trimmed + entries > limit) break
    cursor.id(m, master)
    reader.open(m, lp)
    if (minId === undefined ? length - entries >= maxLength : lastIdOf(m).compare(minId) < 0) {
      idTreeRemove(m, nodes, master)
      release(m, lp)
      streamSetLength(m, stream, length - entries)
      trimmed += entries
      continue
    }
    if (!isApproximate) trimmed += trimNode(m, stream, lp, maxLength, minId)
    break
  }
  if (trimmed > 0) streamFindFirst(m, stream)
  return trimmed
}

/** The highest id in the node that `reader` has open, deleted entries included. */
function lastIdOf(m: Memory): StreamId {
  return reader.last(m) ? reader.id(master, entryId) : entryId.setMin()
}

/** Marks entries at the front of the first node, which `cursor` and `reader` are on. Returns how many. */
function trimNode(
  m: Memory,
  stream: StreamRef,
  lp: ListpackRef,
  maxLength: number,
  minId: StreamId | undefined,
): number {
  let length = streamLength(m, stream)
  let marked = 0
  for (let has = reader.first(); has; has = reader.next()) {
    if (minId === undefined ? length <= maxLength : reader.id(master, entryId).compare(minId) >= 0) break
    if (reader.isDeleted()) continue
    entryMarkDeleted(m, reader.entry)
    marked++
    length--
  }
  if (marked === 0) return 0
  streamSetLength(m, stream, length)
  cursor.setValue(m, nodeCountEntries(m, lp, -marked, marked))
  return marked
}
