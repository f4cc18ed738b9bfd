// What a command changed, as commands for the log and the replicas.
//
// By default that is the command itself. A handler whose outcome depends on chance, time, floats or who else was there
// says instead what it did: SPOP becomes SREM, a relative expiry becomes an absolute one, INCRBYFLOAT becomes SET.
// Nothing is written unless somebody listens.

import { Reply } from '../protocol/reply.ts'

export class Effects {
  /** Whether a log or a replica listens. Handlers need not ask: all calls are cheap then. */
  enabled = false
  /** Whether the command itself is still to be passed on. */
  verbatim = true
  /** The commands so far, as RESP arrays, in the database of the command. */
  readonly out = new Reply(4096)
  /** Commands in `out`. */
  count = 0
  /** Deletions by the server that the command met; they go before it. */
  readonly deletions = new Reply(4096)
  deletionCount = 0

  /** Starts a command's effects. */
  reset(): void {
    this.verbatim = true
    this.count = 0
    this.deletionCount = 0
    if (this.out.length !== 0) this.out.reset(4096)
    if (this.deletions.length !== 0) this.deletions.reset(4096)
  }

  /** The command itself is not passed on; what follows by `command` is, perhaps nothing. */
  instead(): void {
    this.verbatim = false
  }

  /** An expired or evicted key: `DEL key` or `UNLINK key`, with its database in front as SELECT. */
  deletion(db: number, word: string, key: Uint8Array, at: number, length: number): void {
    this.deletionCount++
    this.deletions.array(2)
    this.deletions.latin1('SELECT')
    this.deletions.bulkInteger(db)
    this.deletions.array(2)
    this.deletions.latin1(word)
    this.deletions.bulk(key, at, length)
  }

  /** Begins a command of `argc` arguments, its name included; they follow by word, bytes and integer. */
  command(argc: number): void {
    if (!this.enabled) return
    this.count++
    this.out.array(argc)
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
