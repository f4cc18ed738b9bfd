// Hashes in RDB form: a listpack as its bytes (type 16), a table as fields and values (type 4).
//
// A table with fields that expire has no form that Redis 7.0 knows; it is written as Redis 7.4 does (type 24):
//
//   SIZE  FIELD
//      8  FIRST   the earliest time at which a field expires, Unix ms
//      n  COUNT   fields; then for each
//      n    TIME  0 = lasts, else 1 + ms after FIRST
//      n    field and value
//
// The small form of that version is read only (type 25): FIRST, then a listpack of field, value and time, 0 = lasts.

import { parseInteger } from '../../bytes/integers.ts'
import { SETTING } from '../../config/settings.ts'
import { dictCreate, dictReserve } from '../dict.ts'
import { ENCODING, type EntryRef, entrySetEncoding, entrySetValue } from '../entry.ts'
import { entryExpiry, expiryNext } from '../hash-expiry.ts'
import {
  hashCount,
  hashExpireAt,
  hashFind,
  hashIsTable,
  hashListpack,
  hashSet,
  hashTable,
  hashToTable,
  tableAdd,
} from '../hash-value.ts'
import { HashWalk } from '../hash-walk.ts'
import { keyHash } from '../item.ts'
import {
  element,
  type ListpackRef,
  listpackBytes,
  listpackFind,
  listpackFirst,
  listpackNext,
  listpackText,
} from '../listpack.ts'
import { listpackCreate, listpackLoad } from '../listpack-edit.ts'
import type { Memory } from '../memory.ts'
import { notEmpty, sound } from './damage.ts'
import type { TypeEncoder } from './encode.ts'
import { RDB_TYPE } from './format.ts'
import { type Packed, PackedListpack, PackedZiplist, PackedZipmap } from './packed.ts'
import type { RdbSink } from './sink.ts'
import { type RdbSource, RdbString } from './source.ts'

/** However many fields a file promises, room for no more than these is made beforehand. */
const RESERVE_MAX = 2 ** 24
const DUPLICATES = 'Duplicate hash fields detected'
const LISTPACK_DAMAGED = 'Hash listpack integrity check failed.'
const DUPLICATE_ELEMENTS = 'Hash listpack with dup elements, integrity check failed.'
/** Among so many elements, duplicates are found soonest by looking for each field behind it. */
const SEARCHED_MAX = 128

const packed = new RdbString()
const name = new RdbString()
const value = new RdbString()
const time = new RdbString()

export class HashEncoder implements TypeEncoder {
  #m!: Memory
  #entry!: EntryRef
  #sink!: RdbSink
  #isBegun = false
  /** When the earliest field expires, -1 if none does. */
  #first = -1
  readonly #walk = new HashWalk()

  start(m: Memory, entry: EntryRef, sink: RdbSink): number {
    this.#m = m
    this.#entry = entry
    this.#sink = sink
    this.#isBegun = false
    if (!hashIsTable(m, entry)) return RDB_TYPE.HASH_LISTPACK
    const expiry = entryExpiry(m, entry)
    this.#first = expiry === 0 ? -1 : expiryNext(m, expiry)
    this.#walk.start(m, entry, 0)
    return this.#first < 0 ? RDB_TYPE.HASH : RDB_TYPE.HASH_METADATA
  }

