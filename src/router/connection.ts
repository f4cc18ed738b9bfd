// One client's connection: its socket, the bytes of commands that are not whole yet, its state, and the order in which
// replies are due. What its commands do is the router's and the commands' business.

import { byteArray } from '../bytes/byte-array.ts'
import type { User } from '../commands/acl/user.ts'
import type { Client, ReplyMode, WriteReply } from '../commands/client.ts'
import type { ReplicaFacts } from '../commands/replication/replication.ts'
import type { Entry } from '../commands/table.ts'
import { Tracking } from '../commands/tracking.ts'
import { Parser } from '../protocol/parser.ts'
import { Reply } from '../protocol/reply.ts'
import { Request } from '../protocol/request.ts'
import type { ClientWait } from './blocking.ts'
import type { Handout } from './handout.ts'
import type { LateCommand } from './late.ts'
import type { Router } from './router.ts'
import { Share } from './share.ts'
import { Stash } from './stash.ts'
import { type Queue, queueTake } from './transactions.ts'
import type { Transport } from './transport.ts'

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
  /** It waits in a command that blocks. */
  BLOCKED: 32,
} as const

const BUFFER_BYTES_MIN = 1024
/** A buffer of many small arguments doubles, up to this. */
const GROWTH_BYTES_MAX = 16 * 1024 * 1024

/** Marks an answer that CLIENT REPLY says not to send. Shards are fewer. */
const UNWANTED = 0x80

/** In the place of a shard's index. */
export const NO_SHARD = -1

/** Answers that a client may be waiting for; then its commands are no longer read. */
const DUE_MAX = 1024

export class Connection implements Client {
  readonly socket: Transport
  readonly router: Router
  readonly id: number
  /** Index in the router's table; what mail carries. */
  readonly slot: number
  readonly address: string
  readonly localAddress: string
  readonly isUnix: boolean
  readonly fd: number
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
  keepsConnection = false
  isMonitor = false
  isMaster = false
  replica: ReplicaFacts | undefined
  /** It waits for replicas (WAIT). */
  isWaiting = false
  channelCount = 0
  patternCount = 0
  shardChannelCount = 0
  isPaused = false
  readonly tracking = new Tracking()
  readonly share: Share
  /** What it counted as taking, and what it held, when that was added up last. */
  countedBytes = 0
  countedHeld = 0
  /** Since when unsent replies are over the soft limit, Unix ms; 0 = they are not. */
  overSoftLimitSince = 0
  /** About how many bytes the keys it watches take. */
  watchedBytes = 0
  /** The user, if it may not do everything. */
  restrictedTo: User | undefined
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
  /** While answers are due: the shard that a command over several was mailed to, if there is such. */
  spanning: number = NO_SHARD
  /** Answers that came before their turn, by shard. */
  #stashes: (Stash | undefined)[] = []
  /** Replies on their way to the socket while answers are due. */
  out: Reply | undefined
  /** It has a run of bytes among the router's replies of this turn, which goes first. */
  hasRun = false
  /** Without `out`: messages on their way to the socket, a run of what others get as well. */
  handout: Handout | undefined
  handoutStart = 0
  handoutEnd = 0
  /** Bytes of replies that wait for the disk. */
  heldBytes = 0

  /** Messages that wait until no answer is due. */
  pushes: Reply | undefined

  /** What MULTI has begun. */
  queue: Queue | undefined
  /** A byte a shard: 1 where it WATCHes keys. */
  watched: Uint8Array | undefined
  /** The command that it waits in. */
  wait: ClientWait | undefined
  /** The last mailed command that may make it wait. */
  blockingEntry: Entry | undefined
  /** The command of the router that is to reply later. */
  late: LateCommand | undefined
  /** Takes the answer that is due in the place of the output. */
  awaits: ((reply: Uint8Array, wanted: boolean) => void) | undefined
  /** Takes the place of `later` for a command within EXEC. */
  captures: (() => (write: WriteReply) => void) | undefined

