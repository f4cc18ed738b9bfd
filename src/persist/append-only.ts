// The append-only log of all shards: the main thread's part. Opens the files, lets threads write to them, has them written
// anew when they have grown, and says what became of it.
//
// A rewrite begins at a barrier: while every shard is locked for a moment, each goes over to another increment, and a
// snapshot begins. The snapshot's files become the bases; when all are whole and on the disk, the manifests of all shards
// are replaced at once. A crash before that leaves the old bases with all increments, after it the new ones.

import { writeSync } from 'node:fs'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { CONTROL, controlFlag, type Shape } from '../shared/control.ts'
import { LOGS, LogBlock, LogsBlock } from '../shared/log-block.ts'
import { basePlace, LOG_FIGURE } from '../shared/log-figures.ts'
import type { SnapshotMemory } from '../shared/snapshot-block.ts'
import { arenaUsed } from '../store/arena.ts'
import { Engine } from '../store/engine.ts'
import type { Libraries } from '../store/libraries.ts'
import { type Memory, memoryRefresh } from '../store/memory.ts'
import { errorText, reasonOf } from './errors.ts'
import type { LoadMemory } from './load-file.ts'
import type { Loads } from './loads.ts'
import { LogFiles, pathText } from './log-files.ts'
import { type LogPlaces, rootOf } from './log-layout.ts'
import { type LoadedLog, type LogLoadParts, loadLog } from './log-load.ts'
import { LogSwitch } from './log-switch.ts'
import type { Pool } from './pool.ts'
import type { Snapshots } from './snapshots.ts'
import type { SyncTask } from './sync-task.ts'
import { ThreadLog } from './thread-log.ts'
import type { WriteBasesResult, WriteBasesTask } from './write-bases.ts'

/** Shared memory of the logs. */
export interface LogMemory {
  readonly logs: SharedArrayBuffer
  readonly blocks: readonly SharedArrayBuffer[]
  readonly figures: SharedArrayBuffer
}

/** What it works with. */
export interface AppendOnlyParts {
  readonly config: Config
  readonly log: Logger
  readonly memory: LogMemory
  readonly loadMemory: LoadMemory
  readonly shape: Shape
  readonly arenas: readonly Memory[]
  readonly libraries: Libraries
  /** PERSISTENCE. */
  readonly figures: Float64Array
  readonly snapshots: Snapshots
  readonly loads: Loads
  readonly pool: Pool
  /** The folder that `appenddirname` is in, a byte string. */
  readonly folder: () => string
  /** Resolves once no snapshot is taken that is to be out of the way: see Saves. */
  readonly whenEmptied: () => Promise<void>
}

/** `on`: every change is logged. `pending`: it will be once a rewrite has made a base. */
type State = 'off' | 'pending' | 'on'

const CRON_MS = 100
const TICKS_A_SECOND = 1000 / CRON_MS
/** So many failures in a row make the next rewrite wait. */
const FAILURES_LIMIT = 3
const WAIT_MINUTES_MAX = 60
/** Told to those who turned the log on while something else was under way. */
const STARTED = 'Background append only file rewriting started'
const SCHEDULED = 'Background append only file rewriting scheduled'
const LOAD_FAILED = 'ERR Error trying to load the AOF files, check server logs'

export class AppendOnly {
  readonly #parts: AppendOnlyParts
  readonly #logs: LogsBlock
  readonly #blocks: readonly LogBlock[]
  readonly #figures: Float64Array
  readonly #control: Int32Array
  readonly #writer: ThreadLog
  readonly #switch: LogSwitch
  readonly #files: LogFiles
  #state: State = 'off'
  #isRewriting = false
  #isScheduled = false
  /** The rewrite under way is not wanted any more. */
  #isStopped = false
  #rewrite: Promise<void> = Promise.resolve()
  #failures = 0
  #waitMinutes = 0
  #notBefore = 0
  #cron: NodeJS.Timeout | undefined
  #ticks = 0
  #hadError = false
  /** The number of the last error of a sync that the log was told of, 0 = it went well. */
  #syncError = 0
  #syncing: Promise<void> | undefined
  #hadSyncError = false
  /** While all data is replaced: until that is over. */
  #replaced: Promise<void> | undefined

