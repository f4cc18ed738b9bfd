// A list: nodes of some kilobytes each, linked both ways (quicklist-node.ts), under one record (quicklist-record.ts).
// This file changes lists; quicklist-cursor.ts reads them.
//
// Always: a list that is in the keyspace is not empty; COUNT is the sum over the nodes; with a DEPTH, nodes that near
// to an end are raw. Bytes given may lie in the arena (m.u8 as it was before the call), but not in the list changed.

import { assert } from '../bytes/assert.ts'
import { equalBytes } from '../bytes/copy.ts'
import { keyspaceRoot, ROOT } from './keyspace.ts'
import { integerOf, wholeBytes, wholeBytesBefore } from './listpack-element.ts'
import { planText } from './listpack-encode.ts'
import type { Memory } from './memory.ts'
import { nodeCompress, nodeOpen, quicklistTidy } from './quicklist-lzf.ts'
import {
  NODE,
  type NodeRef,
  nodeBytes,
  nodeCount,
  nodeCreate,
  nodeDrop,
  nodeFirst,
  nodeIsCompressed,
  nodeIsPlain,
  nodeLimit,
  nodeLink,
  nodeLoad,
  nodeNext,
  nodePrevious,
} from './quicklist-node.ts'
import {
  nodeDelete,
  nodeDeleteMatches,
  nodeInsert,
  nodeMatches,
  nodeMerge,
  nodePushHead,
  nodePushTail,
  nodeReplace,
  nodeSeek,
  nodeShrink,
  nodeSplit,
} from './quicklist-node-edit.ts'
import { QUICKLIST, type QuicklistRef, quicklistCount, quicklistFill } from './quicklist-record.ts'

/** Bytes of a node's block by list-max-listpack-size -1 to -5. */
const FILL_BYTES = [4096, 8192, 16384, 32768, 65536]
/** With a positive list-max-listpack-size, a node of several elements does not outgrow this. */
const NODE_BYTES_MAX = 8192
/** Room that a new node gets at most beyond what it needs at once: its block is 8 KiB then. */
const ROOM_AHEAD_MAX = 8192 - NODE.BYTES - 1
const PACKED_MIN_INITIAL = 2 ** 30
const PACKED_MIN_MAX = 2 ** 32 - 2 ** 20

export const quicklistHead = (m: Memory, list: QuicklistRef): NodeRef | 0 =>
  m.u32[list * 2 + QUICKLIST.HEAD / 4] as NodeRef | 0
export const quicklistTail = (m: Memory, list: QuicklistRef): NodeRef | 0 =>
  m.u32[list * 2 + QUICKLIST.TAIL / 4] as NodeRef | 0

function addCount(m: Memory, list: QuicklistRef, change: number): void {
  m.u32[list * 2 + QUICKLIST.COUNT / 4] += change
}

/** Elements of this size or more get a node of their own, bare. */
const packedMin = (m: Memory): number => m.f64[keyspaceRoot(m) + ROOT.PACKED_MIN / 8] || PACKED_MIN_INITIAL

/** DEBUG QUICKLIST-PACKED-THRESHOLD, for one shard; 0 sets the initial value. False if it is too large. */
export function quicklistSetPackedMin(m: Memory, bytes: number): boolean {
  if (bytes > PACKED_MIN_MAX) return false
  m.f64[keyspaceRoot(m) + ROOT.PACKED_MIN / 8] = bytes
  return true
}

/** Whether a node takes another element of `whole` bytes. */
function takes(m: Memory, list: QuicklistRef, node: NodeRef | 0, whole: number): boolean {
  if (node === 0 || nodeIsPlain(m, node)) return false
  const fill = quicklistFill(m, list)
  const bytes = NODE.BYTES + nodeBytes(m, node) + whole + 1
  if (fill < 0) return bytes <= FILL_BYTES[-fill - 1]
  return bytes <= NODE_BYTES_MAX && nodeCount(m, node) < fill
}

