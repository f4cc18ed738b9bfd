// Loads the append-only log: the bases first, side by side, then what was logged since, side by side as well. Main thread.

import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { fromByteString } from '../config/split-args.ts'
import type { Shape } from '../shared/control.ts'
import { PERSISTENCE } from '../shared/persistence-block.ts'
import { meetingCreate } from '../shared/rendezvous.ts'
import { type AofManifest, ManifestError } from './aof-manifest.ts'
import { restoreCommits } from './commit-recovery.ts'
import { reasonOf } from './errors.ts'
import type { LoadMemory } from './load-file.ts'
import { LoadFailure, type Loads } from './loads.ts'
import { findLogs, type LogPlaces, type LogsFound } from './log-layout.ts'
import type { Pool } from './pool.ts'
import type { Repair, ReplayFile, ReplayResult, ReplaySource, ReplayTask } from './replay.ts'
import type { Log } from './saves.ts'

/** How often the progress is looked at. */
const LOOK_MS = 50
/** Threads that replay, as far as there are cores for them. Several logs share one if there are more. */
const THREADS_MAX = 4
const SIGNATURE = 'REDIS'

/** What it works with. */
export interface LogLoadParts {
  readonly config: Config
  readonly log: Log
  readonly pool: Pool
  readonly loads: Loads
  readonly memory: LoadMemory
  readonly shape: Shape
  readonly figures: Float64Array
  readonly places: LogPlaces
}

/** What was found and loaded. */
export interface LoadedLog {
  readonly found: LogsFound
  /** Changes that some log had lost, to be written there again. */
  readonly repairs: readonly Repair[]
  /** The highest number of a change over several shards. */
  readonly lastNumber: bigint
  /** Whether there was anything. */
  readonly isEmpty: boolean
}

/**
 * Loads the log; at the start of a server with what the commit journal has of it. Throws LoadFailure with what the log's last
 * line is to be.
 */
export async function loadLog(parts: LogLoadParts, isStart: boolean): Promise<LoadedLog> {
  const { log, places } = parts
  const found = find(parts)
  for (const note of found.notes) log.info(note)
  if (isStart) restore(parts, found)
  const sizes = found.manifests.map((manifest, i) => sizeOfAll(manifest, found.folders[i]))
  const isEmpty = sizes.every(size => size === 0)
  if (isEmpty) return { found, repairs: [], lastNumber: 0n, isEmpty }
  const began = performance.now()
  const sources = await loadBases(parts, found)
  const result = await replay(parts, sources)
  if (result.error !== '') throw new LoadFailure(result.error)
  log.info(`DB loaded from append only file: ${secondsSince(began)} seconds`)
  if (found.isSharded && found.manifests.length !== parts.shape.shards) {
    log.info(`The log in ${places.folder} is of ${found.manifests.length} shard(s), here are ${parts.shape.shards}`)
  }
  return { found, repairs: result.repairs, lastNumber: result.lastNumber, isEmpty }
}

function find({ log, places }: LogLoadParts): LogsFound {
  try {
    return findLogs(places, true)
  } catch (error) {
    if (!(error instanceof ManifestError)) throw new LoadFailure(reasonOf(error))
    log.warn(error.report)
    throw new LoadFailure(
      `The AOF manifest in ${places.folder} is damaged at line ${error.number}: mend that line, or take it out`,
    )
  }
}

/** A journal that cannot be read may hold what was promised: the server does not start without it. */
function restore({ log, places }: LogLoadParts, found: LogsFound): void {
  try {
    restoreCommits(places, found, log)
  } catch (error) {
    throw new LoadFailure(`The commit journal in ${places.folder} cannot be used: ${reasonOf(error)}`)
  }
}

const secondsSince = (began: number): string => ((performance.now() - began) / 1000).toFixed(3)

const filesOf = ({ base, increments }: AofManifest): { name: string; isBase: boolean }[] => [
  ...(base === undefined ? [] : [{ name: base.name, isBase: true }]),
  ...increments.map(({ name }) => ({ name, isBase: false })),
]

/** The bytes in all files of one log; a file that is missing is fatal. */
function sizeOfAll(manifest: AofManifest, folder: string): number {
  let sum = 0
  for (const { name } of filesOf(manifest)) {
    try {
      sum += statSync(fromByteString(join(folder, name))).size
    } catch (error) {
      throw new LoadFailure(`Unable to obtain the AOF file ${name} length. stat: ${reasonOf(error)}`)
    }
  }
  return sum
}

