// node-redis as it comes: RESP3 by default, transactions, pools, iterators, client-side caching.

import { createClient, createClientPool, type RedisClientOptions } from 'redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SERVERS, useServer } from '../support/each-server.ts'

describe.each(SERVERS)('node-redis on %s', kind => {
  const server = useServer(kind)
  const url = (): string => `redis://127.0.0.1:${server.port}`

  /** A client that is gone when the test is over, however it ends. */
  async function connect(options: RedisClientOptions = {}) {
    const client = createClient({ url: url(), ...options })
    onTestFinished(() => client.destroy())
    await client.connect()
    return client
  }

  test.each([2, 3] as const)('talks RESP%i', async RESP => {
    const client = createClient({ url: url(), RESP })
    const subscriber = client.duplicate()
    onTestFinished(() => {
      client.destroy()
      subscriber.destroy()
    })
    await client.connect()
    await subscriber.connect()
    await client.set('a', '1')
    expect(await client.incr('a')).toBe(2)
    await client.hSet('h', { a: '1', b: '2' })
    expect({ ...(await client.hGetAll('h')) }).toEqual({ a: '1', b: '2' })
    await client.zAdd('z', [
      { score: 1.5, value: 'm' },
      { score: Number.NEGATIVE_INFINITY, value: 'first' },
    ])
    expect(await client.zScore('z', 'm')).toBe(1.5)
    expect(await client.zRangeWithScores('z', 0, -1)).toEqual([
      { value: 'first', score: Number.NEGATIVE_INFINITY },
      { value: 'm', score: 1.5 },
    ])
    expect(await client.multi().set('b', 'x').get('b').exec()).toEqual(['OK', 'x'])
    expect(await client.sendCommand(['CLIENT', 'INFO'])).toContain(` resp=${RESP}`)
    const message = new Promise(resolve => {
      void subscriber.subscribe('news', text => resolve(text))
    })
    await expect.poll(() => client.publish('news', 'hello')).toBe(1)
    expect(await message).toBe('hello')
  })

  test('speaks RESP3 unless told otherwise', async () => {
    const client = await connect()
    expect(await client.sendCommand(['CLIENT', 'INFO'])).toContain(' resp=3')
  })

  test('a watched key that another changed aborts the transaction', async () => {
    const client = await connect()
    await client.watch('a')
    await server.redis.set('a', 'changed')
    await expect(client.multi().set('a', 'mine').exec()).rejects.toThrow(
      'One (or more) of the watched keys has been changed',
    )
    expect(await client.get('a')).toBe('changed')
  })

  test('iterates over keys, fields and members', async () => {
    const client = await connect()
    for (let i = 0; i < 300; i++) {
      client.set(`k:${i}`, i)
      client.hSet('h', `f${i}`, i)
      client.sAdd('s', `m${i}`)
    }
    await client.zAdd('z', { score: 1, value: 'm' })
    const keys = new Set<string>()
    for await (const batch of client.scanIterator({ MATCH: 'k:*', COUNT: 50 })) for (const key of batch) keys.add(key)
    expect(keys.size).toBe(300)
    const fields = new Map<string, string>()
    for await (const batch of client.hScanIterator('h')) for (const { field, value } of batch) fields.set(field, value)
    expect([fields.size, fields.get('f7')]).toEqual([300, '7'])
    const members = new Set<string>()
    for await (const batch of client.sScanIterator('s')) for (const member of batch) members.add(member)
    expect(members.size).toBe(300)
  })

  test('a pool runs commands at the same time, blocked ones too', async () => {
    const pool = createClientPool({ url: url() }, { minimum: 2, maximum: 5 })
    onTestFinished(() => pool.destroy())
    await pool.connect()
    const popped = pool.blPop('queue', 10)
    await expect.poll(() => server.redis.client('LIST')).toContain('cmd=blpop')
    await pool.rPush('queue', 'job')
    expect(await popped).toEqual({ key: 'queue', element: 'job' })
    await Promise.all(Array.from({ length: 50 }, (_, i) => pool.incrBy('sum', i)))
    expect(await pool.get('sum')).toBe('1225')
  })

  test('shards of channels', async () => {
    const client = await connect()
    const subscriber = await connect()
    const got: string[] = []
    await subscriber.sSubscribe('orders', text => got.push(text))
    expect(await client.sPublish('orders', 'one')).toBe(1)
    await expect.poll(() => got).toEqual(['one'])
  })

  test('keeps what it has read until the server says that it changed', async () => {
    const client = await connect({ clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: 'LRU' } })
    await server.redis.set('a', 'old')
    expect(await client.get('a')).toBe('old')
    const before = await commandCount()
    expect(await client.get('a')).toBe('old')
    expect(await commandCount()).toBe(before)
    await server.redis.set('a', 'new')
    await expect.poll(() => client.get('a')).toBe('new')
  })

  async function commandCount(): Promise<number> {
    return Number(/cmdstat_get:calls=(\d+)/.exec(await server.redis.info('commandstats'))?.[1])
  }

  test('geo, streams, bitfields, HyperLogLog and expiry', async () => {
    const client = await connect()
    await client.geoAdd('g', { longitude: 13.361389, latitude: 38.115556, member: 'Palermo' })
    expect((await client.geoPos('g', 'Palermo'))[0]?.longitude).toBeCloseTo(13.361389, 5)
    expect(await client.geoSearch('g', { longitude: 13, latitude: 38 }, { radius: 100, unit: 'km' })).toEqual([
      'Palermo',
    ])
    await client.xAdd('x', '1-1', { field: 'value' })
    expect(await client.xLen('x')).toBe(1)
    const entries = await client.xRange('x', '-', '+')
    expect({ ...entries?.[0].message }).toEqual({ field: 'value' })
    expect(await client.bitField('b', [{ operation: 'INCRBY', encoding: 'u8', offset: 0, increment: 200 }])).toEqual([
      200,
    ])
    await client.pfAdd('p', ['a', 'b', 'c'])
    expect(await client.pfCount('p')).toBe(3)
    await client.set('t', 'x', { expiration: { type: 'PX', value: 50_000 } })
    expect(await client.pTTL('t')).toBeGreaterThan(10_000)
  })
})
