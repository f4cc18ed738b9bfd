// Saves a shard for the snapshot being taken: the owner's part, in steps of at most a millisecond under the shard's lock.
//
// It goes over the databases as SCAN does, which meets everything that stays, and saves what is not saved yet; what is
// changed or deleted before it comes by has been saved by whoever did that (old-values.ts). Its bytes leave through a
// ring. While the ring is full it rests: a slow reader slows the walk and nobody else. It rests after each step in which
// clients wanted something of the shard, too, and only as many shards walk at a time as leave a core to those who serve:
// with every core walking, commands waited for the scheduler rather than for a step.
//
// An entry too large for one step is written in several, and must not change in between: until it is written the owner
// keeps the lock, and serves what is mailed to it meanwhile. A command that changes this very entry has it finished
// first. Strings too long to be compressed in a step are copied as they are; who writes files compresses them, and old
// values, too (recode.ts).

import { performance } from 'node:perf_hooks'
import { assert } from '../bytes/assert.ts'
import { copyBytes } from '../bytes/copy.ts'
import { SETTING } from '../config/settings.ts'
import type { RingProducer } from '../shared/ring.ts'
import { sleepSync } from '../shared/sleep.ts'
import { type OldBlock, RUN, type SnapshotRunBlock, WALK } from '../shared/snapshot-block.ts'
import { type DictRef, dictCount } from '../store/dict.ts'
import { dictScan } from '../store/dict-walk.ts'
import type { EntryRef } from '../store/entry.ts'
import {
  databaseOrigin,
  detachedBury,
  detachedFirst,
  detachedOrigin,
  detachedTable,
  entryIsUnsaved,
  entryMarkSaved,
  epochEnd,
} from '../store/epoch.ts'
import { databaseExpires, databaseKeys, keyspaceDatabase, ROOT, rootCounter } from '../store/keyspace.ts'
import { fetchItems } from '../store/prefetch.ts'
import { EntryWriter } from '../store/rdb/entry-writer.ts'
import { OPCODE } from '../store/rdb/format.ts'
import { Outgoing } from '../store/rdb/outgoing.ts'
import { RdbSink } from '../store/rdb/sink.ts'
import { RefList } from '../store/ref-list.ts'
import type { Shard } from '../store/shard.ts'
import type { OwnWalk } from './old-values.ts'
import { LONG_BYTES, SAVED } from './saved.ts'

const END_BYTES = 24
const STRING_BYTES = 8

/** A step takes about this long. */
const STEP_MS = 0.5
/** Elements of a value between two looks at the clock. */
const STEP_ELEMENTS = 256
/** Bytes gathered before they go into the ring. */
const FLUSH_BYTES = 64 * 1024
/** Bytes that go into the ring at a time: copying them is part of a step. */
const SENT_BYTES_MAX = 512 * 1024
/** How often a walk that rests looks whether there is room again, or a turn. */
const REST_MS = 2
/** Among clients' commands it rests for this share of the time that a step took, the time that others had the core included. */
const REST_SHARE = 0.5
const SHARED_REST_MS_MAX = 5
/** The reader is told of every so many steps' bytes, and when there is no more room. */
const ANNOUNCE_EVERY = 8
/** During a rest, how often it is looked whether that is over. */
const LOOK_MS = 10

export class Walker implements OwnWalk {
  readonly #shard: Shard
  readonly #run: SnapshotRunBlock
  readonly #block: OldBlock
  readonly #ring: RingProducer
  readonly #sink = new RdbSink()
  readonly #out = new Outgoing(this.#sink)
  readonly #writer: EntryWriter
  readonly #found = new RefList()
  /** The database walked, by its index at the beginning, and how far. */
  #origin = 0
  #cursor = 0
  /** The detached table walked, 0 if none has been begun. */
  #detached = 0
  #detachedCursor = 0
  /** The entry that takes more than one step, 0 if none does. */
  #current: EntryRef | 0 = 0
  /** All of it is written, but some of its strings are still to be fetched. */
  #isWritten = false
  /** What has been gathered are old values. */
  #hasOld = false
  #isWalking = false
  /** Databases whose sizes have been told. */
  readonly #told = new Set<number>()
  /** The ring had no room when it was written to last. */
  #isFull = false
  /** How often bytes went into the ring since the reader was told. */
  #unannounced = 0
  #next = 0
  /** It rests because of rdb-key-save-delay. */
  #isResting = false
  /** The shard is one of those that may walk now. */
  #hasTurn = false
  /** Lookups and changes by clients, as they were after the last step. */
  #commands = 0
  /** Of no use, but that it is: see fetchItems. */
  #fetched = 0
  /** Entries saved that it has rested for. */
  #rested = 0

