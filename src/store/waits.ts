// How commands make their client wait, for one thread: who the client is, and what came of it.
//
// Whoever runs a command that may block says for whom (`begin`) and looks afterwards whether the client waits (`ticket`).
// A client for whom nobody has said so, as within a transaction, cannot wait.

import { type Request, SENDER } from '../protocol/request.ts'
import { claimOpen, ticketDraw } from '../shared/claims.ts'
import type { Shard } from './shard.ts'
import { waiterAdd, waiterFind, waiterQueue } from './waiters.ts'

/** What a command waits for. */
export interface Wait {
  /** Its keys: so many arguments from this one on. */
  readonly first: number
  readonly count: number
  /** The argument that is a key which serving it writes as well, 0 = none. */
  readonly target: number
  /** 0 = for ever. */
  readonly timeoutMs: number
}

const NOBODY = -1

export class Waits {
  /** Set when the command just run makes its client wait. */
  ticket = 0
  timeoutMs = 0
  /** The shards where it waits, a byte each: 1 if it does. */
  readonly shards: Uint8Array
  readonly #control: Int32Array
  readonly #claims: readonly Int32Array[]
  #router = 0
  #slot = NOBODY
  #command = 0

  constructor(control: Int32Array, claims: readonly Int32Array[], shards: number) {
    this.#control = control
    this.#claims = claims
    this.shards = new Uint8Array(shards)
  }

  /** The claims of a router's clients. */
  claims(router: number): Int32Array {
    return this.#claims[router]
  }

  /** The command that runs next may make this client wait. */
  begin(router: number, slot: number, command: number): void {
    this.#router = router
    this.#slot = slot
    this.#command = command
    this.ticket = 0
  }

  end(): void {
    this.#slot = NOBODY
  }

  /** Whether the command that has just run makes its client wait. */
  get hasBegun(): boolean {
    return this.#slot !== NOBODY && this.ticket !== 0
  }

  /** Whether the client of this command may be made to wait. */
  mayWait(req: Request): boolean {
    return this.#slot !== NOBODY && (req.sender.flags & SENDER.DENY_BLOCKING) === 0
  }

  /** Makes the client wait, at the end of the queues of its keys. All their shards' locks are held. */
  wait(shard: Shard, req: Request, { first, count, target, timeoutMs }: Wait): void {
    const ticket = ticketDraw(this.#control)
    this.ticket = ticket
    this.timeoutMs = timeoutMs
    this.shards.fill(0)
    const far = target === 0 ? -1 : shard.ofKey(req, target).index
    for (let arg = first; arg < first + count; arg++) {
      const { m, index } = shard.ofKey(req, arg)
      this.shards[index] = 1
      const known = waiterFind(m, ticket)
      const waiter =
        known !== 0
          ? known
          : waiterAdd(m, ticket, this.#router, this.#slot, this.#command, far === index ? -1 : far, req)
      waiterQueue(m, waiter, req.db, req, arg)
    }
    // Last: whoever reads the ticket here finds the waiters in place. (It needs the locks to look for them.)
    claimOpen(this.#claims[this.#router], this.#slot, ticket)
  }
}
