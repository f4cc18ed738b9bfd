// The router's clients that wait: who they are, when their time is up, and what they get in the end.
//
// A wait ends by whoever takes its claim: the thread that serves it, or this router, when the time is up, the client is
// gone, or CLIENT UNBLOCK says so. What is left of the waiter on other shards is then cleared away by errands; until
// then it is dead, which its claim shows.

import type { Entry } from '../commands/table.ts'
import { Reply } from '../protocol/reply.ts'
import { END, MAIL } from '../shard/mail.ts'
import { BLOCKED, SERVED, WordBuffer } from '../shard/word.ts'
import { claimTake } from '../shared/claims.ts'
import { lockWord } from '../shared/control.ts'
import { lockTry, unlock } from '../shared/lock.ts'
import { STAT } from '../shared/statistics.ts'
import type { Engine } from '../store/engine.ts'
import { memoryRefresh } from '../store/memory.ts'
import { waiterFind, waiterRemove } from '../store/waiters.ts'
import type { Waits } from '../store/waits.ts'
import { watchChanged, watchEnd } from '../store/watches.ts'
import { type Connection, HOLD } from './connection.ts'
import type { Post } from './post.ts'
import type { Router } from './router.ts'

/** A client's wait. */
export interface ClientWait {
  readonly ticket: number
  /** A byte a shard, 1 where it waits. */
  readonly shards: Uint8Array
  readonly entry: Entry
  /** Whether CLIENT REPLY lets the reply through. */
  readonly wanted: boolean
  timer: NodeJS.Timeout | undefined
}

/** What a client got. */
interface Early {
  readonly slot: number
  readonly shard: number
  readonly reply: Uint8Array
}

/** Longest time that a timer takes; a longer wait sets it anew. */
const TIMER_MS_MAX = 2 ** 31 - 1
const UNBLOCKED = 'UNBLOCKED client unblocked via CLIENT UNBLOCK'

export class Blocking {
  readonly #router: Router
  readonly #engine: Engine
  readonly #post: Post
  readonly #control: Int32Array
  readonly #claims: Int32Array
  readonly #word = new WordBuffer()
  readonly #errand = new Uint8Array(8)
  readonly #errandWords = new Uint32Array(this.#errand.buffer)
  /** What clients got before word came here that they wait, by ticket. */
  readonly #early = new Map<number, Early>()
  readonly #clientOf: (slot: number) => Connection | undefined
  #count = 0
  /** Clients that wait for something else than keys. */
  #others = 0
  #untilEnd = 0

  constructor(
    router: Router,
    post: Post,
    control: Int32Array,
    claims: Int32Array,
    clientOf: (slot: number) => Connection | undefined,
  ) {
    this.#router = router
    this.#engine = router.engine
    this.#post = post
    this.#control = control
    this.#claims = claims
    this.#clientOf = clientOf
  }

  // ---- a wait begins

  /** The command that a client has just had run in passing makes it wait. */
  began(client: Connection, entry: Entry, waits: Waits): void {
    this.#begin(client, entry, waits.ticket, waits.timeoutMs, waits.shards.slice(), this.#router.wantsReply(client))
  }

