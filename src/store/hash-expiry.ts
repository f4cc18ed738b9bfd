// When the fields of hashes expire: which field of a hash is next, and which hash of a database.
//
// A hash with such fields is a table whose OWN word refers to
//
//   OFFSET  SIZE  FIELD       MEANING
//        0     4  KIND        1
//        4     4  POSITION    in the database's heap
//        8     8  NEXT        f64, Unix ms: when the earliest of the fields expires
//       16     4  FIELDS      time heap of the fields that expire; never empty
//       20     4  INDEX       the database's heap, 0 while the hash is in no database
//       24     4  ENTRY       the entry that holds the hash, while INDEX is set
//       28     4  GENERATION  of INDEX; another one there means that the database was flushed meanwhile
//       32
//
// Each database has a time heap of these records, so what is due is found without looking for it. Whoever puts an
// entry into a database's tables, takes it out or replaces it (shard.ts) tells this file.

import { assert } from '../bytes/assert.ts'
import { allocateZeroed, release } from './arena.ts'
import { type DictRef, dictOwn, dictSetOwn } from './dict.ts'
import { ENCODING, ENTRY, type EntryRef, TYPE } from './entry.ts'
import { type DatabaseRef, databaseFieldExpiries } from './keyspace.ts'
import type { Memory, Ref } from './memory.ts'
import {
  heapAdd,
  heapCheck,
  heapCount,
  heapCreate,
  heapFirst,
  heapGeneration,
  heapMoved,
  heapRelease,
  heapRemove,
  heapReplace,
  TIMED,
  type TimeHeapRef,
  timeOf,
} from './time-heap.ts'

export type ExpiryRef = Ref<'hash expiry'>

export const EXPIRY = {
  KIND: 0,
  POSITION: 4,
  NEXT: 8,
  FIELDS: 16,
  INDEX: 20,
  ENTRY: 24,
  GENERATION: 28,
  SIZE: 32,
} as const

const KIND = 1
const HASH_TABLE = TYPE.HASH | (ENCODING.HASHTABLE << 4)

assert(EXPIRY.POSITION === TIMED.POSITION && EXPIRY.NEXT === TIMED.TIME, 'the record can be in a heap')

/** The expiries of a table's fields, 0 if none expires. */
export const tableExpiry = (m: Memory, table: DictRef): ExpiryRef | 0 => dictOwn(m, table) as ExpiryRef | 0

/** The expiries of an entry's fields, 0 if it is no hash or none expires. */
export function entryExpiry(m: Memory, entry: EntryRef): ExpiryRef | 0 {
  if ((m.u32[entry * 2] & 0xff) !== HASH_TABLE) return 0
  return tableExpiry(m, m.u32[entry * 2 + ENTRY.VALUE / 4] as DictRef)
}

/** When the earliest field expires, Unix ms. */
export const expiryNext = (m: Memory, expiry: ExpiryRef): number => m.f64[expiry + EXPIRY.NEXT / 8]
/** How many fields expire. */
export const expiryCount = (m: Memory, expiry: ExpiryRef): number => heapCount(m, fieldsOf(m, expiry))
/** The field that expires next. */
export const expiryFirst = (m: Memory, expiry: ExpiryRef): number => heapFirst(m, fieldsOf(m, expiry))

const fieldsOf = (m: Memory, expiry: ExpiryRef): TimeHeapRef => m.u32[expiry * 2 + EXPIRY.FIELDS / 4] as TimeHeapRef

/** The entry of the database's hash whose fields are next to expire, 0 if there is none due at `now`. */
export function dueEntry(m: Memory, database: DatabaseRef, now: number): EntryRef | 0 {
  const first = heapFirst(m, databaseFieldExpiries(m, database))
  return first === 0 || timeOf(m, first) > now ? 0 : (m.u32[first * 2 + EXPIRY.ENTRY / 4] as EntryRef)
}

// ---- fields

/** Notes that a field of the table expires; its EXPIRE is set. Before the hash is linked it is in no database. */
export function expiryAdd(m: Memory, table: DictRef, field: number): void {
  let expiry = tableExpiry(m, table)
  if (expiry === 0) {
    expiry = allocateZeroed(m, EXPIRY.SIZE) as ExpiryRef
    m.u32[expiry * 2] = KIND
    m.f64[expiry + EXPIRY.NEXT / 8] = timeOf(m, field)
    dictSetOwn(m, table, expiry)
    const fields = heapCreate(m)
    m.u32[expiry * 2 + EXPIRY.FIELDS / 4] = fields
  }
  heapAdd(m, fieldsOf(m, expiry), field)
  refresh(m, expiry)
}

