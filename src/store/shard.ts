// A shard as commands see it: a flyweight over the arena, which finds, makes, changes and deletes keys.
//
// Whoever calls this holds the shard's lock. Nothing is kept here: a second thread's Shard over the same arena is the
// same keyspace. A handler looks keys up by request argument; the …Key forms take bytes for keys from elsewhere.

import { assert } from '../bytes/assert.ts'
import { copyBytes } from '../bytes/copy.ts'
import { evictsByFrequency, SETTING } from '../config/settings.ts'
import { WRONG_TYPE } from '../protocol/errors.ts'
import type { Reply } from '../protocol/reply.ts'
import { type Request, SENDER } from '../protocol/request.ts'
import { lfuNew, lfuTouch, lruClock } from './access.ts'
import { arenaUsed } from './arena.ts'
import { dictAdd, dictCount, dictFind, dictRelease, dictRemoveItem, dictReplace } from './dict.ts'
import { type Engine, NOTIFY } from './engine.ts'
import {
  ENTRY,
  ENTRY_FLAG,
  type Encoding,
  type EntryRef,
  entryAccess,
  entryCreate,
  entryEncoding,
  entryExpireAt,
  entryExpires,
  entryFlags,
  entryRelease,
  entrySetAccess,
  entrySetValue,
  entryType,
  TYPE,
  type Type,
} from './entry.ts'
import { databaseOrigin, detach, entryIsUnsaved, entryMarkSaved, epochIsActive } from './epoch.ts'
import { bury, buryTable, graveyardStep, LAZY_EFFORT } from './graveyard.ts'
import { expiryLinked, expiryUnlinked } from './hash-expiry.ts'
import { itemKeyAt, itemKeyLength, keyHash } from './item.ts'
import {
  databaseExpires,
  databaseKeys,
  databaseReset,
  keyspaceDatabase,
  keyspaceDatabases,
  keyspaceRoot,
  ROOT,
  rootAdd,
} from './keyspace.ts'
import {
  hasMarks,
  type MarkRef,
  markFind,
  markFirst,
  markIsReady,
  markSetReady,
  marksEach,
  markTouch,
} from './marks.ts'
import type { Memory } from './memory.ts'
import { ownExpiryAdd } from './own-expiries.ts'
import { stringAt, stringLength } from './string.ts'
import { valueEffort, valueRelease } from './value.ts'

/** A value of more elements than this is never freed at once when the server itself deletes its key. */
const AT_ONCE_EFFORT = 10_000

/** What `typed` returns when it has replied WRONGTYPE. */
export const WRONG = -1

export class Shard {
  readonly engine: Engine
  readonly m: Memory
  readonly index: number

  constructor(engine: Engine, m: Memory, index: number) {
    this.engine = engine
    this.m = m
    this.index = index
  }

  /** The shard that holds the key in argument `i`; its lock is held too. */
  ofKey(req: Request, i: number): Shard {
    const shards = this.engine.shards
    return shards.length === 1 ? this : this.engine.shardOfSlot(req.slot(i))
  }

  // ---- finding

  /** The entry of the key in argument `i`, for a command that reads it: counts a hit or a miss, and the access. */
  find(req: Request, i: number): EntryRef | 0 {
    const entry = this.#findArgument(req, i)
    if (entry === 0) {
      rootAdd(this.m, ROOT.MISSES, 1)
      this.engine.notify(NOTIFY.KEY_MISS, 'keymiss', req.db, req.u8, req.at[i], req.length[i])
      return 0
    }
    rootAdd(this.m, ROOT.HITS, 1)
    if ((req.sender.flags & SENDER.NO_TOUCH) === 0) this.access(entry)
    return entry
  }

  /** The entry of the key in argument `i`, for a command that changes it: no hit or miss is counted. */
  findForWrite(req: Request, i: number): EntryRef | 0 {
    const entry = this.#findArgument(req, i)
    if (entry !== 0 && (req.sender.flags & SENDER.NO_TOUCH) === 0) this.access(entry)
    return entry
  }

