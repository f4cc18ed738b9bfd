// A place in a list, for reading: one element after another, forwards or backwards, compressed nodes too.
//
// Always: a cursor is good until the list changes or the arena grows. Nothing in the list changes by reading it; a
// compressed node is unpacked into the cursor's own memory.

import { equalBytes } from '../bytes/copy.ts'
import type { Reply } from '../protocol/reply.ts'
import {
  END,
  elementIs,
  elementReply,
  elementText,
  type ListpackElement,
  wholeBytes,
  wholeBytesBefore,
} from './listpack-element.ts'
import type { Memory } from './memory.ts'
import { quicklistLocate, quicklistLocatedIndex } from './quicklist.ts'
import { nodeUnpack } from './quicklist-lzf.ts'
import {
  type NodeRef,
  nodeBytes,
  nodeCount,
  nodeFirst,
  nodeIsCompressed,
  nodeIsPlain,
  nodeLimit,
  nodeNext,
  nodePrevious,
} from './quicklist-node.ts'
import { type QuicklistRef, quicklistCount } from './quicklist-record.ts'

/** Memory for an unpacked node beyond this is not kept. */
const SCRATCH_BYTES_KEPT = 65536

export class ListCursor {
  /** The node it is in, 0 when it is past an end. */
  node: NodeRef | 0 = 0
  /** The element's index in the node. */
  index = 0
  /** Where the node's bytes are, raw. */
  u8: Uint8Array = new Uint8Array(0)
  /** Index in `u8` of the node's first byte, of the element, and behind the last element. */
  first = 0
  p = 0
  limit = 0
  isPlain = false
  scratch = new Uint8Array(0)
}

/** The cursor that is used when one is enough. */
export const cursor = new ListCursor()

/** Goes to the element at `index`, from the end if negative. False if there is none. */
export function cursorSeek(c: ListCursor, m: Memory, list: QuicklistRef, index: number): boolean {
  const count = quicklistCount(m, list)
  const wanted = index < 0 ? index + count : index
  if (!(wanted >= 0 && wanted < count)) return false
  const node = quicklistLocate(m, list, wanted)
  const inNode = quicklistLocatedIndex()
  const elements = nodeCount(m, node)
  enter(c, m, node)
  if (inNode <= elements >>> 1) {
    c.p = c.first
    for (let i = inNode; i > 0; i--) c.p += wholeBytes(c.u8, c.p)
  } else {
    c.p = c.limit
    for (let i = elements - inNode; i > 0; i--) c.p -= wholeBytesBefore(c.u8, c.p)
  }
  c.index = inNode
  return true
}

function enter(c: ListCursor, m: Memory, node: NodeRef): void {
  c.node = node
  c.isPlain = nodeIsPlain(m, node)
  if (!nodeIsCompressed(m, node)) {
    c.u8 = m.u8
    c.first = node * 8 + nodeFirst(m, node)
    c.limit = node * 8 + nodeLimit(m, node)
    return
  }
  const bytes = nodeBytes(m, node)
  if (c.scratch.length <= bytes || c.scratch.length > SCRATCH_BYTES_KEPT) c.scratch = new Uint8Array(bytes + 1)
  nodeUnpack(m, node, c.scratch, 0)
  c.scratch[bytes] = END
  c.u8 = c.scratch
  c.first = 0
  c.limit = bytes
}

/** Goes on to the next element. False if there is none: the cursor is past the end. */
export function cursorNext(c: ListCursor, m: Memory): boolean {
  c.p = c.isPlain ? c.limit : c.p + wholeBytes(c.u8, c.p)
  if (c.p < c.limit) {
    c.index++
    return true
  }
  const next = nodeNext(m, c.node as NodeRef)
  if (next === 0) {
    c.node = 0
    return false
  }
  enter(c, m, next)
  c.p = c.first
  c.index = 0
  return true
}

/** Goes back to the element before. False if there is none: the cursor is past the start. */
export function cursorPrevious(c: ListCursor, m: Memory): boolean {
  if (c.index > 0) {
    c.p -= wholeBytesBefore(c.u8, c.p)
    c.index--
    return true
  }
  const previous = nodePrevious(m, c.node as NodeRef)
  if (previous === 0) {
    c.node = 0
    return false
  }
  enter(c, m, previous)
  c.index = nodeCount(m, previous) - 1
  c.p = c.isPlain ? c.first : c.limit - wholeBytesBefore(c.u8, c.limit)
  return true
}

/** Tells the element's text in `into`: `bytes`, `at`, `length`. */
export function cursorText(c: ListCursor, into: ListpackElement): void {
  if (!c.isPlain) return elementText(c.u8, c.p, into)
  into.isInteger = false
  into.bytes = c.u8
  into.at = c.first
  into.length = c.limit - c.first
}

/** Writes the element as a bulk string. */
export function cursorReply(c: ListCursor, reply: Reply): void {
  if (c.isPlain) reply.bulk(c.u8, c.first, c.limit - c.first)
  else elementReply(c.u8, c.p, reply)
}

/** Whether the element's text is these bytes; `integer` is what integerOf says of them. */
export function cursorIs(c: ListCursor, bytes: Uint8Array, at: number, length: number, integer: number): boolean {
  if (!c.isPlain) return elementIs(c.u8, c.p, bytes, at, length, integer)
  return c.limit - c.first === length && equalBytes(c.u8, c.first, bytes, at, length)
}
