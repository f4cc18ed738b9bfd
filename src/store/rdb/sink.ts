// Where values are written to: bytes that grow, with the RDB forms of lengths, numbers and strings.
//
// The bytes so far are u8[0 … length). Between two steps of an encoder the owner may take them away: nothing written is
// ever changed afterwards. Long strings may be left where they are, and only noted; see outgoing.ts.

import { assert } from '../../bytes/assert.ts'
import { byteArray } from '../../bytes/byte-array.ts'
import { copyBytes } from '../../bytes/copy.ts'
import { parseInteger } from '../../bytes/integers.ts'
import { lzfCompress } from '../../bytes/lzf.ts'
import type { Memory } from '../memory.ts'
import { ENCODED, LENGTH_32, LENGTH_64, STRING_ENCODING } from './format.ts'

/** Digits and sign of a 32-bit integer; longer strings are not looked at for being one. */
const INT_TEXT_MAX = 11
/** Shorter strings are not compressed, and a compressed one must be shorter by COMPRESS_GAIN_MIN. */
const COMPRESS_BYTES_MIN = 21
export const COMPRESS_GAIN_MIN = 4
const SINK_BYTES = 65536
/** A sink that has become larger than this does not stay so. */
const SINK_BYTES_KEPT = 1024 * 1024
/** Bytes of a string that count as one element, as a shift. */
const EFFORT_SHIFT = 8
/** In the place of an address: here a string begins. */
export const BEGINS = -1
/** Lengths, the head of a compressed string and what else is short fit in this. */
const HEAD_BYTES = 32

const double = new Float64Array(1)
const doubleBytes = new Uint8Array(double.buffer)

export class RdbSink {
  u8: Uint8Array<ArrayBuffer>
  length = 0
  /** Whether strings are compressed where it pays (rdbcompression). */
  compresses = true
  /** Strings of `m` that are as long as this are noted; without a value, none are. */
  notedMin = Number.POSITIVE_INFINITY
  m: Memory | undefined
  /** By note: its place in u8; the first byte of `m` that belongs there, or BEGINS; how many bytes, or the string's length. */
  readonly noteAt: number[] = []
  readonly noteFrom: number[] = []
  readonly noteBytes: number[] = []
  /** What has been done, in elements: each is one, and so are 256 bytes of a string. */
  effort = 0

  constructor(bytes = SINK_BYTES) {
    this.u8 = byteArray(bytes)
  }

  /** Drops all that was written. */
  clear(): void {
    this.length = 0
    this.noteAt.length = 0
    this.noteFrom.length = 0
    this.noteBytes.length = 0
  }

  /** Gives up room that one large value asked for. */
  trim(): void {
    if (this.u8.length <= SINK_BYTES_KEPT || this.length > SINK_BYTES) return
    const smaller = byteArray(SINK_BYTES)
    copyBytes(smaller, 0, this.u8, 0, this.length)
    this.u8 = smaller
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    const needed = this.length + bytes
    if (needed <= this.u8.length) return
    const larger = byteArray(needed < 2 ** 26 ? Math.max(needed, this.u8.length * 2) : needed + 2 ** 20)
    copyBytes(larger, 0, this.u8, 0, this.length)
    this.u8 = larger
  }

  byte(value: number): void {
    this.reserve(1)
    this.u8[this.length++] = value
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array, at: number, length: number): void {
    this.reserve(length)
    copyBytes(this.u8, this.length, bytes, at, length)
    this.length += length
  }

  /** A length, or any other count up to 2^53. */
  size(value: number): void {
    this.reserve(HEAD_BYTES)
    const { u8 } = this
    if (value < 64) {
      u8[this.length++] = value
    } else if (value < 16384) {
      u8[this.length++] = 0x40 | (value >>> 8)
      u8[this.length++] = value & 0xff
    } else if (value < 2 ** 32) {
      u8[this.length++] = LENGTH_32
      this.#bigEndian(value)
    } else {
      this.size64(Math.floor(value / 2 ** 32), value % 2 ** 32)
    }
  }