  constructor(
    router: Router,
    socket: Transport,
    id: number,
    slot: number,
    address: string,
    localAddress: string,
    isUnix: boolean,
  ) {
    this.router = router
    this.socket = socket
    this.id = id
    this.slot = slot
    this.address = address
    this.localAddress = localAddress
    this.isUnix = isUnix
    this.fd = (socket as { _handle?: { fd: number } })._handle?.fd ?? -1
    this.createdAt = Date.now()
    this.lastActive = this.createdAt
    this.share = new Share(this.createdAt)
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
  append(u8: Uint8Array, from: number, length: number): void {
    this.#reserve(this.buffered + length, this.parser?.needed ?? 0)
    this.buffer.set(u8.subarray(from, from + length), this.buffered)
    this.buffered += length
  }

  /** Room for `bytes`; a long argument gets exactly what it needs, so that it is not copied as it comes. */
  #reserve(bytes: number, needed: number): void {
    if (bytes <= this.buffer.length && needed <= this.buffer.length) return
    const grown = this.buffer.length + Math.min(this.buffer.length, GROWTH_BYTES_MAX)
    const larger = byteArray(Math.max(needed, bytes <= needed ? 0 : Math.max(bytes, grown), BUFFER_BYTES_MIN))
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

  /**
   * Gives away the buffer, if the command that ends at `end` is all that it holds: a large argument then moves to its
   * shard without a copy.
   */
  readonly surrenders = (req: Request, end: number): Uint8Array<ArrayBuffer> | undefined => {
    const { buffer } = this
    if (req.u8 !== buffer || end !== this.buffered) return undefined
    this.buffer = NO_BYTES
    return buffer
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
    if (this.awaits !== undefined) return this.#give(this.awaits, u8, at, length)
    if ((this.due[this.dueFirst] & UNWANTED) === 0) this.output().raw(u8, at, length)
    else if (this.isMaster) this.router.replication.link.replied(u8, at, length)
    this.#settleFirst()
  }

  #give(awaits: (reply: Uint8Array, wanted: boolean) => void, u8: Uint8Array, at: number, length: number): void {
    this.awaits = undefined
    const { pushes } = this
    this.pushes = undefined
    const wanted = this.takeDue()
    // Whoever asks for the output is flushed and settled by the router.
    this.output()
    if (!this.closed) awaits(u8.slice(at, at + length), wanted)
    if (pushes !== undefined) this.output().raw(pushes.u8, 0, pushes.length)
  }

  /** Strikes out the answer that is due first, which comes another way. Returns whether it is wanted. */
  takeDue(): boolean {
    const wanted = (this.due[this.dueFirst] & UNWANTED) === 0
    this.#settleFirst()
    return wanted
  }

  /** As `answer`, for a reply in a buffer of its own, which is sent as it is when its turn has come. */
  answerLarge(shard: number, u8: Uint8Array): void {
    if ((this.due[this.dueFirst] & ~UNWANTED) !== shard) {
      this.#stash(shard).push(u8, 0, u8.length)
      return
    }
    if (this.awaits !== undefined) return this.#give(this.awaits, u8, 0, u8.length)
    // Whoever asks for the output is flushed and settled by the router.
    this.output()
    if ((this.due[this.dueFirst] & UNWANTED) === 0) this.router.writeLarge(this, u8)
    this.output()
    this.#settleFirst()
  }

