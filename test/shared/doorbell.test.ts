import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import {
  DOORBELL,
  doorbellAwake,
  doorbellListen,
  doorbellPrepare,
  doorbellRing,
  doorbellSleep,
} from '../../src/shared/doorbell.ts'
import { ballsOf, bellOf, playDoorbell, WORDS } from './doorbell-game.ts'

const RINGS = DOORBELL.RINGS / 4
const ASLEEP = DOORBELL.ASLEEP / 4
const makeBell = (): Int32Array => new Int32Array(new SharedArrayBuffer(DOORBELL.SIZE))

describe('doorbell', () => {
  test('is rung only for who sleeps', () => {
    const words = makeBell()
    doorbellRing(words, 0)
    expect(words[RINGS]).toBe(0)
    doorbellPrepare(words, 0)
    doorbellRing(words, 0)
    expect(words[RINGS]).toBe(1)
    doorbellAwake(words, 0)
    doorbellRing(words, 0)
    expect(words[RINGS]).toBe(1)
  })

  test('a ring between preparing and sleeping is not slept through', () => {
    const words = makeBell()
    const rings = doorbellPrepare(words, 0)
    doorbellRing(words, 0)
    doorbellSleep(words, 0, rings, 600_000)
    expect(words[ASLEEP]).toBe(0)
  })

  test('a sleeper wakes by itself after the time it gave', () => {
    const words = makeBell()
    doorbellSleep(words, 0, doorbellPrepare(words, 0), 5)
    expect(words[ASLEEP]).toBe(0)
  })

  test('a listener in the event loop is called for a ring, before or after it began to listen', async () => {
    const words = makeBell()
    for (const early of [true, false, true, false]) {
      const rings = doorbellPrepare(words, 0)
      if (early) doorbellRing(words, 0)
      const woken = new Promise<void>(resolve => doorbellListen(words, 0, rings, resolve))
      if (!early) setTimeout(() => doorbellRing(words, 0), 1)
      await woken
      doorbellAwake(words, 0)
    }
    expect(words[RINGS]).toBe(4)
  })

  test('no wake-up is lost between two threads that sleep by turns', async () => {
    const rounds = 20_000
    const words = new Int32Array(new SharedArrayBuffer(WORDS * 4))
    const worker = new Worker(new URL('./doorbell-worker.ts', import.meta.url), { workerData: { words, rounds } })
    const ended = new Promise((resolve, reject) => {
      worker.on('error', reject)
      worker.on('exit', resolve)
    })
    await new Promise(resolve => worker.once('online', resolve))
    Atomics.add(words, ballsOf(1), 1)
    doorbellRing(words, bellOf(1))
    playDoorbell(words, 0, rounds)
    expect(await ended).toBe(0)
    expect([words[ballsOf(0)], words[ballsOf(1)]]).toEqual([rounds, rounds + 1])
  })
})
