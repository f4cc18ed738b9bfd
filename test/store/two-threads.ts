// Two threads, one keyspace: both make up the same random commands from the same seed, and run them by turns.

import { memoryRefresh } from '../../src/store/memory.ts'
import type { TestKeyspace } from '../support/keyspace.ts'
import { isExpected, Model } from '../support/model.ts'
import { randomFrom } from '../support/random.ts'

/** Words that the threads share. */
export const WORD = { TURN: 0, FAILED: 1 } as const
const TURN_MS_MAX = 20_000

export type TwoThreads = {
  readonly seed: number
  readonly steps: number
  readonly buffers: readonly SharedArrayBuffer[]
  /** TURN counts steps taken; FAILED is the first step that went wrong, plus one. */
  readonly words: Int32Array
}

/** Runs the steps that are `which` thread's, and knows of all: a model each, fed by the same chances. */
export function takeTurns(keyspace: TestKeyspace, which: number, { seed, steps, words }: TwoThreads): void {
  const chooser = randomFrom(seed + 1)
  const model = new Model(randomFrom(seed), keyspace.now)
  for (let step = 0; step < steps; step++) {
    const expectation = model.next()
    if (chooser.int(0, 1) !== which) continue
    for (let turn = Atomics.load(words, WORD.TURN); turn !== step; turn = Atomics.load(words, WORD.TURN)) {
      if (turn < 0 || Atomics.wait(words, WORD.TURN, turn, TURN_MS_MAX) === 'timed-out') return
    }
    for (const shard of keyspace.engine.shards) memoryRefresh(shard.m)
    keyspace.now = model.now
    const isRight = isExpected(expectation, keyspace.call(...expectation.args))
    if (isRight && step % 1000 === 0) keyspace.check()
    if (!isRight) Atomics.compareExchange(words, WORD.FAILED, 0, step + 1)
    Atomics.store(words, WORD.TURN, isRight ? step + 1 : -1)
    Atomics.notify(words, WORD.TURN)
    if (!isRight) return
  }
}
