// A node of a list: a run of elements in one block, in the form they have in a listpack, with slack before and behind
// them so that pushing and popping at either end moves nothing.
//
//   OFFSET  SIZE  FIELD      MEANING
//        0     1  KIND       1
//        1     1  CONTAINER  1 = plain: one large element, bare; 2 = packed: elements as in a listpack
//        2     1  ENCODING   1 = raw, 2 = LZF
//        3     1  TRIED      1 = compressing it was tried in vain since it last changed
//        4     4  COUNT      elements, never 0
//        8     4  PREVIOUS   node before it, 0 = none
//       12     4  NEXT       node behind it, 0 = none
//       16     4  FIRST      where the bytes start, from the node's start
//       20     4  LIMIT      where they end
//       24        slack, the bytes, END (packed and raw only), slack
//
// Compressed, with no slack:
//
//       24     4  RAW        bytes once decompressed
//       28        LZF
//
// Always: an offset counts bytes from the node's start. This file has the record and its links; quicklist-node-edit.ts
// changes the elements of a raw node, quicklist-lzf.ts compresses nodes. What moves a node relinks it: callers go on with
// the ref returned.

import { copyBytes } from '../bytes/copy.ts'
import { allocate, release } from './arena.ts'
import { END } from './listpack-element.ts'
import type { Memory, Ref } from './memory.ts'
import { QUICKLIST, type QuicklistRef } from './quicklist-record.ts'

export type NodeRef = Ref<'quicklist node'>

export const NODE = {
  KIND: 0,
  CONTAINER: 1,
  ENCODING: 2,
  TRIED: 3,
  COUNT: 4,
  PREVIOUS: 8,
  NEXT: 12,
  FIRST: 16,
  LIMIT: 20,
  BYTES: 24,
} as const

/** As in RDB files. */
export const CONTAINER = { PLAIN: 1, PACKED: 2 } as const
export const NODE_ENCODING = { RAW: 1, LZF: 2 } as const
export const KIND = 1
export const PLAIN_RAW = KIND | (CONTAINER.PLAIN << 8) | (NODE_ENCODING.RAW << 16)
export const PACKED_RAW = KIND | (CONTAINER.PACKED << 8) | (NODE_ENCODING.RAW << 16)

export const nodeIsPlain = (m: Memory, node: NodeRef): boolean => m.u8[node * 8 + NODE.CONTAINER] === CONTAINER.PLAIN
export const nodeIsCompressed = (m: Memory, node: NodeRef): boolean =>
  m.u8[node * 8 + NODE.ENCODING] === NODE_ENCODING.LZF
export const nodeCount = (m: Memory, node: NodeRef): number => m.u32[node * 2 + NODE.COUNT / 4]
export const nodePrevious = (m: Memory, node: NodeRef): NodeRef | 0 => m.u32[node * 2 + NODE.PREVIOUS / 4] as NodeRef
export const nodeNext = (m: Memory, node: NodeRef): NodeRef | 0 => m.u32[node * 2 + NODE.NEXT / 4] as NodeRef
/** Offset of the first byte. */
export const nodeFirst = (m: Memory, node: NodeRef): number => m.u32[node * 2 + NODE.FIRST / 4]
/** Offset behind the last byte. */
export const nodeLimit = (m: Memory, node: NodeRef): number => m.u32[node * 2 + NODE.LIMIT / 4]

/** Bytes of its elements, or of its one plain element, when not compressed. */
export const nodeBytes = (m: Memory, node: NodeRef): number =>
  nodeIsCompressed(m, node) ? m.u32[node * 2 + NODE.BYTES / 4] : nodeLimit(m, node) - nodeFirst(m, node)

/** Sets COUNT of a node that changed. */
export function nodeSetCount(m: Memory, node: NodeRef, count: number): void {
  m.u32[node * 2 + NODE.COUNT / 4] = count
  m.u8[node * 8 + NODE.TRIED] = 0
}

/** Sets where the bytes lie. */
export function nodeSetSpan(m: Memory, node: NodeRef, first: number, limit: number): void {
  m.u32[node * 2 + NODE.FIRST / 4] = first
  m.u32[node * 2 + NODE.LIMIT / 4] = limit
}

