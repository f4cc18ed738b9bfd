// Remembers which keys a client has read that keeps copies of them (CLIENT TRACKING), so that it is told when they change.

import type { Request } from '../protocol/request.ts'
import { arenaIsTight } from '../store/arena.ts'
import type { Shard } from '../store/shard.ts'
import { trackedAdd } from '../store/tracked.ts'
import { findKeys } from './keys.ts'
import type { Entry } from './table.ts'

const found: number[] = []

/** Remembers the keys of a command that has just run; their shards' locks are still held. */
export function rememberKeys(entry: Entry, shard: Shard, req: Request): void {
  found.length = 0
  // Keys that cannot be made out are not remembered; those before them are.
  findKeys(entry.command, req, found)
  for (const key of found) rememberKey(shard.ofKey(req, key), req, key)
}

function rememberKey(shard: Shard, req: Request, key: number): void {
  const { id } = req.sender
  if (arenaIsTight(shard.m)) {
    shard.engine.invalidations.forgotten(shard, req.u8, req.at[key], req.length[key], id)
  } else {
    trackedAdd(shard.m, req.u8, req.at[key], req.length[key], id)
  }
}
