// Why commands are refused for the state that the server is in, whoever sends them: data is being loaded, or cannot be
// saved.

import { LOADING, WRITE } from '../commands/command.ts'
import { commandByName, type Entry } from '../commands/table.ts'
import { diskRefusal } from '../persist/refusals.ts'
import { IS_LOADING } from '../protocol/errors.ts'
import { CONTROL, controlFlag, LOAD_STATE } from '../shared/control.ts'
import type { Connection } from './connection.ts'

const EXEC = commandByName('exec')
/** Tells whoever only looks whether all is well. */
const PING = commandByName('ping')

/** Whether `refusal` may have a reason for any command. */
export const refusesForState = (control: Int32Array): boolean =>
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
  if (hasFlag(client, entry, WRITE) || entry === PING) {
    const refused = diskRefusal(control)
    if (refused !== undefined) return refused
  }
  if (controlFlag(control, CONTROL.LOADING) === LOAD_STATE.TOLD && lacksFlag(client, entry, LOADING)) return IS_LOADING
  return undefined
}