// ---- making and linking

/** A block for a node with this first word; it has no bytes and no links yet. */
export function nodeAllocate(m: Memory, head: number, bytes: number): NodeRef {
  const node = allocate(m, bytes) as NodeRef
  m.u32[node * 2] = head
  m.u32[node * 2 + NODE.COUNT / 4] = 0
  m.u32[node * 2 + NODE.PREVIOUS / 4] = 0
  m.u32[node * 2 + NODE.NEXT / 4] = 0
  nodeSetSpan(m, node, NODE.BYTES, NODE.BYTES)
  return node
}

/** A packed node without elements, in no list yet, with room for `bytes` bytes of them. */
export function nodeCreate(m: Memory, bytes: number): NodeRef {
  const node = nodeAllocate(m, PACKED_RAW, NODE.BYTES + bytes + 1)
  m.u8[node * 8 + NODE.BYTES] = END
  return node
}

/** A node made of bytes as they are: one large element, or elements of a listpack without its head and end. */
export function nodeLoad(
  m: Memory,
  isPlain: boolean,
  count: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): NodeRef {
  const node = nodeAllocate(m, isPlain ? PLAIN_RAW : PACKED_RAW, NODE.BYTES + length + (isPlain ? 0 : 1))
  nodeSetCount(m, node, count)
  nodeSetSpan(m, node, NODE.BYTES, NODE.BYTES + length)
  copyBytes(m.u8, node * 8 + NODE.BYTES, bytes, at, length)
  if (!isPlain) m.u8[node * 8 + NODE.BYTES + length] = END
  return node
}

/** Puts a node behind `after`, or at the list's head if that is 0. */
export function nodeLink(m: Memory, list: QuicklistRef, node: NodeRef, after: NodeRef | 0): void {
  const next = after === 0 ? (m.u32[list * 2 + QUICKLIST.HEAD / 4] as NodeRef | 0) : nodeNext(m, after)
  m.u32[node * 2 + NODE.PREVIOUS / 4] = after
  m.u32[node * 2 + NODE.NEXT / 4] = next
  m.u32[list * 2 + QUICKLIST.NODES / 4]++
  nodeRelink(m, list, node)
}

/** Lets a node's neighbours, or the list, point to where it is now. */
function nodeRelink(m: Memory, list: QuicklistRef, node: NodeRef): void {
  const previous = nodePrevious(m, node)
  const next = nodeNext(m, node)
  if (previous === 0) m.u32[list * 2 + QUICKLIST.HEAD / 4] = node
  else m.u32[previous * 2 + NODE.NEXT / 4] = node
  if (next === 0) m.u32[list * 2 + QUICKLIST.TAIL / 4] = node
  else m.u32[next * 2 + NODE.PREVIOUS / 4] = node
}

/** Takes a node out of the list and frees it. */
export function nodeDrop(m: Memory, list: QuicklistRef, node: NodeRef): void {
  const previous = nodePrevious(m, node)
  const next = nodeNext(m, node)
  if (previous === 0) m.u32[list * 2 + QUICKLIST.HEAD / 4] = next
  else m.u32[previous * 2 + NODE.NEXT / 4] = next
  if (next === 0) m.u32[list * 2 + QUICKLIST.TAIL / 4] = previous
  else m.u32[next * 2 + NODE.PREVIOUS / 4] = previous
  m.u32[list * 2 + QUICKLIST.NODES / 4]--
  release(m, node)
}

/** Puts `moved`, a copy whose links are not set yet, in the place of `node`, which is freed. */
export function nodeMoveTo(m: Memory, list: QuicklistRef, node: NodeRef, moved: NodeRef): NodeRef {
  m.u32[moved * 2 + NODE.COUNT / 4] = nodeCount(m, node)
  m.u32[moved * 2 + NODE.PREVIOUS / 4] = nodePrevious(m, node)
  m.u32[moved * 2 + NODE.NEXT / 4] = nodeNext(m, node)
  nodeRelink(m, list, moved)
  release(m, node)
  return moved
}
