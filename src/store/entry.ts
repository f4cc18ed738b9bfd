// A keyspace entry: a key, what is known about it, and its value or a ref to it.
//
//   OFFSET  SIZE  FIELD       MEANING
//        0     1  KIND        low half: TYPE, never 0; high half: ENCODING
//        1     1  FLAGS       low half: ENTRY_FLAG; high half: where the key starts, in units of 4 bytes
//        2     2  KEY_LENGTH  as in item.ts
//        4     4  ACCESS      24 bits of LRU clock, or LFU minutes (16) and counter (8); the top byte is zero
//        8     4  VALUE       inline string: its length; else the ref of the value
//       12                    the key, then an inline string's bytes
//
// With an expiry:
//
//   OFFSET  SIZE  FIELD       MEANING
//       12     4  -           zero
//       16     8  EXPIRE      f64, Unix time in ms
//       24                    the key, then an inline string's bytes
//
// Strings of up to INLINE_BYTES_MAX, key included, lie in the entry; longer ones in a block of their own (string.ts).

import { allocate, release } from './arena.ts'
import { itemWrite, keyBytes } from './item.ts'
import type { Memory, Ref } from './memory.ts'

/** Where an entry lies. */
export type EntryRef = Ref<'entry'>

export const ENTRY = { KIND: 0, FLAGS: 1, KEY_LENGTH: 2, ACCESS: 4, VALUE: 8, EXPIRE: 16 } as const
const KEY_AT = 12
const KEY_AT_EXPIRES = 24

/** Redis's types. */
export const TYPE = { STRING: 1, LIST: 2, SET: 3, ZSET: 4, HASH: 5, STREAM: 6 } as const
export type Type = (typeof TYPE)[keyof typeof TYPE]

/** Names by type, as TYPE replies. */
export const TYPE_NAMES = ['none', 'string', 'list', 'set', 'zset', 'hash', 'stream'] as const

export const ENCODING = {
  RAW: 0,
  EMBSTR: 1,
  INT: 2,
  LISTPACK: 3,
  QUICKLIST: 4,
  INTSET: 5,
  HASHTABLE: 6,
  SKIPLIST: 7,
  STREAM: 8,
} as const
export type Encoding = (typeof ENCODING)[keyof typeof ENCODING]

/** Names by encoding, as OBJECT ENCODING replies. */
export const ENCODING_NAMES = [
  'raw',
  'embstr',
  'int',
  'listpack',
  'quicklist',
  'intset',
  'hashtable',
  'skiplist',
  'stream',
] as const

export const ENTRY_FLAG = {
  /** EXPIRE is there. */
  EXPIRES: 1,
  /** A string in a block of its own. */
  OUTLINE: 2,
  /** Which side of the snapshots' epoch the entry is on (epoch.ts). */
  SIDE: 4,
} as const

export const entryType = (m: Memory, entry: EntryRef): Type => (m.u32[entry * 2] & 0xf) as Type
export const entryEncoding = (m: Memory, entry: EntryRef): Encoding => ((m.u32[entry * 2] >>> 4) & 0xf) as Encoding
export const entryFlags = (m: Memory, entry: EntryRef): number => (m.u32[entry * 2] >>> 8) & 0xf
export const entryExpires = (m: Memory, entry: EntryRef): boolean =>
  (m.u32[entry * 2] & (ENTRY_FLAG.EXPIRES << 8)) !== 0
/** Unix time in ms at which the entry ends, -1 if it does not. */
export const entryExpireAt = (m: Memory, entry: EntryRef): number =>
  entryExpires(m, entry) ? m.f64[entry + ENTRY.EXPIRE / 8] : -1
export const entryAccess = (m: Memory, entry: EntryRef): number => m.u32[entry * 2 + ENTRY.ACCESS / 4]
/** The ref of the value (anything but an inline string). */
export const entryValue = <K extends string>(m: Memory, entry: EntryRef): Ref<K> =>
  m.u32[entry * 2 + ENTRY.VALUE / 4] as Ref<K>

export function entrySetAccess(m: Memory, entry: EntryRef, access: number): void {
  m.u32[entry * 2 + ENTRY.ACCESS / 4] = access
}
export function entrySetValue(m: Memory, entry: EntryRef, value: number): void {
  m.u32[entry * 2 + ENTRY.VALUE / 4] = value
}
export function entrySetEncoding(m: Memory, entry: EntryRef, encoding: Encoding): void {
  m.u8[entry * 8] = (m.u8[entry * 8] & 0xf) | (encoding << 4)
}

/** Bytes of an entry with a key of `length` bytes and `inline` bytes of string behind it. */
export const entryBytes = (length: number, inline: number, expires: boolean): number =>
  (expires ? KEY_AT_EXPIRES : KEY_AT) + keyBytes(length) + inline

/**
 * Makes an entry that belongs to no table yet. `inline` bytes are left behind the key for a string; `expireAt` < 0
 * means that it does not expire.
 */
export function entryCreate(
  m: Memory,
  type: Type,
  encoding: Encoding,
  flags: number,
  inline: number,
  expireAt: number,
  key: Uint8Array,
  keyAt: number,
  keyLength: number,
): EntryRef {
  const expires = expireAt >= 0
  const entry = allocate(m, entryBytes(keyLength, inline, expires)) as EntryRef
  const at = expires ? KEY_AT_EXPIRES : KEY_AT
  itemWrite(m, entry, type | (encoding << 4), expires ? flags | ENTRY_FLAG.EXPIRES : flags, at, key, keyAt, keyLength)
  m.u32[entry * 2 + 1] = 0
  m.u32[entry * 2 + 2] = 0
  if (expires) {
    m.u32[entry * 2 + 3] = 0
    m.f64[entry + ENTRY.EXPIRE / 8] = expireAt
  }
  return entry
}

/** Frees the entry alone; its value is the caller's. */
export function entryRelease(m: Memory, entry: EntryRef): void {
  release(m, entry)
}
