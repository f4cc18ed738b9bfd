// Writing one element of a listpack: first the plan, which chooses the form and tells the size, then the bytes.
//
// Always: what is written follows planText or planInteger at once; the plan is the thread's own.

import { copyBytes } from '../bytes/copy.ts'
import { parseBigInteger } from '../bytes/integers.ts'
import { backBytes, integerOf } from './listpack-element.ts'

const TWO_32 = 2 ** 32
const SHORT_INTEGER = 0x00
const SHORT_STRING = 0x80
const INTEGER_13 = 0xc0
const STRING_12 = 0xe0
const STRING_32 = 0xf0
const INTEGER_16 = 0xf1
const INTEGER_24 = 0xf2
const INTEGER_32 = 0xf3
const INTEGER_64 = 0xf4

// The plan: the form, the bytes of head and data, and an integer's two halves.
let form: number = SHORT_INTEGER
let size = 0
let low = 0
let high = 0

/** Plans an element with this text; returns the bytes the whole will take. */
export function planText(bytes: Uint8Array, at: number, length: number): number {
  const value = integerOf(bytes, at, length)
  if (!Number.isNaN(value)) {
    if (Number.isFinite(value)) planInteger(value)
    else planBigInteger(parseBigInteger(bytes, at, length) as bigint)
  } else if (length < 64) {
    form = SHORT_STRING
    size = 1 + length
  } else if (length < 4096) {
    form = STRING_12
    size = 2 + length
  } else {
    form = STRING_32
    size = 5 + length
  }
  return size + backBytes(size)
}

/** Plans an element that is this safe integer; returns the bytes the whole will take. */
export function planInteger(value: number): number {
  low = value | 0
  if (low === value) {
    if (value >= 0 && value < 128) {
      form = SHORT_INTEGER
      size = 1
    } else if (value >= -4096 && value < 4096) {
      form = INTEGER_13
      size = 2
    } else if (value >= -32768 && value < 32768) {
      form = INTEGER_16
      size = 3
    } else if (value >= -8388608 && value < 8388608) {
      form = INTEGER_24
      size = 4
    } else {
      form = INTEGER_32
      size = 5
    }
  } else {
    form = INTEGER_64
    size = 9
    high = Math.floor(value / TWO_32) | 0
  }
  return size + backBytes(size)
}

function planBigInteger(value: bigint): void {
  form = INTEGER_64
  size = 9
  low = Number(BigInt.asIntN(32, value))
  high = Number(value >> 32n)
}

/** Writes the planned element at index `p`; the bytes are those it was planned with. */
export function writePlanned(u8: Uint8Array, p: number, bytes: Uint8Array, at: number, length: number): void {
  if (form === SHORT_STRING) {
    u8[p] = SHORT_STRING | length
    copyBytes(u8, p + 1, bytes, at, length)
  } else if (form === SHORT_INTEGER) {
    u8[p] = low
  } else if (form === INTEGER_13) {
    u8[p] = INTEGER_13 | ((low >> 8) & 0x1f)
    u8[p + 1] = low
  } else if (form === STRING_12) {
    u8[p] = STRING_12 | (length >>> 8)
    u8[p + 1] = length
    copyBytes(u8, p + 2, bytes, at, length)
  } else if (form === STRING_32) {
    u8[p] = STRING_32
    writeWord(u8, p + 1, length, 4)
    copyBytes(u8, p + 5, bytes, at, length)
  } else {
    u8[p] = form
    writeWord(u8, p + 1, low, size - 1)
    if (form === INTEGER_64) writeWord(u8, p + 5, high, 4)
  }
  writeBack(u8, p + size, size)
}

/** Writes the low `bytes` bytes of a 32-bit value, the lowest first. */
function writeWord(u8: Uint8Array, p: number, value: number, bytes: number): void {
  for (let i = 0; i < bytes && i < 4; i++) u8[p + i] = value >>> (8 * i)
}

/** Writes BACK for an element of `length` bytes. */
function writeBack(u8: Uint8Array, p: number, length: number): void {
  if (length <= 127) {
    u8[p] = length
    return
  }
  const last = p + backBytes(length) - 1
  let rest = length
  for (let q = last; q >= p; q--) {
    u8[q] = (rest & 0x7f) | (q === p ? 0 : 0x80)
    rest >>>= 7
  }
}