/** Loads those bases that are RDB files, or begin with one. Returns what is left to be replayed. */
async function loadBases(parts: LogLoadParts, found: LogsFound): Promise<ReplaySource[]> {
  const { log, loads, shape, config } = parts
  const stem = config.get('appendfilename')
  const isSameLayout = found.manifests.length === shape.shards
  const sources = found.manifests.map((manifest, index) => ({
    index,
    files: filesOf(manifest).map(({ name, isBase }) => ({
      path: join(found.folders[index], name),
      name,
      isBase,
      offset: 0,
    })) as (ReplayFile & { offset: number })[],
  }))
  const rdbs = sources.filter(({ files }) => files.length > 0 && files[0].isBase && isRdb(files[0].path))
  if (rdbs.length === 0) return sources
  const isOld = rdbs[0].files[0].name === stem
  log.info(isOld ? 'Reading RDB preamble from AOF file...' : 'Reading RDB base file on AOF loading...')
  const began = performance.now()
  const outcomes = await loads.files(
    rdbs.map(({ index, files }) => ({
      path: fromByteString(files[0].path).toString(),
      offset: 0,
      shard: isSameLayout ? index : shape.shards === 1 ? 0 : -1,
    })),
    { duplicates: 'refuse', dropsExpired: false },
  )
  let keys = 0
  for (const [i, outcome] of outcomes.entries()) {
    const { name } = rdbs[i].files[0]
    for (const note of outcome.notes) log.info(note)
    if (outcome.error !== '') {
      log.warn(`${rdbs[i].files[0].path} is damaged at byte ${outcome.offset}: ${outcome.error}`)
      throw new LoadFailure(
        isOld
          ? `Error reading the RDB preamble of the AOF file ${name}, AOF loading aborted`
          : `Error reading the RDB base file ${name}, AOF loading aborted`,
      )
    }
    keys += outcome.loaded
    rdbs[i].files[0].offset = outcome.offset
  }
  parts.figures[PERSISTENCE.KEYS_LOADED] = keys
  parts.figures[PERSISTENCE.KEYS_EXPIRED] = 0
  if (isOld) log.info('Reading the remaining AOF tail...')
  else
    for (const { files } of rdbs) log.info(`DB loaded from base file ${files[0].name}: ${secondsSince(began)} seconds`)
  return sources
}

function isRdb(path: string): boolean {
  const bytes = Buffer.alloc(SIGNATURE.length)
  const fd = openSync(fromByteString(path), 'r')
  try {
    return readSync(fd, bytes, 0, bytes.length, 0) === bytes.length && bytes.toString('latin1') === SIGNATURE
  } finally {
    closeSync(fd)
  }
}

interface Replayed {
  readonly error: string
  readonly repairs: readonly Repair[]
  readonly lastNumber: bigint
}

/** Replays all logs at a time. */
async function replay(parts: LogLoadParts, sources: readonly ReplaySource[]): Promise<Replayed> {
  const { log, pool, config, memory, shape, figures } = parts
  const threads = Math.min(THREADS_MAX, availableParallelism(), sources.length)
  const meeting = meetingCreate(sources.length)
  const progress = new SharedArrayBuffer(8 * sources.length)
  const done = figures[PERSISTENCE.LOADING_DONE]
  const read = new Float64Array(progress)
  for (const { files } of sources) {
    for (const { path, offset } of files) {
      figures[PERSISTENCE.LOADING_BYTES] += statSync(fromByteString(path)).size - offset
    }
  }
  const timer = setInterval(() => {
    figures[PERSISTENCE.LOADING_DONE] = done + read.reduce((sum, each) => sum + each, 0)
  }, LOOK_MS)
  try {
    const results = await Promise.all(
      Array.from({ length: threads }, (_, thread) => {
        const task: ReplayTask = {
          memory,
          shape,
          sources: sources.filter(({ index }) => index % threads === thread),
          meeting,
          progress,
          mayBeCut: config.bool('aof-load-truncated'),
          delayUs: config.number('key-load-delay'),
        }
        return pool.run<ReplayResult>(task, { name: 'replayLogs' })
      }),
    )
    for (const { warnings } of results) for (const text of warnings) log.warn(text)
    for (const { loaded } of results) {
      for (const { name, isBase, seconds } of loaded) {
        log.info(`DB loaded from ${isBase ? 'base' : 'incr'} file ${name}: ${seconds.toFixed(3)} seconds`)
      }
    }
    const lastNumber = results.reduce((last, each) => {
      const number = BigInt(`0x${each.lastNumber}`)
      return number > last ? number : last
    }, 0n)
    return {
      error: results.map(({ error }) => error).find(error => error !== '') ?? '',
      repairs: results.flatMap(({ repairs }) => repairs),
      lastNumber,
    }
  } finally {
    clearInterval(timer)
  }
}
