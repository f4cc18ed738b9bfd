// A list as a whole: freeing, copying, measuring it, and bringing its nodes out of and into files.

import { copyBytes } from '../bytes/copy.ts'
import { allocate, blockRoom, release } from './arena.ts'
import { COUNT_UNKNOWN, LISTPACK, LISTPACK_EMPTY_BYTES } from './listpack.ts'
import { END, wholeBytes } from './listpack-element.ts'
import type { Memory } from './memory.ts'
import { quicklistHead, quicklistTail } from './quicklist.ts'
import { nodeUnpack, quicklistTidy } from './quicklist-lzf.ts'
import {
  NODE,
  type NodeRef,
  nodeBytes,
  nodeCount,
  nodeDrop,
  nodeFirst,
  nodeLimit,
  nodeLink,
  nodeLoad,
  nodeNext,
  nodeSetSpan,
} from './quicklist-node.ts'
import {
  QUICKLIST,
  type QuicklistRef,
  quicklistCount,
  quicklistCreate,
  quicklistDepth,
  quicklistFill,
  quicklistNodes,
} from './quicklist-record.ts'
import type { ValueOps } from './value.ts'

/** Frees a list that is in the keyspace no more. */
export function quicklistRelease(m: Memory, list: QuicklistRef): void {
  while (!releaseStep(m, list, Number.POSITIVE_INFINITY));
}

function releaseStep(m: Memory, list: QuicklistRef, budget: number): boolean {
  let left = budget
  for (let node = quicklistHead(m, list); node !== 0; node = quicklistHead(m, list)) {
    if (left-- <= 0) return false
    nodeDrop(m, list, node)
  }
  release(m, list)
  return true
}

/** A copy of a list in another arena, or the same one. */
export function quicklistCopy(from: Memory, list: QuicklistRef, to: Memory): QuicklistRef {
  const copy = quicklistCreate(to, quicklistFill(from, list), quicklistDepth(from, list))
  to.u32[copy * 2 + QUICKLIST.COUNT / 4] = quicklistCount(from, list)
  let last: NodeRef | 0 = 0
  for (let node = quicklistHead(from, list); node !== 0; node = nodeNext(from, node)) {
    last = nodeCopy(from, node, to, copy, last)
  }
  return copy
}

/** Copies a node without its slack, compressed or not. */
function nodeCopy(from: Memory, node: NodeRef, to: Memory, list: QuicklistRef, after: NodeRef | 0): NodeRef {
  const first = nodeFirst(from, node)
  const limit = nodeLimit(from, node)
  // A compressed node has the word RAW before its bytes, and a raw one END behind them: take both along.
  const start = first > NODE.BYTES ? first - 4 : first
  const bytes = limit - start
  const copy = allocate(to, NODE.BYTES + bytes + 1) as NodeRef
  to.u32[copy * 2] = from.u32[node * 2]
  to.u32[copy * 2 + NODE.COUNT / 4] = nodeCount(from, node)
  nodeSetSpan(to, copy, NODE.BYTES + first - start, NODE.BYTES + bytes)
  copyBytes(to.u8, copy * 8 + NODE.BYTES, from.u8, node * 8 + start, bytes)
  to.u8[copy * 8 + NODE.BYTES + bytes] = END
  nodeLink(to, list, copy, after)
  return copy
}

/** How lists are freed, copied and measured. */
export const quicklistOps: ValueOps = {
  effort: (m, value) => quicklistNodes(m, value as QuicklistRef),
  release: (m, value) => quicklistRelease(m, value as QuicklistRef),
  releaseStep: (m, value, budget) => releaseStep(m, value as QuicklistRef, budget),
  copy: (from, value, to) => quicklistCopy(from, value as QuicklistRef, to),
  bytes(m, value, samples) {
    const list = value as QuicklistRef
    let measured = 0
    let bytes = 0
    for (let node = quicklistHead(m, list); node !== 0; node = nodeNext(m, node)) {
      bytes += blockRoom(m, node)
      measured++
      if (measured === samples) break
    }
    return blockRoom(m, list) + Math.round((bytes / measured) * quicklistNodes(m, list))
  },
}

// ---- files: a node's bytes are a listpack, or one bare element

const isPlain = (m: Memory, node: NodeRef): boolean => m.u8[node * 8 + NODE.CONTAINER] === 1

/** Bytes of a node in an RDB file, uncompressed. */
export const nodeFileBytes = (m: Memory, node: NodeRef): number =>
  nodeBytes(m, node) + (isPlain(m, node) ? 0 : LISTPACK_EMPTY_BYTES)

/** Writes those bytes: a whole listpack for a packed node, the element for a plain one. */
export function nodeFileWrite(m: Memory, node: NodeRef, target: Uint8Array, at: number): void {
  if (isPlain(m, node)) return nodeUnpack(m, node, target, at)
  nodeFileHead(m, node, target, at)
  nodeUnpack(m, node, target, at + LISTPACK.ELEMENTS)
  target[at + nodeFileBytes(m, node) - 1] = END
}

/** Writes the head of a packed node's listpack, which its elements follow. */
export function nodeFileHead(m: Memory, node: NodeRef, target: Uint8Array, at: number): void {
  const bytes = nodeFileBytes(m, node)
  const count = Math.min(nodeCount(m, node), COUNT_UNKNOWN)
  for (let i = 0; i < 4; i++) target[at + i] = bytes >>> (8 * i)
  target[at + LISTPACK.COUNT] = count & 0xff
  target[at + LISTPACK.COUNT + 1] = count >>> 8
}

/** Puts the elements of a listpack that listpackIsValid approved behind the list's last, as a node. Returns how many. */
export function quicklistAppendListpack(
  m: Memory,
  list: QuicklistRef,
  bytes: Uint8Array,
  at: number,
  length: number,
): number {
  let count = 0
  const first = at + LISTPACK.ELEMENTS
  for (let p = first; bytes[p] !== END; p += wholeBytes(bytes, p)) count++
  if (count > 0) append(m, list, nodeLoad(m, false, count, bytes, first, length - LISTPACK_EMPTY_BYTES))
  return count
}

/** Puts one element behind the list's last, in a node of its own. */
export function quicklistAppendPlain(
  m: Memory,
  list: QuicklistRef,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  append(m, list, nodeLoad(m, true, 1, bytes, at, length))
}

function append(m: Memory, list: QuicklistRef, node: NodeRef): void {
  nodeLink(m, list, node, quicklistTail(m, list))
  m.u32[list * 2 + QUICKLIST.COUNT / 4] += nodeCount(m, node)
  quicklistTidy(m, list, node)
}
