// Why a command is refused for how replication stands: replicas do not write, a master may need replicas, a replica whose
// link is down may have nothing to say.

import { MAY_REPLICATE, NO_ASYNC_LOADING, READONLY, STALE, WRITE } from '../commands/command.ts'
import { isReplica } from '../commands/replication/replication.ts'
import type { Entry } from '../commands/table.ts'
import { SETTING, type SettingsView } from '../config/settings.ts'
import { IS_LOADING } from '../protocol/errors.ts'
import { BLOCK, LOADING_COPY, type ReplicationBlock, ROLE } from '../shared/replication-block.ts'
import type { Connection } from './connection.ts'
import { hasFlag, lacksFlag } from './refusals.ts'

const IS_REPLICA = "ERR Replica can't interact with the keyspace"
const NO_REPLICAS = 'NOREPLICAS Not enough good replicas to write.'
export const READ_ONLY = "READONLY You can't write against a read only replica."
const MASTER_DOWN = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."

/** Whether `replicationRefusal` may have a reason for a command of a client that is no replica. */
export const replicationRefusesSome = (block: ReplicationBlock, settings: SettingsView): boolean =>
  block.i32[BLOCK.ROLE / 4] !== ROLE.MASTER || settings[SETTING.minReplicasToWrite] !== 0

/** The error to reply, undefined if the command may run. */
export function replicationRefusal(
  block: ReplicationBlock,
  settings: SettingsView,
  client: Connection,
  entry: Entry,
): string | undefined {
  if (client.replica !== undefined && isReplica(client)) {
    if ((entry.command.flags & (WRITE | READONLY | MAY_REPLICATE)) === 0) return undefined
    client.lastCommand = entry.fullName
    return IS_REPLICA
  }
  if (block.i32[BLOCK.ROLE / 4] === ROLE.MASTER) {
    const needed = settings[SETTING.minReplicasToWrite]
    if (needed === 0 || settings[SETTING.minReplicasMaxLag] === 0 || block.i32[BLOCK.GOOD / 4] >= needed)
      return undefined
    return hasFlag(client, entry, WRITE) ? NO_REPLICAS : undefined
  }
  if (settings[SETTING.replicaReadOnly] !== 0 && hasFlag(client, entry, WRITE)) return READ_ONLY
  if (settings[SETTING.replicaServeStaleData] === 0 && lacksFlag(client, entry, STALE) && !block.isLinked)
    return MASTER_DOWN
  if (hasFlag(client, entry, NO_ASYNC_LOADING) && block.word('ASYNC_LOADING') === LOADING_COPY.ASYNC) return IS_LOADING
  return undefined
}
