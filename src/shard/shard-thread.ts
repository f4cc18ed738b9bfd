// The thread that owns a shard: runs what routers mail to it, and the chores of its keyspace.
//
// It has no event loop. It looks at its rings, runs what is there in batches under its lock, and sleeps on its doorbell
// until a router rings or the next chore is due. Anybody may run commands on the shard in passing while the lock is
// free; the owner is who has the time.

import { performance } from 'node:perf_hooks'
import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads'
import { assert } from '../bytes/assert.ts'
import { freeBuffer } from '../bytes/free-buffer.ts'
import { BLOCKING, RUNS_SCRIPT, type ShardCommand, WRITE } from '../commands/command.ts'
import { Runner } from '../commands/runner.ts'
import { Attendant } from '../commands/serve.ts'
import { type Entry, entries } from '../commands/table.ts'
import { SETTING, viewSettings } from '../config/settings.ts'
import { OldValueSaver } from '../persist/old-values.ts'
import { ThreadLog } from '../persist/thread-log.ts'
import { Walker } from '../persist/walker.ts'
import { Reply } from '../protocol/reply.ts'
import { Request } from '../protocol/request.ts'
import { StreamConsumer } from '../replica/consumer.ts'
import { ReplicationStream } from '../replica/stream.ts'
import { StreamWaker } from '../replica/waker.ts'
import { CONTROL, controlFlag, lockWord, routerBellWord, shardBellWord } from '../shared/control.ts'
import { doorbellAwake, doorbellPrepare, doorbellRing, doorbellSleep } from '../shared/doorbell.ts'
import { lockTry, lockWait, unlock } from '../shared/lock.ts'
import { LogBlock } from '../shared/log-block.ts'
import { ReplicationBlock } from '../shared/replication-block.ts'
import { RingConsumer, RingProducer } from '../shared/ring.ts'
import { OldBlock, SnapshotRunBlock } from '../shared/snapshot-block.ts'
import { Statistics } from '../shared/statistics.ts'
import { arenaAttach } from '../store/arena.ts'
import { Engine } from '../store/engine.ts'
import { Libraries } from '../store/libraries.ts'
import { hasFarWaiters } from '../store/marks.ts'
import { memoryRefresh } from '../store/memory.ts'
import type { Shard } from '../store/shard.ts'
import { ROUTERS_MAX } from '../store/tracked.ts'
import { waiterFind, waiterRemove } from '../store/waiters.ts'
import { Waits } from '../store/waits.ts'
import { watchEnd } from '../store/watches.ts'
import { Chores } from './chores.ts'
import { LockSet } from './locks.ts'
import { END, type Envelope, type LargeMail, MAIL, NOBODY, readCommand } from './mail.ts'
import { LockedNeighbours } from './neighbours.ts'
import { Outbox } from './outbox.ts'
import { ScriptRunner } from './scripts.ts'
import { logDamage, threadSink } from './sink.ts'
import type { ShardData } from './thread-data.ts'
import { threadInfo } from './thread-info.ts'
import { TransactionRunner } from './transaction.ts'
import { FORWARD, WordBuffer } from './word.ts'

/** Commands run before the lock is given back and answers are published. */
const BATCH = 64
/** A batch ends after this, however few commands it had. */
const BATCH_MS = 1

export class ShardThread {
  readonly #data: ShardData
  readonly #control: Int32Array
  readonly #lock: number
  readonly #bell: number
  readonly #shard: Shard
  readonly #engine: Engine
  readonly #runner: Runner
  /** Takes down what this thread's commands change. */
  readonly #log: ThreadLog
  readonly #locks: LockSet
  readonly #requests: RingConsumer[]
  readonly #outboxes: Outbox[]
  readonly #req = new Request()
  readonly #reply = new Reply()
  readonly #envelope: Envelope = { client: 0, command: 0 }
  readonly #chores: Chores
  readonly #walker: Walker
  readonly #transactions: TransactionRunner
  readonly #scripts: ScriptRunner
  readonly #waits: Waits
  readonly #word = new WordBuffer()
  /** Wakes those who feed replicas. */
  readonly #replicas: StreamWaker
  /** Routers that other routers' commands left word for, to be published. */
  readonly #hasWord: Uint8Array
  #holdsLock = false
  /** The large frame of the command at hand, freed as soon as it has run. */
  #large: ArrayBufferLike | undefined

