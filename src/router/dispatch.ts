// Decides where a command runs: here on the router, here on a shard whose lock is free, or by mail at the shard's owner.
//
// What keeps a client's commands in order: while answers are due to it, only commands for single shards follow, by mail,
// and a shard's mail is first in, first out. Once one over several shards is on its way to the shard that runs it, only
// what goes to that same shard follows. Everything else waits until nothing is due (HOLD.ANSWERS).

import { keySlot } from '../bytes/crc16.ts'
import {
  BLOCKING,
  NO_AUTH as NO_AUTH_FLAG,
  NO_MULTI,
  type RouterCommand,
  RUNS_SCRIPT,
  type ShardCommand,
  WRITE,
} from '../commands/command.ts'
import { arityFits } from '../commands/execute.ts'
import type { Journal } from '../commands/journal.ts'
import { PAUSE } from '../commands/pause.ts'
import { Runner } from '../commands/runner.ts'
import { Attendant } from '../commands/serve.ts'
import { commandByName, type Entry, findSubcommand } from '../commands/table.ts'
import { MAXMEMORY_POLICY, SETTING } from '../config/settings.ts'
import { OldValueSaver } from '../persist/old-values.ts'
import { NO_AUTH, OUT_OF_MEMORY, wrongArguments } from '../protocol/errors.ts'
import type { Reply } from '../protocol/reply.ts'
import { type Request, SENDER } from '../protocol/request.ts'
import { refusesSome } from '../replica/refusals.ts'
import { LockSet } from '../shard/locks.ts'
import { CONTROL, lockWord } from '../shared/control.ts'
import { lockTry, unlock } from '../shared/lock.ts'
import { OldBlock, SnapshotRunBlock } from '../shared/snapshot-block.ts'
import type { Statistics } from '../shared/statistics.ts'
import type { Engine } from '../store/engine.ts'
import { hasFarWaiters } from '../store/marks.ts'
import { memoryRefresh } from '../store/memory.ts'
import type { Shard } from '../store/shard.ts'
import { Waits } from '../store/waits.ts'
import { type Connection, HOLD, NO_SHARD } from './connection.ts'
import { lateCommand } from './late.ts'
import type { Post } from './post.ts'
import { refusal, refusesForState } from './refusals.ts'
import { replicationRefusal } from './replication-refusals.ts'
import { type Router, shownAddress } from './router.ts'
import { ShardIsBusy, serveUnlessBusy } from './shard-busy.ts'
import { ABORTED_FOR, RUNS_IN_MULTI, Transactions } from './transactions.ts'

/** Commands run under one hold of the locks before owners get a chance. */
const TURN = 128
/** A command with more bytes of arguments than this goes by mail: copying them would hold up the others. */
const BYTES_IN_PASSING = 64 * 1024

/** A lock that does not come within this time may be a script's. */
const WAIT_MS = 100

const EXEC = commandByName('exec')
const WATCH = commandByName('watch')
const NOT_IN_MULTI = 'ERR Command not allowed inside a transaction'
const WATCH_IN_MULTI = 'ERR WATCH inside MULTI is not allowed'

/** What became of a command. */
export const DISPATCHED = {
  /** It has run, or is on its way. */
  DONE: 0,
  /** It must be given again once the connection's holds are gone. */
  HELD: 1,
} as const

export class Dispatcher {
  readonly #router: Router
  readonly #engine: Engine
  readonly #runner: Runner
  readonly #statistics: Statistics
  readonly #post: Post
  readonly #control: Int32Array
  readonly #locks: LockSet
  /** Which shards' locks this thread holds until `finish`. */
  readonly #held: Uint8Array
  readonly #transactions: Transactions
  readonly #waits: Waits
  #heldCount = 0
  /** Whether the state that the server is in keeps some commands from running. */
  #refusesSome = false
  #turn = 0
  #now = 0

