// A field of a hash that is a table: an item (item.ts) that holds field, value, and at times when it expires.
//
// A short value lies behind the field:
//
//   OFFSET  SIZE  FIELD       MEANING
//        0     1  KIND        2
//        1     1  FLAGS       low half: FIELD_FLAG; high half: where the field starts, in units of 4 bytes
//        2     2  KEY_LENGTH  as in item.ts
//        4        the field; then one byte, the value's length; then the value
//
// A long value lies in a string block (string.ts):
//
//        4     4  VALUE       ref of the block
//        8        the field
//
// A field that expires, with a value of either kind, is a record of a time heap:
//
//        4     4  POSITION    in the hash's heap
//        8     8  EXPIRE      f64, Unix ms
//       16     4  VALUE       ref of the block, 0 if the value is short
//       20        the field, and the short value behind it as above

import { assert } from '../bytes/assert.ts'
import { copyBytes } from '../bytes/copy.ts'
import { allocate, blockRoom, release } from './arena.ts'
import { itemKeyAt, itemKeyLength, itemWrite, keyBytes } from './item.ts'
import type { ListpackElement } from './listpack.ts'
import type { Memory, Ref } from './memory.ts'
import { STRING_BLOCK, stringBlockCreate, stringBlockWrite } from './string.ts'
import { TIMED } from './time-heap.ts'

export type FieldRef = Ref<'hash field'>

export const FIELD = { VALUE: 4, POSITION: 4, EXPIRE: 8, VALUE_EXPIRES: 16 } as const
export const FIELD_FLAG = { EXPIRES: 1, OUTLINE: 2 } as const

const KIND = 2
const FIELD_AT = 4
const FIELD_AT_OUTLINE = 8
const FIELD_AT_EXPIRES = 20
/** Longest value behind its field: what one byte can tell. */
const VALUE_INLINE_MAX = 255

export const fieldExpires = (m: Memory, field: number): boolean => (m.u32[field * 2] & (FIELD_FLAG.EXPIRES << 8)) !== 0
const fieldIsOutline = (m: Memory, field: number): boolean => (m.u32[field * 2] & (FIELD_FLAG.OUTLINE << 8)) !== 0
/** Unix ms at which the field ends, -1 if it does not. */
export const fieldExpireAt = (m: Memory, field: number): number =>
  fieldExpires(m, field) ? m.f64[field + FIELD.EXPIRE / 8] : -1

/** u32 index of the word that refers to a long value. */
const valueWord = (m: Memory, field: number): number =>
  field * 2 + (fieldExpires(m, field) ? FIELD.VALUE_EXPIRES / 4 : FIELD.VALUE / 4)

/** Tells where the value lies. */
export function fieldValue(m: Memory, field: number, into: ListpackElement): void {
  const u8 = m.u8
  into.bytes = u8
  if (fieldIsOutline(m, field)) {
    const block = m.u32[valueWord(m, field)]
    into.at = block * 8 + STRING_BLOCK.BYTES
    into.length = m.u32[block * 2]
  } else {
    const end = itemKeyAt(m, field) + itemKeyLength(m, field)
    into.at = end + 1
    into.length = u8[end]
  }
}

/** Makes a field that is in no table yet; `expireAt` < 0 means that it lasts. */
export function fieldCreate(
  m: Memory,
  name: Uint8Array,
  nameAt: number,
  nameLength: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  expireAt: number,
): FieldRef {
  const expires = expireAt >= 0
  if (length > VALUE_INLINE_MAX) {
    const block = stringBlockCreate(m, length)
    stringBlockWrite(m, block, bytes, at, length)
    return createOutline(m, name, nameAt, nameLength, block, expireAt)
  }
  const fieldAt = expires ? FIELD_AT_EXPIRES : FIELD_AT
  const field = allocate(m, fieldAt + keyBytes(nameLength) + 1 + length) as FieldRef
  itemWrite(m, field, KIND, expires ? FIELD_FLAG.EXPIRES : 0, fieldAt, name, nameAt, nameLength)
  if (expires) {
    m.u32[field * 2 + 1] = 0
    m.f64[field + FIELD.EXPIRE / 8] = expireAt
    m.u32[field * 2 + FIELD.VALUE_EXPIRES / 4] = 0
  }
  writeInline(m, field, bytes, at, length)
  return field
}

