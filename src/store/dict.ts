// The hash table: the keyspace, its expiries, and every large set, hash and sorted set.
//
// Its items are refs of records with a key (item.ts). A bucket is one cache line of twelve refs and a byte of each hash,
// so that a search touches the bucket and, but for one time in 256, only the item it is after. Full buckets chain.
// Growing and shrinking are incremental, as in Redis: two tables while it lasts, a bucket moved with each change.
//
// Header:
//
//   OFFSET  SIZE  FIELD      MEANING
//        0     4  TABLE      the buckets; while rehashing, those to be emptied
//        4     4  NEW_TABLE  while rehashing, the buckets that take over; else 0
//        8     1  BITS       TABLE has 2^BITS buckets
//        9     1  NEW_BITS   the same of NEW_TABLE
//       10     2  PAUSED     > 0 while somebody walks: no resizing, no moving
//       12     4  COUNT      items in both tables
//       16     4  REHASHED   buckets of TABLE already emptied
//       20     4  OWN        what the table's owner keeps there; zero at first
//       24
//
// Bucket:
//
//   OFFSET  SIZE  FIELD      MEANING
//        0    12  TAGS       12 x u8, the hash's top byte of each item
//       12     4  NEXT       overflow bucket, 0 = none; never an empty one
//       16    48  ITEMS      12 x u32, refs, 0 = free
//       64

import { assert } from '../bytes/assert.ts'
import { allocateZeroed, release } from './arena.ts'
import { type ItemRef, itemHash, itemKeyIs } from './item.ts'
import type { Memory, Ref } from './memory.ts'
import type { RefList } from './ref-list.ts'

/** Where a table's header lies. */
export type DictRef = Ref<'dict'>

export const DICT = {
  TABLE: 0,
  NEW_TABLE: 4,
  BITS: 8,
  NEW_BITS: 9,
  PAUSED: 10,
  COUNT: 12,
  REHASHED: 16,
  OWN: 20,
  SIZE: 24,
} as const

export const BUCKET = { TAGS: 0, NEXT: 12, ITEMS: 16, SIZE: 64 } as const
export const BUCKET_ITEMS = 12

/** Mean items a bucket at which the table doubles: two of twelve places stay free for the uneven. */
const GROW_AT = 10
/** Mean items a bucket at which it doubles even if memory is short. */
const CROWDED_AT = 16
/** Mean items a bucket under which it shrinks, one tenth of the places as in Redis. */
const SHRINK_AT = 1
const BITS_MAX = 26
/** Empty buckets that one step may pass over. */
const EMPTY_VISITS = 10

const NEXT_WORD = BUCKET.NEXT / 4
const ITEMS_WORD = BUCKET.ITEMS / 4

/** An empty table with one bucket. */
export function dictCreate(m: Memory): DictRef {
  const dict = allocateZeroed(m, DICT.SIZE) as DictRef
  const table = allocateZeroed(m, BUCKET.SIZE)
  m.u32[dict * 2 + DICT.TABLE / 4] = table
  return dict
}

/** Frees the tables and the header; the items are the caller's. */
export function dictRelease(m: Memory, dict: DictRef): void {
  tableRelease(m, dictTable(m, dict), dictBits(m, dict))
  if (dictIsRehashing(m, dict)) tableRelease(m, dictNewTable(m, dict), dictNewBits(m, dict))
  release(m, dict)
}

export const dictCount = (m: Memory, dict: DictRef): number => m.u32[dict * 2 + DICT.COUNT / 4]
export const dictIsRehashing = (m: Memory, dict: DictRef): boolean => dictNewTable(m, dict) !== 0
/** Buckets of both tables, overflow not counted. */
export const dictBuckets = (m: Memory, dict: DictRef): number =>
  (1 << dictBits(m, dict)) + (dictIsRehashing(m, dict) ? 1 << dictNewBits(m, dict) : 0)
