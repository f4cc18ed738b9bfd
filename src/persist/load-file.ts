// Loads one RDB file: a task of the pool. Files of different shards load side by side.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { viewSettings } from '../config/settings.ts'
import { BytePipe } from '../shared/byte-pipe.ts'
import { OldBlock, type SnapshotMemory, SnapshotRunBlock } from '../shared/snapshot-block.ts'
import { arenaAttach } from '../store/arena.ts'
import { Engine } from '../store/engine.ts'
import { Libraries } from '../store/libraries.ts'
import { RdbDamage } from '../store/rdb/damage.ts'
import { ByteFeed, type ReadBytes } from './byte-feed.ts'
import { OldValueSaver } from './old-values.ts'
import { type LoadOptions, RdbLoader } from './rdb-load.ts'

/** The shared memory that loading works on. */
export interface LoadMemory {
  readonly control: SharedArrayBuffer
  readonly arenas: readonly SharedArrayBuffer[]
  readonly functions: SharedArrayBuffer
  readonly settings: SharedArrayBuffer
  readonly snapshot: SnapshotMemory
}

/** What the task is given. */
export interface LoadTask {
  readonly memory: LoadMemory
  /** Where the bytes come from: a file, from an offset on (behind which other things may follow), or a pipe. */
  readonly from: { readonly path: string; readonly offset: number } | { readonly pipe: SharedArrayBuffer }
  readonly options: LoadOptions
  /** Two f64 a task: how many bytes have been read, and the memory that the data took where it was saved. */
  readonly progress: SharedArrayBuffer
  readonly index: number
}

/** What came of it. */
export interface LoadOutcome {
  /** What is damaged, '' if nothing is. */
  readonly error: string
  /** Where the reading ended, in bytes from the file's beginning. */
  readonly offset: number
  readonly loaded: number
  readonly expired: number
  readonly empty: number
  readonly aux: readonly (readonly [name: string, value: string])[]
  readonly notes: readonly string[]
  /** Keys that had expired and were left out, their bytes as latin1. */
  readonly expiredKeys: readonly (readonly [db: number, key: string])[]
}

function openSource(from: LoadTask['from']): { read: ReadBytes; close: () => void } {
  if ('pipe' in from) {
    const pipe = new BytePipe(from.pipe)
    return { read: (u8, at, length) => pipe.read(u8, at, length), close: () => undefined }
  }
  const fd = openSync(from.path, 'r')
  let position = from.offset
  const end = fstatSync(fd).size
  return {
    read: (u8, at, length) => {
      const bytes = readSync(fd, u8, at, Math.min(length, end - position), position)
      position += bytes
      return bytes
    },
    close: () => closeSync(fd),
  }
}

/** Loads one RDB file, or what comes through a pipe. Throws unless it is damage. */
export function loadFile(task: LoadTask): LoadOutcome {
  const { memory, options } = task
  const aux: [string, string][] = []
  const notes: string[] = []
  const expiredKeys: [number, string][] = []
  const engine = new Engine(viewSettings(memory.settings), memory.arenas.map(arenaAttach))
  engine.libraries = new Libraries(memory.functions)
  engine.begin(options.now)
  engine.deletesExpired = false
  engine.oldValues = new OldValueSaver(
    engine,
    new SnapshotRunBlock(memory.snapshot.run),
    memory.snapshot.old.map(each => new OldBlock(each)),
  )
  const { read, close } = openSource(task.from)
  const feed = new ByteFeed(read, options.checks, 'offset' in task.from ? task.from.offset : 0)
  const progress = new Float64Array(task.progress)
  const tellOffset = (offset: number): void => {
    if ((options.part?.index ?? 0) === 0) progress[2 * task.index] = offset
  }
  feed.onProgress = tellOffset
  const control = new Int32Array(memory.control)
  const loader = new RdbLoader(feed, engine, control, options, {
    aux(name, value) {
      aux.push([name, value])
      if (name === 'used-mem') progress[2 * task.index + 1] = Number(value) || 0
    },
    note: text => notes.push(text),
    expired: (db, key) => expiredKeys.push([db, key]),
  })
  try {
    const { loaded, expired, empty } = loader.load()
    return { error: '', offset: feed.offset, loaded, expired, empty, aux, notes, expiredKeys }
  } catch (error) {
    if (!(error instanceof RdbDamage)) throw error
    return { error: error.message, offset: feed.offset, loaded: 0, expired: 0, empty: 0, aux, notes, expiredKeys }
  } finally {
    tellOffset(feed.offset)
    close()
  }
}
