// SAVE, BGSAVE and the `save` lines: when snapshots are written to files, and what became of them. Main thread.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { fromByteString } from '../config/split-args.ts'
import { CONTROL, controlSet } from '../shared/control.ts'
import { PERSISTENCE } from '../shared/persistence-block.ts'
import { arenaUsed } from '../store/arena.ts'
import { ROOT, rootCounter } from '../store/keyspace.ts'
import type { Libraries } from '../store/libraries.ts'
import { type Memory, memoryRefresh } from '../store/memory.ts'
import { GivenUp } from './errors.ts'
import type { Pool } from './pool.ts'
import type { PublishTask } from './publish.ts'
import { type AuxFields, standardAux } from './rdb-frame.ts'
import type { Snapshots } from './snapshots.ts'
import type { WriteFilesResult, WriteFilesTask } from './write-files.ts'

/** How often the `save` lines are looked at. */
const LOOK_MS = 100
/** After a failure, none is begun by itself for so long. */
const RETRY_SECONDS = 5
/** The thread kept ready takes 6.5 MiB, which beside this much data is little. */
const READY_BYTES_MIN = 256 * 1024 * 1024

/** Writes lines of the log. */
export interface Log {
  info(text: string): void
  warn(text: string): void
}

/** What it works with. */
export interface SavesParts {
  readonly config: Config
  readonly log: Log
  readonly pool: Pool
  readonly snapshots: Snapshots
  readonly control: Int32Array
  readonly figures: Float64Array
  readonly arenas: readonly Memory[]
  readonly libraries: Libraries
  /** The folder that files are in. */
  folder(): string
}

const BUSY =
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a " +
  'BGSAVE whenever possible.'

/** What a snapshot is taken for. Writes are refused if it fails, but where somebody waits for it, who is told in another way. */
type Cause = 'BGSAVE' | 'SAVE' | 'FLUSHALL'

const seconds = (): number => Math.floor(Date.now() / 1000)

export class Saves {
  readonly #parts: SavesParts
  #timer: NodeJS.Timeout | undefined
  /** The snapshot being written, if one is. */
  #running: Promise<string | undefined> | undefined
  #isScheduled = false
  #flushesSeen = 0
  /** The last snapshot taken because FLUSHALL had deleted all data. */
  #emptied: Promise<unknown> = Promise.resolve()
  #lastTry = 0
  /** More facts for the files' heads: where replication stands. Asked at the barrier. */
  moreAux: () => AuxFields = () => []
  /** Whether something else, a rewrite of the log, has the disk to itself. */
  isObstructed: () => boolean = () => false
  /** Whether BGSAVE is to be expected though the configuration asks for no data on disk. */
  isServed: () => boolean = () => false

  constructor(parts: SavesParts) {
    this.#parts = parts
    const { figures, config } = parts
    figures[PERSISTENCE.LAST_SAVE] = seconds()
    figures[PERSISTENCE.LAST_SECONDS] = -1
    config.onChange(update => {
      if ('stop-writes-on-bgsave-error' in update || 'save' in update) this.#tellFailure()
    })
  }

