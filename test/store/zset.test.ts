// Sorted sets, small and large, against a plain map; every invariant is checked as they change.

import { expect, test } from 'vitest'
import { defaultSettings, SETTING } from '../../src/config/settings.ts'
import { requestOf } from '../../src/protocol/request.ts'
import { arenaCheck, arenaCreate, arenaUsed } from '../../src/store/arena.ts'
import { Engine } from '../../src/store/engine.ts'
import { ENCODING, type EntryRef, entryEncoding, TYPE } from '../../src/store/entry.ts'
import { keyspaceCreate } from '../../src/store/keyspace.ts'
import type { Shard } from '../../src/store/shard.ts'
import { valueCopy, valueReleaseStep } from '../../src/store/value.ts'
import { Draft } from '../../src/store/zset/draft.ts'
import {
  ADDED,
  PUT,
  REFUSED,
  SAME,
  UPDATED,
  zsetCheck,
  zsetCreate,
  zsetLength,
  zsetPut,
  zsetPutScore,
  zsetRank,
  zsetRemove,
  zsetRemoveRanks,
  zsetScore,
  zsetScoreFrom,
  zsetScoreTo,
} from '../../src/store/zset.ts'
import { ZsetWalk } from '../../src/store/zset-walk.ts'
import { chooseSeed, type Random, randomFrom } from '../support/random.ts'

type Model = Map<string, number>

const settings = defaultSettings()
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

function makeShard(): Shard {
  const m = arenaCreate(256 * 2 ** 20, 1, 2)
  keyspaceCreate(m, 1)
  return new Engine(settings, [m]).shards[0]
}

const create = (shard: Shard, key: string): EntryRef => zsetCreate(shard, requestOf(['ZADD', key]), 1, 1)

function put(shard: Shard, entry: EntryRef, member: string, score: number, conditions = 0): number {
  const bytes = latin1(member)
  return zsetPut(shard.m, settings, entry, conditions, score, bytes, 0, bytes.length)
}

function inOrder(model: Model): [string, number][] {
  return [...model].sort((a, b) => a[1] - b[1] || Buffer.compare(latin1(a[0]), latin1(b[0])))
}

function contents(shard: Shard, entry: EntryRef, from = 0, isBackward = false): [string, number][] {
  const walk = new ZsetWalk()
  const pairs: [string, number][] = []
  walk.start(shard.m, entry, from, isBackward)
  while (walk.next()) {
    pairs.push([Buffer.from(walk.u8.slice(walk.at, walk.at + walk.length)).toString('latin1'), walk.score])
  }
  return pairs
}

/** Small whole scores give ties, the others every width and sign. */
function randomScore(random: Random): number {
  const kind = random.int(0, 9)
  if (kind < 4) return random.int(-3, 3)
  if (kind < 6) return random.int(-40000, 40000)
  if (kind === 6) return random.int(-(2 ** 31) - 5, 2 ** 31 + 5)
  if (kind === 7) return random.pick([Infinity, -Infinity, 0, 5e-324, 1.5])
  return random.fraction() * 1000 - 500
}

function step(random: Random, shard: Shard, entry: EntryRef, model: Model, members: number): void {
  const member = `m${random.int(0, members)}`
  const bytes = latin1(member)
  const { m } = shard
  const current = model.get(member)
  const kind = random.int(0, 99)
  if (kind < 62) {
    const score = randomScore(random)
    const outcome = put(shard, entry, member, score)
    expect(outcome).toBe(current === undefined ? ADDED : current === score ? SAME : UPDATED)
    if (current !== score) model.set(member, score)
  } else if (kind < 70 && current !== undefined && Number.isFinite(current)) {
    const by = random.fraction() - 0.5
    put(shard, entry, member, by, PUT.INCR)
    expect(zsetPutScore()).toBe(current + by)
    model.set(member, current + by)
  } else if (kind < 96) {
    const isThere = current !== undefined
    expect(zsetRemove(m, entry, bytes, 0, bytes.length)).toBe(isThere)
    model.delete(member)
  } else {
    const order = inOrder(model)
    const from = random.int(0, Math.max(0, order.length - 1))
    const to = Math.min(order.length, from + random.int(0, random.pick([3, 30, 300])))
    zsetRemoveRanks(m, entry, from, to)
    for (const [gone] of order.slice(from, to)) model.delete(gone)
  }
}

