// Serves clients that wait for keys which have changed, before anything else runs on their shards: in the order in which
// the keys changed, and key by key in the order in which the clients came. Serving one may make another key ready
// (BLMOVE); all such chains settle here.

import { Reply } from '../protocol/reply.ts'
import { Request } from '../protocol/request.ts'
import { claimIsOpen, claimTake } from '../shared/claims.ts'
import type { Engine } from '../store/engine.ts'
import { itemKeyAt, itemKeyLength } from '../store/item.ts'
import { type MarkRef, markDb, markFirst, markRelease, markSetReady } from '../store/marks.ts'
import type { Shard } from '../store/shard.ts'
import {
  placeArg,
  placeNext,
  placeWaiter,
  type WaiterRef,
  waiterCommand,
  waiterRemove,
  waiterRequest,
  waiterRouter,
  waiterSlot,
  waiterTicket,
} from '../store/waiters.ts'
import type { Waits } from '../store/waits.ts'
import type { Runner } from './runner.ts'
import { entries } from './table.ts'

/** Takes the reply of a client that has been served on a shard to its router. */
export type DeliverServed = (router: number, slot: number, ticket: number, shard: number, reply: Reply) => void

export class Attendant {
  readonly #runner: Runner
  readonly #engine: Engine
  readonly #waits: Waits
  readonly #deliver: DeliverServed
  readonly #req = new Request()
  readonly #reply = new Reply(4096)
  /** Whether the waiter last served would have been as well if its key had gone: those behind it may be like it. */
  #mindedLoss = false

  constructor(runner: Runner, waits: Waits, deliver: DeliverServed) {
    this.#runner = runner
    this.#engine = runner.engine
    this.#waits = waits
    this.#deliver = deliver
  }

  /** Serves all that can be. The locks of the shards that have ready keys are held, and those their waiters need. */
  serve(now: number): void {
    const { ready, shards } = this.#engine
    for (let i = 0; i < ready.length; i += 2) {
      const shard = shards[ready[i]]
      const mark = ready[i + 1] as MarkRef
      this.#serveKey(shard, mark, now)
      // Looking at what is there may have deleted what has expired.
      this.#runner.passOn()
      markSetReady(shard.m, mark, false)
      markRelease(shard.m, mark)
    }
    ready.length = 0
  }

  #serveKey(shard: Shard, mark: MarkRef, now: number): void {
    const { m } = shard
    this.#engine.begin(now)
    for (let place = markFirst(m, mark); place !== 0; ) {
      const waiter = placeWaiter(m, place)
      const arg = placeArg(m, place)
      place = placeNext(m, place)
      // A client may wait for the same key twice.
      while (place !== 0 && placeWaiter(m, place) === waiter) place = placeNext(m, place)
      const isServed = this.#serveWaiter(shard, waiter, arg, now)
      if (isServed && !this.#mindedLoss && !hasKey(shard, mark)) return
    }
  }

  /** Returns whether the waiter was served. */
  #serveWaiter(shard: Shard, waiter: WaiterRef, arg: number, now: number): boolean {
    const { m } = shard
    const ticket = waiterTicket(m, waiter)
    const router = waiterRouter(m, waiter)
    const slot = waiterSlot(m, waiter)
    const claims = this.#waits.claims(router)
    if (!claimIsOpen(claims, slot, ticket)) {
      waiterRemove(m, waiter)
      return false
    }
    const waiting = entries[waiterCommand(m, waiter)].shard?.waiting
    if (waiting === undefined) return false
    this.#mindedLoss = waiting.mindsLoss === true
    const req = this.#req
    waiterRequest(m, waiter, req)
    if (!waiting.isReady(shard, req, arg)) return false
    // From here on nobody else serves it or lets it go.
    if (claimTake(claims, slot, ticket)) {
      const reply = this.#reply
      reply.reset(4096)
      reply.resp = req.resp
      this.#runner.passOn()
      this.#engine.begin(now)
      const { errors } = reply
      this.#runner.journal.begin(shard, req.db, false)
      const entry = entries[waiterCommand(m, waiter)]
      const startedAt = performance.now()
      waiting.serve(shard, req, reply, arg)
      if (reply.errors !== errors) this.#runner.failedLate(entry.id, reply)
      this.#runner.tally.noteSlow(entry, req, (performance.now() - startedAt) * 1000)
      this.#runner.passOn()
      this.#deliver(router, slot, ticket, shard.index, reply)
    }
    waiterRemove(m, waiter)
    return true
  }
}

function hasKey(shard: Shard, mark: MarkRef): boolean {
  const { m } = shard
  return shard.findKey(markDb(m, mark), m.u8, itemKeyAt(m, mark), itemKeyLength(m, mark)) !== 0
}
