// The latency histogram of each command in Prometheus's form, made at each scrape from what all threads have counted.

import { Histogram, type MetricValueWithName, type Registry } from 'prom-client'
import type { InfoFacts } from '../commands/server/info-facts.ts'
import { entries } from '../commands/table.ts'
import { bucketLimit } from '../shared/statistics.ts'

/** Limits of the buckets told, µs: every doubling up to 4 s. They are limits of the buckets counted, too. */
const LIMITS = Array.from({ length: 23 }, (_, i) => 2 ** i)

export class CommandLatency extends Histogram<'cmd'> {
  readonly #metricName: string
  readonly #metricHelp: string
  readonly #facts: () => InfoFacts

  constructor(name: string, help: string, registry: Registry, facts: () => InfoFacts) {
    super({ name, help, labelNames: ['cmd'], registers: [registry] })
    this.#metricName = name
    this.#metricHelp = help
    this.#facts = facts
  }

  /** What the registry asks for when it writes text. */
  async getForPromString() {
    return { name: this.#metricName, help: this.#metricHelp, type: 'histogram', values: this.#read() }
  }

  #read(): MetricValueWithName<'cmd' | 'le'>[] {
    const facts = this.#facts()
    const values: MetricValueWithName<'cmd' | 'le'>[] = []
    for (const entry of entries) {
      const buckets = facts.histogram(entry)
      const count = buckets.reduce((sum, each) => sum + each, 0)
      if (count === 0) continue
      const cmd = entry.fullName
      const add = (suffix: string, value: number, le?: string): void => {
        const labels = le === undefined ? { cmd } : { cmd, le }
        values.push({ metricName: `${this.#metricName}_${suffix}`, labels, value })
      }
      let seen = 0
      let bucket = 0
      for (const limit of LIMITS) {
        for (; bucket < buckets.length && bucketLimit(bucket) <= limit; bucket++) seen += buckets[bucket]
        add('bucket', seen, String(limit / 1e6))
      }
      add('bucket', count, '+Inf')
      add('sum', facts.command(entry).microseconds / 1e6)
      add('count', count)
    }
    return values
  }
}
