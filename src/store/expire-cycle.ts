// The active expiry cycle: finds keys, and fields of hashes, whose time is up before anybody asks for them.
//
// Each shard has one, run by its owner under the lock, a millisecond at most at a time. It looks at some of the keys
// that expire, and goes on with a database as long as too many of those turn out to be dead. As in Redis there are two
// paces. The slow cycle starts hz times a second and may take a quarter of the time, cut into slices so that the lock
// is free in between. The fast one runs before the owner sleeps, only while there is reason to think that many dead
// keys are left.
//
// What it learned (where it goes on, mean TTL, the share of dead keys) lies in the keyspace; only the pace is kept here.

import { SETTING } from '../config/settings.ts'
import { dictCount } from './dict.ts'
import { dictScan } from './dict-walk.ts'
import { type EntryRef, entryExpireAt } from './entry.ts'
import { hashExpireStep } from './hash-expire.ts'
import { DATABASE, databaseExpires, keyspaceDatabase, keyspaceRoot, ROOT, rootAdd } from './keyspace.ts'
import { OwnExpiries } from './own-expiries-cycle.ts'
import { RefList } from './ref-list.ts'
import type { Shard } from './shard.ts'

/** No call takes longer than about this. */
const SLICE_MS = 1
/** Redis's figures at effort 1, and what each further degree of active-expire-effort adds. */
const KEYS_PER_ROUND = 20
const FAST_MS = 1
const SLOW_PERCENT = 25
const STALE_PERCENT_ACCEPTABLE = 10
/** Databases that one cycle visits. */
const DATABASES_PER_CYCLE = 16
/** Buckets that a round may pass over for each key it wants. */
const BUCKETS_PER_KEY = 2
/** How much one cycle's share of dead keys counts in the running mean. */
const STALE_WEIGHT = 0.05
const TTL_WEIGHT = 0.02
/** Hash fields deleted between two looks at the clock. */
const FIELDS_A_STEP = 32

export class ExpireCycle {
  readonly #shard: Shard
  readonly #found = new RefList()
  readonly #own: OwnExpiries
  /** Database that the next visit is to. */
  #database = 0
  /** The slow cycle: whether one has begun, databases still to visit, time left of its share, when the next one starts. */
  #running = false
  #visits = 0
  #leftMs = 0
  #nextStart = 0
  /** Whether the last cycle ended for want of time. */
  #ranOut = false
  #lastFast = Number.NEGATIVE_INFINITY
  // Of the cycle that is running.
  #sampled = 0
  #expired = 0

  constructor(shard: Shard) {
    this.#shard = shard
    this.#own = new OwnExpiries(shard)
  }

