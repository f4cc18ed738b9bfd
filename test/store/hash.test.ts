// Hash values, packed and in tables, with fields that expire, against a plain map.

import { expect, test } from 'vitest'
import { defaultSettings, SETTING } from '../../src/config/settings.ts'
import { arenaCheck, arenaCreate, arenaUsed } from '../../src/store/arena.ts'
import { Engine } from '../../src/store/engine.ts'
import { ENCODING, type EntryRef, entryCreate, entryEncoding, entrySetValue, TYPE } from '../../src/store/entry.ts'
import { graveyardStep } from '../../src/store/graveyard.ts'
import { EXPIRY, entryExpiry, expiryNext } from '../../src/store/hash-expiry.ts'
import { hashCheck, hashDump } from '../../src/store/hash-ops.ts'
import {
  hashCount,
  hashDelete,
  hashExpireAt,
  hashFind,
  hashIsTable,
  hashReadValue,
  hashSet,
  hashSetExpire,
  hashToTable,
} from '../../src/store/hash-value.ts'
import { HashWalk } from '../../src/store/hash-walk.ts'
import { ITEM } from '../../src/store/item.ts'
import { databaseFieldExpiries, keyspaceCreate, keyspaceDatabase } from '../../src/store/keyspace.ts'
import { ListpackElement } from '../../src/store/listpack.ts'
import { listpackCreate } from '../../src/store/listpack-edit.ts'
import type { Shard } from '../../src/store/shard.ts'
import { heapReserve } from '../../src/store/time-heap.ts'
import { valueBytes, valueCopy } from '../../src/store/value.ts'
import { expectLayout, layoutTables } from '../support/layout.ts'
import { chooseSeed, type Random, randomFrom } from '../support/random.ts'

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const settings = defaultSettings()
settings[SETTING.hashMaxListpackEntries] = 8

function makeShard(): Shard {
  const m = arenaCreate(256 * 2 ** 20, 1, 2)
  keyspaceCreate(m, 2)
  // A database keeps the block of its heap; so that tests can count what is left, it is there from the start.
  for (const db of [0, 1]) heapReserve(m, databaseFieldExpiries(m, keyspaceDatabase(m, db)), 8)
  return new Engine(settings, [m]).shards[0]
}

const create = (shard: Shard, key: string): EntryRef =>
  shard.addKey(0, latin1(key), 0, key.length, TYPE.HASH, ENCODING.LISTPACK, listpackCreate(shard.m))

function set(shard: Shard, entry: EntryRef, name: string, value: string, keepExpiry = false): boolean {
  const bytes = latin1(name + value)
  return hashSet(shard.m, entry, settings, keepExpiry, bytes, 0, name.length, bytes, name.length, value.length)
}

const find = (shard: Shard, entry: EntryRef, name: string): number =>
  hashFind(shard.m, entry, latin1(name), 0, name.length)

const text = ({ bytes, at, length }: ListpackElement): string =>
  Buffer.from(bytes.slice(at, at + length)).toString('latin1')

function get(shard: Shard, entry: EntryRef, name: string): string | undefined {
  const place = find(shard, entry, name)
  if (place === 0) return undefined
  const value = new ListpackElement()
  hashReadValue(shard.m, entry, place, value)
  return text(value)
}

type Model = Map<string, { value: string; expireAt: number }>

function contents(shard: Shard, entry: EntryRef): Model {
  const walk = new HashWalk()
  const model: Model = new Map()
  walk.start(shard.m, entry, 0)
  while (walk.next()) {
    walk.readName()
    walk.readValue()
    const expireAt = hashExpireAt(shard.m, entry, walk.place)
    model.set(text(walk.name), { value: text(walk.value), expireAt })
  }
  return model
}

test('the tables in the comments are the layouts', () => {
  expectLayout(layoutTables('store/hash-field.ts')[0], ITEM)
  expectLayout(layoutTables('store/hash-expiry.ts')[0], EXPIRY)
})

test('a hash is a listpack, in order, until a text is too long or fields are too many', () => {
  const shard = makeShard()
  const entry = create(shard, 'k')
  set(shard, entry, 'b', '2')
  set(shard, entry, 'a', 'x'.repeat(64))
  set(shard, entry, 'b', 'two')
  expect(hashDump(shard.m, entry)).toBe(`listpack [b=two a=${'x'.repeat(64)}]`)
  set(shard, entry, 'a', 'x'.repeat(65))
  expect(entryEncoding(shard.m, entry)).toBe(ENCODING.HASHTABLE)
  expect(get(shard, entry, 'a')).toBe('x'.repeat(65))
  expect(get(shard, entry, 'b')).toBe('two')

  const many = create(shard, 'many')
  for (let i = 0; i < 8; i++) set(shard, many, `f${i}`, String(i))
  expect(hashIsTable(shard.m, many)).toBe(false)
  set(shard, many, 'f8', '8')
  expect(hashIsTable(shard.m, many)).toBe(true)
  expect(hashCount(shard.m, many)).toBe(9)
  hashCheck(shard.m, many)
})

