// Question: how fast are SET, GET and INCR beside redis-server, at pipeline depths 1, 16 and 64, and what does one
// cost in processor time? The last answer is in ../RESULTS.md, section strings.

import { inTurn } from '../support/redis-benchmark.ts'
import type { Row } from '../support/report.ts'
import { withAll } from '../support/servers.ts'
import type { Suite } from './index.ts'

/** skep's speed over redis-server's that the design asks for. */
const GOALS: Readonly<Record<number, string>> = { 1: '≥ 1.0', 16: '≥ 1.5', 64: '≥ 2.0' }

export const strings: Suite = {
  name: 'strings',
  question: 'SET, GET and INCR with 50 connections, values of 64 bytes, 100,000 keys, at pipeline depth P',

  async run(settings) {
    const speed: Row[] = []
    const cost: Row[] = []
    await withAll(settings, async servers => {
      for (const pipeline of [1, 16, 64]) {
        for (const test of ['set', 'get', 'incr']) {
          const figures = await inTurn(servers, settings, { test, pipeline, keyspace: 100_000 })
          const what = `${test.toUpperCase()} P=${pipeline}`
          speed.push({
            what,
            unit: 'ops/s',
            redis: figures.redis?.map(({ perSecond }) => perSecond),
            skep: figures.skep?.map(({ perSecond }) => perSecond),
            goal: GOALS[pipeline],
          })
          cost.push({
            what,
            unit: 'µs/op',
            redis: figures.redis?.map(({ cpuMicroseconds }) => cpuMicroseconds),
            skep: figures.skep?.map(({ cpuMicroseconds }) => cpuMicroseconds),
          })
        }
      }
    })
    return {
      tables: [
        { title: 'operations a second', rows: speed },
        { title: 'processor time of the server', rows: cost },
      ],
      notes: [],
    }
  },
}
