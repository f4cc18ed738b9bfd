// Bytes of an RDB file as they come, from a file or another thread, with what has been read of them counted and, where it
// is wanted, summed up.

import { byteArray } from '../bytes/byte-array.ts'
import { copyBytes } from '../bytes/copy.ts'
import { type Crc64, crc64Start, crc64Update } from '../bytes/crc64.ts'
import { RdbSource } from '../store/rdb/source.ts'

const BUFFER_BYTES = 512 * 1024

/** Puts up to `length` bytes at `u8[at]` and returns how many; 0 at the end. May sleep until there are some. */
export type ReadBytes = (u8: Uint8Array, at: number, length: number) => number

export class ByteFeed {
  readonly source: RdbSource
  readonly #read: ReadBytes
  /** The first buffer that was left since strings were last settled: they may lie there, and in later ones. */
  #left: Uint8Array | undefined
  /** A buffer that no string lies in: memory that has been written to just now is in the processor's cache. */
  #spare: Uint8Array | undefined
  readonly #crc: Crc64 | undefined
  /** Offset in the file of the source's byte 0. */
  #base: number
  /** The checksum covers the source's bytes before this one. */
  #summed = 0
  /** Told how far the reading has come, each time that more is read. */
  onProgress: ((offset: number) => void) | undefined

  /** `sums` says whether a checksum is wanted; `base` is the offset of the first byte, for messages. */
  constructor(read: ReadBytes, sums: boolean, base = 0) {
    this.#read = read
    this.#crc = sums ? crc64Start() : undefined
    this.#base = base
    this.source = new RdbSource(byteArray(BUFFER_BYTES), 0, 0)
    this.source.keepsStill = true
    this.source.more = (_source, bytes) => this.#more(bytes)
  }

  /** How many bytes have been taken from the source, from the file's beginning on. */
  get offset(): number {
    return this.#base + this.source.at
  }

  /** The checksum of all that has been taken. */
  sum(): Crc64 | undefined {
    const { source } = this
    if (this.#crc !== undefined) crc64Update(this.#crc, source.u8, this.#summed, source.at - this.#summed)
    this.#summed = source.at
    return this.#crc
  }

  /** Nobody uses the strings any more that have been read so far: their buffers may be filled anew. */
  settle(): void {
    if (this.#left === undefined) return
    if (this.#left.length === BUFFER_BYTES) this.#spare = this.#left
    this.#left = undefined
  }

  #buffer(bytes: number): Uint8Array {
    const spare = this.#spare
    if (spare === undefined || bytes > BUFFER_BYTES) return byteArray(bytes)
    this.#spare = undefined
    return spare
  }

  // Strings that were read may still be in use, so another buffer is filled.
  #more(bytes: number): boolean {
    const { source } = this
    this.sum()
    this.onProgress?.(this.offset)
    const left = source.end - source.at
    const u8 = this.#buffer(Math.max(BUFFER_BYTES, bytes + BUFFER_BYTES / 8))
    this.#left ??= source.u8
    copyBytes(u8, 0, source.u8, source.at, left)
    this.#base += source.at
    source.u8 = u8
    source.at = 0
    source.end = left
    this.#summed = 0
    while (source.end < bytes) {
      const got = this.#read(u8, source.end, u8.length - source.end)
      if (got === 0) return false
      source.end += got
    }
    return true
  }
}