  /**
   * The slow cycle's next slice, at Unix time `now`. Returns the milliseconds after which it wants to be called again:
   * 0 means that there are more dead keys and time for them left.
   */
  slow(now: number): number {
    const { settings, deletesExpired } = this.#shard.engine
    const period = 1000 / settings[SETTING.hz]
    const start = performance.now()
    if (!deletesExpired) {
      // A replica waits for its master's word, but for what its own clients have written.
      if (this.#shard.engine.isReplica) this.#own.run(now, start + SLICE_MS)
      return period
    }
    if (!this.#running) {
      if (start < this.#nextStart) return this.#nextStart - start
      const percent = SLOW_PERCENT + 2 * this.#effort()
      this.#begin()
      this.#leftMs = (period * percent) / 100
      this.#nextStart = start + period
    }
    const finished = this.#run(now, start + Math.min(SLICE_MS, this.#leftMs))
    const end = performance.now()
    this.#leftMs -= end - start
    rootAdd(this.#shard.m, ROOT.EXPIRE_CYCLE, (end - start) * 1000)
    if (!finished && this.#leftMs > 0) return 0
    this.#ranOut = !finished
    if (!finished) rootAdd(this.#shard.m, ROOT.CAP_REACHED, 1)
    this.#finish()
    return Math.max(0, this.#nextStart - end)
  }

  /** The fast cycle, for an owner about to sleep. Returns whether it found that there is more to do. */
  fast(now: number): boolean {
    const m = this.#shard.m
    const start = performance.now()
    const effort = this.#effort()
    const budget = FAST_MS + (FAST_MS / 4) * effort
    const isStale = m.f64[keyspaceRoot(m) + ROOT.STALE_PERCENT / 8] >= STALE_PERCENT_ACCEPTABLE - effort
    if (this.#running || !this.#shard.engine.deletesExpired) return false
    if ((!this.#ranOut && !isStale) || start < this.#lastFast + 2 * budget) return false
    this.#lastFast = start
    this.#begin()
    this.#ranOut = !this.#run(now, start + Math.min(SLICE_MS, budget))
    rootAdd(m, ROOT.EXPIRE_CYCLE, (performance.now() - start) * 1000)
    if (this.#ranOut) rootAdd(m, ROOT.CAP_REACHED, 1)
    this.#finish()
    return this.#ranOut
  }

  #effort(): number {
    return this.#shard.engine.settings[SETTING.activeExpireEffort] - 1
  }

  #begin(): void {
    const databases = this.#shard.databases
    // A cycle that ran out of time left databases unseen: the next one sees them all.
    this.#running = true
    this.#visits = this.#ranOut ? databases : Math.min(databases, DATABASES_PER_CYCLE)
    this.#sampled = 0
    this.#expired = 0
  }

  #finish(): void {
    const m = this.#shard.m
    const percent = this.#sampled === 0 ? 0 : (this.#expired * 100) / this.#sampled
    const field = keyspaceRoot(m) + ROOT.STALE_PERCENT / 8
    m.f64[field] = percent * STALE_WEIGHT + m.f64[field] * (1 - STALE_WEIGHT)
    this.#running = false
  }

  /** Visits databases until all had their visit or the deadline has come. Returns whether all had. */
  #run(now: number, deadline: number): boolean {
    for (; this.#visits > 0; this.#visits--) {
      // A visit that time cuts short is over: the next slice or cycle goes on with the next database, so that one full of
      // dead keys doesn't starve the others.
      const db = this.#database % this.#shard.databases
      this.#database = db + 1
      if (!this.#visit(db, now, deadline)) return false
    }
    // Fields of hashes are kept in order of their time: there is no looking at some that live.
    while (hashExpireStep(this.#shard, FIELDS_A_STEP)) if (performance.now() >= deadline) return false
    return true
  }

  /** Rounds over one database while many keys in it are dead. Returns false if time ran out. */
  #visit(db: number, now: number, deadline: number): boolean {
    const m = this.#shard.m
    const acceptable = STALE_PERCENT_ACCEPTABLE - this.#effort()
    for (;;) {
      const database = keyspaceDatabase(m, db)
      if (dictCount(m, databaseExpires(m, database)) === 0) {
        m.f64[database + DATABASE.AVG_TTL / 8] = 0
        return true
      }
      const sampledBefore = this.#sampled
      const expiredBefore = this.#expired
      if (!this.#round(db, now, deadline)) return false
      const sampled = this.#sampled - sampledBefore
      if (sampled > 0 && ((this.#expired - expiredBefore) * 100) / sampled <= acceptable) return true
    }
  }

  /** Looks at some of a database's keys that expire, and deletes the dead. Returns false if time ran out. */
  #round(db: number, now: number, deadline: number): boolean {
    const m = this.#shard.m
    const database = keyspaceDatabase(m, db)
    const expires = databaseExpires(m, database)
    const found = this.#found
    const wanted = Math.min(dictCount(m, expires), KEYS_PER_ROUND + (KEYS_PER_ROUND / 4) * this.#effort())
    const cursorWord = database * 2 + DATABASE.CURSOR / 4
    let sampled = 0
    let ttlSum = 0
    let living = 0
    let inTime = true
    for (let visits = wanted * BUCKETS_PER_KEY; visits > 0 && sampled < wanted && inTime; visits--) {
      found.clear()
      m.u32[cursorWord] = dictScan(m, expires, m.u32[cursorWord], found)
      for (let i = 0; i < found.count; i++) {
        const entry = found.refs[i] as EntryRef
        const ttl = entryExpireAt(m, entry) - now
        if (ttl > 0) {
          ttlSum += ttl
          living++
        } else {
          this.#shard.expire(db, entry)
          this.#expired++
        }
      }
      sampled += found.count
      // A bucket holds about as many keys as Redis looks at between two glances at the clock.
      inTime = performance.now() < deadline
    }
    this.#sampled += sampled
    if (living > 0) noteTtl(this.#shard, db, ttlSum / living)
    return inTime
  }
}

function noteTtl(shard: Shard, db: number, ttl: number): void {
  const m = shard.m
  const field = keyspaceDatabase(m, db) + DATABASE.AVG_TTL / 8
  const mean = m.f64[field]
  m.f64[field] = mean === 0 ? ttl : mean * (1 - TTL_WEIGHT) + ttl * TTL_WEIGHT
}
