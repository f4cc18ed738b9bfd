// What keeps data: the parts of src/persist put together for one server. Main thread.

import { resolve } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from './config/config.ts'
import { fromByteString, toByteString } from './config/split-args.ts'
import { AppendOnly } from './persist/append-only.ts'
import { type LoadedSnapshot, Loads } from './persist/loads.ts'
import { Pool } from './persist/pool.ts'
import { type ReloadOptions, type ReloadParts, reload } from './persist/reload.ts'
import { Saves } from './persist/saves.ts'
import { Snapshots } from './persist/snapshots.ts'
import { CONTROL, controlFlag } from './shared/control.ts'
import { persistenceView } from './shared/persistence-block.ts'
import { Libraries } from './store/libraries.ts'
import type { Supervisor } from './supervisor.ts'
import { entryUrl } from './threads.ts'

export class Persistence {
  readonly pool = new Pool(entryUrl('./persist/worker.ts'))
  readonly snapshots: Snapshots
  readonly saves: Saves
  readonly loads: Loads
  /** What INFO tells (shared/persistence-block.ts). */
  readonly figures: Float64Array
  readonly appendOnly: AppendOnly
  /** What was loaded from the snapshot at the start, undefined if there was none. */
  loaded: LoadedSnapshot | undefined
  /** `dir` is the process's working folder. */
  ownsProcess = false
  readonly #config: Config
  readonly #log: Logger
  #lastReplaced: Promise<unknown> = Promise.resolve()
  readonly #parts: Omit<ReloadParts, 'saves' | 'loads' | 'snapshots'>

  constructor(config: Config, log: Logger, supervisor: Supervisor) {
    this.#config = config
    this.#log = log
    const { memory, arenas } = supervisor
    const control = new Int32Array(memory.control)
    const figures = persistenceView(memory.persistence)
    this.figures = figures
    const { pool } = this
    this.snapshots = new Snapshots(memory.snapshot, memory.control, memory.shape, arenas, figures)
    const folder = (): string => this.folder()
    const parts = { config, log, pool, control, figures }
    const libraries = new Libraries(memory.functions)
    this.#parts = { config, log, control, arenas, libraries }
    this.saves = new Saves({ ...parts, snapshots: this.snapshots, arenas, libraries, folder })
    const loadMemory = {
      control: memory.control,
      arenas: memory.arenas,
      functions: memory.functions,
      settings: config.settings.buffer,
      snapshot: memory.snapshot,
    }
    this.loads = new Loads({ ...parts, memory: loadMemory })
    this.appendOnly = new AppendOnly({
      config,
      log,
      pool,
      figures,
      snapshots: this.snapshots,
      loads: this.loads,
      shape: memory.shape,
      memory: memory.log,
      loadMemory,
      arenas,
      libraries,
      folder: () => toByteString(folder()),
      whenEmptied: () => this.saves.whenEmptied(),
    })
    this.saves.isObstructed = () => this.appendOnly.isRewriting
    this.saves.isServed = () => this.ownsProcess
    config.onApply(['appendonly'], ({ isInExec }) => this.appendOnly.set(config.bool('appendonly'), isInExec))
    config.onChange(update => {
      if (update['aof-disable-auto-gc'] === 'no') this.appendOnly.removeHistory()
      if ('appendfsync' in update) this.appendOnly.policyChanged()
    })
  }

  /** The folder that files are in. */
  folder(): string {
    return this.ownsProcess ? process.cwd() : resolve(fromByteString(this.#config.get('dir')).toString())
  }

  /** Whether the data set is being loaded. */
  get isLoading(): boolean {
    return controlFlag(this.#parts.control, CONTROL.LOADING) !== 0
  }

  /** Loads what was saved; `onRead` is called when all has been read. Throws what a user can read. */
  async load(onRead: () => void): Promise<void> {
    const { loads, saves } = this
    if (this.#config.bool('appendonly')) {
      await loads.whileLoading(() => this.appendOnly.load(onRead))
      saves.forgetChanges()
      return
    }
    const began = performance.now()
    const loaded = await loads.whileLoading(async () => {
      const read = await loads.snapshot(saves.path, { duplicates: 'refuse' })
      onRead()
      return read
    })
    saves.forgetChanges()
    this.loaded = loaded
    if (loaded !== undefined) {
      this.#log.info(`DB loaded from disk: ${((performance.now() - began) / 1000).toFixed(3)} seconds`)
    }
  }

  /** Replaces all data while nobody else does. */
  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#lastReplaced.then(work)
    this.#lastReplaced = result.catch(() => undefined)
    return result
  }

  /** Has `work` replace all data by other means, a master's copy: see AppendOnly. */
  whileReplaced(work: () => Promise<void>): Promise<void> {
    return this.#alone(() => this.appendOnly.whileReplaced(work))
  }

  /** DEBUG RELOAD, while clients are paused. Returns why it failed, an error to reply. */
  reload(options: ReloadOptions): Promise<string | undefined> {
    const { saves, loads, snapshots } = this
    return this.#alone(() => reload({ ...this.#parts, saves, loads, snapshots }, options))
  }

  /** DEBUG LOADAOF. Returns why it failed, an error to reply. */
  async reloadLog(): Promise<string | undefined> {
    const failure = await this.#alone(() => this.snapshots.whileBarred(() => this.appendOnly.reload()))
    this.saves.forgetChanges()
    if (failure === undefined) this.#log.info('Append Only File loaded by DEBUG LOADAOF')
    return failure
  }

  /** Begins to save by itself. */
  start(): void {
    this.saves.start()
    this.appendOnly.watch()
  }

  /** Ends what works in the background. */
  async end(): Promise<void> {
    await this.saves.end()
    await this.appendOnly.stop()
    await this.pool.end()
  }
}
