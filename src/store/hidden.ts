// The hidden databases: for every database another one that no command sees. A copy of a master's data is loaded there
// while the old data is served, and takes its place in one moment when it is complete.

import type { Engine } from './engine.ts'
import { databasesSwap, keyspaceDatabase } from './keyspace.ts'
import type { Shard } from './shard.ts'

/** The index of the hidden counterpart of database `db`. */
const hiddenDatabase = (shard: Shard, db: number): number => db + shard.databases

/** Exchanges all databases with their hidden counterparts, and empties those. Every shard is locked. */
export function swapHidden(engine: Engine): void {
  engine.onFlush?.(-1)
  engine.invalidations.flushed()
  for (const shard of engine.shards) {
    const { m } = shard
    for (let db = 0; db < shard.databases; db++) {
      const hidden = hiddenDatabase(shard, db)
      shard.swapping(db, hidden)
      databasesSwap(m, keyspaceDatabase(m, db), keyspaceDatabase(m, hidden))
    }
  }
  discardHidden(engine)
}

/** Empties the hidden databases. Every shard is locked. */
export function discardHidden(engine: Engine): void {
  for (const shard of engine.shards) {
    for (let db = 0; db < shard.databases; db++) shard.flush(hiddenDatabase(shard, db), true)
  }
}
