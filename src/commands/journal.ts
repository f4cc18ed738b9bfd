// The journal of one thread: hands what commands have changed to whoever keeps it (the append-only file, replicas), in
// the order in which it happened, while the locks of the shards concerned are still held.
//
// A record is one change: it is to be applied whole or not at all. Of several operations it is a transaction, MULTI …
// EXEC. The order of records about one shard is the order in which they happened there; records about shards that have
// none in common may come in either order, and lead to the same state.

import type { Request } from '../protocol/request.ts'
import { ALL_LOCKED, type Effects } from '../store/effects.ts'
import type { Engine } from '../store/engine.ts'
import type { Shard } from '../store/shard.ts'

/** Who may listen: bits of CONTROL.JOURNAL. */
export const LISTENER = { LOG: 1, REPLICAS: 2 } as const

/** Shards that are locked, ascending. */
export interface LockedShards {
  readonly shards: Int32Array
  readonly count: number
}

/** One change. Reused: whoever takes it copies what it needs. */
export interface JournalRecord {
  /** The operations, RESP arrays, lie in here. */
  readonly u8: Uint8Array
  readonly count: number
  /** Whether MULTI and EXEC go around them. */
  readonly isTransaction: boolean
  /** The shards concerned, ascending: shards[0 … shardCount). */
  readonly shards: Int32Array
  readonly shardCount: number
  /** Whether `u8` stays as it is until `catchUp` is called: what has been sent in one piece may be taken in one piece. */
  readonly stays: boolean
  /** Where operation `i` begins and ends in `u8`, and the database it is about. */
  start(i: number): number
  end(i: number): number
  db(i: number): number
}

/** Keeps what has changed. */
export interface JournalConsumer {
  /** Its bit of LISTENER: it is given records while that is set. */
  readonly bit: number
  /** Takes a record. The locks of its shards are held; others may be as well. */
  append(record: JournalRecord): void
  /** Takes what it has put off of records that stay. */
  catchUp?(): void
}

/** A record that lies where the request or the effects have it. */
class ReusedRecord implements JournalRecord {
  u8: Uint8Array = new Uint8Array(0)
  count = 0
  isTransaction = false
  readonly shards: Int32Array
  shardCount = 0
  stays = false
  /** The first operation's range, if it is the only one. */
  at = 0
  to = 0
  onlyDb = 0
  /** Else where all are. */
  effects: Effects | undefined

  constructor(shards: number) {
    this.shards = new Int32Array(shards)
  }

  start(i: number): number {
    return this.effects === undefined ? this.at : this.effects.starts[i]
  }

  end(i: number): number {
    return this.effects === undefined ? this.to : this.effects.end(i)
  }

  db(i: number): number {
    return this.effects === undefined ? this.onlyDb : this.effects.dbs[i]
  }
}

export class Journal {
  /** Who takes the records of this thread. */
  readonly consumers: JournalConsumer[] = []
  /** Locks held for the command or transaction being run, if they are more than its own shard's. */
  locked: LockedShards | undefined
  /** The bytes of a batch of commands, if somebody calls `catchUp` before they change or locks are given back. */
  batch: Uint8Array | undefined
  readonly #engine: Engine
  readonly #effects: Effects
  readonly #record: ReusedRecord
  readonly #member: Uint8Array

  constructor(engine: Engine) {
    this.#engine = engine
    this.#effects = engine.effects
    this.#effects.isTaken = true
    this.#record = new ReusedRecord(engine.shards.length)
    this.#member = new Uint8Array(engine.shards.length)
    engine.onEvicted = () => this.flushSingly()
  }

  /** A command is about to run; `ownsKey` if it is about keys of `shard` alone. */
  begin(shard: Shard, db: number, ownsKey: boolean): void {
    const effects = this.#effects
    effects.db = db
    effects.shard = ownsKey || this.locked === undefined ? shard.index : ALL_LOCKED
  }

  /** A command has run. Its unit is complete unless it is part of a transaction. */
  ran(req: Request): void {
    const effects = this.#effects
    if (effects.verbatim && this.#engine.dirty > 0) {
      if (effects.count === 0 && !effects.isTransaction && req.frame >= 0 && effects.shard >= 0) {
        return this.#pass(req, effects.shard)
      }
      addRequest(effects, req)
    }
    if (!effects.isTransaction && effects.count > 0) this.flush()
  }

  /** The command as it came, which is all that happened. */
  #pass(req: Request, shard: number): void {
    const record = this.#record
    record.effects = undefined
    record.u8 = req.u8
    record.at = req.frame
    record.to = req.frameEnd
    record.onlyDb = req.db
    record.count = 1
    record.isTransaction = false
    record.shards[0] = shard
    record.shardCount = 1
    record.stays = req.u8 === this.batch
    this.#give(record)
    record.stays = false
  }

  /** Has everybody take what has been put off. */
  catchUp(): void {
    for (let i = 0; i < this.consumers.length; i++) this.consumers[i].catchUp?.()
  }

  #give(record: ReusedRecord): void {
    const { listeners } = this.#effects
    for (let i = 0; i < this.consumers.length; i++) {
      if ((this.consumers[i].bit & listeners) !== 0) this.consumers[i].append(record)
    }
  }

  /** Passes the unit on as one change. */
  flush(): void {
    const effects = this.#effects
    if (effects.count === 0) return
    if (effects.count > 1 && this.#areUnrelated()) return this.flushSingly()
    const record = this.#record
    this.#concern(0, effects.count)
    record.u8 = effects.out.u8
    record.count = effects.count
    record.effects = effects
    record.isTransaction = effects.count > 1
    this.#give(record)
    effects.clear()
  }

  /** Passes the unit's operations on as changes of their own: those of the server, which nobody asked for. */
  flushSingly(): void {
    const effects = this.#effects
    const record = this.#record
    record.u8 = effects.out.u8
    record.effects = undefined
    record.count = 1
    record.isTransaction = false
    for (let i = 0; i < effects.count; i++) {
      record.at = effects.starts[i]
      record.to = effects.end(i)
      record.onlyDb = effects.dbs[i]
      this.#concern(i, i + 1)
      this.#give(record)
    }
    effects.clear()
  }

  /** Nothing but deletions by the server, of keys that SCAN met, say: nothing holds them together. */
  #areUnrelated(): boolean {
    const { count, deletions } = this.#effects
    for (let i = 0; i < count; i++) if (deletions[i] === 0) return false
    return true
  }

  /** Makes the record's shards those of operations [from … end). */
  #concern(from: number, end: number): void {
    const record = this.#record
    const { shards } = this.#effects
    let isOne = shards[from] !== ALL_LOCKED
    for (let i = from + 1; i < end; i++) if (shards[i] !== shards[from]) isOne = false
    if (isOne) {
      record.shards[0] = shards[from]
      record.shardCount = 1
      return
    }
    const member = this.#member
    member.fill(0)
    for (let i = from; i < end; i++) if (shards[i] !== ALL_LOCKED) member[shards[i]] = 1
    const { locked } = this
    if (locked !== undefined && shards.subarray(from, end).includes(ALL_LOCKED)) {
      for (let i = 0; i < locked.count; i++) member[locked.shards[i]] = 1
    }
    record.shardCount = 0
    for (let i = 0; i < member.length; i++) if (member[i] === 1) record.shards[record.shardCount++] = i
  }
}

/** Adds the command itself to the unit. */
function addRequest(effects: Effects, req: Request): void {
  effects.command(req.argc)
  for (let i = 0; i < req.argc; i++) effects.bytes(req.u8, req.at[i], req.length[i])
}
