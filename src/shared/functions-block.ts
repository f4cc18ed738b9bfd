// The libraries of functions, as bytes that all threads share. What the bytes say is told in store/libraries.ts.
//
//   OFFSET  SIZE  FIELD    WRITER             MEANING
//        0     4  VERSION  who has all locks  counts up before and after each change: odd while there is one
//        4     4  LENGTH   who has all locks  bytes of the text
//        8     N  TEXT     who has all locks
//
// Whoever writes holds every shard's lock, so whoever holds one reads what holds for its commands. Others may read as well:
// what they read while it is being changed they do not get, and go on with what they had.

export const FUNCTIONS = { VERSION: 0, LENGTH: 4, TEXT: 8 } as const
/** Reserved, not taken. */
const BYTES_MAX = 2 ** 30

export const functionsCreate = (): SharedArrayBuffer =>
  new SharedArrayBuffer(FUNCTIONS.TEXT, { maxByteLength: BYTES_MAX })

export class FunctionsBlock {
  readonly #buffer: SharedArrayBuffer
  readonly #words: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.#buffer = buffer
    this.#words = new Int32Array(buffer, 0, FUNCTIONS.TEXT / 4)
  }

  /** Another number with every change. */
  get version(): number {
    return Atomics.load(this.#words, FUNCTIONS.VERSION / 4)
  }

  /** The text, one character a byte, and the version that it is of; undefined while it is being changed. */
  read(): { readonly text: string; readonly version: number } | undefined {
    const version = this.version
    if (version % 2 !== 0) return undefined
    const text = Buffer.from(this.#buffer, FUNCTIONS.TEXT, this.#words[FUNCTIONS.LENGTH / 4]).toString('latin1')
    return this.version === version ? { text, version } : undefined
  }

  /** Whether a text of so many bytes has room. */
  fits(bytes: number): boolean {
    return FUNCTIONS.TEXT + bytes <= BYTES_MAX
  }

  write(text: string): void {
    const words = this.#words
    const bytes = FUNCTIONS.TEXT + text.length
    if (bytes > this.#buffer.byteLength) this.#buffer.grow(bytes)
    Atomics.add(words, FUNCTIONS.VERSION / 4, 1)
    Buffer.from(this.#buffer, FUNCTIONS.TEXT, text.length).write(text, 'latin1')
    words[FUNCTIONS.LENGTH / 4] = text.length
    Atomics.add(words, FUNCTIONS.VERSION / 4, 1)
  }
}
