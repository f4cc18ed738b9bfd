// A ring: messages from one thread to one other, in order, through shared memory.
//
//   OFFSET  SIZE  FIELD  WRITER    MEANING
//        0     4  TAIL   producer  bytes ever written, mod 2^32; published last
//        4    60  -      -         so that the two positions never share a cache line
//       64     4  HEAD   consumer  bytes ever consumed, mod 2^32; frees the space behind it
//       68    60  -      -
//      128     N  DATA   producer  messages, each 8-aligned and in one piece; N is a power of two
//
// A message:
//
//   OFFSET  SIZE  FIELD  MEANING
//        0     4  SIZE   bytes of the message, this head included, before rounding up to 8
//        4     4  KIND   the sender's; 0 = skip the rest of the ring, the next message starts at its beginning
//        8               the payload
//
// The producer writes any number of messages and publishes them together; the consumer frees them together. Nobody
// waits here: a full ring says so, and a message that is more than a quarter of the ring goes another way (port.ts).

import { assert } from '../bytes/assert.ts'
import { ByteArray } from '../bytes/byte-array.ts'

export const RING = { TAIL: 0, HEAD: 64, DATA: 128 } as const
export const MESSAGE = { SIZE: 0, KIND: 4, PAYLOAD: 8 } as const

const TAIL_WORD = RING.TAIL / 4
const HEAD_WORD = RING.HEAD / 4
const SKIP = 0

export const ringCreate = (bytes: number): SharedArrayBuffer => {
  assert((bytes & (bytes - 1)) === 0, 'a ring is a power of two')
  return new SharedArrayBuffer(RING.DATA + bytes)
}

const roundUp = (bytes: number): number => (bytes + 7) & ~7

/** The writing end. One thread has it. */
export class RingProducer {
  readonly u8: Uint8Array
  readonly u32: Uint32Array
  /** Largest payload the ring takes. */
  readonly payloadMax: number
  readonly #words: Int32Array
  readonly #bytes: number
  readonly #mask: number
  #tail: number
  #published: number
  #head: number

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer, 0, RING.DATA / 4)
    this.u8 = new ByteArray(buffer, RING.DATA)
    this.u32 = new Uint32Array(buffer, RING.DATA)
    this.#bytes = this.u8.length
    this.#mask = this.#bytes - 1
    this.payloadMax = this.#bytes / 4 - MESSAGE.PAYLOAD
    this.#tail = Atomics.load(this.#words, TAIL_WORD)
    this.#published = this.#tail
    this.#head = Atomics.load(this.#words, HEAD_WORD)
  }

  /** Starts a message with `payload` bytes to fill in at the u8 index returned; -1 if the ring is too full now. */
  begin(kind: number, payload: number): number {
    assert(kind !== SKIP, 'kind 0 is the ring’s own')
    assert(payload <= this.payloadMax, 'a message is at most a quarter of the ring')
    const size = MESSAGE.PAYLOAD + payload
    const room = roundUp(size)
    const at = this.#tail & this.#mask
    const toEnd = this.#bytes - at
    const needed = room <= toEnd ? room : toEnd + room
    if (this.#free() < needed) {
      this.#head = Atomics.load(this.#words, HEAD_WORD)
      if (this.#free() < needed) return -1
    }
    let start = at
    if (room > toEnd) {
      this.u32[at / 4] = toEnd
      this.u32[at / 4 + 1] = SKIP
      this.#tail = (this.#tail + toEnd) | 0
      start = 0
    }
    this.u32[start / 4] = size
    this.u32[start / 4 + 1] = kind
    this.#tail = (this.#tail + room) | 0
    return start + MESSAGE.PAYLOAD
  }

  #free(): number {
    return this.#bytes - ((this.#tail - this.#head) | 0)
  }

  /** Makes the messages begun so far visible. Returns whether there were any. */
  publish(): boolean {
    if (this.#published === this.#tail) return false
    this.#published = this.#tail
    // Everything written to DATA before this store is visible to whoever reads the new TAIL.
    Atomics.store(this.#words, TAIL_WORD, this.#tail)
    return true
  }

  /** Whether the consumer has taken all that was published. */
  isDrained(): boolean {
    return Atomics.load(this.#words, HEAD_WORD) === this.#published
  }
}

/** The reading end. One thread has it. */
export class RingConsumer {
  readonly u8: Uint8Array
  readonly u32: Uint32Array
  /** Of the message that `next` found. */
  kind = 0
  length = 0
  readonly #words: Int32Array
  readonly #bytes: number
  readonly #mask: number
  #head: number
  #tail: number

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer, 0, RING.DATA / 4)
    this.u8 = new ByteArray(buffer, RING.DATA)
    this.u32 = new Uint32Array(buffer, RING.DATA)
    this.#bytes = this.u8.length
    this.#mask = this.#bytes - 1
    this.#head = Atomics.load(this.#words, HEAD_WORD)
    this.#tail = Atomics.load(this.#words, TAIL_WORD)
  }

  /** The u8 index of the next message's payload, -1 if there is none. Valid until `release`. */
  next(): number {
    if (this.#head === this.#tail) {
      this.#tail = Atomics.load(this.#words, TAIL_WORD)
      if (this.#head === this.#tail) return -1
    }
    let at = this.#head & this.#mask
    if (this.u32[at / 4 + 1] === SKIP) {
      this.#head = (this.#head + this.u32[at / 4]) | 0
      at = 0
    }
    const size = this.u32[at / 4]
    this.kind = this.u32[at / 4 + 1]
    this.length = size - MESSAGE.PAYLOAD
    this.#head = (this.#head + roundUp(size)) | 0
    return at + MESSAGE.PAYLOAD
  }

  /** Frees the space of the messages taken so far. */
  release(): void {
    Atomics.store(this.#words, HEAD_WORD, this.#head)
  }

  isEmpty(): boolean {
    return this.#head === this.#tail && Atomics.load(this.#words, TAIL_WORD) === this.#head
  }
}

/** Takes everything out of a ring that nobody reads any more. */
export function ringClear(buffer: SharedArrayBuffer): void {
  const ring = new RingConsumer(buffer)
  while (ring.next() >= 0);
  ring.release()
}

/** Whether all that was written into these rings has been taken. Out of date at once. */
export const ringsAreEmpty = (buffers: readonly SharedArrayBuffer[]): boolean =>
  buffers.every(buffer => {
    const words = new Int32Array(buffer, 0, RING.DATA / 4)
    return Atomics.load(words, TAIL_WORD) === Atomics.load(words, HEAD_WORD)
  })
