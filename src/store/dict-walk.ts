// Going over a hash table: a whole walk, SCAN's cursor, and fair random picks.

import { assert } from '../bytes/assert.ts'
import { BUCKET, BUCKET_ITEMS, DICT, type DictRef, dictCount, dictIsRehashing } from './dict.ts'
import { type ItemRef, itemHash, itemKeyAt, itemKeyLength } from './item.ts'
import type { Memory } from './memory.ts'
import type { RefList } from './ref-list.ts'

const NEXT_WORD = BUCKET.NEXT / 4
const ITEMS_WORD = BUCKET.ITEMS / 4
/** A random pick takes a place among this many of a chain: two full buckets, which all but never overflow. */
const PICK_PLACES = 2 * BUCKET_ITEMS
/** Buckets that sampling visits at most for each item asked for. */
const SAMPLE_VISITS = 10

const tableOf = (m: Memory, dict: DictRef, which: number): number => m.u32[dict * 2 + which]
const bucketsOf = (m: Memory, dict: DictRef, which: number): number => 1 << m.u8[dict * 8 + DICT.BITS + which]

/**
 * A position in a walk over all items. One object serves any number of walks, one at a time:
 *
 *     walk.start(m, dict)
 *     for (let item = walk.next(); item !== 0; item = walk.next()) …
 *
 * In between, the table may lose the item just returned (the caller pauses it then: dictPause), nothing else.
 */
export class DictWalk {
  #m!: Memory
  #dict!: DictRef
  #which = 0
  #index = 0
  #bucket = 0
  #place = 0
  #next = 0

  start(m: Memory, dict: DictRef): void {
    this.#m = m
    this.#dict = dict
    this.#which = 0
    this.#index = 0
    this.#enter(tableOf(m, dict, 0) * 2)
  }

  /** The next item, 0 at the end. */
  next(): ItemRef | 0 {
    const m = this.#m
    for (;;) {
      while (this.#place < BUCKET_ITEMS) {
        const item = m.u32[this.#bucket + ITEMS_WORD + this.#place++]
        if (item !== 0) return item as ItemRef
      }
      if (this.#next !== 0) {
        this.#enter(this.#next * 2)
        continue
      }
      this.#index++
      if (this.#index === bucketsOf(m, this.#dict, this.#which)) {
        if (this.#which === 1 || !dictIsRehashing(m, this.#dict)) {
          this.#index-- // stay at the end
          return 0
        }
        this.#which = 1
        this.#index = 0
      }
      this.#enter(tableOf(m, this.#dict, this.#which) * 2 + this.#index * 16)
    }
  }

  // The chain's next bucket is read before its items are handed out: removing the last of them frees the bucket.
  #enter(bucket: number): void {
    this.#bucket = bucket
    this.#place = 0
    this.#next = this.#m.u32[bucket + NEXT_WORD]
  }
}

/**
 * One step of SCAN: adds the items under `cursor` to `list` and returns the next cursor, 0 at the end. What is in the
 * table from a scan's start to its end is returned at least once, however often it is resized in between: the cursor
 * counts up in the bits' mirror image, so a bucket's descendants in a larger table are visited together (Pieter
 * Noordhuis's algorithm, as in Redis).
 */
export function dictScan(m: Memory, dict: DictRef, cursor: number, list: RefList): number {
  if (dictCount(m, dict) === 0) return 0
  if (!dictIsRehashing(m, dict)) {
    const mask = bucketsOf(m, dict, 0) - 1
    collect(m, tableOf(m, dict, 0), cursor & mask, list)
    return nextCursor(cursor, mask)
  }
  const smaller = bucketsOf(m, dict, 0) <= bucketsOf(m, dict, 1) ? 0 : 1
  const smallMask = bucketsOf(m, dict, smaller) - 1
  const largeMask = bucketsOf(m, dict, 1 - smaller) - 1
  collect(m, tableOf(m, dict, smaller), cursor & smallMask, list)
  // Then every bucket of the larger table that the smaller one's bucket expands to.
  do {
    collect(m, tableOf(m, dict, 1 - smaller), cursor & largeMask, list)
    cursor = nextCursor(cursor, largeMask)
  } while ((cursor & (smallMask ^ largeMask)) !== 0)
  return cursor
}

function nextCursor(cursor: number, mask: number): number {
  return reverseBits(reverseBits(cursor | ~mask) + 1)
}

function reverseBits(x: number): number {
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1)
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2)
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4)
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8)
  return ((x >>> 16) | (x << 16)) >>> 0
}

function collect(m: Memory, table: number, index: number, list: RefList): void {
  for (let bucket = table * 2 + index * 16; ; ) {
    for (let i = 0; i < BUCKET_ITEMS; i++) {
      const item = m.u32[bucket + ITEMS_WORD + i]
      if (item !== 0) list.push(item)
    }
    const next = m.u32[bucket + NEXT_WORD]
    if (next === 0) return
    bucket = next * 2
  }
}

