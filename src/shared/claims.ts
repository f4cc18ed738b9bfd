// Who gets to end a client's wait. A client that blocks may be served by any thread that holds the lock of one of its
// keys, or its time may be up, or it may be gone: whoever takes its claim first decides, everybody else lets be.
//
// One block a router, a word for every slot of its connections:
//
//   OFFSET  SIZE  FIELD   WRITER           MEANING
//    4 * n     4  slot n  whoever opens    the ticket of the wait that is on; 0 = none
//                         or takes it
//
// A ticket is never used twice (but for the wrap after 2^32), so a claim that is out of date cannot be taken.

import { CONTROL } from './control.ts'

/** Slots a router may have: more clients than a process can have sockets. */
export const CLAIMS = 1 << 20

export const claimsCreate = (): SharedArrayBuffer => new SharedArrayBuffer(4 * CLAIMS)

/** A new ticket, from the control block's counter; never 0. */
export function ticketDraw(control: Int32Array): number {
  for (;;) {
    const ticket = (Atomics.add(control, CONTROL.TICKETS / 4, 1) + 1) >>> 0
    if (ticket !== 0) return ticket
  }
}

/** A wait begins. */
export function claimOpen(claims: Int32Array, slot: number, ticket: number): void {
  Atomics.store(claims, slot, ticket | 0)
}

/** Whether the wait is still on. Out of date at once, unless the answer is no. */
export const claimIsOpen = (claims: Int32Array, slot: number, ticket: number): boolean =>
  Atomics.load(claims, slot) === (ticket | 0)

/** Ends a wait. Returns false if somebody else has. */
export const claimTake = (claims: Int32Array, slot: number, ticket: number): boolean =>
  Atomics.compareExchange(claims, slot, ticket | 0, 0) === (ticket | 0)
