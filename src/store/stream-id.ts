// Stream ids: two unsigned 64-bit numbers, milliseconds and sequence, kept as four 32-bit words so that all of them are
// exact without a bigint.
//
// In the arena an id is 16 bytes:
//
//   OFFSET  SIZE  FIELD     MEANING
//        0     4  MS_HIGH   milliseconds, upper half
//        4     4  MS_LOW    lower half
//        8     4  SEQ_HIGH  sequence, upper half
//       12     4  SEQ_LOW   lower half
//       16

import { integerLength, parseBigUnsigned, parseUnsigned, writeBigInteger, writeInteger } from '../bytes/integers.ts'
import type { Memory } from './memory.ts'

export const ID_BYTES = 16
/** Longest text of an id: twenty digits, a dash, twenty digits. */
export const ID_TEXT_MAX = 41

const TWO_32 = 2 ** 32
const WORD_MAX = 0xffffffff
/** Upper halves below this belong to numbers that a double holds. */
const SAFE_HIGH = 0x20_0000

/** An id in hand. Made once and reused. */
export class StreamId {
  msHigh = 0
  msLow = 0
  seqHigh = 0
  seqLow = 0

  set(msHigh: number, msLow: number, seqHigh: number, seqLow: number): this {
    this.msHigh = msHigh
    this.msLow = msLow
    this.seqHigh = seqHigh
    this.seqLow = seqLow
    return this
  }

  copy(other: StreamId): this {
    return this.set(other.msHigh, other.msLow, other.seqHigh, other.seqLow)
  }

  setMin(): this {
    return this.set(0, 0, 0, 0)
  }

  setMax(): this {
    return this.set(WORD_MAX, WORD_MAX, WORD_MAX, WORD_MAX)
  }

  /** From milliseconds that a double holds, sequence 0. */
  setTime(ms: number): this {
    return this.set(Math.floor(ms / TWO_32), ms >>> 0, 0, 0)
  }

  /** Reads the 16 bytes whose first u32 index is `word`. */
  load(m: Memory, word: number): this {
    const u32 = m.u32
    return this.set(u32[word], u32[word + 1], u32[word + 2], u32[word + 3])
  }

  store(m: Memory, word: number): void {
    const u32 = m.u32
    u32[word] = this.msHigh
    u32[word + 1] = this.msLow
    u32[word + 2] = this.seqHigh
    u32[word + 3] = this.seqLow
  }

  isZero(): boolean {
    return (this.msHigh | this.msLow | this.seqHigh | this.seqLow) === 0
  }

  isMax(): boolean {
    return (this.msHigh & this.msLow & this.seqHigh & this.seqLow) === -1
  }

  /** Negative, 0 or positive as this is below, equal to or above the other. */
  compare(other: StreamId): number {
    if (this.msHigh !== other.msHigh) return this.msHigh < other.msHigh ? -1 : 1
    if (this.msLow !== other.msLow) return this.msLow < other.msLow ? -1 : 1
    if (this.seqHigh !== other.seqHigh) return this.seqHigh < other.seqHigh ? -1 : 1
    return this.seqLow < other.seqLow ? -1 : this.seqLow > other.seqLow ? 1 : 0
  }

  /** Compares with the 16 bytes at a u32 index. */
  compareAt(m: Memory, word: number): number {
    const u32 = m.u32
    if (this.msHigh !== u32[word]) return this.msHigh < u32[word] ? -1 : 1
    if (this.msLow !== u32[word + 1]) return this.msLow < u32[word + 1] ? -1 : 1
    if (this.seqHigh !== u32[word + 2]) return this.seqHigh < u32[word + 2] ? -1 : 1
    return this.seqLow < u32[word + 3] ? -1 : this.seqLow > u32[word + 3] ? 1 : 0
  }

  sameTime(other: StreamId): boolean {
    return this.msHigh === other.msHigh && this.msLow === other.msLow
  }

  /** The next sequence; false, and unchanged, when there is none in this millisecond. */
  nextSequence(): boolean {
    if (this.seqLow !== WORD_MAX) this.seqLow++
    else if (this.seqHigh !== WORD_MAX) {
      this.seqHigh++
      this.seqLow = 0
    } else return false
    return true
  }

  /** The next id. False, and the lowest one, behind the highest. */
  increment(): boolean {
    if (this.nextSequence()) return true
    this.seqHigh = 0
    this.seqLow = 0
    if (this.msLow !== WORD_MAX) this.msLow++
    else {
      this.msLow = 0
      if (this.msHigh === WORD_MAX) {
        this.msHigh = 0
        return false
      }
      this.msHigh++
    }
    return true
  }

  /** The id before. False, and the highest one, before the lowest. */
  decrement(): boolean {
    if (this.seqLow !== 0) {
      this.seqLow--
      return true
    }
    this.seqLow = WORD_MAX
    if (this.seqHigh !== 0) {
      this.seqHigh--
      return true
    }
    this.seqHigh = WORD_MAX
    if (this.msLow !== 0) {
      this.msLow--
      return true
    }
    this.msLow = WORD_MAX
    if (this.msHigh !== 0) {
      this.msHigh--
      return true
    }
    this.msHigh = WORD_MAX
    return false
  }

  /** Reads milliseconds; false when the text is no unsigned 64-bit integer. */
  parseTime(bytes: Uint8Array, at: number, length: number): boolean {
    if (!parseHalves(bytes, at, length)) return false
    this.msHigh = high
    this.msLow = low
    return true
  }

  /** Reads a sequence likewise. */
  parseSequence(bytes: Uint8Array, at: number, length: number): boolean {
    if (!parseHalves(bytes, at, length)) return false
    this.seqHigh = high
    this.seqLow = low
    return true
  }

  /** Bytes of `ms-seq`. */
  textLength(): number {
    return numberLength(this.msHigh, this.msLow) + 1 + numberLength(this.seqHigh, this.seqLow)
  }

  /** Writes `ms-seq`; returns how many bytes that took. */
  write(bytes: Uint8Array, at: number): number {
    let end = at + writeNumber(bytes, at, this.msHigh, this.msLow)
    bytes[end++] = 0x2d
    end += writeNumber(bytes, end, this.seqHigh, this.seqLow)
    return end - at
  }

  /** For messages and tests. */
  text(): string {
    const bytes = new Uint8Array(ID_TEXT_MAX)
    return Buffer.from(bytes.subarray(0, this.write(bytes, 0))).toString('latin1')
  }
}

let high = 0
let low = 0

function parseHalves(bytes: Uint8Array, at: number, length: number): boolean {
  const value = parseUnsigned(bytes, at, length)
  if (Number.isNaN(value)) return false
  if (Number.isFinite(value)) {
    high = Math.floor(value / TWO_32)
    low = value >>> 0
    return true
  }
  const big = parseBigUnsigned(bytes, at, length)
  if (big === undefined) return false
  high = Number(big >> 32n)
  low = Number(big & 0xffff_ffffn)
  return true
}

const bigNumber = (numberHigh: number, numberLow: number): bigint => (BigInt(numberHigh) << 32n) | BigInt(numberLow)

const numberLength = (numberHigh: number, numberLow: number): number =>
  numberHigh < SAFE_HIGH
    ? integerLength(numberHigh * TWO_32 + numberLow)
    : bigNumber(numberHigh, numberLow).toString().length

const writeNumber = (bytes: Uint8Array, at: number, numberHigh: number, numberLow: number): number =>
  numberHigh < SAFE_HIGH
    ? writeInteger(bytes, at, numberHigh * TWO_32 + numberLow)
    : writeBigInteger(bytes, at, bigNumber(numberHigh, numberLow))
