// The keyspace of one shard: its databases, and what is counted about them. Everything is in the arena, so every
// attached thread sees the same; whoever holds the shard's lock is the writer of all of it.
//
// The root record:
//
//   OFFSET  SIZE  FIELD          MEANING
//        0     4  DATABASES      how many there are
//        4     4  TABLE          ref of the databases, 32 bytes each; behind them as many that are hidden (hidden.ts)
//        8     4  MARKS          keys with a mark on them (watched, waited for, tracked); 0 = nobody need look
//       12     4  GRAVES         ref of the first value waiting to be freed in steps, 0 = none (graveyard.ts)
//       16     8  HITS           f64, lookups that found a key
//       24     8  MISSES         f64, those that didn't
//       32     8  EXPIRED        f64, keys deleted because their time was up
//       40     8  EVICTED        f64, keys deleted for memory
//       48     8  DIRTY          f64, changes ever made
//       56     8  GRAVE_COUNT    f64, values waiting to be freed
//       64     8  FREED          f64, values freed in steps so far
//       72     8  EXPIRE_CYCLE   f64, microseconds spent in the active expiry cycle
//       80     8  STALE_PERCENT  f64, estimate of expired keys not yet deleted, in percent
//       88     8  CAP_REACHED    f64, times the expiry cycle ran out of its time
//       96     8  PACKED_MIN     f64, list elements from this size on have a node of their own; 0 = 1 GiB (quicklist.ts)
//      104     8  SKIP_CHECKSUM  f64, 1 = RESTORE takes payloads whose checksum is wrong (tests of damaged payloads)
//      112     4  MARKING        ref of what is known about marks, 0 = nothing yet (marks.ts)
//      116     4  TRACKING       ref of what is known about tracked keys, 0 = nothing yet (tracked.ts)
//      120     4  EPOCH          bit 10: the side that saved entries are on; bit 0: a snapshot is being taken (epoch.ts)
//      124     4  DETACHED       ref of the first flushed table that the snapshot has yet to walk, 0 = none (epoch.ts)
//      128
//
// A database:
//
//   OFFSET  SIZE  FIELD     MEANING
//        0     4  KEYS      dict of all entries
//        4     4  EXPIRES   dict of the entries that expire; the same refs
//        8     8  AVG_TTL   f64, ms, running mean of time to live as the expiry cycle saw it
//       16     4  CURSOR    where the expiry cycle goes on
//       20     4  FIELDS    time heap of the hashes with fields that expire (hash-expiry.ts)
//       24     4  ORIGIN    the database's index when the snapshot being taken began
//       28     4  OWN       dict of the keys whose end clients of a replica have set (own-expiries.ts), 0 = never any
//       32

import { ARENA, allocateZeroed } from './arena.ts'
import { type DictRef, dictCreate } from './dict.ts'
import type { Memory, Ref } from './memory.ts'
import { heapClear, heapCreate, type TimeHeapRef } from './time-heap.ts'

export type RootRef = Ref<'keyspace root'>
export type DatabaseRef = Ref<'database'>

export const ROOT = {
  DATABASES: 0,
  TABLE: 4,
  MARKS: 8,
  GRAVES: 12,
  HITS: 16,
  MISSES: 24,
  EXPIRED: 32,
  EVICTED: 40,
  DIRTY: 48,
  GRAVE_COUNT: 56,
  FREED: 64,
  EXPIRE_CYCLE: 72,
  STALE_PERCENT: 80,
  CAP_REACHED: 88,
  PACKED_MIN: 96,
  SKIP_CHECKSUM: 104,
  MARKING: 112,
  TRACKING: 116,
  EPOCH: 120,
  DETACHED: 124,
  SIZE: 128,
} as const

export const DATABASE = {
  KEYS: 0,
  EXPIRES: 4,
  AVG_TTL: 8,
  CURSOR: 16,
  FIELDS: 20,
  ORIGIN: 24,
  OWN: 28,
  SIZE: 32,
} as const

/** Makes an empty keyspace with `databases` databases in a fresh arena. */
export function keyspaceCreate(m: Memory, databases: number): void {
  const root = allocateZeroed(m, ROOT.SIZE)
  // The second half is hidden (hidden.ts).
  const records = databases * 2
  const table = allocateZeroed(m, DATABASE.SIZE * records)
  m.u32[ARENA.ROOT / 4] = root
  m.u32[root * 2] = databases
  m.u32[root * 2 + ROOT.TABLE / 4] = table
  for (let i = 0; i < records; i++) {
    const fields = heapCreate(m)
    m.u32[keyspaceDatabase(m, i) * 2 + DATABASE.FIELDS / 4] = fields
    databaseReset(m, keyspaceDatabase(m, i))
  }
}

export const keyspaceRoot = (m: Memory): RootRef => m.u32[ARENA.ROOT / 4] as RootRef
export const keyspaceDatabases = (m: Memory): number => m.u32[keyspaceRoot(m) * 2]

/** The record of database `index`. */
export const keyspaceDatabase = (m: Memory, index: number): DatabaseRef =>
  (m.u32[keyspaceRoot(m) * 2 + ROOT.TABLE / 4] + index * (DATABASE.SIZE / 8)) as DatabaseRef

export const databaseKeys = (m: Memory, database: DatabaseRef): DictRef => m.u32[database * 2] as DictRef
export const databaseExpires = (m: Memory, database: DatabaseRef): DictRef => m.u32[database * 2 + 1] as DictRef
/** The heap of the hashes whose fields expire; it belongs to the database for good. */
export const databaseFieldExpiries = (m: Memory, database: DatabaseRef): TimeHeapRef =>
  m.u32[database * 2 + DATABASE.FIELDS / 4] as TimeHeapRef

/** Gives a database new, empty tables; the old ones are the caller's. */
export function databaseReset(m: Memory, database: DatabaseRef): void {
  const keys = dictCreate(m)
  const expires = dictCreate(m)
  m.u32[database * 2] = keys
  m.u32[database * 2 + 1] = expires
  m.f64[database + DATABASE.AVG_TTL / 8] = 0
  m.u32[database * 2 + DATABASE.CURSOR / 4] = 0
  heapClear(m, databaseFieldExpiries(m, database))
}

/** Exchanges two databases. */
export function databasesSwap(m: Memory, a: DatabaseRef, b: DatabaseRef): void {
  for (let word = 0; word < DATABASE.SIZE / 4; word++) {
    const kept = m.u32[a * 2 + word]
    m.u32[a * 2 + word] = m.u32[b * 2 + word]
    m.u32[b * 2 + word] = kept
  }
}

/** A counter of the root record; `field` is one of ROOT's f64 offsets. */
export const rootCounter = (m: Memory, field: number): number => m.f64[keyspaceRoot(m) + field / 8]

/** Adds to a counter of ROOT. */
export function rootAdd(m: Memory, field: number, amount: number): void {
  m.f64[keyspaceRoot(m) + field / 8] += amount
}
