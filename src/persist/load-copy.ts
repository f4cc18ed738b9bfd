// Loads a master's data set, as it comes over the link, into the hidden databases: a task of the pool.

import { viewSettings } from '../config/settings.ts'
import { BytePipe, PIPE } from '../shared/byte-pipe.ts'
import { arenaAttach } from '../store/arena.ts'
import { Engine } from '../store/engine.ts'
import type { Library } from '../store/libraries.ts'
import { ByteFeed } from './byte-feed.ts'
import { RdbLoader } from './rdb-load.ts'

/** What the task is given. */
export interface CopyTask {
  /** The bytes, from the router that has the link. */
  readonly pipe: SharedArrayBuffer
  readonly arenas: readonly SharedArrayBuffer[]
  readonly control: SharedArrayBuffer
  readonly settings: SharedArrayBuffer
  readonly routers: number
  readonly checks: boolean
  /** Microseconds to sleep after each key, for tests. */
  readonly delay: number
}

/** What came of it. */
export interface CopyLoaded {
  /** Why it could not be loaded, '' if it was. */
  readonly error: string
  readonly keys: number
  /** `repl-stream-db` in the copy, -1 if it is not there. */
  readonly streamDb: number
  /** The libraries of functions in the copy. */
  readonly libraries: readonly Library[]
  readonly notes: readonly string[]
}

/** Loads a full copy into the hidden databases. */
export function loadCopy(task: CopyTask): CopyLoaded {
  const pipe = new BytePipe(task.pipe)
  const engine = new Engine(viewSettings(task.settings), task.arenas.map(arenaAttach), task.routers)
  const { databases } = engine.shards[0]
  const notes: string[] = []
  let streamDb = -1
  const loader = new RdbLoader(
    new ByteFeed((u8, at, length) => pipe.read(u8, at, length), task.checks),
    engine,
    new Int32Array(task.control),
    {
      now: Date.now(),
      dropsExpired: false,
      duplicates: 'refuse',
      checks: task.checks,
      delay: task.delay,
      dbBase: databases,
      databases,
      shard: -1,
    },
    {
      aux(name, value) {
        if (name === 'repl-stream-db') streamDb = Number(value)
      },
      note: text => void notes.push(text),
    },
  )
  try {
    const { loaded } = loader.load()
    const isBroken = pipe.state === PIPE.BROKEN
    return {
      error: isBroken ? 'the link was lost' : '',
      keys: loaded,
      streamDb,
      libraries: [...engine.libraries.all.values()],
      notes,
    }
  } catch (error) {
    pipe.end(PIPE.REFUSED)
    return { error: (error as Error).message, keys: 0, streamDb, libraries: [], notes }
  }
}
