// What one thread needs to run commands: its flyweights of all shards, the time, the settings, and the place where
// a command leaves word of what it did. One Engine per thread. Nothing here outlives a command's run but counters;
// what decides results is in the arenas.

import { EVENT as NOTIFY } from '../config/keyspace-events.ts'
import { SETTING, type SettingsView } from '../config/settings.ts'
import type { Reply } from '../protocol/reply.ts'
import type { Request } from '../protocol/request.ts'
import { BLOCK, ROLE } from '../shared/replication-block.ts'
import { Effects } from './effects.ts'
import type { EntryRef } from './entry.ts'
import { Eviction, type Neighbours } from './eviction.ts'
import { Invalidations } from './invalidations.ts'
import { Libraries } from './libraries.ts'
import type { Memory } from './memory.ts'
import { Shard } from './shard.ts'
import type { Waits } from './waits.ts'

/** A keyspace event on its way to subscribers. */
export interface Notice {
  readonly type: number
  readonly event: string
  readonly db: number
  readonly key: Uint8Array
}

/** Runs the scripts that a thread is given; only owners of shards have one. */
export interface Scripts {
  run(shard: Shard, req: Request, reply: Reply, how: ScriptKind): void
  /** Calls a function of a library. */
  callFunction(shard: Shard, req: Request, reply: Reply, readOnly: boolean): void
}

/** How a script is named, and what it may do. */
export interface ScriptKind {
  readonly bySha: boolean
  readonly readOnly: boolean
}

export { NOTIFY }

/** Saves entries for a snapshot, before they change, in the database that they were in when it began. */
export interface OldValues {
  save(shard: Shard, origin: number, entry: EntryRef): void
  /** All data has been deleted on purpose, every shard being locked. */
  flushed(): void
}

/** Elements, or blocks of 64 bytes, that a command may handle in passing. */
const WORK_IN_PASSING = 2048

export class Engine {
  /** Unix time in ms, the same throughout a command. */
  now = 0
  /** Settings shared by all threads, by SETTING index. */
  readonly settings: SettingsView
  /** This thread's flyweights of all shards, by index. */
  readonly shards: readonly Shard[]
  /** Changes made by the current command. */
  dirty = 0
  readonly effects = new Effects()
  /** Keyspace events of the current command; whoever ran it publishes them. */
  notices: Notice[] = []
  /** Whether what runs changes no value, so that a snapshot need not save what it looks up. */
  reads = false
  /** Who saves old values while a snapshot is taken; every thread that runs commands has one. */
  oldValues: OldValues | undefined
  #mayDelete = true
  /**
   * A client writes to a replica: an expired key must make way, whatever the master will say, and this replica itself
   * ends what the client gives an end.
   */
  overrules = false
  /** What has expired by this time is gone; a master's commands find everything. */
  horizon = 0
  /** Keeps memory under maxmemory. */
  readonly eviction: Eviction
  /** How eviction reaches shards whose locks this thread doesn't hold; without it, only those at hand are evicted from. */
  neighbours: Neighbours | undefined
  /** Bytes that threads hold beside the keyspace, a slot for each thread, in memory that all share (memory-used.ts). */
  bytesBeside: Float64Array = new Float64Array(1)
  /** Id of the client whose command is run, 0 = nobody's. */
  writer = 0
  /** Word for clients that may have copies of keys that have changed; whoever ran the commands passes it on. */
  readonly invalidations: Invalidations
  /** Keys that clients wait for and that have changed, in that order: shard index and mark in turn. */
  readonly ready: number[] = []
  /** How commands make their client wait; without it none can. */
  waits: Waits | undefined
  /** Whether the command that is run was called by a script. */
  runsScript = false
  /** The error that a command replies has been counted: it is one that a script was given. */
  errorIsCounted = false
  /** The libraries of functions; threads that are to know the server's are given them. */
  libraries = new Libraries()
  /** Runs scripts, on threads that do. */
  scripts: Scripts | undefined
  /** Told before a database, or with -1 all of them, loses its keys. */
  onFlush: ((db: number) => void) | undefined
  /** Told that a key was evicted, while its shard is locked: another shard's lock may be given back at once. */
  onEvicted: (() => void) | undefined
  /** Told what is damaged in a payload that RESTORE refused: a line for the log. */
  onDamage: ((text: string) => void) | undefined
  /** Told before two databases are exchanged. */
  onSwap: ((db: number, other: number) => void) | undefined

  constructor(settings: SettingsView, memories: readonly Memory[], routers = 1) {
    this.settings = settings
    this.invalidations = new Invalidations(this, routers)
    this.shards = memories.map((m, index) => new Shard(this, m, index))
    this.eviction = new Eviction(this)
  }

  #role: Int32Array = new Int32Array(BLOCK.ROLE / 4 + 1)

  /** Goes by the words that say whether the server is a replica (shared/replication-block.ts). */
  followRole(words: Int32Array): void {
    this.#role = words
  }

  /** Whether the server follows a master. */
  get isReplica(): boolean {
    return this.#role[BLOCK.ROLE / 4] === ROLE.REPLICA
  }

  /** False on a replica, which leaves expired keys to its master's word, and while nothing may change. */
  get deletesExpired(): boolean {
    return this.#mayDelete && !this.isReplica
  }

  set deletesExpired(may: boolean) {
    this.#mayDelete = may
  }

  /** The shard that keys of this cluster slot belong to: contiguous ranges of slots. */
  shardOfSlot(slot: number): Shard {
    return this.shards[(slot * this.shards.length) >>> 14]
  }

  /** Whether commands run in passing, on a thread that has others to serve. */
  inPassing = false
  /** A command run in passing found that it would take long, and left it. */
  deferred = false

  /**
   * Asked by a handler that has found how long its work is, before it changes or replies anything: true means that it
   * must return at once, and that the command will be run anew by the shard's owner.
   */
  defers(work: number): boolean {
    if (!this.inPassing || !this.isLong(work)) return false
    this.deferred = true
    return true
  }

  isLong(work: number): boolean {
    return work > WORK_IN_PASSING
  }

  /** Begins a command: forgets what the last one left. */
  begin(now: number): void {
    this.now = now
    this.horizon = now
    this.dirty = 0
    this.reads = false
    this.effects.begin()
    if (this.notices.length !== 0) this.notices = []
  }

  /** Tells log and replicas that the server itself deletes a key, before what the command does. */
  deletedByServer(shard: number, db: number, key: Uint8Array, at: number, length: number, lazy: boolean): void {
    this.effects.deletion(shard, db, lazy ? 'UNLINK' : 'DEL', key, at, length)
  }

  /** Evicts until memory is within maxmemory; see eviction.ts. Returns whether commands may take more memory. */
  makeRoom(shard: Shard): boolean {
    return this.eviction.makeRoom(shard)
  }

  /** Leaves word of an event for subscribers, if they may want it. */
  notify(type: number, event: string, db: number, key: Uint8Array, at: number, length: number): void {
    const wanted = this.settings[SETTING.notifyKeyspaceEvents]
    if ((wanted & type) === 0) return
    this.notices.push({ type, event, db, key: new Uint8Array(key.subarray(at, at + length)) })
  }
}
