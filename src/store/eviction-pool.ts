// The candidates for eviction that sampling has come across in one shard: the best sixteen, the best last.
//
// A few samples a time would make a poor choice; keeping the good ones from earlier samples makes it nearly that of an
// exact order (the idea is Redis's). Keys are copied, because an entry may be gone or replaced when its turn comes.

import { copyBytes } from '../bytes/copy.ts'

const POOL_PLACES = 16
/** Keys up to this length need no buffer of their own. */
const KEY_BYTES = 256

export class EvictionPool {
  count = 0
  readonly #scores = new Float64Array(POOL_PLACES)
  readonly #databases = new Int32Array(POOL_PLACES)
  readonly #lengths = new Int32Array(POOL_PLACES)
  #keys: Uint8Array[] = Array.from({ length: POOL_PLACES }, () => new Uint8Array(KEY_BYTES))
  // What `takeBest` took.
  database = 0
  key: Uint8Array = this.#keys[0]
  length = 0

  clear(): void {
    this.count = 0
  }

  /** Adds a candidate if there is room or it is better than the worst; the higher its score, the sooner it goes. */
  offer(score: number, database: number, bytes: Uint8Array, at: number, length: number): void {
    const scores = this.#scores
    let place = 0
    while (place < this.count && scores[place] < score) place++
    if (this.count === POOL_PLACES) {
      if (place === 0) return
      place--
      this.#move(0, place, 1)
    } else {
      this.#move(this.count, place, -1)
      this.count++
    }
    scores[place] = score
    this.#databases[place] = database
    this.#lengths[place] = length
    if (this.#keys[place].length < length) this.#keys[place] = new Uint8Array(length)
    copyBytes(this.#keys[place], 0, bytes, at, length)
  }

  /** Frees `place` by moving what lies between it and `from`, whose content is lost, one place over. */
  #move(from: number, place: number, step: number): void {
    const keys = this.#keys
    const spare = keys[from]
    for (let i = from; i !== place; i += step) {
      this.#scores[i] = this.#scores[i + step]
      this.#databases[i] = this.#databases[i + step]
      this.#lengths[i] = this.#lengths[i + step]
      keys[i] = keys[i + step]
    }
    keys[place] = spare
  }

  /** Takes the best candidate out: `database`, `key` and `length` tell it until the next call. False if there is none. */
  takeBest(): boolean {
    if (this.count === 0) return false
    const last = --this.count
    this.database = this.#databases[last]
    this.key = this.#keys[last]
    this.length = this.#lengths[last]
    return true
  }
}
