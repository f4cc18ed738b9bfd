// The append-only log of all shards: the main thread's part. Opens the files, lets threads write to them, has them written
// anew when they have grown, and says what became of it.
//
// A rewrite begins at a barrier: while every shard is locked for a moment, each goes over to another increment, and a
// snapshot begins. The snapshot's files become the bases; when all are whole and on the disk, the manifests of all shards
// are replaced at once. A crash before that leaves the old bases with all increments, after it the new ones.

import { constants, fstatSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { LISTENER } from '../commands/journal.ts'
import type { Config } from '../config/config.ts'
import { fromByteString } from '../config/split-args.ts'
import { CONTROL, controlFlag, controlSet, lockWord, type Shape } from '../shared/control.ts'
import { lockWaitAll, unlock } from '../shared/lock.ts'
import { LOGS, LogBlock, LogsBlock } from '../shared/log-block.ts'
import { basePlace, LOG_FIGURE } from '../shared/log-figures.ts'
import type { SnapshotMemory } from '../shared/snapshot-block.ts'
import { arenaUsed } from '../store/arena.ts'
import { Engine } from '../store/engine.ts'
import { type Memory, memoryRefresh } from '../store/memory.ts'
import {
  type AofManifest,
  EMPTY_MANIFEST,
  folderSync,
  nextBaseName,
  withBase,
  withIncrement,
  withoutHistory,
} from './aof-manifest.ts'
import { errorText, reasonOf } from './errors.ts'
import type { LoadMemory } from './load-file.ts'
import type { Loads } from './loads.ts'
import { folderMake, folderOf, type LogPlaces, replaceManifests, rootOf } from './log-layout.ts'
import { type LoadedLog, type LogLoadParts, loadLog } from './log-load.ts'
import type { Pool } from './pool.ts'
import type { Snapshots } from './snapshots.ts'
import type { SyncTask } from './sync-task.ts'
import { ThreadLog } from './thread-log.ts'
import { type WriteBasesResult, type WriteBasesTask, writeEmptyBase } from './write-bases.ts'

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
  /** PERSISTENCE. */
  readonly figures: Float64Array
  readonly snapshots: Snapshots
  readonly loads: Loads
  readonly pool: Pool
  /** The folder that `appenddirname` is in, a byte string. */
  readonly folder: () => string
}

/** `on`: every change is logged. `pending`: it will be once a rewrite has made a base. */
type State = 'off' | 'pending' | 'on'

const CRON_MS = 100
const EMPTIED = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND
/** So many failures in a row make the next rewrite wait. */
const FAILURES_LIMIT = 3
const WAIT_MINUTES_MAX = 60
/** Told to those who turned the log on while something else was under way. */
const STARTED = 'Background append only file rewriting started'
const SCHEDULED = 'Background append only file rewriting scheduled'

export class AppendOnly {
  readonly #parts: AppendOnlyParts
  readonly #logs: LogsBlock
  readonly #blocks: readonly LogBlock[]
  readonly #figures: Float64Array
  readonly #control: Int32Array
  readonly #locks: Int32Array
  readonly #writer: ThreadLog
  #manifests: readonly AofManifest[]
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
  #syncing: Promise<void> | undefined

  constructor(parts: AppendOnlyParts) {
    this.#parts = parts
    const { memory, config } = parts
    this.#logs = new LogsBlock(memory.logs)
    this.#blocks = memory.blocks.map(block => new LogBlock(block))
    this.#figures = new Float64Array(memory.figures)
    this.#control = new Int32Array(parts.loadMemory.control)
    this.#locks = Int32Array.from(memory.blocks, (_, shard) => lockWord(shard))
    this.#writer = new ThreadLog(new Engine(config.settings, []), this.#control, memory.logs, this.#blocks)
    this.#manifests = memory.blocks.map(() => EMPTY_MANIFEST)
  }

  get places(): LogPlaces {
    const { config, folder } = this.#parts
    return { dir: folder(), folder: config.get('appenddirname'), stem: config.get('appendfilename') }
  }

