// A text that all threads share: the libraries of functions (store/libraries.ts), the values of the directives.
//
//   OFFSET  SIZE  FIELD    WRITER  MEANING
//        0     4  VERSION  one     counts up before and after each change: odd while there is one
//        4     4  LENGTH   one     bytes of the text
//        8     N  TEXT     one
//
// One writes at a time: for the libraries whoever holds every shard's lock, so that who holds one reads what holds for its
// commands; for the directives the main thread. Others may read at any time: what they read while it is being changed they
// do not get, and go on with what they had.

export const TEXT_BLOCK = { VERSION: 0, LENGTH: 4, TEXT: 8 } as const
/** Reserved, not taken. */
const BYTES_MAX = 2 ** 30

export const textBlockCreate = (): SharedArrayBuffer =>
  new SharedArrayBuffer(TEXT_BLOCK.TEXT, { maxByteLength: BYTES_MAX })

export class TextBlock {
  readonly #buffer: SharedArrayBuffer
  readonly #words: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.#buffer = buffer
    this.#words = new Int32Array(buffer, 0, TEXT_BLOCK.TEXT / 4)
  }

  /** Another number with every change. */
  get version(): number {
    return Atomics.load(this.#words, TEXT_BLOCK.VERSION / 4)
  }

  /** The text, one character a byte, and the version that it is of; undefined while it is being changed. */
  read(): { readonly text: string; readonly version: number } | undefined {
    const version = this.version
    if (version % 2 !== 0) return undefined
    const text = Buffer.from(this.#buffer, TEXT_BLOCK.TEXT, this.#words[TEXT_BLOCK.LENGTH / 4]).toString('latin1')
    return this.version === version ? { text, version } : undefined
  }

  /** Whether a text of so many bytes has room. */
  fits(bytes: number): boolean {
    return TEXT_BLOCK.TEXT + bytes <= BYTES_MAX
  }

  write(text: string): void {
    const words = this.#words
    const bytes = TEXT_BLOCK.TEXT + text.length
    if (bytes > this.#buffer.byteLength) this.#buffer.grow(bytes)
    Atomics.add(words, TEXT_BLOCK.VERSION / 4, 1)
    Buffer.from(this.#buffer, TEXT_BLOCK.TEXT, text.length).write(text, 'latin1')
    words[TEXT_BLOCK.LENGTH / 4] = text.length
    Atomics.add(words, TEXT_BLOCK.VERSION / 4, 1)
  }
}
