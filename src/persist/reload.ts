// DEBUG RELOAD: saves, throws all data away and loads it again. Main thread.
//
// No lock is held while the file is loaded, because this thread goes on answering questions, and some take every lock.
// Clients are paused instead, so nobody sees data that is half there.

import type { Config } from '../config/config.ts'
import { Engine } from '../store/engine.ts'
import type { Libraries } from '../store/libraries.ts'
import { type Memory, memoryRefresh } from '../store/memory.ts'
import type { Shard } from '../store/shard.ts'
import { Barrier } from './barrier.ts'
import type { Loads } from './loads.ts'
import type { Log, Saves } from './saves.ts'
import type { Snapshots } from './snapshots.ts'

const LOAD_FAILED = 'ERR Error trying to load the RDB dump, check server logs'

/** What DEBUG RELOAD was told. */
export interface ReloadOptions {
  /** Save first. */
  readonly saves: boolean
  /** Empty all databases first. */
  readonly flushes: boolean
  /** A key that is there already gives way to that of the file. */
  readonly merges: boolean
}

/** What it works with. */
export interface ReloadParts {
  readonly config: Config
  readonly log: Log
  readonly control: Int32Array
  readonly arenas: readonly Memory[]
  readonly libraries: Libraries
  readonly saves: Saves
  readonly loads: Loads
  readonly snapshots: Snapshots
}

/** Returns why it failed, an error to reply. Whoever calls has paused all clients. */
export async function reload(parts: ReloadParts, options: ReloadOptions): Promise<string | undefined> {
  const { config, log, control, arenas, libraries, saves, loads, snapshots } = parts
  if (options.saves && (await saves.saveNow()) !== undefined) return 'ERR'
  return await snapshots.whileBarred(async () => {
    try {
      if (options.flushes) {
        const { shards } = new Engine(config.settings, arenas)
        if (!(await new Barrier(control, shards.length).at(() => flush(shards, libraries)))) return LOAD_FAILED
      }
      await loads.snapshot(saves.path, { duplicates: options.merges ? 'replace' : 'refuse' })
      log.warn('DB reloaded by DEBUG RELOAD')
      return undefined
    } catch (error) {
      log.warn((error as Error).message)
      return LOAD_FAILED
    }
  })
}

/** Empties all databases, and forgets the libraries of functions; every shard is locked. */
function flush(shards: readonly Shard[], libraries: Libraries): void {
  for (const shard of shards) {
    memoryRefresh(shard.m)
    for (let db = 0; db < shard.databases; db++) shard.flush(db, true)
  }
  libraries.replace([])
}