/** An item at random, each as likely as any other; 0 if the table is empty. */
export function dictRandom(m: Memory, dict: DictRef): ItemRef | 0 {
  const count = dictCount(m, dict)
  if (count === 0) return 0
  const first = bucketsOf(m, dict, 0)
  const buckets = first + (dictIsRehashing(m, dict) ? bucketsOf(m, dict, 1) : 0)
  // A chain is kept as often as it is full; a place beyond its items means to draw again.
  for (;;) {
    const index = Math.floor(Math.random() * buckets)
    const bucket = index < first ? tableOf(m, dict, 0) * 2 + index * 16 : tableOf(m, dict, 1) * 2 + (index - first) * 16
    const length = chainLength(m, bucket)
    const pick = Math.floor(Math.random() * Math.max(PICK_PLACES, length))
    if (pick < length) return chainItem(m, bucket, pick)
  }
}

/**
 * Adds `count` items (fewer if most of the table is empty, but at least one) found around a random place: not evenly
 * drawn but cheaply, which is what eviction samples.
 */
export function dictSample(m: Memory, dict: DictRef, count: number, list: RefList): void {
  const start = list.count
  const goal = start + Math.min(count, dictCount(m, dict))
  const isRehashing = dictIsRehashing(m, dict)
  const smaller = isRehashing && bucketsOf(m, dict, 1) < bucketsOf(m, dict, 0) ? 1 : 0
  const buckets = bucketsOf(m, dict, smaller)
  const larger = isRehashing ? bucketsOf(m, dict, 1 - smaller) : 0
  let index = Math.floor(Math.random() * buckets)
  for (let visits = 0; visits < buckets && list.count < goal; visits++) {
    if (visits >= count * SAMPLE_VISITS && list.count > start) break
    // A bucket together with those of the larger table that it expands to: what one lacks, the other has.
    collect(m, tableOf(m, dict, smaller), index, list)
    for (let at = index; at < larger; at += buckets) collect(m, tableOf(m, dict, 1 - smaller), at, list)
    index = (index + 1) & (buckets - 1)
  }
  if (list.count > goal) list.count = goal
}

function chainLength(m: Memory, bucket: number): number {
  let length = 0
  for (;;) {
    for (let i = 0; i < BUCKET_ITEMS; i++) if (m.u32[bucket + ITEMS_WORD + i] !== 0) length++
    const next = m.u32[bucket + NEXT_WORD]
    if (next === 0) return length
    bucket = next * 2
  }
}

function chainItem(m: Memory, bucket: number, pick: number): ItemRef {
  for (;;) {
    for (let i = 0; i < BUCKET_ITEMS; i++) {
      const item = m.u32[bucket + ITEMS_WORD + i]
      if (item !== 0 && pick-- === 0) return item as ItemRef
    }
    bucket = m.u32[bucket + NEXT_WORD] * 2
  }
}

/** Walks every invariant: counts, chains, tags, each item in the bucket of its hash and there once. For tests and DEBUG. */
export function dictCheck(m: Memory, dict: DictRef): void {
  let items = 0
  for (let which = 0; which < (dictIsRehashing(m, dict) ? 2 : 1); which++) {
    const buckets = bucketsOf(m, dict, which)
    for (let index = 0; index < buckets; index++) {
      let bucket = tableOf(m, dict, which) * 2 + index * 16
      for (let isFirst = true; ; isFirst = false) {
        let inBucket = 0
        for (let i = 0; i < BUCKET_ITEMS; i++) {
          const item = m.u32[bucket + ITEMS_WORD + i]
          if (item === 0) continue
          const hash = itemHash(m, item)
          assert((hash & (buckets - 1)) === index, 'an item is in the bucket of its hash')
          assert(m.u8[bucket * 4 + i] === hash >>> 24, 'a tag is the top byte of its hash')
          inBucket++
        }
        assert(isFirst || inBucket > 0, 'no overflow bucket is empty')
        items += inBucket
        const next = m.u32[bucket + NEXT_WORD]
        if (next === 0) break
        bucket = next * 2
      }
    }
  }
  assert(items === dictCount(m, dict), 'COUNT counts the items')
}

/** Keys in table order, for tests and DEBUG. */
export function dictDump(m: Memory, dict: DictRef): string[] {
  const walk = new DictWalk()
  const keys: string[] = []
  walk.start(m, dict)
  for (let item = walk.next(); item !== 0; item = walk.next()) {
    const at = itemKeyAt(m, item)
    keys.push(Buffer.from(m.u8.slice(at, at + itemKeyLength(m, item))).toString('latin1'))
  }
  return keys
}
