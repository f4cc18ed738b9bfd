// Has the disk take the files of the logs, and keeps account of how far it has them. The syncer's part of the pool.

import { closeSync, fdatasync, fdatasyncSync } from 'node:fs'
import { APPENDFSYNC, SETTING, type SettingsView } from '../config/settings.ts'
import { CONTROL, controlSet } from '../shared/control.ts'
import { LOGS, type LogBlock, type LogsBlock } from '../shared/log-block.ts'
import { sleepSync } from '../shared/sleep.ts'
import { errorNumber, errorText } from './errors.ts'

/** After a failure. */
const RETRY_MS = 100
/** What clients wait for will not come. */
const NO_WAY_OUT = "Can't persist AOF for fsync error when the AOF fsync policy is 'always'"

const syncAsync = (fd: number): Promise<void> =>
  new Promise((resolve, reject) => fdatasync(fd, error => (error === null ? resolve() : reject(error))))

export class LogSyncs {
  readonly #logs: LogsBlock
  readonly #blocks: readonly LogBlock[]
  readonly #settings: SettingsView
  readonly #control: Int32Array
  /** By log: up to where the sync under way will have had the disk take it. */
  readonly targets: Int32Array
  /** By log: 1 if its last sync failed. */
  readonly #failing: Uint8Array
  /** By log: up to where this task has had the disk take it, if its byte in #isSure is 1. Under `no` SYNCED says more. */
  readonly #sure: Int32Array
  readonly #isSure: Uint8Array

  constructor(logs: LogsBlock, blocks: readonly LogBlock[], settings: SettingsView, control: Int32Array) {
    this.#logs = logs
    this.#blocks = blocks
    this.#settings = settings
    this.#control = control
    this.targets = new Int32Array(blocks.length)
    this.#failing = new Uint8Array(blocks.length)
    this.#sure = new Int32Array(blocks.length)
    this.#isSure = new Uint8Array(blocks.length)
  }

  /** Whether the last sync of any log failed. */
  get isFailing(): boolean {
    return this.#failing.includes(1)
  }

  /** A log that has been turned off fails no more. */
  forgive(i: number): void {
    if (this.#failing[i] === 1 && this.#blocks[i].fd < 0) this.#solved(i)
  }

  /** Up to where the disk surely has a log, undefined if that is not known. */
  sure(i: number): number | undefined {
    return this.#isSure[i] === 1 ? this.#sure[i] : undefined
  }

  /** Positions mean other bytes from now on. */
  unsure(): void {
    this.#isSure.fill(0)
  }

  /** Syncs these logs; the disk has them up to their targets then. */
  async sync(due: readonly number[]): Promise<void> {
    // One alone is synced without the detour through the thread pool.
    if (due.length === 1) this.syncOne(due[0])
    else await Promise.all(due.map(i => this.#syncBeside(i)))
  }

  syncOne(i: number): void {
    const { fd } = this.#blocks[i]
    if (fd < 0) return
    try {
      fdatasyncSync(fd)
    } catch (error) {
      return this.#failed(i, fd, error)
    }
    this.synced(i)
  }

  async #syncBeside(i: number): Promise<void> {
    const { fd } = this.#blocks[i]
    if (fd < 0) return
    try {
      await syncAsync(fd)
    } catch (error) {
      return this.#failed(i, fd, error)
    }
    this.synced(i)
  }

  /** Writes are refused until a sync succeeds, since nobody knows what the disk has. */
  #failed(i: number, fd: number, error: unknown): void {
    // Another file has taken its place, which may do better.
    if (this.#blocks[i].fd !== fd) return
    const number = errorNumber(error)
    if (this.#failing[i] === 0) this.#logs.add(LOGS.FAILING, 1)
    this.#failing[i] = 1
    this.#logs.set(LOGS.SYNC_ERROR, number)
    controlSet(this.#control, CONTROL.LOG_ERROR, number)
    // Not tried again: a second sync may succeed without the bytes that the first one lost.
    if (this.#settings[SETTING.appendfsync] === APPENDFSYNC.ALWAYS) {
      throw new Error(`${NO_WAY_OUT}: ${errorText(number)}. Exiting...`, { cause: error })
    }
    sleepSync(RETRY_MS)
  }

  #solved(i: number): void {
    this.#failing[i] = 0
    this.#logs.add(LOGS.FAILING, -1)
    if (!this.#failing.includes(1)) this.#logs.set(LOGS.SYNC_ERROR, 0)
    if (this.#logs.get(LOGS.FAILING) === 0) controlSet(this.#control, CONTROL.LOG_ERROR, 0)
  }

  /** The disk has a log up to its target. */
  synced(i: number): void {
    if (this.#failing[i] === 1) this.#solved(i)
    // Another file has taken this one's place meanwhile: who knows which of them had the bytes.
    if (this.#blocks[i].oldFd >= 0) return
    this.#blocks[i].syncedTo(this.targets[i])
    this.#sure[i] = this.targets[i]
    this.#isSure[i] = 1
  }

  /** Has the disk take the files as they are now, beside this thread. Resolves with what tells a failure, if there was one. */
  async follow(): Promise<(() => void) | undefined> {
    const failures: (() => void)[] = []
    const sync = async (fd: number, i: number): Promise<void> => {
      try {
        await syncAsync(fd)
      } catch (error) {
        failures.push(() => this.#failed(i, fd, error))
      }
    }
    await Promise.all(this.#blocks.map(({ fd }, i) => (fd < 0 ? undefined : sync(fd, i))))
    return failures[0]
  }

  /** Syncs and closes the file that another has replaced. */
  closeOld(block: LogBlock): void {
    if (block.oldFd < 0) return
    this.syncOld(block)
    closeSync(block.oldFd)
    block.oldFd = -1
  }

  /** Syncs the file that another has replaced. */
  syncOld({ oldFd }: LogBlock): void {
    if (oldFd < 0) return
    try {
      fdatasyncSync(oldFd)
    } catch {
      // A file that cannot be synced any more is one that the rewrite makes useless.
    }
  }
}