/** Bytes of header and tables, overflow buckets not counted. */
export const dictBytes = (m: Memory, dict: DictRef): number => DICT.SIZE + dictBuckets(m, dict) * BUCKET.SIZE

/** The word that a table keeps for its owner. */
export const dictOwn = (m: Memory, dict: DictRef): number => m.u32[dict * 2 + DICT.OWN / 4]
/** Sets it. */
export function dictSetOwn(m: Memory, dict: DictRef, own: number): void {
  m.u32[dict * 2 + DICT.OWN / 4] = own
}

const dictTable = (m: Memory, dict: DictRef): number => m.u32[dict * 2]
const dictNewTable = (m: Memory, dict: DictRef): number => m.u32[dict * 2 + 1]
const dictBits = (m: Memory, dict: DictRef): number => m.u8[dict * 8 + DICT.BITS]
const dictNewBits = (m: Memory, dict: DictRef): number => m.u8[dict * 8 + DICT.NEW_BITS]
const dictRehashed = (m: Memory, dict: DictRef): number => m.u32[dict * 2 + DICT.REHASHED / 4]

/** The item with this key, 0 if there is none. */
export function dictFind(
  m: Memory,
  dict: DictRef,
  hash: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): ItemRef | 0 {
  const place = findPlace(m, dict, hash, bytes, at, length)
  return place === 0 ? 0 : (m.u32[place] as ItemRef)
}

/** Adds an item whose key is not in the table; the caller has looked. */
export function dictAdd(m: Memory, dict: DictRef, hash: number, item: number): void {
  beforeChange(m, dict)
  const isRehashing = dictIsRehashing(m, dict)
  const count = ++m.u32[dict * 2 + DICT.COUNT / 4]
  if (!isRehashing && count > GROW_AT * (1 << dictBits(m, dict))) grow(m, dict, count)
  if (dictIsRehashing(m, dict)) tableInsert(m, dictNewTable(m, dict), dictNewBits(m, dict), hash, item)
  else tableInsert(m, dictTable(m, dict), dictBits(m, dict), hash, item)
}

/** Takes the item with this key out of the table and returns it, 0 if there is none. The item is the caller's to free. */
export function dictRemove(
  m: Memory,
  dict: DictRef,
  hash: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): ItemRef | 0 {
  beforeChange(m, dict)
  const place = findPlace(m, dict, hash, bytes, at, length)
  if (place === 0) return 0
  const item = m.u32[place] as ItemRef
  removePlace(m, dict, hash, place)
  return item
}

/** Takes this very item out of the table; it must be there. */
export function dictRemoveItem(m: Memory, dict: DictRef, hash: number, item: number): void {
  beforeChange(m, dict)
  const place = findItem(m, dict, hash, item)
  assert(place !== 0, 'the item to remove is in the table')
  removePlace(m, dict, hash, place)
}

/** Puts `replacement`, an item with the same key, in the place of `item`, which must be there. */
export function dictReplace(m: Memory, dict: DictRef, hash: number, item: number, replacement: number): void {
  const place = findItem(m, dict, hash, item)
  assert(place !== 0, 'the item to replace is in the table')
  m.u32[place] = replacement
}

/** Word where the bucket of `hash` starts, as far as can be told without the lock. */
export function dictHint(m: Memory, dict: DictRef, hash: number): number {
  const table = dictNewTable(m, dict)
  if (table !== 0) return table * 2 + (hash & ((1 << dictNewBits(m, dict)) - 1)) * 16
  return dictTable(m, dict) * 2 + (hash & ((1 << dictBits(m, dict)) - 1)) * 16
}

// ---- finding a place: the u32 index of the ref in its bucket

let foundBucket = 0 // u32 index of the bucket that the last place was found in

