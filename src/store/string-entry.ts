// Entries that hold strings: setting them, and making room in them for edits in place.

import { copyBytes, moveBytes } from '../bytes/copy.ts'
import { blockRoom, release } from './arena.ts'
import {
  ENCODING,
  ENTRY,
  ENTRY_FLAG,
  type Encoding,
  type EntryRef,
  entryBytes,
  entryCreate,
  entryExpireAt,
  entryExpires,
  entrySetEncoding,
  entrySetValue,
  entryType,
  entryValue,
  TYPE,
} from './entry.ts'
import { itemKeyAt, itemKeyLength } from './item.ts'
import type { Memory } from './memory.ts'
import type { Shard } from './shard.ts'
import {
  STRING_BLOCK,
  type StringBlockRef,
  stringAt,
  stringBlockCreate,
  stringBlockResize,
  stringEncoding,
  stringIsInline,
  stringIsOutline,
  stringLength,
  textEncoding,
} from './string.ts'
import { valueRelease } from './value.ts'

/**
 * Sets a key to a string. `entry` is what was found under the key, 0 for nothing; whatever it holds is replaced.
 * `expireAt` is in Unix ms, -1 for none. Returns the entry, which may be a new one.
 */
export function setString(
  shard: Shard,
  db: number,
  entry: EntryRef | 0,
  key: Uint8Array,
  keyAt: number,
  keyLength: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  expireAt: number,
): EntryRef {
  const encoding = stringEncoding(bytes, at, length)
  const m = shard.m
  const inline = stringIsInline(keyLength, length)
  if (entry !== 0 && inline && fitsInPlace(m, entry, keyLength, length, expireAt >= 0)) {
    entrySetEncoding(m, entry, encoding)
    m.u32[entry * 2 + ENTRY.VALUE / 4] = length
    if (expireAt >= 0) m.f64[entry + ENTRY.EXPIRE / 8] = expireAt
    copyBytes(m.u8, itemKeyAt(m, entry) + keyLength, bytes, at, length)
    return entry
  }
  const made = makeRoom(m, encoding, key, keyAt, keyLength, length, expireAt)
  copyBytes(m.u8, stringAt(m, made), bytes, at, length)
  if (entry === 0) {
    shard.link(db, made)
  } else {
    valueRelease(m, entry)
    shard.replaceEntry(db, entry, made)
  }
  return made
}

/** Sets a key, as setString does and without an expiry, to a raw string that the caller has made a block of. */
export function setStringBlock(
  shard: Shard,
  db: number,
  entry: EntryRef | 0,
  key: Uint8Array,
  keyAt: number,
  keyLength: number,
  block: StringBlockRef,
): EntryRef {
  const m = shard.m
  const made = entryCreate(m, TYPE.STRING, ENCODING.RAW, ENTRY_FLAG.OUTLINE, 0, -1, key, keyAt, keyLength)
  entrySetValue(m, made, block)
  if (entry === 0) {
    shard.link(db, made)
  } else {
    valueRelease(m, entry)
    shard.replaceEntry(db, entry, made)
  }
  return made
}

/** Whether an inline string of `length` bytes can be written over the entry without wasting more than half of it. */
function fitsInPlace(m: Memory, entry: EntryRef, keyLength: number, length: number, expires: boolean): boolean {
  if (entryType(m, entry) !== TYPE.STRING || stringIsOutline(m, entry) || entryExpires(m, entry) !== expires)
    return false
  const bytes = entryBytes(keyLength, length, expires)
  const room = blockRoom(m, entry)
  return bytes <= room && bytes * 2 > room
}

/** An entry in no table yet that holds a string. `expireAt` is -1 for none. */
export function stringEntryCreate(
  m: Memory,
  key: Uint8Array,
  keyAt: number,
  keyLength: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  expireAt: number,
): EntryRef {
  const encoding = stringEncoding(bytes, at, length)
  const entry = makeRoom(m, encoding, key, keyAt, keyLength, length, expireAt)
  copyBytes(m.u8, stringAt(m, entry), bytes, at, length)
  return entry
}

/** An entry in no table yet with room for a string that is no integer: its bytes are the caller's to fill in. */
export function stringEntryReserve(
  m: Memory,
  key: Uint8Array,
  keyAt: number,
  keyLength: number,
  length: number,
  expireAt: number,
): EntryRef {
  return makeRoom(m, textEncoding(length), key, keyAt, keyLength, length, expireAt)
}

function makeRoom(
  m: Memory,
  encoding: Encoding,
  key: Uint8Array,
  keyAt: number,
  keyLength: number,
  length: number,
  expireAt: number,
): EntryRef {
  if (stringIsInline(keyLength, length)) {
    const entry = entryCreate(m, TYPE.STRING, encoding, 0, length, expireAt, key, keyAt, keyLength)
    m.u32[entry * 2 + ENTRY.VALUE / 4] = length
    return entry
  }
  const block = stringBlockCreate(m, length)
  const entry = entryCreate(m, TYPE.STRING, encoding, ENTRY_FLAG.OUTLINE, 0, expireAt, key, keyAt, keyLength)
  entrySetValue(m, entry, block)
  return entry
}

/**
 * Makes an entry's string `length` bytes long, for APPEND, SETRANGE, SETBIT and the like: what was there stays, new
 * bytes are zero, the encoding becomes raw. Returns the entry, which may be a new one.
 */
export function resizeString(shard: Shard, db: number, entry: EntryRef, length: number): EntryRef {
  const m = shard.m
  const old = stringLength(m, entry)
  let resized = entry
  if (stringIsOutline(m, entry)) {
    const block = stringBlockResize(m, entryValue(m, entry) as StringBlockRef, length)
    entrySetValue(m, entry, block)
  } else if (entryBytes(itemKeyLength(m, entry), length, entryExpires(m, entry)) <= blockRoom(m, entry)) {
    m.u32[entry * 2 + ENTRY.VALUE / 4] = length
  } else {
    resized = moveOutline(shard, db, entry, old, length)
  }
  entrySetEncoding(m, resized, ENCODING.RAW)
  if (length > old) {
    const at = stringAt(m, resized)
    m.u8.fill(0, at + old, at + length)
  }
  return resized
}

/** Gives a growing inline string a block of its own, with room to grow on. */
function moveOutline(shard: Shard, db: number, entry: EntryRef, kept: number, length: number): EntryRef {
  const m = shard.m
  const block = stringBlockCreate(m, length, length + Math.min(length, 1024 * 1024))
  moveBytes(m.u8, block * 8 + STRING_BLOCK.BYTES, stringAt(m, entry), kept)
  return replaceWithBlock(shard, db, entry, block)
}

/** Puts a block in the place of an entry's string; expiry and access stay. Returns the entry, which may be a new one. */
export function replaceWithBlock(shard: Shard, db: number, entry: EntryRef, block: StringBlockRef): EntryRef {
  const m = shard.m
  if (stringIsOutline(m, entry)) {
    release(m, entryValue(m, entry))
    entrySetValue(m, entry, block)
    entrySetEncoding(m, entry, ENCODING.RAW)
    return entry
  }
  const keyLength = itemKeyLength(m, entry)
  const keyAt = itemKeyAt(m, entry)
  const expireAt = entryExpireAt(m, entry)
  const moved = entryCreate(m, TYPE.STRING, ENCODING.RAW, ENTRY_FLAG.OUTLINE, 0, expireAt, m.u8, keyAt, keyLength)
  entrySetValue(m, moved, block)
  shard.replaceEntry(db, entry, moved)
  return moved
}
