// The syncer: a task of the pool that lasts as long as the server, and sees to it that what the kernel was given reaches
// the disk. With `everysec` it syncs once a second, all files at a time: the file system then commits them together. With
// `always` it syncs as soon as anything is written: one file itself, those of several shards by way of the commit journal.

import { closeSync, fdatasync, fdatasyncSync, readlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { APPENDFSYNC, SETTING, type SettingsView, viewSettings } from '../config/settings.ts'
import { CONTROL, controlSet, routerBellWord, type Shape } from '../shared/control.ts'
import { doorbellRing } from '../shared/doorbell.ts'
import { LOGS, LogBlock, LogsBlock } from '../shared/log-block.ts'
import { sleepSync } from '../shared/sleep.ts'
import { folderSync } from './aof-manifest.ts'
import { bootId, CommitJournal } from './commit-journal.ts'
import { commitsPath } from './commit-recovery.ts'
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
  /** `appendfilename`, a byte string. */
  readonly stem: string
}

const NOTHING_FAILED = Promise.resolve(undefined)

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
  readonly #stem: string
  readonly #boot = bootId()
  #journal: CommitJournal | undefined
  /** It has failed once, or cannot be. */
  #doesWithout: boolean
  /** Whether there is something in the journal that the files may not have on the disk. */
  #areBehind = false
  /** The files are on their way to where they were when a half of the journal was full. */
  #following: Promise<(() => void) | undefined> = NOTHING_FAILED
  /** LOGS.SWITCHES, as the journal knows it. */
  #switches = 0
  /** By log: up to where this task has had the disk take it, if its byte in #isSure is 1. Under `no` SYNCED says more. */
  readonly #sure: Int32Array
  readonly #isSure: Uint8Array

  constructor({ logs, blocks, settings, control, shape, stem }: SyncTask) {
    this.#logs = new LogsBlock(logs)
    this.#blocks = blocks.map(block => new LogBlock(block))
    this.#settings = viewSettings(settings)
    this.#targets = new Int32Array(blocks.length)
    this.#control = new Int32Array(control)
    this.#shape = shape
    this.#failing = new Uint8Array(blocks.length)
    this.#sure = new Int32Array(blocks.length)
    this.#isSure = new Uint8Array(blocks.length)
    this.#stem = stem
    this.#doesWithout = blocks.length === 1 || this.#boot === ''
  }

  async run(): Promise<void> {
    while (this.#logs.get(LOGS.STOPPING) === 0) {
      if (this.#settings[SETTING.appendfsync] === APPENDFSYNC.ALWAYS) this.#beginJournal()
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
    if (this.#areBehind) await this.#catchUp()
    this.#removeJournal()
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
    const isAlways = policy === APPENDFSYNC.ALWAYS
    const switches = this.#logs.get(LOGS.SWITCHES)
    if (this.#areBehind && (!isAlways || switches !== this.#switches)) await this.#catchUp()
    if (switches !== this.#switches) this.#isSure.fill(0)
    this.#switches = switches
    if (!isAlways) this.#removeJournal()
    const due: number[] = []
    for (let i = 0; i < this.#blocks.length; i++) {
      const block = this.#blocks[i]
      // Before the file that replaced it: positions are counted through both.
      this.#closeOld(block)
      // Read before the sync begins: what comes meanwhile is the next round's.
      this.#targets[i] = block.written
      if (block.fd >= 0 && (hasChanged || !block.isSynced(this.#targets[i]))) due.push(i)
    }
    if (!isAlways || hasChanged || !(await this.#commit(due))) {
      // One alone is synced without the detour through the thread pool.
      if (due.length === 1) this.#syncOne(due[0])
      else await Promise.all(due.map(i => this.#syncBeside(i)))
    }
    this.#ringRouters()
    if (performance.now() - started > DELAY_MS) this.#logs.add(LOGS.DELAYED, 1)
  }

  // ---- the journal

  /** Makes a journal beside the logs. */
  #beginJournal(): void {
    const { fd } = this.#blocks[0]
    if (this.#journal !== undefined || this.#doesWithout || fd < 0) return
    try {
      const root = dirname(dirname(readlinkSync(`/proc/self/fd/${fd}`, 'latin1')))
      this.#journal = new CommitJournal(commitsPath(root, this.#stem))
      this.#journal.begin(this.#boot)
      folderSync(root)
    } catch {
      // The files do as well, more slowly.
      this.#doesWithout = true
    }
  }

  /** Has the disk take what these logs were given, by way of the journal. Returns false if the files are to be synced. */
  async #commit(due: readonly number[]): Promise<boolean> {
    const journal = this.#journal
    if (journal === undefined || due.length === 0) return false
    try {
      journal.clear()
      for (const i of due) if (!this.#addTo(journal, i)) return false
      if (journal.isHalfFull) {
        await this.#haveFollowed()
        this.#following = this.#follow()
        journal.turn()
      }
      this.#areBehind = true
      journal.commit()
    } catch (error) {
      if (this.#failing.includes(1)) throw error
      this.#doesWithout = true
      await this.#catchUp()
      return false
    }
    for (const i of due) this.#synced(i)
    return true
  }

  /** Adds what a log was given that is not on the disk. */
  #addTo(journal: CommitJournal, i: number): boolean {
    const block = this.#blocks[i]
    block.lock()
    const { fd, written, size, oldFd } = block
    block.unlock()
    if (fd < 0 || oldFd >= 0 || this.#isSure[i] === 0) return false
    this.#targets[i] = written
    const length = (written - this.#sure[i]) | 0
    return journal.add(fd, size - length, length)
  }

  /** Has the disk take the files as they are now, beside this thread. Resolves with what failed. */
  async #follow(): Promise<(() => void) | undefined> {
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

  async #haveFollowed(): Promise<void> {
    const tellFailure = await this.#following
    this.#following = NOTHING_FAILED
    tellFailure?.()
  }

  /** Has the files take over what the journal has, which is forgotten then: it knows them by what may be given to others. */
  async #catchUp(): Promise<void> {
    await this.#haveFollowed()
    for (const [i, block] of this.#blocks.entries()) {
      this.#syncOld(block)
      this.#targets[i] = block.written
      this.#syncOne(i)
    }
    if (this.#failing.includes(1)) return
    this.#areBehind = false
    if (this.#doesWithout) return this.#removeJournal()
    try {
      this.#journal?.begin(this.#boot)
    } catch {
      this.#doesWithout = true
      this.#removeJournal()
    }
  }

  #removeJournal(): void {
    if (this.#areBehind) return
    this.#journal?.remove()
    this.#journal = undefined
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
    if (this.#blocks[i].oldFd >= 0) return
    this.#blocks[i].syncedTo(this.#targets[i])
    this.#sure[i] = this.#targets[i]
    this.#isSure[i] = 1
  }

  /** Syncs and closes the file that another has replaced. */
  #closeOld(block: LogBlock): void {
    if (block.oldFd < 0) return
    this.#syncOld(block)
    closeSync(block.oldFd)
    block.oldFd = -1
  }

  #syncOld({ oldFd }: LogBlock): void {
    if (oldFd < 0) return
    try {
      fdatasyncSync(oldFd)
    } catch {
      // A file that cannot be synced any more is one that the rewrite makes useless.
    }
  }
}

export const syncLogs = (task: SyncTask): Promise<void> => new Syncer(task).run()
