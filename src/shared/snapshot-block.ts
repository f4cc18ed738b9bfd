// What the threads must know of the snapshot being taken: one block for the run, one for each shard.
//
// The run's block:
//
//   OFFSET  SIZE  FIELD      WRITER    MEANING
//        0     4  STATE      main      see RUN
//        4     8  BELL       doorbell  rung when a shard has more bytes, or has ended
//       12     4  ENDS       main      1 if FLUSHALL ends it: nobody needs what was deleted
//       16     8  EXPECTED   main      f64, keys when it began
//       24     8  FLUSHED    locks     f64, changes ever made when FLUSHALL deleted all last; under all locks
//       32     4  FLUSHES    locks     how often it did
//       36     4  TURNS      atomic    how many more shards may walk now; set by main at the barrier
//       40
//
// A shard's block. What no thread but the holder of the shard's lock uses is marked "lock":
//
//   OFFSET  SIZE  FIELD      WRITER    MEANING
//        0     4  STATE      see WALK  what the owner does; set to TAKE by main at the barrier, under the lock
//        4     4  LENGTH     lock      bytes of old values in OLD
//        8     4  DB         lock      the database that they end in, as i32; -1 = the next names its own
//       12     4  SPILL      lock      file descriptor that old values go to when OLD is full
//       16     8  SPILLED    lock      f64, bytes in that file
//       24     8  SAVED      lock      f64, keys saved so far
//       32     8  OLD_BYTES  lock      f64, bytes of old values so far
//       40     8  -          -
//       48     N  OLD        lock      old values: whole entries
//
// Old values are saved by whichever thread changes them; the owner takes them along with what it walks, so all of a shard's
// bytes leave through one ring (persist/walker.ts).

import { ByteArray } from '../bytes/byte-array.ts'
import { doorbellAwake, doorbellListen, doorbellPrepare, doorbellRing, doorbellSleep } from './doorbell.ts'

export const RUN_BLOCK = {
  STATE: 0,
  BELL: 4,
  ENDS: 12,
  EXPECTED: 16,
  FLUSHED: 24,
  FLUSHES: 32,
  TURNS: 36,
  SIZE: 40,
} as const
export const RUN = {
  NONE: 0,
  TAKEN: 1,
  /** Nobody wants the rest. */
  GIVEN_UP: 2,
  /** Old values could not be kept: it is worth nothing. */
  BROKEN: 3,
} as const

export const OLD_BLOCK = {
  STATE: 0,
  LENGTH: 4,
  DB: 8,
  SPILL: 12,
  SPILLED: 16,
  SAVED: 24,
  OLD_BYTES: 32,
  OLD: 48,
} as const
/** What a shard's owner does for the snapshot. */
export const WALK = {
  /** Nothing. */
  NONE: 0,
  /** It saves what is not saved yet. */
  TAKE: 1,
} as const

/** All shards' old values take at most this, and each shard's at most OLD_BYTES_MAX, unless there are very many shards. */
const OLD_BYTES_TOTAL = 12 * 1024 * 1024
const OLD_BYTES_MAX = 6 * 1024 * 1024
const OLD_BYTES_MIN = 256 * 1024
const BELL_WORD = RUN_BLOCK.BELL / 4
const TURNS_WORD = RUN_BLOCK.TURNS / 4

/** All that a snapshot needs of shared memory. */
export interface SnapshotMemory {
  readonly run: SharedArrayBuffer
  /** By shard: old values. */
  readonly old: readonly SharedArrayBuffer[]
  /** By shard: the ring by which its bytes leave. */
  readonly rings: readonly SharedArrayBuffer[]
}

export const runBlockCreate = (): SharedArrayBuffer => new SharedArrayBuffer(RUN_BLOCK.SIZE)

export const oldBlockCreate = (shards: number): SharedArrayBuffer =>
  new SharedArrayBuffer(
    OLD_BLOCK.OLD + Math.max(OLD_BYTES_MIN, Math.min(OLD_BYTES_MAX, Math.floor(OLD_BYTES_TOTAL / shards / 8) * 8)),
  )