  /** Word has come that a mailed command makes its client wait. */
  blocked(slot: number, u8: Uint8Array, at: number, length: number): void {
    const client = this.#clientOf(slot)
    if (client === undefined) return
    const view = new DataView(u8.buffer, u8.byteOffset + at, length)
    const ticket = view.getUint32(BLOCKED.TICKET, true)
    const timeoutMs = view.getFloat64(BLOCKED.TIMEOUT, true)
    const wanted = client.takeDue()
    this.#begin(
      client,
      client.blockingEntry as Entry,
      ticket,
      timeoutMs,
      u8.slice(at + BLOCKED.SHARDS, at + length),
      wanted,
    )
    const early = this.#takeEarly(slot, ticket)
    if (client.closed || client.closing) {
      this.gone(client)
      // Whoever asks for the output is flushed and settled by the router, which then frees the slot.
      client.output()
    } else if (early !== undefined) {
      this.#finish(client, early.shard, early.reply, 0, early.reply.length)
    } else {
      // No answer is due any more. It is read on, or its end would go unnoticed.
      client.holds &= ~HOLD.ANSWERS
      client.socket.resume()
    }
  }

  /** What the client in this slot got ahead of the word that it waits. What others before it left there is dropped. */
  #takeEarly(slot: number, ticket: number): Early | undefined {
    const early = this.#early.get(ticket)
    for (const [key, each] of this.#early) if (each.slot === slot) this.#early.delete(key)
    return early
  }

  #begin(
    client: Connection,
    entry: Entry,
    ticket: number,
    timeoutMs: number,
    shards: Uint8Array,
    wanted: boolean,
  ): void {
    const wait: ClientWait = { ticket, shards, entry, wanted, timer: undefined }
    client.wait = wait
    client.holds |= HOLD.BLOCKED
    this.#post.expect(1)
    // From now on word may come although no answer is due.
    this.#router.pollSoon()
    this.#count++
    this.#tellCount()
    if (timeoutMs > 0) this.#setTimer(client, wait, timeoutMs)
  }

  #setTimer(client: Connection, wait: ClientWait, ms: number): void {
    const rest = ms - TIMER_MS_MAX
    wait.timer = setTimeout(
      () => {
        if (rest > 0) this.#setTimer(client, wait, rest)
        else this.end(client, undefined)
      },
      Math.min(ms, TIMER_MS_MAX),
    )
  }

  // ---- a wait ends

  /** A client of this thread's router or of another's has been served on a shard, which has forgotten it. */
  deliver(router: number, slot: number, ticket: number, shard: number, reply: Reply): void {
    if (router !== this.#router.index) {
      this.#router.commitLog()
      this.#word.forward(router, slot, ticket, shard, reply)
      this.#post.errand(shard, MAIL.FORWARD, this.#word.u8, this.#word.length)
      return
    }
    this.#arrived(slot, ticket, shard, reply.u8, 0, reply.length)
  }

  /** Word has come of what a client got. */
  served(slot: number, u8: Uint8Array, at: number, length: number): void {
    const view = new DataView(u8.buffer, u8.byteOffset + at, length)
    const ticket = view.getUint32(SERVED.TICKET, true)
    this.#arrived(slot, ticket, view.getUint32(SERVED.SHARD, true), u8, at + SERVED.REPLY, length - SERVED.REPLY)
  }

  #arrived(slot: number, ticket: number, shard: number, u8: Uint8Array, at: number, length: number): void {
    const client = this.#clientOf(slot)
    if (client === undefined) return
    if (client.wait?.ticket === ticket) this.#finish(client, shard, u8, at, length)
    // Otherwise word that it waits is still on its way from the owner of another shard, or the client is gone.
    else if (client.owed > 0) this.#early.set(ticket, { slot, shard, reply: u8.slice(at, at + length) })
  }

  #finish(client: Connection, servedBy: number, u8: Uint8Array, at: number, length: number): void {
    const wait = client.wait as ClientWait
    this.#forget(client, wait)
    let isElsewhere = false
    for (let shard = 0; shard < wait.shards.length; shard++) {
      if (wait.shards[shard] === 0 || shard === servedBy) continue
      this.#endAt(shard, END.WAIT, wait.ticket)
      isElsewhere = true
    }
    if (isElsewhere) this.#post.publish()
    const out = client.output()
    if (wait.wanted) out.raw(u8, at, length)
    this.#router.wasServed(client)
    client.holds = (client.holds & ~HOLD.BLOCKED) | HOLD.ANSWERS
  }

  #forget(client: Connection, wait: ClientWait): void {
    if (wait.timer !== undefined) clearTimeout(wait.timer)
    client.wait = undefined
    this.#post.expect(-1)
    this.#count--
    this.#tellCount()
  }

  #tellCount(): void {
    this.#router.statistics.set(STAT.BLOCKED_CLIENTS, this.#count + this.#others + this.#untilEnd)
  }

  /** So many clients wait for replicas or for the disk. */
  othersWaiting(count: number): void {
    this.#others = count
    this.#tellCount()
  }

  /** So many more clients wait for the end of the server, or fewer. */
  endAwaited(change: number): void {
    this.#untilEnd += change
    this.#tellCount()
  }

  /** Ends a wait without what was waited for: with a nil, or with this error. Returns false if it was ending anyway. */
  end(client: Connection, error: string | undefined): boolean {
    const { wait } = client
    if (wait === undefined || !claimTake(this.#claims, client.slot, wait.ticket)) return false
    const reply = new Reply(256)
    reply.resp = client.resp
    if (error !== undefined) {
      reply.error(error)
      this.#router.statistics.failedWith(error.slice(0, error.indexOf(' ')))
      this.#router.statistics.failedLate(wait.entry.id)
    } else reply.nilArray()
    this.#finish(client, -1, reply.u8, 0, reply.length)
    return true
  }

  /** CLIENT UNBLOCK. */
  unblock(client: Connection, asError: boolean): boolean {
    return this.end(client, asError ? UNBLOCKED : undefined)
  }

  /** The client's connection has ended. What it waited for goes to the next in line. */
  gone(client: Connection): void {
    const { wait } = client
    if (wait === undefined) return
    // If the claim is lost, what it was served with comes to nobody: as when a reply is lost on the way.
    claimTake(this.#claims, client.slot, wait.ticket)
    this.#forget(client, wait)
    client.holds &= ~HOLD.BLOCKED
    for (let shard = 0; shard < wait.shards.length; shard++) {
      if (wait.shards[shard] === 1) this.#endAt(shard, END.WAIT, wait.ticket)
    }
    this.#post.publish()
  }

  // ---- clearing away

  /** A client watches nothing any more on the shards marked in `shards`. */
  unwatch(client: Connection, shards: Uint8Array): void {
    for (let shard = 0; shard < shards.length; shard++)
      if (shards[shard] === 1) this.#endAt(shard, END.WATCH, client.id)
    this.#post.publish()
  }

  /** Whether a key that a client watches has changed, as far as the shards marked in `shards` can be asked at once. */
  isDirty(client: Connection, shards: Uint8Array): boolean {
    let isDirty = false
    for (let shard = 0; shard < shards.length && !isDirty; shard++) {
      if (shards[shard] === 0 || !lockTry(this.#control, lockWord(shard))) continue
      const { m } = this.#engine.shards[shard]
      memoryRefresh(m)
      isDirty = watchChanged(m, client.id)
      unlock(this.#control, lockWord(shard))
    }
    return isDirty
  }

  /** Clears away on a shard: here if it is free and nothing of ours is on its way there, else by its owner. */
  #endAt(shard: number, what: number, number: number): void {
    const word = lockWord(shard)
    if (!this.#post.isQueued(shard) && lockTry(this.#control, word)) {
      const { m } = this.#engine.shards[shard]
      memoryRefresh(m)
      if (what === END.WATCH) {
        watchEnd(m, number)
      } else {
        const waiter = waiterFind(m, number)
        if (waiter !== 0) waiterRemove(m, waiter)
      }
      unlock(this.#control, word)
      return
    }
    this.#errandWords[0] = what
    this.#errandWords[1] = number
    this.#post.errand(shard, MAIL.END, this.#errand, this.#errand.length)
  }
}
