// The append-only file as a thread that runs commands sees it: takes records down under the locks of their shards, and
// has the kernel take them before anybody hears of what they say.
//
// A record is copied into its shard's ring (shared/log-block.ts). At the end of a turn, before replies leave, `commit`
// writes what lies in the rings of the shards that this thread appended to: one write(2) a shard and turn, whoever
// appended it. Only where a record finds no room is it written at once.
//
// A record that concerns several shards is written whole to the file of each, under a number that stands in a line of
// its own before it; Redis skips such lines. When the files are read, it is applied once, when all of them have come so far.

import { writeSync } from 'node:fs'
import type { JournalConsumer, JournalRecord } from '../commands/journal.ts'
import { LISTENER } from '../commands/journal.ts'
import { APPENDFSYNC, SETTING } from '../config/settings.ts'
import { Reply } from '../protocol/reply.ts'
import { CONTROL, controlSet } from '../shared/control.ts'
import { LOGS, type LogBlock, LogsBlock } from '../shared/log-block.ts'
import { sleepSync } from '../shared/sleep.ts'
import type { Engine } from '../store/engine.ts'
import { errorNumber } from './errors.ts'

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const MULTI = bytesOf('*1\r\n$5\r\nMULTI\r\n')
const EXEC = bytesOf('*1\r\n$4\r\nEXEC\r\n')
const NO_WAY_OUT = "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting..."
/** Bytes written at once of what does not fit the ring. */
const PIECE_BYTES = 64 * 1024 * 1024

export class ThreadLog implements JournalConsumer {
  readonly bit = LISTENER.LOG
  readonly #engine: Engine
  readonly #control: Int32Array
  readonly #logs: LogsBlock
  readonly #blocks: readonly LogBlock[]
  /** By shard: up to where this thread appended, if its byte in #touched is 1. */
  readonly #mine: Int32Array
  readonly #touched: Uint8Array
  #touchedCount = 0
  readonly #words = new Reply(256)

  constructor(engine: Engine, control: Int32Array, logs: SharedArrayBuffer, blocks: readonly LogBlock[]) {
    this.#engine = engine
    this.#control = control
    this.#logs = new LogsBlock(logs)
    this.#blocks = blocks
    this.#mine = new Int32Array(blocks.length)
    this.#touched = new Uint8Array(blocks.length)
  }

  // ---- taking down

  append(record: JournalRecord): void {
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
    this.#write(block)
    if (length <= block.room) {
      block.append(u8, at, length)
    } else if (block.error !== 0 || !this.#writeThrough(block, u8, at, length)) {
      // Nothing can take it: what the file says is not the whole truth until it is written anew.
      block.isLost = true
    }
    block.unlock()
  }

  /** Writes bytes that do not lie in the ring, which is empty. Returns false if that failed. */
  #writeThrough(block: LogBlock, u8: Uint8Array, at: number, length: number): boolean {
    try {
      for (let done = 0; done < length; ) {
        const written = writeSync(block.fd, u8, at + done, Math.min(length - done, PIECE_BYTES))
        done += written
        block.passedBy(written)
      }
      return true
    } catch (error) {
      this.#failed(block, error)
      return false
    }
  }

  // ---- handing over

  /** Whether this thread has taken something down that the kernel may not have. */
  get isPending(): boolean {
    return this.#touchedCount > 0
  }

  /** Has the kernel take what this thread has taken down. */
  commit(): void {
    if (this.#touchedCount > 0) this.#commitTouched()
  }

  #commitTouched(): void {
    const blocks = this.#blocks
    const policy = this.#engine.settings[SETTING.appendfsync]
    let wrote = false
    for (let shard = 0; shard < blocks.length; shard++) {
      if (this.#touched[shard] === 0) continue
      this.#touched[shard] = 0
      const block = blocks[shard]
      if (block.isWritten(this.#mine[shard])) continue
      block.lock()
      block.want(this.#mine[shard])
      if (this.#write(block)) wrote = true
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
    this.commit()
  }

  /** Tries again to write what could not be written when somebody wanted it. */
  retry(): void {
    for (const block of this.#blocks) {
      if (block.error === 0) continue
      block.lock()
      this.#write(block)
      block.unlock()
    }
    this.#logs.ring()
  }

  /** Writes what is wanted of what lies in the ring. Its lock is held. Returns whether anything was written. */
  #write(block: LogBlock): boolean {
    if (block.wanted <= 0 || block.fd < 0) return false
    const sleepUs = this.#logs.get(LOGS.SLEEP_US)
    if (sleepUs > 0) sleepSync(sleepUs / 1000)
    try {
      while (block.wanted > 0) block.wrote(writeSync(block.fd, block.data, block.pendingAt, block.pendingLength))
    } catch (error) {
      this.#failed(block, error)
      return false
    }
    if (block.error !== 0) this.#solved(block)
    return true
  }

  #solved(block: LogBlock): void {
    block.error = 0
    this.#logs.add(LOGS.FAILING, -1)
    if (this.#logs.get(LOGS.FAILING) === 0) controlSet(this.#control, CONTROL.LOG_ERROR, 0)
  }

  /** Another file takes the place of one that could not be written. Its lock is held. */
  forgive(block: LogBlock): void {
    block.isLost = false
    if (block.error !== 0) this.#solved(block)
  }

  #failed(block: LogBlock, error: unknown): void {
    if (block.error === 0) this.#logs.add(LOGS.FAILING, 1)
    block.error = errorNumber(error)
    controlSet(this.#control, CONTROL.LOG_ERROR, block.error)
    // Nobody may hear of what the disk will not have. The thread's end is the end of the process.
    if (this.#engine.settings[SETTING.appendfsync] === APPENDFSYNC.ALWAYS) throw new Error(NO_WAY_OUT)
  }

  // ---- waiting for the disk

  /** Whether replies wait for the disk. */
  get waits(): boolean {
    const isOn = (this.#engine.effects.listeners & LISTENER.LOG) !== 0
    return isOn && this.#engine.settings[SETTING.appendfsync] === APPENDFSYNC.ALWAYS
  }

  /** Whether replies wait for the disk, and the disk does not have all that the kernel has. */
  get mustWait(): boolean {
    if (!this.waits) return false
    for (let i = 0; i < this.#blocks.length; i++) {
      const block = this.#blocks[i]
      if (block.fd >= 0 && !block.isSynced(block.written)) return true
    }
    return false
  }

  /** Sleeps until the disk has what the kernel has. */
  waitSynced(): void {
    for (const block of this.#blocks) if (block.fd >= 0) block.waitSynced(block.written)
  }

  noteWritten(positions: Int32Array): void {
    for (let i = 0; i < positions.length; i++) positions[i] = this.#blocks[i].written
  }

  isOnDisk(positions: Int32Array): boolean {
    if (!this.waits) return true
    for (let i = 0; i < positions.length; i++) {
      const block = this.#blocks[i]
      if (block.fd >= 0 && !block.isSynced(positions[i])) return false
    }
    return true
  }
}