/** The run, as a thread sees it. */
export class SnapshotRunBlock {
  readonly words: Int32Array
  readonly #f64: Float64Array

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer)
    this.#f64 = new Float64Array(buffer)
  }

  get state(): number {
    return Atomics.load(this.words, 0)
  }
  set state(state: number) {
    Atomics.store(this.words, 0, state)
  }

  get expected(): number {
    return this.#f64[RUN_BLOCK.EXPECTED / 8]
  }
  set expected(keys: number) {
    this.#f64[RUN_BLOCK.EXPECTED / 8] = keys
  }

  /** How many shards may walk at a time, before any of them does. */
  set turns(count: number) {
    Atomics.store(this.words, TURNS_WORD, count)
  }

  /** Takes a turn to walk. Returns false if as many shards walk as may. */
  takeTurn(): boolean {
    if (Atomics.sub(this.words, TURNS_WORD, 1) > 0) return true
    this.giveTurn()
    return false
  }

  /** The shard has walked. */
  giveTurn(): void {
    Atomics.add(this.words, TURNS_WORD, 1)
  }

  /** FLUSHALL has deleted all data, the server having seen `changes` changes by then. */
  noteFlush(changes: number): void {
    this.#f64[RUN_BLOCK.FLUSHED / 8] = changes
    Atomics.add(this.words, RUN_BLOCK.FLUSHES / 4, 1)
  }

  /** How often FLUSHALL deleted all data. */
  get flushes(): number {
    return Atomics.load(this.words, RUN_BLOCK.FLUSHES / 4)
  }

  /** How many changes there had been when it last did. */
  get flushedChanges(): number {
    return this.#f64[RUN_BLOCK.FLUSHED / 8]
  }

  /** Announces that the reader is about to wait, and returns what to give `wait` or `listen`; it looks once more in between. */
  prepare(): number {
    return doorbellPrepare(this.words, BELL_WORD)
  }

  /** Sleeps until there is more, at most `ms`. */
  wait(rings: number, ms: number): void {
    doorbellSleep(this.words, BELL_WORD, rings, ms)
  }

  /** Calls `wake` when there is more, from the event loop. */
  listen(rings: number, wake: () => void): void {
    doorbellListen(this.words, BELL_WORD, rings, () => {
      this.awake()
      wake()
    })
  }

  awake(): void {
    doorbellAwake(this.words, BELL_WORD)
  }

  /** Ends it early: RUN.GIVEN_UP or RUN.BROKEN. */
  end(state: number): void {
    Atomics.compareExchange(this.words, 0, RUN.TAKEN, state)
    this.ring()
  }

  /** Whether FLUSHALL ends it. */
  get endsWithFlush(): boolean {
    return this.words[RUN_BLOCK.ENDS / 4] !== 0
  }
  set endsWithFlush(ends: boolean) {
    this.words[RUN_BLOCK.ENDS / 4] = ends ? 1 : 0
  }

  /** There is more to read. */
  ring(): void {
    doorbellRing(this.words, BELL_WORD)
  }
}

/** A shard's old values, as a thread sees them. */
export class OldBlock {
  readonly u8: Uint8Array
  /** Bytes that fit. */
  readonly room: number
  readonly #words: Int32Array
  readonly #f64: Float64Array

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer, 0, OLD_BLOCK.OLD / 4)
    this.#f64 = new Float64Array(buffer, 0, OLD_BLOCK.OLD / 8)
    this.u8 = new ByteArray(buffer, OLD_BLOCK.OLD)
    this.room = this.u8.length
  }

  /** What the owner does, one of WALK. */
  get state(): number {
    return Atomics.load(this.#words, 0)
  }
  set state(state: number) {
    Atomics.store(this.#words, 0, state)
  }

  get length(): number {
    return this.#words[OLD_BLOCK.LENGTH / 4]
  }
  set length(bytes: number) {
    this.#words[OLD_BLOCK.LENGTH / 4] = bytes
  }

  get db(): number {
    return this.#words[OLD_BLOCK.DB / 4]
  }
  set db(db: number) {
    this.#words[OLD_BLOCK.DB / 4] = db
  }

  get spill(): number {
    return this.#words[OLD_BLOCK.SPILL / 4]
  }

  get spilled(): number {
    return this.#f64[OLD_BLOCK.SPILLED / 8]
  }
  set spilled(bytes: number) {
    this.#f64[OLD_BLOCK.SPILLED / 8] = bytes
  }

  get saved(): number {
    return this.#f64[OLD_BLOCK.SAVED / 8]
  }
  set saved(keys: number) {
    this.#f64[OLD_BLOCK.SAVED / 8] = keys
  }

  get oldBytes(): number {
    return this.#f64[OLD_BLOCK.OLD_BYTES / 8]
  }
  set oldBytes(bytes: number) {
    this.#f64[OLD_BLOCK.OLD_BYTES / 8] = bytes
  }

  /** Begins a snapshot, under the shard's lock: the owner finds work the next time it looks. */
  begin(spill: number): void {
    this.length = 0
    this.db = -1
    this.#words[OLD_BLOCK.SPILL / 4] = spill
    this.spilled = 0
    this.saved = 0
    this.oldBytes = 0
    this.state = WALK.TAKE
  }
}
