// Where values are read from: bytes that may be damaged or hostile, or come piece by piece from a file.
//
// Always: nothing beyond `end` is read, and no size that the bytes tell is believed before as many are there. Whatever
// does not fit throws RdbDamage.

import { byteArray } from '../../bytes/byte-array.ts'
import { copyBytes } from '../../bytes/copy.ts'
import { writeInteger } from '../../bytes/integers.ts'
import { lzfDecompress } from '../../bytes/lzf.ts'
import { RdbDamage, sound } from './damage.ts'
import { ENCODED, LENGTH_32, LENGTH_64, STRING_ENCODING } from './format.ts'

const TRUNCATED = 'Unexpected end of a value.'
const BAD_LENGTH = 'A length that cannot be.'
const UNKNOWN_ENCODING = 'Unknown RDB string encoding type'
const BAD_STRING = 'Invalid LZF compressed string'
/** LZF cannot make more than 264 bytes of three. */
const LZF_GROWTH_MAX = 88
const DIGITS_MAX = 24

const double = new Float64Array(1)
const doubleBytes = new Uint8Array(double.buffer)

/** A string that was read: where its bytes lie, until the same object is read into again. */
export class RdbString {
  u8: Uint8Array = new Uint8Array(0)
  at = 0
  length = 0
  #own = byteArray(DIGITS_MAX)

  /** Room of its own for `bytes` bytes. */
  own(bytes: number): Uint8Array {
    if (this.#own.length < bytes) this.#own = byteArray(bytes)
    this.u8 = this.#own
    this.at = 0
    this.length = bytes
    return this.#own
  }
}

export class RdbSource {
  u8: Uint8Array
  at: number
  end: number
  /**
   * Asked for bytes that are not there yet: makes at least `bytes` of them available from `at` on, perhaps moving what
   * is left, and returns whether it could.
   */
  more: ((source: RdbSource, bytes: number) => boolean) | undefined
  /** `more` leaves the bytes before as they were and goes on with others: a string that was read stays where it is. */
  keepsStill = false
  /** Bytes of the compressed string whose head has been read. */
  #size = 0

  constructor(u8: Uint8Array, at = 0, end = u8.length) {
    this.u8 = u8
    this.at = at
    this.end = end
  }

  /** Sees to it that `bytes` bytes can be read. */
  need(bytes: number): void {
    if (this.end - this.at >= bytes) return
    sound(this.more?.(this, bytes) === true, TRUNCATED)
  }

  /** Whether `count` elements of at least `bytesEach` may follow, as far as can be told. */
  believes(count: number, bytesEach = 1): boolean {
    return this.more !== undefined || count * bytesEach <= this.end - this.at
  }

  byte(): number {
    this.need(1)
    return this.u8[this.at++]
  }

  /** A length or count, below 2^53. */
  size(): number {
    const first = this.byte()
    if (first < 0x40) return first
    if (first < 0x80) return ((first & 0x3f) << 8) | this.byte()
    if (first === LENGTH_32) return this.#bigEndian()
    sound(first === LENGTH_64, BAD_LENGTH)
    const high = this.#bigEndian()
    const low = this.#bigEndian()
    sound(high < 2 ** 21, BAD_LENGTH)
    return high * 2 ** 32 + low
  }

  /** A count of elements that are all still to come. */
  count(bytesEach = 1): number {
    const count = this.size()
    sound(this.believes(count, bytesEach), BAD_LENGTH)
    return count
  }

  /** A 64-bit count. */
  bigSize(): bigint {
    this.need(1)
    if (this.u8[this.at] !== LENGTH_64) return BigInt(this.size())
    this.at++
    return (BigInt(this.#bigEndian()) << 32n) | BigInt(this.#bigEndian())
  }

  #bigEndian(): number {
    this.need(4)
    const { u8, at } = this
    this.at += 4
    return ((u8[at] << 24) | (u8[at + 1] << 16) | (u8[at + 2] << 8) | u8[at + 3]) >>> 0
  }

  double(): number {
    this.need(8)
    for (let i = 0; i < 8; i++) doubleBytes[i] = this.u8[this.at++]
    return double[0]
  }

  /** A signed 64-bit number, low byte first. */
  bigInteger64(): bigint {
    this.need(8)
    let value = 0n
    for (let i = 7; i >= 0; i--) value = (value << 8n) | BigInt(this.u8[this.at + i])
    this.at += 8
    return BigInt.asIntN(64, value)
  }

  /** A string in any encoding. It lies in the source itself where that keeps still, else in `into`. */
  string(into: RdbString): void {
    this.need(1)
    const first = this.u8[this.at]
    if (first < ENCODED) return this.#plain(into, this.size())
    this.at++
    const encoding = first & 0x3f
    if (encoding === STRING_ENCODING.LZF) {
      const length = this.#compressedHead()
      return this.decompress(into.own(length), 0, length)
    }
    sound(encoding <= STRING_ENCODING.INT32, UNKNOWN_ENCODING)
    this.#integer(into, 1 << encoding)
  }

  /** Passes over bytes. */
  skip(bytes: number): void {
    this.need(bytes)
    this.at += bytes
  }

  /** Passes over a string in any encoding. */
  skipString(): void {
    this.need(1)
    const first = this.u8[this.at]
    if (first < ENCODED) return this.skip(this.size())
    this.at++
    const encoding = first & 0x3f
    if (encoding === STRING_ENCODING.LZF) {
      const size = this.size()
      this.size()
      return this.skip(size)
    }
    sound(encoding <= STRING_ENCODING.INT32, UNKNOWN_ENCODING)
    this.skip(1 << encoding)
  }

  #plain(into: RdbString, length: number): void {
    this.need(length)
    if (this.more === undefined || this.keepsStill) {
      into.u8 = this.u8
      into.at = this.at
      into.length = length
    } else {
      copyBytes(into.own(length), 0, this.u8, this.at, length)
    }
    this.at += length
  }

  #integer(into: RdbString, bytes: number): void {
    this.need(bytes)
    let value = 0
    for (let i = 0; i < bytes; i++) value |= this.u8[this.at++] << (8 * i)
    const unused = 32 - 8 * bytes
    const length = writeInteger(into.own(DIGITS_MAX), 0, (value << unused) >> unused)
    into.length = length
  }

  /**
   * If a compressed string comes next, reads its head, sees to it that all of it is there and returns its length when
   * decompressed; then `decompress` must follow. Else returns -1, and nothing has been read.
   */
  compressed(): number {
    this.need(1)
    if (this.u8[this.at] !== (ENCODED | STRING_ENCODING.LZF)) return -1
    this.at++
    return this.#compressedHead()
  }

  #compressedHead(): number {
    this.#size = this.size()
    const length = this.size()
    sound(length <= this.#size * LZF_GROWTH_MAX, BAD_STRING)
    this.need(this.#size)
    return length
  }

  /** Decompresses the string whose head has been read to u8[at … at + length). */
  decompress(u8: Uint8Array, at: number, length: number): void {
    const size = this.#size
    if (!lzfDecompress(this.u8, this.at, size, u8, at, length)) throw new RdbDamage(BAD_STRING)
    this.at += size
  }
}