// ---- ends

export function quicklistPushTail(m: Memory, list: QuicklistRef, bytes: Uint8Array, at: number, length: number): void {
  const tail = quicklistTail(m, list)
  if (length >= packedMin(m)) return addPlain(m, list, tail, bytes, at, length)
  const whole = planText(bytes, at, length)
  addCount(m, list, 1)
  if (takes(m, list, tail, whole)) nodePushTail(m, list, tail as NodeRef, whole, bytes, at, length)
  else addNode(m, list, tail, whole, bytes, at, length)
}

/** Adds an element before the first. */
export function quicklistPushHead(m: Memory, list: QuicklistRef, bytes: Uint8Array, at: number, length: number): void {
  const head = quicklistHead(m, list)
  if (length >= packedMin(m)) return addPlain(m, list, 0, bytes, at, length)
  const whole = planText(bytes, at, length)
  addCount(m, list, 1)
  if (takes(m, list, head, whole)) nodePushHead(m, list, head as NodeRef, whole, bytes, at, length)
  else addNode(m, list, 0, whole, bytes, at, length)
}

/** Puts a node with the planned element behind `after`, 0 for the list's head. */
function addNode(
  m: Memory,
  list: QuicklistRef,
  after: NodeRef | 0,
  whole: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  // Behind a full node one as large is due; the first node of a list takes what it needs.
  const neighbour = after === 0 ? quicklistHead(m, list) : after
  const room = neighbour === 0 || nodeIsPlain(m, neighbour) ? 0 : Math.min(nodeBytes(m, neighbour), ROOM_AHEAD_MAX)
  const node = nodeCreate(m, Math.max(whole, room))
  nodeLink(m, list, node, after)
  nodePushTail(m, list, node, whole, bytes, at, length)
  // The neighbour will hardly grow any more: it need not keep room for that.
  if (room > 0 && !nodeIsCompressed(m, neighbour as NodeRef)) nodeShrink(m, list, neighbour as NodeRef)
  quicklistTidy(m, list, node)
}

function addPlain(
  m: Memory,
  list: QuicklistRef,
  after: NodeRef | 0,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  const node = nodeLoad(m, true, 1, bytes, at, length)
  nodeLink(m, list, node, after)
  addCount(m, list, 1)
  quicklistTidy(m, list, node)
}

/** Deletes the first element. */
export function quicklistDropHead(m: Memory, list: QuicklistRef): void {
  const head = quicklistHead(m, list) as NodeRef
  addCount(m, list, -1)
  if (nodeCount(m, head) === 1) return dropNode(m, list, head)
  const offset = nodeFirst(m, head)
  nodeDelete(m, list, head, offset, wholeBytes(m.u8, head * 8 + offset), 1)
}

/** Deletes the last element. */
export function quicklistDropTail(m: Memory, list: QuicklistRef): void {
  const tail = quicklistTail(m, list) as NodeRef
  addCount(m, list, -1)
  if (nodeCount(m, tail) === 1) return dropNode(m, list, tail)
  const limit = nodeLimit(m, tail)
  const bytes = wholeBytesBefore(m.u8, tail * 8 + limit)
  nodeDelete(m, list, tail, limit - bytes, bytes, 1)
}

function dropNode(m: Memory, list: QuicklistRef, node: NodeRef): void {
  nodeDrop(m, list, node)
  quicklistTidy(m, list, 0)
}

// ---- the middle

/** The element's index in the node that quicklistLocate returned. */
let locatedIndex = 0

