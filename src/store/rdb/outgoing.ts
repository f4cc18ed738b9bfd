// Takes away what a sink holds: its own bytes, and in between the long strings that it has only noted, straight from the
// arena. So a string of any length is copied once, in pieces.
//
//     while (out.next()) {
//       if (out.string > 0) … a string of so many bytes begins, whose head is missing …
//       out.take(…)
//     }
//
// What is noted must not change until it has been taken; the arena may grow.

import { assert } from '../../bytes/assert.ts'
import { BEGINS, type RdbSink } from './sink.ts'

export class Outgoing {
  readonly #sink: RdbSink
  /** What comes next: u8[at … at + length), or the beginning of a string of `string` bytes. */
  u8: Uint8Array
  at = 0
  length = 0
  string = 0
  /** Bytes of the sink that have been taken, notes that have been, and bytes of the one after those. */
  #taken = 0
  #notes = 0
  #noteTaken = 0

  constructor(sink: RdbSink) {
    this.#sink = sink
    this.u8 = sink.u8
  }

  /** Whether there are strings that have not been taken. */
  get hasNotes(): boolean {
    return this.#notes < this.#sink.noteAt.length
  }

  /** Finds what comes next; false if all has been taken, and the sink is empty then. */
  next(): boolean {
    const sink = this.#sink
    const { hasNotes } = this
    const end = hasNotes ? sink.noteAt[this.#notes] : sink.length
    this.string = 0
    if (this.#taken < end) {
      this.u8 = sink.u8
      this.at = this.#taken
      this.length = end - this.#taken
    } else if (!hasNotes) {
      this.clear()
      return false
    } else if (sink.noteFrom[this.#notes] === BEGINS) {
      this.string = sink.noteBytes[this.#notes]
      this.length = 0
    } else {
      assert(sink.m !== undefined, 'the arena is known')
      this.u8 = sink.m.u8
      this.at = sink.noteFrom[this.#notes] + this.#noteTaken
      this.length = sink.noteBytes[this.#notes] - this.#noteTaken
    }
    return true
  }

  /** Whether nothing is left once `bytes` more have been taken. */
  isLast(bytes: number): boolean {
    const { noteAt } = this.#sink
    if (bytes < this.length) return false
    if (this.#taken < this.#sink.length) return !this.hasNotes && this.#taken + bytes === this.#sink.length
    return this.#notes + 1 >= noteAt.length
  }

  /** So many bytes of what `next` found have been taken; none, of a beginning. */
  take(bytes: number): void {
    const sink = this.#sink
    if (this.hasNotes && this.#taken === sink.noteAt[this.#notes]) {
      this.#noteTaken += bytes
      if (this.string === 0 && this.#noteTaken < sink.noteBytes[this.#notes]) return
      this.#noteTaken = 0
      this.#notes++
    } else {
      this.#taken += bytes
    }
  }

  /** Drops what is left. */
  clear(): void {
    this.#sink.clear()
    this.#taken = 0
    this.#notes = 0
    this.#noteTaken = 0
  }
}
