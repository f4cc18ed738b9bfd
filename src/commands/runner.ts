// Runs commands on shards for one thread, the same way wherever that is: timed, counted, and what they leave behind
// (effects, keyspace events, entries for the slow log) passed on.

import type { Reply } from '../protocol/reply.ts'
import { type Request, SENDER } from '../protocol/request.ts'
import type { Statistics } from '../shared/statistics.ts'
import type { Engine, Notice } from '../store/engine.ts'
import type { Shard } from '../store/shard.ts'
import { READONLY, type ShardCommand } from './command.ts'
import { execute } from './execute.ts'
import { Journal } from './journal.ts'
import { rememberKeys } from './remember.ts'
import type { Attendant } from './serve.ts'
import type { Entry } from './table.ts'
import { Tally } from './tally.ts'

/** Where a thread sends what commands leave behind. */
export interface Sink {
  /** A command took longer than slowlog-log-slower-than allows, or its time is to be watched for LATENCY. */
  slow(entry: Entry, req: Request, microseconds: number): void
  /** Keyspace events for subscribers. */
  notices(notices: readonly Notice[]): void
}

export class Runner {
  readonly engine: Engine
  readonly statistics: Statistics
  readonly sink: Sink
  readonly journal: Journal
  readonly tally: Tally
  /** Who serves clients that wait; every thread that runs commands has one. */
  attendant: Attendant | undefined

  constructor(engine: Engine, statistics: Statistics, sink: Sink) {
    this.engine = engine
    this.statistics = statistics
    this.sink = sink
    this.journal = new Journal(engine)
    this.tally = new Tally(statistics, engine.settings, (entry, req, microseconds) =>
      sink.slow(entry, req, microseconds),
    )
  }

  /** Begins a batch of commands: they follow each other at once and see the same time. Returns that time, Unix ms. */
  startBatch(): number {
    this.tally.start()
    return Date.now()
  }

  /** Runs a command whose locks are held. */
  run(entry: Entry, command: ShardCommand, shard: Shard, req: Request, reply: Reply, now: number): void {
    const { engine, statistics } = this
    const { errors, length } = reply
    this.tally.before(entry)
    engine.writer = req.sender.id
    const isJournaled = engine.effects.enabled
    if (isJournaled) this.journal.begin(shard, req.db, entry.singleKey > 0)
    if (!execute(engine, command, shard, req, reply, now)) {
      statistics.rejected(entry.id)
      return this.failed(reply)
    }
    if (engine.deferred) {
      // What it met before it found that it is long, an expired key say, has happened all the same.
      this.passOn()
      return
    }
    if (isJournaled) this.journal.ran(req)
    if ((req.sender.flags & SENDER.TRACKS) !== 0 && (command.flags & READONLY) !== 0) rememberKeys(entry, shard, req)
    const failed = reply.errors !== errors
    if (failed && !engine.errorIsCounted) this.failed(reply)
    engine.errorIsCounted = false
    // What waits now is noted when it is served.
    if (engine.waits?.hasBegun === true) this.tally.alone(entry, failed)
    else this.tally.ran(entry, req, failed, reply.length - length + req.bytes)
    if (engine.notices.length > 0) this.sink.notices(engine.notices)
    if (engine.ready.length > 0 && !engine.effects.isTransaction) this.settle(now)
  }

  // ---- transactions

  /** What runs until `endTransaction` is one change: nobody is served in between, and its effects belong together. */
  beginTransaction(): void {
    this.engine.effects.isTransaction = true
  }

  endTransaction(): void {
    this.engine.effects.isTransaction = false
    this.journal.flush()
  }

  /** Serves clients that wait for keys that have changed. The locks are still held. */
  settle(now: number): void {
    if (this.engine.ready.length > 0) this.attendant?.serve(now)
  }

  /** Passes on what was done other than by `run`. */
  passOn(): void {
    const { engine } = this
    this.journal.flush()
    if (engine.notices.length === 0) return
    this.sink.notices(engine.notices)
    engine.notices = []
  }

  /** Counts a command that made its client wait, and now ends with an error. */
  failedLate(command: number, reply: Reply): void {
    this.statistics.failedLate(command)
    this.failed(reply)
  }

  /** Counts the error reply at the end of `reply` by its code. */
  failed(reply: Reply): void {
    let end = reply.errorAt + 1
    while (end < reply.length && reply.u8[end] !== 32 && reply.u8[end] !== 13) end++
    let code = ''
    for (let i = reply.errorAt + 1; i < end; i++) code += String.fromCharCode(reply.u8[i])
    this.statistics.failedWith(code)
  }
}
