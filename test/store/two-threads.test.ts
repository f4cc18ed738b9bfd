import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { testKeyspace } from '../support/keyspace.ts'
import { chooseSeed } from '../support/random.ts'
import { type TwoThreads, takeTurns, WORD } from './two-threads.ts'

const seed = chooseSeed()

test.each([1, 3])(`two threads attached to %i shards are one keyspace (SKEP_SEED=${seed})`, async shards => {
  const keyspace = testKeyspace(shards)
  const workerData: TwoThreads = {
    seed,
    steps: 30_000,
    buffers: keyspace.engine.shards.map(({ m }) => m.buffer),
    words: new Int32Array(new SharedArrayBuffer(8)),
  }
  const worker = new Worker(new URL('./two-threads.worker.ts', import.meta.url), { workerData })
  const ended = new Promise<number>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', resolve)
  })
  // Wait for the worker by turns of the event loop only until it runs: from then on this thread sleeps on the word.
  await new Promise(resolve => worker.once('online', resolve))
  takeTurns(keyspace, 0, workerData)
  expect(await ended).toBe(0)
  expect(workerData.words[WORD.FAILED], 'the first step that went wrong, plus one').toBe(0)
  expect(workerData.words[WORD.TURN]).toBe(workerData.steps)
  keyspace.check()
})
