// A listpack: a row of short strings and integers in one block, in Redis's own byte format, because DUMP and RDB carry
// these bytes as they are. This file walks and reads; listpack-edit.ts writes, listpack-check.ts checks and prints.
//
//   OFFSET  SIZE  FIELD    MEANING
//        0     4  BYTES    of all, head and end included
//        4     2  COUNT    elements; 65535 = not known, count them
//        6        elements
//    BYTES-1   1  END      0xff
//
// An element is a head, its data, and BACK, the size of both, so that one can walk backwards:
//
//   HEAD                    DATA
//   0xxxxxxx                -           integer 0 to 127
//   10xxxxxx                x bytes     string of up to 63
//   110xxxxx b              -           integer of 13 bits, signed, high byte first
//   1110xxxx b              x·b bytes   string of up to 4095; the length has its high bits first
//   11110000 b b b b        bytes       string; the length has its low byte first
//   11110001 … 11110100     2 3 4 8     signed integer, low byte first
//
//   BACK takes 1 to 5 bytes of 7 bits, the high ones first; all but the first have their top bit set.
//
// Always: a ref is the block, an offset counts bytes from its start, offset 0 is "no element". Offsets survive a
// move of the block. A string that is a canonical int64 is stored as an integer by whoever writes; readers take both.

import { equalBytes } from '../bytes/copy.ts'
import { parseBigInteger, parseInteger, writeBigInteger, writeInteger } from '../bytes/integers.ts'
import type { Reply } from '../protocol/reply.ts'
import type { Memory, Ref } from './memory.ts'

export type ListpackRef = Ref<'listpack'>

export const LISTPACK = { BYTES: 0, COUNT: 4, ELEMENTS: 6 } as const
/** Bytes of a listpack without elements. */
export const LISTPACK_EMPTY_BYTES = 7
/** Redis adds nothing that would make a listpack larger than this. */
export const LISTPACK_BYTES_MAX = 2 ** 30
/** A COUNT that tells nothing. */
export const COUNT_UNKNOWN = 65535
export const END = 0xff

const TWO_32 = 2 ** 32
const DIGITS_MAX = 24

/** What listpackRead and listpackText tell about an element; reused, one for the thread unless the caller brings more. */
export class ListpackElement {
  isInteger = false
  /** Its value if it is an integer; see isExact. */
  integer = 0
  /** Whether `integer` is the exact value: false beyond 2^53. */
  isExact = true
  /** Where the string lies: the arena, or after listpackText on an integer, its digits. */
  bytes: Uint8Array = new Uint8Array(0)
  at = 0
  length = 0
  readonly digits = new Uint8Array(DIGITS_MAX)
}

/** The reader that is used when none is given. Read it before anything else reads a listpack. */
export const element = new ListpackElement()

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

export function setCount(u8: Uint8Array, lp: ListpackRef, count: number): void {
  u8[lp * 8 + LISTPACK.COUNT] = count & 0xff
  u8[lp * 8 + LISTPACK.COUNT + 1] = count >>> 8
}

/** Bytes of head and data of the element at index `p`. */
export function elementBytes(u8: Uint8Array, p: number): number {
  const head = u8[p]
  if (head < 0x80) return 1
  if (head < 0xc0) return 1 + (head & 0x3f)
  if (head < 0xe0) return 2
  if (head < 0xf0) return 2 + (((head & 0x0f) << 8) | u8[p + 1])
  if (head === 0xf0) return 5 + word(u8, p + 1)
  return head === 0xf4 ? 9 : head - 0xf1 + 3
}

/** Bytes that BACK takes for an element of `size` bytes. The limits are one less than could be, as in Redis. */
export const backBytes = (size: number): number =>
  size <= 127 ? 1 : size < 16383 ? 2 : size < 2097151 ? 3 : size < 268435455 ? 4 : 5

/** Bytes of the whole element at index `p`. */
export function wholeBytes(u8: Uint8Array, p: number): number {
  const size = elementBytes(u8, p)
  return size + backBytes(size)
}

const word = (u8: Uint8Array, p: number): number =>
  (u8[p] | (u8[p + 1] << 8) | (u8[p + 2] << 16) | (u8[p + 3] << 24)) >>> 0

/** The first element, 0 if there is none. */
export const listpackFirst = (m: Memory, lp: ListpackRef): number =>
  m.u8[lp * 8 + LISTPACK.ELEMENTS] === END ? 0 : LISTPACK.ELEMENTS

/** The last element, 0 if there is none. */
export const listpackLast = (m: Memory, lp: ListpackRef): number => listpackPrevious(m, lp, listpackEnd(m, lp))

/** The element behind the one at `offset`, 0 if that is the last. */
export function listpackNext(m: Memory, lp: ListpackRef, offset: number): number {
  const u8 = m.u8
  const p = lp * 8 + offset
  const size = elementBytes(u8, p)
  const bytes = size + backBytes(size)
  return u8[p + bytes] === END ? 0 : offset + bytes
}

