// A write that is known to be on the disks of a master and of its replica.

import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onBothDisks } from '../../examples/verified-write.ts'
import { SERVERS } from '../support/each-server.ts'
import { startServer, type TestServer } from '../support/server.ts'

const ARGS = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--repl-diskless-sync-delay', '0']

describe.each(SERVERS)('a verified write on %s', kind => {
  const servers: TestServer[] = []
  let master: Redis
  let replica: Redis

  beforeAll(async () => {
    for (let i = 0; i < 2; i++) servers.push(await startServer(kind, { shards: 2, args: ARGS }))
    master = new Redis(servers[0].port)
    replica = new Redis(servers[1].port)
    await replica.call('SLAVEOF', '127.0.0.1', servers[0].port)
  })
  afterAll(async () => {
    master?.disconnect()
    replica?.disconnect()
    for (const server of servers) await server.stop()
  })

  test('is on both disks, and its marker gone', async () => {
    await master.set('greeting', 'hello')
    expect(await onBothDisks(master, replica, 20_000)).toBe(true)
    expect(await replica.get('greeting')).toBe('hello')
    expect(await master.exists('sync:wait')).toBe(0)
  })

  test('markers left by others go after a day, younger ones stay', async () => {
    const now = Date.now() / 1000
    await master.zadd('sync:wait', now - 2 * 86_400, 'old', now - 60, 'young')
    expect(await onBothDisks(master, replica, 20_000)).toBe(true)
    expect(await master.zrange('sync:wait', 0, '-1')).toEqual(['young'])
  })

  test('is not verified by a server that is no replica of the master', async () => {
    await replica.call('SLAVEOF', 'NO', 'ONE')
    await master.set('greeting', 'lost')
    expect(await onBothDisks(master, replica, 100)).toBe(false)
  })
})
