// Why commands are refused for the state that the server is in, whoever sends them: data is being loaded, or cannot be
// saved.

import { LOADING, WRITE } from '../commands/command.ts'
import type { Entry } from '../commands/table.ts'
import { errorText } from '../persist/errors.ts'
import { IS_LOADING } from '../protocol/errors.ts'
import { CONTROL, controlFlag } from '../shared/control.ts'

const SAVE_FAILED =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may " +
  'modify the data set are disabled, because this instance is configured to report errors during writes if RDB ' +
  'snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.'

/** Whether `refusal` may have a reason for any command. */
export const refusesSome = (control: Int32Array): boolean =>
  controlFlag(control, CONTROL.SAVE_FAILED) !== 0 ||
  controlFlag(control, CONTROL.LOG_ERROR) !== 0 ||
  controlFlag(control, CONTROL.LOADING) !== 0

/** Why a command is refused now, undefined if it is not. `control` are the control block's words. */
export function refusal(control: Int32Array, { command }: Entry): string | undefined {
  if (controlFlag(control, CONTROL.SAVE_FAILED) !== 0) {
    // PING tells whoever only looks whether all is well.
    if ((command.flags & WRITE) !== 0 || command.name === 'PING') return SAVE_FAILED
  }
  const logError = controlFlag(control, CONTROL.LOG_ERROR)
  if (logError !== 0 && ((command.flags & WRITE) !== 0 || command.name === 'PING')) {
    return `MISCONF Errors writing to the AOF file: ${errorText(logError)}`
  }
  if (controlFlag(control, CONTROL.LOADING) !== 0 && (command.flags & LOADING) === 0) return IS_LOADING
  return undefined
}
