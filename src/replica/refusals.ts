// Why nobody may write now, or read, for how replication stands: clients and the scripts that they run.

import { SETTING, type SettingsView } from '../config/settings.ts'
import { BLOCK, type ReplicationBlock, ROLE } from '../shared/replication-block.ts'

const NO_REPLICAS = 'NOREPLICAS Not enough good replicas to write.'
export const READ_ONLY = "READONLY You can't write against a read only replica."
const MASTER_DOWN = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."

const isMaster = (block: ReplicationBlock): boolean => block.i32[BLOCK.ROLE / 4] === ROLE.MASTER

/** Whether one of the two below may have a reason. */
export const refusesSome = (block: ReplicationBlock, settings: SettingsView): boolean =>
  !isMaster(block) || settings[SETTING.minReplicasToWrite] !== 0

/** Why a write is refused: replicas do not write, a master may need replicas. */
export function writeRefusal(block: ReplicationBlock, settings: SettingsView): string | undefined {
  if (!isMaster(block)) return settings[SETTING.replicaReadOnly] !== 0 ? READ_ONLY : undefined
  const needed = settings[SETTING.minReplicasToWrite]
  if (needed === 0 || settings[SETTING.minReplicasMaxLag] === 0) return undefined
  return block.i32[BLOCK.GOOD / 4] >= needed ? undefined : NO_REPLICAS
}

/** Why what needs the data is refused: a replica whose link is down may have nothing to say. */
export function staleRefusal(block: ReplicationBlock, settings: SettingsView): string | undefined {
  if (isMaster(block) || settings[SETTING.replicaServeStaleData] !== 0 || block.isLinked) return undefined
  return MASTER_DOWN
}
