import { describe, expect, test } from 'vitest'
import { SETTING } from '../../src/config/settings.ts'
import { ENTRY_FLAG, type EntryRef, entryExpireAt, entryFlags, TYPE } from '../../src/store/entry.ts'
import { ROOT, rootCounter } from '../../src/store/keyspace.ts'
import { hasMarks, markMake, markRelease, markVersion } from '../../src/store/marks.ts'
import type { Shard } from '../../src/store/shard.ts'
import { setString } from '../../src/store/string-entry.ts'
import { keyOf } from '../support/items.ts'
import { testKeyspace } from '../support/keyspace.ts'
import { isExpected, Model } from '../support/model.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

const find = (shard: Shard, text: string): EntryRef | 0 => {
  const key = keyOf(text)
  return shard.findKey(0, key, 0, key.length)
}

const store = (shard: Shard, text: string, value: string, expireAt = -1): EntryRef => {
  const key = keyOf(text)
  const bytes = keyOf(value)
  return setString(shard, 0, find(shard, text), key, 0, key.length, bytes, 0, bytes.length, expireAt)
}

describe.each([1, 2, 4])('a keyspace of %i shards', shards => {
  const seed = chooseSeed()

  test(`does what a plain model does (SKEP_SEED=${seed})`, () => {
    const keyspace = testKeyspace(shards)
    const model = new Model(randomFrom(seed), keyspace.now)
    for (let step = 0; step < 15_000; step++) {
      const expectation = model.next()
      keyspace.now = model.now
      const reply = keyspace.call(...expectation.args)
      if (!isExpected(expectation, reply)) {
        expect({ step, args: expectation.args, reply }).toEqual({
          step,
          args: expectation.args,
          reply: expectation.reply,
        })
      }
      if (step % 500 === 0) keyspace.check()
    }
    keyspace.check()
    // Keys whose time is up count until somebody meets them.
    const size = keyspace.engine.shards.reduce((sum, shard) => sum + shard.size(0), 0)
    expect(size).toBeGreaterThanOrEqual(model.size)
  })
})

describe('shard', () => {
  test('an expired key is gone for whoever looks, and deleted', () => {
    const keyspace = testKeyspace(1)
    const [shard] = keyspace.engine.shards
    keyspace.engine.begin(1000)
    store(shard, 'key', 'value', 1500)
    expect(find(shard, 'key')).not.toBe(0)
    keyspace.engine.begin(1500)
    expect(find(shard, 'key')).toBe(0)
    expect(shard.size(0)).toBe(0)
    expect(rootCounter(shard.m, ROOT.EXPIRED)).toBe(1)
    expect(keyspace.effects()).toEqual(['SELECT 0', 'DEL key'])
  })

  test('a replica passes over an expired key and leaves it to its master', () => {
    const keyspace = testKeyspace(1)
    const [shard] = keyspace.engine.shards
    keyspace.engine.deletesExpired = false
    keyspace.engine.begin(1000)
    store(shard, 'key', 'value', 1500)
    keyspace.engine.begin(1500)
    expect(find(shard, 'key')).toBe(0)
    expect(shard.size(0)).toBe(1)
    expect(keyspace.effects()).toEqual([])
  })

  test('setting and removing an expiry keeps key and value, wherever the entry goes', () => {
    const keyspace = testKeyspace(1)
    const [shard] = keyspace.engine.shards
    keyspace.engine.begin(1000)
    for (const value of ['', 'x', 'x'.repeat(900), 'x'.repeat(5000)]) {
      let entry = store(shard, 'key', value)
      const address = entry
      entry = shard.setExpire(0, entry, 9000)
      expect(entry).not.toBe(address)
      expect(entryExpireAt(shard.m, entry)).toBe(9000)
      expect(shard.setExpire(0, entry, 9500)).toBe(entry)
      expect(shard.ttl(entry)).toBe(8500)
      entry = shard.persist(0, entry)
      expect(shard.persist(0, entry)).toBe(entry)
      expect(shard.ttl(entry)).toBe(-1)
      expect(entryFlags(shard.m, entry) & ENTRY_FLAG.EXPIRES).toBe(0)
      expect(find(shard, 'key')).toBe(entry)
      keyspace.now = 1000
      expect(keyspace.call('GET', 'key')).toBe(value)
      keyspace.check()
    }
  })

  test('a very large value that expires is freed in steps, whatever the setting', () => {
    const keyspace = testKeyspace(1)
    const [shard] = keyspace.engine.shards
    for (let at = 0; at < 20_000; at += 500) {
      keyspace.call('SADD', 'set', ...Array.from({ length: 500 }, (_, i) => `member:${at + i}`))
    }
    keyspace.engine.settings[SETTING.lazyfreeLazyExpire] = 0
    keyspace.call('PEXPIRE', 'set', 10)
    keyspace.now += 10
    expect(keyspace.call('EXISTS', 'set')).toBe(0)
    expect(keyspace.effects()).toEqual(['SELECT 0', 'DEL set'])
    expect(rootCounter(shard.m, ROOT.GRAVE_COUNT)).toBe(1)
  })

  test('a read counts a hit or a miss, a write neither', () => {
    const keyspace = testKeyspace(1)
    const [{ m }] = keyspace.engine.shards
    keyspace.call('SET', 'key', '1')
    expect([rootCounter(m, ROOT.HITS), rootCounter(m, ROOT.MISSES)]).toEqual([0, 0])
    keyspace.call('GET', 'key')
    keyspace.call('GET', 'nosuch')
    expect([rootCounter(m, ROOT.HITS), rootCounter(m, ROOT.MISSES)]).toEqual([1, 1])
  })

  test('marked keys are told of, and only while there are marks', () => {
    const keyspace = testKeyspace(1)
    const [shard] = keyspace.engine.shards
    const mark = markMake(shard.m, 2, Buffer.from('key'), 0, 3)
    keyspace.call('SET', 'key', '1')
    expect(markVersion(shard.m, mark)).toBe(0)
    keyspace.db = 2
    keyspace.call('SET', 'key', '1')
    keyspace.call('DEL', 'key', 'nosuch')
    expect(markVersion(shard.m, mark)).toBe(2)
    markRelease(shard.m, mark)
    keyspace.call('SET', 'key', '1')
    expect(hasMarks(shard.m)).toBe(false)
  })

  test('a collection is added under the argument that names it', () => {
    const keyspace = testKeyspace(1)
    keyspace.call('RPUSH', 'list', 'a')
    const [shard] = keyspace.engine.shards
    const entry = find(shard, 'list')
    expect(entry).not.toBe(0)
    expect(shard.m.u32[(entry as number) * 2] & 0xf).toBe(TYPE.LIST)
  })
})