function findPlace(m: Memory, dict: DictRef, hash: number, bytes: Uint8Array, at: number, length: number): number {
  const u32 = m.u32
  const first = hash & ((1 << dictBits(m, dict)) - 1)
  if (dictNewTable(m, dict) === 0) {
    return chainFind(m, u32, u32[dict * 2] * 2 + first * 16, hash, bytes, at, length)
  }
  if (first >= dictRehashed(m, dict)) {
    const place = chainFind(m, u32, u32[dict * 2] * 2 + first * 16, hash, bytes, at, length)
    if (place !== 0) return place
  }
  const second = hash & ((1 << dictNewBits(m, dict)) - 1)
  return chainFind(m, u32, dictNewTable(m, dict) * 2 + second * 16, hash, bytes, at, length)
}

function chainFind(
  m: Memory,
  u32: Uint32Array,
  bucket: number,
  hash: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): number {
  const tags = Math.imul(hash >>> 24, 0x01010101)
  for (;;) {
    for (let word = 0; word < 3; word++) {
      // A byte of `x` is zero where the tag matches; the usual trick marks zero bytes (and now and then one above them).
      const x = u32[bucket + word] ^ tags
      let marks = (x - 0x01010101) & ~x & 0x80808080
      while (marks !== 0) {
        const lowest = marks & -marks
        const place = bucket + ITEMS_WORD + word * 4 + ((31 - Math.clz32(lowest)) >>> 3)
        const item = u32[place]
        if (item !== 0 && itemKeyIs(m, item, bytes, at, length)) {
          foundBucket = bucket
          return place
        }
        marks ^= lowest
      }
    }
    const next = u32[bucket + NEXT_WORD]
    if (next === 0) return 0
    bucket = next * 2
  }
}

function findItem(m: Memory, dict: DictRef, hash: number, item: number): number {
  const first = hash & ((1 << dictBits(m, dict)) - 1)
  const place = chainFindItem(m, dictTable(m, dict) * 2 + first * 16, item)
  if (place !== 0 || !dictIsRehashing(m, dict)) return place
  const second = hash & ((1 << dictNewBits(m, dict)) - 1)
  return chainFindItem(m, dictNewTable(m, dict) * 2 + second * 16, item)
}

function chainFindItem(m: Memory, bucket: number, item: number): number {
  const u32 = m.u32
  for (;;) {
    for (let i = 0; i < BUCKET_ITEMS; i++) {
      if (u32[bucket + ITEMS_WORD + i] === item) {
        foundBucket = bucket
        return bucket + ITEMS_WORD + i
      }
    }
    const next = u32[bucket + NEXT_WORD]
    if (next === 0) return 0
    bucket = next * 2
  }
}

// ---- changing buckets

function tableInsert(m: Memory, table: number, bits: number, hash: number, item: number): void {
  let bucket = table * 2 + (hash & ((1 << bits) - 1)) * 16
  for (;;) {
    for (let i = 0; i < BUCKET_ITEMS; i++) {
      if (m.u32[bucket + ITEMS_WORD + i] === 0) {
        m.u32[bucket + ITEMS_WORD + i] = item
        m.u8[bucket * 4 + i] = hash >>> 24
        return
      }
    }
    const next = m.u32[bucket + NEXT_WORD]
    if (next !== 0) {
      bucket = next * 2
    } else {
      const overflow = allocateZeroed(m, BUCKET.SIZE)
      m.u32[bucket + NEXT_WORD] = overflow
      bucket = overflow * 2
    }
  }
}

function removePlace(m: Memory, dict: DictRef, hash: number, place: number): void {
  const bucket = foundBucket
  m.u32[place] = 0
  m.u8[bucket * 4 + (place - bucket - ITEMS_WORD)] = 0
  if (isEmptyBucket(m, bucket)) unlinkOverflow(m, dict, hash, bucket)
  const count = --m.u32[dict * 2 + DICT.COUNT / 4]
  const bits = dictBits(m, dict)
  if (bits > 0 && count < SHRINK_AT * (1 << bits) && !dictIsRehashing(m, dict) && dictPaused(m, dict) === 0) {
    resize(m, dict, bitsFor(count))
  }
}

