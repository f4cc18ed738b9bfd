// All commands, group by group. The order is the table's; nothing else depends on it.

import { aclCommands } from './acl/index.ts'
import { bitmapCommands } from './bitmap/index.ts'
import type { Command } from './command.ts'
import { connectionCommands } from './connection/index.ts'
import { genericCommands } from './generic/index.ts'
import { geoCommands } from './geo/index.ts'
import { hashCommands } from './hash/index.ts'
import { hyperloglogCommands } from './hyperloglog/index.ts'
import { listCommands } from './list/index.ts'
import { pubsubCommands } from './pubsub/index.ts'
import { replicationCommands } from './replication/index.ts'
import { scriptingCommands } from './scripting/index.ts'
import { serverCommands } from './server/index.ts'
import { setCommands } from './set/index.ts'
import { sortCommands } from './sort/index.ts'
import { sortedSetCommands } from './sorted-set/index.ts'
import { streamCommands } from './stream/index.ts'
import { stringCommands } from './string/index.ts'
import { transactionCommands } from './transaction/index.ts'

export const groups: readonly (readonly Command[])[] = [
  stringCommands,
  genericCommands,
  bitmapCommands,
  hyperloglogCommands,
  setCommands,
  hashCommands,
  listCommands,
  sortedSetCommands,
  geoCommands,
  streamCommands,
  sortCommands,
  connectionCommands,
  transactionCommands,
  pubsubCommands,
  scriptingCommands,
  serverCommands,
  replicationCommands,
  aclCommands,
]