  constructor(parts: AppendOnlyParts) {
    this.#parts = parts
    const { memory, config } = parts
    this.#logs = new LogsBlock(memory.logs)
    this.#blocks = memory.blocks.map(block => new LogBlock(block))
    this.#figures = new Float64Array(memory.figures)
    this.#control = new Int32Array(parts.loadMemory.control)
    this.#writer = new ThreadLog(new Engine(config.settings, []), this.#control, memory.logs, this.#blocks)
    this.#switch = new LogSwitch(this.#control, this.#logs, this.#blocks, this.#writer)
    const places = (): LogPlaces => ({
      dir: parts.folder(),
      folder: config.get('appenddirname'),
      stem: config.get('appendfilename'),
    })
    this.#files = new LogFiles(places, this.#blocks.length, parts.log, parts.pool)
  }

  get isRewriting(): boolean {
    return this.#isRewriting
  }

  /** Whether the log is to be on, and the base is being written that it begins with. */
  get isBeginning(): boolean {
    return this.#state === 'pending' && this.#isRewriting
  }

  // ---- the start

  /**
   * Loads what was logged, calls `onRead`, and begins to log, which may need the shards' owners. Throws what is to be the last
   * line in the server's log.
   */
  async load(onRead: () => void): Promise<void> {
    const loaded = await loadLog(this.#loadParts, true)
    onRead()
    await this.#open(loaded)
  }

  get #loadParts(): LogLoadParts {
    return { ...this.#parts, memory: this.#parts.loadMemory, places: this.#files.places }
  }

  /** Begins to log, in the files that were loaded or, where there are none, in new ones. */
  async #open({ found, lastNumber, repairs }: LoadedLog): Promise<void> {
    this.#logs.numbersFrom(lastNumber + 1n)
    this.#startSyncer()
    if (!this.#files.adopt(found)) return this.#spreadAnew(found.manifests.length)
    this.#files.makeFolders()
    this.#files.makeBases(this.#isRdb, this.#usedBytes)
    const fds = this.#files.openLast()
    for (const { index, bytes } of repairs) writeAll(fds[index], bytes)
    await this.#switch.atBarrier(() => this.#switch.to(fds))
    this.#isOn()
  }

  /** The log is of another count of shards: nobody is served before it is written anew. */
  async #spreadAnew(shards: number): Promise<void> {
    this.#parts.log.info(`The append-only log is of ${shards} shard(s): writing it anew for ${this.#blocks.length}`)
    this.#state = 'pending'
    await this.#startRewrite()
    await this.#rewrite
    if (this.#figures[LOG_FIGURE.HAS_FAILED] !== 0) throw new Error('The append-only log cannot be written anew')
  }

  /** From now on every change is logged, and what is in the files is the data. */
  #isOn(): void {
    this.#state = 'on'
    this.#figures[LOG_FIGURE.ENABLED] = 1
    this.#figures[LOG_FIGURE.BASE_SIZE] = this.#measure()
  }

  /** Watches over the log from now on. */
  watch(): void {
    this.#cron ??= setInterval(() => this.#look(), CRON_MS)
    this.#cron.unref()
  }

  #startSyncer(): void {
    if (this.#syncing !== undefined) return
    const { memory, config, pool } = this.#parts
    const task: SyncTask = {
      logs: memory.logs,
      blocks: memory.blocks,
      settings: config.settings.buffer as SharedArrayBuffer,
      control: this.#control.buffer as SharedArrayBuffer,
      shape: this.#parts.shape,
      stem: config.get('appendfilename'),
    }
    this.#syncing = pool.run<void>(task, { name: 'syncLogs' }).then(
      () => {
        this.#hadSyncError = false
      },
      error => {
        // Uncaught, it ends the process: clients were promised the disk.
        if (this.#logs.get(LOGS.FAILING) !== 0 && config.get('appendfsync') === 'always') throw error
        // Tried again by and by, #look.
        this.#syncing = undefined
        if (!this.#hadSyncError) this.#parts.log.warn(`The append-only log cannot be synced: ${reasonOf(error)}`)
        this.#hadSyncError = true
      },
    )
  }

  get #isRdb(): boolean {
    return this.#parts.config.bool('aof-use-rdb-preamble')
  }