function isEmptyBucket(m: Memory, bucket: number): boolean {
  for (let i = 0; i < BUCKET_ITEMS; i++) if (m.u32[bucket + ITEMS_WORD + i] !== 0) return false
  return true
}

/** Frees an empty bucket if it is an overflow one, which its chain's first bucket leads to. */
function unlinkOverflow(m: Memory, dict: DictRef, hash: number, bucket: number): void {
  if (unlinkFromChain(m, dictTable(m, dict) * 2 + (hash & ((1 << dictBits(m, dict)) - 1)) * 16, bucket)) return
  if (dictIsRehashing(m, dict)) {
    unlinkFromChain(m, dictNewTable(m, dict) * 2 + (hash & ((1 << dictNewBits(m, dict)) - 1)) * 16, bucket)
  }
}

function unlinkFromChain(m: Memory, first: number, bucket: number): boolean {
  for (let before = first; ; ) {
    const next = m.u32[before + NEXT_WORD]
    if (next === 0) return false
    if (next * 2 === bucket) {
      m.u32[before + NEXT_WORD] = m.u32[bucket + NEXT_WORD]
      release(m, next)
      return true
    }
    before = next * 2
  }
}

// ---- resizing

function bitsFor(count: number): number {
  let bits = 0
  while (GROW_AT * (1 << bits) < count * 2) bits++
  return bits
}

/** Doubles the table, unless that would cost keys under maxmemory; a table that is far too small grows regardless. */
function grow(m: Memory, dict: DictRef, count: number): void {
  const bits = dictBits(m, dict) + 1
  if (BUCKET.SIZE * (1 << bits) > m.tableBytesMax && count < CROWDED_AT * (1 << (bits - 1))) return
  resize(m, dict, bits)
}

function resize(m: Memory, dict: DictRef, bits: number): void {
  if (bits > BITS_MAX || bits === dictBits(m, dict)) return
  const table = allocateZeroed(m, BUCKET.SIZE * (1 << bits))
  m.u32[dict * 2 + DICT.NEW_TABLE / 4] = table
  m.u8[dict * 8 + DICT.NEW_BITS] = bits
  m.u32[dict * 2 + DICT.REHASHED / 4] = 0
}

/**
 * Starts shrinking a table that has become sparse while it could not shrink: during a rehash or a walk. Returns whether
 * dictRehash has buckets to move and may.
 */
export function dictFit(m: Memory, dict: DictRef): boolean {
  if (dictPaused(m, dict) > 0) return false
  if (dictIsRehashing(m, dict)) return true
  const bits = dictBits(m, dict)
  const count = dictCount(m, dict)
  if (bits === 0 || count >= SHRINK_AT * (1 << bits)) return false
  resize(m, dict, bitsFor(count))
  return true
}

/** Makes room for `count` items at once, so that filling needs no rehash. Only for an empty table. */
export function dictReserve(m: Memory, dict: DictRef, count: number): void {
  assert(dictCount(m, dict) === 0 && !dictIsRehashing(m, dict), 'only an empty table is reserved')
  let bits = 0
  while (GROW_AT * (1 << bits) < count && bits < BITS_MAX) bits++
  if (bits === dictBits(m, dict)) return
  release(m, dictTable(m, dict))
  const table = allocateZeroed(m, BUCKET.SIZE * (1 << bits))
  m.u32[dict * 2 + DICT.TABLE / 4] = table
  m.u8[dict * 8 + DICT.BITS] = bits
}

function beforeChange(m: Memory, dict: DictRef): void {
  if (dictIsRehashing(m, dict)) dictRehash(m, dict, 1)
}

/** Moves up to `steps` buckets to the new table. Returns whether there is more to do. */
export function dictRehash(m: Memory, dict: DictRef, steps: number): boolean {
  if (!dictIsRehashing(m, dict)) return false
  if (dictPaused(m, dict) > 0) return true
  const buckets = 1 << dictBits(m, dict)
  let at = dictRehashed(m, dict)
  let visits = steps * EMPTY_VISITS
  while (steps > 0 && visits > 0 && at < buckets) {
    if (moveBucket(m, dict, dictTable(m, dict) * 2 + at * 16)) steps--
    else visits--
    at++
  }
  m.u32[dict * 2 + DICT.REHASHED / 4] = at
  if (at < buckets) return true
  finishRehash(m, dict)
  return false
}

