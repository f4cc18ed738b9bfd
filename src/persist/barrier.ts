// The barrier: a moment at which every shard is locked, so that what happens then happens at once everywhere. Main thread.
//
// Locks are free in a moment, unless a script has one, perhaps without an end. So the main thread waits for them bit by bit
// and does its other work in between: SHUTDOWN NOSAVE must come through.

import { CONTROL, controlFlag, lockWord } from '../shared/control.ts'
import { lockWaitAll, unlock } from '../shared/lock.ts'

/** How long it waits for the locks before it does other things as well. */
const LOCKS_MS = 100
/** How long those other things have. */
const OTHERS_MS = 2

export class Barrier {
  readonly #control: Int32Array
  readonly #locks: Int32Array

  constructor(control: Int32Array, shards: number) {
    this.#control = control
    this.#locks = Int32Array.from({ length: shards }, (_, shard) => lockWord(shard))
  }

  /**
   * Runs `work` while every shard is locked: before this returns its promise, unless a lock is held for long. Resolves with
   * false, `work` not having run, if it is not wanted any more by then or the server ends.
   */
  async at(work: () => void, isWanted: () => boolean = () => true): Promise<boolean> {
    const control = this.#control
    const locks = this.#locks
    while (!lockWaitAll(control, locks, locks.length, LOCKS_MS)) {
      await new Promise(resolve => setTimeout(resolve, OTHERS_MS))
      if (!isWanted() || controlFlag(control, CONTROL.STOPPING) !== 0) return false
    }
    try {
      work()
    } finally {
      for (const lock of locks) unlock(control, lock)
    }
    return true
  }
}
