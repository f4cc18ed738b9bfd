// A pipe of bytes from one thread to one other: the writer never waits, the reader may.
//
//   OFFSET  SIZE  FIELD  WRITER  MEANING
//        0     4  TAIL   writer  bytes ever written, mod 2^32; published last
//        4     4  ENDED  both    1 = all has been written, 2 = the writer gave up, 3 = the reader did
//        8    56  -
//       64     4  HEAD   reader  bytes ever read, mod 2^32
//       68    60  -
//      128     N  DATA   writer  N is a power of two

const TAIL = 0
const ENDED = 1
const HEAD = 16
const DATA_BYTE = 128

/** How a pipe ended. */
export const PIPE = { OPEN: 0, COMPLETE: 1, BROKEN: 2, REFUSED: 3 } as const

export const pipeCreate = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(DATA_BYTE + bytes)

/** Either end of a pipe. */
export class BytePipe {
  readonly #words: Int32Array
  readonly #data: Uint8Array

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer, 0, DATA_BYTE / 4)
    this.#data = new Uint8Array(buffer, DATA_BYTE)
  }

  /** One of PIPE. */
  get state(): number {
    return Atomics.load(this.#words, ENDED)
  }

  /** Bytes that can be written now. */
  get room(): number {
    return this.#data.length - ((Atomics.load(this.#words, TAIL) - Atomics.load(this.#words, HEAD)) | 0)
  }

  /** Writes what there is room for. Returns how much that was. */
  write(u8: Uint8Array, at: number, length: number): number {
    const n = Math.min(length, this.room)
    const tail = Atomics.load(this.#words, TAIL)
    const to = tail & (this.#data.length - 1)
    const first = Math.min(n, this.#data.length - to)
    this.#data.set(u8.subarray(at, at + first), to)
    if (n > first) this.#data.set(u8.subarray(at + first, at + n), 0)
    Atomics.store(this.#words, TAIL, (tail + n) | 0)
    Atomics.notify(this.#words, TAIL)
    return n
  }

  /** Ends it, from either side; the first word counts. */
  end(state: number): void {
    Atomics.compareExchange(this.#words, ENDED, PIPE.OPEN, state)
    Atomics.notify(this.#words, TAIL)
  }

  /**
   * Reads up to `length` bytes into `u8` from `at` on, sleeping until there are some. Returns how many, 0 at the end.
   */
  read(u8: Uint8Array, at: number, length: number): number {
    const words = this.#words
    for (;;) {
      const head = Atomics.load(words, HEAD)
      const tail = Atomics.load(words, TAIL)
      const there = (tail - head) | 0
      if (there > 0) {
        const from = head & (this.#data.length - 1)
        const n = Math.min(length, there, this.#data.length - from)
        u8.set(this.#data.subarray(from, from + n), at)
        Atomics.store(words, HEAD, (head + n) | 0)
        return n
      }
      if (this.state !== PIPE.OPEN) {
        // What was written before the end is there by now.
        if (Atomics.load(words, TAIL) === head) return 0
        continue
      }
      Atomics.wait(words, TAIL, tail, 1000)
    }
  }
}
