// The clients people use, as they are: ioredis and node-redis, in RESP2 and RESP3.

import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer('skep', { shards: 3 })
})
afterAll(async () => {
  await server.stop()
})

describe('ioredis', () => {
  let redis: Redis

  beforeAll(() => {
    redis = new Redis(server.port, '127.0.0.1')
  })
  afterAll(() => redis.quit())

  test('sets, gets and expires', async () => {
    expect(await redis.set('io:a', 'x', 'EX', 100)).toBe('OK')
    expect(await redis.get('io:a')).toBe('x')
    expect(await redis.ttl('io:a')).toBeGreaterThan(90)
  })

  test('pipelines over several shards come back in order', async () => {
    const pipeline = redis.pipeline()
    for (let i = 0; i < 500; i++) pipeline.set(`io:p:${i}`, String(i))
    for (let i = 0; i < 500; i++) pipeline.get(`io:p:${i}`)
    const replies = (await pipeline.exec()) ?? []
    expect(replies.slice(500).map(([, value]) => value)).toEqual(Array.from({ length: 500 }, (_, i) => String(i)))
  })

  test('a transaction over several shards is one', async () => {
    const replies = await redis.multi().set('io:t1', '1').incr('io:t2').mget('io:t1', 'io:t2').exec()
    expect(replies?.map(([, value]) => value)).toEqual(['OK', 1, ['1', '1']])
  })

  test('hashes, sets, sorted sets, lists and streams', async () => {
    await redis.hset('io:h', { name: 'skep', kind: 'hive' })
    expect(await redis.hgetall('io:h')).toEqual({ name: 'skep', kind: 'hive' })
    await redis.zadd('io:z', '2', 'b', '1', 'a')
    expect(await redis.zrange('io:z', '0', '-1')).toEqual(['a', 'b'])
    await redis.sadd('io:s', 'm')
    expect(await redis.smembers('io:s')).toEqual(['m'])
    await redis.rpush('io:l', 'first', 'second')
    expect(await redis.lrange('io:l', 0, -1)).toEqual(['first', 'second'])
    const id = await redis.xadd('io:x', '*', 'field', 'value')
    expect(await redis.xrange('io:x', '-', '+')).toEqual([[id, ['field', 'value']]])
  })

  test('a blocked client is woken by another', async () => {
    const waiting = redis.duplicate()
    const popped = waiting.blpop('io:q1', 'io:q2', 10)
    await expect.poll(async () => (await redis.client('LIST')) as string).toContain('cmd=blpop')
    await redis.rpush('io:q2', 'job')
    expect(await popped).toEqual(['io:q2', 'job'])
    await waiting.quit()
  })

  test('messages reach subscribers', async () => {
    const subscriber = redis.duplicate()
    const message = new Promise(resolve => subscriber.on('message', (channel, text) => resolve([channel, text])))
    await subscriber.subscribe('io:news')
    expect(await redis.publish('io:news', 'hello')).toBe(1)
    expect(await message).toEqual(['io:news', 'hello'])
    await subscriber.quit()
  })

  test('scanStream finds every key', async () => {
    const found = new Set<string>()
    for await (const keys of redis.scanStream({ match: 'io:p:*', count: 50 })) for (const key of keys) found.add(key)
    expect(found.size).toBe(500)
  })
})

describe('node-redis', () => {
  test.each([2, 3] as const)('talks RESP%i', async RESP => {
    const client = createClient({ url: `redis://127.0.0.1:${server.port}`, RESP })
    await client.connect()
    await client.set('nr:a', '1')
    expect(await client.incr('nr:a')).toBe(2)
    await client.hSet('nr:h', { a: '1', b: '2' })
    expect({ ...(await client.hGetAll('nr:h')) }).toEqual({ a: '1', b: '2' })
    await client.zAdd('nr:z', { score: 1.5, value: 'm' })
    expect(await client.zScore('nr:z', 'm')).toBe(1.5)
    expect(await client.multi().set('nr:b', 'x').get('nr:b').exec()).toEqual(['OK', 'x'])
    const subscriber = client.duplicate()
    await subscriber.connect()
    const message = new Promise(resolve => {
      subscriber.subscribe(`nr:news:${RESP}`, text => resolve(text))
    })
    await expect.poll(() => client.publish(`nr:news:${RESP}`, 'hello')).toBe(1)
    expect(await message).toBe('hello')
    await subscriber.close()
    await client.close()
  })
})
