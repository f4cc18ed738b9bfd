// Moves buckets of tables that are being resized while nobody uses them, and shrinks those that became sparse. Without
// it a table that is only read would keep both its halves for good.

import { dictFit, dictRehash } from './dict.ts'
import { databaseExpires, databaseKeys, keyspaceDatabase } from './keyspace.ts'
import type { Shard } from './shard.ts'

/** Buckets between two looks at the clock: some tens of microseconds. */
const STEPS = 16

/**
 * Works on the tables of all databases for at most about `budgetMs`. The caller has seen to `activerehashing` and to it
 * that no snapshot is being written. Returns whether there is more to do.
 */
export function rehashCycle(shard: Shard, budgetMs = 1): boolean {
  const m = shard.m
  const deadline = performance.now() + budgetMs
  for (let db = 0; db < shard.databases; db++) {
    for (let which = 0; which < 2; which++) {
      const database = keyspaceDatabase(m, db)
      const dict = which === 0 ? databaseKeys(m, database) : databaseExpires(m, database)
      if (!dictFit(m, dict)) continue
      while (dictRehash(m, dict, STEPS)) if (performance.now() >= deadline) return true
    }
  }
  return false
}
