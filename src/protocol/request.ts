// One command as it arrived: a byte array and where its arguments lie in it.
//
// A Request is reused for every command of its thread. `u8` is the connection's read buffer, a ring, or a frame's own
// copy; a handler must not care which, and keeps nothing of it after it returns. Argument 0 is the command's name.

import { keySlot } from '../bytes/crc16.ts'
import { parseDouble, parseScoreBound } from '../bytes/doubles.ts'
import { parseBigInteger, parseInteger, parseUnsigned } from '../bytes/integers.ts'

/** What handlers may know of whoever sent the command. */
export interface Sender {
  /** The client's id, as in CLIENT ID. 0 for commands of the server itself. */
  readonly id: number
  /** SENDER flags. */
  flags: number
}

export const SENDER = {
  /** CLIENT NO-TOUCH: reads leave LRU and LFU as they are. */
  NO_TOUCH: 1,
  /** The link to the master: its commands are applied whatever they are. */
  MASTER: 2,
  /** Inside EXEC or a script: blocking commands don't block. */
  DENY_BLOCKING: 4,
  /** Replaying an append-only file. */
  LOADING: 8,
  /** The user may not read every key: commands that look for keys by pattern refuse. */
  SOME_KEYS: 16,
  /** Keeps copies of what it reads (CLIENT TRACKING): the keys are to be remembered. */
  TRACKS: 32,
  /** CLIENT CACHING was its last command. */
  CACHING: 64,
  /** The user may not do everything: scripts are told what it may. */
  RESTRICTED: 128,
} as const

const NOBODY: Sender = { id: 0, flags: 0 }

export class Request {
  u8: Uint8Array = new Uint8Array(0)
  /** Index of each argument's first byte. */
  at = new Int32Array(64)
  /** Bytes of each argument. */
  length = new Int32Array(64)
  argc = 0
  /** Where the command begins and ends in `u8` as a RESP array; -1 where it lies otherwise. */
  frame = -1
  frameEnd = 0
  /** The selected database. */
  db = 0
  /** The protocol for replies that differ by it. */
  resp: 2 | 3 = 2
  sender: Sender = NOBODY
  /** The argument whose slot and hash are known already, -1 = none. */
  #hashed = -1
  #slot = 0
  #hash = 0

  /** Starts a command whose arguments lie in `u8`. */
  start(u8: Uint8Array): void {
    this.u8 = u8
    this.argc = 0
    this.frame = -1
    this.#hashed = -1
  }

  /** Becomes what `other` is so far: a command that has not come whole. */
  takeOver(other: Request): void {
    this.start(other.u8)
    for (let i = 0; i < other.argc; i++) this.push(other.at[i], other.length[i])
  }

  /** Notes the slot and the hash of argument `i`, so that nobody works them out again. */
  remember(i: number, slot: number, hash: number): void {
    this.#hashed = i
    this.#slot = slot
    this.#hash = hash
  }

  /** Whether `hash` is that of argument `i`. */
  isHashed(i: number): boolean {
    return this.#hashed === i
  }

  /** What `remember` was told. */
  get hash(): number {
    return this.#hash
  }

  /** Adds an argument. */
  push(at: number, length: number): void {
    if (this.argc === this.at.length) this.#grow()
    this.at[this.argc] = at
    this.length[this.argc++] = length
  }

  #grow(): void {
    const at = new Int32Array(this.argc * 2)
    const length = new Int32Array(this.argc * 2)
    at.set(this.at)
    length.set(this.length)
    this.at = at
    this.length = length
  }

  /** About how many bytes it has. */
  get bytes(): number {
    const last = this.argc - 1
    return this.at[last] + this.length[last] - this.at[0]
  }

  /** Whether argument `i` is this upper-case word, in any case. */
  is(i: number, word: string): boolean {
    const length = this.length[i]
    if (length !== word.length) return false
    const u8 = this.u8
    const at = this.at[i]
    for (let j = 0; j < length; j++) {
      const byte = u8[at + j]
      const upper = byte >= 97 && byte <= 122 ? byte - 32 : byte
      if (upper !== word.charCodeAt(j)) return false
    }
    return true
  }

  /** Whether argument `i` is one byte, this one. */
  isByte(i: number, byte: number): boolean {
    return this.length[i] === 1 && this.u8[this.at[i]] === byte
  }

  /** A safe integer, NaN if it is none, ±Infinity if it is an int64 beyond 2^53: then see bigInteger. */
  integer(i: number): number {
    return parseInteger(this.u8, this.at[i], this.length[i])
  }

  /** Any int64, undefined if the argument is none. */
  bigInteger(i: number): bigint | undefined {
    return parseBigInteger(this.u8, this.at[i], this.length[i])
  }

  /** An unsigned 64-bit integer in the manner of `integer`. */
  unsigned(i: number): number {
    return parseUnsigned(this.u8, this.at[i], this.length[i])
  }

  /** A double; NaN if it is none (a NaN is refused as a score or increment anyway). */
  double(i: number): number {
    return parseDouble(this.u8, this.at[i], this.length[i])
  }

  /** The bound of a score range without its `(`, read laxly as Redis does, from byte `skip` of the argument. */
  scoreBound(i: number, skip: number): number {
    return parseScoreBound(this.u8, this.at[i] + skip, this.length[i] - skip)
  }

  /** The argument's first byte, -1 if it is empty. */
  firstByte(i: number): number {
    return this.length[i] === 0 ? -1 : this.u8[this.at[i]]
  }

  /** The argument as text, one character a byte. Makes a string: not for the hot path. */
  text(i: number): string {
    let text = ''
    const end = this.at[i] + this.length[i]
    for (let j = this.at[i]; j < end; j++) text += String.fromCharCode(this.u8[j])
    return text
  }

  /** A copy of the argument's bytes. Not for the hot path. */
  copy(i: number): Uint8Array {
    return new Uint8Array(this.u8.subarray(this.at[i], this.at[i] + this.length[i]))
  }

  /** The cluster slot of argument `i` as a key. */
  slot(i: number): number {
    return this.#hashed === i ? this.#slot : keySlot(this.u8, this.at[i], this.length[i])
  }

  /** Whether arguments `i` and `j` are the same bytes. */
  same(i: number, j: number): boolean {
    const length = this.length[i]
    if (length !== this.length[j]) return false
    const u8 = this.u8
    const a = this.at[i]
    const b = this.at[j]
    for (let k = 0; k < length; k++) if (u8[a + k] !== u8[b + k]) return false
    return true
  }
}

/** A request made of texts, for tests and for commands the server gives itself. */
export function requestOf(parts: readonly (string | Uint8Array)[]): Request {
  const encoded = parts.map(part => (typeof part === 'string' ? new Uint8Array(Buffer.from(part, 'latin1')) : part))
  const request = new Request()
  request.start(new Uint8Array(encoded.reduce((sum, part) => sum + part.length, 0)))
  let at = 0
  for (const part of encoded) {
    request.u8.set(part, at)
    request.push(at, part.length)
    at += part.length
  }
  return request
}
