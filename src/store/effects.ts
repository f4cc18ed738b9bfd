// What was changed, as commands for the log and the replicas.
//
// By default that is the command itself. A handler whose outcome depends on chance, time, floats or who else was there
// says instead what it did: SPOP becomes SREM, a relative expiry becomes an absolute one, INCRBYFLOAT becomes SET.
// What the server deletes on the way (expired keys) is said when it happens. All that belongs together, a command's or
// a transaction's effects, is a unit: operations in the order in which they happened, until the journal takes it.
// Nothing is written unless somebody listens.

import { assert } from '../bytes/assert.ts'
import { Reply } from '../protocol/reply.ts'

/** Operations of which it is not known which shards they concern: all that are locked. */
export const ALL_LOCKED = -1
const NOBODY_LISTENS = 0

export class Effects {
  /** Whether the command itself is still to be passed on. */
  verbatim = true
  /** The operations so far, as RESP arrays. */
  readonly out = new Reply(4096)
  /** How many there are. */
  count = 0
  /** Where each begins in `out`. */
  starts = new Int32Array(16)
  /** The database each is about. */
  dbs = new Int32Array(16)
  /** The shard each concerns, or ALL_LOCKED. */
  shards = new Int32Array(16)
  /** Bits of deletions by the server, which nobody asked for: 1, else 0. */
  deletions = new Uint8Array(16)
  /** A transaction is run: the next command's effects join those before it. */
  isTransaction = false
  /** Somebody takes every unit, so that none is ever left over. */
  isTaken = false
  /** Database and shard of the operations that follow. */
  db = 0
  shard = 0
  #words: Int32Array
  #word: number

  constructor() {
    this.#words = new Int32Array(1)
    this.#word = 0
  }

  /** Goes by a word that all threads share (CONTROL.JOURNAL), which changes only while every shard is locked. */
  listen(words: Int32Array, word: number): void {
    this.#words = words
    this.#word = word
  }

  /** Who listens, as bits. */
  get listeners(): number {
    return this.#words[this.#word]
  }

  /** Whether a log or a replica listens. Handlers need not ask: all calls are cheap then. */
  get enabled(): boolean {
    return this.#words[this.#word] !== NOBODY_LISTENS
  }

  /** For threads that share the word with nobody. */
  set enabled(on: boolean) {
    this.#words[this.#word] = on ? 1 : NOBODY_LISTENS
  }

  /** Starts a command's effects: a unit of its own, or more of the transaction's. */
  begin(): void {
    this.verbatim = true
    if (this.isTransaction || this.count === 0) return
    assert(!this.isTaken, 'what was changed has been passed on')
    this.clear()
  }

  /** The unit has been taken. */
  clear(): void {
    this.count = 0
    this.out.reset(4096)
  }

  /** The command itself is not passed on; what follows by `command` is, perhaps nothing. */
  instead(): void {
    this.verbatim = false
  }

  /** An expired or evicted key: `DEL key` or `UNLINK key`. */
  deletion(shard: number, db: number, word: string, key: Uint8Array, at: number, length: number): void {
    if (!this.enabled) return
    this.deletionOf(shard, db, 2)
    this.out.latin1(word)
    this.out.bulk(key, at, length)
  }

  /** Begins a command by which the server deletes something; its `argc` arguments follow. */
  deletionOf(shard: number, db: number, argc: number): void {
    if (!this.enabled) return
    this.#operation(db, shard, 1)
    this.out.array(argc)
  }

  /** Begins a command of `argc` arguments, its name included; they follow by word, bytes and integer. */
  command(argc: number): void {
    if (!this.enabled) return
    this.#operation(this.db, this.shard, 0)
    this.out.array(argc)
  }

  #operation(db: number, shard: number, isDeletion: number): void {
    const i = this.count++
    if (i === this.starts.length) this.#grow()
    this.starts[i] = this.out.length
    this.dbs[i] = db
    this.shards[i] = shard
    this.deletions[i] = isDeletion
  }

  #grow(): void {
    const size = this.starts.length * 2
    const grow = <T extends Int32Array | Uint8Array>(old: T, larger: T): T => {
      larger.set(old)
      return larger
    }
    this.starts = grow(this.starts, new Int32Array(size))
    this.dbs = grow(this.dbs, new Int32Array(size))
    this.shards = grow(this.shards, new Int32Array(size))
    this.deletions = grow(this.deletions, new Uint8Array(size))
  }

  /** Where operation `i` ends in `out`. */
  end(i: number): number {
    return i + 1 < this.count ? this.starts[i + 1] : this.out.length
  }

  word(text: string): void {
    if (this.enabled) this.out.latin1(text)
  }

  bytes(bytes: Uint8Array, at: number, length: number): void {
    if (this.enabled) this.out.bulk(bytes, at, length)
  }

  integer(value: number): void {
    if (this.enabled) this.out.bulkInteger(value)
  }

  /** A double in 17 digits, which reads back as the same one. */
  double(value: number): void {
    if (this.enabled) this.out.bulkDouble(value)
  }
}
