// String values: inline behind the entry's key, or, when long, in a block of their own.
//
// A block:
//
//   OFFSET  SIZE  FIELD   MEANING
//        0     4  LENGTH  bytes of string
//        4     4  -       zero
//        8        the bytes; the block's room beyond LENGTH is for appending

import { copyBytes } from '../bytes/copy.ts'
import { parseInteger } from '../bytes/integers.ts'
import { allocate, blockRoom, reallocate } from './arena.ts'
import {
  ENCODING,
  ENTRY,
  ENTRY_FLAG,
  type Encoding,
  type EntryRef,
  entryBytes,
  entryFlags,
  entryValue,
} from './entry.ts'
import { itemKeyAt, itemKeyLength } from './item.ts'
import type { Memory, Ref } from './memory.ts'

export type StringBlockRef = Ref<'string block'>

export const STRING_BLOCK = { LENGTH: 0, BYTES: 8 } as const

/** An entry with its inline string takes at most this. */
const INLINE_BYTES_MAX = 1024
/** Longest string that Redis reports as embstr. */
const EMBSTR_BYTES_MAX = 44
const INT_DIGITS_MAX = 20

/** Whether a string of `length` bytes lies in the entry of a key of `keyLength` bytes. */
export const stringIsInline = (keyLength: number, length: number): boolean =>
  entryBytes(keyLength, length, true) <= INLINE_BYTES_MAX

export const stringIsOutline = (m: Memory, entry: EntryRef): boolean =>
  (entryFlags(m, entry) & ENTRY_FLAG.OUTLINE) !== 0

/** First byte of an entry's string, as a u8 index. */
export function stringAt(m: Memory, entry: EntryRef): number {
  if (stringIsOutline(m, entry)) return entryValue(m, entry) * 8 + STRING_BLOCK.BYTES
  return itemKeyAt(m, entry) + itemKeyLength(m, entry)
}

/** Bytes of an entry's string. */
export function stringLength(m: Memory, entry: EntryRef): number {
  const value = m.u32[entry * 2 + ENTRY.VALUE / 4]
  return stringIsOutline(m, entry) ? m.u32[value * 2] : value
}

/** Whether a string of so many bytes may be an integer. */
export const stringMayBeInteger = (length: number): boolean => length <= INT_DIGITS_MAX

/** The encoding Redis would give a string that was just set. */
export function stringEncoding(bytes: Uint8Array, at: number, length: number): Encoding {
  if (stringMayBeInteger(length) && !Number.isNaN(parseInteger(bytes, at, length))) return ENCODING.INT
  return textEncoding(length)
}

/** The encoding Redis would give a string of `length` bytes that is no integer. */
export const textEncoding = (length: number): Encoding => (length <= EMBSTR_BYTES_MAX ? ENCODING.EMBSTR : ENCODING.RAW)

/** A block for a long string, with `room` bytes of space and the first `length` in use but not yet written. */
export function stringBlockCreate(m: Memory, length: number, room = length): StringBlockRef {
  const block = allocate(m, STRING_BLOCK.BYTES + room) as StringBlockRef
  m.u32[block * 2] = length
  m.u32[block * 2 + 1] = 0
  return block
}

/** Makes a block's string `length` bytes long, moving it when it does not fit; new bytes are undefined. Returns its ref. */
export function stringBlockResize(m: Memory, block: StringBlockRef, length: number): StringBlockRef {
  const old = m.u32[block * 2]
  if (STRING_BLOCK.BYTES + length > blockRoom(m, block)) {
    // Room to grow, as sds leaves: twice as much up to a megabyte, then a megabyte more.
    const room = length + Math.min(length, 1024 * 1024)
    block = reallocate(m, block, STRING_BLOCK.BYTES + old, STRING_BLOCK.BYTES + room) as StringBlockRef
  }
  m.u32[block * 2] = length
  return block
}

/** Copies bytes from outside the arena into a block. */
export function stringBlockWrite(
  m: Memory,
  block: StringBlockRef,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  copyBytes(m.u8, block * 8 + STRING_BLOCK.BYTES, bytes, at, length)
}
