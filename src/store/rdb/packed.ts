// Reading what is packed in one string of an RDB file: listpacks, and the ziplists and zipmaps of older versions.
//
// Each reader checks all of its bytes at the start, so that reading on cannot fail; what is damaged throws RdbDamage.

import { writeBigInteger, writeInteger } from '../../bytes/integers.ts'
import { LISTPACK } from '../listpack.ts'
import { listpackIsValid } from '../listpack-check.ts'
import { END, element, elementText, wholeBytes } from '../listpack-element.ts'
import { sound } from './damage.ts'
import type { RdbString } from './source.ts'

const DIGITS_MAX = 24

/** Elements one after the other, as text. */
export interface Packed {
  /** How many there are. */
  readonly count: number
  /** Reads the next element; false at the end. The string holds until `into` is read into again. */
  next(into: RdbString): boolean
}

/** The elements of a listpack. */
export class PackedListpack implements Packed {
  readonly count: number
  #u8: Uint8Array
  #p: number

  constructor({ u8, at, length }: RdbString, what: string) {
    sound(listpackIsValid(u8, at, length), `${what} listpack integrity check failed.`)
    this.#u8 = u8
    this.#p = at + LISTPACK.ELEMENTS
    let count = 0
    for (let p = this.#p; u8[p] !== END; p += wholeBytes(u8, p)) count++
    this.count = count
  }

  next(into: RdbString): boolean {
    const u8 = this.#u8
    if (u8[this.#p] === END) return false
    elementText(u8, this.#p)
    if (element.isInteger) {
      into.own(DIGITS_MAX).set(element.digits)
      into.length = element.length
    } else {
      into.u8 = u8
      into.at = element.at
      into.length = element.length
    }
    this.#p += wholeBytes(u8, this.#p)
    return true
  }
}

// A ziplist:
//
//   OFFSET  SIZE  FIELD   MEANING
//        0     4  BYTES   of all
//        4     4  TAIL    offset of the last element
//        8     2  COUNT   65535 = not known
//       10        the elements
//  BYTES-1     1  END     0xff
//
// An element is BACK, the size of the one before it (one byte, or 254 and four), then its encoding, then its data:
//
//   00xxxxxx                 string of x bytes          11000000  16-bit integer    11111110  8-bit integer
//   01xxxxxx b               string of x·b bytes        11010000  32-bit integer    1111xxxx  the integer x - 1, x 1 to 13
//   10000000 b b b b         string, high byte first    11100000  64-bit integer    11110000  24-bit integer

const ZIPLIST = { TAIL: 4, COUNT: 8, ELEMENTS: 10, EMPTY_BYTES: 11 } as const
const LONG_BACK = 254
const ZIPLIST_COUNT_UNKNOWN = 65535

const word = (u8: Uint8Array, at: number): number =>
  (u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24)) >>> 0

/** The elements of a ziplist. */
export class PackedZiplist implements Packed {
  readonly count: number
  #u8: Uint8Array
  #at: number
  readonly #end: number

  constructor({ u8, at, length }: RdbString, what: string) {
    const text = `${what} ziplist integrity check failed.`
    sound(length >= ZIPLIST.EMPTY_BYTES && word(u8, at) === length && u8[at + length - 1] === END, text)
    this.#u8 = u8
    this.#at = at + ZIPLIST.ELEMENTS
    this.#end = at + length - 1
    let count = 0
    let last = 0
    let before = 0
    for (let p = this.#at; p < this.#end; ) {
      const size = ziplistElementBytes(u8, p, this.#end)
      sound(size > 0 && p + size <= this.#end && backOf(u8, p) === before, text)
      last = p - at
      before = size
      p += size
      count++
    }
    const told = u8[at + ZIPLIST.COUNT] | (u8[at + ZIPLIST.COUNT + 1] << 8)
    sound(told === ZIPLIST_COUNT_UNKNOWN || told === count, text)
    sound(word(u8, at + ZIPLIST.TAIL) === (count === 0 ? ZIPLIST.ELEMENTS : last), text)
    this.count = count
  }

  next(into: RdbString): boolean {
    if (this.#at >= this.#end) return false
    const u8 = this.#u8
    const p = this.#at + backBytes(u8, this.#at)
    const head = u8[p]
    this.#at += ziplistElementBytes(u8, this.#at, this.#end)
    if (head < 0xc0) {
      into.u8 = u8
      into.length = ziplistStringBytes(u8, p)
      into.at = this.#at - into.length
    } else if (head === 0xe0) {
      const value = (BigInt(word(u8, p + 5) | 0) << 32n) | BigInt(word(u8, p + 1))
      into.length = writeBigInteger(into.own(DIGITS_MAX), 0, value)
    } else {
      into.length = writeInteger(into.own(DIGITS_MAX), 0, ziplistInteger(u8, p))
    }
    return true
  }
}

const backBytes = (u8: Uint8Array, p: number): number => (u8[p] < LONG_BACK ? 1 : 5)
const backOf = (u8: Uint8Array, p: number): number => (u8[p] < LONG_BACK ? u8[p] : word(u8, p + 1))

/** Bytes of the element at `p`, 0 if it is none. Reads nothing from `end` on. */
function ziplistElementBytes(u8: Uint8Array, p: number, end: number): number {
  const back = backBytes(u8, p)
  if (p + back >= end || u8[p] === END) return 0
  const head = u8[p + back]
  if (head >= 0xc0) {
    const data = integerBytes(head)
    return data < 0 ? 0 : back + 1 + data
  }
  const headBytes = head < 0x40 ? 1 : head < 0x80 ? 2 : 5
  if (p + back + headBytes > end) return 0
  return back + headBytes + ziplistStringBytes(u8, p + back)
}

function ziplistStringBytes(u8: Uint8Array, p: number): number {
  const head = u8[p]
  if (head < 0x40) return head
  if (head < 0x80) return ((head & 0x3f) << 8) | u8[p + 1]
  return ((u8[p + 1] << 24) | (u8[p + 2] << 16) | (u8[p + 3] << 8) | u8[p + 4]) >>> 0
}

/** Bytes behind the encoding of an integer, -1 if there is no such encoding. */
function integerBytes(head: number): number {
  if (head === 0xc0) return 2
  if (head === 0xd0) return 4
  if (head === 0xe0) return 8
  if (head === 0xf0) return 3
  if (head === 0xfe) return 1
  return head > 0xf0 && head < 0xfe ? 0 : -1
}

function ziplistInteger(u8: Uint8Array, p: number): number {
  const head = u8[p]
  if (head === 0xc0) return ((u8[p + 1] | (u8[p + 2] << 8)) << 16) >> 16
  if (head === 0xd0) return word(u8, p + 1) | 0
  if (head === 0xf0) return ((u8[p + 1] << 8) | (u8[p + 2] << 16) | (u8[p + 3] << 24)) >> 8
  if (head === 0xfe) return (u8[p + 1] << 24) >> 24
  return (head & 0x0f) - 1
}

// A zipmap: COUNT in a byte (254 or more = not known), then for each pair the field's length and bytes, the value's length,
// a byte that tells how many bytes behind the value are free, the value, the free bytes; at last 0xff. A length is one byte,
// or 254 and four.

const ZIPMAP_LONG = 254

/** Fields and values of a zipmap in turn. */
export class PackedZipmap implements Packed {
  readonly count: number
  #u8: Uint8Array
  #p: number
  readonly #end: number
  #isValue = false

  constructor({ u8, at, length }: RdbString) {
    const text = 'Zipmap integrity check failed.'
    sound(length >= 2 && u8[at + length - 1] === END, text)
    this.#u8 = u8
    this.#p = at + 1
    this.#end = at + length - 1
    let pairs = 0
    for (let p = this.#p; p < this.#end; pairs++) {
      p = zipmapSkip(u8, p, this.#end, false)
      sound(p > 0 && p < this.#end, text)
      p = zipmapSkip(u8, p, this.#end, true)
      sound(p > 0, text)
    }
    sound(pairs > 0 && (u8[at] >= ZIPMAP_LONG || u8[at] === pairs), text)
    this.count = 2 * pairs
  }

  next(into: RdbString): boolean {
    if (this.#p >= this.#end) return false
    const u8 = this.#u8
    const head = lengthBytes(u8, this.#p) + (this.#isValue ? 1 : 0)
    into.u8 = u8
    into.at = this.#p + head
    into.length = lengthOf(u8, this.#p)
    this.#p = zipmapSkip(u8, this.#p, this.#end, this.#isValue)
    this.#isValue = !this.#isValue
    return true
  }
}

const lengthBytes = (u8: Uint8Array, p: number): number => (u8[p] < ZIPMAP_LONG ? 1 : 5)
const lengthOf = (u8: Uint8Array, p: number): number => (u8[p] < ZIPMAP_LONG ? u8[p] : word(u8, p + 1))

/** Where the field or value at `p` ends, -1 if not before `end`. */
function zipmapSkip(u8: Uint8Array, p: number, end: number, isValue: boolean): number {
  const head = lengthBytes(u8, p)
  if (u8[p] === END || p + head + (isValue ? 1 : 0) > end) return -1
  const free = isValue ? u8[p + head] : 0
  const next = p + head + (isValue ? 1 : 0) + lengthOf(u8, p) + free
  return next <= end ? next : -1
}
