// Replies that came before their turn: of one client from one shard, in order, waiting for another shard's.

import { copyBytes } from '../bytes/copy.ts'

export class Stash {
  #u8 = new Uint8Array(1024)
  #lengths = new Int32Array(16)
  #begin = 0
  #end = 0
  #first = 0
  #last = 0

  get isEmpty(): boolean {
    return this.#first === this.#last
  }

  /** Keeps a copy of a reply. */
  push(u8: Uint8Array, at: number, length: number): void {
    if (this.#end + length > this.#u8.length) {
      const larger = new Uint8Array(Math.max(this.#u8.length * 2, this.#end + length))
      larger.set(this.#u8.subarray(0, this.#end))
      this.#u8 = larger
    }
    if (this.#last === this.#lengths.length) {
      const larger = new Int32Array(this.#lengths.length * 2)
      larger.set(this.#lengths)
      this.#lengths = larger
    }
    copyBytes(this.#u8, this.#end, u8, at, length)
    this.#end += length
    this.#lengths[this.#last++] = length
  }

  /** Appends the oldest reply to what `write` collects, and forgets it. */
  shift(write: { raw(bytes: Uint8Array, at: number, length: number): void }): void {
    const length = this.#lengths[this.#first++]
    write.raw(this.#u8, this.#begin, length)
    this.#begin += length
    if (this.#first === this.#last) {
      this.#first = 0
      this.#last = 0
      this.#begin = 0
      this.#end = 0
    }
  }
}
