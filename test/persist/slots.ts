// Which shard a slot belongs to, as the engine has it.

import { testKeyspace } from '../support/keyspace.ts'

export const shardOfSlotOf = (slot: number, shards: number): number =>
  testKeyspace(shards, 2 ** 24).engine.shardOfSlot(slot).index