function compare(random: Random, shard: Shard, entry: EntryRef, model: Model): void {
  const { m } = shard
  zsetCheck(m, entry)
  const order = inOrder(model)
  expect(zsetLength(m, entry)).toBe(order.length)
  expect(contents(shard, entry)).toEqual(order)
  const rank = random.int(0, order.length)
  expect(contents(shard, entry, rank)).toEqual(order.slice(rank))
  if (order.length === 0) return
  expect(contents(shard, entry, order.length - 1, true)).toEqual([...order].reverse())
  const at = random.int(0, order.length - 1)
  expect(contents(shard, entry, at, true)).toEqual(order.slice(0, at + 1).reverse())
  const bytes = latin1(order[at][0])
  expect(zsetRank(m, entry, bytes, 0, bytes.length)).toBe(at)
  expect(zsetScore(m, entry, bytes, 0, bytes.length)).toBe(order[at][1])
  const range = {
    min: randomScore(random),
    max: randomScore(random),
    excludesMin: random.chance(0.5),
    excludesMax: random.chance(0.5),
  }
  const isBelow = (score: number): boolean => (range.excludesMin ? score <= range.min : score < range.min)
  const isUpTo = (score: number): boolean => (range.excludesMax ? score < range.max : score <= range.max)
  expect(zsetScoreFrom(m, entry, range)).toBe(order.filter(([, score]) => isBelow(score)).length)
  expect(zsetScoreTo(m, entry, range)).toBe(order.filter(([, score]) => isUpTo(score)).length)
}

for (const { name, members, steps, every } of [
  { name: 'a small one', members: 100, steps: 4000, every: 7 },
  { name: 'one that grows large and shrinks', members: 200, steps: 4000, every: 23 },
  { name: 'one of several levels', members: 8000, steps: 20000, every: 2003 },
]) {
  const seed = chooseSeed()
  test(`sorted set: ${name} is what a map would be (seed ${seed})`, () => {
    const random = randomFrom(seed)
    const shard = makeShard()
    const entry = create(shard, 'z')
    const model: Model = new Map()
    for (let i = 0; i < steps; i++) {
      step(random, shard, entry, model, members)
      if (i % every === 0) compare(random, shard, entry, model)
    }
    compare(random, shard, entry, model)
    const order = inOrder(model).length
    zsetRemoveRanks(shard.m, entry, 0, order)
    model.clear()
    compare(random, shard, entry, model)
    arenaCheck(shard.m)
  })
}

test('sorted set: ascending scores fill the leaves, and popping from the front empties them', () => {
  const shard = makeShard()
  const entry = create(shard, 'z')
  const count = 60_000
  for (let i = 0; i < count; i++) put(shard, entry, `m${i}`, i)
  zsetCheck(shard.m, entry)
  for (let left = count; left > 0; left -= 7) {
    zsetRemoveRanks(shard.m, entry, 0, Math.min(7, left))
    if (left % 4999 === 0) zsetCheck(shard.m, entry)
  }
  expect(zsetLength(shard.m, entry)).toBe(0)
  zsetCheck(shard.m, entry)
})

test('sorted set: the settings decide when a pack becomes a tree, and nothing makes it a pack again', () => {
  const shard = makeShard()
  const most = settings[SETTING.zsetMaxListpackEntries]
  const entry = create(shard, 'z')
  for (let i = 0; i < most; i++) put(shard, entry, `m${i}`, i)
  expect(entryEncoding(shard.m, entry)).toBe(ENCODING.LISTPACK)
  put(shard, entry, 'one more', 1)
  expect(entryEncoding(shard.m, entry)).toBe(ENCODING.SKIPLIST)
  zsetRemoveRanks(shard.m, entry, 0, most)
  expect(entryEncoding(shard.m, entry)).toBe(ENCODING.SKIPLIST)

  const long = create(shard, 'y')
  put(shard, long, 'm', 1)
  put(shard, long, 'x'.repeat(settings[SETTING.zsetMaxListpackValue]), 1)
  expect(entryEncoding(shard.m, long)).toBe(ENCODING.LISTPACK)
  put(shard, long, 'x'.repeat(settings[SETTING.zsetMaxListpackValue] + 1), 1)
  expect(entryEncoding(shard.m, long)).toBe(ENCODING.SKIPLIST)
  zsetCheck(shard.m, long)
})

