// Changing the elements of a raw, packed node. An element to be written has just been planned (listpack-encode.ts); a
// node never loses its last one here: it is dropped instead.

import { copyBytes, moveBytes } from '../bytes/copy.ts'
import { blockRoom } from './arena.ts'
import { END, elementFind, wholeBytes, wholeBytesBefore } from './listpack-element.ts'
import { writePlanned } from './listpack-encode.ts'
import type { Memory } from './memory.ts'
import {
  NODE,
  type NodeRef,
  nodeAllocate,
  nodeCount,
  nodeDrop,
  nodeFirst,
  nodeLimit,
  nodeLink,
  nodeLoad,
  nodeMoveTo,
  nodeNext,
  nodeSetCount,
  nodeSetSpan,
  PACKED_RAW,
} from './quicklist-node.ts'
import type { QuicklistRef } from './quicklist-record.ts'

/** A growing node takes no more slack than brings its block to this size, which is a size class. */
const BLOCK_BYTES_WANTED = 8192
/** Slack below this all goes where it was asked for. */
const SLACK_SHARED_MIN = 64
/** A block up to this size is kept though little of it is used. */
const SHRINK_BYTES_MIN = 256

/** Writes the planned element, of `whole` bytes, behind the last. */
export function nodePushTail(
  m: Memory,
  list: QuicklistRef,
  node: NodeRef,
  whole: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): NodeRef {
  let limit = nodeLimit(m, node)
  if (limit + whole + 1 > blockRoom(m, node)) {
    node = makeRoom(m, list, node, 0, whole)
    limit = nodeLimit(m, node)
  }
  const u8 = m.u8
  const p = node * 8 + limit
  writePlanned(u8, p, bytes, at, length)
  u8[p + whole] = END
  m.u32[node * 2 + NODE.LIMIT / 4] = limit + whole
  nodeSetCount(m, node, nodeCount(m, node) + 1)
  return node
}

/** Writes the planned element, of `whole` bytes, before the first. */
export function nodePushHead(
  m: Memory,
  list: QuicklistRef,
  node: NodeRef,
  whole: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): NodeRef {
  let first = nodeFirst(m, node)
  if (first - whole < NODE.BYTES) {
    node = makeRoom(m, list, node, whole, 0)
    first = nodeFirst(m, node)
  }
  writePlanned(m.u8, node * 8 + first - whole, bytes, at, length)
  m.u32[node * 2 + NODE.FIRST / 4] = first - whole
  nodeSetCount(m, node, nodeCount(m, node) + 1)
  return node
}

/** Writes the planned element, of `whole` bytes, before the one at `offset`, moving what lies on its shorter side. */
export function nodeInsert(
  m: Memory,
  list: QuicklistRef,
  node: NodeRef,
  offset: number,
  whole: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): NodeRef {
  const before = offset - nodeFirst(m, node)
  const behind = nodeLimit(m, node) - offset
  const toFront = before < behind
  node = makeRoom(m, list, node, toFront ? whole : 0, toFront ? 0 : whole)
  const p = openGap(m, node, before, behind, whole, toFront)
  writePlanned(m.u8, p, bytes, at, length)
  nodeSetCount(m, node, nodeCount(m, node) + 1)
  return node
}

/** Moves the bytes before or behind a place apart from the rest by `gap` bytes; returns the gap's index. */
function openGap(m: Memory, node: NodeRef, before: number, behind: number, gap: number, toFront: boolean): number {
  const first = nodeFirst(m, node)
  const limit = nodeLimit(m, node)
  const start = node * 8 + first
  if (toFront) {
    moveBytes(m.u8, start - gap, start, before)
    nodeSetSpan(m, node, first - gap, limit)
    return start - gap + before
  }
  moveBytes(m.u8, start + before + gap, start + before, behind + 1)
  nodeSetSpan(m, node, first, limit + gap)
  return start + before
}

