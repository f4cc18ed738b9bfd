// All data replaced while the server runs, and at its start: what clients, the log and the files make of it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RespClient } from '../support/client.ts'
import { launch, startServer, type TestServer } from '../support/server.ts'
import { until } from '../support/until.ts'

const TEST_MS = 180_000
let dir = ''
const servers: TestServer[] = []

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skep-test-replaced-'))
})
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
}, TEST_MS)

async function start(args: readonly string[] = [], shards = 2): Promise<{ server: TestServer; client: RespClient }> {
  const server = await startServer('skep', {
    dir,
    shards,
    args: ['--enable-debug-command', 'yes', '--save', '', ...args],
  })
  servers.push(server)
  return { server, client: await server.connect() }
}

const info = async (client: RespClient, field: string): Promise<string> =>
  new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(String(await client.must('INFO', 'everything')))?.[1] ?? ''

test('DEBUG RELOAD goes with whatever else wants all locks', { timeout: TEST_MS }, async () => {
  const { server, client } = await start(['--loading-process-events-interval-bytes', '1024'])
  await client.must('DEBUG', 'POPULATE', '2000')
  const digest = await client.must('DEBUG', 'DIGEST')
  const others = await Promise.all([0, 1, 2].map(() => server.connect()))
  await client.must('CONFIG', 'SET', 'key-load-delay', '100')
  for (let round = 0; round < 3; round++) {
    const replies = await Promise.all([
      client.must('DEBUG', 'RELOAD'),
      others[0].must('CONFIG', 'SET', 'appendonly', round % 2 === 0 ? 'yes' : 'no'),
      others[1].must('REPLICAOF', '127.0.0.1', '1'),
      others[1].must('REPLICAOF', 'NO', 'ONE'),
      // Refused while one is under way.
      others[2].call('BGREWRITEAOF'),
    ])
    expect(replies.slice(0, 4)).toEqual(['OK', 'OK', 'OK', 'OK'])
    expect(await client.must('DEBUG', 'DIGEST')).toBe(digest)
  }
  await client.must('CONFIG', 'SET', 'key-load-delay', '0')
  await client.must('SET', 'late', '1')
  const settled = await client.must('DEBUG', 'DIGEST')
  // Both in one look: between two of them a rewrite that is scheduled may begin.
  await until('the log has its base', async () => {
    const text = String(await client.must('INFO', 'persistence'))
    return text.includes('aof_rewrite_in_progress:0') && text.includes('aof_rewrite_scheduled:0')
  })
  await client.must('DEBUG', 'LOADAOF')
  expect(await client.must('DEBUG', 'DIGEST')).toBe(settled)
})

test('clients wait for a brief load, and are told of a long one', { timeout: TEST_MS }, async () => {
  const first = await start()
  await first.client.must('DEBUG', 'POPULATE', '200')
  await first.client.must('SAVE')
  await first.server.stop()
  for (const [bytes, expected] of [
    ['2097152', 'value:1'],
    ['1024', { text: 'LOADING Redis is loading the dataset in memory' }],
  ] as const) {
    const args = ['--key-load-delay', '1000', '--loading-process-events-interval-bytes', bytes]
    const server = await launch('skep', { dir, shards: 2, args })
    servers.push(server)
    await server.logged(/Loading DB in memory/, TEST_MS)
    const client = await RespClient.connect({ port: server.port })
    let reply = await client.call('GET', 'key:1')
    if (bytes === '1024') {
      // What waits until it is known how much there is to load is told then.
      expect(reply).toMatchObject(expected as object)
      await server.logged(/Ready to accept/, TEST_MS)
      reply = await client.call('GET', 'key:1')
    }
    expect(reply).toBe('value:1')
    await server.stop('SIGKILL')
  }
})

test('without its working folder the server goes on, and says what it cannot do', { timeout: TEST_MS }, async () => {
  const { server, client } = await start([], 1)
  await client.must('SET', 'k', 'v')
  // Scripts are run by the shard's own thread, which has started then.
  await client.must('EVAL', 'return 1', '0')
  rmSync(dir, { recursive: true })
  await client.call('BGREWRITEAOF')
  await server.logged(/Background AOF rewrite terminated with error/, TEST_MS)
  expect(await client.call('CONFIG', 'SET', 'appendonly', 'yes')).toBeDefined()
  expect(await client.must('GET', 'k')).toBe('v')
  expect(await client.call('SAVE')).toMatchObject({ text: expect.stringMatching(/^ERR/) })
})

test('CONFIG SET appendonly in a transaction schedules the first rewrite', { timeout: TEST_MS }, async () => {
  const { server, client } = await start()
  await client.must('MULTI')
  await client.must('SET', 'k', 'v')
  await client.must('CONFIG', 'SET', 'appendonly', 'yes')
  expect(await client.must('EXEC')).toEqual(['OK', 'OK'])
  await server.logged(/AOF was enabled during a transaction/, TEST_MS)
  await until(
    'the log is on',
    async () =>
      (await info(client, 'aof_base_size')) !== '' &&
      (await info(client, 'aof_rewrite_scheduled')) === '0' &&
      (await info(client, 'aof_rewrite_in_progress')) === '0',
  )
  await client.must('SET', 'after', '1')
  const digest = await client.must('DEBUG', 'DIGEST')
  await server.stop('SIGKILL')
  const again = await start(['--appendonly', 'yes'])
  expect(await again.client.must('DEBUG', 'DIGEST')).toBe(digest)
  expect(Number(await info(again.client, 'total_forks'))).toBe(0)
})

test('after a full copy the log is of the copy, and messages reach who listens at a replica', {
  timeout: TEST_MS,
}, async () => {
  const master = await startServer('skep', { shards: 2, args: ['--enable-debug-command', 'yes'] })
  servers.push(master)
  const at = await master.connect()
  await at.must('DEBUG', 'POPULATE', '500')
  const replica = await start(['--appendonly', 'yes'])
  await replica.client.must('SET', 'old', '1')
  await replica.client.must('REPLICAOF', '127.0.0.1', String(master.port))
  await until('the copy is in', async () => (await info(replica.client, 'master_link_status')) === 'up')
  const listener = await replica.server.connect()
  await listener.must('SUBSCRIBE', 'news')
  await at.must('PUBLISH', 'news', 'hello')
  expect(await listener.next()).toEqual(['message', 'news', 'hello'])
  await at.must('SET', 'new', '1')
  await until('it has come', async () => (await replica.client.must('GET', 'new')) === '1')
  await until(
    'the log has its base',
    async () =>
      (await info(replica.client, 'aof_rewrite_in_progress')) === '0' &&
      (await info(replica.client, 'aof_rewrite_scheduled')) === '0',
  )
  const digest = await at.must('DEBUG', 'DIGEST')
  await replica.server.stop('SIGKILL')
  const again = await start(['--appendonly', 'yes'])
  expect(await again.client.must('DEBUG', 'DIGEST')).toBe(digest)
})
