// Commands on hashes: replies, what log and replicas are told, events.

import { expect, test } from 'vitest'
import { SETTING } from '../../../src/config/settings.ts'
import { NOTIFY } from '../../../src/store/engine.ts'
import { errorReply } from '../../support/frame.ts'
import { type TestKeyspace, testKeyspace } from '../../support/keyspace.ts'

/** The events of the last command, as `event key`. */
const events = (k: TestKeyspace): string[] =>
  k.engine.notices.map(({ event, key }) => `${event} ${Buffer.from(key).toString()}`)

function withEvents(): TestKeyspace {
  const k = testKeyspace(2)
  k.engine.settings[SETTING.notifyKeyspaceEvents] = NOTIFY.HASH | NOTIFY.GENERIC
  return k
}

function raw(k: TestKeyspace, ...args: string[]): string {
  k.call(...args)
  return Buffer.from(k.reply.u8.subarray(0, k.reply.length)).toString()
}

test('HSET counts new fields, and every field set as a change', () => {
  const k = withEvents()
  expect(k.call('HSET', 'h', 'a', '1', 'b', '2', 'a', '3')).toBe(2)
  expect(k.engine.dirty).toBe(3)
  expect(events(k)).toEqual(['hset h'])
  expect(k.effects()).toEqual(['HSET h a 1 b 2 a 3'])
  expect(k.call('HMSET', 'h', 'c', '')).toBe('OK')
  expect(k.call('HGETALL', 'h')).toEqual(['a', '3', 'b', '2', 'c', ''])
  expect(k.call('HSETNX', 'h', 'a', 'x')).toBe(0)
  expect(k.effects()).toEqual([])
  expect(k.call('HSETNX', 'h', 'd', 'x')).toBe(1)
  expect(k.call('HMGET', 'h', 'd', 'none', 'a')).toEqual(['x', null, '3'])
  expect(k.call('HSET', 'h', 'a')).toEqual(errorReply("ERR wrong number of arguments for 'hset' command"))
  expect(k.call('HMSET', 'h', 'a', '1', 'b')).toEqual(errorReply("ERR wrong number of arguments for 'hmset' command"))
  k.check()
})

test('HDEL removes the key with its last field', () => {
  const k = withEvents()
  k.call('HSET', 'h', 'a', '1', 'b', '2')
  expect(k.call('HDEL', 'h', 'a', 'x', 'b', 'a')).toBe(2)
  expect(k.engine.dirty).toBe(2)
  expect(events(k)).toEqual(['hdel h', 'del h'])
  expect(k.call('HLEN', 'h')).toBe(0)
  expect(k.call('HDEL', 'h', 'a')).toBe(0)
  k.check()
})

test('HINCRBY is exact over all 64 bits and refuses what is none of them', () => {
  const k = testKeyspace()
  expect(k.call('HINCRBY', 'h', 'n', '9007199254740993')).toBe(9007199254740993n)
  expect(k.call('HGET', 'h', 'n')).toBe('9007199254740993')
  expect(k.call('HINCRBY', 'h', 'n', '-9007199254740993')).toBe(0)
  expect(k.call('HINCRBY', 'h', 'n', '9223372036854775807')).toBe(9223372036854775807n)
  expect(k.call('HINCRBY', 'h', 'n', '1')).toEqual(errorReply('ERR increment or decrement would overflow'))
  expect(k.effects()).toEqual([])
  expect(k.call('HINCRBY', 'h', 'n', '9223372036854775808')).toEqual(
    errorReply('ERR value is not an integer or out of range'),
  )
  k.call('HSET', 'h', 'n', '1.5')
  expect(k.call('HINCRBY', 'h', 'n', '1')).toEqual(errorReply('ERR hash value is not an integer'))
})

test('HINCRBYFLOAT reaches replicas as the sum it made', () => {
  const k = testKeyspace()
  k.call('HSET', 'h', 'n', '10.50')
  expect(k.call('HINCRBYFLOAT', 'h', 'n', '0.1')).toBe('10.6')
  expect(k.effects()).toEqual(['HSET h n 10.6'])
  expect(k.call('HINCRBYFLOAT', 'h', 'n', 'inf')).toEqual(errorReply('ERR value is NaN or Infinity'))
  expect(k.call('HINCRBYFLOAT', 'h', 'n', 'x')).toEqual(errorReply('ERR value is not a valid float'))
  k.call('HSET', 'h', 'n', 'x')
  expect(k.call('HINCRBYFLOAT', 'h', 'n', '1')).toEqual(errorReply('ERR hash value is not a float'))
})

