import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RespClient } from '../support/client.ts'
import { until } from '../support/until.ts'
import { type HttpTestServer, startWithHttp } from './gateway.ts'

let http: HttpTestServer
let client: RespClient

beforeAll(async () => {
  http = await startWithHttp()
  client = await http.server.connect()
})

afterAll(async () => {
  await client?.close()
  await http?.server.stop()
})

/** The samples of a scrape, by name and labels. */
async function scrape({ url } = http): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    expect(line).toMatch(/^[a-z_]+(?:\{[a-z]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})? (?:-?\d[\d.e+-]*|Nan|[+-]Inf)$/)
    const blank = line.lastIndexOf(' ')
    samples.set(line.slice(0, blank), Number(line.slice(blank + 1)))
  }
  return samples
}

describe('/metrics', () => {
  test('counts commands, hits, keys and memory', async () => {
    await client.call('FLUSHALL')
    await client.call('CONFIG', 'RESETSTAT')
    for (let i = 0; i < 20; i++) await client.call('SET', `key:${i}`, 'x')
    for (let i = 0; i < 10; i++) await client.call('GET', `key:${2 * i + 1}`)
    await client.call('GET', 'none')
    await client.call('SET', 'volatile', 'x', 'EX', 1000)
    await client.call('LPUSH', 'volatile', 'x')
    const samples = await scrape()
    expect(Object.fromEntries(samples)).toMatchObject({
      'redis_commands_total{cmd="set"}': 21,
      'redis_commands_total{cmd="get"}': 11,
      'redis_commands_failed_calls_total{cmd="lpush"}': 1,
      'redis_errors_total{err="WRONGTYPE"}': 1,
      redis_keyspace_hits_total: 10,
      redis_keyspace_misses_total: 1,
      'redis_db_keys{db="db0"}': 21,
      'redis_db_keys_expiring{db="db0"}': 1,
      redis_rdb_last_bgsave_status: 1,
      redis_aof_enabled: 0,
      redis_connected_slaves: 0,
    })
    expect(samples.get('redis_memory_used_bytes')).toBeGreaterThan(1000)
    const shards = ['0', '1'].map(shard => samples.get(`skep_shard_keys{shard="${shard}"}`) ?? 0)
    expect(shards[0] + shards[1]).toBe(21)
    // What does not apply here is not told as 0: a master has no link to a master.
    expect(samples.has('redis_master_link_up')).toBe(false)
  })

  test('has a histogram for each command, whose buckets grow up to the count', async () => {
    await client.call('CONFIG', 'RESETSTAT')
    for (let i = 0; i < 30; i++) await client.call('GET', 'none')
    const samples = await scrape()
    const name = 'redis_commands_latencies_seconds'
    const buckets = [...samples]
      .filter(([key]) => key.startsWith(`${name}_bucket{cmd="get",`))
      .map(([, value]) => value)
    expect(buckets.length).toBeGreaterThan(10)
    expect(buckets).toEqual([...buckets].sort((a, b) => a - b))
    expect(buckets.at(-1)).toBe(30)
    expect(samples.get(`${name}_count{cmd="get"}`)).toBe(30)
    expect(samples.get(`${name}_sum{cmd="get"}`)).toBeGreaterThan(0)
  })
})

test('health, metrics and status are told while every shard is busy', async () => {
  for (const key of ['a', 'b', 'c', 'd']) {
    for (let i = 0; i < 100; i++) {
      await client.call('SADD', key, ...Array.from({ length: 1000 }, (_, j) => `${key}:${1000 * i + j}`))
    }
  }
  const others = await Promise.all([http.server.connect(), http.server.connect()])
  let unions = 0
  let isOver = false
  // Over the keys of both shards: their locks are all held by one owner, for one of the two after the other.
  const work = Promise.all(
    others.map(async other => {
      for (; !isOver; unions++) await other.call('SUNIONSTORE', 'all', 'a', 'b', 'c', 'd')
    }),
  )
  // Whoever waited for a shard would not be answered before a union of 400,000 members is over.
  let amidUnion = 0
  for (let i = 0; amidUnion < 4; i++) {
    expect(i, 'answers come between unions only').toBeLessThan(100)
    const before = unions
    expect(await http.ask('/health')).toMatchObject({ status: 200, json: { status: 'ok' } })
    expect((await fetch(`${http.url}/metrics`)).status).toBe(200)
    expect(await http.ask('/status.json')).toMatchObject({ status: 200 })
    if (unions === before) amidUnion++
  }
  isOver = true
  await work
  for (const other of others) await other.close()
})

describe('/health', () => {
  test('is 503 while a replica may not serve what it has', async () => {
    const args = ['--replicaof', '127.0.0.1 1', '--replica-serve-stale-data', 'no']
    const replica = await startWithHttp({ shards: 1, args })
    try {
      expect(await replica.ask('/health')).toMatchObject({
        status: 503,
        json: { status: 'unavailable', reason: expect.stringContaining('master') },
      })
      const other = await replica.server.connect()
      await other.call('CONFIG', 'SET', 'replica-serve-stale-data', 'yes')
      expect(await replica.ask('/health')).toMatchObject({ status: 200 })
      expect((await scrape(replica)).get('redis_master_link_up')).toBe(0)
      await other.close()
    } finally {
      await replica.server.stop()
    }
  })

  test('is 503 once a snapshot has failed and writes are refused', async () => {
    const other = await startWithHttp({ shards: 1, args: ['--save', '1000 1'] })
    try {
      const writer = await other.server.connect()
      await writer.call('SET', 'a', 1)
      // All threads have started once a snapshot has been taken: none could in a folder that is gone.
      expect(await writer.call('SAVE')).toBe('OK')
      await writer.call('SET', 'a', 2)
      await rm(other.server.dir, { recursive: true, force: true })
      await writer.call('BGSAVE')
      await until('it is unwell', async () => (await other.ask('/health')).status !== 200)
      expect(await other.ask('/health')).toMatchObject({
        status: 503,
        json: { reason: expect.stringContaining('snapshot') },
      })
      expect(await other.ask('/set/a/2')).toMatchObject({
        status: 400,
        json: { error: expect.stringMatching(/^MISCONF/) },
      })
      await writer.close()
    } finally {
      await other.server.stop('SIGKILL')
    }
  })
})

test('/status.json has what the page shows', async () => {
  const { json } = await http.ask('/status.json')
  expect(json).toMatchObject({
    at: expect.any(Number),
    info: { role: 'master', skep_version: expect.any(String), used_memory: expect.stringMatching(/^\d+$/) },
    shards: [{ keys: expect.any(Number) }, { keys: expect.any(Number) }],
    replicas: [],
  })
  const { latency } = json as { latency: [number, number][] }
  expect(latency.length).toBeGreaterThan(10)
  expect(latency.map(([limit]) => limit)).toEqual([...latency.map(([limit]) => limit)].sort((a, b) => a - b))
})
