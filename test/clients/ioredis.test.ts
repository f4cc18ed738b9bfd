// ioredis as it comes: RESP3 by default, its own kinds of pipelines, transactions, streams of keys and subscriptions.

import { Redis } from 'ioredis'
import { beforeEach, describe, expect, test } from 'vitest'
import { SERVERS, useServer } from '../support/each-server.ts'

describe.each(SERVERS)('ioredis on %s', kind => {
  const server = useServer(kind)
  let redis: Redis

  beforeEach(() => {
    redis = server.redis
  })

  test('speaks RESP3 unless told otherwise', async () => {
    expect(await redis.client('INFO')).toContain(' resp=3')
    const older = new Redis(server.port, { protocol: 2 })
    expect(await older.client('INFO')).toContain(' resp=2')
    expect(await older.zadd('z', '1.5', 'm')).toBe(1)
    expect(await older.zscore('z', 'm')).toBe('1.5')
    await older.quit()
  })

  test('shows maps and doubles as such when asked to', async () => {
    const mapped = new Redis(server.port, { replyMapping: 'resp3' })
    await mapped.zadd('z', '1.5', 'm', '2', 'n')
    expect(await mapped.zscore('z', 'm')).toBe(1.5)
    expect(await mapped.zrange('z', '0', '-1', 'WITHSCORES')).toEqual([
      ['m', 1.5],
      ['n', 2],
    ])
    expect(await mapped.config('GET', 'maxmemory')).toEqual({ maxmemory: '0' })
    await mapped.xadd('x', '1-1', 'field', 'value')
    expect(await mapped.xread('COUNT', 1, 'STREAMS', 'x', '0')).toEqual({ x: [['1-1', ['field', 'value']]] })
    await mapped.quit()
  })

  test('names itself, selects a database and prefixes keys when it connects', async () => {
    const other = new Redis(server.port, { connectionName: 'worker-7', db: 3, keyPrefix: 'shop:' })
    await other.set('item', 'honey')
    expect(await other.client('GETNAME')).toBe('worker-7')
    expect(await redis.client('LIST')).toMatch(/name=worker-7 .* db=3 /)
    expect(await redis.get('shop:item')).toBe(null)
    await redis.select(3)
    expect(await redis.get('shop:item')).toBe('honey')
    await redis.select(0)
    await other.quit()
  })

  test('sets, gets and expires', async () => {
    expect(await redis.set('a', 'x', 'EX', 100)).toBe('OK')
    expect(await redis.get('a')).toBe('x')
    expect(await redis.ttl('a')).toBeGreaterThan(90)
    expect(await redis.set('a', 'y', 'NX')).toBe(null)
    expect(await redis.set('a', 'y', 'GET')).toBe('x')
  })

  test('keeps bytes as they are', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    await redis.set(bytes, bytes)
    expect(await redis.getBuffer(bytes)).toEqual(bytes)
    await redis.hset('h', bytes, bytes)
    expect(Object.values(await redis.hgetallBuffer('h'))).toEqual([bytes])
  })

  test('pipelines over several shards come back in order', async () => {
    const pipeline = redis.pipeline()
    for (let i = 0; i < 500; i++) pipeline.set(`p:${i}`, String(i))
    for (let i = 0; i < 500; i++) pipeline.get(`p:${i}`)
    const replies = (await pipeline.exec()) ?? []
    expect(replies.slice(500).map(([, value]) => value)).toEqual(Array.from({ length: 500 }, (_, i) => String(i)))
  })

  test('an error in a pipeline is that command’s alone', async () => {
    const replies = (await redis.pipeline().set('a', 'x').incr('a').get('a').exec()) ?? []
    expect(replies[1][0]?.message).toBe('ERR value is not an integer or out of range')
    expect(replies[2]).toEqual([null, 'x'])
  })

  test('commands of one turn become one pipeline', async () => {
    const automatic = new Redis(server.port, { enableAutoPipelining: true })
    const written = await Promise.all(Array.from({ length: 300 }, (_, i) => automatic.set(`auto:${i}`, i)))
    expect(written.every(reply => reply === 'OK')).toBe(true)
    const read = await Promise.all(Array.from({ length: 300 }, (_, i) => automatic.get(`auto:${i}`)))
    expect(read).toEqual(Array.from({ length: 300 }, (_, i) => String(i)))
    await automatic.quit()
  })

  test('a transaction over several shards is one', async () => {
    const replies = await redis.multi().set('t1', '1').incr('t2').mget('t1', 't2').exec()
    expect(replies?.map(([, value]) => value)).toEqual(['OK', 1, ['1', '1']])
  })

  test('a transaction sent command by command, and one that is discarded', async () => {
    await redis.multi({ pipeline: false })
    expect(await redis.set('a', '1')).toBe('QUEUED')
    expect(await redis.discard()).toBe('OK')
    expect(await redis.get('a')).toBe(null)
    await expect(
      redis
        .multi([
          ['set', 'a'],
          ['set', 'b', '1'],
        ])
        .exec(),
    ).rejects.toThrow('EXECABORT')
  })

  test('a watched key that another changed aborts the transaction', async () => {
    const other = redis.duplicate()
    await redis.watch('balance')
    await other.set('balance', '5')
    expect(await redis.multi().set('balance', '10').exec()).toBe(null)
    await redis.watch('balance')
    expect(await redis.multi().set('balance', '10').exec()).toEqual([[null, 'OK']])
    await other.quit()
  })

  test('hashes, sets, sorted sets, lists and streams', async () => {
    await redis.hset('h', { name: 'skep', kind: 'hive' })
    expect(await redis.hgetall('h')).toEqual({ name: 'skep', kind: 'hive' })
    await redis.hset('h', new Map([['age', '1']]))
    expect(await redis.hmget('h', 'age', 'none')).toEqual(['1', null])
    await redis.zadd('z', '2', 'b', '1', 'a')
    expect(await redis.zrange('z', '0', '-1', 'WITHSCORES')).toEqual(['a', '1', 'b', '2'])
    await redis.sadd('s', 'm')
    expect(await redis.smembers('s')).toEqual(['m'])
    await redis.rpush('l', 'first', 'second')
    expect(await redis.lrange('l', 0, -1)).toEqual(['first', 'second'])
    const id = await redis.xadd('x', '*', 'field', 'value')
    expect(await redis.xrange('x', '-', '+')).toEqual([[id, ['field', 'value']]])
  })

  test('consumers of a group share a stream', async () => {
    await redis.xgroup('CREATE', 'x', 'workers', '$', 'MKSTREAM')
    for (let i = 0; i < 4; i++) await redis.xadd('x', `${i + 1}-0`, 'job', String(i))
    const read = (consumer: string) =>
      redis.xreadgroup('GROUP', 'workers', consumer, 'COUNT', 2, 'STREAMS', 'x', '>') as Promise<unknown>
    expect(await read('ada')).toEqual([
      [
        'x',
        [
          ['1-0', ['job', '0']],
          ['2-0', ['job', '1']],
        ],
      ],
    ])
    expect(JSON.stringify(await read('ben'))).toContain('3-0')
    expect(await redis.xack('x', 'workers', '1-0', '2-0')).toBe(2)
    expect(await redis.xpending('x', 'workers')).toEqual([2, '3-0', '4-0', [['ben', '2']]])
  })

  test('a blocked client is woken by another', async () => {
    const waiting = redis.duplicate()
    const popped = waiting.blpop('q1', 'q2', 10)
    await expect.poll(async () => (await redis.client('LIST')) as string).toContain('cmd=blpop')
    await redis.rpush('q2', 'job')
    expect(await popped).toEqual(['q2', 'job'])
    await waiting.quit()
  })

  test('messages reach subscribers to channels and to patterns', async () => {
    const subscriber = redis.duplicate()
    const messages: string[][] = []
    subscriber.on('message', (...words: string[]) => messages.push(words))
    subscriber.on('pmessage', (...words: string[]) => messages.push(words))
    expect(await subscriber.subscribe('news', 'sport')).toBe(2)
    expect(await subscriber.psubscribe('n*')).toBe(3)
    expect(await redis.publish('news', 'hello')).toBe(2)
    await expect.poll(() => messages.length).toBe(2)
    expect(messages).toEqual([
      ['news', 'hello'],
      ['n*', 'news', 'hello'],
    ])
    expect(await subscriber.unsubscribe('news')).toBe(2)
    expect(await redis.pubsub('NUMSUB', 'news', 'sport')).toEqual(['news', 0, 'sport', 1])
    await subscriber.quit()
  })

  test('a subscriber in RESP3 may send other commands', async () => {
    const subscriber = redis.duplicate()
    const got = new Promise(resolve => subscriber.on('message', (_, text) => resolve(text)))
    await subscriber.subscribe('news')
    await redis.set('a', 'x')
    expect(await subscriber.call('GET', 'a')).toBe('x')
    await redis.publish('news', 'still there')
    expect(await got).toBe('still there')
    await subscriber.quit()
  })

  test('scanStream finds every key', async () => {
    const pipeline = redis.pipeline()
    for (let i = 0; i < 500; i++) pipeline.set(`p:${i}`, i)
    await pipeline.exec()
    const found = new Set<string>()
    for await (const keys of redis.scanStream({ match: 'p:*', count: 50 })) for (const key of keys) found.add(key)
    expect(found.size).toBe(500)
  })

  test('monitors what others send', async () => {
    const monitor = await redis.monitor()
    const seen: string[][] = []
    monitor.on('monitor', (_, args: string[]) => seen.push(args))
    await redis.set('a', 'x')
    await expect.poll(() => seen).toContainEqual(['set', 'a', 'x'])
    monitor.disconnect()
  })

  test('asks which keys a command would touch', async () => {
    expect(await redis.command('GETKEYS', 'MSET', 'a', '1', 'b', '2')).toEqual(['a', 'b'])
    const [get, none] = (await redis.command('INFO', 'get', 'no-such-command')) as [unknown[], null]
    expect(get.slice(0, 6)).toEqual(['get', 2, ['readonly', 'fast'], 1, 1, 1])
    expect(none).toBe(null)
  })

  test('commands of one’s own are scripts, with keys on any shards', async () => {
    const own = redis.duplicate()
    own.defineCommand('move', {
      numberOfKeys: 2,
      lua: `local left = redis.call('DECRBY', KEYS[1], ARGV[1])
            if left < 0 then
              redis.call('INCRBY', KEYS[1], ARGV[1])
              return redis.error_reply('POOR not enough')
            end
            return {left, redis.call('INCRBY', KEYS[2], ARGV[1])}`,
    })
    const { move } = own as unknown as { move(from: string, to: string, amount: number): Promise<number[]> }
    await redis.mset('from', 10, 'to', 1)
    expect(await move.call(own, 'from', 'to', 7)).toEqual([3, 8])
    await expect(move.call(own, 'from', 'to', 7)).rejects.toThrow('POOR not enough')
    expect(await redis.mget('from', 'to')).toEqual(['3', '8'])
    await own.quit()
  })

  test('comes back by itself when its connection is cut, subscriptions and all', async () => {
    const subscriber = new Redis(server.port)
    const got: string[] = []
    subscriber.on('message', (_, text) => got.push(text))
    await subscriber.subscribe('news')
    expect(await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(1)
    await expect.poll(() => redis.pubsub('NUMSUB', 'news'), { timeout: 5000 }).toEqual(['news', 1])
    await redis.publish('news', 'again')
    await expect.poll(() => got).toEqual(['again'])
    subscriber.disconnect()
  })
})
