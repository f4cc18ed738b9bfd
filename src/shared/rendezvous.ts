// Where those who read the logs of several shards meet before a change that concerns more than one.
//
// Such a change stands in the log of every shard concerned, under one number. It is applied once, by one of those who
// have come to it, when all have: then everything before it has been applied on every shard concerned, and nothing
// behind it. A log may end before a change that others have (its tail was lost, so nobody was told of the change, or of
// anything behind it in that log): the change is applied all the same. Of several such changes the one with the lowest
// number comes first, so that nobody applies one while a lower may still turn up. A log that has gone beyond a change that
// is its own, or says of it that it concerns other shards, is damaged: nobody waits for it.
//
//   OFFSET  SIZE  FIELD   MEANING
//        0     8  LOCK    see lock.ts
//        8     4  TURN    counts changes of the below; waited for
//       12     4  FAILED  1 once somebody gave up
//       16   8*n  PLACES  i64, one for each log: the number it has come to, READING or ENDED
//  16+8*n   8*n  MASKS   u64, one for each log: the shards that the change concerns, as that log says, folded

import { lockWait, unlock } from './lock.ts'

export const MEETING = { LOCK: 0, TURN: 8, FAILED: 12, PLACES: 16 } as const
const READING = -1n
const ENDED = (1n << 63n) - 1n
/** Numbers of changes are below this. */
export const CHANGES_MAX = ENDED
const WAIT_MS = 100

export const meetingCreate = (logs: number): SharedArrayBuffer => {
  const buffer = new SharedArrayBuffer(MEETING.PLACES + 16 * logs)
  new BigInt64Array(buffer, MEETING.PLACES, logs).fill(READING)
  return buffer
}

/** What to do about a change that one has come to. */
export const MEET = { WAIT: 0, APPLY: 1, GO_ON: 2, NEVER: 3 } as const

export class Rendezvous {
  readonly #words: Int32Array
  readonly #places: BigInt64Array
  readonly #masks: BigUint64Array

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer, 0, MEETING.PLACES / 4)
    const logs = (buffer.byteLength - MEETING.PLACES) / 16
    this.#places = new BigInt64Array(buffer, MEETING.PLACES, logs)
    this.#masks = new BigUint64Array(buffer, MEETING.PLACES + 8 * logs, logs)
  }

  /** How many logs there are. */
  get logs(): number {
    return this.#places.length
  }

  get failed(): boolean {
    return Atomics.load(this.#words, MEETING.FAILED / 4) !== 0
  }

  /** Nobody waits for anybody any more. */
  fail(): void {
    Atomics.store(this.#words, MEETING.FAILED / 4, 1)
    this.#turned()
  }

  /** What is counted up with every change, for `wait`. */
  get turn(): number {
    return Atomics.load(this.#words, MEETING.TURN / 4)
  }

  /** Sleeps until something has changed since `turn` was read. */
  wait(turn: number): void {
    Atomics.wait(this.#words, MEETING.TURN / 4, turn, WAIT_MS)
  }

  #turned(): void {
    Atomics.add(this.#words, MEETING.TURN / 4, 1)
    Atomics.notify(this.#words, MEETING.TURN / 4)
  }

  /** Log `index` has come to change `number`, which concerns the shards of `mask`. */
  arrive(index: number, number: bigint, mask: bigint): void {
    this.#set(index, number, mask)
  }

  /** Log `index` has been read to its end. */
  end(index: number): void {
    this.#set(index, ENDED, 0n)
  }

  #set(index: number, place: bigint, mask: bigint): void {
    lockWait(this.#words, MEETING.LOCK / 4)
    this.#masks[index] = folded(mask)
    this.#places[index] = place
    unlock(this.#words, MEETING.LOCK / 4)
    this.#turned()
  }

  /**
   * What the reader of log `index`, which waits at `number`, is to do: wait, apply the change and then call `applied`, go on,
   * because another has, or give up, because it will never come to that.
   */
  ask(index: number, number: bigint, mask: bigint): number {
    lockWait(this.#words, MEETING.LOCK / 4)
    const answer = this.#answer(index, number, mask)
    unlock(this.#words, MEETING.LOCK / 4)
    return answer
  }

  #answer(index: number, number: bigint, mask: bigint): number {
    const places = this.#places
    if (places[index] !== number) return MEET.GO_ON
    let isMissing = false
    for (let i = 0; i < places.length; i++) {
      if (((mask >> BigInt(i)) & 1n) === 0n) continue
      if (places[i] === ENDED) isMissing = true
      else if (places[i] > number) return MEET.NEVER
      else if (places[i] < number) return MEET.WAIT
      else if (this.#masks[i] !== folded(mask)) return MEET.NEVER
      else if (i < index) return MEET.WAIT
    }
    if (isMissing) for (const place of places) if (place === READING || place < number) return MEET.WAIT
    return MEET.APPLY
  }

  /** The change has been applied: who waits for it goes on. Returns the logs concerned that had ended before it. */
  applied(number: bigint, mask: bigint): number[] {
    const missing: number[] = []
    lockWait(this.#words, MEETING.LOCK / 4)
    for (let i = 0; i < this.#places.length; i++) {
      if (((mask >> BigInt(i)) & 1n) === 0n) continue
      if (this.#places[i] === number) this.#places[i] = READING
      else missing.push(i)
    }
    unlock(this.#words, MEETING.LOCK / 4)
    this.#turned()
    return missing
  }
}

/** There are up to 128 shards; a mask is only compared. */
const folded = (mask: bigint): bigint => BigInt.asUintN(64, mask ^ (mask >> 64n))
