// A HyperLogLog as Redis stores it in a string: the same operations on the same value give the same bytes.
//
//   OFFSET   SIZE  FIELD        MEANING
//        0      4  MAGIC        "HYLL"
//        4      1  ENCODING     0 = dense, 1 = sparse
//        5      3  -            not looked at
//        8      8  CARDINALITY  the last count, least significant byte first; its top bit set = out of date
//       16      -  REGISTERS    dense: 16384 x 6 bits, from the low bits up; sparse: opcodes that cover 16384 registers
//
// Sparse opcodes: 00LLLLLL = L + 1 zeros; 01LLLLLL LLLLLLLL = L + 1 zeros; 1VVVVVLL = L + 1 registers of value V + 1.
//
// Lengths are in bytes and include the header. Functions that may lengthen a sparse value want 3 bytes of room behind it.

import { hllEstimate } from './hll-math.ts'
import { hllPlace } from './murmur.ts'

const ENCODING = 4
const CARDINALITY = 8
export const HLL_HEADER = 16
const REGISTERS = 16384
const DENSE = 0
const SPARSE = 1
/** Length of a dense value: header and registers. */
export const HLL_DENSE_LENGTH = HLL_HEADER + (REGISTERS * 6) / 8
/** Length of an empty sparse value: header and one opcode. */
export const HLL_EMPTY_LENGTH = HLL_HEADER + 2

const VALUE_MAX = 32
const VALUE_RUN_MAX = 4
const SHORT_ZEROS_MAX = 64
/** Opcodes looked at behind a change for values to merge; part of the format's byte identity. */
const MERGE_SCAN = 5

/** hllSet: nothing to change. */
export const HLL_UNCHANGED = 0
/** hllSet: the opcodes are damaged. */
export const HLL_CORRUPT = -1
/** hllSet: nothing has been changed, the value must become dense first (hllPromote). */
export const HLL_NEEDS_DENSE = -2

const MAGIC = Uint8Array.of(0x48, 0x59, 0x4c, 0x4c)

/** Writes an empty sparse value of HLL_EMPTY_LENGTH bytes, its count 0 up to date. */
export function hllCreate(bytes: Uint8Array, at: number): void {
  bytes.fill(0, at, at + HLL_EMPTY_LENGTH)
  for (let i = 0; i < 4; i++) bytes[at + i] = MAGIC[i]
  bytes[at + ENCODING] = SPARSE
  writeZeros(bytes, at + HLL_HEADER, REGISTERS)
}

/** Whether a string may be a HyperLogLog at all; sparse opcodes are checked where they are read. */
export function hllIsValid(bytes: Uint8Array, at: number, length: number): boolean {
  if (length < HLL_HEADER) return false
  for (let i = 0; i < 4; i++) if (bytes[at + i] !== MAGIC[i]) return false
  const encoding = bytes[at + ENCODING]
  return encoding === SPARSE || (encoding === DENSE && length === HLL_DENSE_LENGTH)
}

/** Whether there is a register for every bucket, rather than runs of them. */
export function hllIsDense(bytes: Uint8Array, at: number): boolean {
  return bytes[at + ENCODING] === DENSE
}

/** The cached count, or -1 when it is out of date. */
export function hllCachedCount(bytes: Uint8Array, at: number): number {
  if (bytes[at + CARDINALITY + 7] & 0x80) return -1
  let count = 0
  for (let i = 7; i >= 0; i--) count = count * 256 + bytes[at + CARDINALITY + i]
  return count
}

/** The cached count of a value that somebody made up, when hllCachedCount is beyond 2^53. */
export function hllCachedBigCount(bytes: Uint8Array, at: number): bigint {
  let count = 0n
  for (let i = 7; i >= 0; i--) count = count * 256n + BigInt(bytes[at + CARDINALITY + i])
  return count
}