/** Writes the planned element in the place of the one at `offset`. */
export function nodeReplace(
  m: Memory,
  list: QuicklistRef,
  node: NodeRef,
  offset: number,
  whole: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): NodeRef {
  const old = wholeBytes(m.u8, node * 8 + offset)
  let place = offset - nodeFirst(m, node)
  if (whole > old) {
    const behind = nodeLimit(m, node) - offset
    node = makeRoom(m, list, node, 0, whole - old)
    openGap(m, node, place, behind, whole - old, false)
  } else if (whole < old) {
    closeGap(m, node, offset, old - whole)
  }
  place += nodeFirst(m, node)
  writePlanned(m.u8, node * 8 + place, bytes, at, length)
  m.u8[node * 8 + NODE.TRIED] = 0
  return node
}

/** Deletes `count` elements, fewer than all, that take `bytes` bytes from `offset` on. */
export function nodeDelete(
  m: Memory,
  list: QuicklistRef,
  node: NodeRef,
  offset: number,
  bytes: number,
  count: number,
): NodeRef {
  closeGap(m, node, offset, bytes)
  nodeSetCount(m, node, nodeCount(m, node) - count)
  return nodeShrink(m, list, node)
}

/** Gives room back if little of it is used. */
export function nodeShrink(m: Memory, list: QuicklistRef, node: NodeRef): NodeRef {
  const room = blockRoom(m, node)
  if (room <= SHRINK_BYTES_MIN) return node
  const needed = NODE.BYTES + nodeLimit(m, node) - nodeFirst(m, node) + 1
  return needed * 3 < room ? reseat(m, list, node, 0, 0, needed + (needed >>> 2)) : node
}

/** Moves the shorter side over `bytes` bytes at `offset`. */
function closeGap(m: Memory, node: NodeRef, offset: number, bytes: number): void {
  const first = nodeFirst(m, node)
  const limit = nodeLimit(m, node)
  const behind = limit - offset - bytes
  const p = node * 8 + offset
  if (offset - first < behind) {
    if (offset > first) moveBytes(m.u8, node * 8 + first + bytes, node * 8 + first, offset - first)
    nodeSetSpan(m, node, first + bytes, limit)
  } else {
    if (behind > 0) moveBytes(m.u8, p, p + bytes, behind)
    m.u8[p + behind] = END
    nodeSetSpan(m, node, first, limit - bytes)
  }
}

/** How many elements of a packed node have this text. */
export function nodeMatches(
  m: Memory,
  node: NodeRef,
  bytes: Uint8Array,
  at: number,
  length: number,
  integer: number,
): number {
  const u8 = m.u8
  let count = 0
  let p = elementFind(u8, node * 8 + nodeFirst(m, node), bytes, at, length, integer, 0)
  for (; p >= 0; count++) p = elementFind(u8, p + wholeBytes(u8, p), bytes, at, length, integer, 0)
  return count
}

/** Deletes `count` elements with this text, fewer than the node has, passing over the first `skip` of them. */
export function nodeDeleteMatches(
  m: Memory,
  list: QuicklistRef,
  node: NodeRef,
  bytes: Uint8Array,
  at: number,
  length: number,
  integer: number,
  skip: number,
  count: number,
): NodeRef {
  const u8 = m.u8
  const end = node * 8 + nodeLimit(m, node)
  let kept = node * 8 + nodeFirst(m, node)
  let from = kept
  let seen = 0
  // Each run of elements that stay moves once, however many go.
  for (let p = from; seen < skip + count; seen++) {
    p = elementFind(u8, p, bytes, at, length, integer, 0)
    const next = p + wholeBytes(u8, p)
    if (seen >= skip) {
      if (kept !== from) moveBytes(u8, kept, from, p - from)
      kept += p - from
      from = next
    }
    p = next
  }
  moveBytes(u8, kept, from, end + 1 - from)
  nodeSetSpan(m, node, nodeFirst(m, node), kept + end - from - node * 8)
  nodeSetCount(m, node, nodeCount(m, node) - count)
  return nodeShrink(m, list, node)
}