/** Notes that a field of the table that expires is about to go, or to last. */
export function expiryRemove(m: Memory, table: DictRef, field: number): void {
  const expiry = tableExpiry(m, table)
  assert(expiry !== 0, 'a field that expires is known to')
  const fields = fieldsOf(m, expiry)
  heapRemove(m, fields, field)
  if (heapCount(m, fields) > 0) {
    refresh(m, expiry)
    return
  }
  expiryRelease(m, expiry)
  dictSetOwn(m, table, 0)
}

/** Notes that a field's EXPIRE has changed. */
export function expiryMoved(m: Memory, table: DictRef, field: number): void {
  const expiry = tableExpiry(m, table)
  assert(expiry !== 0, 'a field that expires is known to')
  heapMoved(m, fieldsOf(m, expiry), field)
  refresh(m, expiry)
}

/** Notes that a field that expires lies elsewhere now; its POSITION is the old one's. */
export function expiryReplaced(m: Memory, table: DictRef, field: number): void {
  const expiry = tableExpiry(m, table)
  assert(expiry !== 0, 'a field that expires is known to')
  heapReplace(m, fieldsOf(m, expiry), field)
}

/** Brings NEXT, and the hash's place among the database's, up to date. */
function refresh(m: Memory, expiry: ExpiryRef): void {
  const next = timeOf(m, expiryFirst(m, expiry))
  if (next === expiryNext(m, expiry)) return
  m.f64[expiry + EXPIRY.NEXT / 8] = next
  const index = indexOf(m, expiry)
  if (index !== 0) heapMoved(m, index, expiry)
}

/** Frees the record and its heap; the fields are the caller's. */
export function expiryRelease(m: Memory, expiry: ExpiryRef): void {
  leave(m, expiry)
  heapRelease(m, fieldsOf(m, expiry))
  release(m, expiry)
}

// ---- databases

/** The heap of the database that the hash is in, 0 if it is in none (any more). */
function indexOf(m: Memory, expiry: ExpiryRef): TimeHeapRef | 0 {
  const index = m.u32[expiry * 2 + EXPIRY.INDEX / 4] as TimeHeapRef | 0
  return index !== 0 && heapGeneration(m, index) === m.u32[expiry * 2 + EXPIRY.GENERATION / 4] ? index : 0
}

function leave(m: Memory, expiry: ExpiryRef): void {
  const index = indexOf(m, expiry)
  if (index !== 0) heapRemove(m, index, expiry)
  m.u32[expiry * 2 + EXPIRY.INDEX / 4] = 0
}

/** An entry was put into a database, or into the place of another one there, or its first field was told to expire. */
export function expiryLinked(m: Memory, database: DatabaseRef, entry: EntryRef): void {
  const expiry = entryExpiry(m, entry)
  if (expiry === 0) return
  m.u32[expiry * 2 + EXPIRY.ENTRY / 4] = entry
  if (indexOf(m, expiry) !== 0) return
  const index = databaseFieldExpiries(m, database)
  m.u32[expiry * 2 + EXPIRY.INDEX / 4] = index
  m.u32[expiry * 2 + EXPIRY.GENERATION / 4] = heapGeneration(m, index)
  heapAdd(m, index, expiry)
}

/** An entry is being taken out of its database. */
export function expiryUnlinked(m: Memory, entry: EntryRef): void {
  const expiry = entryExpiry(m, entry)
  if (expiry !== 0) leave(m, expiry)
}

/** Walks every invariant of a hash's expiries. For tests and DEBUG. */
export function expiryCheck(m: Memory, expiry: ExpiryRef, entry: EntryRef): void {
  assert(m.u32[expiry * 2] === KIND, 'an expiry record is one')
  heapCheck(m, fieldsOf(m, expiry))
  assert(expiryCount(m, expiry) > 0, 'a hash without fields that expire has no record of them')
  assert(expiryNext(m, expiry) === timeOf(m, expiryFirst(m, expiry)), 'NEXT is the earliest')
  const index = indexOf(m, expiry)
  assert(index !== 0, 'a hash in a database is in its heap')
  heapCheck(m, index)
  assert(m.u32[expiry * 2 + EXPIRY.ENTRY / 4] === entry, 'ENTRY is the one that holds the hash')
}
