// Messages of one turn of the event loop that go to many clients in the same words: written down once, and sent to each
// from here.
//
// A client's part is a run of these bytes (Connection.handout), for as long as it gets all messages that are added here and
// nothing else. One that does not, because it listens to other channels or has replies coming, gets a copy in its own
// output.

import { Reply } from '../protocol/reply.ts'

const BYTES = 4096

export class Handout {
  /** The messages of this turn. */
  readonly messages = new Reply(BYTES)
  #view = Buffer.alloc(0)
  #viewStart = -1
  #viewEnd = -1
  #isKept = false

  constructor(resp: 2 | 3) {
    this.messages.resp = resp
  }

  /** The run from `start` to `end`, for sending: most clients have the same. */
  view(start: number, end: number): Buffer {
    const { u8 } = this.messages
    if (start !== this.#viewStart || end !== this.#viewEnd || this.#view.buffer !== u8.buffer) {
      this.#view = Buffer.from(u8.buffer, start, end - start)
      this.#viewStart = start
      this.#viewEnd = end
    }
    return this.#view
  }

  /** A client's socket needs its run beyond this turn. */
  keep(): void {
    this.#isKept = true
  }

  /** Begins the next turn: no client has a run any more. */
  clear(): void {
    if (this.messages.length === 0) return
    this.#viewStart = -1
    if (this.#isKept) this.messages.take(BYTES)
    else this.messages.reset(BYTES)
    this.#isKept = false
  }
}