/** The node that holds the element at `index`, which exists; walks from the nearer end. See quicklistLocatedIndex. */
export function quicklistLocate(m: Memory, list: QuicklistRef, index: number): NodeRef {
  const count = quicklistCount(m, list)
  assert(index >= 0 && index < count, 'the index is in the list')
  if (index < count >>> 1) {
    let node = quicklistHead(m, list) as NodeRef
    let left = index
    for (let here = nodeCount(m, node); left >= here; here = nodeCount(m, node)) {
      left -= here
      node = nodeNext(m, node) as NodeRef
    }
    locatedIndex = left
    return node
  }
  let node = quicklistTail(m, list) as NodeRef
  let left = count - index
  for (let here = nodeCount(m, node); left > here; here = nodeCount(m, node)) {
    left -= here
    node = nodePrevious(m, node) as NodeRef
  }
  locatedIndex = nodeCount(m, node) - left
  return node
}

/** The index, in the node that quicklistLocate just returned, of the element it was asked for. */
export const quicklistLocatedIndex = (): number => locatedIndex

/** Puts an element in the place of the one at `index`, which exists. */
export function quicklistReplace(
  m: Memory,
  list: QuicklistRef,
  index: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  let node = quicklistLocate(m, list, index)
  const inNode = locatedIndex
  if (!nodeIsPlain(m, node) && length < packedMin(m)) {
    node = nodeOpen(m, list, node)
    const offset = nodeSeek(m, node, inNode)
    node = nodeReplace(m, list, node, offset, planText(bytes, at, length), bytes, at, length)
    quicklistTidy(m, list, node)
    return
  }
  // From or to a plain node: insert the new one, then delete the old one behind it.
  quicklistInsert(m, list, node, inNode, false, bytes, at, length)
  quicklistDeleteRange(m, list, index + 1, 1)
}

/** Puts an element before or behind the one at index `inNode` of a node of the list. */
export function quicklistInsert(
  m: Memory,
  list: QuicklistRef,
  node: NodeRef,
  inNode: number,
  behind: boolean,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  const place = behind ? inNode + 1 : inNode
  const atHead = place === 0
  const atTail = place === nodeCount(m, node)
  const previous = nodePrevious(m, node)
  const next = nodeNext(m, node)
  if (length >= packedMin(m)) {
    if (atHead) return addPlain(m, list, previous, bytes, at, length)
    if (!atTail) {
      node = nodeOpen(m, list, node)
      nodeSplit(m, list, node, nodeSeek(m, node, place), place)
    }
    return addPlain(m, list, node, bytes, at, length)
  }
  const whole = planText(bytes, at, length)
  addCount(m, list, 1)
  if (takes(m, list, node, whole)) {
    node = nodeOpen(m, list, node)
    node = nodeInsert(m, list, node, nodeSeek(m, node, place), whole, bytes, at, length)
    quicklistTidy(m, list, node)
  } else if (atTail && takes(m, list, next, whole)) {
    node = nodePushHead(m, list, nodeOpen(m, list, next as NodeRef), whole, bytes, at, length)
    quicklistTidy(m, list, node)
  } else if (atHead && takes(m, list, previous, whole)) {
    node = nodePushTail(m, list, nodeOpen(m, list, previous as NodeRef), whole, bytes, at, length)
    quicklistTidy(m, list, node)
  } else if (atTail || atHead) {
    addNode(m, list, atTail ? node : previous, whole, bytes, at, length)
  } else {
    insertSplit(m, list, node, place, behind, whole, bytes, at, length)
  }
}

/** Puts the planned element into a full node: splits it there, then lets what is small join its neighbours. */
function insertSplit(
  m: Memory,
  list: QuicklistRef,
  node: NodeRef,
  place: number,
  behind: boolean,
  whole: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  let left = nodeOpen(m, list, node)
  let right = nodeSplit(m, list, left, nodeSeek(m, left, place), place)
  if (behind) right = nodePushHead(m, list, right, whole, bytes, at, length)
  else left = nodePushTail(m, list, left, whole, bytes, at, length)
  const before = nodePrevious(m, left)
  if (before !== 0 && merges(m, list, before, left)) left = merge(m, list, before)
  const next = nodeNext(m, right)
  if (next !== 0 && merges(m, list, right, next)) right = merge(m, list, right)
  if (merges(m, list, left, right)) left = merge(m, list, left)
  quicklistTidy(m, list, left)
}

