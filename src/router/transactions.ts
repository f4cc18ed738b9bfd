// MULTI and EXEC on the router: queues commands as copies of their bytes, then has them run as one.
//
// Commands of shards are run by whoever can take all locks that they need: here, if all are free, else an owner by
// mail. Commands of the router run here, in their order, once those of shards have run, and their replies take their
// places among the others'.

import type { WriteReply } from '../commands/client.ts'
import { type RouterCommand, RUNS_SCRIPT } from '../commands/command.ts'
import type { Runner } from '../commands/runner.ts'
import { commandByName, type Entry } from '../commands/table.ts'
import { SETTING } from '../config/settings.ts'
import { frameBytes, frameRead, frameWrite } from '../protocol/frame.ts'
import { Reply } from '../protocol/reply.ts'
import { replyEnd } from '../protocol/reply-end.ts'
import { Request } from '../protocol/request.ts'
import { LockSet } from '../shard/locks.ts'
import { Transaction, TransactionRunner } from '../shard/transaction.ts'
import type { Engine } from '../store/engine.ts'
import { memoryUsed } from '../store/memory-used.ts'
import { type Connection, HOLD } from './connection.ts'
import type { Post } from './post.ts'
import { recheck } from './recheck.ts'
import type { Router } from './router.ts'
import { serveUnlessBusy } from './shard-busy.ts'

/** A transaction of more bytes than this goes by mail, as a command does. */
const BYTES_IN_PASSING = 64 * 1024
/** What a watched key takes beside its name. */
const WATCH_BYTES = 96
const ABORTED = 'EXECABORT Transaction discarded because of previous errors.'
/** Before the error for which EXEC itself is refused. */
export const ABORTED_FOR = 'EXECABORT Transaction discarded because of: '
const SELECT = commandByName('select')

/** A command that the client's user may no longer run when EXEC comes: the error that takes its place. */
export interface Refused {
  readonly refusal: string
}

/** A command of the router that waits for EXEC. */
export interface Queued {
  readonly entry: Entry
  readonly frame: Uint8Array
  readonly db: number
}

/** What MULTI has begun on a connection. */
export class Queue {
  readonly transaction = new Transaction()
  /** Commands queued. */
  count = 0
  /** By position, as far as `count`: a command of the router, an error, or undefined for a command of shards. */
  readonly order: (Queued | Refused | undefined)[] = []
  /** A byte a shard: 1 if the transaction needs its lock. */
  readonly shards: Uint8Array
  /** A command was refused: EXEC will be, too. */
  isBroken = false
  /** The database that the next command finds selected. */
  db: number
  /** Of what is not run by shards. */
  routerCommands = 0
  /** Flags that any of the commands has, and those that all have: EXEC is refused for what it would run. */
  anyFlags = 0
  allFlags = -1
  /** The commands of shards as MONITOR will show them. */
  readonly shown: (string | undefined)[] = []
  bytes = 0

  constructor(shards: number, db: number) {
    this.shards = new Uint8Array(shards)
    this.db = db
  }

  /** Makes it as new, for another client in database `db`. */
  reset(db: number): void {
    this.transaction.reset()
    this.count = 0
    // Setting an array's length costs as much as queueing a command: only where there is something to forget.
    if (this.routerCommands > 0) this.order.length = 0
    if (this.shown.length > 0) this.shown.length = 0
    for (let i = 0; i < this.shards.length; i++) this.shards[i] = 0
    this.isBroken = false
    this.db = db
    this.routerCommands = 0
    this.anyFlags = 0
    this.allFlags = -1
    this.bytes = 0
  }
}

/** Queues that were used and may be again: their buffers cost more than all else about a short transaction. */
const spare: Queue[] = []
const SPARE_MAX = 64
const SPARE_BYTES_MAX = 16 * 1024

/** An empty queue. */
export function queueTake(shards: number, db: number): Queue {
  const queue = spare.pop()
  if (queue === undefined) return new Queue(shards, db)
  queue.reset(db)
  return queue
}

/** Gives back a queue that nobody looks at any more. */
function queueGive(queue: Queue): void {
  if (spare.length < SPARE_MAX && queue.transaction.u8.length <= SPARE_BYTES_MAX) spare.push(queue)
}

export class Transactions {
  readonly #router: Router
  readonly #engine: Engine
  readonly #runner: Runner
  readonly #transactions: TransactionRunner
  readonly #post: Post
  /** The locks of the command being queued, and of the transaction being run. */
  readonly #needs: LockSet
  readonly #locks: LockSet
  readonly #req = new Request()

