// Answers from a shard to one router. What the ring has no room for waits here, in order; meanwhile the shard takes no
// further commands from that router, so the wait is bounded by what was already taken.

import type { MessagePort } from 'node:worker_threads'
import type { Reply } from '../protocol/reply.ts'
import type { RingProducer } from '../shared/ring.ts'
import { isLargeReply, MAIL, sendReply } from './mail.ts'

interface Waiting {
  readonly kind: number
  readonly client: number
  readonly u8: Uint8Array
}

export class Outbox {
  readonly #ring: RingProducer
  readonly #port: MessagePort
  readonly #waiting: Waiting[] = []

  constructor(ring: RingProducer, port: MessagePort) {
    this.#ring = ring
    this.#port = port
  }

  /** Sends what was written to `reply`. */
  reply(client: number, reply: Reply): void {
    const { u8, length } = reply
    if (isLargeReply(this.#ring, length)) {
      this.#sendLarge('reply', client, reply.take())
    } else if (this.#waiting.length > 0 || !sendReply(this.#ring, client, u8, 0, length)) {
      this.#waiting.push({ kind: MAIL.REPLY, client, u8: u8.slice(0, length) })
    }
  }

  /** Sends word of a client that waits, or of one that has waited, or of changed keys: BLOCKED, SERVED or CHANGED. */
  word(kind: number, client: number, u8: Uint8Array, length: number): void {
    if (isLargeReply(this.#ring, length)) {
      this.#sendLarge(kind === MAIL.CHANGED ? 'changed' : 'served', client, new Uint8Array(u8.subarray(0, length)))
    } else if (this.#waiting.length > 0 || !sendReply(this.#ring, client, u8, 0, length, kind)) {
      this.#waiting.push({ kind, client, u8: u8.slice(0, length) })
    }
  }

  #sendLarge(what: 'reply' | 'served' | 'changed', client: number, u8: Uint8Array<ArrayBuffer>): void {
    // The buffer itself moves: a value of hundreds of megabytes is not copied once more.
    this.#port.postMessage({ what, client, u8 }, [u8.buffer])
    if (this.#waiting.length > 0 || this.#ring.begin(MAIL.LARGE, 0) < 0) {
      this.#waiting.push({ kind: MAIL.LARGE, client, u8: EMPTY })
    }
  }

  /** Whether something waits for room. */
  get isBlocked(): boolean {
    return this.#waiting.length > 0
  }

  /** Moves what waits into the ring as far as there is room, and publishes. Returns whether anything was published. */
  flush(): boolean {
    let sent = 0
    for (; sent < this.#waiting.length; sent++) {
      const { kind, client, u8 } = this.#waiting[sent]
      const done =
        kind === MAIL.LARGE
          ? this.#ring.begin(MAIL.LARGE, 0) >= 0
          : sendReply(this.#ring, client, u8, 0, u8.length, kind)
      if (!done) break
    }
    if (sent > 0) this.#waiting.splice(0, sent)
    return this.#ring.publish()
  }
}

const EMPTY = new Uint8Array(0)
