// Redis's CRC-64 (Jones's polynomial, reflected, no inversion): the checksum that ends RDB files and DUMP payloads.
//
// A checksum is a plain object of two 32-bit halves that grows piece by piece: feeding the pieces in any cut gives the
// same result. No bigint in the loop; eight bytes a step through eight tables of both halves (32 KB).

import { viewOfAny } from './byte-array.ts'

/** A running checksum; start with crc64Start(). Both halves are int32: use >>> 0 for their value. */
export interface Crc64 {
  low: number
  high: number
}

// The polynomial ad93d23594c935a9 with its bits reversed.
const POLYNOMIAL_HIGH = 0x95ac9329
const POLYNOMIAL_LOW = 0xac4bc9b5

// LOW[256 n + b], HIGH[256 n + b]: what byte b becomes when n zero bytes follow it.
const LOW = new Int32Array(8 * 256)
const HIGH = new Int32Array(8 * 256)
for (let byte = 0; byte < 256; byte++) {
  let low = byte
  let high = 0
  for (let bit = 0; bit < 8; bit++) {
    const carry = low & 1
    low = (low >>> 1) | (high << 31)
    high >>>= 1
    if (carry !== 0) {
      low ^= POLYNOMIAL_LOW
      high ^= POLYNOMIAL_HIGH
    }
  }
  LOW[byte] = low
  HIGH[byte] = high
}
for (let i = 256; i < 8 * 256; i++) {
  const low = LOW[i - 256]
  const high = HIGH[i - 256]
  LOW[i] = LOW[low & 0xff] ^ ((low >>> 8) | (high << 24))
  HIGH[i] = HIGH[low & 0xff] ^ (high >>> 8)
}

/** A checksum of nothing yet. */
export function crc64Start(): Crc64 {
  return { low: 0, high: 0 }
}

/** Takes `length` more bytes into the checksum. */
export function crc64Update(crc: Crc64, bytes: Uint8Array, at: number, length: number): void {
  let low = crc.low | 0
  let high = crc.high | 0
  let i = at
  const end = at + length
  const view = viewOfAny(bytes)
  for (const eightsEnd = end - 7; i < eightsEnd; i += 8) {
    low ^= view.getInt32(i, true)
    high ^= view.getInt32(i + 4, true)
    const a = 1792 + (low & 0xff)
    const b = 1536 + ((low >>> 8) & 0xff)
    const c = 1280 + ((low >>> 16) & 0xff)
    const d = 1024 + (low >>> 24)
    const e = 768 + (high & 0xff)
    const f = 512 + ((high >>> 8) & 0xff)
    const g = 256 + ((high >>> 16) & 0xff)
    const h = high >>> 24
    low = LOW[a] ^ LOW[b] ^ LOW[c] ^ LOW[d] ^ LOW[e] ^ LOW[f] ^ LOW[g] ^ LOW[h]
    high = HIGH[a] ^ HIGH[b] ^ HIGH[c] ^ HIGH[d] ^ HIGH[e] ^ HIGH[f] ^ HIGH[g] ^ HIGH[h]
  }
  for (; i < end; i++) {
    const entry = (low ^ bytes[i]) & 0xff
    low = LOW[entry] ^ ((low >>> 8) | (high << 24))
    high = HIGH[entry] ^ (high >>> 8)
  }
  crc.low = low
  crc.high = high
}

/** Writes the checksum as RDB and DUMP do: eight bytes, least significant first. */
export function crc64Write(crc: Crc64, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < 4; i++) {
    bytes[at + i] = crc.low >>> (8 * i)
    bytes[at + 4 + i] = crc.high >>> (8 * i)
  }
}

/** Whether the eight bytes at `at` are this checksum. */
export function crc64Equals(crc: Crc64, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 4; i++) {
    if (bytes[at + i] !== ((crc.low >>> (8 * i)) & 0xff)) return false
    if (bytes[at + 4 + i] !== ((crc.high >>> (8 * i)) & 0xff)) return false
  }
  return true
}
