// Writes entries anew as they go into a file, with their strings compressed where that pays: old values, in which nothing
// is, because a client waited.
//
// The entries are sound, since this server has just written them.

import { byteArray } from '../bytes/byte-array.ts'
import { copyBytes } from '../bytes/copy.ts'
import { ENCODED, OPCODE, STRING_ENCODING } from '../store/rdb/format.ts'
import { RdbSink } from '../store/rdb/sink.ts'
import { type ValueParts, walkValue } from '../store/rdb/skip.ts'
import { RdbSource } from '../store/rdb/source.ts'
import type { LongString, StringFile } from './long-string.ts'
import { LONG_BYTES } from './saved.ts'
import type { SnapshotReader } from './snapshot-reader.ts'

const TIME_BYTES = 8
const FLUSH_BYTES = 64 * 1024

export class Recoder implements ValueParts {
  readonly #long: LongString
  readonly #pull: () => boolean
  readonly #source = new RdbSource(new Uint8Array(0))
  readonly #sink = new RdbSink()
  #file!: StringFile
  #reader!: SnapshotReader
  /** What is left of one piece when the next is needed. */
  #joined = byteArray(0)

  /** `pull` waits for the reader's next piece of the same entries; false if there is none. */
  constructor(long: LongString, pull: () => boolean) {
    this.#long = long
    this.#pull = pull
    this.#source.more = (_source, bytes) => this.#more(bytes)
  }

  /** Writes the entries that the bytes at hand of `reader` begin. */
  run(reader: SnapshotReader, file: StringFile): void {
    const source = this.#source
    this.#reader = reader
    this.#file = file
    source.u8 = reader.u8
    source.at = reader.at
    source.end = reader.at + reader.length
    while (source.at < source.end || this.#more(1)) this.#entryPart()
    this.#flush()
  }

  /** Makes `bytes` bytes available. */
  #more(bytes: number): boolean {
    const source = this.#source
    const reader = this.#reader
    while (source.end - source.at < bytes) {
      const left = source.end - source.at
      this.#keep(left)
      if (!this.#pull()) return false
      if (left === 0) {
        source.u8 = reader.u8
        source.at = reader.at
      } else {
        this.#reserve(left + reader.length)
        copyBytes(this.#joined, left, reader.u8, reader.at, reader.length)
        source.u8 = this.#joined
        source.at = 0
      }
      source.end = source.at + left + reader.length
    }
    return true
  }

  /** Brings what is left to safety, before the reader goes on. */
  #keep(left: number): void {
    const source = this.#source
    this.#reserve(left)
    if (source.u8 === this.#joined) this.#joined.copyWithin(0, source.at, source.end)
    else copyBytes(this.#joined, 0, source.u8, source.at, left)
    source.u8 = this.#joined
    source.at = 0
    source.end = left
  }

  #reserve(bytes: number): void {
    if (this.#joined.length >= bytes) return
    const larger = byteArray(2 * bytes)
    larger.set(this.#joined)
    this.#joined = larger
  }

  #entryPart(): void {
    const opcode = this.#source.byte()
    this.#sink.byte(opcode)
    if (opcode === OPCODE.SELECT || opcode === OPCODE.IDLE) this.size()
    else if (opcode === OPCODE.FREQ) this.bytes(1)
    else if (opcode === OPCODE.EXPIRE_MS) this.bytes(TIME_BYTES)
    else {
      this.string()
      if (!walkValue(this, opcode)) throw new Error('an old value of a type that is never written')
    }
  }

  size(): number {
    const size = this.#source.size()
    this.#sink.size(size)
    return size
  }

  bigSize(): void {
    const size = this.#source.bigSize()
    this.#sink.size64(Number(size >> 32n), Number(size & 0xffff_ffffn))
  }

  bytes(count: number): void {
    const source = this.#source
    source.need(count)
    this.#sink.raw(source.u8, source.at, count)
    source.at += count
  }

  string(): void {
    const source = this.#source
    source.need(1)
    const first = source.u8[source.at]
    if (first < ENCODED) return this.#plain(source.size())
    this.bytes(1)
    const encoding = first & ~ENCODED
    if (encoding !== STRING_ENCODING.LZF) return this.bytes(1 << encoding)
    let left = this.size()
    this.size()
    for (let piece = 0; left > 0; left -= piece) {
      source.need(1)
      piece = Math.min(left, source.end - source.at)
      this.bytes(piece)
      this.#flush()
    }
  }

  #plain(length: number): void {
    const source = this.#source
    if (length < LONG_BYTES) {
      source.need(length)
      this.#sink.string(source.u8, source.at, length)
      source.at += length
      if (this.#sink.length >= FLUSH_BYTES) this.#flush()
      return
    }
    this.#flush()
    const long = this.#long
    long.start(this.#file, length)
    while (long.left > 0) {
      source.need(1)
      const piece = Math.min(long.left, source.end - source.at)
      long.take(source.u8, source.at, piece)
      source.at += piece
    }
  }

  #flush(): void {
    this.#file.write(this.#sink.u8, 0, this.#sink.length)
    this.#sink.clear()
  }
}
