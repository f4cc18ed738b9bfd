// What surrounds a transaction and a command that waits: the user's rights, the client's flags, the slow log, memory.

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
  await client.must('CONFIG', 'SET', 'slowlog-log-slower-than', '-1')
  await client.must('SLOWLOG', 'RESET')
})

/** The first words of the newest entries of the slow log. */
async function slowLog(): Promise<string[]> {
  const entries = (await client.must('SLOWLOG', 'GET', '-1')) as unknown as string[][][]
  return entries.map(entry => entry[3].join(' '))
}

test('EXEC runs what its user may still run, and says why it does not run the rest', async () => {
  await client.must('ACL', 'SETUSER', 'worker', 'on', 'nopass', '~*', '&*', '+@all')
  const worker = await server.connect()
  await worker.must('AUTH', 'worker', 'x')
  await worker.must('MULTI')
  await worker.must('SET', 'a', '1')
  await worker.must('PUBLISH', 'secret', 'x')
  await worker.must('SET', 'other', '2')
  await worker.must('INCR', 'a')
  await client.must('ACL', 'SETUSER', 'worker', 'resetkeys', '~a', '-publish')
  const replies = (await worker.call('EXEC')) as unknown[]
  const changed = 'ACLs rules changed between the moment the transaction was accumulated and the EXEC call.'
  expect(replies[0]).toBe('OK')
  expect(JSON.stringify(replies[1])).toContain(
    `${changed} This command is no longer allowed for the following reason: no permission to execute`,
  )
  expect(JSON.stringify(replies[2])).toContain('no permission to touch the specified keys')
  expect(replies[3]).toBe(2)
  expect(await client.must('EXISTS', 'other')).toBe(0)
  await worker.close()
})

test('a client whose watched key has changed has the flag d', async () => {
  const other = await server.connect()
  await other.must('CLIENT', 'SETNAME', 'watcher')
  await other.must('WATCH', 'a', 'b', 'c', 'd')
  const flags = async (): Promise<string> =>
    /name=watcher .*? flags=(\S+)/.exec(String(await client.must('CLIENT', 'LIST')))?.[1] ?? ''
  expect(await flags()).toBe('N')
  await client.must('SET', 'unrelated', '1')
  expect(await flags()).toBe('N')
  await client.must('SET', 'c', '1')
  expect(await flags()).toBe('d')
  await other.must('UNWATCH')
  expect(await flags()).toBe('N')
  await other.close()
})

test('the slow log has a command that waits once it is served, and not before', async () => {
  await client.must('CONFIG', 'SET', 'slowlog-log-slower-than', '0')
  const other = await server.connect()
  other.send('BLPOP', 'queue', '0')
  await until('a client waits', async () =>
    String(await client.must('INFO', 'clients')).includes('blocked_clients:1\r\n'),
  )
  expect((await slowLog()).filter(line => line.startsWith('BLPOP'))).toEqual([])
  await client.must('RPUSH', 'queue', 'x')
  expect(await other.next()).toEqual(['queue', 'x'])
  await until('it is in the log', async () => (await slowLog()).includes('BLPOP queue 0'))
  expect((await slowLog()).filter(line => line.startsWith('BLPOP'))).toEqual(['BLPOP queue 0'])
  await other.close()
})

test('CONFIG SET goes into the slow log by the limit that it has set', async () => {
  for (let i = 0; i < 20; i++) {
    await client.must('CONFIG', 'SET', 'slowlog-log-slower-than', '0')
    await client.must('CONFIG', 'SET', 'slowlog-log-slower-than', '-1')
  }
  expect(await slowLog()).toEqual(Array(20).fill('CONFIG SET slowlog-log-slower-than 0'))
})

test('a client ended by CLIENT UNBLOCK ERROR counts as a failed call', async () => {
  await client.must('CONFIG', 'RESETSTAT')
  const other = await server.connect()
  const id = String(await other.must('CLIENT', 'ID'))
  other.send('BLPOP', 'queue', '0')
  await until('it waits', async () => (await client.must('CLIENT', 'UNBLOCK', id, 'ERROR')) === 1)
  await other.next().catch(() => undefined)
  const info = String(await client.must('INFO', 'everything'))
  expect(info).toMatch(/cmdstat_blpop:calls=1,.*rejected_calls=0,failed_calls=1/)
  expect(info).toContain('errorstat_UNBLOCKED:count=1')
  await other.close()
})

