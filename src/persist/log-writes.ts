// Has the kernel take what was logged, and keeps account of what fails: for threads that run commands, and for the syncer.

import { writeSync } from 'node:fs'
import { APPENDFSYNC, SETTING, type SettingsView } from '../config/settings.ts'
import { CONTROL, controlSet } from '../shared/control.ts'
import { LOGS, type LogBlock, type LogsBlock } from '../shared/log-block.ts'
import { sleepSync } from '../shared/sleep.ts'
import { errorNumber } from './errors.ts'

const NO_WAY_OUT = "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting..."
/** Bytes written at once of what does not lie in the ring. */
const PIECE_BYTES = 64 * 1024 * 1024

export class LogWrites {
  readonly #settings: SettingsView
  readonly #control: Int32Array
  readonly #logs: LogsBlock

  constructor(settings: SettingsView, control: Int32Array, logs: LogsBlock) {
    this.#settings = settings
    this.#control = control
    this.#logs = logs
  }

  /** Writes what is wanted of what lies in the ring. Its lock is held. Returns whether anything was written. */
  write(block: LogBlock): boolean {
    if (block.wanted <= 0 || block.fd < 0) return false
    const sleepUs = this.#logs.get(LOGS.SLEEP_US)
    if (sleepUs > 0) sleepSync(sleepUs / 1000)
    try {
      while (block.wanted > 0) block.wrote(writeSync(block.fd, block.data, block.pendingAt, block.pendingLength))
    } catch (error) {
      this.#failed(block, error)
      return false
    }
    if (block.error !== 0) this.solved(block)
    return true
  }

  /** Writes bytes that do not lie in the ring, which is empty. Returns false if that failed. */
  writeThrough(block: LogBlock, u8: Uint8Array, at: number, length: number): boolean {
    try {
      for (let done = 0; done < length; ) {
        const written = writeSync(block.fd, u8, at + done, Math.min(length - done, PIECE_BYTES))
        done += written
        block.passedBy(written)
      }
      return true
    } catch (error) {
      this.#failed(block, error)
      return false
    }
  }

  /** What failed once has gone well, or is of no moment any more. */
  solved(block: LogBlock): void {
    block.error = 0
    this.#logs.add(LOGS.FAILING, -1)
    if (this.#logs.get(LOGS.FAILING) === 0) controlSet(this.#control, CONTROL.LOG_ERROR, 0)
  }

  #failed(block: LogBlock, error: unknown): void {
    if (block.error === 0) this.#logs.add(LOGS.FAILING, 1)
    block.error = errorNumber(error)
    controlSet(this.#control, CONTROL.LOG_ERROR, block.error)
    // Nobody may hear of what the disk will not have. The thread's end is the end of the process.
    if (this.#settings[SETTING.appendfsync] === APPENDFSYNC.ALWAYS) throw new Error(NO_WAY_OUT)
  }
}
