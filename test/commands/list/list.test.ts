// What random comparison with redis-server cannot see of the list commands: effects, several shards, compressed nodes.

import { describe, expect, test } from 'vitest'
import { SETTING } from '../../../src/config/settings.ts'
import { entryValue } from '../../../src/store/entry.ts'
import { quicklistCheck, quicklistDump } from '../../../src/store/quicklist-check.ts'
import { type TestKeyspace, testKeyspace } from '../../support/keyspace.ts'
import { chooseSeed, randomFrom } from '../../support/random.ts'

/** Holds the invariants of the list under a key and returns its dump. */
function inspect(keyspace: TestKeyspace, key: string): string {
  const bytes = new Uint8Array(Buffer.from(key))
  for (const shard of keyspace.engine.shards) {
    const entry = shard.findKey(0, bytes, 0, bytes.length)
    if (entry === 0) continue
    const list = entryValue<'quicklist'>(shard.m, entry)
    quicklistCheck(shard.m, list)
    return quicklistDump(shard.m, list)
  }
  throw new Error(`no key ${key}`)
}

describe('effects', () => {
  test('LMPOP is passed on as the pop it came to', () => {
    const keyspace = testKeyspace(3)
    keyspace.call('RPUSH', 'b', 1, 2, 3)
    expect(keyspace.call('LMPOP', 3, 'a', 'b', 'c', 'RIGHT', 'COUNT', 10)).toEqual(['b', ['3', '2', '1']])
    expect(keyspace.effects()).toEqual(['RPOP b 3'])
    expect(keyspace.call('LMPOP', 2, 'a', 'b', 'LEFT')).toBeNull()
    expect(keyspace.effects()).toEqual([])
  })

  test('the others are passed on as they came, and only if they changed something', () => {
    const keyspace = testKeyspace(3)
    for (const [command, effects] of [
      [['LPUSHX', 'a', 'x'], []],
      [['RPUSH', 'a', 'x', 'y'], ['RPUSH a x y']],
      [['LMOVE', 'a', 'b', 'LEFT', 'RIGHT'], ['LMOVE a b LEFT RIGHT']],
      [['RPOPLPUSH', 'a', 'b'], ['RPOPLPUSH a b']],
      [['RPOPLPUSH', 'a', 'b'], []],
      [['LTRIM', 'b', 0, -1], []],
      [['LTRIM', 'b', 1, -1], ['LTRIM b 1 -1']],
      [['LREM', 'b', 0, 'nothing'], []],
      [['LPOP', 'b', 0], []],
      [['LPOP', 'b', 7], ['LPOP b 7']],
    ] as const) {
      keyspace.call(...command)
      expect(keyspace.effects(), command.join(' ')).toEqual(effects)
    }
  })

  test('a move between shards tells of the push, the pop and the empty key in that order', () => {
    const keyspace = testKeyspace(3)
    keyspace.engine.settings[SETTING.notifyKeyspaceEvents] = 0x7fffffff
    keyspace.call('RPUSH', 'a', 'x')
    keyspace.call('LMOVE', 'a', 'b', 'LEFT', 'LEFT')
    const events = keyspace.engine.notices.map(({ event, key }) => `${event} ${Buffer.from(key)}`)
    expect(events).toEqual(['new b', 'lpush b', 'lpop a', 'del a'])
    expect(keyspace.call('LRANGE', 'b', 0, -1)).toEqual(['x'])
    keyspace.check()
  })
})

describe('moving', () => {
  test('inside one list turns it, whatever the size of its elements', () => {
    const keyspace = testKeyspace()
    const large = 'L'.repeat(100_000)
    keyspace.call('RPUSH', 'a', 1, 'two', large)
    expect(keyspace.call('LMOVE', 'a', 'a', 'RIGHT', 'LEFT')).toBe(large)
    expect(keyspace.call('LMOVE', 'a', 'a', 'RIGHT', 'LEFT')).toBe('two')
    expect(keyspace.call('LRANGE', 'a', 0, -1)).toEqual(['two', large, '1'])
    expect(keyspace.call('LMOVE', 'a', 'a', 'LEFT', 'LEFT')).toBe('two')
    expect(keyspace.call('LRANGE', 'a', 0, 0)).toEqual(['two'])
    inspect(keyspace, 'a')
  })

  test('the only element of a list to itself keeps the list', () => {
    const keyspace = testKeyspace()
    keyspace.call('RPUSH', 'a', 'x')
    expect(keyspace.call('RPOPLPUSH', 'a', 'a')).toBe('x')
    expect(keyspace.call('LRANGE', 'a', 0, -1)).toEqual(['x'])
  })

  test('refuses a destination of another type without taking the element', () => {
    const keyspace = testKeyspace(3)
    keyspace.call('RPUSH', 'a', 'x')
    keyspace.call('SET', 'b', 'text')
    expect(() => keyspace.call('RPOPLPUSH', 'a', 'b')).not.toThrow()
    expect(keyspace.call('LLEN', 'a')).toBe(1)
  })
})

describe('a long list', () => {
  test('gives every element by its index from either end', () => {
    const keyspace = testKeyspace()
    const seed = chooseSeed()
    const random = randomFrom(seed)
    const count = 30_000
    for (let i = 0; i < count; i += 100) {
      keyspace.call('RPUSH', 'a', ...Array.from({ length: 100 }, (_, j) => `e${i + j}`))
    }
    for (let round = 0; round < 500; round++) {
      const index = random.int(0, count - 1)
      expect(keyspace.call('LINDEX', 'a', index), `seed ${seed}`).toBe(`e${index}`)
      expect(keyspace.call('LINDEX', 'a', index - count), `seed ${seed}`).toBe(`e${index}`)
    }
    expect(keyspace.call('LPOS', 'a', 'e29999')).toBe(29_999)
    expect(keyspace.call('LRANGE', 'a', 15_000, 15_002)).toEqual(['e15000', 'e15001', 'e15002'])
    expect(keyspace.call('LTRIM', 'a', 100, -100)).toBe('OK')
    expect(keyspace.call('LLEN', 'a')).toBe(count - 199)
    inspect(keyspace, 'a')
    keyspace.call('LTRIM', 'a', 1, 0)
    expect(keyspace.call('LLEN', 'a')).toBe(0)
    keyspace.check()
  })

  test('reads and changes the same with its inner nodes compressed', () => {
    const keyspace = testKeyspace()
    keyspace.engine.settings[SETTING.listCompressDepth] = 1
    keyspace.engine.settings[SETTING.listMaxListpackSize] = 4
    const model = Array.from({ length: 40 }, (_, i) => `${'abc'.repeat(30)}${i}`)
    keyspace.call('RPUSH', 'a', ...model)
    expect(inspect(keyspace, 'a')).toContain('lzf')
    expect(keyspace.call('LRANGE', 'a', 0, -1)).toEqual(model)
    expect(keyspace.call('LPOS', 'a', model[21], 'RANK', -1)).toBe(21)
    expect(keyspace.call('LREM', 'a', 1, model[21])).toBe(1)
    model.splice(21, 1)
    keyspace.call('LSET', 'a', 18, 'changed')
    model[18] = 'changed'
    keyspace.call('LINSERT', 'a', 'BEFORE', model[30], 'inserted')
    model.splice(30, 0, 'inserted')
    expect(keyspace.call('LRANGE', 'a', 0, -1)).toEqual(model)
    expect(inspect(keyspace, 'a')).toContain('lzf')
  })
})
