// A thread of lock.test.ts: takes locks in one of several ways and changes what they guard.

import { workerData } from 'node:worker_threads'
import { lockTry, lockTryAll, lockWait, lockWaitAll, unlock } from '../../src/shared/lock.ts'

/** How a thread takes locks. */
export type LockWay = 'wait' | 'try' | 'wait all' | 'try all'

export type LockStress = {
  readonly way: LockWay
  readonly rounds: number
  /** Two words a lock, LOCKS of them. */
  readonly words: Int32Array
  /** What the locks guard: one plain counter each, eight words apart. */
  readonly counters: Int32Array
  readonly locks: number
  readonly threads: number
  /** Threads that have started: all begin together, or they might not meet at all. */
  readonly started: Int32Array
}

const { way, rounds, words, counters, locks, threads, started } = workerData as LockStress
const wanted = new Int32Array(locks)

/** Not atomic at all: two threads inside at once lose counts. */
function change(lock: number): void {
  const counter = counters[lock * 8]
  let spent = 0
  for (let i = counter & 31; i > 0; i--) spent += i
  counters[lock * 8] = counter + 1 + (spent > 1e9 ? 1 : 0)
}

Atomics.add(started, 0, 1)
while (Atomics.load(started, 0) < threads);

for (let round = 0; round < rounds; round++) {
  const first = (round * 7) % locks
  if (way === 'wait') {
    lockWait(words, first * 2)
    change(first)
    unlock(words, first * 2)
  } else if (way === 'try') {
    while (!lockTry(words, first * 2));
    change(first)
    unlock(words, first * 2)
  } else {
    // Two locks, the upper one first every other time: whoever waited while holding one would deadlock here.
    const second = (first + 1 + (round % (locks - 1))) % locks
    wanted[0] = (round % 2 === 0 ? first : second) * 2
    wanted[1] = (round % 2 === 0 ? second : first) * 2
    if (way === 'wait all') lockWaitAll(words, wanted, 2)
    else while (lockTryAll(words, wanted, 2) >= 0);
    change(first)
    change(second)
    unlock(words, wanted[0])
    unlock(words, wanted[1])
  }
}
