// Making and changing listpacks. Whatever changes one returns its ref, which may be a new one.
//
// Always: bytes given may lie in the arena (m.u8 as it was before the call), but not in the listpack that is changed.
// Callers keep listpacks below LISTPACK_BYTES_MAX: see listpackFits.

import { assert } from '../bytes/assert.ts'
import { copyBytes, moveBytes } from '../bytes/copy.ts'
import { parseBigInteger, parseInteger } from '../bytes/integers.ts'
import { allocate, reallocate } from './arena.ts'
import {
  backBytes,
  COUNT_UNKNOWN,
  END,
  elementBytes,
  LISTPACK,
  LISTPACK_BYTES_MAX,
  LISTPACK_EMPTY_BYTES,
  type ListpackRef,
  listpackSeek,
  setCount,
  wholeBytes,
} from './listpack.ts'
import type { Memory } from './memory.ts'

const TWO_32 = 2 ** 32
/** HEAD of an element as `plan` chose it; strings and the two short integers have none of their own. */
const SHORT_INTEGER = 0x00
const SHORT_STRING = 0x80
const INTEGER_13 = 0xc0
const STRING_12 = 0xe0
const STRING_32 = 0xf0
const INTEGER_16 = 0xf1
const INTEGER_24 = 0xf2
const INTEGER_32 = 0xf3
const INTEGER_64 = 0xf4

// The element about to be written, as planInteger or planText found it: its form, the bytes of head and data, and an
// integer's two halves.
let form: number = SHORT_INTEGER
let size = 0
let low = 0
let high = 0

/** Whether `bytes` more bytes of elements may be put into the listpack. */
export const listpackFits = (m: Memory, lp: ListpackRef, bytes: number): boolean =>
  m.u32[lp * 2] + bytes <= LISTPACK_BYTES_MAX

/** An empty listpack, with room for `bytes` bytes in all. */
export function listpackCreate(m: Memory, bytes: number = LISTPACK_EMPTY_BYTES): ListpackRef {
  const lp = allocate(m, bytes) as ListpackRef
  m.u32[lp * 2] = LISTPACK_EMPTY_BYTES
  m.u32[lp * 2 + 1] = END << 16
  return lp
}

/** A copy of a listpack in another arena, or the same one. */
export function listpackCopy(from: Memory, lp: ListpackRef, to: Memory): ListpackRef {
  return listpackLoad(to, from.u8, lp * 8, from.u32[lp * 2])
}

/** A listpack made of bytes that listpackIsValid has approved. */
export function listpackLoad(m: Memory, bytes: Uint8Array, at: number, length: number): ListpackRef {
  const lp = allocate(m, length) as ListpackRef
  copyBytes(m.u8, lp * 8, bytes, at, length)
  return lp
}

// ---- adding

/** Puts an element before the one at `offset`, which may be listpackEnd; the new one lies at `offset` then. */
export function listpackInsert(
  m: Memory,
  lp: ListpackRef,
  offset: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): ListpackRef {
  planText(bytes, at, length)
  return insertPlanned(m, lp, offset, bytes, at, length)
}

export function listpackAppend(m: Memory, lp: ListpackRef, bytes: Uint8Array, at: number, length: number): ListpackRef {
  planText(bytes, at, length)
  return insertPlanned(m, lp, m.u32[lp * 2] - 1, bytes, at, length)
}

export function listpackPrepend(
  m: Memory,
  lp: ListpackRef,
  bytes: Uint8Array,
  at: number,
  length: number,
): ListpackRef {
  planText(bytes, at, length)
  return insertPlanned(m, lp, LISTPACK.ELEMENTS, bytes, at, length)
}

/** As listpackInsert, for a safe integer. */
export function listpackInsertInteger(m: Memory, lp: ListpackRef, offset: number, value: number): ListpackRef {
  planInteger(value)
  return insertPlanned(m, lp, offset, m.u8, 0, 0)
}

export function listpackAppendInteger(m: Memory, lp: ListpackRef, value: number): ListpackRef {
  planInteger(value)
  return insertPlanned(m, lp, m.u32[lp * 2] - 1, m.u8, 0, 0)
}

/** Puts other bytes in the place of the element at `offset`. */
export function listpackReplace(
  m: Memory,
  lp: ListpackRef,
  offset: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): ListpackRef {
  planText(bytes, at, length)
  return replacePlanned(m, lp, offset, bytes, at, length)
}

/** As listpackReplace, for a safe integer. */
export function listpackReplaceInteger(m: Memory, lp: ListpackRef, offset: number, value: number): ListpackRef {
  planInteger(value)
  return replacePlanned(m, lp, offset, m.u8, 0, 0)
}

/** Bytes that a text would take as an element. */
export function listpackElementBytes(bytes: Uint8Array, at: number, length: number): number {
  planText(bytes, at, length)
  return size + backBytes(size)
}

