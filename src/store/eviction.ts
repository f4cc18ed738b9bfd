// Eviction: keeps memory under maxmemory by deleting keys that the policy thinks least useful.
//
// There is one budget, and a command runs with only its own shards locked. So each shard is entitled to an equal share:
// while the whole is over budget, a shard over its share gives keys up first, wherever the command runs; others are
// asked for theirs if their locks happen to be free. Only when that isn't enough does the shard at hand give up keys
// below its share. As some shard is over its share whenever the whole is over budget, and every shard's owner calls this
// from its cycle too, uneven shards even out, and a write is refused only when nothing that can be reached may go.
//
// Sampling state is a matter of this thread: it makes choices better or worse, never wrong.

import { MAXMEMORY_POLICY, SETTING } from '../config/settings.ts'
import { lfuCounter, lruIdle } from './access.ts'
import { arenaUsed } from './arena.ts'
import { type DictRef, dictCount, dictFind } from './dict.ts'
import { dictRandom, dictSample } from './dict-walk.ts'
import type { Engine } from './engine.ts'
import { type EntryRef, entryAccess, entryExpireAt } from './entry.ts'
import { EvictionPool } from './eviction-pool.ts'
import { graveyardStep } from './graveyard.ts'
import { itemKeyAt, itemKeyLength, keyHash } from './item.ts'
import { databaseExpires, databaseKeys, keyspaceDatabase, keyspaceRoot, ROOT } from './keyspace.ts'
import type { Memory } from './memory.ts'
import { memoryBeside, memoryUsed } from './memory-used.ts'
import { RefList } from './ref-list.ts'
import type { Shard } from './shard.ts'

/** Lets eviction reach shards that the command has not locked. The thread that runs commands implements it. */
export interface Neighbours {
  /** Takes the shard's lock if it is free, without waiting. False too if this thread holds it already. */
  borrow(shard: Shard): boolean
  giveBack(shard: Shard): void
}

/** Keys evicted, or values freed, between two looks at the clock. */
const KEYS_A_LOOK = 16
/** Elements of unlinked values freed at a time. */
const GRAVES_A_LOOK = 256
/** What writes may take beyond the budget while a shard that may have keys to give up is busy. */
const SLACK_BYTES_MIN = 256 * 1024
const SLACK_SHARE = 1 / 64

/** What asking other shards came to. */
const OTHERS = { GAVE: 0, HAD_NONE: 1, BUSY: 2 } as const
type Others = (typeof OTHERS)[keyof typeof OTHERS]

export class Eviction {
  readonly #engine: Engine
  readonly #sampled = new RefList()
  readonly #pools: (EvictionPool | undefined)[] = []
  #policy = -1
  #limit = 0
  #deadline = 0
  #nextDatabase = 0
  // What `#pick` found.
  #database = 0

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /**
   * Evicts until memory is within maxmemory, as far as the time that maxmemory-eviction-tenacity allows goes; the lock
   * of `shard` is held. Returns false if memory is over budget and nothing can go: commands that take memory are refused
   * then. What was evicted is in the engine's effects and notices, as with a command.
   */
  makeRoom(shard: Shard): boolean {
    const limit = this.#engine.settings[SETTING.maxmemory]
    if (limit === 0) return true
    const used = memoryUsed(this.#engine)
    shard.m.tableBytesMax = limit - used
    return used <= limit || this.#makeRoomSlow(shard, limit)
  }

  #makeRoomSlow(shard: Shard, limit: number): boolean {
    const engine = this.#engine
    const settings = engine.settings
    // A replica keeps what its master keeps.
    if (engine.isReplica && settings[SETTING.replicaIgnoreMaxmemory] !== 0) return true
    this.#begin(limit)
    const policy = this.#policy
    if (policy === MAXMEMORY_POLICY.NOEVICTION) {
      this.#freeGraves(shard)
      return memoryUsed(engine) <= limit
    }
    const share = (limit - memoryBeside(engine)) / engine.shards.length
    this.#evictDownTo(shard, share)
    this.#evictFromOthers(shard, share)
    // Whether there is room is a matter of keys that may go, not of memory compared once more: other threads take some
    // all the time.
    if (this.#evictDownTo(shard, 0)) return true
    const others = this.#evictFromOthers(shard, 0)
    if (others !== OTHERS.BUSY) return others === OTHERS.GAVE
    return memoryUsed(engine) - limit < Math.max(SLACK_BYTES_MIN, limit * SLACK_SHARE)
  }

  #begin(limit: number): void {
    const settings = this.#engine.settings
    const policy = settings[SETTING.maxmemoryPolicy]
    // Scores of one policy mean nothing to another.
    if (policy !== this.#policy) for (const pool of this.#pools) pool?.clear()
    this.#policy = policy
    this.#limit = limit
    this.#deadline = performance.now() + timeLimitMs(settings[SETTING.maxmemoryEvictionTenacity])
  }

  #isOver(): boolean {
    return memoryUsed(this.#engine) > this.#limit
  }

  #isLate(): boolean {
    return performance.now() >= this.#deadline
  }

