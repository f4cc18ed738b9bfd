// The client that the REST form is for, over all its commands. It parses what looks like JSON, so "1" comes back as 1.

import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from '@upstash/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HttpTestServer, startWithHttp } from './gateway.ts'

const TOKEN = 'a token, with "signs"'

let http: HttpTestServer
let redis: Redis

beforeAll(async () => {
  http = await startWithHttp({ args: ['--http-token', TOKEN] })
  // Left to itself it sends all that is asked for in one turn as a pipeline.
  redis = new Redis({ url: http.url, token: TOKEN, enableAutoPipelining: false })
})

afterAll(async () => {
  await http?.server.stop()
})

/** A method, its arguments, and what it resolves to. */
type Call = readonly [method: string, args: readonly unknown[], result: unknown]

const anyNumber = expect.any(Number)
const inAnyOrder = (...items: unknown[]) =>
  expect.toSatisfy(
    (list: unknown) => Array.isArray(list) && JSON.stringify([...list].sort()) === JSON.stringify([...items].sort()),
  )
/** Of the script `return 1 + ARGV[1]`. */
const SHA = createHash('sha1').update('return 1 + ARGV[1]').digest('hex')
const soon = Math.floor(Date.now() / 1000) + 1000

/** Everything the client can do, by group; each group begins with an empty keyspace. */
const GROUPS: Readonly<Record<string, readonly Call[]>> = {
  strings: [
    ['set', ['s', 'Hello'], 'OK'],
    ['get', ['s'], 'Hello'],
    ['append', ['s', ' World'], 11],
    ['strlen', ['s'], 11],
    ['getrange', ['s', 0, 4], 'Hello'],
    ['setrange', ['s', 6, 'Redis'], 11],
    ['getset', ['s', { a: [1, 'zwei'] }], 'Hello Redis'],
    ['get', ['s'], { a: [1, 'zwei'] }],
    ['set', ['n', 5, { ex: 100, nx: true }], 'OK'],
    ['set', ['n', 6, { nx: true }], null],
    ['set', ['n', 10, { keepTtl: true, get: true }], 5],
    ['incr', ['n'], 11],
    ['incrby', ['n', 4], 15],
    ['incrbyfloat', ['n', 0.5], 15.5],
    ['set', ['n', 3], 'OK'],
    ['decr', ['n'], 2],
    ['decrby', ['n', 2], 0],
    ['mset', [{ a: 1, b: 'zwei' }], 'OK'],
    ['msetnx', [{ b: 1, c: 3 }], 0],
    ['mget', ['a', 'b', 'none'], [1, 'zwei', null]],
    ['setnx', ['a', 1], 0],
    ['setex', ['e', 100, 'x'], 'OK'],
    ['psetex', ['e', 100_000, 'y'], 'OK'],
    ['getex', ['e', { ex: 50 }], 'y'],
    ['ttl', ['e'], 50],
    ['getdel', ['e'], 'y'],
  ],
  bitmaps: [
    ['setbit', ['bits', 7, 1], 0],
    ['getbit', ['bits', 7], 1],
    ['bitcount', ['bits', 0, -1], 1],
    ['bitpos', ['bits', 1], 7],
    ['setbit', ['other', 0, 1], 0],
    ['bitop', ['or', 'both', 'bits', 'other'], 1],
    ['bitcount', ['both', 0, -1], 2],
  ],
  keys: [
    ['mset', [{ k1: 1, k2: 2, k3: 3 }], 'OK'],
    ['exists', ['k1', 'k2', 'none'], 2],
    ['keys', ['k*'], inAnyOrder('k1', 'k2', 'k3')],
    ['scan', [0, { match: 'k*', count: 100 }], [expect.anything(), inAnyOrder('k1', 'k2', 'k3')]],
    ['type', ['k1'], 'string'],
    ['copy', ['k1', 'k4'], 'COPIED'],
    ['rename', ['k4', 'k5'], 'OK'],
    ['renamenx', ['k5', 'k1'], 0],
    ['randomkey', [], expect.stringMatching(/^k[1235]$/)],
    ['touch', ['k1', 'k2'], 2],
    ['expire', ['k1', 100], 1],
    ['ttl', ['k1'], 100],
    ['persist', ['k1'], 1],
    ['pexpire', ['k1', 100_000], 1],
    ['pttl', ['k1'], anyNumber],
    ['expireat', ['k1', soon], 1],
    ['pexpireat', ['k1', soon * 1000], 1],
    ['unlink', ['k1'], 1],
    ['del', ['k2', 'none'], 1],
    ['dbsize', [], 2],
  ],
  hashes: [
    ['hset', ['h', { name: 'Zoë', age: 30, tags: ['x', 'y'] }], 3],
    ['hget', ['h', 'name'], 'Zoë'],
    ['hgetall', ['h'], { name: 'Zoë', age: 30, tags: ['x', 'y'] }],
    ['hmget', ['h', 'age', 'none'], { age: 30, none: null }],
    ['hmset', ['h', { city: 'Bern' }], 'OK'],
    ['hsetnx', ['h', 'city', 'Basel'], 0],
    ['hexists', ['h', 'city'], 1],
    ['hlen', ['h'], 4],
    ['hkeys', ['h'], inAnyOrder('name', 'age', 'tags', 'city')],
    ['hvals', ['h'], expect.arrayContaining(['Bern', 30])],
    ['hincrby', ['h', 'age', 2], 32],
    ['hincrbyfloat', ['h', 'age', 0.5], 32.5],
    ['hstrlen', ['h', 'city'], 4],
    ['hrandfield', ['h'], expect.any(String)],
    ['hscan', ['h', 0], [expect.anything(), expect.any(Array)]],
    ['hexpire', ['h', ['city'], 100], [1]],
    ['httl', ['h', ['city']], [100]],
    ['hpersist', ['h', ['city']], [1]],
    ['hpexpire', ['h', ['city'], 100_000], [1]],
    ['hpttl', ['h', ['city']], [anyNumber]],
    ['hexpireat', ['h', ['city'], soon], [1]],
    ['hexpiretime', ['h', ['city']], [soon]],
    ['hpexpireat', ['h', ['city'], soon * 1000], [1]],
    ['hpexpiretime', ['h', ['city']], [soon * 1000]],
    ['hsetex', ['h', { expiration: { ex: 100 } }, { zip: '3000' }], 1],
    ['hgetex', ['h', { ex: 200 }, 'zip'], { zip: 3000 }],
    ['hgetdel', ['h', 'zip'], { zip: 3000 }],
    ['hdel', ['h', 'city', 'none'], 1],
  ],
  lists: [
    ['rpush', ['l', 'a', 'b', 'c'], 3],
    ['lpush', ['l', 'z'], 4],
    ['lpushx', ['l', 'y'], 5],
    ['rpushx', ['none', 'y'], 0],
    ['lrange', ['l', 0, -1], ['y', 'z', 'a', 'b', 'c']],
    ['lindex', ['l', 2], 'a'],
    ['linsert', ['l', 'before', 'a', 'x'], 6],
    ['llen', ['l'], 6],
    ['lpos', ['l', 'a'], 3],
    ['lset', ['l', 0, { deep: true }], 'OK'],
    ['lpop', ['l'], { deep: true }],
    ['rpop', ['l', 2], ['c', 'b']],
    ['lrem', ['l', 0, 'x'], 1],
    ['ltrim', ['l', 0, 0], 'OK'],
    ['lmove', ['l', 'm', 'left', 'right'], 'z'],
    ['lmpop', [2, ['l', 'm'], 'LEFT'], ['m', ['z']]],
  ],
  sets: [
    ['sadd', ['s1', 'a', 'b', 'c'], 3],
    ['sadd', ['s2', 'b', 'c', 'd'], 3],
    ['scard', ['s1'], 3],
    ['sismember', ['s1', 'a'], 1],
    ['smismember', ['s1', ['a', 'z']], [1, 0]],
    ['smembers', ['s1'], inAnyOrder('a', 'b', 'c')],
    ['sdiff', ['s1', 's2'], ['a']],
    ['sdiffstore', ['s3', 's1', 's2'], 1],
    ['sinter', ['s1', 's2'], inAnyOrder('b', 'c')],
    ['sintercard', [['s1', 's2']], 2],
    ['sinterstore', ['s3', 's1', 's2'], 2],
    ['sunion', ['s1', 's2'], inAnyOrder('a', 'b', 'c', 'd')],
    ['sunionstore', ['s3', 's1', 's2'], 4],
    ['smove', ['s1', 's2', 'a'], 1],
    ['srandmember', ['s1'], expect.stringMatching(/^[bc]$/)],
    ['sscan', ['s1', 0], [expect.anything(), inAnyOrder('b', 'c')]],
    ['srem', ['s1', 'b'], 1],
    ['spop', ['s1'], 'c'],
  ],
  'sorted sets': [
    ['zadd', ['z', { score: 1, member: 'a' }, { score: 2, member: 'b' }, { score: 3, member: 'c' }], 3],
    ['zadd', ['z2', { score: 10, member: 'b' }], 1],
    ['zcard', ['z'], 3],
    ['zcount', ['z', 1, 2], 2],
    ['zlexcount', ['z', '-', '+'], 3],
    ['zincrby', ['z', 2.5, 'a'], 3.5],
    ['zscore', ['z', 'a'], 3.5],
    ['zmscore', ['z', ['b', 'none']], [2, null]],
    ['zrange', ['z', 0, -1, { withScores: true }], ['b', 2, 'c', 3, 'a', 3.5]],
    ['zrange', ['z', '(2', '+inf', { byScore: true, rev: false }], ['c', 'a']],
    ['zrank', ['z', 'a'], 2],
    ['zrevrank', ['z', 'a'], 0],
    ['zscan', ['z', 0], [expect.anything(), expect.any(Array)]],
    ['zunion', [2, ['z', 'z2'], { withScores: true }], ['c', 3, 'a', 3.5, 'b', 12]],
    ['zunionstore', ['z3', 2, ['z', 'z2']], 3],
    ['zinterstore', ['z3', 2, ['z', 'z2']], 1],
    ['zdiffstore', ['z3', 2, 'z', 'z2'], 2],
    ['zremrangebyrank', ['z3', 0, 0], 1],
    ['zremrangebyscore', ['z3', 0, 100], 1],
    ['zremrangebylex', ['z2', '-', '+'], 1],
    ['zpopmin', ['z'], ['b', 2]],
    ['zpopmax', ['z'], ['a', 3.5]],
    ['zrem', ['z', 'c'], 1],
  ],
  geo: [
    ['geoadd', ['g', { longitude: 13.361389, latitude: 38.115556, member: 'Palermo' }], 1],
    ['geoadd', ['g', { longitude: 15.087269, latitude: 37.502669, member: 'Catania' }], 1],
    ['geodist', ['g', 'Palermo', 'Catania', 'KM'], expect.closeTo(166.27, 1)],
    ['geohash', ['g', ['Palermo']], ['sqc8b49rny0']],
    ['geopos', ['g', 'Palermo'], [{ lng: expect.closeTo(13.36, 2), lat: expect.closeTo(38.116, 2) }]],
    [
      'geosearch',
      ['g', { type: 'FROMMEMBER', member: 'Palermo' }, { type: 'BYRADIUS', radius: 200, radiusType: 'KM' }, 'ASC'],
      [{ member: 'Palermo' }, { member: 'Catania' }],
    ],
    [
      'geosearchstore',
      ['g2', 'g', { type: 'FROMMEMBER', member: 'Palermo' }, { type: 'BYRADIUS', radius: 1, radiusType: 'KM' }, 'ASC'],
      1,
    ],
  ],
  hyperloglog: [
    ['pfadd', ['p', 'a', 'b'], 1],
    ['pfadd', ['q', 'b', 'c'], 1],
    ['pfcount', ['p', 'q'], 3],
    ['pfmerge', ['r', 'p', 'q'], 'OK'],
  ],
  streams: [
    ['xadd', ['x', '1-1', { temperature: 20, unit: 'C' }], '1-1'],
    ['xadd', ['x', '2-1', { temperature: 21 }], '2-1'],
    ['xlen', ['x'], 2],
    ['xrange', ['x', '-', '+'], { '1-1': { temperature: 20, unit: 'C' }, '2-1': { temperature: 21 } }],
    ['xrevrange', ['x', '+', '-', 1], { '2-1': { temperature: 21 } }],
    ['xread', ['x', '1-1'], [['x', [['2-1', ['temperature', 21]]]]]],
    ['xgroup', ['x', { type: 'CREATE', group: 'readers', id: '0' }], 'OK'],
    ['xreadgroup', ['readers', 'me', 'x', '>', { count: 2 }], [['x', expect.any(Array)]]],
    ['xpending', ['x', 'readers', '-', '+', 10], expect.any(Array)],
    ['xclaim', ['x', 'readers', 'you', 0, '1-1'], expect.any(Array)],
    ['xautoclaim', ['x', 'readers', 'you', 0, '0-0'], expect.any(Array)],
    ['xack', ['x', 'readers', '1-1'], 1],
    ['xinfo', ['x', { type: 'GROUPS' }], expect.any(Array)],
    ['xtrim', ['x', { strategy: 'MAXLEN', threshold: 1, exactness: '=' }], 1],
    ['xdel', ['x', '2-1'], 1],
  ],
  scripts: [
    ['set', ['key', 'value'], 'OK'],
    ['eval', ["return {redis.call('get', KEYS[1]), ARGV[1]}", ['key'], ['argument']], ['value', 'argument']],
    ['evalRo', ["return redis.call('get', KEYS[1])", ['key'], []], 'value'],
    ['scriptLoad', ['return 1 + ARGV[1]'], SHA],
    ['scriptExists', [SHA, 'f'.repeat(40)], [1, 0]],
    ['evalsha', [SHA, [], ['2']], 3],
    ['evalshaRo', [SHA, [], ['3']], 4],
    ['scriptFlush', [], 'OK'],
    ['scriptExists', [SHA], [0]],
  ],
  connection: [
    ['ping', [], 'PONG'],
    ['echo', ['hello'], 'hello'],
    ['time', [], [anyNumber, anyNumber]],
    ['publish', ['nobody', 'hears'], 0],
    ['clientSetinfo', ['LIB-NAME', 'upstash'], 'OK'],
    ['exec', [['SET', 'by', 'hand']], 'OK'],
    ['flushdb', [], 'OK'],
    ['flushall', [{ async: true }], 'OK'],
  ],
}

