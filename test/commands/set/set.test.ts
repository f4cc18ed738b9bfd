// Commands on sets: replies, what log and replicas are told, events; on one shard and on several.

import { expect, test } from 'vitest'
import { SETTING } from '../../../src/config/settings.ts'
import { NOTIFY } from '../../../src/store/engine.ts'
import { errorReply } from '../../support/frame.ts'
import { type TestKeyspace, testKeyspace } from '../../support/keyspace.ts'

const sorted = (value: unknown): string[] => (value as string[]).toSorted()

/** The events of the last command, as `event key`. */
const events = (k: TestKeyspace): string[] =>
  k.engine.notices.map(({ event, key }) => `${event} ${Buffer.from(key).toString()}`)

function withEvents(): TestKeyspace {
  const k = testKeyspace(2)
  k.engine.settings[SETTING.notifyKeyspaceEvents] = NOTIFY.SET | NOTIFY.GENERIC
  return k
}

test('SADD counts new members only and SREM removes the key with its last one', () => {
  const k = withEvents()
  expect(k.call('SADD', 's', 'a', 'b', 'a', '1')).toBe(3)
  expect(k.effects()).toEqual(['SADD s a b a 1'])
  expect(k.engine.dirty).toBe(3)
  expect(k.call('SADD', 's', 'a')).toBe(0)
  expect(k.effects()).toEqual([])
  expect(k.call('SREM', 's', 'a', 'x', 'b', '1', 'a')).toBe(3)
  expect(events(k)).toEqual(['srem s', 'del s'])
  expect(k.engine.dirty).toBe(3)
  expect(k.call('SCARD', 's')).toBe(0)
  k.check()
})

test('SMOVE moves between shards, and says what both keys went through', () => {
  const k = testKeyspace(3)
  k.engine.settings[SETTING.notifyKeyspaceEvents] = NOTIFY.SET | NOTIFY.GENERIC
  k.call('SADD', 'from', 'a')
  k.call('SADD', 'to', '1')
  expect(k.call('SMOVE', 'from', 'to', 'a')).toBe(1)
  expect(events(k)).toEqual(['srem from', 'del from', 'sadd to'])
  expect(k.engine.dirty).toBe(2)
  expect(sorted(k.call('SMEMBERS', 'to'))).toEqual(['1', 'a'])
  expect(k.call('SMOVE', 'to', 'to', 'a')).toBe(1)
  expect(k.effects()).toEqual([])
  k.call('SET', 'text', 'x')
  expect(k.call('SMOVE', 'to', 'text', 'a')).toEqual(
    errorReply('WRONGTYPE Operation against a key holding the wrong kind of value'),
  )
  k.check()
})

test('SPOP reaches replicas as SREM of what it took, or as the deletion of the key', () => {
  const k = withEvents()
  k.call('SADD', 's', ...Array.from({ length: 20 }, (_, i) => `m${i}`))
  const one = k.call('SPOP', 's')
  expect(k.effects()).toEqual([`SREM s ${one}`])
  expect(k.call('SISMEMBER', 's', String(one))).toBe(0)
  const some = k.call('SPOP', 's', 3) as string[]
  expect(new Set(some).size).toBe(3)
  expect(k.effects()).toEqual(some.map(member => `SREM s ${member}`))
  expect(k.engine.dirty).toBe(3)
  expect(events(k)).toEqual(['spop s'])
  // Nearly all of them, which picks what stays.
  const many = k.call('SPOP', 's', 15) as string[]
  expect(new Set([...some, ...many, one]).size).toBe(19)
  expect(k.effects()).toEqual(many.map(member => `SREM s ${member}`))
  expect(k.call('SCARD', 's')).toBe(1)
  k.check()
  expect(k.call('SPOP', 's', 5)).toHaveLength(1)
  expect(k.effects()).toEqual(['DEL s'])
  expect(events(k)).toEqual(['spop s', 'del s'])
  k.call('SADD', 's', 'last')
  k.call('SPOP', 's')
  expect(events(k)).toEqual(['spop s', 'del s'])
  expect(k.call('SPOP', 's')).toBe(null)
  k.check()
})

test('SPOP of nearly all of a table of integers leaves an intset', () => {
  const k = testKeyspace()
  k.call('SADD', 's', 'x', ...Array.from({ length: 100 }, (_, i) => i))
  k.call('SREM', 's', 'x')
  expect(k.call('OBJECT', 'ENCODING', 's')).toBe('hashtable')
  k.call('SPOP', 's', 95)
  expect(k.call('OBJECT', 'ENCODING', 's')).toBe('intset')
  expect(k.call('SCARD', 's')).toBe(5)
  k.check()
})

test('SRANDMEMBER with a count gives different members, with a negative one any', () => {
  const k = testKeyspace()
  const members = Array.from({ length: 100 }, (_, i) => `m${i}`)
  k.call('SADD', 's', ...members)
  for (const count of [1, 5, 30, 34, 99, 100, 500]) {
    const picked = k.call('SRANDMEMBER', 's', count) as string[]
    expect(picked).toHaveLength(Math.min(count, 100))
    expect(new Set(picked).size).toBe(picked.length)
    expect(picked.every(member => members.includes(member))).toBe(true)
  }
  expect(k.call('SRANDMEMBER', 's', -500)).toHaveLength(500)
  expect(k.call('SCARD', 's')).toBe(100)
  expect(k.call('SRANDMEMBER', 's', '-9223372036854775808')).toEqual(
    errorReply('ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807'),
  )
})

