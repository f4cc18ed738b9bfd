// Byte strings copied out of the arenas, one behind the other: what SORT sorts, and what it sorts by.

import { copyBytes } from '../../bytes/copy.ts'

/** Length of a string that is missing. */
const NONE = -1
const BYTES_MIN = 4096
const STRINGS_MIN = 64
/** A pool larger than this is given up after use. */
const BYTES_KEPT = 2 ** 20

export class BytePool {
  bytes = new Uint8Array(BYTES_MIN)
  /** Where each string starts; a float, since the pool may be larger than 2^31. */
  at = new Float64Array(STRINGS_MIN)
  /** Bytes of each string, below 0 for a missing one. */
  length = new Int32Array(STRINGS_MIN)
  count = 0
  #used = 0

  clear(): void {
    this.count = 0
    this.#used = 0
    if (this.bytes.length <= BYTES_KEPT) return
    this.bytes = new Uint8Array(BYTES_MIN)
    this.at = new Float64Array(STRINGS_MIN)
    this.length = new Int32Array(STRINGS_MIN)
  }

  push(bytes: Uint8Array, at: number, length: number): void {
    if (this.#used + length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.#used + length))
      copyBytes(larger, 0, this.bytes, 0, this.#used)
      this.bytes = larger
    }
    copyBytes(this.bytes, this.#used, bytes, at, length)
    this.#add(this.#used, length)
    this.#used += length
  }

  pushNone(): void {
    this.#add(0, NONE)
  }

  #add(at: number, length: number): void {
    if (this.count === this.at.length) {
      const ats = new Float64Array(this.count * 2)
      const lengths = new Int32Array(this.count * 2)
      ats.set(this.at)
      lengths.set(this.length)
      this.at = ats
      this.length = lengths
    }
    this.at[this.count] = at
    this.length[this.count++] = length
  }

  /**
   * Orders strings `i` and `j` as memcmp does, missing ones first; or if `isText`, as C's strcoll does for whoever set
   * no locale: a NUL ends a text.
   */
  compare(i: number, j: number, isText: boolean): number {
    const lengthI = this.length[i]
    const lengthJ = this.length[j]
    const shared = lengthI < lengthJ ? lengthI : lengthJ
    const bytes = this.bytes
    const atI = this.at[i]
    const atJ = this.at[j]
    for (let k = 0; k < shared; k++) {
      const byte = bytes[atI + k]
      const difference = byte - bytes[atJ + k]
      if (difference !== 0) return difference
      if (byte === 0 && isText) return 0
    }
    if (isText && shared >= 0 && lengthI !== lengthJ) {
      // One is the start of the other: if a NUL follows there, they are the same text.
      const next = lengthI > lengthJ ? bytes[atI + shared] : bytes[atJ + shared]
      if (next === 0) return 0
    }
    return lengthI - lengthJ
  }
}