function finishRehash(m: Memory, dict: DictRef): void {
  release(m, dictTable(m, dict))
  m.u32[dict * 2 + DICT.TABLE / 4] = dictNewTable(m, dict)
  m.u8[dict * 8 + DICT.BITS] = dictNewBits(m, dict)
  m.u32[dict * 2 + DICT.NEW_TABLE / 4] = 0
  m.u8[dict * 8 + DICT.NEW_BITS] = 0
  m.u32[dict * 2 + DICT.REHASHED / 4] = 0
}

/** Empties a chain into the new table. Returns whether anything was in it. */
function moveBucket(m: Memory, dict: DictRef, first: number): boolean {
  let moved = false
  for (let bucket = first; ; ) {
    for (let i = 0; i < BUCKET_ITEMS; i++) {
      const item = m.u32[bucket + ITEMS_WORD + i]
      if (item === 0) continue
      tableInsert(m, dictNewTable(m, dict), dictNewBits(m, dict), itemHash(m, item), item)
      moved = true
    }
    const next = m.u32[bucket + NEXT_WORD]
    if (bucket !== first) release(m, bucket / 2)
    else m.u32.fill(0, bucket, bucket + BUCKET.SIZE / 4)
    if (next === 0) return moved
    bucket = next * 2
  }
}

function tableRelease(m: Memory, table: number, bits: number): void {
  for (let i = 0; i < 1 << bits; i++) {
    let overflow = m.u32[table * 2 + i * 16 + NEXT_WORD]
    while (overflow !== 0) {
      const next = m.u32[overflow * 2 + NEXT_WORD]
      release(m, overflow)
      overflow = next
    }
  }
  release(m, table)
}

/**
 * Takes the items of the next bucket that has any out of a table that nobody looks into any more, adding them to
 * `list`. Returns false once the table is empty. Only dictRelease may follow other calls of this.
 */
export function dictDrain(m: Memory, dict: DictRef, list: RefList): boolean {
  for (;;) {
    const buckets = 1 << dictBits(m, dict)
    for (let at = dictRehashed(m, dict); at < buckets; at++) {
      if (drainBucket(m, dictTable(m, dict) * 2 + at * 16, list)) {
        m.u32[dict * 2 + DICT.REHASHED / 4] = at + 1
        return true
      }
    }
    m.u32[dict * 2 + DICT.REHASHED / 4] = buckets
    if (!dictIsRehashing(m, dict)) return false
    finishRehash(m, dict)
  }
}

function drainBucket(m: Memory, first: number, list: RefList): boolean {
  const before = list.count
  for (let bucket = first; ; ) {
    for (let i = 0; i < BUCKET_ITEMS; i++) {
      const item = m.u32[bucket + ITEMS_WORD + i]
      if (item !== 0) list.push(item)
    }
    const next = m.u32[bucket + NEXT_WORD]
    if (bucket !== first) release(m, bucket / 2)
    else m.u32.fill(0, bucket, bucket + BUCKET.SIZE / 4)
    if (next === 0) return list.count > before
    bucket = next * 2
  }
}

const dictPaused = (m: Memory, dict: DictRef): number => m.u32[dict * 2 + 2] >>> 16

/** Holds off resizing and moving while somebody walks the table; every pause needs its dictResume. */
export function dictPause(m: Memory, dict: DictRef): void {
  m.u32[dict * 2 + 2] += 0x10000
}

/** Ends a pause. */
export function dictResume(m: Memory, dict: DictRef): void {
  assert(dictPaused(m, dict) > 0, 'a resumed table is paused')
  m.u32[dict * 2 + 2] -= 0x10000
}
