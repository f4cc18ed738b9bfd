// CONFIG SET with names that lack a value: refused before anything is set, in redis-server's words.

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RespClient } from '../../support/client.ts'
import { redisVersion, startServer, type TestServer } from '../../support/server.ts'

const kinds = redisVersion() === undefined ? (['skep'] as const) : (['skep', 'redis'] as const)
const servers: TestServer[] = []

beforeAll(async () => {
  for (const kind of kinds) servers.push(await startServer(kind))
}, 120_000)

afterAll(async () => {
  for (const server of servers) await server.stop()
}, 60_000)

test.each([
  [['hz'], "ERR wrong number of arguments for 'config|set' command"],
  [['hz', '17', 'timeout'], 'ERR syntax error'],
  [['hz', '17', 'timeout', '1', 'no-such'], 'ERR syntax error'],
])('CONFIG SET %j', async (words, text) => {
  for (const server of servers) {
    const client: RespClient = await server.connect()
    expect(await client.call('CONFIG', 'SET', ...words), server.kind).toMatchObject({ text })
    expect(await client.call('CONFIG', 'GET', 'hz'), server.kind).toEqual(['hz', '10'])
    await client.close()
  }
})
