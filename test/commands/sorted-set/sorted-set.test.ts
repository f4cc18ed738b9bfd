// Commands on sorted sets: replies in both protocols, what log and replicas are told, events; on one shard and several.

import { expect, test } from 'vitest'
import { SETTING } from '../../../src/config/settings.ts'
import { NOTIFY } from '../../../src/store/engine.ts'
import { errorReply } from '../../support/frame.ts'
import { type TestKeyspace, testKeyspace } from '../../support/keyspace.ts'

/** The events of the last command, as `event key`. */
const events = (k: TestKeyspace): string[] =>
  k.engine.notices.map(({ event, key }) => `${event} ${Buffer.from(key).toString()}`)

function withEvents(): TestKeyspace {
  const k = testKeyspace(3)
  k.engine.settings[SETTING.notifyKeyspaceEvents] = NOTIFY.ZSET | NOTIFY.GENERIC
  return k
}

/** A set of `count` members m0, m1, … with their number as score, which is large from 129 on. */
function numbered(k: TestKeyspace, key: string, count: number): void {
  k.call('ZADD', key, ...Array.from({ length: count }, (_, i) => [i, `m${i}`]).flat())
}

test('ZADD counts added members, with CH changed ones too', () => {
  const k = withEvents()
  expect(k.call('ZADD', 'z', 1, 'a', 2, 'b', 3, 'a')).toBe(2)
  expect(events(k)).toEqual(['zadd z'])
  expect(k.engine.dirty).toBe(3)
  expect(k.call('ZADD', 'z', 'CH', 3, 'a', 4, 'b', 5, 'c')).toBe(2)
  expect(k.call('ZADD', 'z', 4, 'b')).toBe(0)
  expect(k.effects()).toEqual([])
  expect(events(k)).toEqual([])
})

test('ZADD GT keeps the higher score, LT the lower one, and both add what is not there', () => {
  const k = testKeyspace()
  k.call('ZADD', 'z', 5, 'a')
  expect(k.call('ZADD', 'z', 'GT', 'CH', 4, 'a', 1, 'b')).toBe(1)
  expect(k.call('ZADD', 'z', 'LT', 'CH', 4, 'a', 2, 'b')).toBe(1)
  expect(k.call('ZRANGE', 'z', 0, -1, 'WITHSCORES')).toEqual(['b', '1', 'a', '4'])
})

test('ZADD changes nothing when one of its scores is no number', () => {
  const k = testKeyspace()
  expect(k.call('ZADD', 'z', 1, 'a', 'x', 'b')).toEqual(errorReply('ERR value is not a valid float'))
  expect(k.call('EXISTS', 'z')).toBe(0)
})

test('ZADD INCR and ZINCRBY reply the new score, nil when a condition forbids it, an error for NaN', () => {
  const k = withEvents()
  expect(k.call('ZADD', 'z', 'INCR', 1.5, 'a')).toBe('1.5')
  expect(events(k)).toEqual(['zincr z'])
  expect(k.call('ZINCRBY', 'z', 2, 'a')).toBe('3.5')
  expect(k.effects()).toEqual(['ZINCRBY z 2 a'])
  expect(k.call('ZADD', 'z', 'NX', 'INCR', 1, 'a')).toBe(null)
  expect(k.call('ZADD', 'other', 'XX', 'INCR', 1, 'a')).toBe(null)
  k.call('ZADD', 'z', 'inf', 'i')
  expect(k.call('ZINCRBY', 'z', '-inf', 'i')).toEqual(errorReply('ERR resulting score is not a number (NaN)'))
  expect(k.call('ZSCORE', 'z', 'i')).toBe('inf')
})

test('ZRANK and ZREVRANK reply the score too when asked, and a nil of that shape for no member', () => {
  for (const size of [10, 1000]) {
    const k = testKeyspace()
    numbered(k, 'z', size)
    expect(k.call('ZRANK', 'z', 'm7')).toBe(7)
    expect(k.call('ZREVRANK', 'z', 'm7', 'WITHSCORE')).toEqual([size - 8, '7'])
    expect(k.call('ZRANK', 'z', 'x', 'WITHSCORE')).toBe(null)
    expect(Buffer.from(k.reply.u8.subarray(0, k.reply.length)).toString()).toBe('*-1\r\n')
  }
})

test('removing the last member removes the key, and says so after what it was', () => {
  const k = withEvents()
  for (const [args, event] of [
    [['ZREM', 'z', 'm0', 'x', 'm1'], 'zrem'],
    [['ZPOPMAX', 'z', 5], 'zpopmax'],
    [['ZREMRANGEBYRANK', 'z', 0, -1], 'zremrangebyrank'],
    [['ZREMRANGEBYSCORE', 'z', '-inf', '+inf'], 'zremrangebyscore'],
    [['ZREMRANGEBYLEX', 'z', '-', '+'], 'zremrangebylex'],
  ] as const) {
    numbered(k, 'z', 2)
    k.call(...args)
    expect(events(k)).toEqual([`${event} z`, 'del z'])
    expect(k.engine.dirty).toBe(2)
    expect(k.call('EXISTS', 'z')).toBe(0)
  }
  k.check()
})

