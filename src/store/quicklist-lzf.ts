// Compressing the inner nodes of a list, when list-compress-depth says so, and opening them again.

import { assert } from '../bytes/assert.ts'
import { copyBytes } from '../bytes/copy.ts'
import { lzfCompress, lzfDecompress } from '../bytes/lzf.ts'
import { END } from './listpack-element.ts'
import type { Memory } from './memory.ts'
import {
  KIND,
  NODE,
  NODE_ENCODING,
  type NodeRef,
  nodeAllocate,
  nodeBytes,
  nodeFirst,
  nodeIsCompressed,
  nodeIsPlain,
  nodeLimit,
  nodeMoveTo,
  nodeNext,
  nodePrevious,
  nodeSetSpan,
  PACKED_RAW,
  PLAIN_RAW,
} from './quicklist-node.ts'
import { QUICKLIST, type QuicklistRef, quicklistDepth, quicklistNodes } from './quicklist-record.ts'

const LZF_BYTES = 28
/** Below this size, or with less gain, compression is not worth it. */
const COMPRESS_BYTES_MIN = 48
const COMPRESS_GAIN_MIN = 8

/** Room for one node, compressed or not. The thread's own; nothing stays in it. */
let scratch = new Uint8Array(16384)

/** Makes a node raw. */
export function nodeOpen(m: Memory, list: QuicklistRef, node: NodeRef): NodeRef {
  if (!nodeIsCompressed(m, node)) return node
  const bytes = m.u32[node * 2 + NODE.BYTES / 4]
  const isPlain = nodeIsPlain(m, node)
  const raw = nodeAllocate(m, isPlain ? PLAIN_RAW : PACKED_RAW, NODE.BYTES + bytes + 1)
  nodeUnpack(m, node, m.u8, raw * 8 + NODE.BYTES)
  if (!isPlain) m.u8[raw * 8 + NODE.BYTES + bytes] = END
  nodeSetSpan(m, raw, NODE.BYTES, NODE.BYTES + bytes)
  m.u8[raw * 8 + NODE.TRIED] = 0
  return nodeMoveTo(m, list, node, raw)
}

/** Writes the raw bytes of a node, nodeBytes of them, to `target`. */
export function nodeUnpack(m: Memory, node: NodeRef, target: Uint8Array, targetAt: number): void {
  const first = nodeFirst(m, node)
  const length = nodeLimit(m, node) - first
  if (!nodeIsCompressed(m, node)) return copyBytes(target, targetAt, m.u8, node * 8 + first, length)
  const whole = lzfDecompress(m.u8, node * 8 + first, length, target, targetAt, m.u32[node * 2 + NODE.BYTES / 4])
  assert(whole, 'a compressed node decompresses')
}

/** Compresses a node if it gains by it. */
export function nodeCompress(m: Memory, list: QuicklistRef, node: NodeRef): NodeRef {
  if (nodeIsCompressed(m, node) || m.u8[node * 8 + NODE.TRIED] === 1) return node
  const bytes = nodeBytes(m, node)
  if (bytes < COMPRESS_BYTES_MIN) return node
  if (scratch.length < bytes) scratch = new Uint8Array(bytes)
  const length = lzfCompress(m.u8, node * 8 + nodeFirst(m, node), bytes, scratch, 0, bytes - COMPRESS_GAIN_MIN - 1)
  if (length === 0) {
    m.u8[node * 8 + NODE.TRIED] = 1
    return node
  }
  const container = m.u8[node * 8 + NODE.CONTAINER]
  const packed = nodeAllocate(m, KIND | (container << 8) | (NODE_ENCODING.LZF << 16), LZF_BYTES + length)
  m.u32[packed * 2 + NODE.BYTES / 4] = bytes
  nodeSetSpan(m, packed, LZF_BYTES, LZF_BYTES + length)
  copyBytes(m.u8, packed * 8 + LZF_BYTES, scratch, 0, length)
  return nodeMoveTo(m, list, node, packed)
}

/**
 * After a change: opens the nodes within DEPTH of either end, and compresses those next to them as well as `near` and
 * its neighbours, which may have been opened or made. Any of them may move.
 */
export function quicklistTidy(m: Memory, list: QuicklistRef, near: NodeRef | 0): void {
  if (quicklistDepth(m, list) !== 0) tidy(m, list, near)
}

function tidy(m: Memory, list: QuicklistRef, near: NodeRef | 0): void {
  const depth = quicklistDepth(m, list)
  const nodes = quicklistNodes(m, list)
  let before = near === 0 ? 0 : nodePrevious(m, near)
  let behind = near === 0 ? 0 : nodeNext(m, near)
  let head = m.u32[list * 2 + QUICKLIST.HEAD / 4] as NodeRef | 0
  let tail = m.u32[list * 2 + QUICKLIST.TAIL / 4] as NodeRef | 0
  for (let i = 0; i < depth && i < nodes; i++) {
    if (near === head || near === tail) near = 0
    if (before === head || before === tail) before = 0
    if (behind === head || behind === tail) behind = 0
    if (head !== 0) head = nodeNext(m, nodeOpen(m, list, head))
    if (tail !== 0) tail = nodePrevious(m, nodeOpen(m, list, tail))
  }
  if (nodes <= 2 * depth) return
  if (near !== 0 && near !== head && near !== tail) nodeCompress(m, list, near)
  if (before !== 0 && before !== head && before !== tail) nodeCompress(m, list, before)
  if (behind !== 0 && behind !== head && behind !== tail) nodeCompress(m, list, behind)
  const isOne = head === tail
  if (head !== 0) nodeCompress(m, list, head)
  if (tail !== 0 && !isOne) nodeCompress(m, list, tail)
}
