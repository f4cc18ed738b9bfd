// Records with names, in the order of their names: the consumer groups of a stream, the consumers of a group. Few of
// them as a rule, and always listed in order, so an array searched by halves serves.
//
// An array of names:
//
//   OFFSET  SIZE  FIELD   MEANING
//        0     4  COUNT   records
//        4     4  -       zero
//        8   4·n  REFS    u32 each, ordered by name as memcmp does, the shorter first
//
// Every named record begins:
//
//   OFFSET  SIZE  FIELD        MEANING
//        0     1  KIND         not 0
//        1     1  NAME_AT      where the name starts, in bytes from the record's start
//        2     2  -            zero
//        4     4  NAME_LENGTH  bytes of name

import { compareBytes, copyBytes } from '../bytes/copy.ts'
import { allocate, allocateZeroed, blockRoom, release } from './arena.ts'
import type { Memory, Ref } from './memory.ts'

export type NamesRef = Ref<'names'>

export const NAMED = { KIND: 0, NAME_AT: 1, NAME_LENGTH: 4, SIZE: 8 } as const
const REFS = 8
const ROOM_MIN = 4

/** A record of `size` bytes and its name, all zero but for the head and the name. */
export function namedCreate(
  m: Memory,
  kind: number,
  size: number,
  name: Uint8Array,
  at: number,
  length: number,
): number {
  const record = allocateZeroed(m, size + length)
  m.u32[record * 2] = kind | (size << 8)
  m.u32[record * 2 + NAMED.NAME_LENGTH / 4] = length
  copyBytes(m.u8, record * 8 + size, name, at, length)
  return record
}

export const nameAt = (m: Memory, record: number): number => record * 8 + ((m.u32[record * 2] >>> 8) & 0xff)
export const nameLength = (m: Memory, record: number): number => m.u32[record * 2 + NAMED.NAME_LENGTH / 4]

export const namesCount = (m: Memory, names: NamesRef | 0): number => (names === 0 ? 0 : m.u32[names * 2])
export const namesAt = (m: Memory, names: NamesRef, index: number): number => m.u32[names * 2 + REFS / 4 + index]

/** Index of the record with this name, or -1 - the index where it belongs. */
export function namesSearch(m: Memory, names: NamesRef | 0, name: Uint8Array, at: number, length: number): number {
  let low = 0
  let high = namesCount(m, names)
  while (low < high) {
    const middle = (low + high) >>> 1
    const record = namesAt(m, names as NamesRef, middle)
    const order = compareBytes(name, at, length, m.u8, nameAt(m, record), nameLength(m, record))
    if (order === 0) return middle
    if (order < 0) high = middle
    else low = middle + 1
  }
  return -1 - low
}

/** The record with this name, 0 if there is none. */
export function namesFind(m: Memory, names: NamesRef | 0, name: Uint8Array, at: number, length: number): number {
  const index = namesSearch(m, names, name, at, length)
  return index < 0 ? 0 : namesAt(m, names as NamesRef, index)
}

/** Puts a record where `index` says its name belongs. Returns the array, which may be a new one. */
export function namesInsert(m: Memory, names: NamesRef | 0, index: number, record: number): NamesRef {
  const count = namesCount(m, names)
  let array = names
  if (array === 0 || REFS + 4 * (count + 1) > blockRoom(m, array)) {
    array = allocate(m, REFS + 4 * Math.max(ROOM_MIN, count * 2)) as NamesRef
    m.u32[array * 2 + 1] = 0
    if (names !== 0) {
      m.u32.copyWithin(array * 2 + REFS / 4, names * 2 + REFS / 4, names * 2 + REFS / 4 + count)
      release(m, names)
    }
  }
  const word = array * 2 + REFS / 4 + index
  m.u32.copyWithin(word + 1, word, word + count - index)
  m.u32[word] = record
  m.u32[array * 2] = count + 1
  return array
}

/** Takes the record at `index` out. Returns the array, or 0 when nothing is left. */
export function namesRemove(m: Memory, names: NamesRef, index: number): NamesRef | 0 {
  const count = namesCount(m, names) - 1
  if (count === 0) {
    release(m, names)
    return 0
  }
  const word = names * 2 + REFS / 4 + index
  m.u32.copyWithin(word, word + 1, word + count + 1 - index)
  m.u32[names * 2] = count
  return names
}