  /** As `find`, for a key that must hold `type` if it exists: WRONG after replying WRONGTYPE. */
  typed(req: Request, i: number, type: Type, reply: Reply): EntryRef | 0 | typeof WRONG {
    const entry = this.find(req, i)
    return entry === 0 || entryType(this.m, entry) === type ? entry : wrongType(reply)
  }

  /** As `findForWrite`, for a key that must hold `type` if it exists: WRONG after replying WRONGTYPE. */
  typedForWrite(req: Request, i: number, type: Type, reply: Reply): EntryRef | 0 | typeof WRONG {
    const entry = this.findForWrite(req, i)
    return entry === 0 || entryType(this.m, entry) === type ? entry : wrongType(reply)
  }

  /** As `find`, but the entry's access stays as it is: for a command that only asks about the key. */
  findUntouched(req: Request, i: number, tellsMiss = true): EntryRef | 0 {
    const entry = this.#findArgument(req, i)
    rootAdd(this.m, entry === 0 ? ROOT.MISSES : ROOT.HITS, 1)
    if (entry === 0 && tellsMiss)
      this.engine.notify(NOTIFY.KEY_MISS, 'keymiss', req.db, req.u8, req.at[i], req.length[i])
    return entry
  }

  /** The live entry of a key; an expired one is deleted, or on a replica passed over. No side effect otherwise. */
  findKey(db: number, key: Uint8Array, at: number, length: number): EntryRef | 0 {
    return this.#findHashed(db, keyHash(this.m, key, at, length), key, at, length)
  }

