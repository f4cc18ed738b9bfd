// Counting log lines while the server is killed: whatever the moment, nothing is counted twice or lost.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aggregate, connectForLogs, writeLogs } from '../../examples/log-aggregation.ts'
import { SERVERS } from '../support/each-server.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'

const FILES = 4
const LINES = 5000

const BATCH = 1000
/** Four servers are started one after the other; a busy machine takes its time for each. */
const TEST_MS_MAX = 180_000

/** How many lines have been counted, by what the server says. */
async function counted(redis: Redis): Promise<number> {
  return (await redis.hvals('hits:status')).reduce((sum, count) => sum + Number(count), 0)
}

describe.each(SERVERS)('log aggregation on %s', kind => {
  let dir: string
  let port: number
  const start = (): Promise<TestServer> => startServer(kind, { port, dir, shards: 3, args: ['--appendonly', 'yes'] })

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'skep-logs-'))
    port = await freePort()
    await writeLogs(dir, FILES, LINES)
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  test('a server killed three times in the middle neither loses nor repeats a line', {
    timeout: TEST_MS_MAX,
  }, async () => {
    let acknowledged = 0
    for (const batches of [3, 1, 7]) {
      const server = await start()
      const redis = connectForLogs(port)
      const before = await counted(redis)
      // The batch that was under way when the server was killed may have been counted or not.
      expect([0, BATCH]).toContain(before - acknowledged)
      acknowledged = before
      let done = 0
      const counting = aggregate(redis, dir, () => {
        acknowledged += BATCH
        if (++done === batches) server.process.kill('SIGKILL')
      })
      await expect(counting).rejects.toThrow()
      redis.disconnect()
      await server.ended
    }

    const server = await start()
    const redis = connectForLogs(port)
    await aggregate(redis, dir)
    const all = FILES * LINES
    const right = { 404: String(all / 10), 200: String(all - all / 10) }
    expect(await redis.hgetall('hits:status')).toEqual(right)
    const paths = await redis.zrange('hits:path', 0, '-1', 'WITHSCORES')
    expect(paths.filter((_, i) => i % 2 === 1)).toEqual(Array(100).fill(String(all / 100)))
    // A second look finds nothing new.
    await aggregate(redis, dir)
    expect(await redis.hgetall('hits:status')).toEqual(right)
    redis.disconnect()
    await server.stop()
  })
})
