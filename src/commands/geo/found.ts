// The members of a geo set that lie in a shape: searching for them and putting them in order.

import {
  GEO_RANGES_LENGTH,
  type GeoShape,
  geoDistanceWithin,
  geohashLatitude,
  geohashLongitude,
  geoSearchRanges,
} from '../../bytes/geohash.ts'
import type { EntryRef } from '../../store/entry.ts'
import type { Memory } from '../../store/memory.ts'
import { type ScoreRange, zsetScoreFrom } from '../../store/zset.ts'
import { ZsetWalk } from '../../store/zset-walk.ts'

const walk = new ZsetWalk()
const ranges = new Float64Array(GEO_RANGES_LENGTH)
const bounds: ScoreRange = { min: 0, max: 0, excludesMin: false, excludesMax: true }

/** Room that stays with the list between searches. */
const KEPT = 4096

/** A reusable list of found members. The bytes of one lie in the arena that was searched. */
export class Found {
  count = 0
  #at = new Float64Array(64)
  #length = new Uint32Array(64)
  #score = new Float64Array(64)
  #metres = new Float64Array(64)
  #order = new Uint32Array(64)

  /** Finds the members in a shape; those of each cell in order, and no more than `limit`. */
  search(m: Memory, entry: EntryRef, shape: GeoShape, limit: number): void {
    this.#clear()
    const cells = geoSearchRanges(shape, ranges)
    for (let cell = 0; cell < cells && this.count < limit; cell++) {
      bounds.min = ranges[2 * cell]
      bounds.max = ranges[2 * cell + 1]
      walk.start(m, entry, zsetScoreFrom(m, entry, bounds), false)
      while (this.count < limit && walk.next() && walk.score < bounds.max) {
        const metres = geoDistanceWithin(shape, geohashLongitude(walk.score), geohashLatitude(walk.score))
        if (metres >= 0) this.#push(metres)
      }
    }
  }

  #clear(): void {
    this.count = 0
    if (this.#order.length > KEPT) this.#grow(64)
  }

  #push(metres: number): void {
    const i = this.count
    if (i === this.#order.length) this.#grow(2 * i)
    this.#at[i] = walk.at
    this.#length[i] = walk.length
    this.#score[i] = walk.score
    this.#metres[i] = metres
    this.#order[i] = i
    this.count++
  }

  #grow(size: number): void {
    const kept = Math.min(size, this.count)
    const at = new Float64Array(size)
    const length = new Uint32Array(size)
    const score = new Float64Array(size)
    const metres = new Float64Array(size)
    const order = new Uint32Array(size)
    at.set(this.#at.subarray(0, kept))
    length.set(this.#length.subarray(0, kept))
    score.set(this.#score.subarray(0, kept))
    metres.set(this.#metres.subarray(0, kept))
    order.set(this.#order.subarray(0, kept))
    this.#at = at
    this.#length = length
    this.#score = score
    this.#metres = metres
    this.#order = order
  }

  /** Puts the nearest first, or the farthest; the equally far stay in the order they were found in. */
  sort(isDescending: boolean): void {
    const metres = this.#metres
    const sign = isDescending ? -1 : 1
    this.#order.subarray(0, this.count).sort((a, b) => sign * (metres[a] - metres[b]) || a - b)
  }

  /** First byte of member `i`, as a u8 index. */
  at(i: number): number {
    return this.#at[this.#order[i]]
  }

  length(i: number): number {
    return this.#length[this.#order[i]]
  }

  score(i: number): number {
    return this.#score[this.#order[i]]
  }

  /** How far member `i` is from the shape's centre. */
  metres(i: number): number {
    return this.#metres[this.#order[i]]
  }
}
