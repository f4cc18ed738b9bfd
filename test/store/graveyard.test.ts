import { describe, expect, test } from 'vitest'
import { arenaUsed } from '../../src/store/arena.ts'
import { graveyardStep, LAZY_EFFORT } from '../../src/store/graveyard.ts'
import { ROOT, rootCounter } from '../../src/store/keyspace.ts'
import type { Memory } from '../../src/store/memory.ts'
import { type TestKeyspace, testKeyspace } from '../support/keyspace.ts'

const waiting = (m: Memory): number => rootCounter(m, ROOT.GRAVE_COUNT)

/** Runs steps until nothing is left, and returns how many it took. */
function freeAll(m: Memory, budget: number): number {
  let steps = 1
  while (graveyardStep(m, budget)) steps++
  return steps
}

function addSet(keyspace: TestKeyspace, key: string, members: number): void {
  for (let at = 0; at < members; at += 500) {
    const some = Array.from({ length: Math.min(500, members - at) }, (_, i) => `member:${at + i}`)
    keyspace.call('SADD', key, ...some)
  }
}

describe('graveyard', () => {
  test('a large value goes in steps, a small one at once', () => {
    const keyspace = testKeyspace(1)
    const [{ m }] = keyspace.engine.shards
    const empty = arenaUsed(m)
    addSet(keyspace, 'small', LAZY_EFFORT / 2)
    expect(keyspace.call('UNLINK', 'small')).toBe(1)
    expect(waiting(m)).toBe(0)
    addSet(keyspace, 'large', 20_000)
    const full = arenaUsed(m)
    expect(keyspace.call('UNLINK', 'large')).toBe(1)
    expect(keyspace.call('EXISTS', 'large')).toBe(0)
    expect(waiting(m)).toBe(1)
    expect(arenaUsed(m)).toBeGreaterThan(full - 1000)
    expect(graveyardStep(m, 100)).toBe(true)
    const used = arenaUsed(m)
    expect(used).toBeLessThan(full)
    expect(used).toBeGreaterThan((full * 9) / 10)
    keyspace.check()
    expect(freeAll(m, 100)).toBeGreaterThan(100)
    expect(waiting(m)).toBe(0)
    expect(rootCounter(m, ROOT.FREED)).toBe(1)
    // The keys' table itself may have grown meanwhile.
    expect(arenaUsed(m)).toBeLessThan(empty + 1000)
    keyspace.check()
  })

  test('DEL frees at once', () => {
    const keyspace = testKeyspace(1)
    const [{ m }] = keyspace.engine.shards
    addSet(keyspace, 'large', 5000)
    keyspace.call('DEL', 'large')
    expect(waiting(m)).toBe(0)
    expect(graveyardStep(m, 1)).toBe(false)
  })

  test('a flushed database goes in steps, large values in graves of their own', () => {
    const keyspace = testKeyspace(1)
    const [shard] = keyspace.engine.shards
    const { m } = shard
    const empty = arenaUsed(m)
    for (let i = 0; i < 3000; i++) keyspace.call('SET', `key:${i}`, 'x'.repeat(i), 'EX', 1000)
    addSet(keyspace, 'large:1', 3000)
    addSet(keyspace, 'large:2', 3000)
    expect(shard.flush(0, true)).toBe(3002)
    expect(shard.size(0)).toBe(0)
    expect(waiting(m)).toBe(3002)
    keyspace.call('SET', 'new', 'value')
    let steps = 0
    for (let more = true; more; steps++) {
      const before = waiting(m)
      more = graveyardStep(m, 50)
      // A step may overshoot by the rest of a bucket's chain.
      expect(before - waiting(m)).toBeLessThan(50 + 64)
    }
    expect(steps).toBeGreaterThan(50)
    expect(waiting(m)).toBe(0)
    expect(rootCounter(m, ROOT.FREED)).toBe(3002)
    expect(keyspace.call('GET', 'new')).toBe('value')
    keyspace.call('DEL', 'new')
    expect(arenaUsed(m)).toBe(empty)
    keyspace.check()
  })

  test('flushing at once leaves nothing behind', () => {
    const keyspace = testKeyspace(1)
    const [shard] = keyspace.engine.shards
    const empty = arenaUsed(shard.m)
    for (let i = 0; i < 500; i++) keyspace.call('SET', `key:${i}`, 'x'.repeat(i * 10))
    addSet(keyspace, 'large', 3000)
    expect(shard.flush(0, false)).toBe(501)
    expect(waiting(shard.m)).toBe(0)
    expect(arenaUsed(shard.m)).toBe(empty)
  })
})
