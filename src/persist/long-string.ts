// Writes long strings of a snapshot into its file, compressed where that pays: what comes in pieces and as it is, because
// compressing it would have kept a shard for too long.
//
// Two buffers of some MiB are all it takes. A string that fits in one is compressed as Redis does, or written as it is if
// it does not get shorter. Of a longer one, its beginning decides: if that gets shorter, the whole is compressed, piece after
// piece, behind room for the head, which tells the size and is filled in at the end. Should the rest not compress at all,
// it is longer by a thirty-second at most.

import { byteArray } from '../bytes/byte-array.ts'
import { copyBytes } from '../bytes/copy.ts'
import { LZF_OFFSET_MAX, lzfCompress } from '../bytes/lzf.ts'
import { ENCODED, LENGTH_32, STRING_ENCODING } from '../store/rdb/format.ts'
import { COMPRESS_GAIN_MIN } from '../store/rdb/sink.ts'
import { stringHead } from './rdb-frame.ts'

/** Compressed at a time. */
const PIECE_BYTES = 4 * 1024 * 1024
/** Of bytes that do not compress, each 32 need one more. */
const PACKED_BYTES_MAX = PIECE_BYTES + PIECE_BYTES / 32 + 1
/** The head of a compressed string with both lengths in their long form. */
const HEAD_BYTES = 11
const LENGTH_MAX = 2 ** 32 - 1

/** Where it writes to. */
export interface StringFile {
  write(u8: Uint8Array, at: number, length: number): void
  /** Leaves room for some bytes. */
  hold(bytes: number): void
  /** Fills that room. */
  fill(bytes: Uint8Array): void
}

export class LongString {
  readonly #compresses: boolean
  #file!: StringFile
  #length = 0
  /** Bytes that are still to come. */
  #left = 0
  #isPlain = false
  /** What has come and is not compressed: #raw[LZF_OFFSET_MAX … + #gathered), behind what came before. */
  #raw = byteArray(0)
  #gathered = 0
  #packed = byteArray(0)
  #packedBytes = 0

  constructor(compresses: boolean) {
    this.#compresses = compresses
  }

  /** Begins a string of `length` bytes, which `take` gets. */
  start(file: StringFile, length: number): void {
    this.#file = file
    this.#length = length
    this.#left = length
    this.#gathered = 0
    this.#packedBytes = 0
    this.#isPlain = !this.#compresses || length > LENGTH_MAX
    if (this.#isPlain) this.#writeHead()
  }

  /** Bytes of the string that are still to come. */
  get left(): number {
    return this.#left
  }

  take(u8: Uint8Array, at: number, length: number): void {
    if (this.#raw.length === 0 && !this.#isPlain) {
      this.#raw = byteArray(LZF_OFFSET_MAX + PIECE_BYTES)
      this.#packed = byteArray(PACKED_BYTES_MAX)
    }
    let done = 0
    while (done < length && !this.#isPlain) {
      const piece = Math.min(length - done, PIECE_BYTES - this.#gathered)
      copyBytes(this.#raw, LZF_OFFSET_MAX + this.#gathered, u8, at + done, piece)
      done += piece
      this.#left -= piece
      this.#gathered += piece
      if (this.#left === 0 || this.#gathered === PIECE_BYTES) this.#pack()
    }
    if (done === length) return
    this.#file.write(u8, at + done, length - done)
    this.#left -= length - done
  }

  /** Compresses what has come. */
  #pack(): void {
    const isFirst = this.#left + this.#gathered === this.#length
    const length = this.#gathered
    const max = isFirst ? length - COMPRESS_GAIN_MIN : this.#packed.length
    const size = lzfCompress(this.#raw, LZF_OFFSET_MAX, length, this.#packed, 0, max, isFirst ? 0 : LZF_OFFSET_MAX)
    if (isFirst && size === 0) {
      this.#isPlain = true
      this.#writeHead()
      this.#file.write(this.#raw, LZF_OFFSET_MAX, length)
      return
    }
    if (isFirst) this.#file.hold(HEAD_BYTES)
    this.#file.write(this.#packed, 0, size)
    this.#packedBytes += size
    this.#raw.copyWithin(0, length, length + LZF_OFFSET_MAX)
    this.#gathered = 0
    if (this.#left === 0) this.#file.fill(compressedHead(this.#packedBytes, this.#length))
  }

  #writeHead(): void {
    const head = stringHead(this.#length)
    this.#file.write(head, 0, head.length)
  }
}

function compressedHead(size: number, length: number): Uint8Array {
  const head = new DataView(new ArrayBuffer(HEAD_BYTES))
  head.setUint8(0, ENCODED | STRING_ENCODING.LZF)
  head.setUint8(1, LENGTH_32)
  head.setUint32(2, size)
  head.setUint8(6, LENGTH_32)
  head.setUint32(7, length)
  return new Uint8Array(head.buffer)
}
