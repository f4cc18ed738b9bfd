// Word that keys have changed of which clients may have copies (CLIENT TRACKING), gathered by the thread that changed
// them until it passes it on: a batch of records, in the order of the changes.
//
//   OFFSET  SIZE  FIELD    MEANING
//        0     1  KIND     CHANGE
//        1     1  TO_ALL   1 = clients that are told of every change are told of this one
//        2     2  -
//        4     4  WRITER   id of the client whose command it was, 0 = the server did it of its own accord
//        8     4  LENGTH   bytes of the key
//       12     4  COUNT    clients that have read the key
//       16   4*N  CLIENTS  their ids
//        …        the key, and up to 3 bytes that make the record a multiple of 4
//
// What costs nothing as long as nobody tracks: whoever changes a key looks at ROOT.MARKS first, and comes here only if
// somebody has an eye on any key of the shard.

import { copyBytes } from '../bytes/copy.ts'
import type { Engine } from './engine.ts'
import { itemKeyAt, itemKeyLength } from './item.ts'
import type { Memory } from './memory.ts'
import type { Shard } from './shard.ts'
import {
  broadcastsTo,
  hasBroadcasts,
  type TrackedRef,
  trackedClear,
  trackedClient,
  trackedClients,
  trackedFind,
  trackedRandom,
  trackedRemove,
} from './tracked.ts'

export const CHANGE = { KEY: 1, FLUSH: 2 } as const

export const RECORD = { KIND: 0, TO_ALL: 1, WRITER: 4, LENGTH: 8, COUNT: 12, CLIENTS: 16 } as const

const BYTES_MIN = 1024

const roundUp = (bytes: number): number => (bytes + 3) & ~3

/** Bytes of the record at `at`. */
export function recordBytes(view: DataView, at: number): number {
  const count = view.getUint32(at + RECORD.COUNT, true)
  return RECORD.CLIENTS + 4 * count + roundUp(view.getUint32(at + RECORD.LENGTH, true))
}

export class Invalidations {
  u8 = new Uint8Array(BYTES_MIN)
  #u32 = new Uint32Array(this.u8.buffer)
  /** Bytes gathered, 0 = nothing has changed. */
  length = 0
  /** By router: 1 if it has clients to be told. */
  readonly routers: Uint8Array
  /** Shard of the last change: whose owner passes the word on. */
  shard = 0
  /** Passes on what was evicted for a command before the command runs; without it, all goes when the command is done. */
  passOnEarly: (() => void) | undefined
  readonly #engine: Engine

  constructor(engine: Engine, routers: number) {
    this.#engine = engine
    this.routers = new Uint8Array(routers)
  }

  /** A key of the shard has changed. */
  changed(shard: Shard, key: Uint8Array, at: number, length: number, byServer: boolean): void {
    const { m } = shard
    const broadcast = hasBroadcasts(m)
    const tracked = trackedFind(m, key, at, length)
    if (tracked === 0 && !broadcast) return
    this.shard = shard.index
    this.#record(m, broadcast, byServer ? 0 : this.#engine.writer, tracked, key, at, length)
    if (broadcast) for (let i = 0; i < this.routers.length; i++) if (broadcastsTo(m, i)) this.routers[i] = 1
    if (tracked !== 0) trackedRemove(m, tracked)
  }

  /** Gives up a tracked key at random: its clients are told as if it had changed. Returns whether there was one. */
  giveUp(shard: Shard): boolean {
    const { m } = shard
    const tracked = trackedRandom(m)
    if (tracked === 0) return false
    this.shard = shard.index
    this.#record(m, false, 0, tracked, m.u8, itemKeyAt(m, tracked), itemKeyLength(m, tracked))
    trackedRemove(m, tracked)
    return true
  }

  /** A client has read a key that there is no memory to remember: it is told at once, so that it keeps no copy. */
  forgotten(shard: Shard, key: Uint8Array, at: number, length: number, client: number): void {
    this.shard = shard.index
    const to = this.#begin(CHANGE.KEY, false, 0, 1, length)
    this.#tell(to / 4 + RECORD.CLIENTS / 4, client)
    copyBytes(this.u8, to + RECORD.CLIENTS + 4, key, at, length)
  }

  /** Keys are about to be flushed: all clients forget all copies, whatever the database. All locks are held. */
  flushed(): void {
    for (const { m } of this.#engine.shards) trackedClear(m)
    this.#begin(CHANGE.FLUSH, false, 0, 0, 0)
    this.routers.fill(1)
  }

  /** It has been passed on. */
  reset(): void {
    this.length = 0
    this.routers.fill(0)
    if (this.u8.length <= BYTES_MIN * 64) return
    this.u8 = new Uint8Array(BYTES_MIN)
    this.#u32 = new Uint32Array(this.u8.buffer)
  }

  #record(
    m: Memory,
    toAll: boolean,
    writer: number,
    tracked: TrackedRef | 0,
    key: Uint8Array,
    at: number,
    length: number,
  ): void {
    const count = tracked === 0 ? 0 : trackedClients(m, tracked)
    const to = this.#begin(CHANGE.KEY, toAll, writer, count, length)
    for (let i = 0; i < count; i++) {
      this.#tell(to / 4 + RECORD.CLIENTS / 4 + i, trackedClient(m, tracked as TrackedRef, i))
    }
    copyBytes(this.u8, to + RECORD.CLIENTS + 4 * count, key, at, length)
  }

  /** Ids are dealt out in turn: they tell the router (Router.accept). */
  #tell(word: number, client: number): void {
    this.#u32[word] = client
    this.routers[(client - 1) % this.routers.length] = 1
  }

  #begin(kind: number, toAll: boolean, writer: number, count: number, length: number): number {
    const at = this.length
    const end = at + RECORD.CLIENTS + 4 * count + roundUp(length)
    if (end > this.u8.length) this.#grow(end)
    this.length = end
    const word = at / 4
    this.#u32[word] = kind | (toAll ? 0x100 : 0)
    this.#u32[word + RECORD.WRITER / 4] = writer
    this.#u32[word + RECORD.LENGTH / 4] = length
    this.#u32[word + RECORD.COUNT / 4] = count
    return at
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(this.u8.length * 2, roundUp(needed)))
    larger.set(this.u8.subarray(0, this.length))
    this.u8 = larger
    this.#u32 = new Uint32Array(larger.buffer)
  }
}
