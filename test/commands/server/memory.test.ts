// MEMORY's subcommands about the whole server: the same names as redis-server's, with figures that fit together.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RespClient } from '../../support/client.ts'
import { SERVERS } from '../../support/each-server.ts'
import { startServer, type TestServer } from '../../support/server.ts'

const TABLES = ['overhead.hashtable.main', 'overhead.hashtable.expires', 'overhead.hashtable.slot-to-keys']

describe.each(SERVERS)('MEMORY on %s', kind => {
  let server: TestServer
  let client: RespClient
  beforeAll(async () => {
    server = await startServer(kind, { shards: 2 })
    client = await server.connect()
    for (let i = 0; i < 100; i++) await client.must('SET', `key:${i}`, 'x'.repeat(1000), 'EX', 1000)
    await client.must('SELECT', 3)
    await client.must('SET', 'elsewhere', 1)
  })
  afterAll(async () => {
    await client?.close()
    await server?.stop()
  })

  test('STATS tells what memory is used for, each database apart', async () => {
    const flat = (await client.must('MEMORY', 'STATS')) as unknown[]
    const stats = new Map(flat.flatMap((name, i) => (i % 2 === 0 ? [[String(name), flat[i + 1]] as const] : [])))
    const number = (name: string): number => Number(stats.get(name))
    expect([...stats.keys()]).toEqual([
      ...['peak.allocated', 'total.allocated', 'startup.allocated', 'replication.backlog', 'clients.slaves'],
      ...['clients.normal', 'cluster.links', 'aof.buffer', 'lua.caches', 'functions.caches', 'db.0', 'db.3'],
      ...['overhead.total', 'keys.count', 'keys.bytes-per-key', 'dataset.bytes', 'dataset.percentage'],
      ...['peak.percentage', 'allocator.allocated', 'allocator.active', 'allocator.resident'],
      ...['allocator-fragmentation.ratio', 'allocator-fragmentation.bytes', 'allocator-rss.ratio'],
      ...['allocator-rss.bytes', 'rss-overhead.ratio', 'rss-overhead.bytes', 'fragmentation', 'fragmentation.bytes'],
    ])
    const tables = stats.get('db.0') as unknown[]
    expect(tables.filter((_, i) => i % 2 === 0)).toEqual(TABLES)
    for (const at of [1, 3]) expect(Number(tables[at])).toBeGreaterThan(0)
    expect(number('keys.count')).toBe(101)
    expect(number('dataset.bytes')).toBe(number('total.allocated') - number('overhead.total'))
    expect(number('dataset.bytes')).toBeGreaterThan(100 * 1000)
    expect(number('keys.bytes-per-key')).toBeGreaterThan(1000)
    expect(number('peak.allocated')).toBeGreaterThanOrEqual(number('total.allocated'))
  })

  test('DOCTOR has nothing to say of little data', async () => {
    expect(await client.must('MEMORY', 'DOCTOR')).toContain('this instance is empty or is using very little memory')
  })
})
