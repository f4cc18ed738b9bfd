// The append-only file as a thread that runs commands sees it: takes records down under the locks of their shards, and
// has the kernel take them before anybody hears of what they say.
//
// A record is copied into its shard's ring (shared/log-block.ts). At the end of a turn, before replies leave, `commit`
// writes what lies in the rings of the shards that this thread appended to: one write(2) a shard and turn, whoever
// appended it. Only where a record finds no room is it written at once. With `appendfsync always`, where replies wait for the
// disk anyway, the syncer writes what it is about to sync (sync-task.ts).
//
// A record that concerns several shards is written whole to the file of each, under a number that stands in a line of
// its own before it; Redis skips such lines. When the files are read, it is applied once, when all of them have come so far.

import type { JournalConsumer, JournalRecord } from '../commands/journal.ts'
import { LISTENER } from '../commands/journal.ts'
import { APPENDFSYNC, SETTING } from '../config/settings.ts'
import { Reply } from '../protocol/reply.ts'
import { type LogBlock, LogsBlock } from '../shared/log-block.ts'
import type { Engine } from '../store/engine.ts'
import { LogWrites } from './log-writes.ts'

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const MULTI = bytesOf('*1\r\n$5\r\nMULTI\r\n')
const EXEC = bytesOf('*1\r\n$4\r\nEXEC\r\n')
/** Nobody waits longer than this for others to join. */
const GATHER_MS = 0.5

export class ThreadLog implements JournalConsumer {
  readonly bit = LISTENER.LOG
  readonly #engine: Engine
  readonly #logs: LogsBlock
  readonly #blocks: readonly LogBlock[]
  readonly #writes: LogWrites
  /** By shard: up to where this thread appended, if its byte in #touched is 1. */
  readonly #mine: Int32Array
  readonly #touched: Uint8Array
  #touchedCount = 0
  readonly #words = new Reply(256)
  /** Records taken down so far. */
  #records = 0
  /** How many there were when gathering was looked at last, and since when it goes on, 0 = it does not. */
  #recordsSeen = 0
  #gathersSince = 0

  constructor(engine: Engine, control: Int32Array, logs: SharedArrayBuffer, blocks: readonly LogBlock[]) {
    this.#engine = engine
    this.#logs = new LogsBlock(logs)
    this.#blocks = blocks
    this.#writes = new LogWrites(engine.settings, control, this.#logs)
    this.#mine = new Int32Array(blocks.length)
    this.#touched = new Uint8Array(blocks.length)
  }

  // ---- taking down

  append(record: JournalRecord): void {
    this.#records++
    if (record.shardCount > 1) return this.#appendToAll(record)
    this.#appendTo(record.shards[0], record)
  }

