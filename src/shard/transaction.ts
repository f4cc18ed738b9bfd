// A transaction as it is queued, mailed and run: one block of bytes.
//
//   OFFSET  SIZE  FIELD   MEANING
//        0     4  CLIENT  slot of the connection, for the answer
//        4     4  SENDER  the client's id
//        8     1  RESP
//        9     1  FLAGS   the client's SENDER flags
//       10     2  ABOUT   ABOUT bits
//       12     4  COUNT   commands
//       16    16  SHARDS  a bit a shard: whose locks it takes
//       32     4  BYTES   of the whole block
//       36     4  -
//       40        the commands
//
// A command:
//
//   OFFSET  SIZE  FIELD    MEANING
//        0     2  COMMAND  id in the command table
//        2     2  SHARD    where it runs
//        4     2  DB
//        6     2  -
//        8     4  SIZE     of all of it, a multiple of 8
//       12     4  -
//       16        a frame (protocol/frame.ts)

import { assert } from '../bytes/assert.ts'
import { byteArray } from '../bytes/byte-array.ts'
import { copyBytes } from '../bytes/copy.ts'
import { DENY_OOM, RUNS_SCRIPT, WRITE } from '../commands/command.ts'
import type { Runner } from '../commands/runner.ts'
import { type Entry, entries } from '../commands/table.ts'
import { OUT_OF_MEMORY } from '../protocol/errors.ts'
import { frameRead, frameWrite } from '../protocol/frame.ts'
import type { Reply } from '../protocol/reply.ts'
import { Request, SENDER } from '../protocol/request.ts'
import type { Shard } from '../store/shard.ts'
import { watchEnd, watchHolds } from '../store/watches.ts'
import type { LockSet } from './locks.ts'

const HEAD = { CLIENT: 0, SENDER: 4, RESP: 8, COUNT: 12, SHARDS: 16, BYTES: 32, SIZE: 40 } as const
const COMMAND = { COMMAND: 0, DB: 4, SIZE: 8, FRAME: 16 } as const

const ABOUT = {
  /** The client watches keys, all of them on shards of the transaction. */
  WATCHING: 1,
  /** A command may take memory. */
  DENY_OOM: 2,
  /** A command writes. */
  WRITES: 4,
  /** How long a command takes depends on its arguments or on what is there. */
  VARIES: 8,
} as const

/** Elements' worth of work that a command is at least. */
const COST = 8

/** Aborted for want of memory: in the words of the command that was refused. */
const OOM_ABORT = `EXECABORT Transaction discarded because of: ${OUT_OF_MEMORY}`

/** A transaction being queued. */
export class Transaction {
  u8 = byteArray(1024)
  u32 = new Uint32Array(this.u8.buffer)
  /** Bytes so far. */
  length: number = HEAD.SIZE
  count = 0
  #about = 0

  /** Makes it empty. */
  reset(): void {
    this.length = HEAD.SIZE
    this.count = 0
    this.#about = 0
  }

  /** Queues a copy of a command that runs on `shard`; its frame takes `bytes`. */
  push(entry: Entry, shard: number, req: Request, bytes: number): void {
    const size = COMMAND.FRAME + bytes
    if (this.length + size > this.u8.length) this.#grow(size)
    const word = this.length / 4
    this.u32[word] = entry.id | (shard << 16)
    this.u32[word + 1] = req.db
    this.u32[word + COMMAND.SIZE / 4] = size
    frameWrite(this.u8, this.u32, this.length + COMMAND.FRAME, req)
    this.length += size
    this.count++
    if ((entry.command.flags & DENY_OOM) !== 0) this.#about |= ABOUT.DENY_OOM
    if (entry.shard?.cost !== undefined) this.#about |= ABOUT.VARIES
    if ((entry.command.flags & (WRITE | RUNS_SCRIPT)) !== 0) this.#about |= ABOUT.WRITES
  }

  /** Asks `keeps` about each command, and takes out those that it says no to. */
  filter(keeps: (entry: Entry, req: Request) => boolean): void {
    const { u8, u32 } = this
    const req = new Request()
    let to: number = HEAD.SIZE
    for (let from: number = HEAD.SIZE; from < this.length; ) {
      const size = u32[(from + COMMAND.SIZE) / 4]
      frameRead(u8, u32, from + COMMAND.FRAME, req)
      if (keeps(entries[u32[from / 4] & 0xffff], req)) {
        u8.copyWithin(to, from, from + size)
        to += size
      } else this.count--
      from += size
    }
    this.length = to
  }

  #grow(size: number): void {
    const larger = byteArray(Math.max(this.u8.length * 2, (this.length + size + 7) & ~7))
    larger.set(this.u8.subarray(0, this.length))
    this.u8 = larger
    this.u32 = new Uint32Array(larger.buffer)
  }

  /** Completes the head: who sends it, and what it needs. */
  seal(client: number, sender: { id: number; flags: number }, resp: number, watching: boolean, locks: LockSet): void {
    const { u32 } = this
    const about = this.#about | (watching ? ABOUT.WATCHING : 0)
    u32[0] = client
    u32[1] = sender.id
    u32[HEAD.RESP / 4] = resp | ((sender.flags | SENDER.DENY_BLOCKING) << 8) | (about << 16)
    u32[HEAD.COUNT / 4] = this.count
    for (let i = 0; i < 4; i++) u32[HEAD.SHARDS / 4 + i] = 0
    for (let i = 0; i < locks.count; i++) u32[HEAD.SHARDS / 4 + (locks.shards[i] >>> 5)] |= 1 << (locks.shards[i] & 31)
    u32[HEAD.BYTES / 4] = this.length
  }
}

