// How eviction reaches shards that a command has not locked: through their locks, if they happen to be free.

import { lockWord } from '../shared/control.ts'
import { lockTry, unlock } from '../shared/lock.ts'
import type { Neighbours } from '../store/eviction.ts'
import { memoryRefresh } from '../store/memory.ts'
import type { Shard } from '../store/shard.ts'

export class LockedNeighbours implements Neighbours {
  readonly #control: Int32Array

  constructor(control: Int32Array) {
    this.#control = control
  }

  // A shard whose lock this thread holds already counts as busy: it has had, or will have, its own turn.
  borrow(shard: Shard): boolean {
    if (!lockTry(this.#control, lockWord(shard.index))) return false
    memoryRefresh(shard.m)
    return true
  }

  giveBack(shard: Shard): void {
    unlock(this.#control, lockWord(shard.index))
  }
}
