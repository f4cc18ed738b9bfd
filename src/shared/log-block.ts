// What the threads share of a shard's append-only file: the bytes on their way to it, and how far it has come.
//
//   OFFSET  SIZE  FIELD     WRITER      MEANING
//        0     8  LOCK      see lock.ts who may write to the file: a leaf lock, taken last, held for one write(2)
//        8     4  APPENDED  shard lock  bytes ever appended, mod 2^32; plain, the shard's lock makes it visible
//       12     4  WRITTEN   log lock    bytes of them that the kernel has, mod 2^32
//       16     4  SYNCED    syncer      bytes of them that are on the disk, mod 2^32; waited for
//       20     4  FD        main        file descriptor, -1 = the log is off; under the shard lock and the log lock
//       24     4  OLD_FD    main        file that FD has replaced, to be synced and closed; -1 = none
//       28     4  DB        shard lock  database that the file has selected, -1 = none
//       32     4  ERROR     log lock    number of the error that the last write met, 0 = none
//       36     4  LOST      log lock    1 once changes found no room while writing failed: the file has a gap
//       40     8  SIZE      log lock    f64, bytes in the file
//       48     8  SECOND    shard lock  f64, Unix time last noted in the file
//       56     4  TARGET    whoever     up to here somebody has asked for the bytes to be written, mod 2^32
//       60     4  -         -
//       64     N  DATA      shard lock  the bytes appended, at their position mod N
//
// And of all of them together:
//
//   OFFSET  SIZE  FIELD     WRITER      MEANING
//        0     8  BELL      doorbell    wakes the syncer
//        8     8  NEXT      whoever     i64, number of the next change over several shards
//       16     4  SLEEP_US  a router    DEBUG AOF-FLUSH-SLEEP
//       20     4  DELAYED   syncer      syncs that took longer than they may (aof_delayed_fsync)
//       24     4  STOPPING  main        1 when the syncer is to end
//       28     4  REWRITING main        1 while the log is rewritten
//       32     4  FAILING   whoever     logs whose last write failed, and those whose last sync did
//       36     4  SYNC_ERROR syncer     number of the error that the last sync met, 0 = none
//       40     4  SWITCHES  main        counts how often the files were exchanged, or got other ends

import { ByteArray } from '../bytes/byte-array.ts'
import { copyBytes } from '../bytes/copy.ts'
import { doorbellAwake, doorbellPrepare, doorbellRing, doorbellSleep } from './doorbell.ts'
import { lockWait, unlock } from './lock.ts'

export const LOG = {
  LOCK: 0,
  APPENDED: 8,
  WRITTEN: 12,
  SYNCED: 16,
  FD: 20,
  OLD_FD: 24,
  DB: 28,
  ERROR: 32,
  LOST: 36,
  SIZE: 40,
  SECOND: 48,
  TARGET: 56,
  DATA: 64,
} as const
export const LOGS = {
  BELL: 0,
  NEXT: 8,
  SLEEP_US: 16,
  DELAYED: 20,
  STOPPING: 24,
  REWRITING: 28,
  FAILING: 32,
  SYNC_ERROR: 36,
  SWITCHES: 40,
  SIZE: 48,
} as const

const APPENDED = LOG.APPENDED / 4
const WRITTEN = LOG.WRITTEN / 4
const SYNCED = LOG.SYNCED / 4
const TARGET = LOG.TARGET / 4
const SIZE = LOG.SIZE / 8
const SECOND = LOG.SECOND / 8
/** A waiting thread looks again after this, should a wake-up ever be lost. */
const WAIT_MS = 100

/** Memory for one shard's log; `bytes` is a power of two. */
export function logCreate(bytes: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(LOG.DATA + bytes)
  const words = new Int32Array(buffer, 0, LOG.DATA / 4)
  words[LOG.FD / 4] = -1
  words[LOG.OLD_FD / 4] = -1
  words[LOG.DB / 4] = -1
  return buffer
}

export const logsCreate = (): SharedArrayBuffer => new SharedArrayBuffer(LOGS.SIZE)