test('queueing evicts what may go when memory is used up, and is refused when nothing may', async () => {
  // Whatever time it takes: out of time, a command is let through while keys may still be found.
  await client.must('CONFIG', 'SET', 'maxmemory-eviction-tenacity', '100')
  for (let i = 0; i < 200; i++) await client.must('SET', `filler:${i}`, 'x'.repeat(20_000))
  const used = Number(/used_memory:(\d+)/.exec(String(await client.must('INFO', 'memory')))?.[1])
  await client.must('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random')
  await client.must('CONFIG', 'SET', 'maxmemory', String(used - 1_000_000))
  const other = await server.connect()
  await other.must('MULTI')
  expect(await other.must('SET', 'k', 'v')).toBe('QUEUED')
  expect(await other.must('EXEC')).toEqual(['OK'])
  expect(Number(await client.must('DBSIZE'))).toBeLessThan(200)
  await client.must('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru')
  await client.must('CONFIG', 'SET', 'maxmemory', '1000000')
  await other.must('MULTI')
  await expect(other.must('GET', 'k')).rejects.toThrow(/OOM command not allowed/)
  await expect(other.must('EXEC')).rejects.toThrow(/EXECABORT/)
  await client.must('CONFIG', 'SET', 'maxmemory', '0')
  await other.close()
})

test('a damaged value given to RESTORE is told in the log', async () => {
  await client.must('RPUSH', 'list', 'a', 'b')
  await client.must('DEBUG', 'SET-SKIP-CHECKSUM-VALIDATION', '1')
  const reply = await client.call(
    'RESTORE',
    'other',
    '0',
    Buffer.from('\x01\xff\xff\xff\xff\xff\x0a\x00'.padEnd(18, '\0'), 'latin1'),
  )
  expect(JSON.stringify(reply)).toContain('Bad data format')
  await server.logged(/RESTORE was given a damaged value/)
})

test('EXEC is refused for what it would run, and the transaction is over', async () => {
  const other = await server.connect()
  await client.must('SET', 'k', '1')
  await client.must('MULTI')
  await client.must('INCR', 'k')
  await other.must('CONFIG', 'SET', 'min-replicas-to-write', '2')
  await expect(client.must('EXEC')).rejects.toThrow(
    'EXECABORT Transaction discarded because of: NOREPLICAS Not enough good replicas to write.',
  )
  await other.must('CONFIG', 'SET', 'min-replicas-to-write', '0')
  expect(await client.must('GET', 'k')).toBe('1')
  await client.must('MULTI')
  await client.must('GET', 'k')
  await other.must('CONFIG', 'SET', 'replica-serve-stale-data', 'no')
  await other.must('REPLICAOF', '127.0.0.1', '1')
  await expect(client.must('EXEC')).rejects.toThrow('EXECABORT Transaction discarded because of: MASTERDOWN')
  await other.must('REPLICAOF', 'NO', 'ONE')
  await other.must('CONFIG', 'SET', 'replica-serve-stale-data', 'yes')
  expect(await client.must('GET', 'k')).toBe('1')
  await other.close()
})

test('EXEC is refused for what a script in it says that it needs', async () => {
  const other = await server.connect()
  await client.must(
    'FUNCTION',
    'LOAD',
    'REPLACE',
    `#!lua name=needs\nredis.register_function('writes', function() return 1 end)
    redis.register_function{function_name='reads', callback=function() return 2 end, flags={'no-writes'}}`,
  )
  for (const [command, isRefused] of [
    [['EVAL', '#!lua\nreturn 1', '0'], true],
    [['EVAL', '#!lua flags=no-writes\nreturn 2', '0'], false],
    // It does not say that it writes.
    [['EVAL', 'return 2', '0'], false],
    [['FCALL', 'writes', '0'], true],
    [['FCALL', 'reads', '0'], false],
  ] as const) {
    await client.must('MULTI')
    await client.must(...command)
    await other.must('CONFIG', 'SET', 'min-replicas-to-write', '2')
    const reply = client.must('EXEC')
    if (isRefused) await expect(reply).rejects.toThrow('EXECABORT Transaction discarded because of: NOREPLICAS')
    else expect(await reply).toEqual([2])
    await other.must('CONFIG', 'SET', 'min-replicas-to-write', '0')
  }
  await client.must('FUNCTION', 'FLUSH')
  await other.close()
})

