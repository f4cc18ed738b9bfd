import { describe, expect, test } from 'vitest'
import { arenaCheck, arenaCreate, arenaUsed, blockBytes } from '../../src/store/arena.ts'
import {
  type DictRef,
  dictAdd,
  dictBuckets,
  dictCount,
  dictCreate,
  dictDrain,
  dictFind,
  dictFit,
  dictIsRehashing,
  dictPause,
  dictRehash,
  dictRelease,
  dictRemove,
  dictRemoveItem,
  dictReplace,
  dictReserve,
  dictResume,
} from '../../src/store/dict.ts'
import { dictCheck, dictDump } from '../../src/store/dict-walk.ts'
import type { Memory } from '../../src/store/memory.ts'
import { RefList } from '../../src/store/ref-list.ts'
import { freeItem, hashOf, keyOf, makeItem } from '../support/items.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

const MEGABYTE = 2 ** 20

const find = (m: Memory, dict: DictRef, key: Uint8Array): number =>
  dictFind(m, dict, hashOf(m, key), key, 0, key.length)

function add(m: Memory, dict: DictRef, text: string): number {
  const key = keyOf(text)
  const item = makeItem(m, key)
  dictAdd(m, dict, hashOf(m, key), item)
  return item
}

describe('dict', () => {
  const seed = chooseSeed()

  test(`does what a Map does, through growth and shrinking (SKEP_SEED=${seed})`, () => {
    const random = randomFrom(seed)
    const m = arenaCreate(256 * MEGABYTE, seed, seed ^ 0x5555)
    const empty = arenaUsed(m)
    const dict = dictCreate(m)
    const model = new Map<string, number>()
    let pauses = 0
    // Tides: the table fills for some time, then empties, so that it passes through many sizes both ways.
    for (let step = 0; step < 60_000; step++) {
      const fills = Math.floor(step / 10_000) % 2 === 0
      const text = `key:${random.int(0, 6000)}`
      const key = keyOf(text)
      const known = model.get(text)
      expect(find(m, dict, key)).toBe(known ?? 0)
      if (random.chance(fills ? 0.8 : 0.2)) {
        if (known === undefined) {
          model.set(text, add(m, dict, text))
        } else {
          const item = makeItem(m, key)
          dictReplace(m, dict, hashOf(m, key), known, item)
          freeItem(m, known)
          model.set(text, item)
        }
      } else if (random.chance(0.5)) {
        expect(dictRemove(m, dict, hashOf(m, key), key, 0, key.length)).toBe(known ?? 0)
        if (known !== undefined) freeItem(m, known)
        model.delete(text)
      } else if (known !== undefined) {
        dictRemoveItem(m, dict, hashOf(m, key), known)
        freeItem(m, known)
        model.delete(text)
      }
      expect(dictCount(m, dict)).toBe(model.size)
      const whim = random.int(0, 199)
      if (whim < 5) dictRehash(m, dict, random.int(1, 20))
      else if (whim < 7) dictFit(m, dict)
      else if (whim < 9) {
        dictPause(m, dict)
        pauses++
      } else if (whim < 60 && pauses > 0) {
        dictResume(m, dict)
        pauses--
      }
      if (step % 50 === 0 || model.size < 30) dictCheck(m, dict)
    }
    expect(dictDump(m, dict).sort()).toEqual([...model.keys()].sort())
    arenaCheck(m)
    for (const item of model.values()) freeItem(m, item)
    dictRelease(m, dict)
    arenaCheck(m)
    expect(arenaUsed(m)).toBe(empty)
  })

  test('grows before buckets overflow much, shrinks when nine tenths are gone', () => {
    const m = arenaCreate(256 * MEGABYTE, 1, 2)
    const dict = dictCreate(m)
    for (let i = 0; i < 100_000; i++) add(m, dict, `key:${i}`)
    while (dictRehash(m, dict, 100));
    expect(dictBuckets(m, dict)).toBe(16384)
    for (let i = 0; i < 99_900; i++) {
      const key = keyOf(`key:${i}`)
      freeItem(m, dictRemove(m, dict, hashOf(m, key), key, 0, key.length))
    }
    while (dictFit(m, dict)) while (dictRehash(m, dict, 100));
    expect(dictBuckets(m, dict)).toBeLessThanOrEqual(128)
    dictCheck(m, dict)
  })

  test('is neither resized nor moved while paused', () => {
    const m = arenaCreate(64 * MEGABYTE, 1, 2)
    const dict = dictCreate(m)
    for (let i = 0; i < 1000; i++) add(m, dict, `key:${i}`)
    while (dictRehash(m, dict, 100));
    dictPause(m, dict)
    const buckets = dictBuckets(m, dict)
    for (let i = 0; i < 990; i++) {
      const key = keyOf(`key:${i}`)
      dictRemove(m, dict, hashOf(m, key), key, 0, key.length)
    }
    expect(dictBuckets(m, dict)).toBe(buckets)
    dictResume(m, dict)
    expect(dictFit(m, dict)).toBe(true)
    expect(() => dictResume(m, dict)).toThrow('a resumed table is paused')
  })

  test('a reserved table takes what it was reserved for without a rehash', () => {
    const m = arenaCreate(64 * MEGABYTE, 1, 2)
    const dict = dictCreate(m)
    dictReserve(m, dict, 5000)
    for (let i = 0; i < 5000; i++) {
      add(m, dict, `key:${i}`)
      expect(dictIsRehashing(m, dict)).toBe(false)
    }
    dictCheck(m, dict)
  })

  test('a drained table gives every item once', () => {
    const m = arenaCreate(64 * MEGABYTE, 1, 2)
    const empty = arenaUsed(m)
    const dict = dictCreate(m)
    const items = new Set<number>()
    for (let i = 0; i < 3000 || !dictIsRehashing(m, dict); i++) items.add(add(m, dict, `key:${i}`))
    const list = new RefList()
    while (dictDrain(m, dict, list));
    expect(list.count).toBe(items.size)
    for (let i = 0; i < list.count; i++) {
      expect(items.delete(list.refs[i])).toBe(true)
      freeItem(m, list.refs[i])
    }
    dictRelease(m, dict)
    expect(arenaUsed(m)).toBe(empty)
  })

  test('keys that crowd one bucket under one seed spread under another', () => {
    const buckets = 256
    const victim = arenaCreate(64 * MEGABYTE, 11, 22)
    const keys: Uint8Array[] = []
    for (let i = 0; keys.length < 1000; i++) {
      const key = keyOf(`flood:${i}`)
      if ((hashOf(victim, key) & (buckets - 1)) === 0) keys.push(key)
    }
    for (const [seed0, seed1] of [
      [12, 22],
      [11, 23],
      [0xdeadbeef, 1],
    ]) {
      const m = arenaCreate(64 * MEGABYTE, seed0, seed1)
      const load = new Uint32Array(buckets)
      for (const key of keys) load[hashOf(m, key) & (buckets - 1)]++
      // 1000 keys at random over 256 buckets: 3.9 each, and beyond 20 in one less often than once in a million runs.
      expect(Math.max(...load)).toBeLessThan(20)
    }
  })

  test('costs 6 to 14 bytes a key beside the items, chains included', () => {
    const m = arenaCreate(256 * MEGABYTE, 1, 2)
    const dict = dictCreate(m)
    let count = 0
    // Just after the table has doubled, and just before it doubles again.
    for (const goal of [82_000, 163_000]) {
      for (; count < goal; count++) add(m, dict, `key:${count}`)
      while (dictRehash(m, dict, 1000));
      const items = count * blockBytes(4 + 'key:00000'.length)
      const perKey = (arenaUsed(m) - items) / count
      expect(perKey).toBeGreaterThan(6)
      expect(perKey).toBeLessThan(14)
    }
  })
})
