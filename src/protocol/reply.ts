// Writes replies in RESP2 or RESP3.
//
// One Reply serves a thread: commands append to its buffer, and whoever runs them takes the bytes away. Nothing is
// allocated per reply; the buffer grows when a reply needs it.

import { type ByteArray, byteArray } from '../bytes/byte-array.ts'
import { copyBytes } from '../bytes/copy.ts'
import { formatDouble17, writeDouble17 } from '../bytes/doubles.ts'
import { integerLength, writeBigInteger, writeInteger } from '../bytes/integers.ts'

const CR = 13
const LF = 10
const PLUS = 43
const MINUS = 45
const COLON = 58
const DOLLAR = 36
const STAR = 42
const COMMA = 44
const PERCENT = 37
const TILDE = 126
const PUSH = 62
const EQUALS = 61
const BRACKET = 40
const BAR = 124

const HEAD_BYTES = 32
const utf8 = new TextEncoder()

function latin1(text: string): ByteArray<ArrayBuffer> {
  const bytes = byteArray(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

const OK = latin1('+OK\r\n')
const QUEUED = latin1('+QUEUED\r\n')
const PONG = latin1('+PONG\r\n')
const NIL_2 = latin1('$-1\r\n')
const NIL_ARRAY_2 = latin1('*-1\r\n')
const NIL_3 = latin1('_\r\n')
const EMPTY_ARRAY = latin1('*0\r\n')
const TRUE_3 = latin1('#t\r\n')
const FALSE_3 = latin1('#f\r\n')

export class Reply {
  /** The bytes so far are u8[0 … length). */
  u8: ByteArray<ArrayBuffer>
  length = 0
  /** The protocol of the client being answered. */
  resp: 2 | 3 = 2
  /** How many error replies have been written; lets whoever runs a command see that it failed. */
  errors = 0
  /** Where the last error reply starts. */
  errorAt = 0

  constructor(bytes = 65536) {
    this.u8 = byteArray(bytes)
  }

  /** Forgets what was written and, if a large reply blew the buffer up, shrinks it to `bytes`. */
  reset(bytes = 65536): void {
    this.length = 0
    if (this.u8.length > 16 * bytes) this.u8 = byteArray(bytes)
  }

  /** Hands the buffer over to the caller and goes on with a fresh one. */
  take(bytes = 65536): Uint8Array<ArrayBuffer> {
    const taken = this.u8.subarray(0, this.length)
    this.u8 = byteArray(bytes)
    this.length = 0
    return taken
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    if (this.length + bytes > this.u8.length) this.#grow(bytes)
  }

  #grow(bytes: number): void {
    const needed = this.length + bytes
    // Doubling wastes up to half; a reply of hundreds of megabytes takes what it needs and a little more.
    const larger = byteArray(needed < 2 ** 26 ? Math.max(needed, this.u8.length * 2) : needed + 2 ** 20)
    copyBytes(larger, 0, this.u8, 0, this.length)
    this.u8 = larger
  }

  /** Bytes already in RESP. */
  raw(bytes: Uint8Array, at = 0, length = bytes.length): void {
    this.reserve(length)
    copyBytes(this.u8, this.length, bytes, at, length)
    this.length += length
  }

  ok(): void {
    this.raw(OK)
  }

  queued(): void {
    this.raw(QUEUED)
  }

  pong(): void {
    this.raw(PONG)
  }

  /** A nil: `$-1` or `_`. */
  nil(): void {
    this.raw(this.resp === 3 ? NIL_3 : NIL_2)
  }

  /** A nil where an array was asked for: `*-1` or `_`. */
  nilArray(): void {
    this.raw(this.resp === 3 ? NIL_3 : NIL_ARRAY_2)
  }

  emptyArray(): void {
    this.raw(EMPTY_ARRAY)
  }

  /** An integer that a double holds exactly. */
  integer(value: number): void {
    this.reserve(HEAD_BYTES)
    const u8 = this.u8
    let at = this.length
    u8[at++] = COLON
    if (value >= 0 && value < 10) u8[at++] = 48 + value
    else at += writeInteger(u8, at, value)
    u8[at] = CR
    u8[at + 1] = LF
    this.length = at + 2
  }

  bigInteger(value: bigint): void {
    this.reserve(HEAD_BYTES)
    this.u8[this.length++] = COLON
    this.length += writeBigInteger(this.u8, this.length, value)
    this.#end()
  }

  /** A bulk string. `u8` may be the arena. */
  bulk(bytes: Uint8Array, at: number, length: number): void {
    this.reserve(length + HEAD_BYTES)
    this.#head(DOLLAR, length)
    copyBytes(this.u8, this.length, bytes, at, length)
    this.length += length
    this.#end()
  }

  /** Writes a bulk string's head and `length` bytes that the caller fills in, at the index returned. */
  bulkSpace(length: number): number {
    this.reserve(length + HEAD_BYTES)
    this.#head(DOLLAR, length)
    const at = this.length
    this.length += length
    this.#end()
    return at
  }

  /** An integer as a bulk string. */
  bulkInteger(value: number): void {
    this.reserve(2 * HEAD_BYTES)
    this.#head(DOLLAR, integerLength(value))
    this.length += writeInteger(this.u8, this.length, value)
    this.#end()
  }

  /** A text as a bulk string, in UTF-8. Not for the hot path. */
  text(text: string): void {
    const bytes = utf8.encode(text)
    this.bulk(bytes, 0, bytes.length)
  }

  /** A bulk string whose characters are bytes 0 to 255. Not for the hot path. */
  latin1(text: string): void {
    const bytes = latin1(text)
    this.bulk(bytes, 0, bytes.length)
  }

  /** A text with a format: `=15:txt:…` in RESP3, a bulk string in RESP2. */
  verbatim(format: string, text: string): void {
    if (this.resp === 2) {
      this.text(text)
      return
    }
    const bytes = utf8.encode(`${format}:${text}`)
    this.reserve(bytes.length + HEAD_BYTES)
    this.#head(EQUALS, bytes.length)
    this.raw(bytes)
    this.reserve(2)
    this.#end()
  }

  /** A simple string. */
  simple(text: string): void {
    this.#line(PLUS, text)
  }

  /** An error reply. The text begins with its code, as in `ERR syntax error`. */
  error(text: string): void {
    this.errors++
    this.errorAt = this.length
    // A line break would end the reply early.
    this.#line(MINUS, text.replace(/[\r\n]/g, ' '))
  }

  /** A score or the like: `,1.5` in RESP3, a bulk string in RESP2; written as C's %.17g does. */
  double(value: number): void {
    this.reserve(2 * HEAD_BYTES)
    if (this.resp === 3) {
      this.u8[this.length++] = COMMA
      this.length += writeDouble17(this.u8, this.length, value)
      this.#end()
      return
    }
    // The length comes first, so the digits are written behind it and the head in front of them afterwards.
    const start = this.length
    const digits = writeDouble17(this.u8, start + 8, value)
    this.#head(DOLLAR, digits)
    this.u8.copyWithin(this.length, start + 8, start + 8 + digits)
    this.length += digits
    this.#end()
  }

  /** A double as a bulk string in both protocols. */
  bulkDouble(value: number): void {
    this.latin1(formatDouble17(value))
  }

  boolean(value: boolean): void {
    if (this.resp === 3) this.raw(value ? TRUE_3 : FALSE_3)
    else this.integer(value ? 1 : 0)
  }

  bigNumber(digits: string): void {
    if (this.resp === 3) this.#line(BRACKET, digits)
    else this.latin1(digits)
  }

  array(count: number): void {
    this.#aggregate(STAR, count)
  }

  /** A map of `pairs` pairs; in RESP2 an array of twice as many. */
  map(pairs: number): void {
    if (this.resp === 3) this.#aggregate(PERCENT, pairs)
    else this.#aggregate(STAR, pairs * 2)
  }

  set(count: number): void {
    this.#aggregate(this.resp === 3 ? TILDE : STAR, count)
  }

  push(count: number): void {
    this.#aggregate(this.resp === 3 ? PUSH : STAR, count)
  }

  /** Attributes of the reply that follows; RESP3 only. */
  attribute(pairs: number): void {
    this.#aggregate(BAR, pairs)
  }

  /** Starts an aggregate whose length is not known yet; give what this returns to `finish…`. */
  begin(): number {
    return this.length
  }

  /** Puts the head of an array of `count` in front of what was written since `begin`. */
  finishArray(begun: number, count: number): void {
    this.#finish(begun, STAR, count)
  }

  finishMap(begun: number, pairs: number): void {
    if (this.resp === 3) this.#finish(begun, PERCENT, pairs)
    else this.#finish(begun, STAR, pairs * 2)
  }

  finishSet(begun: number, count: number): void {
    this.#finish(begun, this.resp === 3 ? TILDE : STAR, count)
  }

  #finish(begun: number, sign: number, count: number): void {
    this.reserve(HEAD_BYTES)
    const head = 1 + integerLength(count) + 2
    this.u8.copyWithin(begun + head, begun, this.length)
    const end = this.length + head
    this.length = begun
    this.#head(sign, count)
    this.length = end
  }

  #aggregate(sign: number, count: number): void {
    this.reserve(HEAD_BYTES)
    this.#head(sign, count)
  }

  #head(sign: number, count: number): void {
    const u8 = this.u8
    let at = this.length
    u8[at++] = sign
    if (count < 10) u8[at++] = 48 + count
    else at += writeInteger(u8, at, count)
    u8[at] = CR
    u8[at + 1] = LF
    this.length = at + 2
  }

  /** Characters are bytes here: an error shows a client's own bytes back as they were. */
  #line(sign: number, text: string): void {
    const bytes = latin1(text)
    this.reserve(bytes.length + 3)
    this.u8[this.length++] = sign
    this.raw(bytes)
    this.reserve(2)
    this.#end()
  }

  #end(): void {
    this.u8[this.length] = CR
    this.u8[this.length + 1] = LF
    this.length += 2
  }
}