test('sorted set: only a large one knows -0 from 0, as in Redis', () => {
  const shard = makeShard()
  const entry = create(shard, 'z')
  put(shard, entry, 'a', -0)
  expect(contents(shard, entry)).toEqual([['a', 0]])
  put(shard, entry, 'x'.repeat(100), -0)
  expect(contents(shard, entry)[1][1]).toBe(-0)
})

test('sorted set: conditions on putting a member', () => {
  const shard = makeShard()
  const entry = create(shard, 'z')
  expect(put(shard, entry, 'a', 1, PUT.XX)).toBe(REFUSED)
  expect(put(shard, entry, 'a', 1, PUT.NX)).toBe(ADDED)
  expect(put(shard, entry, 'a', 2, PUT.NX)).toBe(REFUSED)
  expect(put(shard, entry, 'a', 1, PUT.GT)).toBe(REFUSED)
  expect(put(shard, entry, 'a', 2, PUT.GT)).toBe(UPDATED)
  expect(put(shard, entry, 'a', 3, PUT.LT)).toBe(REFUSED)
  expect(put(shard, entry, 'b', 3, PUT.LT)).toBe(ADDED)
  expect(contents(shard, entry)).toEqual([
    ['a', 2],
    ['b', 3],
  ])
})

for (const count of [0, 1, 100, 129, 18 * 45 + 1, 20_000]) {
  test(`sorted set: a draft of ${count} members in any order becomes the set`, () => {
    const random = randomFrom(count)
    const shard = makeShard()
    const { m } = shard
    const draft = new Draft()
    const model: Model = new Map()
    draft.start(m)
    while (draft.count < count) {
      const member = `m${random.int(0, 1e9)}`
      const score = randomScore(random)
      const bytes = latin1(member)
      if (random.chance(0.5) && model.has(member)) continue
      if (draft.merge(score, bytes, 0, bytes.length) === 0) model.set(member, score)
    }
    const value = draft.finish(settings)
    if (count === 0) return
    const key = latin1('z')
    const entry = shard.addKey(0, key, 0, 1, TYPE.ZSET, draft.encoding, value)
    expect(entryEncoding(m, entry)).toBe(count <= 128 ? ENCODING.LISTPACK : ENCODING.SKIPLIST)
    compare(random, shard, entry, model)
    for (let i = 0; i < 300; i++) step(random, shard, entry, model, 2000)
    compare(random, shard, entry, model)
  })
}

test('sorted set: dropping a draft, or freeing a set in steps, gives all memory back', () => {
  const shard = makeShard()
  const { m } = shard
  const before = arenaUsed(m)
  const draft = new Draft()
  draft.start(m)
  for (let i = 0; i < 1000; i++) draft.merge(i, latin1(`m${i}`), 0, latin1(`m${i}`).length)
  draft.drop()
  expect(arenaUsed(m)).toBe(before)

  const entry = create(shard, 'z')
  for (let i = 0; i < 30_000; i++) put(shard, entry, `m${i}`, (i * 7919) % 30_000)
  shard.unlink(0, entry)
  let steps = 0
  while (!valueReleaseStep(m, entry, 100)) steps++
  expect(steps).toBeGreaterThan(250)
  arenaCheck(m)
})

test('sorted set: a copy in another arena holds the same', () => {
  for (const count of [5, 5000]) {
    const shard = makeShard()
    const other = makeShard()
    const entry = create(shard, 'z')
    for (let i = 0; i < count; i++) put(shard, entry, `m${i}`, (i * 7919) % 100)
    const key = latin1('copy')
    const copy = other.addKey(0, key, 0, key.length, TYPE.ZSET, entryEncoding(shard.m, entry), 0)
    valueCopy(shard.m, entry, other.m, copy)
    zsetCheck(other.m, copy)
    expect(contents(other, copy)).toEqual(contents(shard, entry))
  }
})
