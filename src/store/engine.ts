// What one thread needs to run commands: its flyweights of all shards, the time, the settings, and the place where
// a command leaves word of what it did. One Engine per thread. Nothing here outlives a command's run but counters;
// what decides results is in the arenas.

import { EVENT as NOTIFY } from '../config/keyspace-events.ts'
import { SETTING } from '../config/settings.ts'
import { Effects } from './effects.ts'
import type { Memory } from './memory.ts'
import { Shard } from './shard.ts'

/** A keyspace event on its way to subscribers. */
export interface Notice {
  readonly type: number
  readonly event: string
  readonly db: number
  readonly key: Uint8Array
}

/** Told of every key that changed while somebody has marked keys of its shard. */
export type MarkListener = (shard: Shard, db: number, key: Uint8Array, at: number, length: number) => void

export { NOTIFY }

export class Engine {
  /** Unix time in ms, the same throughout a command. */
  now = 0
  /** Settings shared by all threads, by SETTING index. */
  readonly settings: Float64Array
  /** This thread's flyweights of all shards, by index. */
  readonly shards: readonly Shard[]
  /** Changes made by the current command. */
  dirty = 0
  readonly effects = new Effects()
  /** Keyspace events of the current command; whoever ran it publishes them. */
  notices: Notice[] = []
  /** False on a replica, which leaves expired keys to its master's word. */
  deletesExpired = true
  outOfMemory = false
  onMarkedKey: MarkListener | undefined

  constructor(settings: Float64Array, memories: readonly Memory[]) {
    this.settings = settings
    this.shards = memories.map((m, index) => new Shard(this, m, index))
  }

  /** The shard that keys of this cluster slot belong to: contiguous ranges of slots. */
  shardOfSlot(slot: number): Shard {
    return this.shards[(slot * this.shards.length) >>> 14]
  }

  /** Begins a command: forgets what the last one left. */
  begin(now: number): void {
    this.now = now
    this.dirty = 0
    this.effects.reset()
    if (this.notices.length !== 0) this.notices = []
  }

  /** Tells log and replicas that the server itself deletes a key, before what the command does. */
  deletedByServer(db: number, key: Uint8Array, at: number, length: number, lazy: boolean): void {
    if (!this.effects.enabled) return
    this.effects.deletion(db, lazy ? 'UNLINK' : 'DEL', key, at, length)
  }

  /** Whether a command that takes memory must be refused. */
  isOutOfMemory(): boolean {
    return this.outOfMemory
  }

  /** Leaves word of an event for subscribers, if they may want it. */
  notify(type: number, event: string, db: number, key: Uint8Array, at: number, length: number): void {
    const wanted = this.settings[SETTING.notifyKeyspaceEvents]
    if ((wanted & type) === 0) return
    this.notices.push({ type, event, db, key: new Uint8Array(key.subarray(at, at + length)) })
  }
}
