// What a client counts as having of the buffers that all clients of its router share: one to read into, one for replies.
//
// In Redis every client owns such buffers, their sizes follow what passes through them, and CLIENT LIST and
// maxmemory-clients go by those sizes. Here nothing is kept for a client with nothing on its way, yet one that is busy has
// its part in how large the shared buffers must be. A share is the room that it would own, by Redis's rules; it is what
// CLIENT LIST shows and what decides which client is the largest. It is no memory: what is really held for a client is
// counted apart.

/** Room for reading that a client has after its first command. */
const INPUT_BYTES = 16 * 1024
/** Above this, room for reading shrinks to what has been needed lately. */
const INPUT_BYTES_KEPT = 32 * 1024
/** A client that has sent nothing for so long has no room. */
const INPUT_IDLE_MS = 2000
const REPLY_BYTES_MIN = 1024
const REPLY_BYTES_MAX = 16 * 1024
const REPLY_PEAK_MS = 5000

/** How the room for replies follows their size. DEBUG REPLYBUFFER changes it. */
export interface ReplyRoomRules {
  /** Whether it follows at all. */
  resizes: boolean
  /** How long the longest replies are remembered; Infinity = for ever. */
  peakMs: number
}

export const replyRoomRules = (): ReplyRoomRules => ({ resizes: true, peakMs: REPLY_PEAK_MS })

export class Share {
  inputRoom = 0
  replyRoom = REPLY_BYTES_MAX
  /** The longest run of replies lately, as far as it went into `replyRoom`. */
  replyPeak = REPLY_BYTES_MAX
  #inputPeak = 0
  #peakSince: number

  constructor(now: number) {
    this.#peakSince = now
  }

  /** So many bytes were at hand at once, or are needed to take a long argument. */
  received(bytes: number): void {
    if (bytes > this.#inputPeak) this.#inputPeak = bytes
    if (bytes > this.inputRoom) this.inputRoom = bytes < INPUT_BYTES ? INPUT_BYTES : bytes
  }

  /** So many bytes of replies were sent at once. */
  replied(bytes: number): void {
    if (bytes > this.replyPeak) this.replyPeak = bytes < this.replyRoom ? bytes : this.replyRoom
  }

  /** Lets both follow what has passed. Returns by how many sizes the room for replies has grown: 1, 0 or -1. */
  adapt(now: number, idleMs: number, rules: ReplyRoomRules): number {
    this.#adaptInput(idleMs)
    if (!rules.resizes) return 0
    const change = this.#adaptReply()
    if (now - this.#peakSince > rules.peakMs) {
      this.replyPeak = 0
      this.#peakSince = now
    }
    return change
  }

  #adaptInput(idleMs: number): void {
    if (idleMs > INPUT_IDLE_MS) this.inputRoom = 0
    else if (this.inputRoom > INPUT_BYTES_KEPT && this.inputRoom > this.#inputPeak * 2) this.inputRoom = this.#inputPeak
    this.#inputPeak = 0
  }

  #adaptReply(): number {
    const half = this.replyRoom / 2
    if (half >= REPLY_BYTES_MIN && this.replyPeak < half) {
      this.replyRoom = Math.max(REPLY_BYTES_MIN, this.replyPeak + 1)
      return -1
    }
    if (this.replyPeak === this.replyRoom && this.replyRoom < REPLY_BYTES_MAX) {
      this.replyRoom = Math.min(REPLY_BYTES_MAX, this.replyRoom * 2)
      return 1
    }
    return 0
  }
}