test('HRANDFIELD with a count gives different fields, with a negative one any', () => {
  const k = testKeyspace()
  for (const size of [10, 1000]) {
    const fields = Array.from({ length: size }, (_, i) => `f${i}`)
    k.call('HSET', 'h', ...fields.flatMap(field => [field, `${field}!`]))
    for (const count of [1, 3, size / 2, size - 1, size, size + 5]) {
      const picked = k.call('HRANDFIELD', 'h', count) as string[]
      expect(picked).toHaveLength(Math.min(count, size))
      expect(new Set(picked).size).toBe(picked.length)
      const pairs = k.call('HRANDFIELD', 'h', count, 'WITHVALUES') as string[]
      expect(pairs).toHaveLength(2 * Math.min(count, size))
      for (let i = 0; i < pairs.length; i += 2) expect(pairs[i + 1]).toBe(`${pairs[i]}!`)
    }
    expect(k.call('HRANDFIELD', 'h', -3 * size)).toHaveLength(3 * size)
  }
})

test('HRANDFIELD draws every field about as often as any other', () => {
  const k = testKeyspace()
  for (const size of [12, 60]) {
    k.engine.settings[SETTING.hashMaxListpackEntries] = 20
    k.call('DEL', 'h')
    k.call('HSET', 'h', ...Array.from({ length: size }, (_, i) => [`f${i}`, 'x']).flat())
    for (const count of [4, 10, -5]) {
      const drawn = new Map<string, number>()
      for (let i = 0; i < 1500; i++) {
        for (const field of k.call('HRANDFIELD', 'h', count) as string[]) drawn.set(field, (drawn.get(field) ?? 0) + 1)
      }
      const expected = (1500 * Math.abs(count)) / size
      // Each count is binomial: ten deviations away never happens.
      for (let i = 0; i < size; i++) {
        expect(Math.abs((drawn.get(`f${i}`) ?? 0) - expected)).toBeLessThan(10 * Math.sqrt(expected))
      }
    }
  }
})

test('HSCAN finds every field that stays while the hash grows and shrinks', () => {
  const k = testKeyspace()
  const stay = Array.from({ length: 400 }, (_, i) => `stay:${i}`)
  k.call('HSET', 'h', ...stay.flatMap(field => [field, 'x']), 'long', 'x'.repeat(100))
  const seen = new Set<string>()
  let cursor = '0'
  let round = 0
  do {
    const [next, page] = k.call('HSCAN', 'h', cursor, 'COUNT', 7) as [string, string[]]
    for (let i = 0; i < page.length; i += 2) seen.add(page[i])
    cursor = next
    const others = Array.from({ length: 300 }, (_, i) => `other:${i}`)
    if (round++ % 20 < 10) k.call('HSET', 'h', ...others.flatMap(field => [field, 'y']))
    else k.call('HDEL', 'h', ...others)
  } while (cursor !== '0')
  expect(stay.filter(field => !seen.has(field))).toEqual([])
  k.check()
})

test('HSCAN NOVALUES leaves the values out', () => {
  const k = testKeyspace()
  k.call('HSET', 'h', 'a', '1', 'b', '2')
  expect(k.call('HSCAN', 'h', 0)).toEqual(['0', ['a', '1', 'b', '2']])
  expect(k.call('HSCAN', 'h', 0, 'NOVALUES', 'MATCH', 'b')).toEqual(['0', ['b']])
  expect(k.call('HSCAN', 'h', 0, 'TYPE', 'hash')).toEqual(errorReply('ERR syntax error'))
})

test('hashes are maps in RESP3, and random pairs arrays of two', () => {
  const k = testKeyspace()
  k.reply.resp = 3
  k.call('HSET', 'h', 'a', '1')
  expect(raw(k, 'HGETALL', 'h')).toBe('%1\r\n$1\r\na\r\n$1\r\n1\r\n')
  expect(raw(k, 'HGETALL', 'none')).toBe('%0\r\n')
  expect(raw(k, 'HKEYS', 'h')).toBe('*1\r\n$1\r\na\r\n')
  expect(raw(k, 'HRANDFIELD', 'h', '5', 'WITHVALUES')).toBe('*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n')
  expect(raw(k, 'HGET', 'h', 'none')).toBe('_\r\n')
})
