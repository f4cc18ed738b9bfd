// An item: anything a hash table holds. Keyspace entries, hash fields, set and sorted-set members are all items, so
// one hash table serves them all.
//
//   OFFSET  SIZE  FIELD       MEANING
//        0     1  KIND        what the item is; never 0
//        1     1  FLAGS       high half: where the key starts, in units of 4 bytes; low half: the kind's own
//        2     2  KEY_LENGTH  bytes of key; 65535 = a long key, whose length is the u32 before its bytes
//        4
//
// What lies between the header and the key is the kind's own, and so is what lies behind the key.

import { copyBytes, equalBytes } from '../bytes/copy.ts'
import { hashBytes } from '../bytes/hash.ts'
import { ARENA } from './arena.ts'
import type { Memory, Ref } from './memory.ts'

export type ItemRef = Ref<'item'>

export const ITEM = { KIND: 0, FLAGS: 1, KEY_LENGTH: 2, SIZE: 4 } as const

/** A KEY_LENGTH that sends the reader to the u32 before the key. */
const LONG_KEY = 0xffff

/** What a key of `length` bytes takes: itself, and its length when that does not fit the header. */
export const keyBytes = (length: number): number => (length < LONG_KEY ? length : length + 4)

/** First byte of the item's key, as a u8 index. */
export function itemKeyAt(m: Memory, item: number): number {
  const header = m.u32[item * 2]
  const at = item * 8 + ((header >>> 12) & 0xf) * 4
  return header >>> 16 === LONG_KEY ? at + 4 : at
}

/** Bytes of the item's key. */
export function itemKeyLength(m: Memory, item: number): number {
  const header = m.u32[item * 2]
  const length = header >>> 16
  return length === LONG_KEY ? m.u32[item * 2 + ((header >>> 12) & 0xf)] : length
}

/** Writes the header and the key. `keyOffset` is where the key starts, a multiple of 4 up to 60. */
export function itemWrite(
  m: Memory,
  item: number,
  kind: number,
  flags: number,
  keyOffset: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  const short = length < LONG_KEY
  m.u32[item * 2] = (kind | (flags << 8) | (keyOffset << 10) | ((short ? length : LONG_KEY) << 16)) >>> 0
  if (!short) m.u32[item * 2 + keyOffset / 4] = length
  copyBytes(m.u8, item * 8 + keyOffset + (short ? 0 : 4), bytes, at, length)
}

/** Whether the item's key is these bytes. */
export function itemKeyIs(m: Memory, item: number, bytes: Uint8Array, at: number, length: number): boolean {
  return itemKeyLength(m, item) === length && equalBytes(m.u8, itemKeyAt(m, item), bytes, at, length)
}

/** The seeded hash of some bytes, as this arena's hash tables use it. */
export const keyHash = (m: Memory, bytes: Uint8Array, at: number, length: number): number =>
  hashBytes(bytes, at, length, m.u32[ARENA.SEED0 / 4], m.u32[ARENA.SEED1 / 4])

/** The hash of an item's own key. */
export const itemHash = (m: Memory, item: number): number =>
  keyHash(m, m.u8, itemKeyAt(m, item), itemKeyLength(m, item))
