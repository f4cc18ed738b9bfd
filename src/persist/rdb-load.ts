// Loads what an RDB file holds into the shards: blocking code, for a thread of the pool.
//
// Keys are made under their shard's lock, which is kept for some keys at a time; only then are they put into the tables,
// since a bucket is all but always far away, and many are fetched in little more time than one. The bytes may be damaged or hostile:
// whatever does not fit ends the loading with RdbDamage, and what was loaded before stays loaded.

import { keySlot } from '../bytes/crc16.ts'
import { crc64Equals } from '../bytes/crc64.ts'
import { evictsByFrequency } from '../config/settings.ts'
import { readLibrary } from '../scripting/library.ts'
import { lockWord } from '../shared/control.ts'
import { lockWait, unlock } from '../shared/lock.ts'
import { sleepSync } from '../shared/sleep.ts'
import { lfuRestored, lruRestored } from '../store/access.ts'
import { dictCount, dictFind, dictIsRehashing, dictReserve } from '../store/dict.ts'
import type { Engine } from '../store/engine.ts'
import { type EntryRef, entrySetAccess } from '../store/entry.ts'
import { itemHash, itemKeyAt, itemKeyLength } from '../store/item.ts'
import { databaseExpires, databaseKeys, keyspaceDatabase } from '../store/keyspace.ts'
import { type Memory, memoryRefresh } from '../store/memory.ts'
import { Prefetch } from '../store/prefetch.ts'
import { RdbDamage, sound } from '../store/rdb/damage.ts'
import { decodeEntry } from '../store/rdb/decode.ts'
import { OPCODE, RDB_VERSION } from '../store/rdb/format.ts'
import { SkippedParts, walkValue } from '../store/rdb/skip.ts'
import { type RdbSource, RdbString } from '../store/rdb/source.ts'
import type { Shard } from '../store/shard.ts'
import type { ByteFeed } from './byte-feed.ts'

/** The first version that ends with a checksum. */
const CHECKSUM_SINCE = 5
const HEADER_BYTES = 9
const CHECKSUM_BYTES = 8
/** Keys made before they are put into the tables, and the lock is given back for others to have a turn. */
const TURN = 64
/** Empty keys that are named in the log. */
const NAMED_EMPTY = 10
/** However many keys a file promises, room for no more than these is made beforehand. */
const RESERVE_MAX = 2 ** 22

/** How a file is to be loaded. */
export interface LoadOptions {
  /** Unix ms. */
  readonly now: number
  /** Leave out what has expired: not on a replica. */
  readonly dropsExpired: boolean
  /** What to do with a key that is there already. */
  readonly duplicates: 'refuse' | 'replace'
  /** Whether a wrong checksum is an error. */
  readonly checks: boolean
  /** Microseconds to sleep after each key, for tests. */
  readonly delay: number
  /** Added to every database's number. */
  readonly dbBase: number
  /** Databases that keys may be in. */
  readonly databases: number
  /** The shard that all keys are of, -1 if they are of any. */
  readonly shard: number
  /**
   * Which of so many parts of a file to load: the keys of every shard whose index leaves the part's when divided by the count.
   * Part 0 tells what the file says beside keys. All of it, if not given.
   */
  readonly part?: LoadPart
  /** Only look whether all is sound: each value is made, and thrown away. */
  readonly keepsNothing?: boolean
}

/** One of the parts that a file is loaded in, each by a thread of its own that reads all of it. */
export interface LoadPart {
  readonly index: number
  /** At most as many as there are shards. */
  readonly count: number
}

const WHOLE: LoadPart = { index: 0, count: 1 }

/** Who hears of what is found beside keys. */
export interface LoadListener {
  aux(name: string, value: string): void
  /** A line for the log. */
  note(text: string): void
  /** A key that has expired was left out; its bytes as latin1. */
  expired?(db: number, key: string): void
}

/** How many keys were loaded, and how many left out, expired or empty. */
export interface LoadResult {
  readonly loaded: number
  readonly expired: number
  readonly empty: number
}