/** Makes the slack before the elements at least `front` and behind them at least `tail` bytes. */
function makeRoom(m: Memory, list: QuicklistRef, node: NodeRef, front: number, tail: number): NodeRef {
  const first = nodeFirst(m, node)
  const limit = nodeLimit(m, node)
  const room = blockRoom(m, node)
  if (first - front >= NODE.BYTES && limit + tail + 1 <= room) return node
  const used = limit - first
  const needed = NODE.BYTES + front + used + tail + 1
  let wanted = needed + (used >>> 2)
  if (wanted > BLOCK_BYTES_WANTED) wanted = Math.max(needed, BLOCK_BYTES_WANTED)
  // Sliding inside the block pays if it is not due again soon, or if growing would not bring more.
  if (needed <= room && ((room - needed) * 8 >= used || wanted <= room)) wanted = 0
  return reseat(m, list, node, front, tail, wanted)
}

/** Lays the elements anew: in a block of `wanted` bytes, or inside the one they are in if that is 0. */
function reseat(m: Memory, list: QuicklistRef, node: NodeRef, front: number, tail: number, wanted: number): NodeRef {
  const first = nodeFirst(m, node)
  const used = nodeLimit(m, node) - first
  const moved = wanted === 0 ? node : nodeAllocate(m, PACKED_RAW, wanted)
  const extra = blockRoom(m, moved) - (NODE.BYTES + front + used + tail + 1)
  // Most of the slack goes to the end that grows; a list that grows at both ends is not laid anew each time.
  const minor = extra < SLACK_SHARED_MIN ? 0 : extra >>> 2
  const at = NODE.BYTES + front + (front > 0 ? extra - minor : tail > 0 ? minor : extra >>> 1)
  if (wanted === 0) moveBytes(m.u8, node * 8 + at, node * 8 + first, used)
  else copyBytes(m.u8, moved * 8 + at, m.u8, node * 8 + first, used)
  m.u8[moved * 8 + at + used] = END
  nodeSetSpan(m, moved, at, at + used)
  return wanted === 0 ? node : nodeMoveTo(m, list, node, moved)
}

/** Offset of the element at `index` of a packed node, walking from the nearer end. */
export function nodeSeek(m: Memory, node: NodeRef, index: number): number {
  const u8 = m.u8
  const count = nodeCount(m, node)
  const start = node * 8
  if (index <= count >>> 1) {
    let p = start + nodeFirst(m, node)
    for (let i = index; i > 0; i--) p += wholeBytes(u8, p)
    return p - start
  }
  let p = start + nodeLimit(m, node)
  for (let i = count - index; i > 0; i--) p -= wholeBytesBefore(u8, p)
  return p - start
}

/** Moves the elements from `offset` on, the `index`th being the first of them, to a new node behind. Returns that. */
export function nodeSplit(m: Memory, list: QuicklistRef, node: NodeRef, offset: number, index: number): NodeRef {
  const limit = nodeLimit(m, node)
  const right = nodeLoad(m, false, nodeCount(m, node) - index, m.u8, node * 8 + offset, limit - offset)
  nodeLink(m, list, right, node)
  m.u8[node * 8 + offset] = END
  nodeSetSpan(m, node, nodeFirst(m, node), offset)
  nodeSetCount(m, node, index)
  return right
}

/** Moves all elements of the node behind `node` to its end and frees that one. Both are raw and packed. */
export function nodeMerge(m: Memory, list: QuicklistRef, node: NodeRef): NodeRef {
  const right = nodeNext(m, node) as NodeRef
  const first = nodeFirst(m, right)
  const bytes = nodeLimit(m, right) - first
  node = makeRoom(m, list, node, 0, bytes)
  const limit = nodeLimit(m, node)
  copyBytes(m.u8, node * 8 + limit, m.u8, right * 8 + first, bytes + 1)
  nodeSetSpan(m, node, nodeFirst(m, node), limit + bytes)
  nodeSetCount(m, node, nodeCount(m, node) + nodeCount(m, right))
  nodeDrop(m, list, right)
  return node
}
