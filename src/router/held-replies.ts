// Replies that wait for the disk: with `appendfsync always` nobody hears of a change before the disk has it.
//
// The router goes on meanwhile. What it replies in one turn is a batch, which waits for what was written by the end of that
// turn and no more: the sync that is begun next serves it (group commit). Replies leave in the order in which they were
// given. Small ones are copied here, so that the buffer they lie in can be used again; large ones are kept where they are.
// At most BATCHES_MAX batches wait, so that a disk that hangs costs the memory of the replies and not much more.

import { Reply } from '../protocol/reply.ts'
import type { Connection } from './connection.ts'

/** Longer ones are kept instead of copied. */
const COPIED_BYTES_MAX = 64 * 1024

/** While so many batches wait for a slow disk, what is replied joins the next one, whatever the turn. */
const BATCHES_MAX = 8

/** Sends bytes. Returns whether they may be overwritten now. */
export type Transmit = (client: Connection, bytes: Buffer) => boolean

/** How far the logs are, as ThreadLog knows it. */
export interface LogPositions {
  /** Notes in `positions`, by shard, how far the logs have come. */
  noteAppended(positions: Int32Array): void
  /** Whether the disk has them that far. */
  isOnDisk(positions: Int32Array): boolean
}

class Batch {
  readonly clients: Connection[] = []
  /** For each piece its bytes, or null if they end at its place in `ends`. */
  readonly kept: (Buffer | null)[] = []
  readonly ends: number[] = []
  readonly copied = new Reply(4096)
  /** By shard: how far the disk must be. */
  readonly target: Int32Array
  bytes = 0

  constructor(shards: number) {
    this.target = new Int32Array(shards)
  }

  add(client: Connection, bytes: Buffer): boolean {
    const isCopied = bytes.length <= COPIED_BYTES_MAX
    if (isCopied) this.copied.raw(bytes)
    this.clients.push(client)
    this.kept.push(isCopied ? null : bytes)
    this.ends.push(this.copied.length)
    this.bytes += bytes.length
    client.heldBytes += bytes.length
    return isCopied
  }

  release(transmit: Transmit): void {
    const { clients, kept, ends, copied } = this
    let start = 0
    let canReuse = true
    for (let i = 0; i < clients.length; i++) {
      const client = clients[i]
      const bytes = kept[i] ?? Buffer.from(copied.u8.buffer, start, ends[i] - start)
      start = ends[i]
      client.heldBytes -= bytes.length
      if (!transmit(client, bytes) && kept[i] === null) canReuse = false
    }
    clients.length = 0
    kept.length = 0
    ends.length = 0
    this.bytes = 0
    if (canReuse) copied.reset()
    else copied.take()
  }
}

export class HeldReplies {
  readonly #log: LogPositions
  readonly #transmit: Transmit
  readonly #shards: number
  /** What waits for the disk, oldest first. */
  readonly #waiting: Batch[] = []
  /** What has been replied in this turn. */
  #open: Batch
  /** Batches to be used again. */
  readonly #spare: Batch[] = []
  /** Bytes held back. */
  bytes = 0

  constructor(log: LogPositions, shards: number, transmit: Transmit) {
    this.#log = log
    this.#transmit = transmit
    this.#shards = shards
    this.#open = new Batch(shards)
  }

  /** Whether anything is to be done: a batch is complete, or may be sent. */
  get isDue(): boolean {
    return this.#isComplete || this.#maySend
  }

  get #isComplete(): boolean {
    return this.#open.bytes > 0 && this.#waiting.length < BATCHES_MAX
  }

  get #maySend(): boolean {
    return this.#waiting.length > 0 && this.#log.isOnDisk(this.#waiting[0].target)
  }

  /** Whether nothing has been replied in this turn yet. */
  get isTurnEmpty(): boolean {
    return this.#open.bytes === 0
  }

  /** Holds a reply back. Returns whether its bytes may be overwritten now. */
  add(client: Connection, bytes: Buffer): boolean {
    this.bytes += bytes.length
    return this.#open.add(client, bytes)
  }

  /** The turn is over. Sends what the disk allows. */
  look(): void {
    while (this.isDue) {
      if (this.#isComplete) this.#close()
      else this.#sendFirst()
    }
  }

  #close(): void {
    const batch = this.#open
    this.#log.noteAppended(batch.target)
    this.#waiting.push(batch)
    this.#open = this.#spare.pop() ?? new Batch(this.#shards)
  }

  #sendFirst(): void {
    const batch = this.#waiting.shift() as Batch
    this.bytes -= batch.bytes
    batch.release(this.#transmit)
    this.#spare.push(batch)
  }
}