/** Tested below, by themselves. */
const OTHERS = ['multi', 'pipeline', 'autoPipeline', 'subscribe', 'psubscribe', 'bitfield', 'createScript']

/** What the client has and is no command. */
const NO_COMMANDS = [
  ...['constructor', 'client', 'opts', 'use', 'enableTelemetry', 'enableAutoPipelining', 'addTelemetry'],
  ...['autoPipelineExecutor', 'readYourWritesSyncToken'],
]

/** What skep has not: functions, modules' types, and what Redis has only since version 8 or Upstash alone. */
const ABSENT = ['functions', 'json', 'search', 'vector', 'xackdel', 'xdelex']

/** Upstash's own type of arrays. */
const isArrayCommand = (name: string): boolean => /^ar[a-z]+$/.test(name)

describe('@upstash/redis', () => {
  for (const [group, calls] of Object.entries(GROUPS)) {
    test(`${group}: ${[...new Set(calls.map(([method]) => method))].join(', ')}`, async () => {
      await redis.flushall()
      for (const [method, args, result] of calls) {
        const command = (redis as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[method]
        expect([method, args, await command.apply(redis, [...args])]).toEqual([method, args, result])
      }
    })
  }

  test('has no command that is neither tested here nor named as absent', () => {
    const tested = new Set(Object.values(GROUPS).flatMap(calls => calls.map(([method]) => method)))
    const names = new Set<string>()
    for (let object: object = redis; object !== Object.prototype; object = Object.getPrototypeOf(object)) {
      for (const name of Object.getOwnPropertyNames(object)) names.add(name)
    }
    const known = new Set([...tested, ...OTHERS, ...NO_COMMANDS, ...ABSENT])
    expect([...names].filter(name => !known.has(name) && !isArrayCommand(name))).toEqual([])
  })

  test('counts bits of a field', async () => {
    expect(
      await redis.bitfield('field').set('u8', 0, 200).incrby('u8', 0, 100).overflow('SAT').get('u8', 0).exec(),
    ).toEqual([0, 44, 44])
  })

  test('runs a script by its digest, and sends it where that is not known', async () => {
    await redis.scriptFlush()
    const script = redis.createScript<number>('return 40 + ARGV[1]')
    expect(await script.exec([], ['2'])).toBe(42)
    expect(await script.exec([], ['3'])).toBe(43)
  })

  test('sends pipelines and transactions', async () => {
    await redis.flushall()
    expect(await redis.pipeline().set('a', 'x').incr('n').get('a').hgetall('none').exec()).toEqual(['OK', 1, 'x', null])
    expect(await redis.multi().incr('n').lpush('l', 1).lrange('l', 0, -1).exec()).toEqual([2, 1, [1]])
    const kept = await redis.pipeline().incr('a').get('a').exec({ keepErrors: true })
    expect(kept).toEqual([
      { error: 'ERR value is not an integer or out of range', result: undefined },
      { error: undefined, result: 'x' },
    ])
    await expect(redis.multi().set('a', 1).incr('l').exec()).rejects.toThrow('Command 2 [ incr ] failed: WRONGTYPE')
  })

  test('joins commands of one turn into a pipeline', async () => {
    const automatic = new Redis({ url: http.url, token: TOKEN, enableAutoPipelining: true })
    const sums = await Promise.all(Array.from({ length: 100 }, () => automatic.incr('automatic')))
    expect(sums).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
  })

  test('throws what the server replies', async () => {
    await redis.set('text', 'x')
    await expect(redis.incr('text')).rejects.toThrow('ERR value is not an integer or out of range')
    await expect(redis.exec(['NOSUCH'])).rejects.toThrow("unknown command 'NOSUCH'")
  })

  test('keeps text that is not ASCII', async () => {
    for (const text of ['żółć', '日本語', '🐝🍯', 'a\u2028b', '"\\\n\t\u0001']) {
      await redis.set('text', text)
      expect(await redis.get('text')).toBe(text)
    }
  })

  test('reads strings without base64 as well', async () => {
    const plain = new Redis({ url: http.url, token: TOKEN, responseEncoding: false })
    await plain.hset('hash', { 'schlüssel "1"': 'wert\n' })
    expect(await plain.hgetall('hash')).toEqual({ 'schlüssel "1"': 'wert\n' })
    expect(await plain.mget('none', 'text')).toEqual([null, expect.anything()])
  })

  test('subscribes to channels and patterns', async () => {
    const heard: unknown[] = []
    const channel = redis.subscribe<{ n: number }>('news')
    const pattern = redis.psubscribe<{ n: number }>('n*')
    channel.on('message', message => heard.push(['channel', message]))
    pattern.on('pmessage', message => heard.push(['pattern', message]))
    const counts: number[] = []
    channel.on('subscribe', count => counts.push(count))
    while ((await redis.publish('news', { n: 1 })) < 2) await sleep(10)
    expect(await redis.publish('news', { n: 2 })).toBe(2)
    const wanted = [
      ['channel', { channel: 'news', message: { n: 2 } }],
      ['pattern', { pattern: 'n*', channel: 'news', message: { n: 2 } }],
    ]
    const last = (): unknown[] => heard.filter(each => JSON.stringify(each).includes('"n":2'))
    while (last().length < wanted.length) await sleep(10)
    expect(last()).toEqual(expect.arrayContaining(wanted))
    expect(counts).toEqual([1])
    await channel.unsubscribe()
    await pattern.unsubscribe()
    while ((await redis.publish('news', 'gone')) > 0) await sleep(10)
  })

  test('is turned away with a wrong token', async () => {
    const stranger = new Redis({ url: http.url, token: 'guessed', retry: false })
    await expect(stranger.get('a')).rejects.toThrow('Unauthorized')
  })

  test('sends back the token of its last write', async () => {
    await redis.set('a', 1)
    const before = redis.readYourWritesSyncToken
    expect(before).toBeTruthy()
    await redis.set('a', 2)
    expect(redis.readYourWritesSyncToken).not.toBe(before)
  })
})