/** What concerns all logs. */
export class LogsBlock {
  readonly #words: Int32Array
  readonly #next: BigInt64Array

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer)
    this.#next = new BigInt64Array(buffer, LOGS.NEXT, 1)
  }

  /** A number for a change over several shards, greater than all before it. The shards are locked. */
  takeNumber(): bigint {
    return Atomics.add(this.#next, 0, 1n)
  }

  /** The numbers that follow are at least this. */
  numbersFrom(next: bigint): void {
    if (Atomics.load(this.#next, 0) < next) Atomics.store(this.#next, 0, next)
  }

  get(field: number): number {
    return Atomics.load(this.#words, field / 4)
  }

  set(field: number, value: number): void {
    Atomics.store(this.#words, field / 4, value)
  }

  add(field: number, amount: number): void {
    Atomics.add(this.#words, field / 4, amount)
  }

  /** Has the syncer look for what is to be synced. */
  ring(): void {
    doorbellRing(this.#words, LOGS.BELL / 4)
  }

  /** The syncer sleeps, unless `hasWork` says that there is something after all. */
  sleep(ms: number, hasWork: () => boolean): void {
    const rings = doorbellPrepare(this.#words, LOGS.BELL / 4)
    if (hasWork()) doorbellAwake(this.#words, LOGS.BELL / 4)
    else doorbellSleep(this.#words, LOGS.BELL / 4, rings, ms)
  }
}

/** One shard's log. */
export class LogBlock {
  /** Room for bytes on their way. */
  readonly capacity: number
  readonly data: ByteArray<SharedArrayBuffer>
  readonly #mask: number
  readonly #words: Int32Array
  readonly #f64: Float64Array

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer, 0, LOG.DATA / 4)
    this.#f64 = new Float64Array(buffer, 0, LOG.DATA / 8)
    this.data = new ByteArray(buffer, LOG.DATA)
    this.capacity = this.data.length
    this.#mask = this.capacity - 1
  }

  // ---- under the shard's lock

  get fd(): number {
    return this.#words[LOG.FD / 4]
  }
  set fd(fd: number) {
    this.#words[LOG.FD / 4] = fd
  }

  get db(): number {
    return this.#words[LOG.DB / 4]
  }
  set db(db: number) {
    this.#words[LOG.DB / 4] = db
  }

  get second(): number {
    return this.#f64[SECOND]
  }
  set second(second: number) {
    this.#f64[SECOND] = second
  }

  /** Bytes that can be appended now. */
  get room(): number {
    // As this thread has seen it last, which is less room than there is, if anything.
    return this.capacity - ((this.#words[APPENDED] - this.#words[WRITTEN]) | 0)
  }

  /** Copies bytes behind those appended so far; there is room for them. */
  append(u8: Uint8Array, at: number, length: number): void {
    const from = this.#words[APPENDED] & this.#mask
    const toEnd = this.capacity - from
    if (length <= toEnd) copyBytes(this.data, from, u8, at, length)
    else {
      copyBytes(this.data, from, u8, at, toEnd)
      copyBytes(this.data, 0, u8, at + toEnd, length - toEnd)
    }
    this.#words[APPENDED] += length
  }

  /** Counts bytes that went to the file without lying here. The log lock is held, and everything appended was written. */
  passedBy(length: number): void {
    this.#words[APPENDED] += length
    this.wrote(length)
  }

  /** Where the next byte is appended. */
  get appended(): number {
    return this.#words[APPENDED]
  }

  // ---- under the log lock

  lock(): void {
    lockWait(this.#words, LOG.LOCK / 4)
  }

  unlock(): void {
    unlock(this.#words, LOG.LOCK / 4)
  }

  /** Where the bytes begin that are to be written, and how many lie there in one piece. */
  get pendingAt(): number {
    return this.#words[WRITTEN] & this.#mask
  }
  get pendingLength(): number {
    return Math.min(this.wanted, this.capacity - this.pendingAt)
  }

  /** Bytes that are to be written. */
  get wanted(): number {
    return (Atomics.load(this.#words, TARGET) - this.#words[WRITTEN]) | 0
  }

  /** The file has got `length` more bytes. */
  wrote(length: number): void {
    this.#f64[SIZE] += length
    const written = (this.#words[WRITTEN] + length) | 0
    this.want(written)
    Atomics.store(this.#words, WRITTEN, written)
  }

  /** What is appended finds its way to no file. The shard's lock is held as well. */
  forget(): void {
    Atomics.store(this.#words, TARGET, this.#words[APPENDED])
    Atomics.store(this.#words, WRITTEN, this.#words[APPENDED])
    this.syncedTo(this.#words[WRITTEN])
  }

  get error(): number {
    return Atomics.load(this.#words, LOG.ERROR / 4)
  }
  set error(error: number) {
    Atomics.store(this.#words, LOG.ERROR / 4, error)
  }

  get isLost(): boolean {
    return Atomics.load(this.#words, LOG.LOST / 4) !== 0
  }
  set isLost(isLost: boolean) {
    Atomics.store(this.#words, LOG.LOST / 4, isLost ? 1 : 0)
  }

  get size(): number {
    return this.#f64[SIZE]
  }
  set size(size: number) {
    this.#f64[SIZE] = size
  }

  /** A file that is to be synced and closed; -1 if there is none. */
  get oldFd(): number {
    return Atomics.load(this.#words, LOG.OLD_FD / 4)
  }
  set oldFd(fd: number) {
    Atomics.store(this.#words, LOG.OLD_FD / 4, fd)
  }

  // ---- anybody

  /**
   * Has the bytes up to `position` written, by whoever writes next: they are visible to whoever sees this, as they are to the
   * caller, who has held the shard's lock since they were appended.
   */
  want(position: number): void {
    let target = Atomics.load(this.#words, TARGET)
    while (((position - target) | 0) > 0) {
      const found = Atomics.compareExchange(this.#words, TARGET, target, position)
      if (found === target) return
      target = found
    }
  }

  /** Up to where somebody wants the bytes written. */
  get target(): number {
    return Atomics.load(this.#words, TARGET)
  }

  /** Bytes appended that the kernel does not have yet. */
  get pending(): number {
    return (Atomics.load(this.#words, APPENDED) - Atomics.load(this.#words, WRITTEN)) | 0
  }

  get written(): number {
    return Atomics.load(this.#words, WRITTEN)
  }

  /** Whether the kernel has all that was appended up to this position. */
  isWritten(position: number): boolean {
    return ((Atomics.load(this.#words, WRITTEN) - position) | 0) >= 0
  }

  /** Whether anything was handed over that is not on the disk. */
  get isUnsynced(): boolean {
    return Atomics.load(this.#words, SYNCED) !== Atomics.load(this.#words, APPENDED)
  }

  isSynced(position: number): boolean {
    return ((Atomics.load(this.#words, SYNCED) - position) | 0) >= 0
  }

  /** The disk has all up to this position; wakes who waits for that. */
  syncedTo(position: number): void {
    Atomics.store(this.#words, SYNCED, position)
    Atomics.notify(this.#words, SYNCED)
  }

  /** Sleeps until the disk has all up to this position. */
  waitSynced(position: number): void {
    for (;;) {
      const synced = Atomics.load(this.#words, SYNCED)
      if (((synced - position) | 0) >= 0) return
      Atomics.wait(this.#words, SYNCED, synced, WAIT_MS)
    }
  }
}
