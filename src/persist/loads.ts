// Loading data at the start, and DEBUG RELOAD: finds the files, has the pool load them side by side, tells how it goes.
// Main thread.

import { statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Config } from '../config/config.ts'
import { CONTROL, controlFlag, controlSet, LOAD_STATE } from '../shared/control.ts'
import { PERSISTENCE } from '../shared/persistence-block.ts'
import type { LoadMemory, LoadOutcome, LoadTask } from './load-file.ts'
import { findSnapshot, layoutFingerprint } from './manifest.ts'
import type { Pool } from './pool.ts'
import type { LoadOptions, LoadPart } from './rdb-load.ts'
import type { Log } from './saves.ts'

/** Smaller files are loaded by one thread: another one takes longer to begin. */
const PARTS_BYTES_MIN = 4 * 1024 * 1024
/** How often the progress is looked at. */
const LOOK_MS = 50
/** How often it is looked whether a load is still thought to be brief, and when none is any more, however little there is. */
const BRIEF_LOOK_MS = 10
const BRIEF_SECONDS = 10

/** What it works with. */
export interface LoadsParts {
  readonly config: Config
  readonly log: Log
  readonly pool: Pool
  readonly memory: LoadMemory
  readonly control: Int32Array
  readonly figures: Float64Array
}

/** What a snapshot's files held, all together. */
export interface LoadedSnapshot {
  readonly loaded: number
  readonly expired: number
  readonly empty: number
  readonly aux: ReadonlyMap<string, string>
  /** Keys that had expired and were left out, their bytes as latin1. */
  readonly expiredKeys: readonly (readonly [db: number, key: string])[]
}

/** What to load, and how. */
export interface LoadWish {
  readonly duplicates: LoadOptions['duplicates']
  /** Whether keys that have expired are left out; by default a master leaves them out. */
  readonly dropsExpired?: boolean
}

/** The files are damaged, or cannot be read. */
export class LoadFailure extends Error {
  override name = 'LoadFailure'
}

export class Loads {
  readonly #parts: LoadsParts
  /** Whether keys that have expired are left out: on a master. */
  dropsExpired = true
  /** Has the clients go on that wait for a brief load. */
  letGo: () => void = () => undefined

  constructor(parts: LoadsParts) {
    this.#parts = parts
  }

  /** Loads the snapshot of this path. Returns undefined if there is none; throws LoadFailure. */
  async snapshot(path: string, wish: LoadWish): Promise<LoadedSnapshot | undefined> {
    const { log, memory, figures } = this.#parts
    const { paths, manifest } = findSnapshot(path)
    if (paths.length === 0) return undefined
    const shards = memory.arenas.length
    const sameLayout = manifest?.fingerprint === layoutFingerprint(shards)
    if (manifest !== undefined && !sameLayout) {
      log.info(`The snapshot is of ${manifest.shards} shard(s), here are ${shards}: keys are spread anew`)
    }
    const files = paths.map((each, index) => ({
      path: each,
      offset: 0,
      shard: sameLayout ? index : shards === 1 ? 0 : -1,
    }))
    const outcomes = await this.files(files, wish).catch((error: Error) => {
      throw new LoadFailure(`Fatal error loading the DB: ${error.message}. Exiting.`)
    })
    for (const [index, outcome] of outcomes.entries()) this.#report(paths[index], outcome)
    const { loaded, expired, empty, expiredKeys } = sums(outcomes)
    const aux = new Map(outcomes.flatMap(each => each.aux))
    const result = { loaded, expired, empty, aux, expiredKeys }
    figures[PERSISTENCE.KEYS_LOADED] = result.loaded
    figures[PERSISTENCE.KEYS_EXPIRED] = result.expired
    const skipped = empty > 0 ? `, empty keys skipped: ${empty}` : ''
    log.info(`Done loading RDB, keys loaded: ${loaded}, keys expired: ${expired}${skipped}.`)
    return result
  }

