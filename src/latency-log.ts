// The latency monitor: for each kind of event, the times it took lately when it took too long.

import type { LatencyEvent, LatencySample } from './commands/server/latency-report.ts'

/** Samples kept per event. */
const SAMPLES_MAX = 160

interface Series {
  max: number
  readonly samples: LatencySample[]
}

export class LatencyLog {
  readonly #events = new Map<string, Series>()

  add(name: string, at: number, ms: number): void {
    const series = this.#events.get(name) ?? { max: 0, samples: [] }
    this.#events.set(name, series)
    series.max = Math.max(series.max, ms)
    const last = series.samples.at(-1)
    // Of what happens within a second the longest counts.
    if (last !== undefined && last.at === at) {
      if (ms > last.ms) series.samples[series.samples.length - 1] = { at, ms }
      return
    }
    series.samples.push({ at, ms })
    if (series.samples.length > SAMPLES_MAX) series.samples.shift()
  }

  events(): LatencyEvent[] {
    return [...this.#events].map(([name, { max, samples }]) => ({ name, max, samples }))
  }

  /** Forgets these events, or all if none is named. Returns how many there were. */
  reset(names: readonly string[]): number {
    const gone = names.length === 0 ? [...this.#events.keys()] : names.filter(name => this.#events.has(name))
    for (const name of gone) this.#events.delete(name)
    return gone.length
  }
}
