// What an owner does for its shard besides commands: deleting what has expired, moving tables that grow, freeing large
// values in steps. Each round is bounded in time, so that no client waits for it noticeably.

import { SETTING } from '../config/settings.ts'
import { expireCycle, rehashCycle } from '../store/expire-cycle.ts'
import { graveyardStep } from '../store/graveyard.ts'
import type { Shard } from '../store/shard.ts'

/** A round takes about this long at most. */
const ROUND_MS = 1
/** Elements freed before the time is looked at again. */
const FREE_STEP = 256
/** Freeing goes on at this pace while there is something to free. */
const BUSY_MS = 2
/** A round that could not get the lock for so long waits for it. */
const PATIENCE_MS = 50

export class Chores {
  readonly #shard: Shard
  #next = 0
  #hasMore = false

  constructor(shard: Shard) {
    this.#shard = shard
  }

  /** Whether a round is due at `clock` (performance.now). */
  due(clock: number): boolean {
    return clock >= this.#next
  }

  /** Whether it has been due for long. */
  overdue(clock: number): boolean {
    return clock >= this.#next + PATIENCE_MS
  }

  msToNext(clock: number): number {
    return Math.max(0, this.#next - clock)
  }

  /** One round, under the lock; `now` is Unix ms. */
  run(now: number): void {
    const started = performance.now()
    const shard = this.#shard
    const engine = shard.engine
    engine.begin(now)
    this.#hasMore = expireCycle(shard, ROUND_MS)
    if (rehashCycle(shard, ROUND_MS)) this.#hasMore = true
    let more = true
    while (more && performance.now() - started < 2 * ROUND_MS) more = graveyardStep(shard.m, FREE_STEP)
    if (more) this.#hasMore = true
    const period = 1000 / Math.max(1, engine.settings[SETTING.hz])
    this.#next = performance.now() + (this.#hasMore ? BUSY_MS : period)
  }
}
