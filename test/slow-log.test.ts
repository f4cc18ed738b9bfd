import { describe, expect, test } from 'vitest'
import { percentileOf } from '../src/commands/server/percentiles.ts'
import { LatencyLog } from '../src/latency-log.ts'
import type { SlowCommand } from '../src/shard/sink.ts'
import { HISTOGRAM_BUCKETS, latencyBucket } from '../src/shared/statistics.ts'
import { SlowLog } from '../src/slow-log.ts'

const slow = (microseconds: number): SlowCommand => ({
  what: 'slow',
  name: 'get',
  client: 1,
  microseconds,
  at: 1_700_000_000_999,
  args: [],
  fast: true,
  unlogged: false,
  address: '127.0.0.1:1',
  clientName: '',
})

describe('the slow log', () => {
  test('keeps the newest entries, newest first, and numbers go on after a reset', () => {
    const log = new SlowLog()
    for (let i = 0; i < 5; i++) log.add(slow(i), 3)
    expect(log.newest(-1).map(entry => entry.id)).toEqual([4, 3, 2])
    expect(log.newest(1).map(entry => entry.microseconds)).toEqual([4])
    log.reset()
    expect(log.length).toBe(0)
    expect(log.add(slow(9), 3).id).toBe(5)
    expect(log.newest(-1)[0].at).toBe(1_700_000_000)
  })
})

describe('the latency log', () => {
  test('keeps the longest of each second, and the longest of all', () => {
    const log = new LatencyLog()
    for (const [at, ms] of [
      [10, 5],
      [10, 9],
      [10, 7],
      [11, 3],
    ])
      log.add('command', at, ms)
    expect(log.events()).toEqual([
      {
        name: 'command',
        max: 9,
        samples: [
          { at: 10, ms: 9 },
          { at: 11, ms: 3 },
        ],
      },
    ])
  })

  test('keeps a bounded number of samples', () => {
    const log = new LatencyLog()
    for (let at = 0; at < 500; at++) log.add('command', at, 1)
    expect(log.events()[0].samples.length).toBe(160)
    expect(log.events()[0].samples[159].at).toBe(499)
  })

  test('forgets the events named, or all', () => {
    const log = new LatencyLog()
    log.add('a', 1, 1)
    log.add('b', 1, 1)
    expect(log.reset(['a', 'nosuch'])).toBe(1)
    expect(log.reset([])).toBe(1)
    expect(log.events()).toEqual([])
  })
})

describe('percentiles', () => {
  test('are never below the time asked for, and at most a quarter above it', () => {
    const buckets = new Array<number>(HISTOGRAM_BUCKETS).fill(0)
    for (let microseconds = 1; microseconds <= 1000; microseconds++) buckets[latencyBucket(microseconds)]++
    for (const percent of [1, 25, 50, 90, 99, 100]) {
      const exact = percent * 10
      expect(percentileOf(buckets, percent)).toBeGreaterThanOrEqual(exact)
      expect(percentileOf(buckets, percent)).toBeLessThanOrEqual(exact * 1.25 + 1)
    }
    expect(percentileOf([0, 0], 50)).toBe(0)
  })
})