  /** The path of the snapshot. */
  get path(): string {
    return join(this.#parts.folder(), fromByteString(this.#parts.config.get('dbfilename')).toString())
  }

  /** Begins to look at the `save` lines. */
  start(): void {
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
    this.#timer.unref()
  }

  /** Saves no more, and gives up what is being written. */
  async end(): Promise<void> {
    clearInterval(this.#timer)
    await this.cancel()
  }

  /** Whether a snapshot is being written. */
  get isSaving(): boolean {
    return this.#running !== undefined
  }

  /** Changes since the last snapshot that was saved. */
  get changes(): number {
    return this.#dirty() - this.#parts.figures[PERSISTENCE.SAVED_DIRTY]
  }

  /** FLUSHALL deleted all data: without a snapshot of that, a restart would bring it back. */
  #lookForFlush(): boolean {
    const { flushes } = this.#parts.snapshots
    if (flushes === this.#flushesSeen) return false
    this.#flushesSeen = flushes
    return this.#parts.config.savePoints().length > 0
  }

  /**
   * Resolves once FLUSHALL's own snapshot, if it is being taken, is on disk: with Redis it is before FLUSHALL has replied,
   * and does not stand in the way of what the client asks for next.
   */
  async whenEmptied(): Promise<void> {
    await this.#emptied
  }

  /** What there is now is on disk. */
  forgetChanges(): void {
    this.#parts.figures[PERSISTENCE.SAVED_DIRTY] = this.#dirty()
  }

  /** BGSAVE: begins to save. Returns what to reply, or the error. */
  async background(schedules: boolean): Promise<{ readonly reply: string } | { readonly error: string }> {
    await this.whenEmptied()
    if (this.isSaving) return { error: 'ERR Background save already in progress' }
    if (this.#parts.snapshots.isBusy || this.isObstructed()) {
      if (!schedules) return { error: BUSY }
      this.#isScheduled = true
      return { reply: 'Background saving scheduled' }
    }
    this.#begin()
    return { reply: 'Background saving started' }
  }

  /** SAVE: saves, and resolves when that is done. Returns what went wrong. */
  async save(): Promise<string | undefined> {
    await this.whenEmptied()
    if (this.isSaving) return 'ERR Background save already in progress'
    if (this.#parts.snapshots.isBusy) return BUSY
    return (await this.#begin('SAVE')) === undefined ? undefined : 'ERR'
  }

  /** Saves anew: one being written is given up. Returns what went wrong. */
  async saveNow(): Promise<string | undefined> {
    this.#parts.snapshots.giveUp()
    await this.#running
    while (this.#parts.snapshots.isBusy) await new Promise(resolve => setTimeout(resolve, 1))
    return this.#begin('SAVE')
  }

  /** Gives up what is being written. */
  async cancel(): Promise<void> {
    if (this.#running === undefined) return
    this.#parts.snapshots.giveUp()
    await this.#running
  }

  #look(): void {
    const { config, figures, log, snapshots } = this.#parts
    this.#readyWriter()
    if (this.isSaving || snapshots.isBusy || this.isObstructed()) return
    if (this.#isScheduled) {
      this.#isScheduled = false
      this.#begin()
      return
    }
    if (this.#lookForFlush()) {
      this.#emptied = this.#begin('FLUSHALL')
      return
    }
    const now = seconds()
    if (figures[PERSISTENCE.HAS_FAILED] !== 0 && now - this.#lastTry <= RETRY_SECONDS) return
    const { changes } = this
    for (const point of config.savePoints()) {
      if (changes < point.changes || now - figures[PERSISTENCE.LAST_SAVE] <= point.seconds) continue
      log.info(`${point.changes} changes in ${point.seconds} seconds. Saving...`)
      this.#begin()
      return
    }
  }

  /** Where a snapshot of much data is to be expected, who writes it is to be ready by then. */
  #readyWriter(): void {
    const { config, pool } = this.#parts
    if (this.#usedBytes < READY_BYTES_MIN) return
    if (this.isServed() || config.savePoints().length > 0 || config.bool('appendonly')) pool.readyWriter()
  }

  get #usedBytes(): number {
    return this.#parts.arenas.reduce((sum, m) => sum + arenaUsed(m), 0)
  }

  #begin(cause: Cause = 'BGSAVE'): Promise<string | undefined> {
    const running = this.#write(cause).finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    this.#running = running
    return running
  }

  /** Where a shard's file is while it is written. */
  #temporary(shard: number): string {
    const name = this.#parts.arenas.length === 1 ? `temp-${process.pid}.rdb` : `temp-${process.pid}.${shard}.rdb`
    return join(this.#parts.folder(), name)
  }

  /** The process ends without waiting for anything: what is half written goes. */
  dropNow(): void {
    if (!this.isSaving) return
    for (const shard of this.#parts.arenas.keys()) rmSync(this.#temporary(shard), { force: true })
  }

  /** Takes a snapshot into files and gives them their names. Returns why that failed. */
  async #write(cause: Cause): Promise<string | undefined> {
    const { config, figures, log, pool, snapshots, arenas, libraries } = this.#parts
    const snapshot = this.path
    const folder = this.#parts.folder()
    const began = Date.now()
    this.#lastTry = seconds()
    figures[PERSISTENCE.BEGAN] = began / 1000
    figures[PERSISTENCE.IS_SAVING] = 1
    let dirty = 0
    let aux: AuxFields = []
    let codes: readonly string[] = []
    log.info('Background saving started')
    try {
      const result = await snapshots.take<WriteFilesResult>(
        {
          endsWithFlush: true,
          atBarrier: () => {
            // What came after FLUSHALL is in the file too, and yet counts as not saved: Redis saves before it replies.
            dirty =
              cause === 'FLUSHALL'
                ? Math.max(snapshots.flushedChanges, figures[PERSISTENCE.SAVED_DIRTY])
                : this.#dirty()
            aux = [...standardAux(began, this.#usedBytes), ...this.moreAux(), ['aof-base', '0']]
            codes = libraries.codes()
          },
          consume: memory =>
            pool.run(
              {
                memory,
                paths: arenas.map((_, shard) => this.#temporary(shard)),
                aux,
                libraries: codes,
                hasChecksum: config.bool('rdbchecksum'),
                compresses: config.bool('rdbcompression'),
                syncsOnTheWay: config.bool('rdb-save-incremental-fsync'),
              } satisfies WriteFilesTask,
              { name: 'writeFiles' },
            ),
        },
        folder,
      )
      if (result.isGivenUp === true) {
        log.info('Background saving terminated before its end')
        return result.error
      }
      if (result.error !== '') throw new Error(result.error)
      const task: PublishTask = { snapshot, files: result.files, now: began }
      await pool.run(task, { name: 'publishSnapshot' })
      figures[PERSISTENCE.SAVED_DIRTY] = dirty
      figures[PERSISTENCE.LAST_SAVE] = seconds()
      figures[PERSISTENCE.SAVES]++
      figures[PERSISTENCE.LAST_OLD_BYTES] = result.oldBytes
      figures[PERSISTENCE.HAS_FAILED] = 0
      log.info('DB saved on disk')
      log.info('Background saving terminated with success')
      return undefined
    } catch (error) {
      if (error instanceof GivenUp) {
        log.info('Background saving terminated before its beginning')
        return error.message
      }
      if (cause === 'BGSAVE') figures[PERSISTENCE.HAS_FAILED] = 1
      log.warn(`Background saving error: ${snapshot}: ${(error as Error).message}`)
      return (error as Error).message
    } finally {
      figures[PERSISTENCE.IS_SAVING] = 0
      figures[PERSISTENCE.LAST_SECONDS] = Math.round((Date.now() - began) / 1000)
      this.#tellFailure()
    }
  }

  /** Has the routers refuse writes while data that should be saved cannot be. */
  #tellFailure(): void {
    const { config, control, figures } = this.#parts
    const refuses =
      figures[PERSISTENCE.HAS_FAILED] !== 0 &&
      config.bool('stop-writes-on-bgsave-error') &&
      config.savePoints().length > 0
    controlSet(control, CONTROL.SAVE_FAILED, refuses ? 1 : 0)
  }

  #dirty(): number {
    return this.#parts.arenas.reduce((sum, m) => {
      memoryRefresh(m)
      return sum + rootCounter(m, ROOT.DIRTY)
    }, 0)
  }
}
