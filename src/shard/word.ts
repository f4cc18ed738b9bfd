// Word of clients that wait, between threads: that one waits (BLOCKED), and what it got (SERVED, FORWARD).
//
// BLOCKED:
//
//   OFFSET  SIZE  FIELD    MEANING
//        0     4  TICKET
//        4     4  -
//        8     8  TIMEOUT  f64, ms; 0 = for ever
//       16     N  SHARDS   u8 a shard, 1 = it waits there
//
// SERVED, and behind u32 ROUTER and u32 SLOT also FORWARD, which a router sends to a shard's owner for another router:
//
//   OFFSET  SIZE  FIELD   MEANING
//        0     4  TICKET
//        4     4  SHARD   the one that served it
//        8        the reply

import { copyBytes } from '../bytes/copy.ts'
import type { Reply } from '../protocol/reply.ts'
import type { Waits } from '../store/waits.ts'

export const BLOCKED = { TICKET: 0, TIMEOUT: 8, SHARDS: 16 } as const
export const SERVED = { TICKET: 0, SHARD: 4, REPLY: 8 } as const
export const FORWARD = { ROUTER: 0, SLOT: 4, SERVED: 8 } as const

/** A buffer to put such words together in; one per thread, reused. */
export class WordBuffer {
  u8 = new Uint8Array(4096)
  #view = new DataView(this.u8.buffer)
  length = 0

  #reserve(bytes: number): void {
    this.length = bytes
    if (bytes <= this.u8.length) return
    this.u8 = new Uint8Array(bytes * 2)
    this.#view = new DataView(this.u8.buffer)
  }

  blocked(waits: Waits): void {
    const { shards } = waits
    this.#reserve(BLOCKED.SHARDS + shards.length)
    this.#view.setUint32(BLOCKED.TICKET, waits.ticket, true)
    this.#view.setFloat64(BLOCKED.TIMEOUT, waits.timeoutMs, true)
    this.u8.set(shards, BLOCKED.SHARDS)
  }

  served(ticket: number, shard: number, reply: Reply): void {
    this.#reserve(SERVED.REPLY + reply.length)
    this.#served(0, ticket, shard, reply)
  }

  forward(router: number, slot: number, ticket: number, shard: number, reply: Reply): void {
    this.#reserve(FORWARD.SERVED + SERVED.REPLY + reply.length)
    this.#view.setUint32(FORWARD.ROUTER, router, true)
    this.#view.setUint32(FORWARD.SLOT, slot, true)
    this.#served(FORWARD.SERVED, ticket, shard, reply)
  }

  #served(at: number, ticket: number, shard: number, reply: Reply): void {
    this.#view.setUint32(at + SERVED.TICKET, ticket, true)
    this.#view.setUint32(at + SERVED.SHARD, shard, true)
    copyBytes(this.u8, at + SERVED.REPLY, reply.u8, 0, reply.length)
  }
}
