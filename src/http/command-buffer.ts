// Commands on their way from HTTP to the router: written in RESP, as if a client had sent them.
//
// One buffer serves a thread. It is filled and fed to the router within one call, so requests never mix in it.

import { type ByteArray, byteArray } from '../bytes/byte-array.ts'
import { commandByName, type Entry, findCommand, findSubcommand } from '../commands/table.ts'

/** An argument as it comes: JSON's scalars, or the bytes of a body. */
export type Argument = string | number | boolean | Uint8Array

const BUFFER_BYTES = 64 * 1024
/** A buffer that a large request blew up is not kept. */
const KEPT_BYTES_MAX = 1024 * 1024
const HEAD_BYTES = 24

/**
 * What makes no sense for a request that is over once it is answered: it would outlive the request, or be replied to more
 * than once, or never.
 */
const NOT_OVER_HTTP: ReadonlySet<Entry | undefined> = new Set(
  [
    ...['subscribe', 'unsubscribe', 'psubscribe', 'punsubscribe', 'ssubscribe', 'sunsubscribe', 'monitor'],
    ...['multi', 'exec', 'discard', 'watch', 'unwatch'],
    ...['hello', 'auth', 'select', 'reset', 'quit'],
    ...['client|reply', 'client|tracking', 'client|caching', 'sync', 'psync', 'replconf'],
  ].map(commandByName),
)

export class CommandBuffer {
  u8 = byteArray(BUFFER_BYTES)
  /** The same bytes, as what writes texts. */
  #text = bufferOf(this.u8)
  /** The word written last: u8[#wordAt … #wordAt + #wordBytes). */
  #wordAt = 0
  #wordBytes = 0
  length = 0
  /** How many commands are in it. */
  count = 0

  /** Makes it ready for a request. */
  begin(): void {
    this.length = 0
    this.count = 0
    if (this.u8.length > KEPT_BYTES_MAX) this.#use(byteArray(BUFFER_BYTES))
  }

  /** Adds a command. Returns the error to answer with if it cannot be sent; then nothing is added. */
  push(words: readonly unknown[]): string | undefined {
    const before = this.length
    if (words.length === 0) return 'ERR empty command'
    this.#head(42, words.length)
    let entry: Entry | undefined
    for (let i = 0; i < words.length; i++) {
      const word = words[i]
      if (!isArgument(word)) {
        this.length = before
        return 'ERR invalid command: arguments must be strings, numbers or booleans'
      }
      this.#word(word)
      if (i === 0) entry = findCommand(this.u8, this.#wordAt, this.#wordBytes)
      else if (i === 1 && entry !== undefined && entry.subcommands.length > 0) {
        entry = findSubcommand(entry, this.u8, this.#wordAt, this.#wordBytes) ?? entry
      }
    }
    if (entry !== undefined && NOT_OVER_HTTP.has(entry)) {
      this.length = before
      return `ERR ${entry.fullName.replace('|', ' ').toUpperCase()} is not available over HTTP`
    }
    this.count++
    return undefined
  }

  /** Adds a command of the gateway's own, which need not be one that requests may send. */
  pushOwn(words: readonly string[]): void {
    this.#head(42, words.length)
    for (const word of words) this.#word(word)
    this.count++
  }

  #word(word: Argument): void {
    const text = typeof word === 'object' ? undefined : typeof word === 'string' ? word : String(word)
    const bytes = text === undefined ? (word as Uint8Array).length : Buffer.byteLength(text)
    this.#head(36, bytes)
    this.#reserve(bytes + 2)
    this.#wordAt = this.length
    this.#wordBytes = bytes
    if (text === undefined) this.u8.set(word as Uint8Array, this.length)
    else this.#text.write(text, this.length, 'utf8')
    this.length += bytes
    this.u8[this.length++] = 13
    this.u8[this.length++] = 10
  }

  #head(sign: number, count: number): void {
    this.#reserve(HEAD_BYTES)
    const { u8 } = this
    u8[this.length++] = sign
    let digits = 1
    for (let limit = 10; count >= limit; limit *= 10) digits++
    let rest = count
    for (let i = this.length + digits - 1; i >= this.length; i--) {
      u8[i] = 48 + (rest % 10)
      rest = Math.floor(rest / 10)
    }
    this.length += digits
    u8[this.length++] = 13
    u8[this.length++] = 10
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.u8.length) return
    const larger = byteArray(Math.max(this.length + bytes, this.u8.length * 2))
    larger.set(this.u8.subarray(0, this.length))
    this.#use(larger)
  }

  #use(u8: ByteArray<ArrayBuffer>): void {
    this.u8 = u8
    this.#text = bufferOf(u8)
  }
}

const isArgument = (word: unknown): word is Argument =>
  typeof word === 'string' || typeof word === 'number' || typeof word === 'boolean' || word instanceof Uint8Array

function bufferOf(u8: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(u8.buffer, u8.byteOffset, u8.length)
}