test('SRANDMEMBER with a count draws every member about as often as any other', () => {
  const k = testKeyspace()
  const members = Array.from({ length: 20 }, (_, i) => `m${i}`)
  k.call('SADD', 's', ...members)
  for (const count of [3, 15, -7]) {
    const drawn = new Map<string, number>()
    const rounds = 2000
    for (let i = 0; i < rounds; i++) {
      for (const member of k.call('SRANDMEMBER', 's', count) as string[])
        drawn.set(member, (drawn.get(member) ?? 0) + 1)
    }
    const expected = (rounds * Math.abs(count)) / members.length
    // Each count is binomial: ten deviations away never happens.
    for (const member of members) {
      expect(Math.abs((drawn.get(member) ?? 0) - expected), member).toBeLessThan(10 * Math.sqrt(expected))
    }
  }
})

test.each([1, 3])('set algebra over %i shards stores what plain sets give, in place of whatever was there', shards => {
  const k = testKeyspace(shards)
  const range = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `m${from + i}`)
  k.call('SADD', 'a', ...range(0, 300))
  k.call('SADD', 'b', ...range(100, 900))
  k.call('SADD', 'c', ...range(200, 250), '7')
  k.call('SET', 'target', 'text')
  expect(k.call('SUNIONSTORE', 'target', 'a', 'none', 'b', 'c')).toBe(901)
  expect(k.effects()).toEqual(['SUNIONSTORE target a none b c'])
  expect(k.engine.dirty).toBe(1)
  expect(sorted(k.call('SMEMBERS', 'target'))).toEqual([...range(0, 900), '7'].sort())
  expect(k.call('SINTERSTORE', 'target', 'a', 'b', 'c')).toBe(50)
  expect(sorted(k.call('SMEMBERS', 'target'))).toEqual(range(200, 250).sort())
  expect(k.call('SDIFFSTORE', 'a', 'a', 'b')).toBe(100)
  expect(sorted(k.call('SMEMBERS', 'a'))).toEqual(range(0, 100).sort())
  expect(sorted(k.call('SDIFF', 'c', 'b', 'b'))).toEqual(['7'])
  expect(k.call('SINTERCARD', 2, 'b', 'c')).toBe(50)
  expect(k.call('SINTERCARD', 2, 'b', 'c', 'LIMIT', 9)).toBe(9)
  k.check()
})

test('an empty result deletes the target, and says so once', () => {
  const k = withEvents()
  k.call('SADD', 'a', '1')
  for (const command of ['SINTERSTORE', 'SDIFFSTORE', 'SUNIONSTORE']) {
    k.call('SET', 'target', 'x')
    expect(k.call(command, 'target', 'none', command === 'SUNIONSTORE' ? 'none' : 'a')).toBe(0)
    expect(events(k)).toEqual(['del target'])
    expect(k.engine.dirty).toBe(1)
    expect(k.call(command, 'target', 'none')).toBe(0)
    expect(events(k)).toEqual([])
  }
  k.check()
})

test('a stored set replaces an expiry too', () => {
  const k = withEvents()
  k.call('SADD', 'a', '1', '2')
  k.call('SET', 'target', 'x', 'PX', 1000)
  expect(k.call('SUNIONSTORE', 'target', 'a')).toBe(2)
  expect(events(k)).toEqual(['sunionstore target'])
  expect(k.call('TTL', 'target')).toBe(-1)
  k.check()
})

test('SSCAN finds every member that stays while the set grows and shrinks', () => {
  const k = testKeyspace()
  const stay = Array.from({ length: 400 }, (_, i) => `stay:${i}`)
  k.call('SADD', 's', ...stay)
  const seen = new Set<string>()
  let cursor = '0'
  let round = 0
  do {
    const [next, page] = k.call('SSCAN', 's', cursor, 'COUNT', 7) as [string, string[]]
    for (const member of page) seen.add(member)
    cursor = next
    const others = Array.from({ length: 300 }, (_, i) => `other:${i}`)
    k.call(round++ % 20 < 10 ? 'SADD' : 'SREM', 's', ...others)
  } while (cursor !== '0')
  expect(stay.filter(member => !seen.has(member))).toEqual([])
  const [, matching] = k.call('SSCAN', 's', 0, 'MATCH', 'stay:1?', 'COUNT', 10_000) as [string, string[]]
  expect(sorted(matching)).toEqual(Array.from({ length: 10 }, (_, i) => `stay:1${i}`))
})

test('sets are sets in RESP3, and picks with a count arrays', () => {
  const k = testKeyspace()
  const raw = (...args: string[]): string => {
    k.call(...args)
    return Buffer.from(k.reply.u8.subarray(0, k.reply.length)).toString()
  }
  k.reply.resp = 3
  k.call('SADD', 's', '1')
  expect(raw('SMEMBERS', 's')).toBe('~1\r\n$1\r\n1\r\n')
  expect(raw('SUNION', 's', 'none')).toBe('~1\r\n$1\r\n1\r\n')
  expect(raw('SINTER', 's', 's')).toBe('~1\r\n$1\r\n1\r\n')
  expect(raw('SDIFF', 'none')).toBe('~0\r\n')
  expect(raw('SRANDMEMBER', 's', '3')).toBe('*1\r\n$1\r\n1\r\n')
  expect(raw('SPOP', 's', '3')).toBe('~1\r\n$1\r\n1\r\n')
  expect(raw('SPOP', 's')).toBe('_\r\n')
})
