// The full copy as it comes over the link: `$<length>` and so many bytes, or `$EOF:<mark>`, bytes, and the mark again.
// Finds where it ends; what comes behind is the stream.

const MARK_LENGTH = 40

/** Takes the bytes of the copy, as they come. Nothing of them may be kept. */
export type TakeBytes = (u8: Uint8Array, at: number, length: number) => void

export class Payload {
  /** Bytes that are still to come, -1 where a mark will tell. */
  #left = -1
  /** The mark, if one ends it. */
  #mark: Buffer | undefined
  /** Bytes that may turn out to be the mark: they are held back. */
  #held: Buffer<ArrayBufferLike> = Buffer.alloc(0)
  readonly #take: TakeBytes

  /** `header` is the line that announces it. Throws if it makes no sense. */
  constructor(header: string, take: TakeBytes) {
    this.#take = take
    if (header.startsWith('$EOF:') && header.length >= 5 + MARK_LENGTH) {
      this.#mark = Buffer.from(header.slice(5, 5 + MARK_LENGTH), 'latin1')
      return
    }
    this.#left = header.startsWith('$') ? Number(header.slice(1)) : Number.NaN
    if (!Number.isSafeInteger(this.#left) || this.#left < 0) throw new Error(`bad protocol from MASTER: '${header}'`)
  }

  /** How long it is, -1 if only its end will tell. */
  get length(): number {
    return this.#mark === undefined ? this.#left : -1
  }

  /** Takes u8[from … end). Returns the index behind the copy's last byte, -1 while more of it must come. */
  feed(u8: Uint8Array, from: number, end: number): number {
    return this.#mark === undefined ? this.#feedCounted(u8, from, end) : this.#feedMarked(this.#mark, u8, from, end)
  }

  #feedCounted(u8: Uint8Array, from: number, end: number): number {
    const n = Math.min(this.#left, end - from)
    if (n > 0) this.#take(u8, from, n)
    this.#left -= n
    return this.#left === 0 ? from + n : -1
  }

  /** The mark is the last thing before the master falls silent until it hears from us: so it ends what has come. */
  #feedMarked(mark: Buffer, u8: Uint8Array, from: number, end: number): number {
    const length = end - from
    if (length >= MARK_LENGTH) {
      if (this.#held.length > 0) this.#take(this.#held, 0, this.#held.length)
      const tail = end - MARK_LENGTH
      if (tail > from) this.#take(u8, from, tail - from)
      this.#held = Buffer.from(u8.subarray(tail, end))
    } else {
      const all = Buffer.concat([this.#held, u8.subarray(from, end)])
      const excess = Math.max(0, all.length - MARK_LENGTH)
      if (excess > 0) this.#take(all, 0, excess)
      this.#held = Buffer.from(all.subarray(excess))
    }
    return this.#held.equals(mark) ? end : -1
  }
}