test('ZMPOP pops from the first key that has members, and is passed on as the pop it was', () => {
  const k = withEvents()
  numbered(k, 'b', 3)
  expect(k.call('ZMPOP', 2, 'a', 'b', 'MAX', 'COUNT', 10)).toEqual([
    'b',
    [
      ['m2', '2'],
      ['m1', '1'],
      ['m0', '0'],
    ],
  ])
  expect(k.effects()).toEqual(['ZPOPMAX b 3'])
  expect(k.call('ZMPOP', 2, 'a', 'b', 'MIN')).toBe(null)
  expect(k.effects()).toEqual([])
})

test('RESP3 pairs members and scores where RESP2 is flat', () => {
  const k = testKeyspace()
  numbered(k, 'z', 2)
  k.reply.resp = 3
  const pairs = [
    ['m0', 0],
    ['m1', 1],
  ]
  expect(k.call('ZRANGE', 'z', 0, -1, 'WITHSCORES')).toEqual(pairs)
  expect(k.call('ZUNION', 1, 'z', 'WITHSCORES')).toEqual(pairs)
  expect(k.call('ZSCAN', 'z', 0)).toEqual(['0', ['m0', '0', 'm1', '1']])
  expect(k.call('ZPOPMIN', 'z')).toEqual(['m0', 0])
  expect(k.call('ZPOPMIN', 'z', 1)).toEqual([['m1', 1]])
})

test('ZSCAN returns every member of a large set once the cursor is back at 0', () => {
  const k = testKeyspace()
  numbered(k, 'z', 5000)
  const seen = new Set<string>()
  let cursor = '0'
  do {
    const [next, page] = k.call('ZSCAN', 'z', cursor, 'COUNT', 100) as [string, string[]]
    for (let i = 0; i < page.length; i += 2) {
      expect(page[i]).toBe(`m${page[i + 1]}`)
      seen.add(page[i])
    }
    cursor = next
  } while (cursor !== '0')
  expect(seen.size).toBe(5000)
})

test('ZRANDMEMBER draws different members, or as often as asked', () => {
  for (const size of [50, 2000]) {
    const k = testKeyspace()
    numbered(k, 'z', size)
    for (const count of [1, 7, size / 2, size - 1, size, size + 1]) {
      const drawn = k.call('ZRANDMEMBER', 'z', count) as string[]
      expect(new Set(drawn).size).toBe(Math.min(count, size))
    }
    expect((k.call('ZRANDMEMBER', 'z', -3 * size) as string[]).length).toBe(3 * size)
    const [member, score] = k.call('ZRANDMEMBER', 'z', 1, 'WITHSCORES') as string[]
    expect(member).toBe(`m${score}`)
  }
})

test('unions and intersections read sets as well, weigh, and store on another shard', () => {
  const k = withEvents()
  k.call('ZADD', 'a', 1, 'x', 2, 'y')
  k.call('SADD', 'b', 'y', 'z')
  expect(k.call('ZUNIONSTORE', 'c', 2, 'a', 'b', 'WEIGHTS', 2, 10)).toBe(3)
  expect(k.effects()).toEqual(['ZUNIONSTORE c 2 a b WEIGHTS 2 10'])
  expect(events(k)).toEqual(['zunionstore c'])
  expect(k.engine.dirty).toBe(1)
  expect(k.call('ZRANGE', 'c', 0, -1, 'WITHSCORES')).toEqual(['x', '2', 'z', '10', 'y', '14'])
  expect(k.call('ZINTER', 2, 'a', 'b', 'AGGREGATE', 'MIN', 'WITHSCORES')).toEqual(['y', '1'])
  expect(k.call('ZDIFF', 2, 'a', 'b')).toEqual(['x'])
  expect(k.call('ZINTERCARD', 2, 'a', 'c', 'LIMIT', 1)).toBe(1)
  expect(k.call('ZDIFFSTORE', 'c', 2, 'a', 'a')).toBe(0)
  expect(events(k)).toEqual(['del c'])
  k.check()
})

test('opposite infinities add up to 0, and so does infinity times 0', () => {
  const k = testKeyspace()
  k.call('ZADD', 'a', 'inf', 'm')
  k.call('ZADD', 'b', '-inf', 'm')
  expect(k.call('ZUNION', 2, 'a', 'b', 'WITHSCORES')).toEqual(['m', '0'])
  expect(k.call('ZINTER', 1, 'a', 'WEIGHTS', 0, 'WITHSCORES')).toEqual(['m', '0'])
})

test('a stored result replaces any value and its expiry, even one it was made of', () => {
  const k = testKeyspace(2)
  k.call('SET', 'c', 'text', 'EX', 100)
  numbered(k, 'a', 300)
  expect(k.call('ZRANGESTORE', 'c', 'a', 10, 19)).toBe(10)
  expect(k.call('TTL', 'c')).toBe(-1)
  expect(k.call('OBJECT', 'ENCODING', 'c')).toBe('listpack')
  expect(k.call('ZUNIONSTORE', 'a', 1, 'a')).toBe(300)
  expect(k.call('OBJECT', 'ENCODING', 'a')).toBe('skiplist')
  expect(k.call('ZRANGESTORE', 'a', 'a', 500, 600)).toBe(0)
  expect(k.call('EXISTS', 'a')).toBe(0)
  k.check()
})
