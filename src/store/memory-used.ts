// How much memory counts against maxmemory: what the shards' allocators have handed out, and what the threads hold
// beside the keyspace (clients' buffers, scripts and the like).
//
// Handed out, not held: freeing keys lowers USED at once, as it lowers Redis's used_memory, while the pages that
// fragmentation keeps would have eviction go on for nothing.
//
// Other shards are read without their locks. A count may be a moment old, never garbage: an aligned f64 is written whole.

import { arenaUsed } from './arena.ts'
import type { Engine } from './engine.ts'

/** Bytes that count against maxmemory, over all shards and threads. */
export function memoryUsed(engine: Engine): number {
  let bytes = memoryBeside(engine)
  for (const shard of engine.shards) bytes += arenaUsed(shard.m)
  return bytes
}

/** The part of it that is in no shard: the sum of what each thread reports in its slot. */
export function memoryBeside(engine: Engine): number {
  let bytes = 0
  for (const held of engine.bytesBeside) bytes += held
  return bytes
}
