// The syncer: a task of the pool that lasts as long as the server, and sees to it that what the kernel was given reaches
// the disk. With `always` it syncs as soon as anything is written, with `everysec` once a second, all files at a time:
// the file system then commits them together.

import { closeSync, fdatasync, fdatasyncSync } from 'node:fs'
import { APPENDFSYNC, SETTING, type SettingsView, viewSettings } from '../config/settings.ts'
import { CONTROL, controlSet, routerBellWord, type Shape } from '../shared/control.ts'
import { doorbellRing } from '../shared/doorbell.ts'
import { LOGS, LogBlock, LogsBlock } from '../shared/log-block.ts'
import { sleepSync } from '../shared/sleep.ts'
import { errorNumber, errorText } from './errors.ts'

/** With `everysec`, from the beginning of one round to that of the next: what is lost at most, with the round itself. */
const PERIOD_MS = 950
/** A sync that takes longer than this holds up the next. */
const DELAY_MS = 2000
/** Without anything to do it looks around this often. */
const IDLE_MS = 1000
/** After a failure. */
const RETRY_MS = 100
/** What clients wait for will not come. */
const NO_WAY_OUT = "Can't persist AOF for fsync error when the AOF fsync policy is 'always'"

/** What the task is given. */
export interface SyncTask {
  readonly logs: SharedArrayBuffer
  readonly blocks: readonly SharedArrayBuffer[]
  readonly settings: SharedArrayBuffer
  readonly control: SharedArrayBuffer
  readonly shape: Shape
}

const syncAsync = (fd: number): Promise<void> =>
  new Promise((resolve, reject) => fdatasync(fd, error => (error === null ? resolve() : reject(error))))

class Syncer {
  readonly #logs: LogsBlock
  readonly #blocks: readonly LogBlock[]
  readonly #settings: SettingsView
  /** The last policy: what was written under `no` is not on the disk, whatever it says. */
  #policy = -1
  #lastRound = Number.NEGATIVE_INFINITY
  readonly #targets: Int32Array
  readonly #control: Int32Array
  readonly #shape: Shape
  /** By log: 1 if its last sync failed. */
  readonly #failing: Uint8Array

  constructor({ logs, blocks, settings, control, shape }: SyncTask) {
    this.#logs = new LogsBlock(logs)
    this.#blocks = blocks.map(block => new LogBlock(block))
    this.#settings = viewSettings(settings)
    this.#targets = new Int32Array(blocks.length)
    this.#control = new Int32Array(control)
    this.#shape = shape
    this.#failing = new Uint8Array(blocks.length)
  }

  async run(): Promise<void> {
    while (this.#logs.get(LOGS.STOPPING) === 0) {
      if (!this.#hasWork()) {
        this.#logs.sleep(IDLE_MS, () => this.#hasWork() || this.#logs.get(LOGS.STOPPING) !== 0)
        continue
      }
      const policy = this.#settings[SETTING.appendfsync]
      const wait = policy === APPENDFSYNC.EVERYSEC ? this.#lastRound + PERIOD_MS - performance.now() : 0
      if (wait > 0) {
        // In short steps: the policy may change, and the server may end.
        sleepSync(Math.min(wait, RETRY_MS))
        continue
      }
      if (this.#isPostponed()) sleepSync(RETRY_MS)
      else await this.#round(policy)
    }
    if (this.#hasWork()) await this.#round(this.#settings[SETTING.appendfsync])
    for (const block of this.#blocks) this.#closeOld(block)
  }

  #hasWork(): boolean {
    const policy = this.#settings[SETTING.appendfsync]
    if (policy === APPENDFSYNC.NO) this.#policy = policy
    const hasChanged = this.#policy !== policy
    for (const [i, block] of this.#blocks.entries()) {
      // A log that has been turned off fails no more.
      if (this.#failing[i] === 1 && block.fd < 0) this.#solved(i)
      if (block.oldFd >= 0) return true
      if (block.fd >= 0 && (hasChanged || !block.isSynced(block.written))) return true
    }
    this.#policy = policy
    return false
  }

  /** `no-appendfsync-on-rewrite`: the disk is left to the rewrite. With `always`, replies wait for it, so it goes on. */
  #isPostponed(): boolean {
    return (
      this.#settings[SETTING.noAppendfsyncOnRewrite] !== 0 &&
      this.#settings[SETTING.appendfsync] === APPENDFSYNC.EVERYSEC &&
      this.#logs.get(LOGS.REWRITING) !== 0
    )
  }

  async #round(policy: number): Promise<void> {
    const started = performance.now()
    this.#lastRound = started
    const hasChanged = this.#policy !== policy
    this.#policy = policy
    const due: number[] = []
    for (let i = 0; i < this.#blocks.length; i++) {
      const block = this.#blocks[i]
      // Before the file that replaced it: positions are counted through both.
      this.#closeOld(block)
      // Read before the sync begins: what comes meanwhile is the next round's.
      this.#targets[i] = block.written
      if (block.fd >= 0 && (hasChanged || !block.isSynced(this.#targets[i]))) due.push(i)
    }
    // One alone is synced without the detour through the thread pool.
    if (due.length === 1) this.#syncOne(due[0])
    else await Promise.all(due.map(i => this.#syncBeside(i)))
    this.#ringRouters()
    if (performance.now() - started > DELAY_MS) this.#logs.add(LOGS.DELAYED, 1)
  }

  /** Those whose clients wait for the disk may have something to send. */
  #ringRouters(): void {
    for (let i = 0; i < this.#shape.routers; i++) doorbellRing(this.#control, routerBellWord(this.#shape, i))
  }

  #syncOne(i: number): void {
    const { fd } = this.#blocks[i]
    if (fd < 0) return
    try {
      fdatasyncSync(fd)
    } catch (error) {
      return this.#failed(i, fd, error)
    }
    this.#synced(i)
  }

  async #syncBeside(i: number): Promise<void> {
    const { fd } = this.#blocks[i]
    if (fd < 0) return
    try {
      await syncAsync(fd)
    } catch (error) {
      return this.#failed(i, fd, error)
    }
    this.#synced(i)
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

  #synced(i: number): void {
    if (this.#failing[i] === 1) this.#solved(i)
    // Another file has taken this one's place meanwhile: who knows which of them had the bytes.
    if (this.#blocks[i].oldFd < 0) this.#blocks[i].syncedTo(this.#targets[i])
  }

  /** Syncs and closes the file that another has replaced. */
  #closeOld(block: LogBlock): void {
    const fd = block.oldFd
    if (fd < 0) return
    try {
      fdatasyncSync(fd)
      closeSync(fd)
    } catch {
      // A file that cannot be synced any more is one that the rewrite makes useless.
    }
    block.oldFd = -1
  }
}

export const syncLogs = (task: SyncTask): Promise<void> => new Syncer(task).run()
