// The thread that owns a shard: runs what routers mail to it, and the chores of its keyspace.
//
// It has no event loop. It looks at its rings, runs what is there in batches under its lock, and sleeps on its doorbell
// until a router rings or the next chore is due. Anybody may run commands on the shard in passing while the lock is
// free; the owner is who has the time.

import { performance } from 'node:perf_hooks'
import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads'
import { assert } from '../bytes/assert.ts'
import { freeBuffer } from '../bytes/free-buffer.ts'
import { Runner } from '../commands/runner.ts'
import { entries } from '../commands/table.ts'
import { viewSettings } from '../config/settings.ts'
import { Reply } from '../protocol/reply.ts'
import { Request } from '../protocol/request.ts'
import { CONTROL, controlFlag, lockWord, routerBellWord, shardBellWord } from '../shared/control.ts'
import { doorbellAwake, doorbellPrepare, doorbellRing, doorbellSleep } from '../shared/doorbell.ts'
import { lockTry, lockWait, unlock } from '../shared/lock.ts'
import { RingConsumer, RingProducer } from '../shared/ring.ts'
import { Statistics } from '../shared/statistics.ts'
import { arenaAttach } from '../store/arena.ts'
import { Engine } from '../store/engine.ts'
import { memoryRefresh } from '../store/memory.ts'
import type { Shard } from '../store/shard.ts'
import { Chores } from './chores.ts'
import { LockSet } from './locks.ts'
import { type Envelope, type LargeMail, MAIL, readCommand } from './mail.ts'
import { Outbox } from './outbox.ts'
import { threadSink } from './sink.ts'
import type { ShardData } from './thread-data.ts'

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
  readonly #locks: LockSet
  readonly #requests: RingConsumer[]
  readonly #outboxes: Outbox[]
  readonly #req = new Request()
  readonly #reply = new Reply()
  readonly #envelope: Envelope = { client: 0, command: 0 }
  readonly #chores: Chores
  #holdsLock = false
  /** The large frame of the command at hand, freed as soon as it has run. */
  #large: ArrayBufferLike | undefined

  constructor(data: ShardData) {
    const { index, memory, config } = data
    this.#data = data
    this.#control = new Int32Array(memory.control)
    this.#lock = lockWord(index)
    this.#bell = shardBellWord(index)
    this.#engine = new Engine(viewSettings(config.settings), memory.arenas.map(arenaAttach))
    this.#shard = this.#engine.shards[index]
    const statistics = new Statistics(memory.statistics[memory.shape.routers + index], entries.length)
    this.#runner = new Runner(this.#engine, statistics, threadSink(parentPort as MessagePort))
    this.#locks = new LockSet(this.#control, memory.shape.shards)
    this.#requests = memory.requests.map((rings) => new RingConsumer(rings[index]))
    this.#outboxes = memory.replies.map((rings, router) => new Outbox(new RingProducer(rings[index]), data.ports[router]))
    this.#chores = new Chores(this.#shard)
  }

  /** Works until the process stops. */
  run(): void {
    while (controlFlag(this.#control, CONTROL.STOPPING) === 0) {
      let worked = false
      for (let router = 0; router < this.#requests.length; router++) {
        if (this.#serve(router)) worked = true
      }
      if (this.#chores.due(performance.now())) this.#doChores()
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
    const started = this.#runner.clock
    for (let i = 0; i < BATCH && !outbox.isBlocked; i++) {
      const at = ring.next()
      if (at < 0) break
      this.#run(ring, at, router, now)
      if (this.#runner.clock - started > BATCH_MS) break
    }
    this.#giveLock()
    ring.release()
    this.#publish(router)
    return true
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
      this.#openLarge(received.message as LargeMail)
    } else {
      assert(kind === MAIL.COMMAND, 'routers send commands')
      readCommand(ring.u8, ring.u32, at, this.#req, this.#envelope)
    }
    this.#execute(router, now)
  }

  #openLarge(mail: LargeMail): void {
    assert(mail.what === 'command', 'routers send commands')
    const { client, command, u8, at, length } = mail
    this.#envelope.client = client
    this.#envelope.command = command
    const req = this.#req
    this.#large = u8.buffer
    req.start(u8)
    for (let i = 0; i < at.length; i++) req.push(at[i], length[i])
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
    if (locks.count === 1 && shard === this.#shard) {
      this.#takeLock()
      this.#runner.run(entry, shardCommand, shard, this.#req, reply, now)
    } else {
      this.#giveLock()
      locks.take()
      for (let i = 0; i < locks.count; i++) memoryRefresh(this.#engine.shards[locks.shards[i]].m)
      this.#runner.run(entry, shardCommand, shard, this.#req, reply, now)
      locks.release()
    }
    this.#outboxes[router].reply(client, reply)
    reply.reset()
    if (this.#large !== undefined) {
      freeBuffer(this.#large)
      this.#large = undefined
      this.#req.u8 = NO_BYTES
    }
  }

  #takeLock(): void {
    if (this.#holdsLock) return
    lockWait(this.#control, this.#lock)
    memoryRefresh(this.#shard.m)
    this.#holdsLock = true
  }

  #giveLock(): void {
    if (!this.#holdsLock) return
    unlock(this.#control, this.#lock)
    this.#holdsLock = false
  }

  /** A round of chores, if the shard is free: a busy one has no need to hurry, and gets its turn the next time. */
  #doChores(): void {
    if (!lockTry(this.#control, this.#lock)) {
      if (!this.#chores.overdue(performance.now())) return
      lockWait(this.#control, this.#lock)
    }
    memoryRefresh(this.#shard.m)
    this.#runner.startBatch()
    this.#chores.run(Date.now())
    unlock(this.#control, this.#lock)
    if (this.#engine.notices.length > 0) this.#runner.sink.notices(this.#engine.notices)
  }

  #sleep(): void {
    const rings = doorbellPrepare(this.#control, this.#bell)
    const ms = this.#chores.msToNext(performance.now())
    const idle = this.#requests.every((ring, router) => ring.isEmpty() || this.#outboxes[router].isBlocked)
    if (idle && ms > 0 && controlFlag(this.#control, CONTROL.STOPPING) === 0) {
      doorbellSleep(this.#control, this.#bell, rings, ms)
    } else {
      doorbellAwake(this.#control, this.#bell)
    }
  }
}

const NO_BYTES = new Uint8Array(0)
