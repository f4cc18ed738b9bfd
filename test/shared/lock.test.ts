import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { LOCK, lockIsHeld, lockTry, lockTryAll, lockWait, lockWaitAll, unlock } from '../../src/shared/lock.ts'
import type { LockStress, LockWay } from './lock-worker.ts'

const LOCKS = 4
const ROUNDS = 100_000

const makeLocks = (count = LOCKS): Int32Array => new Int32Array(new SharedArrayBuffer(count * LOCK.SIZE))

/** Runs a thread for each way and returns what the counters come to. */
async function stress(ways: readonly LockWay[], locks: number): Promise<number> {
  const words = makeLocks(locks)
  const counters = new Int32Array(new SharedArrayBuffer(locks * 32))
  const started = new Int32Array(new SharedArrayBuffer(4))
  const threads = ways.length
  const ends = ways.map(way => {
    const workerData: LockStress = { way, rounds: ROUNDS, words, counters, locks, threads, started }
    const worker = new Worker(new URL('./lock-worker.ts', import.meta.url), { workerData })
    return new Promise((resolve, reject) => {
      worker.on('error', reject)
      worker.on('exit', resolve)
    })
  })
  await Promise.all(ends)
  // Whoever waited is done: the lock is free and nobody is expected any more.
  expect([...words].every(word => word === 0)).toBe(true)
  return counters.reduce((sum, count) => sum + count, 0)
}

describe('lock', () => {
  test('all are waited for no longer than is asked, and then none is held or wanted', () => {
    const words = makeLocks()
    const ats = Int32Array.of(0, 2, 4)
    expect(lockTry(words, 2)).toBe(true)
    expect(lockWaitAll(words, ats, 3, 20)).toBe(false)
    unlock(words, 2)
    expect([...words].every(word => word === 0)).toBe(true)
    expect(lockWaitAll(words, ats, 3, 0)).toBe(true)
  })

  test('is taken once, and free again after it was given back', () => {
    const words = makeLocks()
    expect(lockIsHeld(words, 2)).toBe(false)
    expect(lockTry(words, 2)).toBe(true)
    expect(lockTry(words, 2)).toBe(false)
    expect(lockIsHeld(words, 2)).toBe(true)
    expect(lockTry(words, 0)).toBe(true)
    unlock(words, 2)
    expect(lockIsHeld(words, 2)).toBe(false)
    lockWait(words, 2)
    expect(lockTry(words, 2)).toBe(false)
  })

  test('is not taken in passing while somebody waits for it', () => {
    const words = makeLocks()
    Atomics.store(words, LOCK.WANTED / 4, 1)
    expect(lockTry(words, 0)).toBe(false)
    expect(lockTryAll(words, new Int32Array([2, 0]), 2)).toBe(1)
    // Whoever waits takes it nevertheless.
    lockWait(words, 0)
    expect(lockIsHeld(words, 0)).toBe(true)
  })

  test('several are taken all or none', () => {
    const words = makeLocks()
    const all = new Int32Array([0, 2, 4, 6])
    lockWait(words, 4)
    expect(lockTryAll(words, all, 4)).toBe(2)
    expect([0, 2, 6].map(at => lockIsHeld(words, at))).toEqual([false, false, false])
    unlock(words, 4)
    expect(lockTryAll(words, all, 4)).toBe(-1)
    expect([0, 2, 4, 6].map(at => lockIsHeld(words, at))).toEqual([true, true, true, true])
    for (const at of all) unlock(words, at)
    lockWaitAll(words, all, 3)
    expect([0, 2, 4, 6].map(at => lockIsHeld(words, at))).toEqual([true, true, true, false])
  })

  test.each<[readonly LockWay[]]>([[['wait', 'wait']], [['wait', 'try']], [['try', 'try', 'wait', 'wait']]])(
    'one lock keeps threads that %j apart',
    async ways => {
      expect(await stress(ways, 1)).toBe(ways.length * ROUNDS)
    },
  )

  test.each<[readonly LockWay[]]>([
    [['wait all', 'wait all']],
    [['try all', 'wait']],
    [['wait all', 'try all', 'try', 'wait']],
  ])('several locks keep threads that %j apart, and none waits for ever', async ways => {
    const counts = ways.reduce((sum, way) => sum + (way.endsWith('all') ? 2 : 1), 0)
    expect(await stress(ways, LOCKS)).toBe(counts * ROUNDS)
  })
})