  constructor(router: Router, engine: Engine, statistics: Statistics, post: Post, control: Int32Array) {
    this.#router = router
    this.#engine = engine
    this.#statistics = statistics
    this.#runner = new Runner(engine, statistics, router.sink)
    this.#post = post
    this.#control = control
    this.#locks = new LockSet(control, engine.shards.length)
    this.#held = new Uint8Array(engine.shards.length)
    engine.inPassing = true
    engine.effects.listen(control, CONTROL.JOURNAL / 4)
    this.#transactions = new Transactions(router, engine, this.#runner, post, control)
    const { claims, shape } = router.data.memory
    this.#waits = new Waits(
      control,
      claims.map(each => new Int32Array(each)),
      shape.shards,
    )
    engine.waits = this.#waits
    const { run, old } = router.data.memory.snapshot
    engine.oldValues = new OldValueSaver(
      engine,
      new SnapshotRunBlock(run),
      old.map(each => new OldBlock(each)),
    )
    this.#runner.attendant = new Attendant(this.#runner, this.#waits, (to, slot, ticket, shard, reply) =>
      router.blocking.deliver(to, slot, ticket, shard, reply),
    )
  }

  get runner(): Runner {
    return this.#runner
  }

  /** Begins a batch of commands of one connection, which lie in `u8`. */
  start(u8: Uint8Array): void {
    this.#now = this.#runner.startBatch()
    this.#runner.journal.batch = u8
    this.#runner.tally.groups = true
    const { block } = this.#router.replication
    this.#refusesSome = refusesForState(this.#control) || refusesSome(block, this.#engine.settings)
    this.#turn = 0
  }

  /** Ends it: gives the locks back, lets mail go out. */
  finish(): void {
    this.#runner.tally.close()
    this.#runner.tally.groups = false
    this.#giveLocks()
    this.#runner.journal.batch = undefined
    this.#post.publish()
  }

  /** Runs or mails one command, the one that it names if there is such, or says that it must wait. */
  dispatch(client: Connection, req: Request, named: Entry | undefined): number {
    const { reply } = this.#router
    let entry = named
    if (entry !== undefined && entry.subcommands.length > 0 && req.argc > 1) {
      entry = findSubcommand(entry, req.u8, req.at[1], req.length[1]) ?? entry
    }
    const problem = this.#problem(client, entry, req)
    if (problem !== undefined) {
      if (client.owed > 0) return this.#hold(client, HOLD.ANSWERS)
      reply.resp = client.resp
      if (entry !== undefined) this.#statistics.rejected(entry.id)
      return this.#reject(client, entry, reply, problem)
    }
    const known = entry as Entry
    if (client.restrictedTo !== undefined) {
      const refusal = this.#router.access.refusal(client, known, req)
      if (refusal !== undefined) return this.#deny(client, known, req, reply, refusal)
    }
    if (this.#router.pause.kind !== PAUSE.NONE && !client.isMaster && this.#router.pause.holds(known)) {
      this.#router.pause.wait(client)
      return DISPATCHED.HELD
    }
    const previous = client.lastCommand
    client.lastCommand = known.fullName
    req.db = client.db
    req.resp = client.resp
    req.sender = client
    const sent = (known.command.flags & RUNS_SCRIPT) === 0 ? req : this.#withScript(client, known, req)
    const result =
      client.queue !== undefined && !RUNS_IN_MULTI.has(known)
        ? this.#inMulti(client, known, sent, reply)
        : known.router !== undefined
          ? this.#serve(client, known, known.router, sent, reply)
          : this.#runOnShard(client, known, known.shard as ShardCommand, sent, reply)
    if (result === DISPATCHED.HELD) client.lastCommand = previous
    else if (known === WATCH && client.queue === undefined) this.#transactions.watched(client, req)
    if (this.#engine.invalidations.length > 0) this.#router.tracking.passOn()
    if ((client.flags & SENDER.CACHING) !== 0 && result === DISPATCHED.DONE)
      this.#router.tracking.endCaching(client, known)
    return result
  }

  /** The request as a shard needs it to run its script. */
  #withScript(client: Connection, entry: Entry, req: Request): Request {
    const { monitors, scripts } = this.#router
    if (monitors.any) monitors.sha = req.text(1)
    const sent = scripts.prepare(client, entry, req)
    sent.db = req.db
    sent.resp = req.resp
    sent.sender = req.sender
    return sent
  }

  /** The client's user may not do this. */
  #deny(client: Connection, entry: Entry, req: Request, reply: Reply, refusal: string): number {
    if (client.owed > 0) return this.#hold(client, HOLD.ANSWERS)
    this.#router.access.logRefusal(client, entry, req)
    reply.resp = client.resp
    this.#statistics.rejected(entry.id)
    return this.#reject(client, entry, reply, refusal)
  }

  // ---- transactions

  /** A command of a client that is in MULTI: EXEC runs what is queued, any other is queued. */
  #inMulti(client: Connection, entry: Entry, req: Request, reply: Reply): number {
    if (client.owed > 0) return this.#hold(client, HOLD.ANSWERS)
    if (entry === EXEC) return this.#exec(client, entry, req, reply)
    const before = reply.length
    reply.resp = client.resp
    if (entry === WATCH) {
      this.#refuse(client, reply, WATCH_IN_MULTI)
      return DISPATCHED.DONE
    }
    // Queueing takes memory as well, whatever the command.
    if (!client.isMaster && this.#transactions.isOverMemory() && !this.#makeRoom(entry, req)) {
      this.#statistics.rejected(entry.id)
      return this.#reject(client, entry, reply, OUT_OF_MEMORY)
    }
    const busy = this.#transactions.meetsScript(entry, req)
    if (busy !== undefined) return this.#refuseBusy(client, entry, busy)
    this.#transactions.queue(client, entry, req)
    const { monitors } = this.#router
    // Those of the router are shown when they run.
    if (monitors.any && entry.shard !== undefined) {
      client.queue?.shown.push(monitors.line(entry, req, req.db, shownAddress(client)))
    }
    reply.queued()
    this.#router.replied(client, before)
    return DISPATCHED.DONE
  }

  /**
   * Evicts, if the policy says so, before a command is queued. Returns false if that was no use. A shard that is busy is not
   * waited for: EXEC asks for room again.
   */
  #makeRoom(entry: Entry, req: Request): boolean {
    const engine = this.#engine
    const shard = entry.singleKey > 0 ? engine.shardOfSlot(req.slot(entry.singleKey)) : engine.shards[0]
    if (!this.#enter(shard.index)) return engine.settings[SETTING.maxmemoryPolicy] !== MAXMEMORY_POLICY.NOEVICTION
    engine.begin(this.#now)
    const hasRoom = engine.makeRoom(shard)
    this.#runner.passOn()
    return hasRoom
  }

  #exec(client: Connection, entry: Entry, req: Request, reply: Reply): number {
    const { tally } = this.#runner
    tally.close()
    this.#giveLocks()
    const errors = reply.errors
    const shown = client.queue?.isBroken === true ? undefined : client.queue?.shown
    if (!this.#transactions.exec(client, reply, this.#now)) {
      this.#router.waitForRing(client)
      return this.#hold(client, HOLD.RING)
    }
    if (shown !== undefined && shown.length > 0) for (const line of shown) this.#router.monitors.show(line)
    this.#router.monitored(client, entry, req)
    tally.noteSlow(entry, req, tally.alone(entry, reply.errors !== errors))
    return DISPATCHED.DONE
  }

  /** Why a command is refused before it runs, in Redis's words. */
  #problem(client: Connection, entry: Entry | undefined, req: Request): string | undefined {
    if (entry === undefined) return client.authenticated ? unknownCommand(req) : NO_AUTH
    const { command } = entry
    if (command.subcommands !== undefined && (req.argc > 1 || entry.router === undefined)) {
      if (!client.authenticated) return NO_AUTH
      return req.argc < 2 ? wrongArguments(entry.fullName) : unknownSubcommand(req, entry)
    }
    if (!arityFits(command.arity, req.argc)) return wrongArguments(entry.fullName)
    if (!client.authenticated && (command.flags & NO_AUTH_FLAG) === 0) return NO_AUTH
    if (client.isMaster) return undefined
    if (client.queue !== undefined && (command.flags & NO_MULTI) !== 0) return NOT_IN_MULTI
    if (client.resp === 2 && client.isSubscriber && !SUBSCRIBER_COMMANDS.has(command.name))
      return onlyForSubscribers(entry)
    // Looked at once a batch: what decides it changes seldom, and never because of what one batch does at once.
    if (!this.#refusesSome && client.replica === undefined) return undefined
    const { block } = this.#router.replication
    return refusal(this.#control, client, entry) ?? replicationRefusal(block, this.#engine.settings, client, entry)
  }

  /** Refuses a command before it runs: that spoils the client's transaction, or ends it. */
  #reject(client: Connection, entry: Entry | undefined, reply: Reply, text: string): number {
    if (client.queue === undefined) {
      this.#refuse(client, reply, text)
    } else if (entry === EXEC) {
      client.discard()
      this.#refuse(client, reply, `${ABORTED_FOR}${text}`)
    } else {
      client.queue.isBroken = true
      this.#refuse(client, reply, text)
    }
    return DISPATCHED.DONE
  }

  #refuse(client: Connection, reply: Reply, text: string): void {
    const before = reply.length
    reply.error(text)
    this.#runner.failed(reply)
    // What replies later is dropped, or not, when it does.
    if ((client.holds & HOLD.LATER) === 0) this.#router.replied(client, before)
  }

  #hold(client: Connection, hold: number): number {
    client.holds |= hold
    return DISPATCHED.HELD
  }

  // ---- commands of the router

  #serve(client: Connection, entry: Entry, command: RouterCommand, req: Request, reply: Reply): number {
    if (client.owed > 0) return this.#hold(client, HOLD.ANSWERS)
    reply.resp = client.resp
    const errors = reply.errors
    const before = reply.length
    const { tally } = this.#runner
    tally.close()
    const started = tally.clock
    // Commands of the router may take locks of their own.
    if (this.#heldCount > 0) this.#giveLocks()
    this.#router.monitored(client, entry, req)
    serveUnlessBusy(command, client, req, reply, this.#router)
    const failed = reply.errors !== errors
    const microseconds = tally.alone(entry, failed)
    if ((client.holds & HOLD.LATER) !== 0) client.late = lateCommand(entry, req, started)
    else tally.noteSlow(entry, req, microseconds)
    if (failed) this.#runner.failed(reply)
    this.#router.replied(client, before)
    return DISPATCHED.DONE
  }

  /** Runs `work` with every shard locked: see Router in commands/client.ts. */
  withShards<T>(work: (engine: Engine) => T): T {
    while (!this.#takeAll()) {
      const busy = this.#router.scripts.busyTextOf(this.#locks)
      if (busy !== undefined) throw new ShardIsBusy(busy)
    }
    return this.#inLocks(work)
  }

  /** Runs `work` with every shard locked if that takes no time to speak of: returns whether it has run. */
  withShardsInTime(work: (engine: Engine) => void): boolean {
    if (!this.#takeAll()) return false
    this.#inLocks(work)
    return true
  }

  #takeAll(): boolean {
    this.#giveLocks()
    this.#locks.resolveAll(this.#engine)
    return this.#locks.take(WAIT_MS)
  }

  /** Runs `work` with the locks that it has, and gives them back. */
  #inLocks<T>(work: (engine: Engine) => T): T {
    for (const shard of this.#engine.shards) memoryRefresh(shard.m)
    this.#engine.begin(Date.now())
    try {
      return work(this.#engine)
    } finally {
      this.#runner.passOn()
      this.#locks.release()
    }
  }

  /**
   * Runs `work` with the shards of these keys locked, and passes on what it does. Without `mayWait` only if that needs no
   * wait, with it if that takes no time to speak of: returns whether it has run. Not from within a command.
   */
  withKeys(keys: readonly Uint8Array[], mayWait: boolean, work: (engine: Engine, journal: Journal) => void): boolean {
    const engine = this.#engine
    const locks = this.#locks
    locks.clear()
    for (const key of keys) locks.add(engine.shardOfSlot(keySlot(key, 0, key.length)).index)
    locks.seal()
    if (mayWait) {
      if (!locks.takeClosed(engine, WAIT_MS)) return false
    } else {
      if (!locks.tryTake()) return false
      locks.refresh(engine)
      if (locks.isOpen(engine)) {
        locks.release()
        return false
      }
    }
    const { journal } = this.#runner
    const now = Date.now()
    engine.begin(now)
    journal.locked = locks
    work(engine, journal)
    this.#runner.passOn()
    this.#runner.settle(now)
    journal.locked = undefined
    locks.release()
    return true
  }

  // ---- commands of shards

  #runOnShard(client: Connection, entry: Entry, command: ShardCommand, req: Request, reply: Reply): number {
    const shards = this.#engine.shards
    let shard: Shard
    if (entry.singleKey > 0) {
      shard = shards.length === 1 ? shards[0] : this.#engine.shardOfSlot(req.slot(entry.singleKey))
    } else {
      shard = this.#locks.resolve(this.#engine, entry, req)
      if ((command.flags & RUNS_SCRIPT) !== 0 && this.#router.scripts.reaches) this.#locks.resolveAll(this.#engine)
      if (this.#locks.count > 1 || (command.flags & BLOCKING) !== 0)
        return this.#runOnShards(client, entry, command, shard, req, reply)
    }
    if ((command.flags & BLOCKING) !== 0) {
      this.#locks.clear()
      this.#locks.add(shard.index)
      this.#locks.seal()
      return this.#runOnShards(client, entry, command, shard, req, reply)
    }
    if (client.owed === 0) client.spanning = NO_SHARD
    else if (client.spanning !== NO_SHARD && client.spanning !== shard.index) return this.#hold(client, HOLD.ANSWERS)
    if (
      client.owed === 0 &&
      this.#enter(shard.index) &&
      this.#isShort(command, shard, req) &&
      ((command.flags & WRITE) === 0 || !hasFarWaiters(shard.m))
    ) {
      this.#router.monitored(client, entry, req)
      if (this.#runInPassing(client, entry, command, shard, req, reply)) return DISPATCHED.DONE
    } else {
      this.#router.monitored(client, entry, req)
    }
    return this.#mail(client, entry, shard.index, req)
  }

  /**
   * A command over several shards: all locks at once, or by mail. Until it is answered, the client's next ones may only
   * follow it by mail to the same shard, whose owner runs them in their order.
   */
  #runOnShards(
    client: Connection,
    entry: Entry,
    command: ShardCommand,
    shard: Shard,
    req: Request,
    reply: Reply,
  ): number {
    const isFollowing = client.owed > 0 && client.spanning === shard.index && (command.flags & BLOCKING) === 0
    if (client.owed > 0 && !isFollowing) return this.#hold(client, HOLD.ANSWERS)
    this.#router.monitored(client, entry, req)
    const locks = this.#locks
    this.#giveLocks()
    let queued = isFollowing
    for (let i = 0; i < locks.count; i++) if (this.#post.isQueued(locks.shards[i])) queued = true
    if (!queued && locks.tryTake()) {
      locks.refresh(this.#engine)
      this.#runner.journal.locked = locks
      const done =
        ((command.flags & WRITE) === 0 || !locks.isOpen(this.#engine)) &&
        this.#isShort(command, shard, req) &&
        this.#runInPassing(client, entry, command, shard, req, reply)
      this.#runner.journal.catchUp()
      this.#runner.journal.locked = undefined
      locks.release()
      if (done) return DISPATCHED.DONE
    }
    // Behind what this router has mailed to any of the shards, whose owner runs it: see LockSet.resolve.
    const result = this.#mail(client, entry, shard.index, req)
    if (result !== DISPATCHED.DONE || client.owed === 0) return result
    client.spanning = shard.index
    if ((command.flags & BLOCKING) !== 0) {
      client.blockingEntry = entry
      client.holds |= HOLD.ANSWERS
    }
    return result
  }

  #isShort(command: ShardCommand, shard: Shard, req: Request): boolean {
    const last = req.argc - 1
    if (req.at[last] + req.length[last] - req.at[0] > BYTES_IN_PASSING) return false
    if (command.cost === undefined) return true
    this.#engine.now = this.#now
    return !this.#engine.isLong(command.cost(shard, req))
  }

  /** Returns false if the command found that it would take long. */
  #runInPassing(
    client: Connection,
    entry: Entry,
    command: ShardCommand,
    shard: Shard,
    req: Request,
    reply: Reply,
  ): boolean {
    this.#router.replyStart = reply.length
    reply.resp = client.resp
    this.#engine.deferred = false
    const mayBlock = (command.flags & BLOCKING) !== 0
    if (mayBlock) this.#waits.begin(this.#router.index, client.slot, entry.id)
    this.#runner.run(entry, command, shard, req, reply, this.#now)
    if (this.#engine.deferred) {
      reply.length = this.#router.replyStart
      if (mayBlock) this.#waits.end()
      return false
    }
    if (mayBlock) {
      this.#waits.end()
      if (this.#waits.ticket !== 0) {
        this.#router.blocking.began(client, entry, this.#waits)
        return true
      }
    }
    this.#router.replied(client, this.#router.replyStart)
    return true
  }

  /** Takes the shard's lock if that needs no wait and nothing of ours is queued there. */
  #enter(index: number): boolean {
    if (this.#held[index] === 1) {
      if (++this.#turn < TURN) return true
      this.#giveLocks()
      this.#now = Date.now()
      this.#turn = 0
    }
    if (this.#post.isQueued(index) || !lockTry(this.#control, lockWord(index))) return false
    this.#held[index] = 1
    this.#heldCount++
    memoryRefresh(this.#engine.shards[index].m)
    return true
  }

  #giveLocks(): void {
    if (this.#heldCount === 0) return
    this.#runner.journal.catchUp()
    for (let i = 0; i < this.#held.length; i++) {
      if (this.#held[i] === 0) continue
      this.#held[i] = 0
      unlock(this.#control, lockWord(i))
    }
    this.#heldCount = 0
  }

  /** A script has the shard, and has had it for long. */
  #refuseBusy(client: Connection, entry: Entry, text: string): number {
    const { reply } = this.#router
    reply.resp = client.resp
    this.#statistics.rejected(entry.id)
    return this.#reject(client, entry, reply, text)
  }

  #mail(client: Connection, entry: Entry, shard: number, req: Request): number {
    if (client.owesMuch) return this.#hold(client, HOLD.ANSWERS)
    const busy = client.owed === 0 ? this.#router.scripts.busyText(shard) : undefined
    if (busy !== undefined) return this.#refuseBusy(client, entry, busy)
    // What the client has sent before is to be in the stream before it.
    this.#runner.journal.catchUp()
    if (!this.#post.send(shard, client.slot, entry.id, req, client.surrenders)) {
      this.#router.waitForRing(client)
      return this.#hold(client, HOLD.RING)
    }
    client.owe(shard, this.#router.wantsReply(client))
    return DISPATCHED.DONE
  }
}

/** Redis shows a stranger's command back, each word cut at 128 bytes or at a NUL. */
const shown = (text: string, length = 128): string => text.split('\0', 1)[0].slice(0, length)

function unknownCommand(req: Request): string {
  let args = ''
  for (let i = 1; i < req.argc && args.length < 128; i++) args += `'${shown(req.text(i), 128 - args.length)}' `
  return `ERR unknown command '${shown(req.text(0))}', with args beginning with: ${args}`
}

function unknownSubcommand(req: Request, entry: Entry): string {
  return `ERR unknown subcommand '${shown(req.text(1))}'. Try ${entry.fullName.toUpperCase()} HELP.`
}

/** What a subscriber may send in RESP2, where a reply could be taken for a message. */
const SUBSCRIBER_COMMANDS = new Set([
  'SUBSCRIBE',
  'UNSUBSCRIBE',
  'PSUBSCRIBE',
  'PUNSUBSCRIBE',
  'SSUBSCRIBE',
  'SUNSUBSCRIBE',
  'PING',
  'QUIT',
  'RESET',
])

const onlyForSubscribers = (entry: Entry): string =>
  `ERR Can't execute '${entry.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`
