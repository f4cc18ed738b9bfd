// Reads one file of the log, command by command, in RESP; lines that begin with # are notes.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { byteArray } from '../bytes/byte-array.ts'
import { fromByteString } from '../config/split-args.ts'
import { PARSED, Parser } from '../protocol/parser.ts'
import { Request } from '../protocol/request.ts'

const CHUNK_BYTES = 1024 * 1024
const HASH = 35
const STAR = 42
const LF = 10

export const READ = {
  /** A command is in `req`. */
  COMMAND: 0,
  /** A line is in `note`. */
  NOTE: 1,
  /** The file has ended behind a whole command. */
  END: 2,
  /** The file has ended within a command. */
  CUT: 3,
  /** What stands at `start` is no command. */
  BAD: 4,
} as const

export class LogReader {
  readonly req = new Request()
  note = ''
  readonly #fd: number
  readonly #size: number
  readonly #parser = new Parser(this.req)
  #u8 = byteArray(CHUNK_BYTES)
  /** Bytes in #u8, and the file offset of the first. */
  #end = 0
  #base: number
  #at = 0
  #start = 0
  #isAtEnd = false

  /** Reads the file from `offset` on. */
  constructor(path: string, offset = 0) {
    this.#fd = openSync(fromByteString(path), 'r')
    this.#size = fstatSync(this.#fd).size
    this.#base = offset
    this.#parser.bulkBytesMax = Number.MAX_SAFE_INTEGER
  }

  /** Where what was read last begins in the file, and where it ends. */
  get start(): number {
    return this.#base + this.#start
  }
  get end(): number {
    return this.#base + this.#at
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** Reads the next command or note; the last one's bytes are gone then. */
  next(): number {
    this.#start = this.#at
    if (this.#at === this.#end && !this.#fill()) return READ.END
    this.#start = this.#at
    const first = this.#u8[this.#at]
    if (first === HASH) return this.#readNote()
    if (first !== STAR) return READ.BAD
    const parser = this.#parser
    parser.begin(this.#at)
    for (;;) {
      const parsed = parser.parse(this.#u8, this.#end)
      if (parsed === PARSED.COMMAND) break
      if (parsed !== PARSED.MORE) return READ.BAD
      // A length that the file cannot hold asks for no memory.
      if (this.start + parser.needed > this.#size) return READ.CUT
      const before = this.#start
      if (!this.#fill()) return READ.CUT
      parser.shift(this.#start - before)
    }
    this.#at = parser.at
    return READ.COMMAND
  }

  #readNote(): number {
    for (let at = this.#at; ; ) {
      const end = this.#u8.subarray(0, this.#end).indexOf(LF, at)
      if (end >= 0) {
        this.note = Buffer.from(this.#u8.subarray(this.#at, end)).toString('latin1').trimEnd()
        this.#at = end + 1
        return READ.NOTE
      }
      const searched = this.#end - this.#start
      if (!this.#fill()) return READ.CUT
      at = this.#start + searched
    }
  }

  /** Gets more bytes behind those from #start on, which move to the front. Returns false at the file's end. */
  #fill(): boolean {
    if (this.#isAtEnd) return false
    const kept = this.#end - this.#start
    const needed = Math.max(this.#parser.needed, kept + CHUNK_BYTES / 2)
    if (this.#start > 0) this.#u8.copyWithin(0, this.#start, this.#end)
    this.#base += this.#start
    this.#at -= this.#start
    this.#end = kept
    this.#start = 0
    if (needed > this.#u8.length) {
      const larger = byteArray(Math.max(needed, this.#u8.length * 2))
      larger.set(this.#u8.subarray(0, kept))
      this.#u8 = larger
    }
    const read = readSync(this.#fd, this.#u8, kept, this.#u8.length - kept, this.#base + kept)
    this.#end += read
    this.#isAtEnd = read === 0
    return read > 0
  }

  /** A copy of the command that was read. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.#u8.slice(this.req.frame, this.req.frameEnd) as Uint8Array<ArrayBuffer>
  }
}
