// Entries under another key: renamed where they are, or copied, perhaps into another arena. The new entry belongs to no
// table yet; expiry and access come along only where the caller says so.

import { copyBytes } from '../bytes/copy.ts'
import {
  ENTRY_FLAG,
  type EntryRef,
  entryCreate,
  entryEncoding,
  entryRelease,
  entrySetValue,
  entryType,
  entryValue,
  TYPE,
} from './entry.ts'
import type { Memory } from './memory.ts'
import {
  type StringBlockRef,
  stringAt,
  stringBlockCreate,
  stringBlockWrite,
  stringIsInline,
  stringLength,
} from './string.ts'
import { valueCopy, valueRelease } from './value.ts'

/** A copy of an entry's value under another key, in the same arena or another. */
export function entryCopy(
  from: Memory,
  entry: EntryRef,
  to: Memory,
  key: Uint8Array,
  at: number,
  length: number,
  expireAt: number,
): EntryRef {
  if (entryType(from, entry) === TYPE.STRING) return stringCopy(from, entry, to, key, at, length, expireAt)
  const copy = entryCreate(to, entryType(from, entry), entryEncoding(from, entry), 0, 0, expireAt, key, at, length)
  valueCopy(from, entry, to, copy)
  return copy
}

/** The same value under another key. The old entry, which no table may hold any more, is freed. */
export function entryRename(
  m: Memory,
  entry: EntryRef,
  key: Uint8Array,
  at: number,
  length: number,
  expireAt: number,
): EntryRef {
  if (entryType(m, entry) === TYPE.STRING) {
    const renamed = stringCopy(m, entry, m, key, at, length, expireAt)
    valueRelease(m, entry)
    entryRelease(m, entry)
    return renamed
  }
  const renamed = entryCreate(m, entryType(m, entry), entryEncoding(m, entry), 0, 0, expireAt, key, at, length)
  entrySetValue(m, renamed, entryValue(m, entry))
  entryRelease(m, entry)
  return renamed
}

/** Where a string lies depends on the length of its key, so it is laid anew. */
function stringCopy(
  from: Memory,
  entry: EntryRef,
  to: Memory,
  key: Uint8Array,
  at: number,
  length: number,
  expireAt: number,
): EntryRef {
  const bytes = stringLength(from, entry)
  const encoding = entryEncoding(from, entry)
  if (stringIsInline(length, bytes)) {
    const copy = entryCreate(to, TYPE.STRING, encoding, 0, bytes, expireAt, key, at, length)
    entrySetValue(to, copy, bytes)
    copyBytes(to.u8, stringAt(to, copy), from.u8, stringAt(from, entry), bytes)
    return copy
  }
  const block: StringBlockRef = stringBlockCreate(to, bytes)
  stringBlockWrite(to, block, from.u8, stringAt(from, entry), bytes)
  const copy = entryCreate(to, TYPE.STRING, encoding, ENTRY_FLAG.OUTLINE, 0, expireAt, key, at, length)
  entrySetValue(to, copy, block)
  return copy
}