/** Stores a count as up to date. */
export function hllCacheCount(bytes: Uint8Array, at: number, count: number): void {
  let rest = count
  for (let i = 0; i < 8; i++) {
    bytes[at + CARDINALITY + i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

/** Marks the cached count as out of date. */
export function hllInvalidate(bytes: Uint8Array, at: number): void {
  bytes[at + CARDINALITY + 7] |= 0x80
}

/**
 * Adds an element. Answers the value's new length when a register grew, else HLL_UNCHANGED, HLL_CORRUPT or
 * HLL_NEEDS_DENSE: then make it dense with hllPromote and add again. The cached count is the caller's to invalidate.
 */
export function hllAdd(
  bytes: Uint8Array,
  at: number,
  length: number,
  element: Uint8Array,
  elementAt: number,
  elementLength: number,
  sparseBytesMax: number,
): number {
  const place = hllPlace(element, elementAt, elementLength)
  return hllSet(bytes, at, length, place & (REGISTERS - 1), place >>> 14, sparseBytesMax)
}

/** Raises register `index` to `value` unless it is as high already; answers as hllAdd. */
export function hllSet(
  bytes: Uint8Array,
  at: number,
  length: number,
  index: number,
  value: number,
  sparseBytesMax: number,
): number {
  if (bytes[at + ENCODING] === SPARSE) return sparseSet(bytes, at, length, index, value, sparseBytesMax)
  if (denseGet(bytes, at, index) >= value) return HLL_UNCHANGED
  denseSet(bytes, at, index, value)
  return length
}

function denseGet(bytes: Uint8Array, at: number, index: number): number {
  const bit = index * 6
  const byte = at + HLL_HEADER + (bit >> 3)
  const shift = bit & 7
  // The last register ends with its byte; what lies behind it must not be read.
  const next = shift > 2 ? bytes[byte + 1] : 0
  return ((bytes[byte] | (next << 8)) >> shift) & 63
}

function denseSet(bytes: Uint8Array, at: number, index: number, value: number): void {
  const bit = index * 6
  const byte = at + HLL_HEADER + (bit >> 3)
  const shift = bit & 7
  bytes[byte] = (bytes[byte] & ~(63 << shift)) | (value << shift)
  if (shift > 2) bytes[byte + 1] = (bytes[byte + 1] & ~(63 >> (8 - shift))) | (value >> (8 - shift))
}

// Opcodes. A run of zeros is written in the short form whenever that holds it.

const isValue = (opcode: number): boolean => opcode >= 0x80
const isLongZeros = (opcode: number): boolean => (opcode & 0xc0) === 0x40
const valueIn = (opcode: number): number => ((opcode >> 2) & 31) + 1
const valueRunIn = (opcode: number): number => (opcode & 3) + 1
const valueOpcode = (value: number, run: number): number => 0x80 | ((value - 1) << 2) | (run - 1)

/** Registers covered by the opcode at `at`. */
function runOf(bytes: Uint8Array, at: number): number {
  const opcode = bytes[at]
  if (isValue(opcode)) return valueRunIn(opcode)
  return isLongZeros(opcode) ? (((opcode & 0x3f) << 8) | bytes[at + 1]) + 1 : (opcode & 0x3f) + 1
}

/** Writes a run of zeros; returns how many bytes that took. */
function writeZeros(bytes: Uint8Array, at: number, run: number): number {
  if (run <= SHORT_ZEROS_MAX) {
    bytes[at] = run - 1
    return 1
  }
  bytes[at] = 0x40 | ((run - 1) >> 8)
  bytes[at + 1] = run - 1
  return 2
}

/** What replaces an opcode when a register inside its run changes: at most zeros, value, zeros. One per thread. */
const replacement = new Uint8Array(5)

function sparseSet(
  bytes: Uint8Array,
  at: number,
  length: number,
  index: number,
  value: number,
  sparseBytesMax: number,
): number {
  if (value > VALUE_MAX) return HLL_NEEDS_DENSE
  // Find the opcode whose run holds the register.
  let end = at + length
  let here = at + HLL_HEADER
  let before = here
  let first = 0
  let run = 0
  while (here < end) {
    run = runOf(bytes, here)
    if (index < first + run) break
    before = here
    here += isLongZeros(bytes[here]) ? 2 : 1
    first += run
  }
  if (here >= end) return HLL_CORRUPT
  const opcode = bytes[here]
  const old = isValue(opcode) ? valueIn(opcode) : 0
  if (old >= value) return HLL_UNCHANGED

  if (run === 1 && !isLongZeros(opcode)) {
    bytes[here] = valueOpcode(value, 1)
  } else {
    let size = 0
    if (index > first) size += writeRun(replacement, size, old, index - first)
    replacement[size++] = valueOpcode(value, 1)
    const behind = first + run - 1 - index
    if (behind > 0) size += writeRun(replacement, size, old, behind)

    const oldSize = isLongZeros(opcode) ? 2 : 1
    const growth = size - oldSize
    if (growth > 0 && length + growth > sparseBytesMax) return HLL_NEEDS_DENSE
    if (here + oldSize > end) return HLL_CORRUPT
    bytes.copyWithin(here + size, here + oldSize, end)
    for (let i = 0; i < size; i++) bytes[here + i] = replacement[i]
    end += growth
  }
  return mergeValues(bytes, before, end) - at
}

function writeRun(bytes: Uint8Array, at: number, value: number, run: number): number {
  if (value === 0) return writeZeros(bytes, at, run)
  bytes[at] = valueOpcode(value, run)
  return 1
}

/** Joins neighbours of equal value from `from` on, within a few opcodes; returns the new end. */
function mergeValues(bytes: Uint8Array, from: number, oldEnd: number): number {
  let end = oldEnd
  let i = from
  for (let scan = MERGE_SCAN; scan > 0 && i < end; scan--) {
    const opcode = bytes[i]
    if (isLongZeros(opcode)) {
      i += 2
      continue
    }
    const next = i + 1 < end ? bytes[i + 1] : 0
    if (isValue(opcode) && isValue(next) && valueIn(opcode) === valueIn(next)) {
      const run = valueRunIn(opcode) + valueRunIn(next)
      if (run <= VALUE_RUN_MAX) {
        bytes.copyWithin(i, i + 1, end)
        bytes[i] = valueOpcode(valueIn(opcode), run)
        end--
        continue // the joined one may join again
      }
    }
    i++
  }
  return end
}

/**
 * Writes the dense form of a sparse value to `target`, which has HLL_DENSE_LENGTH bytes of room, cached count included.
 * False when the opcodes are damaged; the target then holds rubbish.
 */
export function hllPromote(
  bytes: Uint8Array,
  at: number,
  length: number,
  target: Uint8Array,
  targetAt: number,
): boolean {
  for (let i = 0; i < HLL_HEADER; i++) target[targetAt + i] = bytes[at + i]
  target[targetAt + ENCODING] = DENSE
  target.fill(0, targetAt + HLL_HEADER, targetAt + HLL_DENSE_LENGTH)
  let index = 0
  const end = at + length
  for (let i = at + HLL_HEADER; i < end; ) {
    const opcode = bytes[i]
    if (isLongZeros(opcode) && i + 1 >= end) return false
    const next = index + runOf(bytes, i)
    if (next > REGISTERS) return false
    if (isValue(opcode)) for (; index < next; index++) denseSet(target, targetAt, index, valueIn(opcode))
    index = next
    i += isLongZeros(opcode) ? 2 : 1
  }
  return index === REGISTERS
}

/** Raises `registers` (one byte each, 16384) to the value's where that is higher. False when it is damaged. */
export function hllMerge(bytes: Uint8Array, at: number, length: number, registers: Uint8Array): boolean {
  if (bytes[at + ENCODING] === DENSE) {
    for (let index = 0; index < REGISTERS; index++) {
      const value = denseGet(bytes, at, index)
      if (value > registers[index]) registers[index] = value
    }
    return true
  }
  let index = 0
  const end = at + length
  for (let i = at + HLL_HEADER; i < end; ) {
    const opcode = bytes[i]
    if (isLongZeros(opcode) && i + 1 >= end) return false
    const next = index + runOf(bytes, i)
    if (next > REGISTERS) return false
    const value = isValue(opcode) ? valueIn(opcode) : 0
    for (; index < next; index++) if (value > registers[index]) registers[index] = value
    i += isLongZeros(opcode) ? 2 : 1
  }
  return index === REGISTERS
}

/** Registers by their value. One per thread. */
const histogram = new Int32Array(64)

/** Estimates the cardinality anew, whatever is cached; -1 when the opcodes are damaged. */
export function hllCount(bytes: Uint8Array, at: number, length: number): number {
  histogram.fill(0)
  if (bytes[at + ENCODING] === DENSE) {
    for (let index = 0; index < REGISTERS; index++) histogram[denseGet(bytes, at, index)]++
    return hllEstimate(histogram)
  }
  let index = 0
  const end = at + length
  for (let i = at + HLL_HEADER; i < end; ) {
    const opcode = bytes[i]
    if (isLongZeros(opcode) && i + 1 >= end) return -1
    const run = runOf(bytes, i)
    histogram[isValue(opcode) ? valueIn(opcode) : 0] += run
    index += run
    i += isLongZeros(opcode) ? 2 : 1
  }
  return index === REGISTERS ? hllEstimate(histogram) : -1
}

/** Estimates the cardinality of registers that hllMerge() gathered. */
export function hllCountRegisters(registers: Uint8Array): number {
  histogram.fill(0)
  for (let index = 0; index < REGISTERS; index++) histogram[registers[index]]++
  return hllEstimate(histogram)
}
