// What an owner does for its shard besides commands: deleting what has expired, moving tables that grow, evicting,
// freeing large values in steps. Each round is bounded in time, so that no client waits for it noticeably.

import { SETTING } from '../config/settings.ts'
import { ExpireCycle } from '../store/expire-cycle.ts'
import { graveyardStep } from '../store/graveyard.ts'
import { memoryUsed } from '../store/memory-used.ts'
import { rehashCycle } from '../store/rehash-cycle.ts'
import type { Shard } from '../store/shard.ts'

/** Freeing in one round takes about this long at most. */
const FREE_MS = 1
/** Elements freed before the time is looked at again. */
const FREE_STEP = 256
/** The next round begins after this while there is more to do. */
const BUSY_MS = 2
/** And after this when there is nothing. */
const IDLE_MS = 100
/** A round that could not get the lock tries again after this. */
const RETRY_MS = 1
/** A round that could not get the lock for so long waits for it. */
const PATIENCE_MS = 50

function isOverMemory(shard: Shard): boolean {
  const limit = shard.engine.settings[SETTING.maxmemory]
  return limit > 0 && memoryUsed(shard.engine) > limit
}

export class Chores {
  readonly #shard: Shard
  readonly #expiry: ExpireCycle
  #next = 0
  /** When the round that has not had its turn was due first, 0 if none waits. */
  #dueSince = 0

  constructor(shard: Shard) {
    this.#shard = shard
    this.#expiry = new ExpireCycle(shard)
  }

  /** Whether a round is due at `clock` (performance.now). */
  due(clock: number): boolean {
    return clock >= this.#next
  }

  /** The shard is busy: the round is put off a little. Returns whether it has been put off for too long. */
  putOff(clock: number): boolean {
    if (this.#dueSince === 0) this.#dueSince = clock
    this.#next = clock + RETRY_MS
    return clock - this.#dueSince >= PATIENCE_MS
  }

  msToNext(clock: number): number {
    return Math.max(0, this.#next - clock)
  }

  /** One round, under the lock; `now` is Unix ms. Without `expires` expired keys stay. */
  run(now: number, expires = true): void {
    const shard = this.#shard
    shard.engine.begin(now)
    this.#dueSince = 0
    let wait = expires ? Math.min(IDLE_MS, this.#expiry.slow(now)) : IDLE_MS
    if (expires && this.#expiry.fast(now)) wait = BUSY_MS
    if (shard.engine.settings[SETTING.activerehashing] !== 0 && rehashCycle(shard)) wait = BUSY_MS
    const started = performance.now()
    let more = true
    // Memory may be over its limit with no write to notice it: the limit was lowered, clients' buffers have grown.
    if (isOverMemory(shard) && shard.engine.makeRoom(shard) && isOverMemory(shard)) wait = BUSY_MS
    while (more && performance.now() - started < FREE_MS) more = graveyardStep(shard.m, FREE_STEP)
    if (more) wait = BUSY_MS
    this.#next = performance.now() + Math.max(BUSY_MS, wait)
  }
}
