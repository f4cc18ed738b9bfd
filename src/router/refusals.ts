// Why commands are refused for the state that the server is in, whoever sends them: data is being loaded, or cannot be
// saved.

import { LOADING, WRITE } from '../commands/command.ts'
import { commandByName, type Entry } from '../commands/table.ts'
import { errorText } from '../persist/errors.ts'
import { IS_LOADING } from '../protocol/errors.ts'
import { CONTROL, controlFlag } from '../shared/control.ts'
import type { Connection } from './connection.ts'

const EXEC = commandByName('exec')
/** Tells whoever only looks whether all is well. */
const PING = commandByName('ping')

const SAVE_FAILED =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may " +
  'modify the data set are disabled, because this instance is configured to report errors during writes if RDB ' +
  'snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.'

/** Whether `refusal` may have a reason for any command. */
export const refusesSome = (control: Int32Array): boolean =>
  controlFlag(control, CONTROL.SAVE_FAILED) !== 0 ||
  controlFlag(control, CONTROL.LOG_ERROR) !== 0 ||
  controlFlag(control, CONTROL.LOADING) !== 0

/** Whether a command has the flag, or is the EXEC of one that has it. */
export function hasFlag(client: Connection, entry: Entry, flag: number): boolean {
  if ((entry.command.flags & flag) !== 0) return true
  return entry === EXEC && client.queue !== undefined && (client.queue.anyFlags & flag) !== 0
}

/** Whether a command lacks the flag, or is the EXEC of one that lacks it. */
export function lacksFlag(client: Connection, entry: Entry, flag: number): boolean {
  if ((entry.command.flags & flag) === 0) return true
  return entry === EXEC && client.queue !== undefined && (client.queue.allFlags & flag) === 0
}

/** Why a command is refused now, undefined if it is not. `control` are the control block's words. */
export function refusal(control: Int32Array, client: Connection, entry: Entry): string | undefined {
  const stopsWrites = hasFlag(client, entry, WRITE) || entry === PING
  if (controlFlag(control, CONTROL.SAVE_FAILED) !== 0) {
    if (stopsWrites) return SAVE_FAILED
  }
  const logError = controlFlag(control, CONTROL.LOG_ERROR)
  if (logError !== 0 && stopsWrites) return `MISCONF Errors writing to the AOF file: ${errorText(logError)}`
  if (controlFlag(control, CONTROL.LOADING) !== 0 && lacksFlag(client, entry, LOADING)) return IS_LOADING
  return undefined
}