  /** Asks the other shards that are over `share` until the whole is within budget. */
  #evictFromOthers(shard: Shard, share: number): Others {
    const { shards, neighbours } = this.#engine
    let others: Others = OTHERS.HAD_NONE
    // Not always the same neighbour first.
    const start = Math.floor(Math.random() * shards.length)
    for (let i = 0; i < shards.length; i++) {
      if (!this.#isOver() || (share > 0 && this.#isLate())) return OTHERS.GAVE
      const other = shards[(start + i) % shards.length]
      if (other === shard || arenaUsed(other.m) <= share) continue
      if (neighbours === undefined || !neighbours.borrow(other)) {
        others = OTHERS.BUSY
        continue
      }
      const gave = this.#evictDownTo(other, share)
      neighbours.giveBack(other)
      if (gave && share === 0) return OTHERS.GAVE
    }
    return others
  }

  /**
   * Evicts from one shard until the whole is within budget, the shard is down to `share`, or time is over. Returns false
   * if it ran out of keys before.
   */
  #evictDownTo(shard: Shard, share: number): boolean {
    const m = shard.m
    for (let steps = 1; this.#isOver() && arenaUsed(m) > share; steps++) {
      if (steps % KEYS_A_LOOK === 0 && this.#isLate()) return true
      // What was unlinked before counts as used until it is freed: free it before more keys go.
      if (hasGraves(m)) {
        graveyardStep(m, GRAVES_A_LOOK)
        continue
      }
      const entry = this.#pick(shard)
      if (entry === 0) return false
      shard.evict(this.#database, entry)
    }
    return true
  }

  #freeGraves(shard: Shard): void {
    while (hasGraves(shard.m) && this.#isOver() && !this.#isLate()) graveyardStep(shard.m, GRAVES_A_LOOK)
  }

  /** The key of the shard that should go next, its database in #database; 0 if none may go. */
  #pick(shard: Shard): EntryRef | 0 {
    const isRandom =
      this.#policy === MAXMEMORY_POLICY.ALLKEYS_RANDOM || this.#policy === MAXMEMORY_POLICY.VOLATILE_RANDOM
    return isRandom ? this.#pickRandom(shard) : this.#pickSampled(shard)
  }

  #pickRandom(shard: Shard): EntryRef | 0 {
    const databases = shard.databases
    for (let i = 0; i < databases; i++) {
      const db = this.#nextDatabase++ % databases
      const entry = dictRandom(shard.m, this.#candidates(shard, db))
      if (entry === 0) continue
      this.#database = db
      return entry as number as EntryRef
    }
    return 0
  }

  #pickSampled(shard: Shard): EntryRef | 0 {
    const pool = this.#pools[shard.index] ?? new EvictionPool()
    this.#pools[shard.index] = pool
    for (;;) {
      let candidates = 0
      for (let db = 0; db < shard.databases; db++) candidates += this.#sample(shard, db, pool)
      if (candidates === 0) return 0
      while (pool.takeBest()) {
        // The key may have gone, or have lost its expiry, since it was sampled.
        const { key, length, database } = pool
        const hash = keyHash(shard.m, key, 0, length)
        const entry = dictFind(shard.m, this.#candidates(shard, database), hash, key, 0, length)
        if (entry === 0) continue
        this.#database = database
        return entry as number as EntryRef
      }
    }
  }

  /** The table whose keys may be evicted. */
  #candidates(shard: Shard, db: number): DictRef {
    const database = keyspaceDatabase(shard.m, db)
    const isVolatile = this.#policy <= MAXMEMORY_POLICY.VOLATILE_TTL
    return isVolatile ? databaseExpires(shard.m, database) : databaseKeys(shard.m, database)
  }

  /** Offers some of a database's keys to the pool. Returns how many candidates the database has. */
  #sample(shard: Shard, db: number, pool: EvictionPool): number {
    const m = shard.m
    const dict = this.#candidates(shard, db)
    const count = dictCount(m, dict)
    if (count === 0) return 0
    const sampled = this.#sampled
    sampled.clear()
    dictSample(m, dict, this.#engine.settings[SETTING.maxmemorySamples], sampled)
    for (let i = 0; i < sampled.count; i++) {
      const entry = sampled.refs[i] as EntryRef
      pool.offer(this.#score(m, entry), db, m.u8, itemKeyAt(m, entry), itemKeyLength(m, entry))
    }
    return count
  }

  #score(m: Memory, entry: EntryRef): number {
    const { now, settings } = this.#engine
    switch (this.#policy) {
      case MAXMEMORY_POLICY.VOLATILE_TTL:
        return -entryExpireAt(m, entry)
      case MAXMEMORY_POLICY.ALLKEYS_LFU:
      case MAXMEMORY_POLICY.VOLATILE_LFU:
        return 255 - lfuCounter(entryAccess(m, entry), now, settings[SETTING.lfuDecayTime])
      default:
        return lruIdle(entryAccess(m, entry), now)
    }
  }
}

const hasGraves = (m: Memory): boolean => m.u32[keyspaceRoot(m) * 2 + ROOT.GRAVES / 4] !== 0

/** Redis's scale: half a millisecond at 10, growing by 15 % a degree to about two minutes at 99, no limit at 100. */
function timeLimitMs(tenacity: number): number {
  if (tenacity <= 10) return 0.05 * tenacity
  return tenacity < 100 ? 0.5 * 1.15 ** (tenacity - 10) : Number.POSITIVE_INFINITY
}