  constructor(shard: Shard, run: SnapshotRunBlock, block: OldBlock, ring: RingProducer) {
    this.#shard = shard
    this.#run = run
    this.#block = block
    this.#ring = ring
    this.#sink.notedMin = LONG_BYTES
    this.#writer = new EntryWriter(this.#sink, shard.engine.settings)
  }

  /** Whether there is a snapshot to take. */
  get isWanted(): boolean {
    return this.#block.state === WALK.TAKE
  }

  /** Whether a step is due at `clock` (performance.now). */
  due(clock: number): boolean {
    return this.isWanted && (clock >= this.#next || (this.#isResting && !this.#mayRest))
  }

  msToNext(clock: number): number {
    if (!this.isWanted) return Number.POSITIVE_INFINITY
    return Math.min(Math.max(0, this.#next - clock), this.#isResting ? LOOK_MS : Number.POSITIVE_INFINITY)
  }

  /** Whether the lock must be kept: an entry is being written. */
  get keepsLock(): boolean {
    return this.#current !== 0
  }

  /** Takes a step, under the lock. */
  step(now: number): void {
    const clock = performance.now()
    if (!this.#isWalking) this.#begin()
    this.#next = clock
    this.#isResting = false
    const isGivenUp = this.#run.state !== RUN.TAKEN
    if (isGivenUp) this.#forget()
    else if (!this.#flush()) {
      if (this.#isFull) this.#next = clock + REST_MS
      else this.#restAmong(clock)
      return
    }
    if (!this.#hasTurn && !isGivenUp) this.#hasTurn = this.#run.takeTurn()
    if (this.#hasTurn || isGivenUp) {
      if (this.#walk(now, clock + STEP_MS, isGivenUp)) this.#end(isGivenUp)
    } else {
      this.#takeOldValues()
      this.#next = clock + REST_MS
    }
    if (!isGivenUp) this.#flush()
    this.#restAmong(clock)
  }

  /** Rests a little if clients have done something since the last step, which began at `clock`. */
  #restAmong(clock: number): void {
    const { m } = this.#shard
    const commands = rootCounter(m, ROOT.HITS) + rootCounter(m, ROOT.MISSES) + rootCounter(m, ROOT.DIRTY)
    if (commands === this.#commands) return
    this.#commands = commands
    const end = performance.now()
    this.#next = Math.max(this.#next, end + Math.min(SHARED_REST_MS_MAX, (end - clock) * REST_SHARE))
  }

  #begin(): void {
    this.#isWalking = true
    this.#origin = 0
    this.#cursor = 0
    this.#detached = 0
    this.#detachedCursor = 0
    this.#told.clear()
    this.#rested = 0
    this.#sink.compresses = this.#shard.engine.settings[SETTING.rdbcompression] !== 0
    this.#forget()
  }

  /** Drops what has been gathered. */
  #forget(): void {
    this.#current = 0
    this.#isWritten = false
    this.#hasOld = false
    this.#out.clear()
    this.#writer.db = -1
  }

  /** Saves entries until `deadline`. Returns whether all are saved. */
  #walk(now: number, deadline: number, isGivenUp: boolean): boolean {
    const { m } = this.#shard
    if (this.#current !== 0 && !this.#goOn(deadline)) return false
    // Nobody adds to them during the step, which is under the lock.
    if (!isGivenUp && !this.#takeOldValues()) return false
    for (;;) {
      if (!this.#canGoOn(deadline) || (!isGivenUp && this.#rests())) return false
      const detached = detachedFirst(m)
      if (detached !== 0) {
        if (this.#detached !== detached) this.#detachedCursor = 0
        this.#detached = detached
        const table = detachedTable(m, detached)
        const origin = detachedOrigin(m, detached)
        const next = this.#scan(table, this.#detachedCursor, origin, now, deadline, isGivenUp || this.#isHidden(origin))
        if (next < 0) return false
        this.#detachedCursor = next
        if (next === 0) detachedBury(m, detached)
      } else if (this.#origin === 2 * this.#shard.databases) {
        return true
      } else {
        const database = this.#databaseOf(this.#origin)
        const table = databaseKeys(m, database)
        const isDropped = isGivenUp || this.#isHidden(this.#origin)
        if (!isDropped) this.#tellSize(dictCount(m, table), dictCount(m, databaseExpires(m, database)))
        const next = this.#scan(table, this.#cursor, this.#origin, now, deadline, isDropped)
        if (next < 0) return false
        this.#cursor = next
        if (next === 0) this.#origin++
      }
    }
  }

  #canGoOn(deadline: number): boolean {
    return performance.now() < deadline && this.#sink.length < FLUSH_BYTES
  }

  /** What is in a hidden database is nobody's data yet: its entries are passed over, but counted as saved. */
  #isHidden(origin: number): boolean {
    return origin >= this.#shard.databases
  }

  /** The database that had this index when the snapshot began. */
  #databaseOf(origin: number): ReturnType<typeof keyspaceDatabase> {
    const { m } = this.#shard
    for (let i = 0; i < 2 * this.#shard.databases; i++) {
      const database = keyspaceDatabase(m, i)
      if (databaseOrigin(m, database) === origin) return database
    }
    throw new Error('a database keeps its number while a snapshot is taken')
  }

  /** Tells the sizes of a database before its first entry, so that whoever loads it can make room. */
  #tellSize(keys: number, expires: number): void {
    if (keys === 0 || this.#told.has(this.#origin)) return
    this.#told.add(this.#origin)
    const sink = this.#sink
    sink.byte(OPCODE.SELECT)
    sink.size(this.#origin)
    this.#writer.db = this.#origin
    sink.byte(OPCODE.RESIZE)
    sink.size(keys)
    sink.size(expires)
  }

  /** Saves the unsaved entries under a cursor. Returns the next cursor, or -1 if the bucket must be looked at again. */
  #scan(table: DictRef, cursor: number, origin: number, now: number, deadline: number, isDropped: boolean): number {
    const { m } = this.#shard
    const found = this.#found
    found.clear()
    const next = dictScan(m, table, cursor, found)
    // A bucket's entries lie anywhere: one after the other, each would be waited for.
    this.#fetched ^= fetchItems(m, found)
    for (let i = 0; i < found.count; i++) {
      const entry = found.refs[i] as EntryRef
      if (!entryIsUnsaved(m, entry)) continue
      if (isDropped) {
        entryMarkSaved(m, entry)
        continue
      }
      this.#current = entry
      this.#writer.start(m, origin, entry, now)
      if (!this.#goOn(deadline) || this.#rests()) return -1
    }
    return next
  }

  /** Writes on at the current entry. Returns whether it is saved. */
  #goOn(deadline: number): boolean {
    while (!this.#isWritten) {
      this.#isWritten = this.#writer.step(STEP_ELEMENTS)
      if (!this.#isWritten && !this.#canGoOn(deadline)) return false
    }
    if (this.#out.hasNotes) return false
    this.#saved()
    return true
  }

  #saved(): void {
    assert(this.#current !== 0, 'an entry was being written')
    entryMarkSaved(this.#shard.m, this.#current)
    this.#current = 0
    this.#isWritten = false
    this.#block.saved++
  }

  /**
   * rdb-key-save-delay: rests once for each entry, also for those that were saved because they were about to change; for
   * tests. A negative delay is a seldom one. Returns whether it rests.
   */
  #rests(): boolean {
    const delay = this.#shard.engine.settings[SETTING.rdbKeySaveDelay]
    const { saved } = this.#block
    if (delay > 0 && this.#rested < saved) {
      this.#rested++
      this.#next = performance.now() + delay / 1000
      this.#isResting = true
      return true
    }
    for (; delay < 0 && this.#rested < saved; this.#rested++) if (Math.random() * -delay < 1) sleepSync(0.001)
    this.#rested = saved
    return false
  }

  /** Whether a rest still has its reason: the delay may have been taken back, and the snapshot given up. */
  get #mayRest(): boolean {
    return this.#run.state === RUN.TAKEN && this.#shard.engine.settings[SETTING.rdbKeySaveDelay] > 0
  }

  /** A command is about to change the entry being written. */
  finish(entry: EntryRef): boolean {
    if (this.#current !== entry) return false
    this.finishCurrent()
    return true
  }

  /** Writes the rest of the entry being written, if there is one, however long that takes. */
  finishCurrent(): void {
    while (this.#current !== 0 && !this.#goOn(Number.POSITIVE_INFINITY)) {
      if (this.#flush() || !this.#isFull) continue
      // Nobody reads any more: the rest is not wanted.
      if (this.#run.state !== RUN.TAKEN) return this.#forget()
      sleepSync(1)
    }
  }

  /** Takes over the old values that are in the shard's block; no entry is being written. Returns whether all that was gathered is in the ring. */
  #takeOldValues(): boolean {
    const block = this.#block
    if (block.length === 0) return true
    if (!this.#flush()) return false
    this.#sink.raw(block.u8, 0, block.length)
    block.length = 0
    block.db = -1
    this.#hasOld = true
    return this.#flush()
  }

  /** Puts what has been gathered into the ring, as much as a step has time for. Returns whether all went. Needs no lock of its own. */
  #flush(): boolean {
    const out = this.#out
    const ring = this.#ring
    let left = SENT_BYTES_MAX
    this.#isFull = false
    while (left > 0 && !this.#isFull && out.next()) {
      if (out.string > 0) {
        this.#isFull = !this.#tellString(out.string)
        if (!this.#isFull) out.take(0)
        continue
      }
      const piece = Math.min(out.length, left, ring.payloadMax)
      const isLast = out.isLast(piece)
      const isWhole = isLast && (this.#current === 0 || this.#isWritten)
      const kind = this.#hasOld ? (isWhole ? SAVED.OLD : SAVED.OLD_PART) : isWhole ? SAVED.WHOLE : SAVED.PART
      const at = ring.begin(kind, piece)
      this.#isFull = at < 0
      if (this.#isFull) break
      copyBytes(ring.u8, at, out.u8, out.at, piece)
      out.take(piece)
      left -= piece
      if (isLast && this.#isWritten) this.#saved()
    }
    const isAll = !this.#isFull && !out.next()
    this.#announce(!isAll)
    if (!isAll) return false
    this.#sink.trim()
    this.#hasOld = false
    if (this.#current === 0) this.#writer.db = -1
    return true
  }

  #tellString(bytes: number): boolean {
    const at = this.#ring.begin(SAVED.STRING, STRING_BYTES)
    if (at < 0) return false
    new DataView(this.#ring.u8.buffer, this.#ring.u8.byteOffset + at, STRING_BYTES).setFloat64(0, bytes, true)
    return true
  }

  /** Lets the reader see what is in the ring. */
  #announce(isUrgent: boolean): void {
    // Waking the reader each time would cost more than it reads: it looks by itself now and then.
    const isSlow = this.#shard.engine.settings[SETTING.rdbKeySaveDelay] !== 0
    if (this.#ring.publish() && (isUrgent || isSlow || ++this.#unannounced >= ANNOUNCE_EVERY)) {
      this.#unannounced = 0
      this.#run.ring()
    }
  }

  /** All is saved: says so, behind all bytes, and becomes as if there had been no snapshot. */
  #end(isGivenUp: boolean): void {
    if (!isGivenUp) {
      if (!this.#flush()) return
      const at = this.#ring.begin(SAVED.END, END_BYTES)
      if (at < 0) return
      const end = new DataView(this.#ring.u8.buffer, this.#ring.u8.byteOffset + at, END_BYTES)
      end.setFloat64(0, this.#block.saved, true)
      end.setFloat64(8, this.#block.oldBytes, true)
      end.setFloat64(16, this.#block.spilled, true)
      this.#ring.publish()
    }
    this.#isWalking = false
    if (this.#hasTurn) this.#run.giveTurn()
    this.#hasTurn = false
    epochEnd(this.#shard.m)
    this.#block.state = WALK.NONE
    this.#run.ring()
  }
}