  constructor(data: ShardData) {
    const { index, memory, config } = data
    this.#data = data
    this.#control = new Int32Array(memory.control)
    this.#lock = lockWord(index)
    this.#bell = shardBellWord(index)
    this.#engine = new Engine(viewSettings(config.settings), memory.arenas.map(arenaAttach), memory.shape.routers)
    this.#engine.neighbours = new LockedNeighbours(this.#control)
    this.#engine.bytesBeside = new Float64Array(memory.beside)
    this.#engine.libraries = new Libraries(memory.functions)
    this.#shard = this.#engine.shards[index]
    const block = new ReplicationBlock(memory.replication.block)
    const { settings } = this.#engine
    const stream = new ReplicationStream(block, memory.replication.pages, () => settings[SETTING.replBacklogSize])
    this.#replicas = new StreamWaker(stream, this.#control, memory.shape)
    this.#engine.followRole(block.i32)
    this.#engine.effects.listen(this.#control, CONTROL.JOURNAL / 4)
    const statistics = new Statistics(memory.statistics[memory.shape.routers + index], entries.length)
    logDamage(this.#engine, parentPort as MessagePort)
    this.#runner = new Runner(this.#engine, statistics, threadSink(parentPort as MessagePort))
    this.#locks = new LockSet(this.#control, memory.shape.shards)
    this.#requests = memory.requests.map(rings => new RingConsumer(rings[index]))
    this.#outboxes = memory.replies.map(
      (rings, router) => new Outbox(new RingProducer(rings[index]), data.ports[router]),
    )
    const blocks = memory.log.blocks.map(block => new LogBlock(block))
    this.#log = new ThreadLog(this.#engine, this.#control, memory.log.logs, blocks)
    this.#runner.journal.consumers.push(this.#log)
    this.#runner.journal.consumers.push(new StreamConsumer(stream))
    this.#chores = new Chores(this.#shard)
    this.#transactions = new TransactionRunner(this.#runner)
    const info = threadInfo(data, this.#engine, block, stream)
    this.#scripts = new ScriptRunner(
      this.#runner,
      this.#control,
      block,
      index,
      parentPort as MessagePort,
      info,
      memory.reaching,
    )
    this.#engine.scripts = this.#scripts
    this.#hasWord = new Uint8Array(memory.shape.routers)
    this.#waits = new Waits(
      this.#control,
      memory.claims.map(claims => new Int32Array(claims)),
      memory.shape.shards,
    )
    this.#engine.waits = this.#waits
    const run = new SnapshotRunBlock(memory.snapshot.run)
    const old = memory.snapshot.old.map(each => new OldBlock(each))
    this.#walker = new Walker(this.#shard, run, old[index], new RingProducer(memory.snapshot.rings[index]))
    this.#engine.oldValues = new OldValueSaver(this.#engine, run, old, index, this.#walker)
    this.#runner.attendant = new Attendant(this.#runner, this.#waits, (router, slot, ticket, shard, reply) =>
      this.#sendServed(router, slot, ticket, shard, reply),
    )
  }

  /** Works until the process stops. */
  run(): void {
    while (controlFlag(this.#control, CONTROL.STOPPING) === 0) {
      let worked = false
      for (let router = 0; router < this.#requests.length; router++) {
        if (this.#serve(router)) worked = true
      }
      const clock = performance.now()
      if (this.#chores.due(clock)) this.#doChores()
      if (this.#walker.due(clock)) {
        this.#walk()
        worked = true
      }
      if (!worked) this.#sleep()
    }
  }

  /** Runs a batch of one router's commands. Returns whether there was anything to do. */
  #serve(router: number): boolean {
    const ring = this.#requests[router]
    const outbox = this.#outboxes[router]
    let worked = false
    if (outbox.isBlocked) {
      worked = this.#publish(router)
      if (outbox.isBlocked) return worked
    }
    if (ring.isEmpty()) return worked
    const now = this.#runner.startBatch()
    this.#engine.deletesExpired = controlFlag(this.#control, CONTROL.PAUSED) === 0
    const { tally } = this.#runner
    tally.groups = true
    const started = tally.clock
    for (let i = 0; i < BATCH && !outbox.isBlocked; i++) {
      const at = ring.next()
      if (at < 0) break
      this.#run(ring, at, router, now)
      if (tally.clock - started > BATCH_MS) break
    }
    tally.close()
    tally.groups = false
    this.#giveLock()
    ring.release()
    // What the answers tell of is in the kernel's hands before they leave.
    this.#log.commit()
    this.#publish(router)
    this.#publishWord()
    this.#replicas.wake()
    return true
  }

  #publishWord(): void {
    for (let router = 0; router < this.#hasWord.length; router++) {
      if (this.#hasWord[router] === 0) continue
      this.#hasWord[router] = 0
      this.#publish(router)
    }
  }

  #sendServed(router: number, slot: number, ticket: number, shard: number, reply: Reply): void {
    this.#word.served(ticket, shard, reply)
    this.#outboxes[router].word(MAIL.SERVED, slot, this.#word.u8, this.#word.length)
    this.#hasWord[router] = 1
  }

  #publish(router: number): boolean {
    const published = this.#outboxes[router].flush()
    // Rung even when nothing was published: a router may wait for room in the ring just read.
    doorbellRing(this.#control, routerBellWord(this.#data.memory.shape, router))
    return published
  }

  #run(ring: RingConsumer, at: number, router: number, now: number): void {
    const { kind } = ring
    if (kind === MAIL.LARGE) {
      const received = receiveMessageOnPort(this.#data.ports[router])
      assert(received !== undefined, 'a large frame precedes its message')
      const mail = received.message as LargeMail
      if (mail.what === 'exec') return this.#runTransaction(router, mail.u8, new Uint32Array(mail.u8.buffer), 0, now)
      if (mail.what === 'forward') return this.#forward(router, mail.u8, 0, mail.u8.length)
      if (mail.what === 'invalidate') return this.#invalidate(router, mail.u8, mail.u8.length)
      this.#openLarge(mail)
    } else if (kind === MAIL.COMMAND) {
      readCommand(ring.u8, ring.u32, at, this.#req, this.#envelope)
    } else if (kind === MAIL.EXEC) {
      return this.#runTransaction(router, ring.u8, ring.u32, at, now)
    } else if (kind === MAIL.FORWARD) {
      return this.#forward(router, ring.u8, at, ring.length)
    } else if (kind === MAIL.CHANGED) {
      return this.#invalidate(router, ring.u8.subarray(at, at + ring.length), ring.length)
    } else {
      assert(kind === MAIL.END, 'routers send commands, transactions and errands')
      return this.#end(router, ring.u32[at / 4], ring.u32[at / 4 + 1])
    }
    this.#execute(router, now)
  }

  #runTransaction(router: number, u8: Uint8Array, u32: Uint32Array, at: number, now: number): void {
    const reply = this.#reply
    reply.length = 0
    this.#freeLock()
    this.#transactions.resolve(u32, at, this.#locks, this.#engine.shards.length)
    if (this.#transactions.writes(u32, at)) this.#locks.takeClosed(this.#engine)
    else this.#takeAll()
    this.#transactions.run(u8, u32, at, this.#locks, reply, now)
    this.#locks.release()
    this.#scripts.release()
    this.#outboxes[router].reply(this.#transactions.client(u32, at), reply)
    reply.reset()
    this.#tellChanges()
  }

  /** Passes on what a client of one router got from a command of another's. */
  #forward(router: number, u8: Uint8Array, at: number, length: number): void {
    const view = new DataView(u8.buffer, u8.byteOffset + at, length)
    const to = view.getUint32(FORWARD.ROUTER, true)
    const served = u8.subarray(at + FORWARD.SERVED, at + length)
    this.#outboxes[to].word(MAIL.SERVED, view.getUint32(FORWARD.SLOT, true), served, served.length)
    this.#hasWord[to] = 1
    this.#answerErrand(router)
  }

  /** Tells routers of changed keys that their clients may have copies of: behind the reply of the command that did it. */
  #tellChanges(): void {
    const { invalidations } = this.#engine
    if (invalidations.length === 0) return
    for (let router = 0; router < this.#outboxes.length; router++) {
      if (invalidations.routers[router] === 1) this.#tellRouter(router, invalidations.u8, invalidations.length)
    }
    invalidations.reset()
  }

  #tellRouter(router: number, u8: Uint8Array, length: number): void {
    this.#outboxes[router].word(MAIL.CHANGED, NOBODY, u8, length)
    this.#hasWord[router] = 1
  }

  /** Passes on word of keys that a router has changed to those that its errand names. */
  #invalidate(router: number, u8: Uint8Array, length: number): void {
    const batch = u8.subarray(ROUTERS_MAX, length)
    for (let to = 0; to < this.#outboxes.length; to++) if (u8[to] === 1) this.#tellRouter(to, batch, batch.length)
    this.#answerErrand(router)
  }

  /** A client watches nothing here any more, or waits no longer. */
  #end(router: number, what: number, number: number): void {
    this.#takeLock()
    const { m } = this.#shard
    if (what === END.WATCH) {
      watchEnd(m, number)
    } else {
      const waiter = waiterFind(m, number)
      if (waiter !== 0) waiterRemove(m, waiter)
    }
    this.#answerErrand(router)
  }

  #answerErrand(router: number): void {
    this.#reply.length = 0
    this.#outboxes[router].reply(NOBODY, this.#reply)
  }

  #takeAll(): void {
    this.#locks.take()
    this.#locks.refresh(this.#engine)
  }

  #openLarge(mail: LargeMail): void {
    assert(mail.what === 'command', 'routers send commands')
    const { client, command, u8, at, length, frame, frameEnd } = mail
    this.#envelope.client = client
    this.#envelope.command = command
    const req = this.#req
    this.#large = u8.buffer
    req.start(u8)
    for (let i = 0; i < at.length; i++) req.push(at[i], length[i])
    req.frame = frame
    req.frameEnd = frameEnd
    req.db = mail.db
    req.resp = mail.resp
    req.sender = { id: mail.sender, flags: mail.flags }
  }

  #execute(router: number, now: number): void {
    const { client, command } = this.#envelope
    const entry = entries[command]
    const shardCommand = entry.shard
    assert(shardCommand !== undefined, 'mailed commands run on shards')
    const reply = this.#reply
    reply.resp = this.#req.resp
    reply.length = 0
    const locks = this.#locks
    const shard = locks.resolve(this.#engine, entry, this.#req)
    const flags = shardCommand.flags
    if ((flags & BLOCKING) !== 0) this.#waits.begin(router, client, command)
    const runsScript = (flags & RUNS_SCRIPT) !== 0
    if (runsScript && this.#scripts.reaches(entry, this.#req)) locks.resolveAll(this.#engine)
    if (locks.count === 1 && shard === this.#shard && this.#takeAlone(flags)) {
      this.#runner.run(entry, shardCommand, shard, this.#req, reply, now)
    } else {
      this.#runLocked(entry, shardCommand, shard, now)
    }
    this.#scripts.release()
    if (runsScript && this.#scripts.isOver) {
      locks.resolveAll(this.#engine)
      this.#runLocked(entry, shardCommand, shard, now)
    }
    if ((flags & BLOCKING) !== 0 && this.#endBlocking()) {
      this.#word.blocked(this.#waits)
      this.#outboxes[router].word(MAIL.BLOCKED, client, this.#word.u8, this.#word.length)
    } else {
      this.#outboxes[router].reply(client, reply)
    }
    reply.reset()
    this.#tellChanges()
    if (this.#large !== undefined) {
      freeBuffer(this.#large)
      this.#large = undefined
      this.#req.u8 = NO_BYTES
    }
  }

  /** Runs a command under all locks of `#locks`. */
  #runLocked(entry: Entry, command: ShardCommand, shard: Shard, now: number): void {
    const locks = this.#locks
    this.#freeLock()
    if ((command.flags & (WRITE | RUNS_SCRIPT)) !== 0) locks.takeClosed(this.#engine)
    else this.#takeAll()
    this.#runner.journal.locked = locks
    this.#runner.run(entry, command, shard, this.#req, this.#reply, now)
    this.#runner.journal.locked = undefined
    locks.release()
  }

  /** Whether the command made its client wait. */
  #endBlocking(): boolean {
    this.#waits.end()
    return this.#waits.ticket !== 0
  }

  /** Takes the shard's own lock. Returns false if the command needs others as well, to serve clients that wait. */
  #takeAlone(flags: number): boolean {
    this.#takeLock()
    return (flags & (WRITE | RUNS_SCRIPT)) === 0 || !hasFarWaiters(this.#shard.m)
  }

  #takeLock(): void {
    if (this.#holdsLock) return
    lockWait(this.#control, this.#lock)
    memoryRefresh(this.#shard.m)
    this.#holdsLock = true
  }

  /** Gives the lock back, unless a snapshot is in the middle of an entry, which nobody else may change. */
  #giveLock(): void {
    if (!this.#holdsLock || this.#walker.keepsLock) return
    unlock(this.#control, this.#lock)
    this.#holdsLock = false
  }

  /** Gives the lock back in any case, to take several. */
  #freeLock(): void {
    this.#walker.finishCurrent()
    this.#giveLock()
  }

  /** A step of the snapshot being taken. */
  #walk(): void {
    this.#takeLock()
    this.#walker.step(Date.now())
    this.#giveLock()
  }

  /** A round of chores, if the shard is free: a busy one has no need to hurry, and gets its turn the next time. */
  #doChores(): void {
    if (!this.#holdsLock) {
      if (lockTry(this.#control, this.#lock)) {
        memoryRefresh(this.#shard.m)
        this.#holdsLock = true
      } else {
        if (!this.#chores.putOff(performance.now())) return
        this.#takeLock()
      }
    }
    this.#runner.startBatch()
    const now = Date.now()
    this.#engine.writer = 0
    this.#chores.run(now, this.#looksForExpired())
    this.#runner.journal.flushSingly()
    this.#runner.settle(now)
    this.#tellChanges()
    this.#giveLock()
    this.#log.commit()
    if (this.#engine.notices.length > 0) this.#runner.sink.notices(this.#engine.notices)
    this.#publishWord()
    this.#replicas.wake()
  }

  /** Not during CLIENT PAUSE, which stops all changes, nor when DEBUG says so. */
  #looksForExpired(): boolean {
    // What cannot be logged is better left for later, and what is being loaded is no longer true before its end.
    return [CONTROL.EXPIRE_OFF, CONTROL.PAUSED, CONTROL.LOG_ERROR, CONTROL.LOADING].every(
      word => controlFlag(this.#control, word) === 0,
    )
  }

  #sleep(): void {
    const rings = doorbellPrepare(this.#control, this.#bell)
    const clock = performance.now()
    const ms = Math.min(this.#chores.msToNext(clock), this.#walker.msToNext(clock))
    const idle = this.#requests.every((ring, router) => ring.isEmpty() || this.#outboxes[router].isBlocked)
    if (idle && ms > 0 && controlFlag(this.#control, CONTROL.STOPPING) === 0) {
      doorbellSleep(this.#control, this.#bell, rings, ms)
    } else {
      doorbellAwake(this.#control, this.#bell)
    }
  }
}

const NO_BYTES = new Uint8Array(0)
