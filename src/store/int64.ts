// 64-bit integers as two halves, without a bigint for those that a double holds.
//
// Always: value = high * 2^32 + low, with `high` an int32 and `low` a uint32.

import { parseBigInteger, parseInteger, writeBigInteger, writeInteger } from '../bytes/integers.ts'

const TWO_32 = 2 ** 32
/** |high| below this means that a double holds the value exactly. */
const SAFE_HIGH = 0x20_0000

/** The halves of the last integer read; read them before anything else is read. */
export const int64 = { high: 0, low: 0 }

/** Reads a canonical int64 into `int64`. Returns false, and changes nothing, if the text is none. */
export function int64Parse(bytes: Uint8Array, at: number, length: number): boolean {
  const value = parseInteger(bytes, at, length)
  if (Number.isNaN(value)) return false
  if (Number.isFinite(value)) {
    int64.high = Math.floor(value / TWO_32)
    int64.low = value - int64.high * TWO_32
  } else parseLarge(bytes, at, length)
  return true
}

function parseLarge(bytes: Uint8Array, at: number, length: number): void {
  const value = parseBigInteger(bytes, at, length) as bigint
  int64.high = Number(value >> 32n)
  int64.low = Number(value & 0xffff_ffffn)
}

/** Writes an integer in decimal; returns how many bytes that took, 20 at most. */
export function int64Write(bytes: Uint8Array, at: number, high: number, low: number): number {
  if (high < SAFE_HIGH && high > -SAFE_HIGH) return writeInteger(bytes, at, high * TWO_32 + low)
  return writeBigInteger(bytes, at, (BigInt(high) << 32n) | BigInt(low))
}
