// Makes entries of values in RDB form, of any version up to 10. The bytes may be damaged or hostile: everything is checked
// before it is believed, and what was built of a damaged value is freed before RdbDamage is thrown.

import {
  ENCODING,
  type EntryRef,
  entryCreate,
  entryRelease,
  entrySetEncoding,
  entrySetValue,
  TYPE,
  type Type,
} from '../entry.ts'
import type { Memory } from '../memory.ts'
import { streamCreate } from '../stream.ts'
import { stringAt, stringMayBeInteger } from '../string.ts'
import { stringEntryCreate, stringEntryReserve } from '../string-entry.ts'
import { valueRelease } from '../value.ts'
import { RdbDamage } from './damage.ts'
import { RDB_TYPE } from './format.ts'
import { hashRead } from './hash.ts'
import { listBegin, listRead } from './list.ts'
import { setRead } from './set.ts'
import { type RdbSource, RdbString } from './source.ts'
import { streamRead } from './stream.ts'
import { zsetRead } from './zset.ts'

/** The RDB types of each type of value. */
const FORMS: readonly (readonly [Type, readonly number[]])[] = [
  [TYPE.STRING, [RDB_TYPE.STRING]],
  [TYPE.LIST, [RDB_TYPE.LIST, RDB_TYPE.LIST_ZIPLIST, RDB_TYPE.LIST_QUICKLIST, RDB_TYPE.LIST_QUICKLIST_2]],
  [TYPE.SET, [RDB_TYPE.SET, RDB_TYPE.SET_INTSET, RDB_TYPE.SET_LISTPACK]],
  [TYPE.ZSET, [RDB_TYPE.ZSET, RDB_TYPE.ZSET_2, RDB_TYPE.ZSET_ZIPLIST, RDB_TYPE.ZSET_LISTPACK]],
  [TYPE.STREAM, [RDB_TYPE.STREAM_LISTPACKS, RDB_TYPE.STREAM_LISTPACKS_2, RDB_TYPE.STREAM_LISTPACKS_3]],
  [
    TYPE.HASH,
    [
      RDB_TYPE.HASH,
      RDB_TYPE.HASH_ZIPMAP,
      RDB_TYPE.HASH_ZIPLIST,
      RDB_TYPE.HASH_LISTPACK,
      RDB_TYPE.HASH_METADATA,
      RDB_TYPE.HASH_LISTPACK_EX,
    ],
  ],
]

/** The type of value by RDB type. */
const TYPES: (Type | undefined)[] = []
for (const [type, forms] of FORMS) for (const form of forms) TYPES[form] = type

const string = new RdbString()

/**
 * Makes an entry, in no table yet, of the value of this RDB type that the source holds. `settings` are the engine's;
 * `expireAt` is -1 for a key that lasts. Throws RdbDamage.
 */
export function decodeEntry(
  m: Memory,
  settings: Float64Array,
  source: RdbSource,
  rdbType: number,
  key: Uint8Array,
  keyAt: number,
  keyLength: number,
  expireAt: number,
): EntryRef {
  const type = TYPES[rdbType]
  if (type === undefined) throw new RdbDamage(`Unknown RDB encoding type ${rdbType}`)
  if (type === TYPE.STRING) return readString(m, source, key, keyAt, keyLength, expireAt)
  const entry = entryCreate(m, type, ENCODING.RAW, 0, 0, expireAt, key, keyAt, keyLength)
  try {
    fill(m, settings, source, rdbType, type, entry)
  } catch (error) {
    valueRelease(m, entry)
    entryRelease(m, entry)
    throw error
  }
  return entry
}

/** A string that is compressed is decompressed where it is to lie. */
function readString(
  m: Memory,
  source: RdbSource,
  key: Uint8Array,
  keyAt: number,
  keyLength: number,
  expireAt: number,
): EntryRef {
  const length = source.compressed()
  if (length < 0) {
    source.string(string)
    return stringEntryCreate(m, key, keyAt, keyLength, string.u8, string.at, string.length, expireAt)
  }
  if (stringMayBeInteger(length)) {
    source.decompress(string.own(length), 0, length)
    return stringEntryCreate(m, key, keyAt, keyLength, string.u8, 0, length, expireAt)
  }
  const entry = stringEntryReserve(m, key, keyAt, keyLength, length, expireAt)
  try {
    source.decompress(m.u8, stringAt(m, entry), length)
  } catch (error) {
    valueRelease(m, entry)
    entryRelease(m, entry)
    throw error
  }
  return entry
}

function fill(
  m: Memory,
  settings: Float64Array,
  source: RdbSource,
  rdbType: number,
  type: Type,
  entry: EntryRef,
): void {
  if (type === TYPE.LIST) {
    const list = listBegin(m, settings)
    entrySetEncoding(m, entry, ENCODING.QUICKLIST)
    entrySetValue(m, entry, list)
    listRead(m, list, source, rdbType)
  } else if (type === TYPE.SET) {
    setRead(m, entry, settings, source, rdbType)
  } else if (type === TYPE.HASH) {
    hashRead(m, entry, settings, source, rdbType)
  } else if (type === TYPE.STREAM) {
    const stream = streamCreate(m)
    entrySetEncoding(m, entry, ENCODING.STREAM)
    entrySetValue(m, entry, stream)
    streamRead(m, stream, source, rdbType)
  } else {
    zsetRead(m, entry, settings, source, rdbType)
  }
}
