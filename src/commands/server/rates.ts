// What changes with time and is not counted: how much happens per second, and the most memory there has been. Each
// router samples for itself, ten times a second, what all threads have counted.

import { STAT, type Statistics } from '../../shared/statistics.ts'
import type { Engine } from '../../store/engine.ts'
import { memoryUsed } from '../../store/memory-used.ts'

const SAMPLES = 16
const WATCHED = [STAT.COMMANDS, STAT.NET_INPUT, STAT.NET_OUTPUT]

interface Series {
  last: number
  readonly perSecond: Float64Array
}

export class Rates {
  readonly #engine: Engine
  readonly #statistics: readonly Statistics[]
  readonly #series = new Map<number, Series>()
  #at = performance.now()
  #next = 0
  /** Bytes used before there was any data. */
  readonly startupBytes: number
  peakBytes: number

  constructor(engine: Engine, statistics: readonly Statistics[]) {
    this.#engine = engine
    this.#statistics = statistics
    for (const stat of WATCHED) this.#series.set(stat, { last: 0, perSecond: new Float64Array(SAMPLES) })
    this.startupBytes = memoryUsed(engine)
    this.peakBytes = this.startupBytes
  }

  sample(): void {
    const now = performance.now()
    const elapsed = now - this.#at
    if (elapsed < 1) return
    for (const [stat, series] of this.#series) {
      let sum = 0
      for (const block of this.#statistics) sum += block.get(stat)
      // After CONFIG RESETSTAT the sum is smaller than it was.
      series.perSecond[this.#next] = Math.max(0, ((sum - series.last) * 1000) / elapsed)
      series.last = sum
    }
    this.#at = now
    this.#next = (this.#next + 1) % SAMPLES
    this.peakBytes = Math.max(this.peakBytes, memoryUsed(this.#engine))
  }

  /** The mean over the last samples. */
  perSecond(stat: number): number {
    const series = this.#series.get(stat)
    return series === undefined ? 0 : series.perSecond.reduce((sum, each) => sum + each, 0) / SAMPLES
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    for (const series of this.#series.values()) {
      series.last = 0
      series.perSecond.fill(0)
    }
    this.peakBytes = memoryUsed(this.#engine)
  }
}
