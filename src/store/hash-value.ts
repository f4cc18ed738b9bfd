// Hash values: a listpack of fields and values in turn while few and short, a hash table for ever after, as in Redis.
//
// A hash with a field that expires is a table too (Redis 7.4 has a third encoding for small ones, which no 7.0 file
// or client knows). A hash is told by its entry, which holds encoding and ref.

import { SETTING } from '../config/settings.ts'
import { release } from './arena.ts'
import {
  type DictRef,
  dictAdd,
  dictCount,
  dictCreate,
  dictFind,
  dictRemove,
  dictRemoveItem,
  dictReplace,
  dictReserve,
} from './dict.ts'
import { dictRandom } from './dict-walk.ts'
import { ENCODING, type EntryRef, entryEncoding, entrySetEncoding, entrySetValue, entryValue } from './entry.ts'
import { expiryAdd, expiryLinked, expiryMoved, expiryRemove, expiryReplaced, tableExpiry } from './hash-expiry.ts'
import {
  FIELD,
  type FieldRef,
  fieldCreate,
  fieldExpireAt,
  fieldExpires,
  fieldRelease,
  fieldRemake,
  fieldValue,
  fieldWrite,
} from './hash-field.ts'
import { itemHash, itemKeyAt, itemKeyLength, keyHash } from './item.ts'
import { keyspaceDatabase } from './keyspace.ts'
import {
  ListpackElement,
  type ListpackRef,
  listpackCount,
  listpackFind,
  listpackFirst,
  listpackNext,
  listpackSeek,
  listpackText,
} from './listpack.ts'
import { listpackAppend, listpackDeleteFrom, listpackFits, listpackReplace } from './listpack-edit.ts'
import type { Memory } from './memory.ts'

/** Bytes that head and BACK add to an element of a listpack, at most. */
const ELEMENT_EXTRA_BYTES = 10

/** Where a field is: the offset of a listpack's element, or a FieldRef. 0 is nowhere. Any change makes it invalid. */
export type FieldPlace = number

export const hashIsTable = (m: Memory, entry: EntryRef): boolean => entryEncoding(m, entry) === ENCODING.HASHTABLE
/** The table of a hash that is one. */
export const hashTable = (m: Memory, entry: EntryRef): DictRef => entryValue<'dict'>(m, entry)
/** The listpack of a hash that is one. */
export const hashListpack = (m: Memory, entry: EntryRef): ListpackRef => entryValue<'listpack'>(m, entry)

/** How many fields there are; on a replica, those that its master has yet to expire too. */
export const hashCount = (m: Memory, entry: EntryRef): number =>
  hashIsTable(m, entry) ? dictCount(m, hashTable(m, entry)) : listpackCount(m, hashListpack(m, entry)) / 2

// ---- reading

/** Where the field with this name is. */
export function hashFind(m: Memory, entry: EntryRef, name: Uint8Array, at: number, length: number): FieldPlace {
  if (hashIsTable(m, entry)) {
    const table = hashTable(m, entry)
    return dictFind(m, table, keyHash(m, name, at, length), name, at, length)
  }
  const lp = hashListpack(m, entry)
  return listpackFind(m, lp, listpackFirst(m, lp), name, at, length, 1)
}

/** Tells where the value of a field lies. */
export function hashReadValue(m: Memory, entry: EntryRef, place: FieldPlace, into: ListpackElement): void {
  if (hashIsTable(m, entry)) {
    fieldValue(m, place, into)
    return
  }
  const lp = hashListpack(m, entry)
  listpackText(m, lp, listpackNext(m, lp, place), into)
}

/** Tells where the name of a field lies. */
export function hashReadName(m: Memory, entry: EntryRef, place: FieldPlace, into: ListpackElement): void {
  if (!hashIsTable(m, entry)) {
    listpackText(m, hashListpack(m, entry), place, into)
    return
  }
  into.bytes = m.u8
  into.at = itemKeyAt(m, place)
  into.length = itemKeyLength(m, place)
}

/** Unix ms at which a field ends, -1 if it does not. */
export const hashExpireAt = (m: Memory, entry: EntryRef, place: FieldPlace): number =>
  hashIsTable(m, entry) ? fieldExpireAt(m, place) : -1

/** A field at random, each as likely as any other. The hash is not empty. */
export function hashRandom(m: Memory, entry: EntryRef): FieldPlace {
  if (hashIsTable(m, entry)) return dictRandom(m, hashTable(m, entry))
  const lp = hashListpack(m, entry)
  return listpackSeek(m, lp, 2 * Math.floor((Math.random() * listpackCount(m, lp)) / 2))
}

// ---- changing

/**
 * Sets a field; returns whether it is new. A field that was to expire lasts from now on, unless `keepExpiry`.
 * `settings` tell when a listpack is too large.
 */
export function hashSet(
  m: Memory,
  entry: EntryRef,
  settings: Float64Array,
  keepExpiry: boolean,
  name: Uint8Array,
  nameAt: number,
  nameLength: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): boolean {
  if (!hashIsTable(m, entry)) {
    const bytesMax = settings[SETTING.hashMaxListpackValue]
    const added = nameLength + length + 2 * ELEMENT_EXTRA_BYTES
    if (nameLength <= bytesMax && length <= bytesMax && listpackFits(m, hashListpack(m, entry), added)) {
      return packedSet(m, entry, settings, name, nameAt, nameLength, bytes, at, length)
    }
    hashToTable(m, entry)
  }
  return tableSet(m, hashTable(m, entry), keepExpiry, name, nameAt, nameLength, bytes, at, length)
}

