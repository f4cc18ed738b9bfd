// The syncer: a task of the pool that lasts as long as the server, and sees to it that what the kernel was given reaches
// the disk. With `everysec` it syncs once a second, all files at a time: the file system then commits them together. With
// `always` it writes and syncs as soon as anything is committed: one file itself, those of several shards by way of the commit journal.

import { readlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { APPENDFSYNC, SETTING, type SettingsView, viewSettings } from '../config/settings.ts'
import { routerBellWord, type Shape } from '../shared/control.ts'
import { doorbellRing } from '../shared/doorbell.ts'
import { LOGS, LogBlock, LogsBlock } from '../shared/log-block.ts'
import { sleepSync } from '../shared/sleep.ts'
import { folderSync } from './aof-manifest.ts'
import { bootId, CommitJournal } from './commit-journal.ts'
import { commitsPath } from './commit-recovery.ts'
import { LogSyncs } from './log-syncs.ts'
import { LogWrites } from './log-writes.ts'

/** With `everysec`, from the beginning of one round to that of the next: what is lost at most, with the round itself. */
const PERIOD_MS = 950
/** A sync that takes longer than this holds up the next. */
const DELAY_MS = 2000
/** Without anything to do it looks around this often. */
const IDLE_MS = 1000
/** Waiting is done in steps of this. */
const STEP_MS = 100

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

/** Whether there is something that a thread has left to be written here, as it does with `always`. */
const isOwed = (block: LogBlock): boolean => block.fd >= 0 && block.wanted > 0 && block.error === 0

const NOTHING_FAILED = Promise.resolve(undefined)

class Syncer {
  readonly #logs: LogsBlock
  readonly #blocks: readonly LogBlock[]
  readonly #settings: SettingsView
  /** The last policy: what was written under `no` is not on the disk, whatever it says. */
  #policy = -1
  #lastRound = Number.NEGATIVE_INFINITY
  readonly #control: Int32Array
  readonly #shape: Shape
  readonly #writes: LogWrites
  readonly #syncs: LogSyncs
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

  constructor({ logs, blocks, settings, control, shape, stem }: SyncTask) {
    this.#logs = new LogsBlock(logs)
    this.#blocks = blocks.map(block => new LogBlock(block))
    this.#settings = viewSettings(settings)
    this.#control = new Int32Array(control)
    this.#shape = shape
    this.#writes = new LogWrites(this.#settings, this.#control, this.#logs)
    this.#syncs = new LogSyncs(this.#logs, this.#blocks, this.#settings, this.#control)
    this.#stem = stem
    this.#doesWithout = blocks.length === 1 || this.#boot === ''
  }

  async run(): Promise<void> {
    while (this.#logs.get(LOGS.STOPPING) === 0) {
      // Not before the files have been synced once: a journal that lies there may be what they need.
      if (this.#policy === APPENDFSYNC.ALWAYS) this.#beginJournal()
      if (!this.#hasWork()) {
        this.#logs.sleep(IDLE_MS, () => this.#hasWork() || this.#logs.get(LOGS.STOPPING) !== 0)
        continue
      }
      const policy = this.#settings[SETTING.appendfsync]
      // Replies that were left by `always` wait for the kernel.
      if (policy !== APPENDFSYNC.ALWAYS && this.#writeOwed()) this.#ringRouters()
      const wait = policy === APPENDFSYNC.EVERYSEC ? this.#lastRound + PERIOD_MS - performance.now() : 0
      if (wait > 0) {
        // In short steps: the policy may change, and the server may end.
        sleepSync(Math.min(wait, STEP_MS))
        continue
      }
      if (this.#isPostponed()) sleepSync(STEP_MS)
      else await this.#round(policy)
    }
    if (this.#hasWork()) await this.#round(this.#settings[SETTING.appendfsync])
    if (this.#areBehind) await this.#catchUp()
    this.#removeJournal()
    for (const block of this.#blocks) this.#syncs.closeOld(block)
  }

  #hasWork(): boolean {
    const policy = this.#settings[SETTING.appendfsync]
    if (policy === APPENDFSYNC.NO) this.#policy = policy
    const hasChanged = this.#policy !== policy
    for (const [i, block] of this.#blocks.entries()) {
      this.#syncs.forgive(i)
      if (block.oldFd >= 0 || isOwed(block)) return true
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
    await this.#heedSwitch(isAlways)
    this.#writeOwed()
    const due: number[] = []
    for (let i = 0; i < this.#blocks.length; i++) {
      const block = this.#blocks[i]
      // Before the file that replaced it: positions are counted through both.
      this.#syncs.closeOld(block)
      // Read before the sync begins: what comes meanwhile is the next round's.
      this.#syncs.targets[i] = block.written
      if (block.fd >= 0 && (hasChanged || !block.isSynced(block.written))) due.push(i)
    }
    if (!isAlways || hasChanged || !(await this.#commit(due))) await this.#syncs.sync(due)
    this.#ringRouters()
    if (performance.now() - started > DELAY_MS) this.#logs.add(LOGS.DELAYED, 1)
  }

  /** Has the kernel take what threads have left to be written here. Returns whether there was any. */
  #writeOwed(): boolean {
    let wrote = false
    for (const block of this.#blocks) {
      if (!isOwed(block)) continue
      block.lock()
      try {
        wrote = this.#writes.write(block) || wrote
      } finally {
        block.unlock()
      }
    }
    return wrote
  }

  // ---- the journal

  /** Where the journal belongs, beside all logs, a byte string; undefined if they are off, or the system does not say. */
  get #journalPath(): string | undefined {
    const { fd } = this.#blocks[0]
    if (fd < 0) return undefined
    try {
      return commitsPath(dirname(dirname(readlinkSync(`/proc/self/fd/${fd}`, 'latin1'))), this.#stem)
    } catch {
      return undefined
    }
  }

  /** Makes a journal beside the logs. */
  #beginJournal(): void {
    if (this.#journal !== undefined || this.#doesWithout) return
    const path = this.#journalPath
    if (path === undefined) return
    try {
      this.#journal = new CommitJournal(path)
      this.#journal.begin(this.#boot)
      folderSync(dirname(path))
    } catch {
      // The files do as well, more slowly.
      this.#doesWithout = true
      this.#removeJournal()
    }
  }

  /** Other files, or none, or another policy: they are to have what the journal has. */
  async #heedSwitch(isAlways: boolean): Promise<void> {
    const switches = this.#logs.get(LOGS.SWITCHES)
    const haveSwitched = switches !== this.#switches
    this.#switches = switches
    if (this.#areBehind && (haveSwitched || !isAlways)) await this.#catchUp()
    if (haveSwitched) this.#syncs.unsure()
    if (!isAlways || (haveSwitched && this.#journal?.path !== this.#journalPath)) this.#removeJournal()
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
        this.#following = this.#syncs.follow()
        journal.turn()
      }
      this.#areBehind = true
      journal.commit()
    } catch (error) {
      if (this.#syncs.isFailing) throw error
      this.#doesWithout = true
      await this.#catchUp()
      return false
    }
    for (const i of due) this.#syncs.synced(i)
    return true
  }

  /** Adds what a log was given that is not on the disk. */
  #addTo(journal: CommitJournal, i: number): boolean {
    const block = this.#blocks[i]
    block.lock()
    const { fd, written, size, oldFd } = block
    block.unlock()
    const sure = this.#syncs.sure(i)
    if (fd < 0 || oldFd >= 0 || sure === undefined) return false
    this.#syncs.targets[i] = written
    const length = (written - sure) | 0
    return journal.add(fd, size - length, length)
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
      this.#syncs.syncOld(block)
      this.#syncs.targets[i] = block.written
      this.#syncs.syncOne(i)
    }
    if (this.#syncs.isFailing) return
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
}

export const syncLogs = (task: SyncTask): Promise<void> => new Syncer(task).run()