export class RdbLoader {
  readonly #feed: ByteFeed
  readonly #source: RdbSource
  readonly #engine: Engine
  /** The control block's words, for the locks; without it the caller holds them all. */
  readonly #control: Int32Array | undefined
  readonly #options: LoadOptions
  readonly #listener: LoadListener
  readonly #part: LoadPart
  readonly #skipped: SkippedParts
  readonly #key = new RdbString()
  /** Entries of the locked shard that are in no table yet, and the hashes of their keys. */
  readonly #made = new Uint32Array(TURN)
  readonly #hashes = new Int32Array(TURN)
  readonly #prefetch = new Prefetch(TURN)
  #count = 0
  #locked: Shard | undefined
  #turn = 0
  #version = 0
  #db = 0
  #expireAt = -1
  #idle = -1
  #frequency = -1
  #loaded = 0
  #expired = 0
  #empty = 0

  constructor(
    feed: ByteFeed,
    engine: Engine,
    control: Int32Array | undefined,
    options: LoadOptions,
    listener: LoadListener,
  ) {
    this.#feed = feed
    this.#source = feed.source
    this.#skipped = new SkippedParts(feed.source)
    this.#engine = engine
    this.#control = control
    this.#options = options
    this.#part = options.part ?? WHOLE
    this.#listener = listener
  }