test('while a script is slow, EXEC is aborted, and what the script holds is not queued', {
  timeout: 60_000,
}, async () => {
  const [script, queueing] = [await server.connect(), await server.connect()]
  await client.must('CONFIG', 'SET', 'busy-reply-threshold', '10')
  await client.must('SET', 'k', '1')
  await client.must('MULTI')
  await client.must('INCR', 'k')
  await queueing.must('MULTI')
  // What runs scripts is loaded with the first.
  await script.must('EVAL', 'return 1', '0')
  const running = script.call('EVAL', 'while true do end', '0')
  await until('a busy script', () => isBusy(queueing))
  await expect(client.must('EXEC')).rejects.toThrow('EXECABORT Transaction discarded because of: BUSY')
  await client.must('SCRIPT', 'KILL')
  await running
  await expect(queueing.must('EXEC')).rejects.toThrow('EXECABORT Transaction discarded because of previous errors.')
  expect(await client.must('GET', 'k')).toBe('1')
  await script.close()
  await queueing.close()
})

/** Whether the client may not even queue a command for a script's sake. */
async function isBusy(queueing: RespClient): Promise<boolean> {
  return queueing.must('INCR', 'k').then(
    () => false,
    (error: Error) => error.message.includes('BUSY'),
  )
}

test('MONITOR shows a transaction’s commands once, however many transactions follow', async () => {
  const [monitor, worker] = [await server.connect(), await server.connect()]
  await monitor.must('MONITOR')
  for (let i = 0; i < 3; i++) {
    await worker.must('MULTI')
    await worker.must('SET', 'shown', i)
    await worker.must('EXEC')
  }
  await worker.must('ECHO', 'end')
  const shown: string[] = []
  while (!shown.some(line => line.includes('"end"'))) shown.push(String(await monitor.next()))
  expect(shown.filter(line => line.includes('"shown"')).map(line => line.slice(line.lastIndexOf(' ')))).toEqual([
    ' "0"',
    ' "1"',
    ' "2"',
  ])
  await monitor.close()
  await worker.close()
})

test('MONITOR shows scripts as they came, and what they call', async () => {
  const [monitor, worker] = [await server.connect(), await server.connect()]
  await client.must('ACL', 'SETUSER', 'limited', 'on', 'nopass', '~*', '&*', '+@all', '-debug')
  await worker.must('AUTH', 'limited', 'x')
  const sha = String(await client.must('SCRIPT', 'LOAD', `return redis.call('GET', KEYS[1])`))
  await monitor.must('MONITOR')
  await worker.must('EVALSHA', sha, '1', 'one')
  await worker.call('EVALSHA', 'unknown', '0', 'x')
  await worker.must('MULTI')
  await worker.must('EVAL', `redis.call('SELECT', '5'); redis.call('SET', 'two', 'v')`, '0')
  await worker.must('EXEC')
  await worker.must('ECHO', 'end')
  const shown: string[] = []
  // What a script calls comes by another way than what clients send.
  while (!['"end"', 'lua] "SET"'].every(last => shown.some(line => line.includes(last)))) {
    shown.push(String(await monitor.next()))
  }
  const from = (who: RegExp): string[] => shown.filter(line => who.test(line)).map(line => line.replace(/^\S+ /, ''))
  expect(from(/ lua] /)).toEqual(['[0 lua] "GET" "one"', '[0 lua] "SELECT" "5"', '[5 lua] "SET" "two" "v"'])
  expect(from(/ 127\S+ /).map(line => line.slice(line.indexOf('"')))).toEqual([
    `"EVALSHA" "${sha}" "1" "one"`,
    '"EVALSHA" "unknown" "0" "x"',
    '"MULTI"',
    `"EVAL" "redis.call('SELECT', '5'); redis.call('SET', 'two', 'v')" "0"`,
    '"EXEC"',
    '"ECHO" "end"',
  ])
  await client.must('ACL', 'DELUSER', 'limited')
  await monitor.close()
})