  /** Where snapshots put what they need meanwhile. */
  get #directory(): string {
    return pathText(rootOf(this.places))
  }

  get shards(): number {
    return this.#blocks.length
  }

  get isRewriting(): boolean {
    return this.#isRewriting
  }

  // ---- the start

  /** Loads what was logged, and begins to log. Throws what is to be the last line in the server's log. */
  async load(): Promise<void> {
    await this.#open(await loadLog(this.#loadParts))
  }

  get #loadParts(): LogLoadParts {
    return { ...this.#parts, memory: this.#parts.loadMemory, places: this.places }
  }

  /** Begins to log, in the files that were loaded or, where there are none, in new ones. */
  async #open({ found, lastNumber, repairs }: LoadedLog): Promise<void> {
    this.#logs.numbersFrom(lastNumber + 1n)
    this.#startSyncer()
    const hasData = found.manifests.some(each => each.base !== undefined || each.increments.length > 0)
    if (hasData && found.manifests.length !== this.shards) {
      this.#parts.log.info(
        `The append-only log is of ${found.manifests.length} shard(s): writing it anew for ${this.shards}`,
      )
      await this.#startRewrite()
      await this.#rewrite
      if (this.#figures[LOG_FIGURE.HAS_FAILED] !== 0) throw new Error('The append-only log cannot be written anew')
      return
    }
    this.#manifests = hasData ? found.manifests : this.#blocks.map(() => EMPTY_MANIFEST)
    this.#makeFolders()
    this.#makeBases()
    const fds = this.#openIncrements()
    for (const { index, bytes } of repairs) writeAll(fds[index], bytes)
    this.#atBarrier(() => this.#switchTo(fds, true))
    this.#measure()
    this.#state = 'on'
    this.#figures[LOG_FIGURE.ENABLED] = 1
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
    }
    this.#syncing = pool.run<void>(task, { name: 'syncLogs' })
  }

  #makeFolders(): void {
    folderMake(rootOf(this.places))
    for (let shard = 0; shard < this.shards; shard++) folderMake(this.#folder(shard))
  }

  #folder(shard: number): string {
    return folderOf(this.places, shard, this.shards)
  }

  get #isRdb(): boolean {
    return this.#parts.config.bool('aof-use-rdb-preamble')
  }

  /** A log that is new begins with an empty base. */
  #makeBases(): void {
    if (this.#manifests.some(each => each.base !== undefined || each.increments.length > 0)) return
    const { stem } = this.places
    const name = nextBaseName(EMPTY_MANIFEST, stem, this.#isRdb)
    this.#parts.log.info(`Creating AOF base file ${name} on server start`)
    this.#manifests = this.#manifests.map((manifest, shard) => {
      writeEmptyBase(join(this.#folder(shard), name), this.#isRdb, this.#usedBytes)
      folderSync(this.#folder(shard))
      return withBase(manifest, name, 0)
    })
  }

  get #usedBytes(): number {
    return this.#parts.arenas.reduce((sum, m) => sum + arenaUsed(m), 0)
  }

  /** Opens the last increment of every shard, a new one where there is none, and writes the manifests. */
  #openIncrements(): number[] {
    const { log } = this.#parts
    const { stem } = this.places
    let isNew = false
    this.#manifests = this.#manifests.map(manifest => {
      if (manifest.increments.length > 0) return manifest
      isNew = true
      return withIncrement(manifest, stem)
    })
    const name = this.#manifests[0].increments.at(-1)?.name
    log.info(`${isNew ? 'Creating' : 'Opening'} AOF incr file ${name} on server start`)
    const fds = this.#manifests.map((_, shard) => openLast(this.#manifests[shard], this.#folder(shard)))
    if (isNew || this.shards > 1) replaceManifests(this.places, this.#manifests)
    return fds
  }

  // ---- going over to other files

  /** Runs `work` while every shard is locked. */
  #atBarrier(work: () => void): void {
    lockWaitAll(this.#control, this.#locks, this.#locks.length)
    try {
      work()
    } finally {
      for (const lock of this.#locks) unlock(this.#control, lock)
    }
  }

  /** Has the threads log to these files, or to none; at a barrier. What was taken down before goes to the old ones. */
  #switchTo(fds: readonly number[], isOn: boolean): void {
    this.#writer.commitAll()
    for (const [shard, block] of this.#blocks.entries()) {
      const fd = fds[shard] ?? -1
      block.lock()
      if (block.pending > 0) block.forget()
      this.#writer.forgive(block)
      if (block.fd >= 0) block.oldFd = block.fd
      block.fd = fd
      block.db = -1
      block.second = 0
      block.size = fd < 0 ? 0 : fstatSync(fd).size
      block.unlock()
    }
    this.#listen(isOn)
    this.#logs.ring()
  }

  /** Until the syncer has closed the files that were replaced last. */
  async #whenOldAreClosed(): Promise<void> {
    while (this.#blocks.some(block => block.oldFd >= 0)) {
      this.#logs.ring()
      await new Promise(resolve => setTimeout(resolve, 1))
    }
  }

  /** DEBUG LOADAOF: goes back to what the files say. Returns why it could not. */
  async reload(): Promise<string | undefined> {
    const { log, loads, arenas, config } = this.#parts
    const wasOn = this.#state === 'on'
    return await loads.whileLoading(async () => {
      await this.#whenOldAreClosed()
      // Nothing is logged meanwhile: what the files say is applied once more.
      const kept = this.#blocks.map(block => block.fd)
      const engine = new Engine(config.settings, arenas)
      this.#atBarrier(() => {
        this.#writer.commitAll()
        this.#listen(false)
        for (const shard of engine.shards) {
          memoryRefresh(shard.m)
          for (let db = 0; db < shard.databases; db++) shard.flush(db, false)
        }
      })
      try {
        const { repairs } = await loadLog(this.#loadParts)
        if (wasOn) for (const { index, bytes } of repairs) writeAll(kept[index], bytes)
        return undefined
      } catch (error) {
        log.warn((error as Error).message)
        return 'ERR Error trying to load the AOF files, check server logs'
      } finally {
        if (kept.some(fd => fd >= 0)) this.#atBarrier(() => this.#goOn())
      }
    })
  }

  /** The files may have got shorter or longer meanwhile. */
  #goOn(): void {
    for (const block of this.#blocks) {
      block.lock()
      block.db = -1
      if (block.fd >= 0) block.size = fstatSync(block.fd).size
      block.unlock()
    }
    this.#listen(true)
  }

  #listen(isOn: boolean): void {
    const listeners = controlFlag(this.#control, CONTROL.JOURNAL)
    controlSet(this.#control, CONTROL.JOURNAL, isOn ? listeners | LISTENER.LOG : listeners & ~LISTENER.LOG)
  }

  // ---- rewriting

  /** BGREWRITEAOF. Returns what to reply, or an error. */
  async rewrite(): Promise<string | { error: string }> {
    if (this.#isRewriting) {
      return { error: 'ERR Background append only file rewriting already in progress' }
    }
    if (this.#parts.snapshots.isBusy) {
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
    this.#schedule(false)
    this.#figures[LOG_FIGURE.REWRITING] = 1
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
    const { snapshots, log } = this.#parts
    const wasOn = this.#state === 'on'
    let fds: number[] = []
    try {
      await this.#whenOldAreClosed()
      this.#makeFolders()
      fds = this.#openNext(wasOn)
      const failure = await snapshots.take(
        {
          atBarrier: () => {
            this.#switchTo(fds, true)
            if (wasOn) this.#measure()
            log.info('Background append only file rewriting started')
            began('')
          },
          consume: memory => this.#writeBases(memory),
        },
        this.#directory,
      )
      if (failure !== '') throw new Error(failure)
      if (this.#isStopped) throw new Error('it was stopped')
      this.#changeOver(wasOn)
      return ''
    } catch (error) {
      this.#removeTemporary(!wasOn)
      return reasonOf(error)
    }
  }

  /** Makes the increments that follow. They are in the manifests from now on if the log was on; else they have no name yet. */
  #openNext(isNamed: boolean): number[] {
    const { stem } = this.places
    if (!isNamed)
      return this.#blocks.map((_, shard) => openSync(fromByteString(this.#temporaryIncrement(shard)), EMPTIED, 0o644))
    const manifests = this.#manifests.map(manifest => withIncrement(manifest, stem))
    this.#parts.log.info(`Creating AOF incr file ${manifests[0].increments.at(-1)?.name} on background rewrite`)
    const fds = manifests.map((manifest, shard) => openLast(manifest, this.#folder(shard)))
    replaceManifests(this.places, manifests)
    this.#manifests = manifests
    return fds
  }

  #temporary(shard: number): string {
    return join(this.#folder(shard), `temp-rewriteaof-bg-${process.pid}.aof`)
  }

  #temporaryIncrement(shard: number): string {
    return join(this.#folder(shard), `temp-${this.places.stem}.incr`)
  }

  /** Has the pool write the bases. Resolves with why it failed. */
  async #writeBases(memory: SnapshotMemory): Promise<string> {
    const { config, pool } = this.#parts
    const task: WriteBasesTask = {
      memory,
      settings: config.settings.buffer as SharedArrayBuffer,
      paths: this.#blocks.map((_, shard) => pathText(this.#temporary(shard))),
      isRdb: this.#isRdb,
      usedBytes: this.#usedBytes,
      hasChecksum: config.bool('rdbchecksum'),
      syncsOnTheWay: config.bool('aof-rewrite-incremental-fsync'),
      notesTime: config.bool('aof-timestamp-enabled'),
    }
    const result: WriteBasesResult = await pool.run(task, { name: 'writeBases' })
    return result.error
  }

  /** The bases are whole: gives everything its name, and lets it count. */
  #changeOver(wasOn: boolean): void {
    const { log, config } = this.#parts
    const { stem } = this.places
    const isRdb = this.#isRdb
    const manifests = this.#manifests.map((before, shard) => {
      const folder = this.#folder(shard)
      const manifest = wasOn ? before : withIncrement(before, stem)
      const name = nextBaseName(manifest, stem, isRdb)
      renameSync(fromByteString(this.#temporary(shard)), fromByteString(join(folder, name)))
      if (shard === 0) {
        log.info(`Successfully renamed the temporary AOF base file temp-rewriteaof-bg-${process.pid}.aof into ${name}`)
      }
      const increment = manifest.increments.at(-1)?.name ?? ''
      if (!wasOn) {
        renameSync(fromByteString(this.#temporaryIncrement(shard)), fromByteString(join(folder, increment)))
        if (shard === 0)
          log.info(`Successfully renamed the temporary AOF incr file temp-${stem}.incr into ${increment}`)
      }
      folderSync(folder)
      return withBase(manifest, name, 1)
    })
    replaceManifests(this.places, manifests)
    this.#manifests = manifests
    this.#state = 'on'
    this.#figures[LOG_FIGURE.ENABLED] = 1
    this.#measure()
    if (!config.bool('aof-disable-auto-gc')) this.removeHistory()
  }

  #endRewrite(failure: string): void {
    const { log } = this.#parts
    const figures = this.#figures
    this.#isRewriting = false
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
    // The log is to be on, and has no base yet.
    if (this.#state === 'pending') this.#schedule(true)
  }

  /** A rewrite has failed: what it had begun is not wanted. */
  #removeTemporary(wasPending: boolean): void {
    for (let shard = 0; shard < this.shards; shard++) rmSync(fromByteString(this.#temporary(shard)), { force: true })
    if (!wasPending) return
    this.#atBarrier(() => this.#switchTo([], false))
    this.#parts.log.info(`Removing the temp incr aof file temp-${this.places.stem}.incr in the background`)
    this.#remove(this.#blocks.map((_, shard) => this.#temporaryIncrement(shard)))
  }

  #remove(paths: readonly string[]): void {
    this.#parts.pool.run(paths.map(pathText), { name: 'removeFiles' }).catch(error => {
      this.#parts.log.warn(`Files cannot be deleted: ${reasonOf(error)}`)
    })
  }

  /** Deletes what rewrites have replaced. */
  removeHistory(): void {
    if (this.#manifests.every(each => each.history.length === 0)) return
    const paths: string[] = []
    for (const [shard, { history }] of this.#manifests.entries()) {
      for (const { name } of history) {
        paths.push(join(this.#folder(shard), name))
        if (shard === 0) this.#parts.log.info(`Removing the history file ${name} in the background`)
      }
    }
    this.#manifests = this.#manifests.map(withoutHistory)
    replaceManifests(this.places, this.#manifests)
    this.#remove(paths)
  }

  /** Notes how large the files are now: INFO's and the automatic rewrite's base. */
  #measure(): void {
    let all = 0
    for (const [shard, { base, increments }] of this.#manifests.entries()) {
      let before = 0
      const older = [...(base === undefined ? [] : [base]), ...increments.slice(0, -1)]
      for (const { name } of older) {
        before += statSync(fromByteString(join(this.#folder(shard), name)), { throwIfNoEntry: false })?.size ?? 0
      }
      this.#figures[basePlace(shard)] = before
      all += before + this.#blocks[shard].size
    }
    if (!this.#isRewriting || this.#state === 'on') this.#figures[LOG_FIGURE.BASE_SIZE] = all
  }

  // ---- on and off

  /** CONFIG SET appendonly: returns why it cannot be. */
  async set(isOn: boolean): Promise<string | undefined> {
    if (isOn === (this.#state !== 'off')) return undefined
    if (!isOn) {
      await this.#turnOff()
      return undefined
    }
    const { log, snapshots } = this.#parts
    this.#state = 'pending'
    this.#figures[LOG_FIGURE.ENABLED] = 1
    this.watch()
    if (snapshots.isBusy || this.#isRewriting) {
      this.#schedule(true)
      log.info(
        'AOF was enabled but there is already another background operation. ' +
          'An AOF background was scheduled to start when possible.',
      )
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
    if (wasOn) await this.#turnOff()
    try {
      return await work()
    } finally {
      if (wasOn) await this.set(true)
    }
  }

  async #turnOff(): Promise<void> {
    this.#state = 'off'
    this.#figures[LOG_FIGURE.ENABLED] = 0
    this.#schedule(false)
    await this.#stopRewrite()
    await this.#whenOldAreClosed()
    this.#atBarrier(() => this.#switchTo([], false))
    await this.#whenOldAreClosed()
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
    if (this.#isRewriting || this.#parts.snapshots.isBusy || controlFlag(this.#control, CONTROL.LOADING) !== 0) return
    if (this.#isScheduled && !this.#isLimited()) {
      this.#startRewrite()
      return
    }
    if (this.#state === 'on') this.#lookAtSize()
  }

  #lookAtErrors(): void {
    const failing = this.#blocks.find(block => block.error !== 0)
    if (failing !== undefined && !this.#hadError) {
      this.#hadError = true
      this.#parts.log.warn(`Error writing to the AOF file: ${errorText(failing.error)}`)
    }
    if (this.#blocks.some(block => block.isLost)) this.#schedule(true)
    if (!this.#hadError || this.#ticks % (1000 / CRON_MS) !== 0) return
    this.#writer.commitAll()
    if (this.#blocks.some(block => block.error !== 0)) return
    this.#hadError = false
    this.#parts.log.warn('AOF write error looks solved, skep can write again.')
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

/** A path as the file system's functions and other threads take it. */
const pathText = (path: string): string => fromByteString(path).toString()

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
}

/** Opens a manifest's last increment. */
function openLast(manifest: AofManifest, folder: string): number {
  const name = manifest.increments.at(-1)?.name ?? ''
  return openSync(fromByteString(join(folder, name)), 'a', 0o644)
}