  /** Loads all up to the file's end. Throws RdbDamage; `feed.offset` tells where. */
  load(): LoadResult {
    try {
      this.#readHeader()
      while (this.#readNext());
      this.#linkAll()
      this.#readChecksum()
    } catch (error) {
      this.#dropAll()
      throw error
    } finally {
      this.#unlock()
    }
    return { loaded: this.#loaded, expired: this.#expired, empty: this.#empty }
  }

  #readHeader(): void {
    const source = this.#source
    source.need(HEADER_BYTES)
    let text = ''
    for (let i = 0; i < HEADER_BYTES; i++) text += String.fromCharCode(source.byte())
    sound(text.startsWith('REDIS'), 'Wrong signature trying to load DB from file')
    const version = Number(text.slice(5))
    // Later versions have types of their own, which are refused where they come.
    sound(version >= 1 && version <= NEWEST_READ, `Can't handle RDB format version ${text.slice(5)}`)
    this.#version = version
  }

  #readNext(): boolean {
    const source = this.#source
    const opcode = source.byte()
    switch (opcode) {
      case OPCODE.EOF:
        return false
      case OPCODE.SELECT:
        this.#linkAll()
        this.#db = source.size()
        sound(
          this.#db < this.#options.databases,
          `FATAL: Data file was created with a server configured to handle more than ${this.#options.databases} databases`,
        )
        return true
      case OPCODE.EXPIRE_SECONDS:
        source.need(4)
        this.#expireAt = (source.byte() | (source.byte() << 8) | (source.byte() << 16) | (source.byte() << 24)) * 1000
        return true
      case OPCODE.EXPIRE_MS:
        this.#expireAt = Math.max(0, Number(source.bigInteger64()))
        return true
      case OPCODE.RESIZE:
        this.#reserve(source.size(), source.size())
        return true
      case OPCODE.AUX:
        this.#readAux()
        return true
      case OPCODE.IDLE:
        this.#idle = source.size()
        return true
      case OPCODE.FREQ:
        this.#frequency = source.byte()
        return true
      case OPCODE.FUNCTION_2:
        source.string(this.#key)
        if (this.#part.index === 0) this.#readLibrary(this.#key)
        return true
      case OPCODE.FUNCTION_OLD:
        throw new RdbDamage('Pre-release function format not supported.')
      case OPCODE.MODULE_AUX:
        throw new RdbDamage('The RDB file contains data of a module; there are no modules here')
      default:
        this.#readEntry(opcode)
        return true
    }
  }

  #readLibrary({ u8, at, length }: RdbString): void {
    const library = readLibrary(u8.slice(at, at + length))
    const problem =
      'problem' in library
        ? library.problem
        : this.#engine.libraries.add([library], this.#options.duplicates === 'replace')
    if (problem !== undefined) throw new RdbDamage(`Failed loading a library of functions: ${problem}`)
  }

  #readAux(): void {
    const name = new RdbString()
    const value = new RdbString()
    this.#source.string(name)
    const text = latin1(name)
    this.#source.string(value)
    if (this.#part.index === 0) this.#listener.aux(text, latin1(value))
  }

  #readEntry(type: number): void {
    const source = this.#source
    const key = this.#key
    source.string(key)
    const { u8, at, length } = key
    const expireAt = this.#expireAt
    const owner = this.#shardOf(u8, at, length)
    if (!this.#isMine(owner)) return this.#pass(type)
    const shard = this.#lock(owner)
    const { m, engine } = shard
    let entry: EntryRef
    try {
      entry = decodeEntry(m, engine.settings, source, type, u8, at, length, expireAt)
    } catch (error) {
      if (!(error instanceof RdbDamage && error.isEmpty)) throw error
      if (this.#empty++ < NAMED_EMPTY) this.#listener.note(`skipping empty key: ${latin1(key)}`)
      return this.#forgetFacts()
    }
    if (expireAt >= 0 && expireAt < this.#options.now && this.#options.dropsExpired) {
      this.#expired++
      this.#listener.expired?.(this.#db, latin1(key))
      shard.free(entry)
    } else {
      this.#loaded++
      if (this.#options.keepsNothing === true) shard.free(entry)
      else this.#keep(shard, entry)
    }
    this.#forgetFacts()
    if (this.#options.delay !== 0) this.#sleep()
  }

  /** Passes over the value of a key that another part is to load. */
  #pass(type: number): void {
    const { u8, at, length } = this.#key
    if (!walkValue(this.#skipped, type)) {
      const shard = this.#lock(this.#engine.shards[this.#part.index])
      try {
        shard.free(decodeEntry(shard.m, shard.engine.settings, this.#source, type, u8, at, length, -1))
      } catch (error) {
        if (!(error instanceof RdbDamage && error.isEmpty)) throw error
      }
    }
    this.#forgetFacts()
  }

  #isMine(shard: Shard): boolean {
    return this.#part.count === 1 || shard.index % this.#part.count === this.#part.index
  }

  #shardOf(key: Uint8Array, at: number, length: number): Shard {
    const { shards } = this.#engine
    return shards.length === 1 ? shards[0] : this.#engine.shardOfSlot(keySlot(key, at, length))
  }

  #keep(shard: Shard, entry: EntryRef): void {
    const { m } = shard
    const hash = itemHash(m, entry)
    entrySetAccess(m, entry, this.#access(shard))
    this.#made[this.#count] = entry
    this.#hashes[this.#count++] = hash
    this.#prefetch.add(m, this.#db + this.#options.dbBase, hash)
  }

  /** Puts what has been made into the tables, whose buckets are all fetched at once. */
  #linkAll(): void {
    const shard = this.#locked
    if (this.#count === 0 || shard === undefined) return
    this.#prefetch.fetch()
    for (let i = 0; i < this.#count; i++) {
      if (!this.#link(shard, this.#made[i] as EntryRef, this.#hashes[i])) {
        this.#made.copyWithin(0, i, this.#count)
        this.#count -= i
        throw new RdbDamage(`RDB has duplicated key '${keyText(shard.m, this.#made[0])}' in DB ${this.#db}`)
      }
    }
    this.#count = 0
  }

  /** Returns false if the key is there already and may not be. */
  #link(shard: Shard, entry: EntryRef, hash: number): boolean {
    const { m } = shard
    const db = this.#db + this.#options.dbBase
    const keys = databaseKeys(m, keyspaceDatabase(m, db))
    const old = dictFind(m, keys, hash, m.u8, itemKeyAt(m, entry), itemKeyLength(m, entry))
    if (old !== 0) {
      if (this.#options.duplicates !== 'replace') return false
      shard.discard(db, old as number as EntryRef, false)
    }
    shard.linkHashed(db, entry, hash)
    return true
  }

  /** Frees what has been made and is in no table. */
  #dropAll(): void {
    for (let i = 0; i < this.#count; i++) this.#locked?.free(this.#made[i] as EntryRef)
    this.#count = 0
  }

  /** What the file says of a key's last use, or that it is used now. */
  #access(shard: Shard): number {
    const { now } = this.#options
    if (evictsByFrequency(shard.engine.settings)) {
      return this.#frequency < 0 ? shard.newAccess() : lfuRestored(this.#frequency, now)
    }
    return this.#idle < 0 ? shard.newAccess() : lruRestored(this.#idle, now)
  }

  #forgetFacts(): void {
    this.#feed.settle()
    this.#expireAt = -1
    this.#idle = -1
    this.#frequency = -1
  }

  /** Makes room for as many keys as the file says will come, in tables that are still empty. */
  #reserve(keys: number, expires: number): void {
    const { shard: only, dbBase, keepsNothing } = this.#options
    if (keepsNothing === true) return
    const { shards } = this.#engine
    const targets = only < 0 ? shards.filter(shard => this.#isMine(shard)) : [shards[only]]
    const sharers = only < 0 ? shards.length : 1
    for (const shard of targets) {
      this.#lock(shard)
      const database = keyspaceDatabase(shard.m, this.#db + dbBase)
      for (const [table, count] of [
        [databaseKeys(shard.m, database), keys],
        [databaseExpires(shard.m, database), expires],
      ] as const) {
        if (dictCount(shard.m, table) === 0 && !dictIsRehashing(shard.m, table)) {
          dictReserve(shard.m, table, Math.ceil(Math.min(count, RESERVE_MAX) / sharers))
        }
      }
    }
  }

  #lock(shard: Shard): Shard {
    if (this.#locked === shard && ++this.#turn < TURN) return shard
    this.#unlock()
    this.#turn = 0
    if (this.#control !== undefined) lockWait(this.#control, lockWord(shard.index))
    memoryRefresh(shard.m)
    this.#locked = shard
    return shard
  }

  #unlock(): void {
    this.#linkAll()
    if (this.#locked !== undefined && this.#control !== undefined) unlock(this.#control, lockWord(this.#locked.index))
    this.#locked = undefined
  }

  #sleep(): void {
    this.#unlock()
    const { delay } = this.#options
    if (delay > 0) sleepSync(delay / 1000)
    else if (Math.random() * -delay < 1) sleepSync(0.001)
  }

  #readChecksum(): void {
    const sum = this.#feed.sum()
    if (this.#version < CHECKSUM_SINCE) return
    const source = this.#source
    source.need(CHECKSUM_BYTES)
    const isAbsent = source.u8.subarray(source.at, source.at + CHECKSUM_BYTES).every(byte => byte === 0)
    const isRight = sum === undefined || crc64Equals(sum, source.u8, source.at)
    source.at += CHECKSUM_BYTES
    if (isAbsent) {
      if (this.#options.checks) this.#listener.note('RDB file was saved with checksum disabled: no check performed.')
    } else if (this.#options.checks) {
      sound(isRight, 'RDB CRC error: wrong checksum')
    }
  }
}

/** Redis reads files of later versions up to its own; those of 7.2 and on differ in types that are known here. */
const NEWEST_READ = Math.max(RDB_VERSION, 12)

function keyText(m: Memory, entry: number): string {
  const at = itemKeyAt(m, entry)
  return Buffer.from(m.u8.slice(at, at + itemKeyLength(m, entry))).toString('latin1')
}

const latin1 = ({ u8, at, length }: RdbString): string =>
  Buffer.from(u8.buffer, u8.byteOffset + at, length).toString('latin1')