/** Whether two neighbours make one node that is not too large. */
function merges(m: Memory, list: QuicklistRef, left: NodeRef, right: NodeRef): boolean {
  if (nodeIsPlain(m, left) || nodeIsPlain(m, right)) return false
  const fill = quicklistFill(m, list)
  const bytes = NODE.BYTES + nodeBytes(m, left) + nodeBytes(m, right) + 1
  if (fill < 0) return bytes <= FILL_BYTES[-fill - 1]
  return bytes <= NODE_BYTES_MAX && nodeCount(m, left) + nodeCount(m, right) <= fill
}

/** Joins a node and the one behind it. */
function merge(m: Memory, list: QuicklistRef, left: NodeRef): NodeRef {
  const opened = nodeOpen(m, list, left)
  nodeOpen(m, list, nodeNext(m, opened) as NodeRef)
  return nodeMerge(m, list, opened)
}

// ---- deleting

/** Deletes `count` elements from `index` on, all of which exist. */
export function quicklistDeleteRange(m: Memory, list: QuicklistRef, index: number, count: number): void {
  if (count === 0) return
  let node: NodeRef | 0 = quicklistLocate(m, list, index)
  let inNode = locatedIndex
  let near: NodeRef | 0 = 0
  addCount(m, list, -count)
  for (let left = count; left > 0 && node !== 0; inNode = 0) {
    const here: number = Math.min(left, nodeCount(m, node) - inNode)
    const next: NodeRef | 0 = nodeNext(m, node)
    if (here === nodeCount(m, node)) nodeDrop(m, list, node)
    else near = deleteInNode(m, list, node, inNode, here)
    left -= here
    node = next
  }
  quicklistTidy(m, list, near)
}

function deleteInNode(m: Memory, list: QuicklistRef, node: NodeRef, index: number, count: number): NodeRef {
  const opened = nodeOpen(m, list, node)
  const from = nodeSeek(m, opened, index)
  return nodeDelete(m, list, opened, from, nodeSeek(m, opened, index + count) - from, count)
}

/**
 * Deletes up to `count` elements (0 = all) with this text, the first ones, or the last ones if `fromTail`. Returns how
 * many that were.
 */
export function quicklistDeleteMatches(
  m: Memory,
  list: QuicklistRef,
  bytes: Uint8Array,
  at: number,
  length: number,
  count: number,
  fromTail: boolean,
): number {
  const integer = integerOf(bytes, at, length)
  const most = count === 0 ? quicklistCount(m, list) : count
  let deleted = 0
  let node = fromTail ? quicklistTail(m, list) : quicklistHead(m, list)
  while (node !== 0 && deleted < most) {
    const wasCompressed = nodeIsCompressed(m, node)
    const opened: NodeRef = nodeOpen(m, list, node)
    const isPlain = nodeIsPlain(m, opened)
    const found = isPlain ? plainIs(m, opened, bytes, at, length) : nodeMatches(m, opened, bytes, at, length, integer)
    const here = Math.min(found, most - deleted)
    node = fromTail ? nodePrevious(m, opened) : nodeNext(m, opened)
    if (here === nodeCount(m, opened)) nodeDrop(m, list, opened)
    else {
      let kept = opened
      if (here > 0) {
        const skip = fromTail ? found - here : 0
        kept = nodeDeleteMatches(m, list, opened, bytes, at, length, integer, skip, here)
      }
      if (wasCompressed) nodeCompress(m, list, kept)
    }
    deleted += here
  }
  addCount(m, list, -deleted)
  if (deleted > 0) quicklistTidy(m, list, 0)
  return deleted
}

const plainIs = (m: Memory, node: NodeRef, bytes: Uint8Array, at: number, length: number): number =>
  nodeBytes(m, node) === length && equalBytes(m.u8, node * 8 + nodeFirst(m, node), bytes, at, length) ? 1 : 0
