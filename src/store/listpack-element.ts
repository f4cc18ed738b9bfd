// One element of a listpack: a short string or an integer, as bytes. Reading it; listpack-encode.ts writes it.
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
// Always: `p` is the index of an element's first byte in `u8`; behind the last element is END. A string that is a
// canonical int64 is stored as an integer by whoever writes; readers take both.

import { viewOf } from '../bytes/byte-array.ts'
import { equalBytes } from '../bytes/copy.ts'
import { parseBigInteger, parseInteger, writeBigInteger, writeInteger } from '../bytes/integers.ts'
import type { Reply } from '../protocol/reply.ts'

export const END = 0xff

const TWO_32 = 2 ** 32
const DIGITS_MAX = 24

/** What reading tells about an element; reused, one for the thread unless the caller brings more. */
export class ListpackElement {
  isInteger = false
  /** Its value if it is an integer; see isExact. */
  integer = 0
  /** Whether `integer` is the exact value: false beyond 2^53. */
  isExact = true
  /** Where the string lies: the array read, or after elementText on an integer, its digits. */
  bytes: Uint8Array = new Uint8Array(0)
  at = 0
  length = 0
  readonly digits = new Uint8Array(DIGITS_MAX)
}

/** The reader that is used when none is given. Read it before anything else reads an element. */
export const element = new ListpackElement()

/** Bytes of head and data. */
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

/** Bytes of the whole element. */
export function wholeBytes(u8: Uint8Array, p: number): number {
  const head = u8[p]
  if (head < 0xc0) return head < 0x80 ? 2 : 2 + (head & 0x3f)
  const size = elementBytes(u8, p)
  return size + backBytes(size)
}

/** Bytes of the whole element that ends before `p`. */
export function wholeBytesBefore(u8: Uint8Array, p: number): number {
  const last = u8[p - 1]
  if (last < 0x80) return last + 1
  let size = last & 0x7f
  let q = p - 1
  for (let unit = 128; u8[q] >= 0x80; unit *= 128) {
    q--
    size += (u8[q] & 0x7f) * unit
  }
  return size + p - q
}

const word = (u8: Uint8Array, p: number): number =>
  (u8[p] | (u8[p + 1] << 8) | (u8[p + 2] << 16) | (u8[p + 3] << 24)) >>> 0

/** Reads an element into `into`: an integer's value, or where a string lies in `u8`. */
export function elementRead(u8: Uint8Array, p: number, into: ListpackElement = element): void {
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

/** As elementRead, but an integer comes as its digits too: `bytes`, `at` and `length` always tell the element's text. */
export function elementText(u8: Uint8Array, p: number, into: ListpackElement = element): void {
  elementRead(u8, p, into)
  if (!into.isInteger) return
  into.bytes = into.digits
  into.at = 0
  into.length = into.isExact
    ? writeInteger(into.digits, 0, into.integer)
    : writeBigInteger(into.digits, 0, bigIntegerAt(u8, p))
}

/** The exact value of an integer element, whatever its size. */
export const elementBigInteger = (u8: Uint8Array, p: number): bigint =>
  u8[p] === 0xf4 ? bigIntegerAt(u8, p) : BigInt(integerAt(u8, p))

/** Value of an integer element, rounded if it is beyond 2^53. */
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

/** Writes an element as a bulk string. */
export function elementReply(u8: Uint8Array, p: number, reply: Reply): void {
  elementRead(u8, p)
  if (!element.isInteger) reply.bulk(element.bytes, element.at, element.length)
  else if (element.isExact) reply.bulkInteger(element.integer)
  else {
    elementText(u8, p)
    reply.bulk(element.bytes, element.at, element.length)
  }
}

/** What elementIs and elementFind want to know of a text beforehand: its integer, NaN if it is none. */
export const integerOf = (bytes: Uint8Array, at: number, length: number): number =>
  length <= 20 ? parseInteger(bytes, at, length) : Number.NaN

/** Whether the element's text is these bytes; `integer` is what integerOf says of them. */
export function elementIs(
  u8: Uint8Array,
  p: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  integer: number,
): boolean {
  const head = u8[p]
  if (head >= 0x80 && head < 0xc0) return (head & 0x3f) === length && equalBytes(u8, p + 1, bytes, at, length)
  if (head >= 0xe0 && head <= 0xf0) {
    const long = head === 0xf0
    const size = long ? word(u8, p + 1) : ((head & 0x0f) << 8) | u8[p + 1]
    return size === length && equalBytes(u8, p + (long ? 5 : 2), bytes, at, length)
  }
  // There is but one text of an integer, so numbers may be compared instead.
  if (Number.isNaN(integer)) return false
  if (Number.isFinite(integer)) return integerAt(u8, p) === integer
  return head === 0xf4 && bigIntegerAt(u8, p) === parseBigInteger(bytes, at, length)
}

/**
 * The first element from `p` on whose text is these bytes, -1 if there is none before END. After each element compared,
 * `skip` are passed over.
 */
export function elementFind(
  u8: Uint8Array,
  p: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  integer: number,
  skip: number,
): number {
  const view = viewOf(u8)
  const wanted = viewOf(bytes)
  if (view !== undefined && wanted !== undefined && length >= 4 && length < 64 && Number.isNaN(integer)) {
    return findShortText(u8, view, p, bytes, wanted, at, length, skip)
  }
  let left = 0
  for (; u8[p] !== END; p += wholeBytes(u8, p)) {
    if (left > 0) left--
    else if (elementIs(u8, p, bytes, at, length, integer)) return p
    else left = skip
  }
  return -1
}

/** As elementFind, for 4 to 63 bytes that are no integer. Names often begin alike, so their ends are compared first. */
function findShortText(
  u8: Uint8Array,
  view: DataView,
  p: number,
  bytes: Uint8Array,
  wanted: DataView,
  at: number,
  length: number,
  skip: number,
): number {
  const wantedHead = 0x80 | length
  const last = wanted.getUint32(at + length - 4, true)
  for (;;) {
    const head = u8[p]
    if (head === END) return -1
    if (
      head === wantedHead &&
      view.getUint32(p + length - 3, true) === last &&
      equalBytes(u8, p + 1, bytes, at, length)
    ) {
      return p
    }
    p += wholeBytes(u8, p)
    for (let left = skip; left > 0; left--) {
      if (u8[p] === END) return -1
      p += wholeBytes(u8, p)
    }
  }
}
