// Why a client's command is refused for how replication stands.

import { MAY_REPLICATE, NO_ASYNC_LOADING, READONLY, STALE, WRITE } from '../commands/command.ts'
import { isReplica } from '../commands/replication/replication.ts'
import type { Entry } from '../commands/table.ts'
import type { SettingsView } from '../config/settings.ts'
import { IS_LOADING } from '../protocol/errors.ts'
import { staleRefusal, writeRefusal } from '../replica/refusals.ts'
import { LOADING_COPY, type ReplicationBlock } from '../shared/replication-block.ts'
import type { Connection } from './connection.ts'
import { hasFlag, lacksFlag } from './refusals.ts'

const IS_REPLICA = "ERR Replica can't interact with the keyspace"

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
  const refused = writeRefusal(block, settings)
  if (refused !== undefined && hasFlag(client, entry, WRITE)) return refused
  const stale = staleRefusal(block, settings)
  if (stale !== undefined && lacksFlag(client, entry, STALE)) return stale
  if (hasFlag(client, entry, NO_ASYNC_LOADING) && block.word('ASYNC_LOADING') === LOADING_COPY.ASYNC) return IS_LOADING
  return undefined
}