  step(budget: number): boolean {
    const m = this.#m
    if (!hashIsTable(m, this.#entry)) {
      const lp = hashListpack(m, this.#entry)
      this.#sink.string(m.u8, lp * 8, listpackBytes(m, lp))
      return true
    }
    if (!this.#isBegun) this.#begin()
    const sink = this.#sink
    for (const end = sink.effort + budget; sink.effort < end; sink.effort++) {
      if (!this.#walk.next()) return true
      this.#write()
    }
    return false
  }

  #begin(): void {
    this.#isBegun = true
    if (this.#first >= 0) this.#sink.milliseconds(this.#first)
    this.#sink.size(hashCount(this.#m, this.#entry))
  }

  #write(): void {
    const walk = this.#walk
    const sink = this.#sink
    if (this.#first >= 0) {
      const at = hashExpireAt(this.#m, this.#entry, walk.place)
      sink.size(at < 0 ? 0 : at - this.#first + 1)
    }
    walk.readName()
    sink.string(walk.name.bytes, walk.name.at, walk.name.length)
    walk.readValue()
    sink.string(walk.value.bytes, walk.value.at, walk.value.length)
  }
}

/** Fills the entry of a hash that has no value yet with what the source holds in the form of this RDB type. */
export function hashRead(m: Memory, entry: EntryRef, settings: Float64Array, source: RdbSource, type: number): void {
  if (type === RDB_TYPE.HASH) {
    readPlain(m, entry, settings, source)
  } else if (type === RDB_TYPE.HASH_METADATA) {
    readTimed(m, entry, source)
  } else if (type === RDB_TYPE.HASH_LISTPACK_EX) {
    source.bigInteger64()
    source.string(packed)
    readTriples(m, entry, new PackedListpack(packed, 'Hash'))
  } else {
    source.string(packed)
    if (type === RDB_TYPE.HASH_LISTPACK) readListpack(m, entry, settings)
    else if (type === RDB_TYPE.HASH_ZIPLIST) readPairs(m, entry, settings, new PackedZiplist(packed, 'Hash'), 'ziplist')
    else readPairs(m, entry, settings, new PackedZipmap(packed), 'zipmap')
  }
}

function beginListpack(m: Memory, entry: EntryRef): void {
  const lp = listpackCreate(m)
  entrySetEncoding(m, entry, ENCODING.LISTPACK)
  entrySetValue(m, entry, lp)
}

function beginTable(m: Memory, entry: EntryRef, count: number): void {
  const table = dictCreate(m)
  entrySetEncoding(m, entry, ENCODING.HASHTABLE)
  entrySetValue(m, entry, table)
  dictReserve(m, table, Math.min(count, RESERVE_MAX))
}

function readPlain(m: Memory, entry: EntryRef, settings: Float64Array, source: RdbSource): void {
  const count = source.count(2)
  notEmpty(count > 0)
  if (count > settings[SETTING.hashMaxListpackEntries]) beginTable(m, entry, count)
  else beginListpack(m, entry)
  for (let i = 0; i < count; i++) {
    source.string(name)
    source.string(value)
    set(m, entry, settings, DUPLICATES)
  }
}

/** Sets a field that must be new; `text` is what is wrong if it is not. */
function set(m: Memory, entry: EntryRef, settings: Float64Array, text: string): void {
  const { u8, at, length } = value
  sound(hashSet(m, entry, settings, false, name.u8, name.at, name.length, u8, at, length), text)
}

function readPairs(m: Memory, entry: EntryRef, settings: Float64Array, elements: Packed, what: string): void {
  const text = `Hash ${what} integrity check failed.`
  sound(elements.count % 2 === 0, text)
  notEmpty(elements.count > 0)
  beginListpack(m, entry)
  while (elements.next(name)) {
    elements.next(value)
    set(m, entry, settings, text)
  }
}

function readListpack(m: Memory, entry: EntryRef, settings: Float64Array): void {
  const elements = new PackedListpack(packed, 'Hash')
  sound(elements.count % 2 === 0, LISTPACK_DAMAGED)
  notEmpty(elements.count > 0)
  if (elements.count > SEARCHED_MAX) checkUnique(m, elements)
  const lp = listpackLoad(m, packed.u8, packed.at, packed.length)
  entrySetEncoding(m, entry, ENCODING.LISTPACK)
  entrySetValue(m, entry, lp)
  if (elements.count <= SEARCHED_MAX) searchDuplicates(m, lp)
  if (elements.count / 2 > settings[SETTING.hashMaxListpackEntries]) hashToTable(m, entry)
}

/** Throws if two fields of a small listpack are the same. */
function searchDuplicates(m: Memory, lp: ListpackRef): void {
  for (let at = listpackFirst(m, lp); at !== 0; ) {
    listpackText(m, lp, at)
    const next = listpackNext(m, lp, listpackNext(m, lp, at))
    const found = listpackFind(m, lp, next, element.bytes, element.at, element.length, 1)
    sound(found === 0, DUPLICATE_ELEMENTS)
    at = next
  }
}

/** Throws if two fields are the same; goes by their hashes, so that a large listpack takes no quadratic time. */
function checkUnique(m: Memory, elements: Packed): void {
  const seen = new Map<number, Buffer[]>()
  while (elements.next(name)) {
    const hash = keyHash(m, name.u8, name.at, name.length)
    const field = Buffer.from(name.u8.subarray(name.at, name.at + name.length))
    const others = seen.get(hash)
    if (others === undefined) seen.set(hash, [field])
    else {
      sound(!others.some(other => other.equals(field)), DUPLICATE_ELEMENTS)
      others.push(field)
    }
    elements.next(value)
  }
}

function readTimed(m: Memory, entry: EntryRef, source: RdbSource): void {
  const first = Number(source.bigInteger64())
  const count = source.count(3)
  notEmpty(count > 0)
  beginTable(m, entry, count)
  for (let i = 0; i < count; i++) {
    const after = source.size()
    source.string(name)
    source.string(value)
    addTimed(m, entry, after === 0 ? -1 : first + after - 1)
  }
}

function readTriples(m: Memory, entry: EntryRef, elements: Packed): void {
  sound(elements.count % 3 === 0, LISTPACK_DAMAGED)
  notEmpty(elements.count > 0)
  beginTable(m, entry, elements.count / 3)
  while (elements.next(name)) {
    elements.next(value)
    elements.next(time)
    const at = parseInteger(time.u8, time.at, time.length)
    addTimed(m, entry, at === 0 ? -1 : at)
  }
}

function addTimed(m: Memory, entry: EntryRef, expireAt: number): void {
  sound(expireAt === -1 || (expireAt >= 0 && expireAt <= Number.MAX_SAFE_INTEGER), 'A field with an impossible expiry')
  sound(hashFind(m, entry, name.u8, name.at, name.length) === 0, DUPLICATES)
  const { u8, at, length } = value
  tableAdd(m, hashTable(m, entry), name.u8, name.at, name.length, u8, at, length, expireAt)
}
