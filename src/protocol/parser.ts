// Reads commands off a connection's bytes: RESP arrays of bulk strings, and inline commands for people with telnet.
//
// Parsing goes on where it stopped, so a command that comes in a thousand pieces is still read once. The parser keeps
// no bytes: the connection does, and tells it when they move (`shift`).

import { splitArgs } from '../config/split-args.ts'
import type { Request } from './request.ts'

/** What `parse` found. */
export const PARSED = {
  /** A whole command is in the request; `at` is behind it. */
  COMMAND: 0,
  /** The bytes end first. */
  MORE: 1,
  /** The bytes are no command; `error` says why. The connection must end. */
  ERROR: 2,
  /** An empty line or array, which gets no reply; `at` is behind it. */
  NOTHING: 3,
} as const

const CR = 13
const LF = 10
const STAR = 42
const DOLLAR = 36
const MINUS = 45
const LINE_BYTES_MAX = 64 * 1024
const ARGUMENTS_MAX = 2 ** 31 - 1
/** What a client may send before it has authenticated. */
const ARGUMENTS_MAX_STRANGER = 10
const BULK_BYTES_MAX_STRANGER = 16384

/** An argument of so many bytes or more is long. */
const LONG_BYTES = 32 * 1024

const NOT_WHOLE = -1
const NOT_A_NUMBER = -2

export class Parser {
  /** Where the command's arguments go. */
  req: Request
  /** Where the command being read starts. */
  start = 0
  /** How far it has been read. */
  at = 0
  error = ''
  /** Longest argument: proto-max-bulk-len. */
  bulkBytesMax = 512 * 1024 * 1024
  /** Whether the client still has to authenticate, which narrows the limits. */
  stranger = false
  /** Arguments still to come, -1 before the head has been read. */
  #left = -1
  /** Length of the bulk string being read, -1 before its head has been read. */
  #bulk = -1
  #number = 0

  constructor(req: Request) {
    this.req = req
  }

  /** Starts at a command's first byte. */
  begin(at: number): void {
    this.start = at
    this.at = at
    this.#left = -1
    this.#bulk = -1
  }

  /** The bytes have moved by `delta`. */
  shift(delta: number): void {
    this.start += delta
    this.at += delta
    const { req } = this
    for (let i = 0; i < req.argc; i++) req.at[i] += delta
  }

  /** Takes over where another parser stopped, its bytes having moved by `delta`. */
  resume(other: Parser, delta: number): void {
    const { req } = this
    req.argc = 0
    for (let i = 0; i < other.req.argc; i++) req.push(other.req.at[i], other.req.length[i])
    this.start = other.start
    this.at = other.at
    this.#left = other.#left
    this.#bulk = other.#bulk
    this.bulkBytesMax = other.bulkBytesMax
    this.stranger = other.stranger
    this.shift(delta)
  }

  /** Whether it is in the midst of a command's arguments. */
  get isInside(): boolean {
    return this.#left >= 0
  }

  /** Bytes before a long argument that is being read: Redis has cut them off its buffer, and CLIENT LIST shows that. */
  get bytesBeforeLong(): number {
    return this.#bulk >= LONG_BYTES ? this.at - this.start : 0
  }

  /** Bytes from `start` that the command takes at least, as far as is known: what a buffer should have room for. */
  get needed(): number {
    return this.at - this.start + (this.#bulk >= 0 ? this.#bulk + 2 : 0)
  }

  /** Reads on in u8[at … end). */
  parse(u8: Uint8Array, end: number): number {
    if (this.#left < 0) {
      if (this.at >= end) return PARSED.MORE
      if (u8[this.at] !== STAR) return this.#inline(u8, end)
      const count = this.#line(u8, end)
      if (count === NOT_WHOLE) return this.#lineTooLong(end, 'too big mbulk count string')
      const isValid = count === NOT_A_NUMBER ? false : this.#number <= ARGUMENTS_MAX
      if (!isValid) return this.#fail('invalid multibulk length')
      if (this.stranger && this.#number > ARGUMENTS_MAX_STRANGER) return this.#fail('unauthenticated multibulk length')
      this.at = count
      if (this.#number <= 0) return PARSED.NOTHING
      this.#left = this.#number
      this.req.start(u8)
    }
    this.req.u8 = u8
    while (this.#left > 0) {
      if (this.#bulk < 0) {
        if (this.at >= end) return PARSED.MORE
        // A sign other than $ is wrong as soon as its line is whole, as in Redis.
        const next = this.#line(u8, end)
        if (next === NOT_WHOLE) return this.#lineTooLong(end, 'too big bulk count string')
        if (u8[this.at] !== DOLLAR) return this.#fail(`expected '$', got '${String.fromCharCode(u8[this.at])}'`)
        if (next === NOT_A_NUMBER || this.#number < 0 || this.#number > this.bulkBytesMax) {
          return this.#fail('invalid bulk length')
        }
        if (this.stranger && this.#number > BULK_BYTES_MAX_STRANGER) return this.#fail('unauthenticated bulk length')
        this.#bulk = this.#number
        this.at = next
      }
      if (this.at + this.#bulk + 2 > end) return PARSED.MORE
      this.req.push(this.at, this.#bulk)
      this.at += this.#bulk + 2
      this.#bulk = -1
      this.#left--
    }
    this.#left = -1
    this.req.frame = this.start
    this.req.frameEnd = this.at
    return PARSED.COMMAND
  }

  /** Reads the number of a `*3` or `$5` line into #number. Returns the index behind the line, NOT_WHOLE or NOT_A_NUMBER. */
  #line(u8: Uint8Array, end: number): number {
    let at = this.at + 1
    let value = 0
    const negative = at < end && u8[at] === MINUS
    if (negative) at++
    const first = at
    for (; at < end; at++) {
      const digit = u8[at] - 48
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (at + 1 < end && u8[at] === CR && at > first && at - first < 20) {
      this.#number = negative ? -value : value
      return at + 2
    }
    // Not a number so far: wrong only once the line has ended.
    for (let i = this.at; i < end; i++) if (u8[i] === CR) return i + 1 < end ? NOT_A_NUMBER : NOT_WHOLE
    return NOT_WHOLE
  }

  #lineTooLong(end: number, text: string): number {
    return end - this.at > LINE_BYTES_MAX ? this.#fail(text) : PARSED.MORE
  }

  #fail(text: string): number {
    this.error = `ERR Protocol error: ${text}`
    return PARSED.ERROR
  }

  #inline(u8: Uint8Array, end: number): number {
    let lineEnd = this.at
    while (lineEnd < end && u8[lineEnd] !== LF) lineEnd++
    if (lineEnd === end) {
      return end - this.start > LINE_BYTES_MAX ? this.#fail('too big inline request') : PARSED.MORE
    }
    let stop = lineEnd
    if (stop > this.at && u8[stop - 1] === CR) stop--
    const words = splitArgs(Buffer.from(u8.subarray(this.at, stop)).toString('latin1'))
    this.at = lineEnd + 1
    if (words === undefined) return this.#fail('unbalanced quotes in request')
    if (words.length === 0) return PARSED.NOTHING
    // Quoted words differ from their bytes on the line, so they get a buffer of their own.
    this.req.start(new Uint8Array(Buffer.from(words.join(''), 'latin1')))
    let to = 0
    for (const word of words) {
      this.req.push(to, word.length)
      to += word.length
    }
    return PARSED.COMMAND
  }
}