test('a field keeps its name and its time whatever the length of its value', () => {
  const shard = makeShard()
  const entry = create(shard, 'k')
  hashToTable(shard.m, entry)
  for (const expires of [false, true]) {
    for (const nameLength of [1, 100, 65_534, 65_535, 70_000]) {
      const name = 'n'.repeat(nameLength)
      for (const length of [0, 1, 254, 255, 256, 5000, 300, 255, 3, 100_000, 2]) {
        set(shard, entry, name, 'v'.repeat(length), true)
        if (expires) hashSetExpire(shard.m, 0, entry, find(shard, entry, name), 1000 + length)
        expect(get(shard, entry, name)?.length).toBe(length)
        expect(hashExpireAt(shard.m, entry, find(shard, entry, name))).toBe(expires ? 1000 + length : -1)
        hashCheck(shard.m, entry)
      }
    }
  }
})

const someName = (random: Random): string => `${random.chance(0.5) ? 'field' : ''}${random.int(0, 40)}`
const someValue = (random: Random): string => 'v'.repeat(random.pick([0, 1, 5, 8, 60, 64, 65, 255, 256, 2000]))

test('random changes leave what a plain map would hold, times to live included', () => {
  const random = randomFrom(chooseSeed())
  const shard = makeShard()
  const { m } = shard
  const empty = arenaUsed(m)
  for (let round = 0; round < 12; round++) {
    const entry = create(shard, 'k')
    const model: Model = new Map()
    const isLong = round % 2 === 0
    for (let step = 0; step < 400; step++) {
      const name = isLong ? someName(random) : `f${random.int(0, 6)}`
      const label = `seed ${random.seed} round ${round} step ${step}`
      const known = model.get(name)
      const way = random.fraction()
      if (way < 0.5) {
        const keep = random.chance(0.3)
        const value = isLong ? someValue(random) : String(random.int(-300, 300))
        expect(set(shard, entry, name, value, keep), label).toBe(known === undefined)
        model.set(name, { value, expireAt: keep ? (known?.expireAt ?? -1) : -1 })
      } else if (way < 0.7) {
        expect(hashDelete(m, entry, latin1(name), 0, name.length), label).toBe(model.delete(name))
      } else if (isLong && known !== undefined && hashIsTable(m, entry)) {
        known.expireAt = random.chance(0.25) ? -1 : random.int(1, 1000)
        hashSetExpire(m, 0, entry, find(shard, entry, name), known.expireAt)
      }
      if (model.size > 0 && step % 10 === 0) hashCheck(m, entry)
      const times = [...model.values()].map(({ expireAt }) => expireAt).filter(at => at >= 0)
      const expiry = entryExpiry(m, entry)
      expect(expiry === 0 ? Number.POSITIVE_INFINITY : expiryNext(m, expiry), label).toBe(Math.min(...times))
    }
    const sorted = (some: Model): unknown[] => [...some].sort(([a], [b]) => (a < b ? -1 : 1))
    expect(sorted(contents(shard, entry)), `seed ${random.seed}`).toEqual(sorted(model))
    shard.discard(0, entry, false)
  }
  expect(arenaUsed(m)).toBe(empty)
  arenaCheck(m)
})

test('a copy in another arena is the same hash, and dropping it in steps gives all memory back', () => {
  const from = makeShard()
  const to = makeShard()
  const before = arenaUsed(to.m)
  for (const fields of [3, 2000]) {
    const entry = create(from, `k${fields}`)
    for (let i = 0; i < fields; i++) set(from, entry, `f${i}`, i % 7 === 0 ? 'x'.repeat(40 * (i % 10)) : String(i))
    if (fields > 8)
      for (let i = 0; i < fields; i += 3) hashSetExpire(from.m, 0, entry, find(from, entry, `f${i}`), 5 + i)
    const copy = entryCreate(to.m, TYPE.HASH, entryEncoding(from.m, entry), 0, 0, -1, latin1('copy'), 0, 4)
    entrySetValue(to.m, copy, 0)
    valueCopy(from.m, entry, to.m, copy)
    to.link(1, copy)
    hashCheck(to.m, copy)
    expect(contents(to, copy)).toEqual(contents(from, entry))
    expect(valueBytes(to.m, copy, 0)).toBeGreaterThan(fields * 4)
    to.discard(1, copy, true)
  }
  while (graveyardStep(to.m, 100));
  expect(arenaUsed(to.m)).toBe(before)
  arenaCheck(to.m)
})
