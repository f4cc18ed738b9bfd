// Scripts: the same replies as redis-server's, and what only several shards show.

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RespClient } from '../support/client.ts'
import { redisVersion, startServer, type TestServer } from '../support/server.ts'

const SHARDS = 3
const POLL = { timeout: 30_000 }
let server: TestServer
let client: RespClient

beforeAll(async () => {
  server = await startServer('skep', { shards: SHARDS, args: ['--routers', '2'], readyMsMax: 60_000 })
  client = await server.connect()
}, 70_000)
afterAll(async () => {
  await client?.close()
  await server?.stop()
})
beforeEach(async () => {
  await client.must('FLUSHALL')
})

describe.skipIf(redisVersion() === undefined)('a script replies as on redis-server', () => {
  /** Scripts, one a line, each to be run with no keys. */
  const scripts = readFileSync(new URL('scripts.lua.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter(line => line !== '')

  test.for([2, 3] as const)('in RESP%i', { timeout: 60_000 }, async protocol => {
    const redis = await startServer('redis')
    const clients = [await redis.connect(), await server.connect()]
    try {
      for (const each of clients) await each.must('FLUSHALL')
      for (const each of clients) await each.call('HELLO', String(protocol))
      for (const script of scripts) {
        const [expected, actual] = await Promise.all(clients.map(each => each.call('EVAL', script, '0')))
        expect({ script, reply: actual }).toEqual({ script, reply: expected })
      }
    } finally {
      for (const each of clients) await each.close()
      await redis.stop()
    }
  })
})

test('a script is one change over all shards, whether it names its keys or not', async () => {
  const accounts = Array.from({ length: 12 }, (_, i) => `account:${i}`)
  for (const account of accounts) await client.must('SET', account, '100')
  const move = `
    local have = tonumber(redis.call('GET', ARGV[1]))
    if have < 10 then return 0 end
    redis.call('DECRBY', ARGV[1], 10)
    redis.call('INCRBY', ARGV[2], 10)
    return 1`
  const named = move.replaceAll('ARGV', 'KEYS')
  const workers = await Promise.all(Array.from({ length: 6 }, () => server.connect()))
  await Promise.all(
    workers.map(async (worker, w) => {
      for (let i = 0; i < 60; i++) {
        const from = accounts[(i * 7 + w) % accounts.length]
        const to = accounts[(i * 5 + w * 3 + 1) % accounts.length]
        // One that names nothing holds all shards; one that names a stranger's key takes locks on the way.
        if (i % 3 === 0) await worker.must('EVAL', move, '0', from, to)
        else if (i % 3 === 1) await worker.must('EVAL', named, '2', from, to)
        else await worker.call('EVAL', move, '1', 'unrelated', from, to)
        if (i % 10 === 0) {
          const sum = `local sum = 0 for _, key in ipairs(ARGV) do sum = sum + redis.call('GET', key) end return sum`
          expect(await worker.must('EVAL', sum, '0', ...accounts)).toBe(1200)
        }
      }
    }),
  )
  const held = await Promise.all(accounts.map(account => client.must('GET', account)))
  expect(held.reduce((sum: number, each) => sum + Number(each), 0)).toBe(1200)
  for (const worker of workers) await worker.close()
})

describe("scripts that take each other's shards on the way", () => {
  const keys = Array.from({ length: 9 }, (_, i) => `key:${i}`)

  /** Runs what `make` returns for six clients, each reaching the keys in an order of its own. Returns the replies. */
  async function run(make: (worker: number, i: number) => string): Promise<string[]> {
    const workers = await Promise.all(Array.from({ length: 6 }, () => server.connect()))
    const replies = await Promise.all(
      workers.map(async (worker, w) => {
        const own: string[] = []
        for (let i = 0; i < 50; i++) {
          const order = keys.map((_, k) => keys[(k * (w % 2 === 0 ? 1 : 8) + i) % keys.length])
          own.push(JSON.stringify(await worker.call('EVAL', make(w, i), '1', order[0], ...order)))
        }
        return own
      }),
    )
    for (const worker of workers) await worker.close()
    return replies.flat()
  }

  test('get all locks once they are known for that; before, some that have written end with an error', async () => {
    const script = `for _, key in ipairs(ARGV) do redis.call('INCR', key) end return 'done'`
    const failed = (await run(() => script)).filter(reply => !reply.includes('done'))
    for (const reply of failed) expect(reply).toContain('does not declare')
    expect(failed.length).toBeLessThanOrEqual(6)
  })

  test('are run once more if they have only read, whatever they catch', async () => {
    // Each another script, so that none is known.
    const replies = await run((w, i) => {
      const call = i % 2 === 0 ? "redis.call('GET', key)" : "redis.pcall('GET', key)"
      return `-- ${w} ${i}\nlocal n = 0 for _, key in ipairs(ARGV) do ${call} n = n + 1 end return 'done' .. n`
    })
    expect(replies.filter(reply => !reply.includes('done9'))).toEqual([])
  })
})

test('every router knows a script that any of them was given', async () => {
  const others = await Promise.all(Array.from({ length: 4 }, () => server.connect()))
  const sha = String(await client.must('SCRIPT', 'LOAD', 'return {KEYS[1], ARGV[1]}'))
  for (const other of others) {
    for (const key of ['a', 'b', 'c', 'd']) expect(await other.must('EVALSHA', sha, '1', key, 'x')).toEqual([key, 'x'])
  }
  expect(await client.must('EVALSHA', sha.toUpperCase(), '1', 'a', 'x')).toEqual(['a', 'x'])
  expect(await others[0].must('SCRIPT', 'EXISTS', sha, '0'.repeat(40))).toEqual([1, 0])
  await others[1].must('SCRIPT', 'FLUSH')
  await expect(others[2].must('EVALSHA', sha, '0')).rejects.toThrow(/NOSCRIPT No matching script/)
  for (const other of others) await other.close()
})

test('scripts in a transaction join it', async () => {
  await client.must('MULTI')
  await client.must('SET', 'a', '1')
  await client.must('EVAL', "redis.call('INCR', KEYS[1]) return redis.call('INCR', KEYS[2])", '2', 'a', 'b')
  await client.must('GET', 'a')
  expect(await client.must('EXEC')).toEqual(['OK', 1, '2'])
})

test('a script serves clients that wait, once it is over', async () => {
  const other = await server.connect()
  other.send('BLPOP', 'queue', '0')
  while (!String(await client.must('INFO', 'clients')).includes('blocked_clients:1\r\n')) await sleep(5)
  const script = "redis.call('RPUSH', ARGV[1], 'x', 'y') return redis.call('LLEN', ARGV[1])"
  expect(await client.must('EVAL', script, '1', 'elsewhere', 'queue')).toBe(2)
  expect(await other.next()).toEqual(['queue', 'x'])
  await other.close()
})

test('what a script publishes reaches clients of every router', async () => {
  const others = await Promise.all(Array.from({ length: 4 }, () => server.connect()))
  for (const other of others) await other.must('SUBSCRIBE', 'news')
  await client.must('EVAL', "return redis.call('PUBLISH', 'news', 'hello')", '0')
  for (const other of others) expect(await other.next()).toEqual(['message', 'news', 'hello'])
  for (const other of others) await other.close()
})

test('INFO tells a script what it tells a client', async () => {
  const fields = (text: unknown): string[] => String(text).match(/^[a-z_0-9]+(?=:)/gm) ?? []
  const info = `return redis.call('INFO', unpack(ARGV))`
  const sections = ['server', 'clients', 'memory', 'persistence', 'stats', 'replication', 'cpu', 'keyspace', 'skep']
  await client.must('SET', 'key', 'value')
  const told = await client.must('EVAL', info, '0', ...sections)
  expect(fields(told)).toEqual(fields(await client.must('INFO', ...sections)))
  expect(told).toContain('db0:keys=1,')
  await client.must('CONFIG', 'SET', 'repl-backlog-size', '5mb')
  expect(await client.must('EVAL', info, '0', 'replication')).toContain(`repl_backlog_size:${5 * 1024 * 1024}`)
  await client.must('CONFIG', 'SET', 'repl-backlog-size', '1mb')
})

test('DEBUG is denied to scripts, unless tests ask for it: of the time that stands still, of attributes read over', async () => {
  const script = `redis.call('SET', KEYS[1], 'v', 'PX', '1'); redis.call('DEBUG', 'SLEEP', '0.02')
    return redis.call('EXISTS', KEYS[1])`
  await expect(client.must('EVAL', script, '1', 'key')).rejects.toThrow(/not allowed from script/)
  await client.must('DEBUG', 'SET-DISABLE-DENY-SCRIPTS', '1')
  expect(await client.must('EVAL', script, '1', 'key')).toBe(1)
  expect(await client.must('EXISTS', 'key')).toBe(0)
  const attributed = `redis.setresp(3); return redis.call('DEBUG', 'PROTOCOL', 'attrib')`
  expect(await client.must('EVAL', attributed, '0')).toBe('Some real reply following the attribute')
  await client.must('DEBUG', 'SET-DISABLE-DENY-SCRIPTS', '0')
})

test('a user may do in a script what it may do without', async () => {
  await client.must('ACL', 'SETUSER', 'narrow', 'on', 'nopass', '~mine:*', '+@all', '-set')
  const narrow = await server.connect()
  await narrow.must('AUTH', 'narrow', 'x')
  const script = 'return redis.call(unpack(ARGV))'
  expect(await narrow.must('EVAL', script, '1', 'mine:a', 'INCR', 'mine:a')).toBe(1)
  await expect(narrow.must('EVAL', script, '1', 'mine:a', 'SET', 'mine:a', '1')).rejects.toThrow(
    /can't run this command/,
  )
  await expect(narrow.must('EVAL', script, '1', 'mine:a', 'INCR', 'yours')).rejects.toThrow(/can't access at least one/)
  await expect(narrow.must('EVAL', script, '1', 'yours', 'PING')).rejects.toThrow(/NOPERM/)
  const sha = String(await client.must('SCRIPT', 'LOAD', script))
  await expect(narrow.must('EVALSHA', sha, '0', 'GET', 'yours')).rejects.toThrow(/can't access at least one/)
  await narrow.close()
})

test('a long script holds up its own shards alone, and can be ended', { timeout: 30_000 }, async () => {
  await client.must('CONFIG', 'SET', 'busy-reply-threshold', '50')
  const other = await server.connect()
  other.send('EVAL', 'while true do pcall(redis.call, "GET", KEYS[1]) end', '1', 'a')
  let refused: unknown
  while (refused === undefined) {
    // What was sent before the time was up waits until the script ends.
    const third = await server.connect()
    const reply = JSON.stringify((await Promise.race([third.call('SET', 'a', '1'), sleep(300)])) ?? null)
    if (reply.includes('BUSY')) refused = reply
    await third.close().catch(() => undefined)
  }
  expect(refused).toContain('BUSY Redis is busy running a script.')
  expect(await client.must('PING')).toBe('PONG')
  // A key of another shard.
  expect(await client.must('SET', 'c', '1')).toBe('OK')
  expect(await client.must('SCRIPT', 'KILL')).toBe('OK')
  expect(JSON.stringify(await other.next())).toContain('Script killed by user')
  expect(await client.must('SET', 'a', '2')).toBe('OK')
  await expect(client.must('SCRIPT', 'KILL')).rejects.toThrow(/NOTBUSY/)
  await client.must('CONFIG', 'SET', 'busy-reply-threshold', '5000')
  await other.close()
})

test('PING tells that scripts hold every shard', { timeout: 60_000 }, async () => {
  await client.must('CONFIG', 'SET', 'busy-reply-threshold', '50')
  const other = await server.connect()
  other.send('EVAL', 'while true do end', '0')
  await expect
    .poll(() => client.call('PING'), POLL)
    .toMatchObject({ text: expect.stringMatching(/^BUSY .*SCRIPT KILL/) })
  expect(await client.must('INFO', 'server')).toContain('redis_version')
  expect(await client.must('SCRIPT', 'KILL')).toBe('OK')
  expect(JSON.stringify(await other.next())).toContain('Script killed by user')
  expect(await client.must('PING')).toBe('PONG')
  await client.must('CONFIG', 'SET', 'busy-reply-threshold', '5000')
  await other.close()
})

test('what needs every shard is refused or put off while a script runs on one, and nobody goes deaf', {
  timeout: 60_000,
}, async () => {
  await client.must('CONFIG', 'SET', 'busy-reply-threshold', '50')
  const [other, tracker] = [await server.connect(), await server.connect()]
  await tracker.must('HELLO', '3')
  expect(await tracker.must('CLIENT', 'TRACKING', 'ON', 'BCAST')).toBe('OK')
  other.send('EVAL', 'while true do pcall(redis.call, "GET", KEYS[1]) end', '1', 'a')
  const isBusy = { text: expect.stringMatching(/^BUSY/) }
  await expect.poll(() => client.call('CONFIG', 'RESETSTAT'), POLL).toMatchObject(isBusy)
  for (const command of ['DEBUG POPULATE 1', 'DEBUG DIGEST', 'DEBUG SET-SKIP-CHECKSUM-VALIDATION 0'])
    expect(await client.call(...command.split(' ')), command).toMatchObject(isBusy)
  await client.must('MULTI')
  await client.must('CONFIG', 'RESETSTAT')
  expect(await client.call('EXEC')).toMatchObject([isBusy])
  expect(await client.must('CONFIG', 'SET', 'maxmemory', '1gb')).toBe('OK')
  expect(await tracker.must('CLIENT', 'TRACKING', 'OFF')).toBe('OK')
  expect(await tracker.call('CLIENT', 'TRACKING', 'ON', 'BCAST')).toMatchObject(isBusy)
  expect(await client.must('SCRIPT', 'KILL')).toBe('OK')
  expect(JSON.stringify(await other.next())).toContain('Script killed by user')
  expect(await client.must('CONFIG', 'RESETSTAT')).toBe('OK')
  expect(await tracker.must('CLIENT', 'TRACKING', 'ON', 'BCAST')).toBe('OK')
  expect(await client.must('SET', 'a', '1')).toBe('OK')
  // News that all keys were flushed may be late, from each shard.
  let keys: string[] | null = null
  while (keys === null) [, keys] = (await tracker.nextPush()) as [string, string[] | null]
  expect(keys).toEqual(['a'])
  await client.must('CONFIG', 'SET', 'busy-reply-threshold', '5000', 'maxmemory', '0')
  await Promise.all([other.close(), tracker.close()])
})

test('a script that the end of the server cuts off has done nothing', { timeout: 120_000 }, async () => {
  const args = ['--appendonly', 'yes', '--busy-reply-threshold', '50']
  const first = await startServer('skep', { shards: 1, args, readyMsMax: 60_000 })
  const [script, other] = [await first.connect(), await first.connect()]
  await script.must('SET', 'whole', '1')
  script.send('EVAL', `redis.call('SET', KEYS[1], 'half'); while true do end`, '1', 'k')
  await expect.poll(() => other.call('PING'), POLL).toMatchObject({ text: expect.stringMatching(/^BUSY/) })
  other.call('SHUTDOWN', 'NOSAVE').catch(() => undefined)
  await first.ended
  const second = await startServer('skep', { shards: 1, args, dir: first.dir, readyMsMax: 60_000 })
  const again = await second.connect()
  expect(await again.must('MGET', 'whole', 'k')).toEqual(['1', null])
  await again.close()
  await second.stop()
})

test('a snapshot that waits for a script does not keep the server from ending', { timeout: 120_000 }, async () => {
  const args = ['--busy-reply-threshold', '50', '--appendonly', 'yes']
  for (const command of ['BGSAVE', 'BGREWRITEAOF']) {
    const busy = await startServer('skep', { shards: 2, args, readyMsMax: 60_000 })
    const [script, other] = [await busy.connect(), await busy.connect()]
    script.send('EVAL', `redis.call('SET', KEYS[1], 'x'); while true do end`, '2', 'a', 'c')
    await expect.poll(() => other.call('PING'), POLL).toMatchObject({ text: expect.stringMatching(/^BUSY/) })
    other.send(command)
    // The main thread waits for locks, and answers all the same.
    const third = await busy.connect()
    expect(await third.must('CONFIG', 'SET', 'hz', '20')).toBe('OK')
    third.call('SHUTDOWN', 'NOSAVE').catch(() => undefined)
    await busy.ended
  }
})

test('whatever else waits for every shard does not keep the server from ending either', {
  timeout: 240_000,
}, async () => {
  const args = ['--busy-reply-threshold', '50', '--appendonly', 'yes', '--save', '', '--enable-debug-command', 'yes']
  const waiting = [
    ['CONFIG', 'SET', 'appendonly', 'no'],
    ['REPLICAOF', '127.0.0.1', '1'],
    ['DEBUG', 'RELOAD', 'NOSAVE'],
    ['DEBUG', 'LOADAOF'],
  ]
  for (const command of waiting) {
    const busy = await startServer('skep', { shards: 2, args, readyMsMax: 60_000 })
    const [script, other] = [await busy.connect(), await busy.connect()]
    script.send('EVAL', `redis.call('SET', KEYS[1], 'x'); while true do end`, '2', 'a', 'c')
    await expect.poll(() => other.call('PING'), POLL).toMatchObject({ text: expect.stringMatching(/^BUSY/) })
    other.send(...command)
    // Answered by the main thread, if clients are not held back.
    const third = await busy.connect()
    if (command[0] !== 'DEBUG') third.call('SHUTDOWN', 'NOSAVE').catch(() => undefined)
    else busy.process.kill('SIGTERM')
    expect(await busy.ended, command.join(' ')).toMatchObject({ signal: null })
  }
})

test('no script changes what the next one finds', async () => {
  for (const script of [
    'string.len = nil',
    'rawset(string, "len", nil)',
    'redis.call = nil',
    'getmetatable("").__index = nil',
    'setmetatable(string, {})',
    'x = 1',
    'cjson.encode = nil',
  ]) {
    await expect(client.must('EVAL', script, '0')).rejects.toThrow()
  }
  const script = 'return {string.len("abc"), ("abc"):upper(), redis.call("PING").ok, cjson.encode({1})}'
  expect(await client.must('EVAL', script, '0')).toEqual([3, 'ABC', 'PONG', '[1]'])
})

test('scripts that overflow a stack or want too much memory get an error', async () => {
  const overflows = [
    'local x = {} x[1] = x return x',
    'local function f(n) return (string.gsub("abc", "a", function() return f(n + 1) end)) end return f(1)',
    'return string.find(string.rep("a", 1e5), string.rep("a?", 1e5))',
    'return cmsgpack.unpack(string.rep("\\145", 100000))',
    'return string.rep("x", 1e9)',
  ]
  for (const script of overflows) expect(JSON.stringify(await client.call('EVAL', script, '0'))).toMatch(/stack|memory/)
  expect(
    await client.must(
      'EVAL',
      'local t = {} for i = 1, 7999 do t[i] = i end return redis.call("RPUSH", KEYS[1], unpack(t))',
      '1',
      'a',
    ),
  ).toBe(7999)
})

test('ioredis finds its commands made of scripts', async () => {
  const redis = new Redis(server.port, { maxRetriesPerRequest: 1 })
  try {
    redis.defineCommand('addCapped', {
      numberOfKeys: 1,
      lua: `
        local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
        if sum > tonumber(ARGV[2]) then redis.call('SET', KEYS[1], ARGV[2]) sum = tonumber(ARGV[2]) end
        return sum`,
    })
    const add = (key: string, amount: number): Promise<number> =>
      (redis as unknown as { addCapped(...args: unknown[]): Promise<number> }).addCapped(key, amount, 10)
    // EVALSHA first; EVAL when the server does not know the script yet.
    expect([await add('a', 4), await add('a', 4), await add('a', 4), await add('b', 1)]).toEqual([4, 8, 10, 1])
    await redis.script('FLUSH')
    expect(await add('b', 20)).toBe(10)
  } finally {
    redis.disconnect()
  }
})
