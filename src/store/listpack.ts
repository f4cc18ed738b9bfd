// A listpack: a row of short strings and integers in one block, in Redis's own byte format, because DUMP and RDB carry
// these bytes as they are. This file walks and reads; listpack-edit.ts changes, listpack-check.ts checks and prints.
//
//   OFFSET  SIZE  FIELD    MEANING
//        0     4  BYTES    of all, head and end included
//        4     2  COUNT    elements; 65535 = not known, count them
//        6        elements, see listpack-element.ts
//    BYTES-1   1  END      0xff
//
// Always: a ref is the block, an offset counts bytes from its start, offset 0 is "no element". Offsets survive a
// move of the block.

import type { Reply } from '../protocol/reply.ts'
import {
  END,
  element,
  elementBigInteger,
  elementFind,
  elementIs,
  elementRead,
  elementReply,
  elementText,
  integerOf,
  type ListpackElement,
  wholeBytes,
  wholeBytesBefore,
} from './listpack-element.ts'
import type { Memory, Ref } from './memory.ts'

export type ListpackRef = Ref<'listpack'>
export { element, ListpackElement } from './listpack-element.ts'

export const LISTPACK = { BYTES: 0, COUNT: 4, ELEMENTS: 6 } as const
/** Bytes of a listpack without elements. */
export const LISTPACK_EMPTY_BYTES = 7
/** Redis adds nothing that would make a listpack larger than this. */
export const LISTPACK_BYTES_MAX = 2 ** 30
/** A COUNT that tells nothing. */
export const COUNT_UNKNOWN = 65535

/** Bytes of the whole listpack. */
export const listpackBytes = (m: Memory, lp: ListpackRef): number => m.u32[lp * 2]

/** Offset of the end byte: where an insertion appends. */
export const listpackEnd = (m: Memory, lp: ListpackRef): number => m.u32[lp * 2] - 1

/** How many elements there are. Counts them, and notes the number if it fits, when the head doesn't know. */
export function listpackCount(m: Memory, lp: ListpackRef): number {
  const count = m.u32[lp * 2 + 1] & 0xffff
  return count !== COUNT_UNKNOWN ? count : recount(m, lp)
}

function recount(m: Memory, lp: ListpackRef): number {
  const u8 = m.u8
  let count = 0
  for (let p = lp * 8 + LISTPACK.ELEMENTS; u8[p] !== END; p += wholeBytes(u8, p)) count++
  if (count < COUNT_UNKNOWN) setCount(u8, lp, count)
  return count
}

/** Notes how many elements there are. */
export function setCount(u8: Uint8Array, lp: ListpackRef, count: number): void {
  u8[lp * 8 + LISTPACK.COUNT] = count & 0xff
  u8[lp * 8 + LISTPACK.COUNT + 1] = count >>> 8
}

/** The first element, 0 if there is none. */
export const listpackFirst = (m: Memory, lp: ListpackRef): number =>
  m.u8[lp * 8 + LISTPACK.ELEMENTS] === END ? 0 : LISTPACK.ELEMENTS

/** The last element, 0 if there is none. */
export const listpackLast = (m: Memory, lp: ListpackRef): number => listpackPrevious(m, lp, listpackEnd(m, lp))

/** The element behind the one at `offset`, 0 if that is the last. */
export function listpackNext(m: Memory, lp: ListpackRef, offset: number): number {
  const u8 = m.u8
  const p = lp * 8 + offset
  const bytes = wholeBytes(u8, p)
  return u8[p + bytes] === END ? 0 : offset + bytes
}

/** The element before `offset`, which may be the end; 0 if there is none. */
export const listpackPrevious = (m: Memory, lp: ListpackRef, offset: number): number =>
  offset === LISTPACK.ELEMENTS ? 0 : offset - wholeBytesBefore(m.u8, lp * 8 + offset)

/** The element at `index`, from the end if negative; 0 if there is none. Walks from the nearer end. */
export function listpackSeek(m: Memory, lp: ListpackRef, index: number): number {
  const count = m.u32[lp * 2 + 1] & 0xffff
  let left = index
  if (count !== COUNT_UNKNOWN) {
    if (left < 0) left += count
    if (left < 0 || left >= count) return 0
    if (left > count >>> 1) left -= count
  }
  let offset: number
  if (left >= 0) {
    offset = listpackFirst(m, lp)
    for (; left > 0 && offset !== 0; left--) offset = listpackNext(m, lp, offset)
  } else {
    offset = listpackLast(m, lp)
    for (; left < -1 && offset !== 0; left++) offset = listpackPrevious(m, lp, offset)
  }
  return offset
}

// ---- reading

/** Reads the element at `offset` into `into`: an integer's value, or where a string lies in m.u8. */
export function listpackRead(m: Memory, lp: ListpackRef, offset: number, into: ListpackElement = element): void {
  elementRead(m.u8, lp * 8 + offset, into)
}

/** As listpackRead, but an integer comes as its digits too: `bytes`, `at` and `length` always tell the element's text. */
export function listpackText(m: Memory, lp: ListpackRef, offset: number, into: ListpackElement = element): void {
  elementText(m.u8, lp * 8 + offset, into)
}

/** The exact value of an integer element, whatever its size. */
export const listpackBigInteger = (m: Memory, lp: ListpackRef, offset: number): bigint =>
  elementBigInteger(m.u8, lp * 8 + offset)

/** Writes the element as a bulk string. */
export function listpackReply(m: Memory, lp: ListpackRef, offset: number, reply: Reply): void {
  elementReply(m.u8, lp * 8 + offset, reply)
}

// ---- comparing

/** Whether the element's text is these bytes. */
export function listpackIs(
  m: Memory,
  lp: ListpackRef,
  offset: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): boolean {
  return elementIs(m.u8, lp * 8 + offset, bytes, at, length, integerOf(bytes, at, length))
}

/**
 * The first element from `offset` on whose text is these bytes, 0 if there is none. After each element compared,
 * `skip` are passed over: 1 looks at the fields of field-value pairs only. An `offset` of 0 finds nothing.
 */
export function listpackFind(
  m: Memory,
  lp: ListpackRef,
  offset: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  skip = 0,
): number {
  if (offset === 0) return 0
  const p = elementFind(m.u8, lp * 8 + offset, bytes, at, length, integerOf(bytes, at, length), skip)
  return p < 0 ? 0 : p - lp * 8
}