  #appendToAll(record: JournalRecord): void {
    let mask = 0n
    for (let i = 0; i < record.shardCount; i++) mask |= 1n << BigInt(record.shards[i])
    const line = bytesOf(`#X:${this.#logs.takeNumber().toString(16)}:${mask.toString(16)}\r\n`)
    for (let i = 0; i < record.shardCount; i++) {
      this.#put(this.#blocks[record.shards[i]], line, 0, line.length)
      this.#appendTo(record.shards[i], record)
    }
  }

  #appendTo(shard: number, record: JournalRecord): void {
    const block = this.#blocks[shard]
    if (this.#engine.settings[SETTING.aofTimestampEnabled] !== 0) this.#noteTime(block)
    if (record.isTransaction) {
      // Redis selects before MULTI.
      if (block.db !== record.db(0)) this.#select(block, record.db(0))
      this.#put(block, MULTI, 0, MULTI.length)
    }
    for (let i = 0; i < record.count; i++) {
      const db = record.db(i)
      if (block.db !== db) this.#select(block, db)
      const start = record.start(i)
      this.#put(block, record.u8, start, record.end(i) - start)
    }
    if (record.isTransaction) this.#put(block, EXEC, 0, EXEC.length)
    this.#mine[shard] = block.appended
    if (this.#touched[shard] === 1) return
    this.#touched[shard] = 1
    this.#touchedCount++
  }

  /** A line with the time, when a second has passed since the last. */
  #noteTime(block: LogBlock): void {
    const second = Math.floor(this.#engine.now / 1000)
    if (second <= block.second) return
    block.second = second
    const line = bytesOf(`#TS:${second}\r\n`)
    this.#put(block, line, 0, line.length)
  }

  #select(block: LogBlock, db: number): void {
    const words = this.#words
    words.length = 0
    words.array(2)
    words.latin1('SELECT')
    words.bulkInteger(db)
    this.#put(block, words.u8, 0, words.length)
    block.db = db
  }

  #put(block: LogBlock, u8: Uint8Array, at: number, length: number): void {
    if (length <= block.room) block.append(u8, at, length)
    else this.#putSlow(block, u8, at, length)
  }

  /** The ring is full, or too small for this. */
  #putSlow(block: LogBlock, u8: Uint8Array, at: number, length: number): void {
    block.lock()
    block.want(block.appended)
    this.#writes.write(block)
    if (length <= block.room) {
      block.append(u8, at, length)
    } else if (block.error !== 0 || !this.#writes.writeThrough(block, u8, at, length)) {
      // Nothing can take it: what the file says is not the whole truth until it is written anew.
      block.isLost = true
    }
    block.unlock()
  }

  // ---- handing over

  /** Whether this thread has taken something down that is not committed. */
  get isPending(): boolean {
    return this.#touchedCount > 0
  }

  /**
   * Has the kernel take what this thread has taken down. With `always` the syncer does that, once for all turns since its last
   * sync: the replies wait for it anyway.
   */
  commit(): void {
    if (this.#touchedCount === 0) return
    const policy = this.#engine.settings[SETTING.appendfsync]
    if (policy === APPENDFSYNC.ALWAYS) this.#leaveToSyncer()
    else this.#commitTouched(policy)
  }

  /** Before replies leave. With `always` they wait, and others may join them: see `gathers`. */
  commitForReplies(): void {
    if (this.#touchedCount > 0 && !this.waits) this.commit()
  }

  /**
   * At the end of a turn: commits what the replies wait for that `always` holds back, once clients have nothing more to say
   * at the moment, so that one sync serves as many as there are (group commit). Returns whether to ask again after the next turn.
   */
  gathers(): boolean {
    if (this.#touchedCount === 0) return false
    const now = performance.now()
    if (this.#gathersSince === 0) this.#gathersSince = now
    if (this.#recordsSeen !== this.#records && now - this.#gathersSince < GATHER_MS) {
      this.#recordsSeen = this.#records
      return true
    }
    this.#gathersSince = 0
    this.commit()
    return false
  }

  #leaveToSyncer(): void {
    for (let shard = 0; shard < this.#blocks.length; shard++) {
      if (this.#touched[shard] === 0) continue
      this.#touched[shard] = 0
      this.#blocks[shard].want(this.#mine[shard])
    }
    this.#touchedCount = 0
    this.#logs.ring()
  }

  #commitTouched(policy: number): void {
    const blocks = this.#blocks
    let wrote = false
    for (let shard = 0; shard < blocks.length; shard++) {
      if (this.#touched[shard] === 0) continue
      this.#touched[shard] = 0
      const block = blocks[shard]
      if (block.isWritten(this.#mine[shard])) continue
      block.lock()
      block.want(this.#mine[shard])
      if (this.#writes.write(block)) wrote = true
      if (policy === APPENDFSYNC.NO) block.syncedTo(block.written)
      block.unlock()
    }
    this.#touchedCount = 0
    if (wrote && policy !== APPENDFSYNC.NO) this.#logs.ring()
  }

  /** Writes all that was taken down, by any thread. Every shard's lock is held. */
  commitAll(): void {
    for (let shard = 0; shard < this.#blocks.length; shard++) {
      if (this.#touched[shard] === 0) this.#touchedCount++
      this.#touched[shard] = 1
      this.#mine[shard] = this.#blocks[shard].appended
    }
    this.#commitTouched(this.#engine.settings[SETTING.appendfsync])
  }

  /** Tries again to write what could not be written when somebody wanted it. */
  retry(): void {
    for (const block of this.#blocks) {
      if (block.error === 0) continue
      block.lock()
      this.#writes.write(block)
      block.unlock()
    }
    this.#logs.ring()
  }

  /** Another file takes the place of one that could not be written. Its lock is held. */
  forgive(block: LogBlock): void {
    block.isLost = false
    if (block.error !== 0) this.#writes.solved(block)
  }

  // ---- waiting for the disk

  /** Whether replies wait for the disk. */
  get waits(): boolean {
    const isOn = (this.#engine.effects.listeners & LISTENER.LOG) !== 0
    return isOn && this.#engine.settings[SETTING.appendfsync] === APPENDFSYNC.ALWAYS
  }

  /** Whether replies wait for the disk, and the disk does not have all that was taken down. */
  get mustWait(): boolean {
    if (!this.waits) return false
    for (let i = 0; i < this.#blocks.length; i++) {
      const block = this.#blocks[i]
      if (block.fd >= 0 && !block.isSynced(block.appended)) return true
    }
    return false
  }

  /** Sleeps until the disk has what was committed. */
  waitSynced(): void {
    for (const block of this.#blocks) if (block.fd >= 0) block.waitSynced(block.target)
  }

  /** What other threads have taken down, and a command here has seen, they will commit themselves. */
  noteAppended(positions: Int32Array): void {
    for (let i = 0; i < positions.length; i++) positions[i] = this.#blocks[i].appended
  }

  isOnDisk(positions: Int32Array): boolean {
    const { waits } = this
    for (let i = 0; i < positions.length; i++) {
      const block = this.#blocks[i]
      // Where `always` has ended meanwhile, the kernel is enough.
      if (block.fd >= 0 && !(waits ? block.isSynced(positions[i]) : block.isWritten(positions[i]))) return false
    }
    return true
  }
}