  /** A 64-bit count in two halves. */
  size64(high: number, low: number): void {
    if (high === 0) return this.size(low)
    this.reserve(HEAD_BYTES)
    this.u8[this.length++] = LENGTH_64
    this.#bigEndian(high)
    this.#bigEndian(low)
  }

  #bigEndian(word: number): void {
    for (let shift = 24; shift >= 0; shift -= 8) this.u8[this.length++] = word >>> shift
  }

  /** A double in its eight bytes. */
  double(value: number): void {
    double[0] = value
    this.raw(doubleBytes, 0, 8)
  }

  /** A 64-bit number, low byte first. */
  integer64(high: number, low: number): void {
    this.reserve(8)
    for (let shift = 0; shift < 32; shift += 8) this.u8[this.length++] = low >>> shift
    for (let shift = 0; shift < 32; shift += 8) this.u8[this.length++] = high >>> shift
  }

  /** A time in ms, or any safe integer, as a 64-bit number. */
  milliseconds(value: number): void {
    this.integer64(Math.floor(value / 2 ** 32) | 0, value >>> 0)
  }

  /** A string: as an integer, noted, compressed, or plain, whichever applies first. */
  string(bytes: Uint8Array, at: number, length: number): void {
    this.effort += length >>> EFFORT_SHIFT
    if (length <= INT_TEXT_MAX && this.#integer(parseInteger(bytes, at, length))) return
    if (length >= this.notedMin && bytes === this.m?.u8 && this.begin(length)) return this.arena(at, length)
    if (this.compresses && length >= COMPRESS_BYTES_MIN && this.#compressed(bytes, at, length)) return
    this.size(length)
    this.raw(bytes, at, length)
  }

  /** Notes that a string begins whose `length` bytes come next, by `raw` and `arena`. Returns false if it is too short for that. */
  begin(length: number): boolean {
    if (length < this.notedMin) return false
    this.#note(BEGINS, length)
    return true
  }

  /** Bytes of `m`, noted or copied. */
  arena(at: number, length: number): void {
    const { m } = this
    assert(m !== undefined, 'the arena is known')
    if (length < this.notedMin) this.raw(m.u8, at, length)
    else this.#note(at, length)
  }

  #note(from: number, bytes: number): void {
    this.noteAt.push(this.length)
    this.noteFrom.push(from)
    this.noteBytes.push(bytes)
  }

  /** The head of a compressed string: how many bytes follow, and how many they become. */
  compressedHead(size: number, length: number): void {
    this.byte(ENCODED | STRING_ENCODING.LZF)
    this.size(size)
    this.size(length)
  }

  /** Writes a string that is a 32-bit integer; false if it is not. */
  #integer(value: number): boolean {
    if (value !== (value | 0)) return false
    this.reserve(HEAD_BYTES)
    const { u8 } = this
    const bytes = value >= -128 && value <= 127 ? 1 : value >= -32768 && value <= 32767 ? 2 : 4
    u8[this.length++] =
      ENCODED | (bytes === 1 ? STRING_ENCODING.INT8 : bytes === 2 ? STRING_ENCODING.INT16 : STRING_ENCODING.INT32)
    for (let i = 0; i < bytes; i++) u8[this.length++] = value >>> (8 * i)
    return true
  }

  #compressed(bytes: Uint8Array, at: number, length: number): boolean {
    this.reserve(HEAD_BYTES + length)
    // The head's length depends on the size, so the data is written behind the longest head and moved.
    const dataAt = this.length + HEAD_BYTES
    const size = lzfCompress(bytes, at, length, this.u8, dataAt, length - COMPRESS_GAIN_MIN)
    if (size === 0) return false
    this.compressedHead(size, length)
    this.u8.copyWithin(this.length, dataAt, dataAt + size)
    this.length += size
    return true
  }
}