  #report(path: string, outcome: LoadOutcome): void {
    const { log } = this.#parts
    for (const note of outcome.notes) log.info(note)
    const aux = new Map(outcome.aux)
    if (outcome.error !== '') {
      log.warn(`Internal error in RDB reading offset ${outcome.offset} of ${path}: ${outcome.error}`)
      throw new LoadFailure(
        `${path} is damaged at byte ${outcome.offset}: ${outcome.error}. Terminating server after rdb file reading failure. ` +
          '`skep check` tells more; a copy of an older snapshot, moved here under this name, would be loaded instead.',
      )
    }
    const version = aux.get('redis-ver')
    if (version !== undefined) log.info(`Loading RDB produced by version ${version}`)
    const age = Math.max(0, Math.floor(Date.now() / 1000) - Number(aux.get('ctime') ?? 0))
    if (aux.has('ctime')) log.info(`RDB age ${age} seconds`)
    const used = Number(aux.get('used-mem') ?? 0)
    if (used > 0) log.info(`RDB memory usage when created ${(used / 1024 / 1024).toFixed(2)} Mb`)
  }

  /**
   * Loads RDB files, or what follows an offset in them, side by side; a single one of keys of any shard in parts. Damage is
   * in the outcomes; throws what the disk says.
   */
  async files(
    files: readonly { readonly path: string; readonly offset: number; readonly shard: number }[],
    wish: LoadWish,
  ): Promise<LoadOutcome[]> {
    const { config, memory, pool, figures } = this.#parts
    const bytes = files.reduce((sum, { path }) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0)
    figures[PERSISTENCE.LOADING_BYTES] += bytes
    const progress = new SharedArrayBuffer(files.length * 16)
    const done = figures[PERSISTENCE.LOADING_DONE]
    const note = (): void => {
      const each = new Float64Array(progress)
      figures[PERSISTENCE.LOADING_DONE] = done + each.reduce((sum, bytes, i) => sum + (i % 2 === 0 ? bytes : 0), 0)
      figures[PERSISTENCE.LOADING_USED] = each.reduce((sum, bytes, i) => sum + (i % 2 === 1 ? bytes : 0), 0)
    }
    const timer = setInterval(note, LOOK_MS)
    const parts = this.#partsOf(files, bytes)
    try {
      const outcomes = await Promise.all(
        files.flatMap(({ path, offset, shard }, index) =>
          parts.map(part => {
            const options: LoadOptions = {
              now: Date.now(),
              dropsExpired: wish.dropsExpired ?? this.dropsExpired,
              duplicates: wish.duplicates,
              checks: config.bool('rdbchecksum') && part.index === 0,
              delay: config.number('key-load-delay'),
              dbBase: 0,
              databases: config.number('databases'),
              shard,
              part,
            }
            const task: LoadTask = { memory, from: { path, offset }, options, progress, index }
            return pool.run<LoadOutcome>(task, { name: 'loadFile' })
          }),
        ),
      )
      return files.map((_, index) => joined(outcomes.slice(index * parts.length, (index + 1) * parts.length)))
    } finally {
      clearInterval(timer)
      note()
    }
  }

  /** One file that may hold keys of all shards is read by several threads, each of which makes those of some shards. */
  #partsOf(files: readonly { readonly shard: number }[], bytes: number): LoadPart[] {
    const { config, memory } = this.#parts
    const isOne = files.length === 1 && files[0].shard < 0
    const isWorth = bytes >= PARTS_BYTES_MIN && config.number('key-load-delay') === 0
    const count = isOne && isWorth ? Math.min(memory.arenas.length, availableParallelism()) : 1
    return Array.from({ length: count }, (_, index) => ({ index, count }))
  }

  /** Before clients can connect: they will wait for the load if it is brief. */
  expectBrief(): void {
    controlSet(this.#parts.control, CONTROL.LOADING, LOAD_STATE.BRIEF)
  }

  /** Has clients told that data is being loaded, while `work` does that; they wait for what they were to wait for. */
  async whileLoading<Result>(work: () => Promise<Result>): Promise<Result> {
    const { log, control, figures } = this.#parts
    log.info('Loading DB in memory...')
    figures[PERSISTENCE.LOADING_BEGAN] = Math.floor(Date.now() / 1000)
    figures[PERSISTENCE.LOADING_BYTES] = 0
    figures[PERSISTENCE.LOADING_DONE] = 0
    if (controlFlag(control, CONTROL.LOADING) !== LOAD_STATE.BRIEF)
      controlSet(control, CONTROL.LOADING, LOAD_STATE.TOLD)
    const timer = setInterval(() => this.#tellIfLong(), BRIEF_LOOK_MS)
    try {
      return await work()
    } finally {
      clearInterval(timer)
      this.#tell(LOAD_STATE.NONE)
    }
  }

  /** Redis looks at its clients first when so many bytes are loaded: with fewer to load, they wait here as well. */
  #tellIfLong(): void {
    const { config, figures } = this.#parts
    const isMuch = figures[PERSISTENCE.LOADING_BYTES] > config.number('loading-process-events-interval-bytes')
    if (isMuch || Date.now() / 1000 - figures[PERSISTENCE.LOADING_BEGAN] > BRIEF_SECONDS) this.#tell(LOAD_STATE.TOLD)
  }

  #tell(state: number): void {
    const { control } = this.#parts
    const wereWaiting = controlFlag(control, CONTROL.LOADING) === LOAD_STATE.BRIEF
    controlSet(control, CONTROL.LOADING, state)
    if (wereWaiting) this.letGo()
  }
}

/** What became of several loads together. */
function sums(outcomes: readonly LoadOutcome[]): Pick<LoadOutcome, 'loaded' | 'expired' | 'empty' | 'expiredKeys'> {
  const sum = (field: 'loaded' | 'expired' | 'empty'): number =>
    outcomes.reduce((total, each) => total + each[field], 0)
  const expiredKeys = outcomes.flatMap(each => each.expiredKeys)
  return { loaded: sum('loaded'), expired: sum('expired'), empty: sum('empty'), expiredKeys }
}

/** What became of a file's parts: the first damage counts. */
function joined(outcomes: readonly LoadOutcome[]): LoadOutcome {
  const damaged = outcomes.filter(({ error }) => error !== '').sort((a, b) => a.offset - b.offset)
  const notes = outcomes.flatMap(each => each.notes)
  return { ...(damaged[0] ?? outcomes[0]), ...sums(outcomes), aux: outcomes[0].aux, notes }
}
