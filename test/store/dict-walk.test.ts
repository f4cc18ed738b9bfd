import { describe, expect, test } from 'vitest'
import { arenaCreate } from '../../src/store/arena.ts'
import {
  type DictRef,
  dictAdd,
  dictCount,
  dictCreate,
  dictFit,
  dictIsRehashing,
  dictPause,
  dictRehash,
  dictRemove,
  dictRemoveItem,
  dictResume,
} from '../../src/store/dict.ts'
import { DictWalk, dictCheck, dictRandom, dictSample, dictScan } from '../../src/store/dict-walk.ts'
import { itemHash, itemKeyAt, itemKeyLength } from '../../src/store/item.ts'
import type { Memory } from '../../src/store/memory.ts'
import { RefList } from '../../src/store/ref-list.ts'
import { freeItem, hashOf, keyOf, makeItem } from '../support/items.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

const MEGABYTE = 2 ** 20

function add(m: Memory, dict: DictRef, text: string): void {
  const key = keyOf(text)
  dictAdd(m, dict, hashOf(m, key), makeItem(m, key))
}

function remove(m: Memory, dict: DictRef, text: string): void {
  const key = keyOf(text)
  const item = dictRemove(m, dict, hashOf(m, key), key, 0, key.length)
  if (item !== 0) freeItem(m, item)
}

function textOf(m: Memory, item: number): string {
  const at = itemKeyAt(m, item)
  return Buffer.from(m.u8.slice(at, at + itemKeyLength(m, item))).toString('latin1')
}

/** A table of `count` keys `key:0` and on, in the midst of a rehash if asked. */
function filled(count: number, rehashing: boolean): { m: Memory; dict: DictRef; count: number } {
  const m = arenaCreate(256 * MEGABYTE, 5, 6)
  const dict = dictCreate(m)
  let made = 0
  while (made < count || (rehashing && !dictIsRehashing(m, dict))) add(m, dict, `key:${made++}`)
  if (!rehashing) while (dictRehash(m, dict, 100));
  return { m, dict, count: made }
}

describe.each([false, true])('while rehashing: %s', rehashing => {
  test('a walk meets every item once', () => {
    for (const size of [1, 12, 13, 500, 5000]) {
      const { m, dict, count } = filled(size, rehashing)
      const walk = new DictWalk()
      for (let round = 0; round < 2; round++) {
        const seen = new Set<number>()
        walk.start(m, dict)
        for (let item = walk.next(); item !== 0; item = walk.next()) seen.add(item)
        expect(seen.size).toBe(count)
        expect(walk.next()).toBe(0)
      }
    }
  })

  test('a walk may remove what it meets', () => {
    const { m, dict, count } = filled(3000, rehashing)
    const walk = new DictWalk()
    let met = 0
    dictPause(m, dict)
    walk.start(m, dict)
    for (let item = walk.next(); item !== 0; item = walk.next()) {
      met++
      if (met % 3 === 0) continue
      dictRemoveItem(m, dict, itemHash(m, item), item)
      freeItem(m, item)
    }
    dictResume(m, dict)
    expect(met).toBe(count)
    expect(dictCount(m, dict)).toBe(Math.floor(count / 3))
    dictCheck(m, dict)
  })

  test('a random pick is as likely to be any item as any other', () => {
    const { m, dict, count } = filled(300, rehashing)
    const picks = new Map<number, number>()
    const rounds = count * 200
    for (let i = 0; i < rounds; i++) {
      const item = dictRandom(m, dict)
      picks.set(item, (picks.get(item) ?? 0) + 1)
    }
    expect(picks.size).toBe(count)
    // Chi-square over `count` items: its mean is count - 1, its deviation sqrt(2 count); ten deviations never happen.
    let chi = 0
    for (const times of picks.values()) chi += (times - 200) ** 2 / 200
    expect(chi).toBeLessThan(count + 10 * Math.sqrt(2 * count))
  })

  test('samples are items of the table, as many as asked for where there are so many', () => {
    const { m, dict, count } = filled(1000, rehashing)
    const list = new RefList()
    for (const wanted of [1, 5, 16, 64]) {
      for (let i = 0; i < 200; i++) {
        list.clear()
        dictSample(m, dict, wanted, list)
        expect(list.count).toBe(wanted)
        expect(new Set(list.refs.subarray(0, list.count)).size).toBe(wanted)
        for (let j = 0; j < list.count; j++) expect(textOf(m, list.refs[j])).toMatch(/^key:\d+$/)
      }
    }
    list.clear()
    dictSample(m, dict, count * 2, list)
    expect(list.count).toBe(count)
  })
})

test('an empty table has nothing to walk, scan, pick or sample', () => {
  const m = arenaCreate(64 * MEGABYTE, 5, 6)
  const dict = dictCreate(m)
  const list = new RefList()
  const walk = new DictWalk()
  walk.start(m, dict)
  expect(walk.next()).toBe(0)
  expect(dictScan(m, dict, 0, list)).toBe(0)
  expect(dictRandom(m, dict)).toBe(0)
  dictSample(m, dict, 5, list)
  expect(list.count).toBe(0)
})

test('a scan of a table at rest meets every item once', () => {
  const { m, dict, count } = filled(5000, false)
  const list = new RefList()
  let cursor = 0
  do cursor = dictScan(m, dict, cursor, list)
  while (cursor !== 0)
  expect(list.count).toBe(count)
  expect(new Set(list.refs.subarray(0, list.count)).size).toBe(count)
})

describe('SCAN’s guarantee', () => {
  const seed = chooseSeed()

  test(`what is there from start to end is met, however the table is resized (SKEP_SEED=${seed})`, () => {
    const random = randomFrom(seed)
    for (let round = 0; round < 60; round++) {
      const m = arenaCreate(64 * MEGABYTE, random.int(0, 2 ** 31), 6)
      const dict = dictCreate(m)
      const staying = random.int(1, 400)
      for (let i = 0; i < staying; i++) add(m, dict, `stays:${i}`)
      let passing = random.int(0, 3000)
      for (let i = 0; i < passing; i++) add(m, dict, `passes:${i}`)
      const met = new Set<string>()
      const list = new RefList()
      let cursor = 0
      const grows = random.chance(0.5)
      do {
        list.clear()
        cursor = dictScan(m, dict, cursor, list)
        for (let i = 0; i < list.count; i++) met.add(textOf(m, list.refs[i]))
        // Between two steps the table may grow, shrink, and be anywhere in between.
        for (let i = random.int(0, 200); i > 0; i--) {
          if (grows && passing < 6000) add(m, dict, `passes:${passing++}`)
          else if (!grows && passing > 0) remove(m, dict, `passes:${--passing}`)
        }
        if (random.chance(0.3)) dictFit(m, dict)
        if (random.chance(0.5)) dictRehash(m, dict, random.int(1, 100))
      } while (cursor !== 0)
      for (let i = 0; i < staying; i++) expect(met.has(`stays:${i}`)).toBe(true)
    }
  })
})
