// Marks, watches and waiters in a shard's arena.

import { beforeEach, describe, expect, test } from 'vitest'
import { keyspaceRoot, ROOT } from '../../src/store/keyspace.ts'
import { hasMarks, MARK, MARKING, markFind } from '../../src/store/marks.ts'
import { PLACE, WAITER } from '../../src/store/waiters.ts'
import { WATCH, WATCHED, watchEnd, watchHolds, watchKey } from '../../src/store/watches.ts'
import { type TestKeyspace, testKeyspace } from '../support/keyspace.ts'
import { type Layout, layoutTables } from '../support/layout.ts'

const offsets = ({ rows }: Layout): Record<string, number> =>
  Object.fromEntries(rows.filter(row => row.field !== '-').map(row => [row.field, row.offset]))

function expectGapless({ rows }: Layout): void {
  let end = 0
  for (const row of rows) {
    expect(row.offset, `${row.field} starts where the field before it ends`).toBe(end)
    end = row.offset + row.size
  }
}

test('the tables in the header comments are the layouts', () => {
  const [marking, mark] = layoutTables('store/marks.ts')
  const [watch, watched] = layoutTables('store/watches.ts')
  const [waiter, place] = layoutTables('store/waiters.ts')
  for (const layout of [marking, mark, watch, watched, waiter, place]) expectGapless(layout)
  const without = (constants: Record<string, number>, ...names: string[]): Record<string, number> =>
    Object.fromEntries(Object.entries(constants).filter(([name]) => !names.includes(name)))
  expect(offsets(marking)).toEqual(without(MARKING, 'SIZE'))
  expect(offsets(mark)).toEqual(without(MARK, 'KEY'))
  expect(offsets(watch)).toEqual(without(WATCH, 'SIZE'))
  expect(offsets(watched)).toEqual(without(WATCHED, 'SIZE'))
  expect(offsets(waiter)).toEqual(without(WAITER, 'FRAME'))
  expect(offsets(place)).toEqual(without(PLACE, 'SIZE'))
  expect([marking.end, watch.end, watched.end, place.end]).toEqual([MARKING.SIZE, WATCH.SIZE, WATCHED.SIZE, PLACE.SIZE])
})

describe('a watch', () => {
  let keyspace: TestKeyspace
  const client = 7
  const key = Buffer.from('key')
  const shard = () => keyspace.engine.shards[0]
  const watch = (name = key): void => watchKey(shard(), client, 0, name, 0, name.length)

  beforeEach(() => {
    keyspace = testKeyspace()
    keyspace.call('SET', 'key', '1')
    keyspace.call('SET', 'other', '1')
  })

  test('holds while nobody touches the key, and leaves nothing behind', () => {
    keyspace.call('SET', 'warm', 'up')
    watch()
    watch()
    keyspace.call('SET', 'other', '2')
    keyspace.call('GET', 'key')
    expect(watchHolds(shard(), client)).toBe(true)
    watchEnd(shard().m, client)
    expect(hasMarks(shard().m)).toBe(false)
    expect(markFind(shard().m, 0, key, 0, key.length)).toBe(0)
    keyspace.check()
  })

  test.each([
    ['SET', ['SET', 'key', '1']],
    ['DEL', ['DEL', 'key']],
    ['EXPIRE', ['EXPIRE', 'key', '100']],
    ['RENAME to it', ['RENAME', 'other', 'key']],
    ['RENAME of it', ['RENAME', 'key', 'third']],
    ['MOVE', ['MOVE', 'key', '1']],
    ['FLUSHDB', ['FLUSHDB']],
    ['FLUSHALL', ['FLUSHALL', 'ASYNC']],
    ['SWAPDB', ['SWAPDB', '0', '1']],
    ['COPY to it', ['COPY', 'other', 'key', 'REPLACE']],
  ])('ends with %s', (_, command) => {
    watch()
    keyspace.call(...command)
    expect(watchHolds(shard(), client)).toBe(false)
  })

  test('ends when the key comes into being, but not when another of its name does in another database', () => {
    const absent = Buffer.from('absent')
    watch(absent)
    keyspace.db = 3
    keyspace.call('SET', 'absent', '1')
    expect(watchHolds(shard(), client)).toBe(true)
    keyspace.db = 0
    keyspace.call('SET', 'absent', '1')
    expect(watchHolds(shard(), client)).toBe(false)
  })

  test('ends when the time of the key is up, even if nobody has noticed yet', () => {
    keyspace.call('PEXPIRE', 'key', '10')
    watch()
    keyspace.engine.begin(keyspace.now + 5)
    expect(watchHolds(shard(), client)).toBe(true)
    keyspace.engine.begin(keyspace.now + 11)
    expect(watchHolds(shard(), client)).toBe(false)
  })

  test('of no key holds when SWAPDB brings one that has long expired', () => {
    const absent = Buffer.from('absent')
    keyspace.db = 1
    keyspace.call('SET', 'absent', '1', 'PX', '10')
    keyspace.db = 0
    watch(absent)
    keyspace.now += 11
    keyspace.call('SWAPDB', '0', '1')
    expect(keyspace.effects()).toEqual(['SWAPDB 0 1'])
    expect(watchHolds(shard(), client)).toBe(true)
    expect(keyspace.call('EXISTS', 'absent')).toBe(0)
  })

  test('of a key whose time is already up holds when that is noticed', () => {
    keyspace.call('PEXPIRE', 'key', '10')
    keyspace.engine.begin(keyspace.now + 11)
    watch()
    keyspace.now += 11
    keyspace.call('EXISTS', 'key')
    keyspace.call('FLUSHDB')
    expect(watchHolds(shard(), client)).toBe(true)
  })

  test('of one client does not end with that of another', () => {
    watch()
    watchKey(shard(), 8, 0, key, 0, key.length)
    watchEnd(shard().m, client)
    keyspace.call('SET', 'key', '2')
    expect(watchHolds(shard(), client)).toBe(true)
    expect(watchHolds(shard(), 8)).toBe(false)
    watchEnd(shard().m, 8)
    expect(shard().m.u32[keyspaceRoot(shard().m) * 2 + ROOT.MARKS / 4]).toBe(0)
  })
})