  get #usedBytes(): number {
    return this.#parts.arenas.reduce((sum, m) => sum + arenaUsed(m), 0)
  }

  /** DEBUG LOADAOF: goes back to what the files say. Returns why it could not. */
  async reload(): Promise<string | undefined> {
    const { log, loads, arenas, config, libraries } = this.#parts
    const wasOn = this.#state === 'on'
    return await loads.whileLoading(async () => {
      await this.#switch.whenOldAreClosed()
      const engine = new Engine(config.settings, arenas)
      // What the files say is not to be logged once more.
      const isPaused = await this.#switch.atBarrier(() => {
        this.#switch.pause()
        for (const shard of engine.shards) {
          memoryRefresh(shard.m)
          for (let db = 0; db < shard.databases; db++) shard.flush(db, false)
        }
        libraries.replace([])
      })
      if (!isPaused) return LOAD_FAILED
      try {
        const { repairs } = await loadLog(this.#loadParts, false)
        if (wasOn) for (const { index, bytes } of repairs) writeAll(this.#blocks[index].fd, bytes)
        return undefined
      } catch (error) {
        log.warn((error as Error).message)
        return LOAD_FAILED
      } finally {
        await this.#switch.atBarrier(() => this.#switch.goOn())
      }
    })
  }

  // ---- rewriting

  /** BGREWRITEAOF, which within EXEC only schedules. Returns what to reply, or an error. */
  async rewrite(schedules = false): Promise<string | { error: string }> {
    if (!schedules) await this.#parts.whenEmptied()
    if (this.#isRewriting) {
      return { error: 'ERR Background append only file rewriting already in progress' }
    }
    if (this.#parts.snapshots.isBusy || schedules) {
      this.#schedule(true)
      this.#failures = 0
      return SCHEDULED
    }
    this.#failures = 0
    const failure = await this.#startRewrite()
    return failure === '' ? STARTED : { error: failure }
  }

  #schedule(isScheduled: boolean): void {
    this.#isScheduled = isScheduled
    this.#figures[LOG_FIGURE.SCHEDULED] = isScheduled ? 1 : 0
  }

  /** Begins a rewrite, whose end is #rewrite. Resolves when it is past the barrier, with why it failed. */
  async #startRewrite(): Promise<string> {
    this.#isRewriting = true
    this.#isStopped = false
    // Who looks at both meanwhile never finds neither.
    this.#figures[LOG_FIGURE.REWRITING] = 1
    this.#schedule(false)
    this.#figures[LOG_FIGURE.BEGAN] = Date.now() / 1000
    this.#logs.set(LOGS.REWRITING, 1)
    this.#startSyncer()
    const began = new Promise<string>(resolve => {
      this.#rewrite = this.#runRewrite(resolve).then(failure => {
        this.#endRewrite(failure)
        resolve(failure)
      })
    })
    return began
  }

  async #runRewrite(began: (failure: string) => void): Promise<string> {
    const { snapshots, log, config, libraries } = this.#parts
    const state = this.#state
    const files = this.#files
    let codes: readonly string[] = []
    try {
      await this.#switch.whenOldAreClosed()
      if (state !== 'on' && controlFlag(this.#control, CONTROL.LOADING) === 0) files.readAgain()
      files.makeFolders()
      const fds = state === 'on' ? files.openNext() : state === 'pending' ? files.openTemporary() : []
      const failure = await snapshots.take(
        {
          atBarrier: () => {
            codes = libraries.codes()
            if (state !== 'off') this.#switch.to(fds)
            if (state === 'on') this.#measure()
            log.info('Background append only file rewriting started')
            began('')
          },
          consume: memory => this.#writeBases(memory, codes),
        },
        pathText(rootOf(files.places)),
      )
      if (failure !== '') throw new Error(failure)
      if (this.#isStopped) throw new Error('it was stopped')
      files.changeOver(this.#isRdb, state === 'on' ? 'last' : state === 'pending' ? 'temporary' : 'none')
      if (state !== 'off') this.#isOn()
      if (!config.bool('aof-disable-auto-gc')) files.removeHistory()
      return ''
    } catch (error) {
      if (state === 'pending') await this.#switch.atBarrier(() => this.#switch.to([]))
      files.removeTemporary(state === 'pending')
      return reasonOf(error)
    }
  }

  /** Has the pool write the bases. Resolves with why it failed. */
  async #writeBases(memory: SnapshotMemory, libraries: readonly string[]): Promise<string> {
    const { config, pool } = this.#parts
    const task: WriteBasesTask = {
      memory,
      settings: config.settings.buffer as SharedArrayBuffer,
      paths: this.#files.temporaryBases,
      isRdb: this.#isRdb,
      usedBytes: this.#usedBytes,
      libraries,
      hasChecksum: config.bool('rdbchecksum'),
      syncsOnTheWay: config.bool('aof-rewrite-incremental-fsync'),
      notesTime: config.bool('aof-timestamp-enabled'),
    }
    const result: WriteBasesResult = await pool.run(task, { name: 'writeBases' })
    return result.error
  }

  #endRewrite(failure: string): void {
    const { log } = this.#parts
    const figures = this.#figures
    this.#isRewriting = false
    // The log is to be on, and has no base yet.
    if (this.#state === 'pending') this.#schedule(true)
    figures[LOG_FIGURE.REWRITING] = 0
    this.#logs.set(LOGS.REWRITING, 0)
    figures[LOG_FIGURE.LAST_SECONDS] = Math.floor(Date.now() / 1000 - figures[LOG_FIGURE.BEGAN])
    figures[LOG_FIGURE.HAS_FAILED] = failure === '' ? 0 : 1
    if (failure === '') {
      figures[LOG_FIGURE.REWRITES]++
      this.#failures = 0
      this.#waitMinutes = 0
      log.info('Background AOF rewrite finished successfully')
    } else if (!this.#isStopped) {
      this.#failures++
      log.warn(`Background AOF rewrite terminated with error: ${failure}`)
    }
    figures[LOG_FIGURE.FAILURES] = this.#failures
  }

  /** Deletes what rewrites have replaced. */
  removeHistory(): void {
    this.#files.removeHistory()
  }

  /** Notes how large the files are, but for the last increments, which tell themselves. Returns the size of all. */
  #measure(): number {
    let all = 0
    for (const [shard, size] of this.#files.sizesBeforeLast().entries()) {
      this.#figures[basePlace(shard)] = size
      all += size + this.#blocks[shard].size
    }
    return all
  }

  // ---- on and off

  /** CONFIG SET appendonly, which within EXEC only schedules the rewrite that the log begins with. Returns why it cannot be. */
  async set(isOn: boolean, schedules = false): Promise<string | undefined> {
    await this.#replaced
    if (isOn && !schedules) await this.#parts.whenEmptied()
    return await this.#turn(isOn, schedules)
  }

  async #turn(isOn: boolean, schedules = false): Promise<string | undefined> {
    if (isOn === (this.#state !== 'off')) return undefined
    if (!isOn) {
      await this.#turnOff()
      return undefined
    }
    const { log, snapshots } = this.#parts
    this.#state = 'pending'
    this.#figures[LOG_FIGURE.ENABLED] = 1
    this.watch()
    if (snapshots.isBusy || this.#isRewriting || schedules) {
      this.#schedule(true)
      const why = schedules ? 'during a transaction' : 'but there is already another background operation'
      log.info(`AOF was enabled ${why}. An AOF background was scheduled to start when possible.`)
      return undefined
    }
    const failure = await this.#startRewrite()
    if (failure === '') return undefined
    this.#state = 'off'
    this.#figures[LOG_FIGURE.ENABLED] = 0
    this.#schedule(false)
    return 'Unable to turn on AOF. Check server logs.'
  }

  /**
   * The data has been replaced by other means, a master's copy: the log begins anew with what there is now. `work` replaces it;
   * until it is done nothing is logged.
   */
  async whileReplaced<Result>(work: () => Promise<Result>): Promise<Result> {
    const wasOn = this.#state !== 'off'
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#replaced = promise
    try {
      if (wasOn) await this.#turnOff()
      return await work()
    } finally {
      // What cannot begin now is tried again by and by.
      if (wasOn && (await this.#turn(true)) !== undefined) await this.#turn(true, true)
      this.#replaced = undefined
      resolve()
    }
  }

  async #turnOff(): Promise<void> {
    this.#state = 'off'
    this.#figures[LOG_FIGURE.ENABLED] = 0
    this.#schedule(false)
    await this.#stopRewrite()
    await this.#switch.whenOldAreClosed()
    if (await this.#switch.atBarrier(() => this.#switch.to([]))) await this.#switch.whenOldAreClosed()
  }

  async #stopRewrite(): Promise<void> {
    if (!this.#isRewriting) return
    this.#parts.log.info(`Killing running AOF rewrite child: ${process.pid}`)
    this.#isStopped = true
    this.#parts.snapshots.giveUp()
    await this.#rewrite
  }

  // ---- from time to time

  #look(): void {
    this.#ticks++
    this.#lookAtErrors()
    if (this.#state === 'on' && this.#ticks % TICKS_A_SECOND === 0) this.#startSyncer()
    if (this.#isRewriting || this.#parts.snapshots.isBusy || controlFlag(this.#control, CONTROL.LOADING) !== 0) return
    if (this.#isScheduled && !this.#isLimited()) {
      this.#startRewrite()
      return
    }
    if (this.#state === 'on') this.#lookAtSize()
  }

  #lookAtErrors(): void {
    this.#lookAtSyncError()
    const failing = this.#blocks.find(block => block.error !== 0)
    if (failing !== undefined && !this.#hadError) {
      this.#hadError = true
      this.#parts.log.warn(`Error writing to the AOF file: ${errorText(failing.error)}`)
    }
    if (this.#blocks.some(block => block.isLost)) this.#schedule(true)
    if (!this.#hadError || this.#ticks % TICKS_A_SECOND !== 0) return
    this.#writer.retry()
    if (this.#blocks.some(block => block.error !== 0)) return
    this.#hadError = false
    this.#parts.log.warn('AOF write error looks solved, skep can write again.')
  }

  #lookAtSyncError(): void {
    const error = this.#logs.get(LOGS.SYNC_ERROR)
    if (error === this.#syncError) return
    this.#syncError = error
    const text = error === 0 ? 'The AOF file can be synced again.' : `Fail to fsync the AOF file: ${errorText(error)}`
    this.#parts.log.warn(text)
  }

  #lookAtSize(): void {
    const { config, log } = this.#parts
    const percentage = config.number('auto-aof-rewrite-percentage')
    if (percentage === 0) return
    const base = this.#figures[LOG_FIGURE.BASE_SIZE]
    const size = this.#size
    if (size <= config.number('auto-aof-rewrite-min-size')) return
    const growth = Math.floor((size * 100) / (base === 0 ? 1 : base)) - 100
    if (growth < percentage || this.#isLimited()) return
    log.info(`Starting automatic rewriting of AOF on ${growth}% growth`)
    this.#startRewrite()
  }

  get #size(): number {
    return this.#blocks.reduce((sum, block, shard) => sum + block.size + this.#figures[basePlace(shard)], 0)
  }

  /** Whether rewrites have failed so often that the next is to wait. */
  #isLimited(): boolean {
    if (this.#failures < FAILURES_LIMIT) {
      this.#notBefore = 0
      return false
    }
    const now = Date.now()
    if (this.#notBefore !== 0) return now < this.#notBefore
    this.#waitMinutes = this.#waitMinutes === 0 ? 1 : Math.min(this.#waitMinutes * 2, WAIT_MINUTES_MAX)
    this.#notBefore = now + this.#waitMinutes * 60_000
    this.#parts.log.warn(
      `Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ${this.#waitMinutes} minutes`,
    )
    return true
  }

  /** `appendfsync` has changed: what the last policy has left undone is not to wait. */
  policyChanged(): void {
    this.#logs.ring()
  }

  // ---- the end

  /** Writes and syncs what there is, once no thread appends any more. */
  async stop(): Promise<void> {
    clearInterval(this.#cron)
    this.#cron = undefined
    await this.#stopRewrite()
    this.#writer.commitAll()
    this.#logs.set(LOGS.STOPPING, 1)
    this.#logs.ring()
    await this.#syncing
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
}
