// Client-side caching over sockets: with one router, where all is at hand, and with several, whose words travel.

import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeCommand, type RespClient } from '../support/client.ts'
import { parseFrame, plain, type Value } from '../support/frame.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { until } from '../support/until.ts'

describe.each([1, 2])('tracking with %i router(s)', routers => {
  let server: TestServer
  let writer: RespClient
  const open: RespClient[] = []

  beforeAll(async () => {
    const args = ['--routers', String(routers), '--enable-debug-command', 'yes']
    server = await startServer('skep', { shards: 2, args, readyMsMax: 60_000 })
  }, 70_000)
  afterAll(async () => {
    await server?.stop()
  })
  beforeEach(async () => {
    for (const client of open.splice(0)) await client.close()
    writer = await on(0)
    await writer.must('CONFIG', 'SET', 'tracking-table-max-keys', 1_000_000)
    // Its word may come to other routers later than its reply: a client there sees whether it has.
    const witness = await on(1)
    await witness.must('CLIENT', 'TRACKING', 'ON')
    await writer.must('FLUSHALL')
    expect(await witness.nextPush()).toEqual(['invalidate', null])
    await witness.must('CLIENT', 'TRACKING', 'OFF')
  })

  /** A client of the router with this index, if there is such a one, else of the first. Ids are dealt out in turn. */
  async function on(router: number, resp = 3): Promise<RespClient> {
    for (;;) {
      const client = await server.connect()
      open.push(client)
      if ((Number(await client.must('CLIENT', 'ID')) - 1) % routers !== router % routers) continue
      await client.must('HELLO', resp)
      return client
    }
  }

  const idOf = async (client: RespClient): Promise<number> => Number(await client.must('CLIENT', 'ID'))
  const info = async (field: string): Promise<number> =>
    Number(new RegExp(`\\r\\n${field}:(\\d+)`).exec(String(await writer.must('INFO')))?.[1])

  test('a client is told once of a key that it has read, whoever changes it', async () => {
    const reader = await on(1)
    await reader.must('CLIENT', 'TRACKING', 'ON')
    await reader.must('MGET', 'a', 'b', 'c')
    expect(await info('tracking_total_keys')).toBe(3)
    await writer.must('SET', 'a', 1)
    expect(await reader.nextPush()).toEqual(['invalidate', ['a']])
    await writer.must('SET', 'a', 2)
    await writer.must('DEL', 'a')
    await writer.must('SET', 'c', 1)
    expect(await reader.nextPush()).toEqual(['invalidate', ['c']])
    expect([await info('tracking_total_keys'), await info('tracking_total_items')]).toEqual([1, 1])
    expect(await info('tracking_clients')).toBe(1)
  })

  test('keys read in a transaction are remembered, those it writes are told of behind its reply', async () => {
    const reader = await on(1)
    await reader.must('CLIENT', 'TRACKING', 'ON')
    await reader.must('MULTI')
    await reader.must('GET', 'a')
    await reader.must('GET', 'b')
    await reader.must('INCR', 'a')
    expect(await reader.must('EXEC')).toEqual([null, null, 1])
    expect(await reader.nextPush()).toEqual(['invalidate', ['a']])
    await writer.must('SET', 'b', 1)
    expect(await reader.nextPush()).toEqual(['invalidate', ['b']])
  })

  test('what expires or is flushed is told of', async () => {
    const reader = await on(1)
    await reader.must('CLIENT', 'TRACKING', 'ON', 'NOLOOP')
    // Again where it was gone before it was read.
    do await reader.must('SET', 'a', 1, 'PX', 50)
    while ((await reader.must('GET', 'a')) === null)
    expect(await reader.nextPush()).toEqual(['invalidate', ['a']])
    await reader.must('GET', 'b')
    await writer.must('FLUSHDB')
    expect(await reader.nextPush()).toEqual(['invalidate', null])
    expect(await info('tracking_total_keys')).toBe(0)
  })

  test('OPTIN and OPTOUT hold for one command, and for a whole transaction', async () => {
    const reader = await on(1)
    await reader.must('CLIENT', 'TRACKING', 'ON', 'OPTIN')
    await reader.must('GET', 'none')
    await reader.must('CLIENT', 'CACHING', 'YES')
    await reader.must('GET', 'a')
    await reader.must('GET', 'none')
    await reader.must('CLIENT', 'CACHING', 'YES')
    await reader.must('MULTI')
    await reader.must('GET', 'b')
    await reader.must('GET', 'c')
    await reader.must('EXEC')
    await reader.must('GET', 'none')
    for (const key of ['none', 'a', 'b', 'c']) await writer.must('SET', key, 1)
    for (const key of ['a', 'b', 'c']) expect(await reader.nextPush()).toEqual(['invalidate', [key]])
    await reader.must('CLIENT', 'TRACKING', 'OFF')
    await reader.must('CLIENT', 'TRACKING', 'ON', 'OPTOUT')
    await reader.must('CLIENT', 'CACHING', 'NO')
    await reader.must('GET', 'none')
    await reader.must('GET', 'a')
    for (const key of ['none', 'a']) await writer.must('SET', key, 2)
    expect(await reader.nextPush()).toEqual(['invalidate', ['a']])
  })

  test('NOLOOP keeps a client’s own changes from it', async () => {
    const reader = await on(1)
    await reader.must('CLIENT', 'TRACKING', 'ON', 'NOLOOP')
    await reader.must('MGET', 'a', 'b')
    await reader.must('SET', 'a', 1)
    await writer.must('SET', 'b', 1)
    expect(await reader.nextPush()).toEqual(['invalidate', ['b']])
  })

  test('broadcasts tell of all keys with a prefix, together, without what the client did itself', async () => {
    const all = await on(0)
    const some = await on(1)
    await all.must('CLIENT', 'TRACKING', 'ON', 'BCAST')
    await some.must('CLIENT', 'TRACKING', 'ON', 'BCAST', 'NOLOOP', 'PREFIX', 'a:', 'PREFIX', 'b:')
    expect([await info('tracking_total_prefixes'), await info('tracking_clients')]).toEqual([3, 2])
    await some.must('SET', 'a:own', 1)
    expect(await all.nextPush()).toEqual(['invalidate', ['a:own']])
    await writer.must('MSET', '{a:1}', 1, 'a:{a:1}', 1, 'a:2{a:1}', 1, 'c:{a:1}', 1)
    const [, keys] = (await some.nextPush()) as [string, string[]]
    expect(keys.sort()).toEqual(['a:2{a:1}', 'a:{a:1}'])
    const [, every] = (await all.nextPush()) as [string, string[]]
    expect(every.sort()).toEqual(['a:2{a:1}', 'a:{a:1}', 'c:{a:1}', '{a:1}'])
    await some.must('CLIENT', 'TRACKING', 'OFF')
    await all.must('CLIENT', 'TRACKING', 'OFF')
    expect([await info('tracking_total_prefixes'), await info('tracking_clients')]).toEqual([0, 0])
  })

  test('invalidations are redirected to subscribers in RESP2, and a lost one is reported', async () => {
    const listener = await on(0, 2)
    const reader = await on(1)
    const id = await idOf(listener)
    await listener.must('SUBSCRIBE', '__redis__:invalidate')
    await reader.must('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id)
    await reader.must('MGET', 'a', 'b', 'c')
    await writer.must('SET', 'a', 1)
    expect(await listener.next()).toEqual(['message', '__redis__:invalidate', ['a']])
    await writer.must('FLUSHALL')
    expect(await listener.next()).toEqual(['message', '__redis__:invalidate', null])
    await reader.must('GET', 'b')
    await listener.close()
    await until('it is gone', async () => !String(await writer.must('CLIENT', 'LIST')).includes(`id=${id} `))
    await writer.must('SET', 'b', 1)
    expect(await reader.nextPush()).toEqual(['tracking-redir-broken', id])
    const about = (await reader.must('CLIENT', 'TRACKINGINFO')) as ReadonlyMap<string, Value>
    expect([about.get('flags'), about.get('redirect')]).toEqual([new Set(['on', 'broken_redirect']), id])
  })

  test('keys beyond tracking-table-max-keys are given up, and their clients told', async () => {
    const reader = await on(1)
    await reader.must('CLIENT', 'TRACKING', 'ON')
    const names = Array.from({ length: 250 }, (_, i) => `key:${i}`)
    await reader.must('MGET', ...names)
    expect(await info('tracking_total_keys')).toBe(250)
    await writer.must('CONFIG', 'SET', 'tracking-table-max-keys', 10)
    const told = new Set<string>()
    for (let i = 0; i < 240; i++) told.add(String(((await reader.nextPush()) as [string, string[]])[1][0]))
    expect(told.size).toBe(240)
    expect(await info('tracking_total_keys')).toBe(10)
  })

  test('what is evicted is told of before the reply of the command that needed the room', async () => {
    const reader = await on(1)
    await reader.must('CLIENT', 'TRACKING', 'ON')
    await reader.must('SET', 'victim', 1, 'EX', 1000)
    await reader.must('GET', 'victim')
    await writer.must('CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl')
    await writer.must('CONFIG', 'SET', 'maxmemory', 1)
    expect(await reader.nextPush()).toEqual(['invalidate', ['victim']])
    await writer.must('CONFIG', 'SET', 'maxmemory', 0)
  })

  // Every client keeps a cache as libraries do, from what comes and in the order it comes, and never asks for a key twice.
  test('no cache keeps an old value', async () => {
    const seed = chooseSeed()
    const random = randomFrom(seed)
    const keys = Array.from({ length: 40 }, (_, i) => `k:${i}`)
    const caches = await Promise.all(Array.from({ length: 4 }, () => Cache.open(server.port)))
    const writers = await Promise.all([on(0), on(1), on(0)])
    let version = 0
    const written: Promise<void>[] = []
    for (let round = 0; round < 150; round++) {
      const sent = writers.map(async (client, i) => {
        const key = random.pick(keys)
        version++
        if (i === 0) await client.must('MSET', key, version, random.pick(keys), version)
        else if (random.chance(0.2)) await client.must('DEL', key)
        else await client.must('SET', key, version)
      })
      for (const cache of caches) for (let i = 0; i < 12; i++) cache.read(random.pick(keys), random.chance(0.2))
      written.push(...sent)
      if (random.chance(0.3)) await Promise.all(sent)
    }
    // What the other writers have sent may not have run yet.
    await Promise.all(written)
    const values = (await writers[0].must('MGET', ...keys)) as Value[]
    const wrong = (): string[] =>
      caches.flatMap(({ held }) => keys.filter((key, i) => held.has(key) && held.get(key) !== values[i]))
    await until('all is answered', () => !caches.some(cache => cache.isWaiting))
    await until(`no cache is wrong (SKEP_SEED=${seed})`, () => wrong().length === 0).catch(error => {
      throw new Error(`${error.message}: ${wrong()}`)
    })
    expect(caches.reduce((sum, { told }) => sum + told, 0)).toBeGreaterThan(100)
    for (const cache of caches) cache.close()
  }, 60_000)
})

/** A client with a cache, fed by what comes over its socket in the order it comes. */
class Cache {
  readonly held = new Map<string, Value>()
  /** Invalidations so far. */
  told = 0
  readonly #asked: (readonly string[])[] = []
  readonly #socket
  #bytes = Buffer.alloc(0)

  private constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.setNoDelay(true)
    this.#socket.on('data', (data: Buffer) => this.#received(data))
    this.#asked.push([], [])
    this.#socket.write(Buffer.concat([encodeCommand(['HELLO', 3]), encodeCommand(['CLIENT', 'TRACKING', 'ON'])]))
  }

  static async open(port: number): Promise<Cache> {
    const cache = new Cache(port)
    await until('it is greeted', () => !cache.isWaiting)
    return cache
  }

  get isWaiting(): boolean {
    return this.#asked.length > 0
  }

  /** Asks for a key unless it is there already; with `inBulk` by a command that is mailed to the shard's owner. */
  read(key: string, inBulk: boolean): void {
    if (this.held.has(key)) return
    // A long argument keeps the command from running in passing.
    const names = inBulk ? [key, `${'x'.repeat(70_000)}{${key}}`] : [key]
    this.#asked.push(names)
    this.#socket.write(encodeCommand(['MGET', ...names]))
  }

  #received(data: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, data])
    let at = 0
    for (let frame = parseFrame(this.#bytes, at); frame !== undefined; frame = parseFrame(this.#bytes, at)) {
      at += frame.raw.length
      const value = plain(frame) as Value[]
      if (frame.type === '>') {
        this.told++
        for (const key of value[1] as string[]) this.held.delete(key)
      } else {
        const names = this.#asked.shift() ?? []
        if (names.length > 0) this.held.set(names[0], value[0])
      }
    }
    this.#bytes = this.#bytes.subarray(at)
  }

  close(): void {
    this.#socket.destroy()
  }
}