  /** The answer that was due first is given; those stashed behind it may follow. */
  #settleFirst(): void {
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
      // Whoever waits for this moment hears of it even if no answer was wanted.
      if ((this.holds & HOLD.ANSWERS) !== 0 || this.isMaster || this.closing) this.output()
      if (this.pushes !== undefined) this.#releasePushes()
    }
  }

  #releasePushes(): void {
    const pushes = this.pushes as Reply
    this.pushes = undefined
    this.output().raw(pushes.u8, 0, pushes.length)
  }

  /**
   * Where to put a message that must not overtake the answers now due. While one waits for them, no further commands are
   * read, so it does not wait for long.
   */
  outputBehindDue(): Reply {
    if (this.owed === 0) return this.router.outputFor(this)
    this.holds |= HOLD.ANSWERS
    this.pushes ??= new Reply(256)
    this.pushes.resp = this.resp
    return this.pushes
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
      if (this.handout === undefined) this.router.willFlush(this)
      else this.#copyHandout(this.handout)
    }
    return this.out
  }

  #copyHandout({ messages }: Handout): void {
    this.handout = undefined
    this.out?.raw(messages.u8, this.handoutStart, this.handoutEnd - this.handoutStart)
  }

  /** Gives it messages, which lie in `handout` from `start` to `end`. */
  hand(handout: Handout, start: number, end: number): void {
    if (this.out === undefined && this.handout === undefined) {
      this.handout = handout
      this.handoutStart = start
      this.handoutEnd = end
      this.router.willFlush(this)
    } else if (this.handout === handout && this.handoutEnd === start) {
      this.handoutEnd = end
    } else {
      this.output().raw(handout.messages.u8, start, end - start)
    }
  }

  // ---- what commands ask of their client

  later(): (write: WriteReply) => void {
    if (this.captures !== undefined) return this.captures()
    this.holds |= HOLD.LATER
    return write => {
      if (this.closed) return
      const out = this.output()
      out.resp = this.resp
      const before = out.length
      const { errors } = out
      write(out)
      this.router.endedLater(this, out, out.errors !== errors)
      this.router.replied(this, before, out)
      this.router.unhold(this, HOLD.LATER)
    }
  }

  closeAfterReply(): void {
    this.closing = true
  }

  reset(): void {
    this.discard()
    this.router.stopMonitor(this)
    this.router.subscriptions.removeAll(this)
    this.tracking.reset()
    this.router.trackingChanged(this)
    this.flags = 0
    this.keepsConnection = false
    this.name = ''
    this.db = 0
    this.resp = 2
    this.replyMode = 'on'
    this.router.welcome(this)
  }

  /** Whether it listens to anything. */
  get isSubscriber(): boolean {
    return this.channelCount + this.patternCount + this.shardChannelCount > 0
  }

  unblock(asError: boolean): boolean {
    return this.router.blocking.unblock(this, asError) || this.router.replication.unblock(this)
  }

  get isBlocked(): boolean {
    return this.wait !== undefined || this.isPaused || this.isWaiting
  }

  // ---- transactions

  get isInExec(): boolean {
    return this.captures !== undefined
  }

  get queuedCount(): number {
    return this.queue?.count ?? -1
  }

  get queuedBytes(): number {
    return this.queue?.bytes ?? 0
  }

  multi(): void {
    this.queue = queueTake(this.router.engine.shards.length, this.db)
  }

  discard(): void {
    this.queue = undefined
    this.unwatch()
  }

  unwatch(): void {
    const { watched } = this
    if (watched === undefined) return
    this.watched = undefined
    this.watchedBytes = 0
    this.router.blocking.unwatch(this, watched)
  }

  get isDirty(): boolean {
    return this.watched !== undefined && this.router.blocking.isDirty(this, this.watched)
  }

  get inputBytes(): number {
    return this.buffered - (this.parser?.bytesBeforeLong ?? 0)
  }

  get inputRoom(): number {
    return Math.max(this.buffer.length, this.share.inputRoom) - this.buffered
  }

  get inputHeld(): number {
    return this.buffer.length
  }

  get replyRoom(): number {
    return this.share.replyRoom
  }

  get replyPeak(): number {
    return this.share.replyPeak
  }

  get outputBytes(): number {
    const handed = this.handout === undefined ? 0 : this.handoutEnd - this.handoutStart
    return this.socket.unsent + this.heldBytes + (this.out?.length ?? handed)
  }
}

const NO_BYTES = byteArray(0)
