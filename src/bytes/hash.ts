// HalfSipHash: a keyed hash with 32-bit words, for hash tables that strangers fill.
//
// Tables use the 1-3 variant (one round a word, three at the end), which nobody without the key can aim collisions at.
// Always: the result is an int32 (>>> 0 for the unsigned value) and a function of bytes and key only, so all threads
// that share a table must share its key.

import { viewOf } from './byte-array.ts'

/** HalfSipHash-1-3 of `length` bytes from `at` under the key (k0, k1), as an int32. */
export function hashBytes(bytes: Uint8Array, at: number, length: number, k0: number, k1: number): number {
  let v0 = k0 | 0
  let v1 = k1 | 0
  let v2 = 0x6c796765 ^ k0
  let v3 = 0x74656462 ^ k1
  const view = viewOf(bytes)
  let i = at
  const wordsEnd = at + (length & ~3)
  // The rounds are written out: as a function over shared state they cost three times as much.
  for (; i < wordsEnd; i += 4) {
    const word =
      view !== undefined
        ? view.getInt32(i, true)
        : bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24)
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
  }
  let last = length << 24
  const tail = length & 3
  if (tail > 2) last |= bytes[i + 2] << 16
  if (tail > 1) last |= bytes[i + 1] << 8
  if (tail > 0) last |= bytes[i]
  v3 ^= last
  v0 = (v0 + v1) | 0
  v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
  v0 = (v0 << 16) | (v0 >>> 16)
  v2 = (v2 + v3) | 0
  v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
  v0 = (v0 + v3) | 0
  v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
  v2 = (v2 + v1) | 0
  v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
  v2 = (v2 << 16) | (v2 >>> 16)
  v0 ^= last
  v2 ^= 0xff
  for (let round = 0; round < 3; round++) {
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
  }
  return v1 ^ v3
}