function createOutline(
  m: Memory,
  name: Uint8Array,
  nameAt: number,
  nameLength: number,
  block: number,
  expireAt: number,
): FieldRef {
  const expires = expireAt >= 0
  const fieldAt = expires ? FIELD_AT_EXPIRES : FIELD_AT_OUTLINE
  const flags = FIELD_FLAG.OUTLINE | (expires ? FIELD_FLAG.EXPIRES : 0)
  const field = allocate(m, fieldAt + keyBytes(nameLength)) as FieldRef
  itemWrite(m, field, KIND, flags, fieldAt, name, nameAt, nameLength)
  if (expires) {
    m.u32[field * 2 + 1] = 0
    m.f64[field + FIELD.EXPIRE / 8] = expireAt
  }
  m.u32[valueWord(m, field)] = block
  return field
}

function writeInline(m: Memory, field: number, bytes: Uint8Array, at: number, length: number): void {
  const end = itemKeyAt(m, field) + itemKeyLength(m, field)
  m.u8[end] = length
  copyBytes(m.u8, end + 1, bytes, at, length)
}

/** Writes a value over the old one if it fits without wasting more than half of the room. Returns whether it did. */
export function fieldWrite(m: Memory, field: number, bytes: Uint8Array, at: number, length: number): boolean {
  if (length > VALUE_INLINE_MAX) return fieldIsOutline(m, field) && writeOutline(m, field, bytes, at, length)
  if (fieldIsOutline(m, field)) return false
  const used = itemKeyAt(m, field) - field * 8 + itemKeyLength(m, field) + 1
  const room = blockRoom(m, field)
  if (used + length > room || (used + length) * 2 <= room) return false
  writeInline(m, field, bytes, at, length)
  return true
}

function writeOutline(m: Memory, field: number, bytes: Uint8Array, at: number, length: number): boolean {
  const old = m.u32[valueWord(m, field)]
  const room = blockRoom(m, old)
  let block = old
  if (STRING_BLOCK.BYTES + length > room || (STRING_BLOCK.BYTES + length) * 2 <= room) {
    block = stringBlockCreate(m, length)
    m.u32[valueWord(m, field)] = block
  }
  m.u32[block * 2] = length
  stringBlockWrite(m, block as Ref<'string block'>, bytes, at, length)
  // The old block goes last: the bytes given may lie in it.
  if (block !== old) release(m, old)
  return true
}

/**
 * The same field and value with another time to live, in a record of its own; the old record is freed, and a long
 * value changes hands. Tables and heaps that hold the old one are the caller's.
 */
export function fieldRemake(m: Memory, field: number, expireAt: number): FieldRef {
  const bytes = m.u8
  const nameAt = itemKeyAt(m, field)
  const nameLength = itemKeyLength(m, field)
  let made: FieldRef
  if (fieldIsOutline(m, field)) {
    made = createOutline(m, bytes, nameAt, nameLength, m.u32[valueWord(m, field)], expireAt)
  } else {
    const valueAt = nameAt + nameLength + 1
    made = fieldCreate(m, bytes, nameAt, nameLength, bytes, valueAt, bytes[valueAt - 1], expireAt)
  }
  release(m, field)
  return made
}

/** Frees a field, value and all. */
export function fieldRelease(m: Memory, field: number): void {
  if (fieldIsOutline(m, field)) release(m, m.u32[valueWord(m, field)])
  release(m, field)
}

/** Bytes of a field's blocks. */
export const fieldBytes = (m: Memory, field: number): number =>
  blockRoom(m, field) + (fieldIsOutline(m, field) ? blockRoom(m, m.u32[valueWord(m, field)]) : 0)

/** Whether the record is one that this file made and its parts fit its blocks. */
export function fieldIsSound(m: Memory, field: number): boolean {
  if ((m.u32[field * 2] & 0xff) !== KIND) return false
  const end = itemKeyAt(m, field) - field * 8 + itemKeyLength(m, field)
  if (!fieldIsOutline(m, field)) return end + 1 + m.u8[field * 8 + end] <= blockRoom(m, field)
  const block = m.u32[valueWord(m, field)]
  return end <= blockRoom(m, field) && STRING_BLOCK.BYTES + m.u32[block * 2] <= blockRoom(m, block)
}

assert(FIELD.POSITION === TIMED.POSITION && FIELD.EXPIRE === TIMED.TIME, 'a field can be a record of a heap')
