// Applies commands of a log to the shards, wherever their keys belong, in the place of whoever gave them.
//
// Nothing expires meanwhile: what the log says of a key holds whatever time it is now.

import { RUNS_SCRIPT, type ShardCommand } from '../commands/command.ts'
import { arityFits, execute } from '../commands/execute.ts'
import { findKeys } from '../commands/keys.ts'
import { commandByName, type Entry, findEntry } from '../commands/table.ts'
import { Reply } from '../protocol/reply.ts'
import { type Request, SENDER } from '../protocol/request.ts'
import { lockWord } from '../shared/control.ts'
import { lockWait, lockWaitAll, unlock } from '../shared/lock.ts'
import type { Engine } from '../store/engine.ts'
import { type MarkRef, markRelease, markSetReady } from '../store/marks.ts'
import { memoryRefresh } from '../store/memory.ts'
import { ReplayScripts } from './replay-scripts.ts'

/** Commands under one hold of a lock, before its owner may have it. */
const TURN = 256
const NONE = -1

/** What was done with a command. */
export const APPLIED = {
  DONE: 0,
  /** Nothing: there is none of that name. */
  UNKNOWN: 1,
  /** Nothing: it takes another number of arguments. */
  MISFIT: 2,
} as const

export class Applier {
  readonly #engine: Engine
  readonly #control: Int32Array
  readonly #scripts: ReplayScripts
  readonly #allLocks: Int32Array
  readonly #found: number[] = []
  readonly #reply = new Reply(4096)
  readonly #sender = { id: 0, flags: SENDER.LOADING | SENDER.DENY_BLOCKING }
  /** The shard whose lock is held. */
  #held = NONE
  #turn = 0
  #now = 0

  /** `note` takes lines for the server's log. */
  constructor(engine: Engine, control: Int32Array, note: (text: string) => void) {
    this.#engine = engine
    this.#scripts = new ReplayScripts(engine, note)
    engine.scripts = this.#scripts
    this.#control = control
    this.#allLocks = Int32Array.from(engine.shards, (_, index) => lockWord(index))
  }

  /** What `apply` would return for a command. */
  look(req: Request): number {
    return verdict(entryOf(req), req)
  }

  /** Runs a command in database `db`. Returns one of APPLIED. */
  apply(req: Request, db: number): number {
    const entry = entryOf(req)
    const look = verdict(entry, req)
    if (look !== APPLIED.DONE || entry === undefined) return look
    if (entry.shard === undefined) {
      // What is about a connection or the server has no place in a log, and changes no data.
      this.#scripts.learn(entry, req)
      return APPLIED.DONE
    }
    req.db = db
    req.resp = 2
    req.sender = this.#sender
    if (this.#turn++ % TURN === 0) {
      this.release()
      this.#now = Date.now()
    }
    if (entry.singleKey > 0) this.#applyToOne(entry.shard, req, req.slot(entry.singleKey))
    else this.#applyToSome(entry, entry.shard, req)
    return APPLIED.DONE
  }

  #applyToOne(command: ShardCommand, req: Request, slot: number): void {
    const shard = this.#engine.shardOfSlot(slot)
    this.#hold(shard.index)
    this.#run(command, shard.index, req)
  }

  #hold(index: number): void {
    if (this.#held === index) return
    this.release()
    lockWait(this.#control, lockWord(index))
    memoryRefresh(this.#engine.shards[index].m)
    this.#held = index
  }

  #applyToSome(entry: Entry, command: ShardCommand, req: Request): void {
    const { shards } = this.#engine
    const found = this.#found
    found.length = 0
    // A script may reach keys that it does not name.
    const isScript = (command.flags & RUNS_SCRIPT) !== 0
    const locks = isScript
      ? 'all'
      : typeof command.locks === 'function'
        ? command.locks(req)
        : (command.locks ?? 'keys')
    if (!findKeys(entry.command, req, found)) found.length = 0
    const index = found.length === 0 ? 0 : this.#shardOf(req, found[0])
    if (shards.length === 1 || (locks === 'keys' && found.every(arg => this.#shardOf(req, arg) === index))) {
      this.#hold(index)
      return this.#run(command, index, req)
    }
    this.release()
    lockWaitAll(this.#control, this.#allLocks, this.#allLocks.length)
    for (const { m } of shards) memoryRefresh(m)
    try {
      this.#run(command, index, req)
    } finally {
      for (const lock of this.#allLocks) unlock(this.#control, lock)
    }
  }

  #shardOf(req: Request, arg: number): number {
    return this.#engine.shardOfSlot(req.slot(arg)).index
  }

  #run(command: ShardCommand, index: number, req: Request): void {
    const engine = this.#engine
    const reply = this.#reply
    reply.reset(4096)
    execute(engine, command, engine.shards[index], req, reply, this.#now)
    if (engine.ready.length > 0) this.#forgetReady()
    engine.invalidations.reset()
    if (engine.notices.length > 0) engine.notices = []
  }

  /** Clients that wait are not served by what has happened long ago. */
  #forgetReady(): void {
    const { ready, shards } = this.#engine
    for (let i = 0; i < ready.length; i += 2) {
      const { m } = shards[ready[i]]
      markSetReady(m, ready[i + 1] as MarkRef, false)
      markRelease(m, ready[i + 1] as MarkRef)
    }
    ready.length = 0
  }

  /** Gives the lock back. */
  release(): void {
    if (this.#held === NONE) return
    unlock(this.#control, lockWord(this.#held))
    this.#held = NONE
  }
}

/** It may have been renamed since. */
const entryOf = (req: Request): Entry | undefined =>
  findEntry(req) ?? findEntry(req, commandByName(req.text(0).toLowerCase()))

function verdict(entry: Entry | undefined, req: Request): number {
  if (entry === undefined || (entry.subcommands.length > 0 && req.argc > 1)) return APPLIED.UNKNOWN
  return arityFits(entry.command.arity, req.argc) ? APPLIED.DONE : APPLIED.MISFIT
}