  constructor(router: Router, engine: Engine, runner: Runner, post: Post, control: Int32Array) {
    this.#router = router
    this.#engine = engine
    this.#runner = runner
    this.#transactions = new TransactionRunner(runner)
    this.#post = post
    this.#needs = new LockSet(control, engine.shards.length)
    this.#locks = new LockSet(control, engine.shards.length)
  }

  // ---- queueing

  /** Queues a command of a client that is in MULTI. */
  queue(client: Connection, entry: Entry, req: Request): void {
    const queue = client.queue as Queue
    const { flags } = entry.command
    const asked = (flags & RUNS_SCRIPT) === 0 ? flags : this.#router.scripts.flagsOf(entry, req)
    queue.anyFlags |= asked
    queue.allFlags &= asked
    req.db = queue.db
    const bytes = frameBytes(req)
    queue.bytes += bytes
    if (entry.shard !== undefined) {
      queue.transaction.push(entry, this.#addNeeds(queue, entry, req), req, bytes)
      queue.order[queue.count++] = undefined
      return
    }
    const frame = new Uint8Array(bytes)
    frameWrite(frame, new Uint32Array(frame.buffer), 0, req)
    queue.order[queue.count++] = { entry, frame, db: queue.db }
    queue.routerCommands++
    if (entry === SELECT) {
      const db = req.integer(1)
      if (db >= 0 && db < this.#engine.shards[0].databases) queue.db = db
    }
  }

  /** Adds the shards that a command needs to those of the queue. Returns the one where it runs. */
  #addNeeds(queue: Queue, entry: Entry, req: Request): number {
    if (entry.singleKey > 0) {
      const { index } = this.#engine.shardOfSlot(req.slot(entry.singleKey))
      queue.shards[index] = 1
      return index
    }
    const shard = this.#needs.resolve(this.#engine, entry, req)
    for (let i = 0; i < this.#needs.count; i++) queue.shards[this.#needs.shards[i]] = 1
    return shard.index
  }

  /** What a command that is to be queued is told if it needs a shard that a script has had for long. */
  meetsScript(entry: Entry, req: Request): string | undefined {
    if (entry.shard === undefined) return undefined
    if (entry.singleKey > 0)
      return this.#router.scripts.busyText(this.#engine.shardOfSlot(req.slot(entry.singleKey)).index)
    this.#needs.resolve(this.#engine, entry, req)
    return this.#router.scripts.busyTextOf(this.#needs)
  }

  /** Whether more memory is used than may be. */
  isOverMemory(): boolean {
    const limit = this.#engine.settings[SETTING.maxmemory]
    return limit > 0 && memoryUsed(this.#engine) > limit
  }

  /** Remembers on which shards a client watches keys. */
  watched(client: Connection, req: Request): void {
    client.watched ??= new Uint8Array(this.#engine.shards.length)
    for (let i = 1; i < req.argc; i++) {
      client.watched[this.#engine.shardOfSlot(req.slot(i)).index] = 1
      client.watchedBytes += WATCH_BYTES + req.length[i]
    }
    this.#router.cron.grown(client)
  }

  // ---- EXEC

  /**
   * Runs what a client has queued, or has it run. Returns false if that must be tried again, because the ring is full.
   * Nothing is due to the client.
   */
  exec(client: Connection, reply: Reply, now: number): boolean {
    const queue = client.queue as Queue
    reply.resp = client.resp
    const locks = this.#resolve(client, queue)
    const busy = this.#router.scripts.busyTextOf(locks)
    if (busy !== undefined) return this.#abort(client, reply, `${ABORTED_FOR}${busy}`)
    if (queue.isBroken) return this.#abort(client, reply, ABORTED)
    if (client.restrictedTo !== undefined) recheck(client, queue, this.#router.access)
    const watching = client.watched !== undefined
    const { transaction } = queue
    transaction.seal(client.slot, client, client.resp, watching, locks)
    const before = reply.length
    if (queue.transaction.length <= BYTES_IN_PASSING && this.#runInPassing(transaction, locks, reply, now)) {
      this.#ended(client)
      if (queue.routerCommands > 0) {
        this.#finishHere(client, queue, reply, before)
      } else {
        this.#router.replied(client, before)
        queueGive(queue)
      }
      return true
    }
    const owner = locks.shards[0]
    if (!this.#post.sendTransaction(owner, transaction)) return false
    this.#ended(client)
    client.owe(owner, this.#router.wantsReply(client))
    client.holds |= HOLD.ANSWERS
    if (queue.routerCommands > 0) {
      client.awaits = (u8, wanted) =>
        this.#assemble(client, queue, u8, all => {
          if (wanted) client.output().raw(all.u8, 0, all.length)
        })
    }
    return true
  }

  #abort(client: Connection, reply: Reply, text: string): boolean {
    client.discard()
    const before = reply.length
    reply.error(text)
    this.#runner.failed(reply)
    this.#router.replied(client, before)
    return true
  }

  #resolve(client: Connection, queue: Queue): LockSet {
    const locks = this.#locks
    const { watched } = client
    locks.clear()
    for (let i = 0; i < queue.shards.length; i++) if (queue.shards[i] === 1 || watched?.[i] === 1) locks.add(i)
    locks.seal()
    return locks
  }

  /** The client's transaction is over, whatever comes of it; whoever runs it ends its watches. */
  #ended(client: Connection): void {
    client.queue = undefined
    client.watched = undefined
    client.watchedBytes = 0
  }

  #runInPassing(transaction: Transaction, locks: LockSet, reply: Reply, now: number): boolean {
    for (let i = 0; i < locks.count; i++) if (this.#post.isQueued(locks.shards[i])) return false
    if (!locks.tryTake()) return false
    locks.refresh(this.#engine)
    const { u8, u32 } = transaction
    const runs =
      !(locks.isOpen(this.#engine) && this.#transactions.writes(u32, 0)) && this.#transactions.isShort(u8, u32, 0, now)
    if (runs) this.#transactions.run(u8, u32, 0, locks, reply, now)
    locks.release()
    return runs
  }

  // ---- commands of the router in between

  /** Those of shards have replied in `reply` from `before` on. */
  #finishHere(client: Connection, queue: Queue, reply: Reply, before: number): void {
    const shardReplies = reply.u8.slice(before, reply.length)
    reply.length = before
    this.#assemble(client, queue, shardReplies, all => {
      reply.raw(all.u8, 0, all.length)
      this.#router.replied(client, before)
    })
  }

  /**
   * Runs the commands of the router, each when the one before it is done, and gathers all replies in their order: for
   * `atOnce` if no command had to wait for anything.
   */
  #assemble(client: Connection, queue: Queue, shardReplies: Uint8Array, atOnce: (all: Reply) => void): void {
    // An array of replies, or the nil or error of a transaction that did not happen.
    const happened = shardReplies[0] === STAR && shardReplies[1] !== MINUS
    const all = new Reply(shardReplies.length + 256)
    if (!happened) {
      all.raw(shardReplies)
      atOnce(all)
      return
    }
    let done: ((write: WriteReply) => void) | undefined
    let at = shardReplies.indexOf(LF) + 1
    all.array(queue.count)
    const step = (from: number): void => {
      for (let i = from; i < queue.count; i++) {
        const queued = queue.order[i]
        if (queued === undefined) {
          const end = replyEnd(shardReplies, at)
          all.raw(shardReplies, at, end - at)
          at = end
        } else if ('refusal' in queued) {
          all.error(queued.refusal)
          this.#runner.failed(all)
        } else if (!this.#serve(client, queued, all, () => step(i + 1))) {
          done ??= client.later()
          return
        }
      }
      if (done === undefined) atOnce(all)
      else done(out => out.raw(all.u8, 0, all.length))
    }
    step(0)
  }

  /** Runs a queued command of the router. Returns false if its reply comes later; then `goOn` is called behind it. */
  #serve(client: Connection, { entry, frame, db }: Queued, all: Reply, goOn: () => void): boolean {
    const req = this.#req
    frameRead(frame, new Uint32Array(frame.buffer), 0, req)
    req.db = db
    req.resp = client.resp
    req.sender = client
    all.resp = client.resp
    const errors = all.errors
    let isLater = false
    client.captures = () => {
      isLater = true
      return (write: WriteReply) => {
        write(all)
        goOn()
      }
    }
    const { statistics } = this.#router
    const started = performance.now()
    this.#router.monitored(client, entry, req)
    serveUnlessBusy(entry.router as RouterCommand, client, req, all, this.#router)
    client.captures = undefined
    const microseconds = (performance.now() - started) * 1000
    statistics.called(entry.id, 1, microseconds, all.errors !== errors ? 1 : 0)
    if (this.#engine.settings[SETTING.latencyTracking] !== 0) statistics.timed(entry.id, 1, microseconds)
    this.#runner.tally.noteSlow(entry, req, microseconds)
    if (all.errors !== errors) this.#runner.failed(all)
    return !isLater
  }
}

const STAR = 42
const MINUS = 45
const LF = 10

/** Commands that a client in MULTI has run at once, other than EXEC. */
export const RUNS_IN_MULTI: ReadonlySet<Entry | undefined> = new Set(
  ['discard', 'multi', 'quit', 'reset'].map(commandByName),
)