/** The element before `offset`, which may be the end; 0 if there is none. */
export function listpackPrevious(m: Memory, lp: ListpackRef, offset: number): number {
  if (offset === LISTPACK.ELEMENTS) return 0
  const u8 = m.u8
  let p = lp * 8 + offset - 1
  let size = u8[p] & 0x7f
  let bytes = 1
  for (let unit = 128; u8[p] >= 0x80; unit *= 128) {
    p--
    bytes++
    size += (u8[p] & 0x7f) * unit
  }
  return offset - bytes - size
}

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
  const u8 = m.u8
  const p = lp * 8 + offset
  const head = u8[p]
  into.bytes = u8
  if (head >= 0x80 && head < 0xc0) {
    into.isInteger = false
    into.at = p + 1
    into.length = head & 0x3f
  } else if (head >= 0xe0 && head <= 0xf0) {
    into.isInteger = false
    into.at = p + (head === 0xf0 ? 5 : 2)
    into.length = head === 0xf0 ? word(u8, p + 1) : ((head & 0x0f) << 8) | u8[p + 1]
  } else {
    into.isInteger = true
    into.integer = integerAt(u8, p)
    into.isExact = Number.isSafeInteger(into.integer)
  }
}

/** As listpackRead, but an integer comes as its digits too: `bytes`, `at` and `length` always tell the element's text. */
export function listpackText(m: Memory, lp: ListpackRef, offset: number, into: ListpackElement = element): void {
  listpackRead(m, lp, offset, into)
  if (!into.isInteger) return
  into.bytes = into.digits
  into.at = 0
  into.length = into.isExact
    ? writeInteger(into.digits, 0, into.integer)
    : writeBigInteger(into.digits, 0, bigIntegerAt(m.u8, lp * 8 + offset))
}

/** The exact value of an integer element, whatever its size. */
export const listpackBigInteger = (m: Memory, lp: ListpackRef, offset: number): bigint => {
  const p = lp * 8 + offset
  return m.u8[p] === 0xf4 ? bigIntegerAt(m.u8, p) : BigInt(integerAt(m.u8, p))
}

/** Value of the integer element at index `p`, rounded if it is beyond 2^53. */
function integerAt(u8: Uint8Array, p: number): number {
  const head = u8[p]
  if (head < 0x80) return head
  if (head < 0xe0) return (((head & 0x1f) << 27) | (u8[p + 1] << 19)) >> 19
  if (head === 0xf1) return ((u8[p + 1] << 16) | (u8[p + 2] << 24)) >> 16
  if (head === 0xf2) return ((u8[p + 1] << 8) | (u8[p + 2] << 16) | (u8[p + 3] << 24)) >> 8
  if (head === 0xf3) return word(u8, p + 1) | 0
  return (word(u8, p + 5) | 0) * TWO_32 + word(u8, p + 1)
}

const bigIntegerAt = (u8: Uint8Array, p: number): bigint =>
  (BigInt(word(u8, p + 5) | 0) << 32n) | BigInt(word(u8, p + 1))

/** Writes the element as a bulk string. */
export function listpackReply(m: Memory, lp: ListpackRef, offset: number, reply: Reply): void {
  listpackRead(m, lp, offset)
  if (!element.isInteger) reply.bulk(element.bytes, element.at, element.length)
  else if (element.isExact) reply.bulkInteger(element.integer)
  else {
    listpackText(m, lp, offset)
    reply.bulk(element.bytes, element.at, element.length)
  }
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
  listpackText(m, lp, offset)
  return element.length === length && equalBytes(element.bytes, element.at, bytes, at, length)
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
  const u8 = m.u8
  // Texts that are integers are compared as numbers: there is but one text of a value.
  const integer = length <= 20 ? parseInteger(bytes, at, length) : Number.NaN
  const start = lp * 8
  let left = 0
  for (let p = start + offset; u8[p] !== END; p += wholeBytes(u8, p)) {
    if (left > 0) {
      left--
      continue
    }
    left = skip
    const head = u8[p]
    if (head >= 0x80 && head < 0xc0) {
      if ((head & 0x3f) === length && equalBytes(u8, p + 1, bytes, at, length)) return p - start
    } else if (head >= 0xe0 && head <= 0xf0) {
      const long = head === 0xf0
      const size = long ? word(u8, p + 1) : ((head & 0x0f) << 8) | u8[p + 1]
      if (size === length && equalBytes(u8, p + (long ? 5 : 2), bytes, at, length)) return p - start
    } else if (!Number.isNaN(integer) && isInteger(u8, p, integer, bytes, at, length)) return p - start
  }
  return 0
}

/** Whether the integer at index `p` is the number that `bytes` tell; `integer` is what parseInteger makes of them. */
function isInteger(u8: Uint8Array, p: number, integer: number, bytes: Uint8Array, at: number, length: number): boolean {
  const value = integerAt(u8, p)
  if (Number.isFinite(integer)) return value === integer
  return u8[p] === 0xf4 && !Number.isSafeInteger(value) && bigIntegerAt(u8, p) === parseBigInteger(bytes, at, length)
}