function packedSet(
  m: Memory,
  entry: EntryRef,
  settings: Float64Array,
  name: Uint8Array,
  nameAt: number,
  nameLength: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): boolean {
  let lp = hashListpack(m, entry)
  const found = listpackFind(m, lp, listpackFirst(m, lp), name, nameAt, nameLength, 1)
  if (found !== 0) {
    entrySetValue(m, entry, listpackReplace(m, lp, listpackNext(m, lp, found), bytes, at, length))
    return false
  }
  lp = listpackAppend(m, lp, name, nameAt, nameLength)
  lp = listpackAppend(m, lp, bytes, at, length)
  entrySetValue(m, entry, lp)
  if (listpackCount(m, lp) / 2 > settings[SETTING.hashMaxListpackEntries]) hashToTable(m, entry)
  return true
}

function tableSet(
  m: Memory,
  table: DictRef,
  keepExpiry: boolean,
  name: Uint8Array,
  nameAt: number,
  nameLength: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): boolean {
  const hash = keyHash(m, name, nameAt, nameLength)
  const field = dictFind(m, table, hash, name, nameAt, nameLength)
  if (field === 0) {
    const made = fieldCreate(m, name, nameAt, nameLength, bytes, at, length, -1)
    dictAdd(m, table, hash, made)
    return true
  }
  const expires = fieldExpires(m, field)
  if ((!expires || keepExpiry) && fieldWrite(m, field, bytes, at, length)) return false
  const expireAt = keepExpiry ? fieldExpireAt(m, field) : -1
  const made = fieldCreate(m, name, nameAt, nameLength, bytes, at, length, expireAt)
  dictReplace(m, table, hash, field, made)
  if (expires && keepExpiry) {
    m.u32[made * 2 + FIELD.POSITION / 4] = m.u32[field * 2 + FIELD.POSITION / 4]
    expiryReplaced(m, table, made)
  } else if (expires) expiryRemove(m, table, field)
  fieldRelease(m, field)
  return false
}

/** Adds a field that is known not to be there to a table. */
export function tableAdd(
  m: Memory,
  table: DictRef,
  name: Uint8Array,
  nameAt: number,
  nameLength: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  expireAt: number,
): void {
  const made = fieldCreate(m, name, nameAt, nameLength, bytes, at, length, expireAt)
  dictAdd(m, table, keyHash(m, name, nameAt, nameLength), made)
  if (expireAt >= 0) expiryAdd(m, table, made)
}

/** Deletes a field; false if it was not there. */
export function hashDelete(m: Memory, entry: EntryRef, name: Uint8Array, at: number, length: number): boolean {
  if (!hashIsTable(m, entry)) {
    const lp = hashListpack(m, entry)
    const found = listpackFind(m, lp, listpackFirst(m, lp), name, at, length, 1)
    if (found === 0) return false
    entrySetValue(m, entry, listpackDeleteFrom(m, lp, found, 2))
    return true
  }
  const table = hashTable(m, entry)
  const field = dictRemove(m, table, keyHash(m, name, at, length), name, at, length)
  if (field === 0) return false
  if (fieldExpires(m, field)) expiryRemove(m, table, field)
  fieldRelease(m, field)
  return true
}

/** Deletes a field of a table that no heap holds any more. */
export function tableDelete(m: Memory, table: DictRef, field: number): void {
  dictRemoveItem(m, table, itemHash(m, field), field)
  fieldRelease(m, field)
}

const name = new ListpackElement()
const value = new ListpackElement()

/** Makes a table of a listpack. */
export function hashToTable(m: Memory, entry: EntryRef): void {
  const lp = hashListpack(m, entry)
  const table = dictCreate(m)
  const count = listpackCount(m, lp) / 2
  if (count > 0) dictReserve(m, table, count + 1)
  for (let at = listpackFirst(m, lp); at !== 0; at = listpackNext(m, lp, at)) {
    listpackText(m, lp, at, name)
    at = listpackNext(m, lp, at)
    listpackText(m, lp, at, value)
    tableAdd(m, table, name.bytes, name.at, name.length, value.bytes, value.at, value.length, -1)
  }
  release(m, lp)
  entrySetEncoding(m, entry, ENCODING.HASHTABLE)
  entrySetValue(m, entry, table)
}

// ---- expiry

/** Sets when a field of a table ends, Unix ms, or with -1 that it lasts. The hash is in database `db`. */
export function hashSetExpire(m: Memory, db: number, entry: EntryRef, field: FieldPlace, expireAt: number): void {
  const table = hashTable(m, entry)
  const expires = fieldExpires(m, field)
  if (expires && expireAt >= 0) {
    m.f64[field + FIELD.EXPIRE / 8] = expireAt
    expiryMoved(m, table, field)
    return
  }
  if (!expires && expireAt < 0) return
  if (expires) expiryRemove(m, table, field)
  const hash = itemHash(m, field)
  // The table is searched by ref, which stays that of the freed record until it is replaced.
  const made: FieldRef = fieldRemake(m, field, expireAt)
  dictReplace(m, table, hash, field, made)
  if (expireAt < 0) return
  const isFirst = tableExpiry(m, table) === 0
  expiryAdd(m, table, made)
  if (isFirst) expiryLinked(m, keyspaceDatabase(m, db), entry)
}