function insertPlanned(
  m: Memory,
  lp: ListpackRef,
  offset: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): ListpackRef {
  const old = m.u32[lp * 2]
  const whole = size + backBytes(size)
  const grown = resize(m, lp, old, old + whole)
  const u8 = m.u8
  const p = grown * 8 + offset
  if (offset === old - 1) u8[p + whole] = END
  else moveBytes(u8, p + whole, p, old - offset)
  writePlanned(u8, p, bytes, at, length)
  m.u32[grown * 2] = old + whole
  addCount(m, grown, 1)
  return grown
}

function replacePlanned(
  m: Memory,
  lp: ListpackRef,
  offset: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): ListpackRef {
  const old = m.u32[lp * 2]
  const before = wholeBytes(m.u8, lp * 8 + offset)
  const whole = size + backBytes(size)
  const total = old - before + whole
  let changed = lp
  if (whole > before) {
    changed = resize(m, lp, old, total)
  }
  const p = changed * 8 + offset
  if (whole !== before) moveBytes(m.u8, p + whole, p + before, old - offset - before)
  writePlanned(m.u8, p, bytes, at, length)
  m.u32[changed * 2] = total
  return whole < before ? resize(m, changed, total, total) : changed
}

/** A block of at least `bytes` bytes that starts with the first `kept`: the same one while that wastes less than half. */
function resize(m: Memory, lp: ListpackRef, kept: number, bytes: number): ListpackRef {
  assert(bytes <= LISTPACK_BYTES_MAX + 64, 'a listpack stays below its limit')
  return reallocate(m, lp, kept, bytes) as ListpackRef
}

function addCount(m: Memory, lp: ListpackRef, change: number): void {
  const count = m.u32[lp * 2 + 1] & 0xffff
  // Once it is not known it stays so until somebody counts.
  if (count !== COUNT_UNKNOWN) setCount(m.u8, lp, count + change < COUNT_UNKNOWN ? count + change : COUNT_UNKNOWN)
}

// ---- deleting

/** Deletes the element at `offset`; the one behind it lies there then, or the end. */
export function listpackDelete(m: Memory, lp: ListpackRef, offset: number): ListpackRef {
  return cut(m, lp, offset, offset + wholeBytes(m.u8, lp * 8 + offset), 1)
}

/** Deletes up to `count` elements from the one at `offset` on. What follows them lies at `offset` then. */
export function listpackDeleteFrom(m: Memory, lp: ListpackRef, offset: number, count: number): ListpackRef {
  const u8 = m.u8
  let p = lp * 8 + offset
  let deleted = 0
  for (; deleted < count && u8[p] !== END; deleted++) p += wholeBytes(u8, p)
  return deleted === 0 ? lp : cut(m, lp, offset, p - lp * 8, deleted)
}

/** Deletes up to `count` elements from index `index` on, which counts from the end if negative. */
export function listpackDeleteRange(m: Memory, lp: ListpackRef, index: number, count: number): ListpackRef {
  const offset = listpackSeek(m, lp, index)
  return offset === 0 ? lp : listpackDeleteFrom(m, lp, offset, count)
}

function cut(m: Memory, lp: ListpackRef, from: number, to: number, count: number): ListpackRef {
  const old = m.u32[lp * 2]
  const total = old - (to - from)
  if (to === old - 1) m.u8[lp * 8 + from] = END
  else moveBytes(m.u8, lp * 8 + from, lp * 8 + to, old - to)
  m.u32[lp * 2] = total
  addCount(m, lp, -count)
  return resize(m, lp, total, total)
}

/**
 * Puts `count` elements of another listpack of the same arena, those from offset `from` up to `to`, behind this one's
 * last.
 */
export function listpackAppendElements(
  m: Memory,
  lp: ListpackRef,
  source: ListpackRef,
  from: number,
  to: number,
  count: number,
): ListpackRef {
  const old = m.u32[lp * 2]
  const grown = resize(m, lp, old, old + to - from)
  const p = grown * 8 + old - 1
  copyBytes(m.u8, p, m.u8, source * 8 + from, to - from)
  m.u8[p + to - from] = END
  m.u32[grown * 2] = old + to - from
  addCount(m, grown, count)
  return grown
}

// ---- encoding

function planText(bytes: Uint8Array, at: number, length: number): void {
  const value = length <= 20 ? parseInteger(bytes, at, length) : Number.NaN
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
}

function planInteger(value: number): void {
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
}

function planBigInteger(value: bigint): void {
  form = INTEGER_64
  size = 9
  low = Number(BigInt.asIntN(32, value))
  high = Number(value >> 32n)
}

function writePlanned(u8: Uint8Array, p: number, bytes: Uint8Array, at: number, length: number): void {
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

assert(elementBytes(Uint8Array.of(INTEGER_64), 0) === 9, 'reader and writer agree on the forms')
