// Clients that wait and transactions, over sockets: what only whole servers with several routers and shards show.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RespClient } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { until } from '../support/until.ts'

let server: TestServer
let client: RespClient

beforeAll(async () => {
  server = await startServer('skep', { shards: 3, args: ['--routers', '2'], readyMsMax: 60_000 })
  client = await server.connect()
}, 70_000)
afterAll(async () => {
  await client?.close()
  await server?.stop()
})
beforeEach(async () => {
  await client.must('FLUSHALL')
})

/** Waits until so many clients wait. */
const waiting = (count: number): Promise<void> =>
  until(`${count} clients wait`, async () =>
    String(await client.must('INFO', 'clients')).includes(`blocked_clients:${count}\r\n`),
  )

test('clients that hang up while they wait take nothing', async () => {
  const others = await Promise.all(Array.from({ length: 10 }, () => server.connect()))
  for (const [i, other] of others.entries()) {
    if (i % 2 === 0) other.send('BLPOP', 'queue', 'second', 'third', '0')
    else other.send('BLMOVE', 'queue', `target:${i}`, 'LEFT', 'LEFT', '0')
  }
  await waiting(10)
  for (const other of others) await other.close()
  await waiting(0)
  await client.must('RPUSH', 'queue', ...others.map((_, i) => i))
  expect(await client.must('LLEN', 'queue')).toBe(10)
  expect(await client.must('DBSIZE')).toBe(1)
})

test('clients of both routers are served in the order they came', async () => {
  const others = await Promise.all(Array.from({ length: 8 }, () => server.connect()))
  for (const [i, other] of others.entries()) {
    other.send('BLPOP', 'queue', '0')
    await waiting(i + 1)
  }
  await client.must('RPUSH', 'queue', ...others.map((_, i) => i))
  expect(await Promise.all(others.map(other => other.next()))).toEqual(others.map((_, i) => ['queue', String(i)]))
  for (const other of others) await other.close()
})

test('commands sent behind one that waits follow its reply', async () => {
  const other = await server.connect()
  other.send('SET', 'before', '1')
  other.send('BLPOP', 'queue', 'x', 'y', '0')
  other.send('INCR', 'before')
  await waiting(1)
  expect(await client.must('GET', 'before')).toBe('1')
  await client.must('RPUSH', 'x', 'a', 'b')
  expect([await other.next(), await other.next(), await other.next()]).toEqual(['OK', ['x', 'a'], 2])
  expect(await client.must('LRANGE', 'x', '0', '-1')).toEqual(['b'])
  await other.close()
})

test('CLIENT UNBLOCK ends a wait, from any router', async () => {
  const others = await Promise.all(Array.from({ length: 4 }, () => server.connect()))
  for (const [i, other] of others.entries()) {
    const id = String(await other.must('CLIENT', 'ID'))
    other.send('BZPOPMIN', 'set', '0')
    await waiting(1)
    expect(await client.must('CLIENT', 'UNBLOCK', id, i % 2 === 0 ? 'ERROR' : 'TIMEOUT')).toBe(1)
    const reply = await other.nextFrame()
    expect(reply.raw.toString()).toBe(i % 2 === 0 ? '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n' : '*-1\r\n')
    expect(await client.must('CLIENT', 'UNBLOCK', id)).toBe(0)
    await other.close()
  }
})

test('large elements reach clients that wait, and large transactions shards', async () => {
  const large = Buffer.alloc(700_000, 'x')
  const others = await Promise.all(Array.from({ length: 4 }, () => server.connect()))
  for (const other of others) other.send('BLPOP', 'queue', 'other', '0')
  await waiting(4)
  await client.must('MULTI')
  for (const _ of others) await client.must('RPUSH', 'queue', large)
  await client.must('SET', 'copy', large)
  expect(await client.must('EXEC')).toEqual([1, 2, 3, 4, 'OK'])
  for (const other of others) {
    expect(await other.next()).toEqual(['queue', large.toString()])
    await other.close()
  }
  expect(await client.must('STRLEN', 'copy')).toBe(large.length)
})

test('commands of the router reply in their places within EXEC, and SELECT counts for those behind it', async () => {
  const commands = [
    ['PING'],
    ['SET', 'key', '0'],
    ['SELECT', '2'],
    ['SET', 'key', '2'],
    ['CONFIG', 'GET', 'maxclients'],
    ['GET', 'key'],
    ['SELECT', '99'],
    ['LPUSH', 'key', 'x'],
    ['CONFIG', 'SET', 'maxclients', '10000'],
    ['ECHO', 'last'],
  ]
  const other = await server.connect()
  await other.must('MULTI')
  for (const command of commands) expect(await other.must(...command)).toBe('QUEUED')
  const replies = (await other.must('EXEC')) as unknown[]
  expect(replies.slice(0, 6)).toEqual(['PONG', 'OK', 'OK', 'OK', ['maxclients', '10000'], '2'])
  expect(JSON.stringify(replies[6])).toContain('DB index is out of range')
  expect(JSON.stringify(replies[7])).toContain('WRONGTYPE')
  expect(replies.slice(8)).toEqual(['OK', 'last'])
  expect(await other.must('GET', 'key')).toBe('2')
  await other.must('SELECT', '0')
  expect(await other.must('GET', 'key')).toBe('0')
  await other.close()
})

test('a watch sees changes by clients of both routers on every shard', async () => {
  for (let i = 0; i < 12; i++) {
    const [watcher, writer] = [await server.connect(), await server.connect()]
    await watcher.must('WATCH', `key:${i}`, `untouched:${i}`)
    if (i % 3 !== 0) await writer.must('SET', `key:${i}`, 'x')
    await watcher.must('MULTI')
    await watcher.must('PING')
    await watcher.must('INCR', `count:${i}`)
    expect(await watcher.must('EXEC')).toEqual(i % 3 === 0 ? ['PONG', 1] : null)
    await watcher.close()
    await writer.close()
  }
})