  #findHashed(db: number, hash: number, key: Uint8Array, at: number, length: number): EntryRef | 0 {
    const m = this.m
    const keys = databaseKeys(m, keyspaceDatabase(m, db))
    const entry = dictFind(m, keys, hash, key, at, length) as number as EntryRef | 0
    if (entry === 0) return 0
    if (this.#isOver(entry)) {
      if (this.engine.deletesExpired || this.engine.overrules) this.expire(db, entry)
      return 0
    }
    // Whatever changes a value has looked its key up before: this is the one place where old values are saved in time.
    if (entryIsUnsaved(m, entry) && !this.engine.reads) this.changing(db, entry)
    return entry
  }

  /** Whether the time of an entry is up. */
  #isOver(entry: EntryRef): boolean {
    return entryExpires(this.m, entry) && this.m.f64[entry + ENTRY.EXPIRE / 8] <= this.engine.horizon
  }

  #findArgument(req: Request, i: number): EntryRef | 0 {
    const key = req.u8
    const at = req.at[i]
    const length = req.length[i]
    const hash = req.isHashed(i) ? req.hash : keyHash(this.m, key, at, length)
    return this.#findHashed(req.db, hash, key, at, length)
  }

  /** The entry is about to be changed or taken away: a snapshot that has yet to save it does so now. */
  changing(db: number, entry: EntryRef): void {
    const m = this.m
    if (!entryIsUnsaved(m, entry)) return
    const { oldValues } = this.engine
    assert(oldValues !== undefined, 'whoever changes keys during a snapshot can save them')
    oldValues.save(this, databaseOrigin(m, keyspaceDatabase(m, db)), entry)
    entryMarkSaved(m, entry)
  }

  /** The entry of the key in argument `i`, expired or not, without any side effect: what `cost` goes by. */
  peek(req: Request, i: number): EntryRef | 0 {
    return this.#peekKey(req.db, req.u8, req.at[i], req.length[i])
  }

  #peekKey(db: number, key: Uint8Array, at: number, length: number): EntryRef | 0 {
    const m = this.m
    const keys = databaseKeys(m, keyspaceDatabase(m, db))
    return dictFind(m, keys, keyHash(m, key, at, length), key, at, length) as number as EntryRef | 0
  }

  /** Notes that an entry was used. */
  access(entry: EntryRef): void {
    const m = this.m
    const settings = this.engine.settings
    if (!evictsByFrequency(settings)) {
      entrySetAccess(m, entry, lruClock(this.engine.now))
      return
    }
    const decay = settings[SETTING.lfuDecayTime]
    entrySetAccess(m, entry, lfuTouch(entryAccess(m, entry), this.engine.now, decay, settings[SETTING.lfuLogFactor]))
  }

  /** What tells of an entry that it has just been used for the first time. */
  newAccess(): number {
    const { settings, now } = this.engine
    return evictsByFrequency(settings) ? lfuNew(now) : lruClock(now)
  }

  // ---- making

  /** Adds the key in argument `i`, which must not exist, with a value that lies at `value`. */
  add(req: Request, i: number, type: Type, encoding: Encoding, value: number): EntryRef {
    return this.addKey(req.db, req.u8, req.at[i], req.length[i], type, encoding, value)
  }

  /** Adds a key that must not exist, with a value that lies at `value`. */
  addKey(
    db: number,
    key: Uint8Array,
    at: number,
    length: number,
    type: Type,
    encoding: Encoding,
    value: number,
  ): EntryRef {
    const entry = entryCreate(this.m, type, encoding, 0, 0, -1, key, at, length)
    entrySetValue(this.m, entry, value)
    this.link(db, entry)
    return entry
  }

  /** Puts an entry that was just created into the tables; its key must not exist. */
  link(db: number, entry: EntryRef): void {
    entrySetAccess(this.m, entry, this.newAccess())
    this.linkHashed(db, entry, this.#hashOf(entry))
  }

  /** As `link`, for whoever knows the key's hash and has set the entry's access. */
  linkHashed(db: number, entry: EntryRef, hash: number): void {
    const m = this.m
    const database = keyspaceDatabase(m, db)
    entryMarkSaved(m, entry)
    dictAdd(m, databaseKeys(m, database), hash, entry)
    if (entryExpires(m, entry)) {
      dictAdd(m, databaseExpires(m, database), hash, entry)
      if (this.engine.overrules) ownExpiryAdd(m, database, hash, entry)
    }
    expiryLinked(m, database, entry)
    const at = itemKeyAt(m, entry)
    this.engine.notify(NOTIFY.NEW, 'new', db, m.u8, at, itemKeyLength(m, entry))
  }

  #hashOf(entry: EntryRef): number {
    const m = this.m
    return keyHash(m, m.u8, itemKeyAt(m, entry), itemKeyLength(m, entry))
  }

  /** Puts `replacement`, an entry with the same key, in the place of `entry`, which is freed, its value not. */
  replaceEntry(db: number, entry: EntryRef, replacement: EntryRef): void {
    const m = this.m
    this.changing(db, entry)
    entryMarkSaved(m, replacement)
    const database = keyspaceDatabase(m, db)
    const hash = this.#hashOf(entry)
    const had = entryExpires(m, entry)
    const has = entryExpires(m, replacement)
    entrySetAccess(m, replacement, entryAccess(m, entry))
    dictReplace(m, databaseKeys(m, database), hash, entry, replacement)
    const expires = databaseExpires(m, database)
    if (had && has) dictReplace(m, expires, hash, entry, replacement)
    else if (had) dictRemoveItem(m, expires, hash, entry)
    else if (has) dictAdd(m, expires, hash, replacement)
    if (has && this.engine.overrules) ownExpiryAdd(m, database, hash, replacement)
    expiryLinked(m, database, replacement)
    entryRelease(m, entry)
  }

  // ---- expiry

  /** Whether an entry's time is up. */
  isExpired(entry: EntryRef): boolean {
    return entryExpires(this.m, entry) && this.m.f64[entry + ENTRY.EXPIRE / 8] <= this.engine.horizon
  }

  /** Sets the time, Unix ms, at which an entry ends. The entry may move: the new ref is returned. */
  setExpire(db: number, entry: EntryRef, expireAt: number): EntryRef {
    this.changing(db, entry)
    if (entryExpires(this.m, entry)) {
      this.m.f64[entry + ENTRY.EXPIRE / 8] = expireAt
      if (this.engine.overrules) ownExpiryAdd(this.m, keyspaceDatabase(this.m, db), this.#hashOf(entry), entry)
      return entry
    }
    return this.#remake(db, entry, expireAt)
  }

  /** Lets an entry last. The entry may move: the new ref is returned. */
  persist(db: number, entry: EntryRef): EntryRef {
    return entryExpires(this.m, entry) ? this.#remake(db, entry, -1) : entry
  }

  #remake(db: number, entry: EntryRef, expireAt: number): EntryRef {
    const m = this.m
    const type = entryType(m, entry)
    const flags = entryFlags(m, entry) & ~ENTRY_FLAG.EXPIRES
    const isInline = type === TYPE.STRING && (flags & ENTRY_FLAG.OUTLINE) === 0
    const inline = isInline ? stringLength(m, entry) : 0
    const keyAt = itemKeyAt(m, entry)
    // The key is read from the arena while the copy is allocated there: m.u8 may be remade, its bytes stay.
    const key = m.u8
    const copy = entryCreate(
      m,
      type,
      entryEncoding(m, entry),
      flags,
      inline,
      expireAt,
      key,
      keyAt,
      itemKeyLength(m, entry),
    )
    entrySetValue(m, copy, m.u32[entry * 2 + ENTRY.VALUE / 4])
    if (inline > 0) copyBytes(m.u8, stringAt(m, copy), m.u8, stringAt(m, entry), inline)
    this.replaceEntry(db, entry, copy)
    return copy
  }

  /** Deletes an entry whose time is up, says so to log, replicas and subscribers, and counts it. */
  expire(db: number, entry: EntryRef): void {
    this.#deleteByServer(db, entry, NOTIFY.EXPIRED, 'expired', ROOT.EXPIRED, SETTING.lazyfreeLazyExpire)
  }

  /** Deletes an entry to get memory back. */
  evict(db: number, entry: EntryRef): void {
    this.#deleteByServer(db, entry, NOTIFY.EVICTED, 'evicted', ROOT.EVICTED, SETTING.lazyfreeLazyEviction)
    this.engine.onEvicted?.()
  }

  #deleteByServer(db: number, entry: EntryRef, type: number, event: string, counter: number, lazy: number): void {
    const { m, engine } = this
    const key = m.u8
    const at = itemKeyAt(m, entry)
    const length = itemKeyLength(m, entry)
    const isLazy = engine.settings[lazy] !== 0
    engine.deletedByServer(this.index, db, key, at, length, isLazy)
    engine.notify(type, event, db, key, at, length)
    if (m.u32[keyspaceRoot(m) * 2 + ROOT.MARKS / 4] !== 0) this.#marked(db, key, at, length, true)
    rootAdd(m, counter, 1)
    // Nobody asked for this deletion, so nobody may wait for it: what is very large goes in steps whatever the setting.
    this.discard(db, entry, isLazy || valueEffort(m, entry) > AT_ONCE_EFFORT)
  }

  // ---- deleting

  /** Deletes an entry, its value at once or, if `lazy` and large, in steps. Leaves word to nobody: see `touched`. */
  discard(db: number, entry: EntryRef, lazy: boolean): void {
    const m = this.m
    this.unlink(db, entry)
    if (lazy && valueEffort(m, entry) > LAZY_EFFORT) {
      bury(m, entry)
    } else {
      valueRelease(m, entry)
      entryRelease(m, entry)
    }
  }

  /** Takes an entry out of the tables; it is the caller's then. */
  unlink(db: number, entry: EntryRef): void {
    const m = this.m
    this.changing(db, entry)
    const database = keyspaceDatabase(m, db)
    const hash = this.#hashOf(entry)
    if (entryExpires(m, entry)) dictRemoveItem(m, databaseExpires(m, database), hash, entry)
    dictRemoveItem(m, databaseKeys(m, database), hash, entry)
    expiryUnlinked(m, entry)
  }

  /** Frees an entry that `unlink` took out, value and all. */
  free(entry: EntryRef): void {
    valueRelease(this.m, entry)
    entryRelease(this.m, entry)
  }

  /** Empties a database, freeing at once or in steps. Returns how many keys there were. */
  flush(db: number, lazy: boolean): number {
    const m = this.m
    const database = keyspaceDatabase(m, db)
    const keys = databaseKeys(m, database)
    const count = dictCount(m, keys)
    if (count === 0) return 0
    if (hasMarks(m)) this.#flushing(db)
    dictRelease(m, databaseExpires(m, database))
    databaseReset(m, database)
    if (epochIsActive(m)) detach(m, keys, databaseOrigin(m, database), count)
    else buryTable(m, keys, count)
    if (!lazy) while (graveyardStep(m, 1 << 20));
    return count
  }

  // ---- leaving word

  /**
   * A command changed the key in argument `i`: the single place from which the log, replicas, WATCH, tracking and
   * keyspace events follow. `changes` counts for rdb_changes_since_last_save.
   */
  touched(req: Request, i: number, type: number, event: string, changes = 1): void {
    this.touchedKey(req.db, req.u8, req.at[i], req.length[i], type, event, changes)
  }

  /** As `touched`, for a key that is no argument. */
  touchedKey(db: number, key: Uint8Array, at: number, length: number, type: number, event: string, changes = 1): void {
    const { m, engine } = this
    engine.dirty += changes
    rootAdd(m, ROOT.DIRTY, changes)
    if (m.u32[keyspaceRoot(m) * 2 + ROOT.MARKS / 4] !== 0) this.#marked(db, key, at, length, false)
    engine.notify(type, event, db, key, at, length)
  }

  /** A key of this shard was changed or deleted, and somebody has marked some: tells those who marked this one. */
  #marked(db: number, key: Uint8Array, at: number, length: number, byServer: boolean): void {
    const mark = markFind(this.m, db, key, at, length)
    if (mark !== 0) this.#changed(mark)
    this.engine.invalidations.changed(this, key, at, length, byServer)
  }

  #changed(mark: MarkRef): void {
    markTouch(this.m, mark)
    this.#wake(mark)
  }

  /** Whoever waits for the key of the mark looks at it when the change is complete. */
  #wake(mark: MarkRef): void {
    const m = this.m
    if (markFirst(m, mark) === 0 || markIsReady(m, mark)) return
    markSetReady(m, mark, true)
    this.engine.ready.push(this.index, mark)
  }

  /** Whether the key that a mark is about exists in a database. */
  #hasMarked(mark: MarkRef, db: number): boolean {
    const m = this.m
    return this.findKey(db, m.u8, itemKeyAt(m, mark), itemKeyLength(m, mark)) !== 0
  }

  #flushing(db: number): void {
    marksEach(this.m, db, mark => {
      if (this.#hasMarked(mark, db)) this.#changed(mark)
    })
  }

  /**
   * Two databases are about to be exchanged: tells those who marked a key that either has. What has expired is not
   * deleted on the way, but after the exchange, by those who wait for it: it is no part of the change.
   */
  swapping(a: number, b: number): void {
    const { m } = this
    if (!hasMarks(m)) return
    const visit = (mark: MarkRef): void => {
      const first = this.#peekMarked(mark, a)
      const second = this.#peekMarked(mark, b)
      if ((first !== 0 && !this.#isOver(first)) || (second !== 0 && !this.#isOver(second))) this.#changed(mark)
      else if (first !== 0 || second !== 0) this.#wake(mark)
    }
    marksEach(m, a, visit)
    marksEach(m, b, visit)
  }

  /** The entry that a database has for the key of a mark, expired or not. */
  #peekMarked(mark: MarkRef, db: number): EntryRef | 0 {
    const m = this.m
    return this.#peekKey(db, m.u8, itemKeyAt(m, mark), itemKeyLength(m, mark))
  }

  // ---- telling

  size(db: number): number {
    return dictCount(this.m, databaseKeys(this.m, keyspaceDatabase(this.m, db)))
  }

  get databases(): number {
    return keyspaceDatabases(this.m)
  }

  /** Time to live in ms at the time of the command, -1 for an entry that lasts. */
  ttl(entry: EntryRef): number {
    const at = entryExpireAt(this.m, entry)
    return at < 0 ? -1 : Math.max(0, at - this.engine.now)
  }

  get usedBytes(): number {
    return arenaUsed(this.m)
  }
}

function wrongType(reply: Reply): typeof WRONG {
  reply.error(WRONG_TYPE)
  return WRONG
}
