// One client's connection: its socket, the bytes of commands that are not whole yet, its state, and the order in which
// replies are due. What its commands do is the router's and the commands' business.

import type { Socket } from 'node:net'
import type { Client, WriteReply } from '../commands/client.ts'
import { Parser } from '../protocol/parser.ts'
import { Reply } from '../protocol/reply.ts'
import { Request } from '../protocol/request.ts'
import type { Router } from './router.ts'
import { Stash } from './stash.ts'

/** Why no further command of the client may be read now. Bits. */
export const HOLD = {
  /** A reply will come later (`later`). */
  LATER: 1,
  /** The next command must wait for the answers that are due. */
  ANSWERS: 2,
  /** The ring to a shard is full. */
  RING: 4,
  /** The client does not read its replies fast enough. */
  OUTPUT: 8,
  /** CLIENT PAUSE. */
  PAUSED: 16,
} as const

/** Marks an answer that CLIENT REPLY says not to send. Shards are fewer. */
const UNWANTED = 0x80

/** What CLIENT REPLY has set. */
export type ReplyMode = 'on' | 'off' | 'skip-next' | 'skip'

/** Answers that a client may be waiting for; then its commands are no longer read. */
const DUE_MAX = 1024

export class Connection implements Client {
  readonly socket: Socket
  readonly router: Router
  readonly id: number
  /** Index in the router's table; what mail carries. */
  readonly slot: number
  readonly address: string
  readonly localAddress: string
  readonly createdAt: number
  name = ''
  libraryName = ''
  libraryVersion = ''
  user = 'default'
  db = 0
  resp: 2 | 3 = 2
  flags = 0
  authenticated = false
  lastActive: number
  lastCommand = 'NULL'
  replyMode: ReplyMode = 'on'
  closing = false
  closed = false
  /** HOLD bits. */
  holds = 0

  /** Bytes of commands not yet run, if any are left over: buffer[0 … buffered). */
  buffer: Uint8Array<ArrayBuffer> = NO_BYTES
  buffered = 0
  /** Reads `buffer`; there whenever `buffered` is not 0. */
  parser: Parser | undefined

  /** Shards that owe answers, in the order the answers are due: due[first … last). */
  due = new Uint8Array(16)
  dueFirst = 0
  dueLast = 0
  /** Answers that came before their turn, by shard. */
  #stashes: (Stash | undefined)[] = []
  /** Replies on their way to the socket while answers are due. */
  out: Reply | undefined

  constructor(router: Router, socket: Socket, id: number, slot: number, address: string, localAddress: string) {
    this.router = router
    this.socket = socket
    this.id = id
    this.slot = slot
    this.address = address
    this.localAddress = localAddress
    this.createdAt = Date.now()
    this.lastActive = this.createdAt
  }

  // ---- input

  /** Keeps bytes that could not be run yet, and where their parser stands. */
  keep(u8: Uint8Array, from: number, end: number, parser: Parser): void {
    this.parser ??= new Parser(new Request())
    this.parser.resume(parser, -from)
    this.#reserve(end - from, this.parser.needed)
    this.buffer.set(u8.subarray(from, end))
    this.buffered = end - from
  }

  /** Adds bytes behind those kept. */
  append(u8: Uint8Array, length: number): void {
    this.#reserve(this.buffered + length, this.parser?.needed ?? 0)
    this.buffer.set(u8.subarray(0, length), this.buffered)
    this.buffered += length
  }

  /** Room for `bytes`; a long argument gets exactly what it needs, so that it is not copied as it comes. */
  #reserve(bytes: number, needed: number): void {
    if (bytes <= this.buffer.length && needed <= this.buffer.length) return
    const larger = new Uint8Array(Math.max(needed, bytes <= needed ? 0 : Math.max(bytes, this.buffer.length * 2), 1024))
    larger.set(this.buffer.subarray(0, this.buffered))
    this.buffer = larger
  }

  /** Forgets the bytes before `from`, which have been run. */
  consumed(from: number): void {
    if (from === this.buffered) {
      this.buffered = 0
      this.buffer = NO_BYTES
      this.parser = undefined
      return
    }
    if (from === 0) return
    this.buffer.copyWithin(0, from, this.buffered)
    this.buffered -= from
    this.parser?.shift(-from)
  }

  // ---- the order of replies

  /** How many answers are due. */
  get owed(): number {
    return this.dueLast - this.dueFirst
  }

  /** A command went to `shard`: its answer is due behind those before it, and is dropped if it is not wanted. */
  owe(shard: number, isWanted: boolean): void {
    if (this.dueLast === this.due.length) this.#roomForDue()
    this.due[this.dueLast++] = isWanted ? shard : shard | UNWANTED
  }

  get owesMuch(): boolean {
    return this.owed >= DUE_MAX
  }

  #roomForDue(): void {
    const owed = this.owed
    const target = owed * 2 > this.due.length ? new Uint8Array(this.due.length * 2) : this.due
    target.set(this.due.subarray(this.dueFirst, this.dueLast))
    this.due = target
    this.dueFirst = 0
    this.dueLast = owed
  }

  /** An answer from `shard` has come. Replies whose turn it is now go to `out`. */
  answer(shard: number, u8: Uint8Array, at: number, length: number): void {
    if ((this.due[this.dueFirst] & ~UNWANTED) !== shard) {
      this.#stash(shard).push(u8, at, length)
      return
    }
    if ((this.due[this.dueFirst] & UNWANTED) === 0) this.output().raw(u8, at, length)
    this.#dueShift()
    while (this.owed > 0) {
      const next = this.due[this.dueFirst]
      const stash = this.#stashes[next & ~UNWANTED]
      if (stash === undefined || stash.isEmpty) return
      const out = this.output()
      const before = out.length
      stash.shift(out)
      if ((next & UNWANTED) !== 0) out.length = before
      this.#dueShift()
    }
  }

  #dueShift(): void {
    this.dueFirst++
    if (this.dueFirst === this.dueLast) {
      this.dueFirst = 0
      this.dueLast = 0
    }
  }

  #stash(shard: number): Stash {
    let stash = this.#stashes[shard]
    if (stash === undefined) {
      stash = new Stash()
      this.#stashes[shard] = stash
    }
    return stash
  }

  /** Where replies collect until the router flushes them. */
  output(): Reply {
    if (this.out === undefined) {
      this.out = this.router.borrowOutput()
      this.router.willFlush(this)
    }
    return this.out
  }

  // ---- what commands ask of their client

  later(): (write: WriteReply) => void {
    this.holds |= HOLD.LATER
    return (write) => {
      if (this.closed) return
      const out = this.output()
      out.resp = this.resp
      write(out)
      this.router.unhold(this, HOLD.LATER)
    }
  }

  closeAfterReply(): void {
    this.closing = true
  }
}

const NO_BYTES = new Uint8Array(0)
