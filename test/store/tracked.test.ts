// Tracked keys against a plain Map, and the word of changes that follows from them.

import { expect, test } from 'vitest'
import { arenaCheck, arenaUsed } from '../../src/store/arena.ts'
import { CHANGE, RECORD, recordBytes } from '../../src/store/invalidations.ts'
import { itemKeyAt, itemKeyLength } from '../../src/store/item.ts'
import { hasMarks } from '../../src/store/marks.ts'
import {
  hasBroadcasts,
  setBroadcast,
  TRACKED,
  TRACKING,
  trackedAdd,
  trackedCheck,
  trackedClear,
  trackedClient,
  trackedClients,
  trackedCount,
  trackedFind,
  trackedItems,
  trackedRandom,
  trackedRemove,
} from '../../src/store/tracked.ts'
import { keyOf } from '../support/items.ts'
import { testKeyspace } from '../support/keyspace.ts'
import { expectLayout, layoutTables } from '../support/layout.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

type Change = { readonly key: string; readonly clients: number[]; readonly writer: number; readonly toAll: boolean }

/** The batch that a keyspace has gathered; a flush is the word FLUSH. */
function changes({ u8, length }: { u8: Uint8Array; length: number }): (Change | 'FLUSH')[] {
  const view = new DataView(u8.buffer, 0, length)
  const found: (Change | 'FLUSH')[] = []
  for (let at = 0; at < length; at += recordBytes(view, at)) {
    if (view.getUint8(at) === CHANGE.FLUSH) {
      found.push('FLUSH')
      continue
    }
    const count = view.getUint32(at + RECORD.COUNT, true)
    const clients = Array.from({ length: count }, (_, i) => view.getUint32(at + RECORD.CLIENTS + 4 * i, true))
    const keyAt = at + RECORD.CLIENTS + 4 * count
    const key = Buffer.from(u8.slice(keyAt, keyAt + view.getUint32(at + RECORD.LENGTH, true))).toString()
    const writer = view.getUint32(at + RECORD.WRITER, true)
    found.push({ key, clients, writer, toAll: view.getUint8(at + RECORD.TO_ALL) === 1 })
  }
  return found
}

test('the tables in the comment are the layout', () => {
  const [tracking, tracked] = layoutTables('store/tracked.ts')
  expectLayout(tracking, TRACKING)
  expectLayout(tracked, { CLIENTS: TRACKED.CLIENTS, SIZE: TRACKED.KEY })
})

test('random reads and changes leave the clients that a Map has', () => {
  const random = randomFrom(chooseSeed())
  const { engine } = testKeyspace(1)
  const [{ m }] = engine.shards
  trackedAdd(m, keyOf('first'), 0, 5, 1)
  trackedClear(m)
  const before = arenaUsed(m)
  const model = new Map<string, Set<number>>()
  for (let step = 0; step < 4000; step++) {
    const name = `key:${random.int(0, 300)}`
    const key = keyOf(name)
    const what = random.int(0, 100)
    if (what < 70) {
      const client = random.chance(0.1) ? random.int(1, 0xffffffff) : random.int(1, 20)
      trackedAdd(m, key, 0, key.length, client)
      model.set(name, (model.get(name) ?? new Set()).add(client))
    } else if (what < 99) {
      const tracked = what < 90 ? trackedFind(m, key, 0, key.length) : trackedRandom(m)
      if (what < 90) expect(tracked !== 0, `seed ${random.seed}`).toBe(model.has(name))
      if (tracked === 0) continue
      const clients = Array.from({ length: trackedClients(m, tracked) }, (_, i) => trackedClient(m, tracked, i))
      const at = itemKeyAt(m, tracked)
      const found = Buffer.from(m.u8.slice(at, at + itemKeyLength(m, tracked))).toString()
      expect(new Set(clients), `seed ${random.seed}`).toEqual(model.get(found))
      trackedRemove(m, tracked)
      model.delete(found)
    } else if (random.chance(0.05)) {
      trackedClear(m)
      model.clear()
    }
    if (step % 50 === 0) trackedCheck(m)
    expect(trackedCount(m)).toBe(model.size)
  }
  expect(trackedItems(m)).toBe([...model.values()].reduce((sum, of) => sum + of.size, 0))
  trackedClear(m)
  trackedCheck(m)
  arenaCheck(m)
  expect([trackedCount(m), trackedItems(m), hasMarks(m), arenaUsed(m)]).toEqual([0, 0, false, before])
})

test('a change of a tracked key leaves word of it once, whatever the database', () => {
  const k = testKeyspace(1)
  const { engine } = k
  const [{ m }] = engine.shards
  trackedAdd(m, keyOf('a'), 0, 1, 7)
  trackedAdd(m, keyOf('a'), 0, 1, 5)
  trackedAdd(m, keyOf('a'), 0, 1, 7)
  k.db = 3
  engine.writer = 9
  k.call('SET', 'b', '1')
  expect(engine.invalidations.length).toBe(0)
  k.call('MSET', 'a', '1', 'b', '1')
  k.call('SET', 'a', '2')
  expect(changes(engine.invalidations)).toEqual([{ key: 'a', clients: [5, 7], writer: 9, toAll: false }])
  expect(hasMarks(m)).toBe(false)
})

test('what expires is the doing of nobody', () => {
  const k = testKeyspace(1)
  const { engine } = k
  engine.writer = 9
  k.call('SET', 'a', '1', 'PX', 10)
  trackedAdd(engine.shards[0].m, keyOf('a'), 0, 1, 7)
  k.now += 11
  k.call('GET', 'a')
  expect(changes(engine.invalidations)).toEqual([{ key: 'a', clients: [7], writer: 0, toAll: false }])
})

test('while a router broadcasts every change is told, and no longer', () => {
  const k = testKeyspace(2)
  const { engine } = k
  const all = (on: boolean): void => {
    for (const { m } of engine.shards) setBroadcast(m, 0, on)
  }
  all(true)
  all(true)
  engine.writer = 4
  k.call('SET', 'a', '1')
  k.call('SET', 'long key', '1')
  k.call('GET', 'a')
  expect(changes(engine.invalidations)).toEqual([
    { key: 'a', clients: [], writer: 4, toAll: true },
    { key: 'long key', clients: [], writer: 4, toAll: true },
  ])
  expect([...engine.invalidations.routers]).toEqual([1])
  engine.invalidations.reset()
  all(false)
  k.call('SET', 'a', '1')
  expect(engine.invalidations.length).toBe(0)
  for (const { m } of engine.shards) expect([hasBroadcasts(m), hasMarks(m)]).toEqual([false, false])
})

test('a flush forgets the tracked keys of all shards and says so', () => {
  const k = testKeyspace(3)
  const { engine } = k
  for (const shard of engine.shards) trackedAdd(shard.m, keyOf('x'), 0, 1, 7)
  k.call('FLUSHDB')
  expect(changes(engine.invalidations)).toEqual(['FLUSH'])
  for (const { m } of engine.shards) expect(trackedCount(m)).toBe(0)
})