/** Copies a sealed transaction to `at`, where there is room for its bytes. */
export function writeTransaction(u8: Uint8Array, at: number, transaction: Transaction): void {
  copyBytes(u8, at, transaction.u8, 0, transaction.length)
}

/** Runs transactions for one thread. */
export class TransactionRunner {
  readonly #runner: Runner
  readonly #req = new Request()
  readonly #sender = { id: 0, flags: 0 }

  constructor(runner: Runner) {
    this.#runner = runner
  }

  /** The slot of the client whose transaction lies at `at`. */
  client(u32: Uint32Array, at: number): number {
    return u32[at / 4]
  }

  /** Makes `locks` those that the transaction at `at` needs. */
  resolve(u32: Uint32Array, at: number, locks: LockSet, shards: number): void {
    locks.clear()
    const word = (at + HEAD.SHARDS) / 4
    for (let i = 0; i < shards; i++) if ((u32[word + (i >>> 5)] & (1 << (i & 31))) !== 0) locks.add(i)
    locks.seal()
  }

  writes(u32: Uint32Array, at: number): boolean {
    return ((u32[(at + HEAD.RESP) / 4] >>> 16) & ABOUT.WRITES) !== 0
  }

  /** Whether its commands, as things are, touch few elements. All locks are held. */
  isShort(u8: Uint8Array, u32: Uint32Array, at: number, now: number): boolean {
    const { engine } = this.#runner
    if (((u32[(at + HEAD.RESP) / 4] >>> 16) & ABOUT.VARIES) === 0)
      return !engine.isLong(COST * u32[(at + HEAD.COUNT) / 4])
    const req = this.#req
    engine.begin(now)
    let cost = 0
    let from = at + HEAD.SIZE
    for (let i = u32[(at + HEAD.COUNT) / 4]; i > 0; i--) {
      const entry = this.#open(u8, u32, from, at)
      cost += COST + (entry.shard?.cost?.(this.#shardOf(u32, from), req) ?? 0)
      if (engine.isLong(cost)) return false
      from += u32[(from + COMMAND.SIZE) / 4]
    }
    return true
  }

  /** Runs the transaction at `at`, all of whose locks are held, and replies. */
  run(u8: Uint8Array, u32: Uint32Array, at: number, locks: LockSet, reply: Reply, now: number): void {
    const runner = this.#runner
    const { engine, journal } = runner
    const about = u32[(at + HEAD.RESP) / 4] >>> 16
    const sender = u32[(at + HEAD.SENDER) / 4]
    reply.resp = (u32[(at + HEAD.RESP) / 4] & 0xff) as 2 | 3
    journal.locked = locks
    engine.begin(now)
    const isOn = (about & ABOUT.WATCHING) === 0 || this.#watchesHold(sender, locks)
    const hasRoom = !isOn || (about & ABOUT.DENY_OOM) === 0 || this.#hasRoom(u32, at)
    runner.passOn()
    if (!isOn) reply.nilArray()
    else if (!hasRoom) {
      reply.error(OOM_ABORT)
      runner.failed(reply)
    } else this.#runCommands(u8, u32, at, reply, now)
    runner.settle(now)
    journal.locked = undefined
  }

  #runCommands(u8: Uint8Array, u32: Uint32Array, at: number, reply: Reply, now: number): void {
    const runner = this.#runner
    const { engine } = runner
    const count = u32[(at + HEAD.COUNT) / 4]
    reply.array(count)
    // What has begun is finished, however long it takes.
    const { inPassing } = engine
    engine.inPassing = false
    engine.deferred = false
    runner.beginTransaction()
    let from = at + HEAD.SIZE
    for (let i = 0; i < count; i++) {
      const entry = this.#open(u8, u32, from, at)
      const { shard: command } = entry
      assert(command !== undefined, 'only commands of shards are in here')
      runner.run(entry, command, this.#shardOf(u32, from), this.#req, reply, now)
      from += u32[(from + COMMAND.SIZE) / 4]
    }
    runner.endTransaction()
    engine.inPassing = inPassing
  }

  /** Points the request at the command at `from` of the transaction at `at`. */
  #open(u8: Uint8Array, u32: Uint32Array, from: number, at: number): Entry {
    const req = this.#req
    const about = u32[(at + HEAD.RESP) / 4]
    req.db = u32[(from + COMMAND.DB) / 4] & 0xffff
    req.resp = (about & 0xff) as 2 | 3
    this.#sender.id = u32[(at + HEAD.SENDER) / 4]
    this.#sender.flags = (about >>> 8) & 0xff
    req.sender = this.#sender
    frameRead(u8, u32, from + COMMAND.FRAME, req)
    return entries[u32[from / 4] & 0xffff]
  }

  #shardOf(u32: Uint32Array, from: number): Shard {
    return this.#runner.engine.shards[u32[from / 4] >>> 16]
  }

  /** Compares what the client watches, which is over then in any case. */
  #watchesHold(client: number, locks: LockSet): boolean {
    const { shards } = this.#runner.engine
    let hold = true
    for (let i = 0; i < locks.count; i++) {
      const shard = shards[locks.shards[i]]
      if (hold && !watchHolds(shard, client)) hold = false
      watchEnd(shard.m, client)
    }
    return hold
  }

  /** Memory is asked for once, for all of the transaction: it happens fully or not at all. */
  #hasRoom(u32: Uint32Array, at: number): boolean {
    const { engine } = this.#runner
    let from = at + HEAD.SIZE
    for (let i = u32[(at + HEAD.COUNT) / 4]; i > 0; i--) {
      const entry = entries[u32[from / 4] & 0xffff]
      if ((entry.command.flags & DENY_OOM) !== 0 && !engine.makeRoom(this.#shardOf(u32, from))) return false
      from += u32[(from + COMMAND.SIZE) / 4]
    }
    return true
  }
}
