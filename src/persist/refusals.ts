// Why nobody may write now: what is written cannot be saved.

import { CONTROL, controlFlag } from '../shared/control.ts'
import { errorText } from './errors.ts'

const SAVE_FAILED =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may " +
  'modify the data set are disabled, because this instance is configured to report errors during writes if RDB ' +
  'snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.'

/** The reason, undefined if there is none. `control` are the control block's words. */
export function diskRefusal(control: Int32Array): string | undefined {
  if (controlFlag(control, CONTROL.SAVE_FAILED) !== 0) return SAVE_FAILED
  const logError = controlFlag(control, CONTROL.LOG_ERROR)
  return logError !== 0 ? `MISCONF Errors writing to the AOF file: ${errorText(logError)}` : undefined
}
