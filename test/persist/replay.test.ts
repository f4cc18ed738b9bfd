// What the append-only log says leads to the same data: random commands of all groups, a kill, a start.
//
// SKEP_SEED repeats a run.

import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GROUPS } from '../differential/groups/index.ts'
import { makeSequence } from '../differential/sequence.ts'
import { encodeCommand, type RespClient } from '../support/client.ts'
import { chooseSeed } from '../support/random.ts'
import { redisVersion, startServer, type TestServer } from '../support/server.ts'

const LOGGED = ['--appendonly', 'yes', '--auto-aof-rewrite-percentage', '0', '--appendfsync', 'no']
const seed = chooseSeed()

/** Runs a sequence of every group, 16 commands at a time. */
async function runAll(client: RespClient, from: number, length: number): Promise<void> {
  for (const [i, group] of GROUPS.entries()) {
    // Each in a database of its own, but for what the commands themselves select.
    const { prelude, steps } = makeSequence(group, from + i, length)
    const commands = [...prelude.filter(({ args }) => args[0] !== 'FLUSHALL'), ...steps].map(({ args }) => args)
    for (let at = 0; at < commands.length; at += 16) await client.pipeline(commands.slice(at, at + 16))
  }
  await client.call('DISCARD')
  // What is about to expire would be gone after the restart: it goes now.
  await client.must('HELLO', 2)
}

/** All keys that may expire soon, given an hour more, so that a digest taken later is the same. */
async function makeLast(client: RespClient): Promise<void> {
  for (let db = 0; db < 16; db++) {
    await client.must('SELECT', db)
    for (const key of (await client.must('KEYS', '*')) as string[]) await client.call('PERSIST', key)
  }
  await client.must('SELECT', 0)
}

const digest = async (server: TestServer): Promise<string> => {
  const client = await server.connect()
  const text = String(await client.must('DEBUG', 'DIGEST'))
  await client.close()
  return text
}

for (const shards of [1, 4]) {
  test(`with ${shards} shard(s) a killed server comes back with the same data (SKEP_SEED=${seed})`, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'skep-replay-'))
    try {
      let server = await startServer('skep', { shards, args: LOGGED, dir })
      const client = await server.connect()
      await runAll(client, seed, 120)
      await makeLast(client)
      const before = await digest(server)
      await server.stop('SIGKILL')
      server = await startServer('skep', { shards, args: LOGGED, dir })
      expect(await digest(server)).toBe(before)
      // Once more, the log being continued and rewritten.
      const again = await server.connect()
      await runAll(again, seed + 1000, 40)
      await again.must('BGREWRITEAOF')
      await runAll(again, seed + 2000, 40)
      await makeLast(again)
      await expect
        .poll(async () => String(await again.must('INFO', 'persistence')), { timeout: 20_000 })
        .toMatch(/aof_rewrite_in_progress:0/)
      const later = await digest(server)
      await server.stop('SIGKILL')
      // Another count of shards spreads the keys anew, and the log with them.
      const other = shards === 1 ? 3 : 1
      server = await startServer('skep', { shards: other, args: LOGGED, dir })
      expect(await digest(server)).toBe(later)
      await server.stop('SIGKILL')
      server = await startServer('skep', { shards: other, args: LOGGED, dir })
      expect(await digest(server)).toBe(later)
      await server.stop('SIGKILL')
      for (const count of [2, 4, 2]) {
        server = await startServer('skep', { shards: count, args: LOGGED, dir })
        expect(await digest(server), `${count} shards`).toBe(later)
        await server.stop('SIGKILL')
      }
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }, 300_000)
}

test.skipIf(redisVersion() === undefined)(
  'redis-server loads the log of one shard, and skep that of redis-server',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'skep-replay-'))
    try {
      let server = await startServer('skep', { shards: 1, args: LOGGED, dir: join(dir) })
      let client = await server.connect()
      for (const type of ['SET s x', 'RPUSH l 1 2 3', 'SADD t a b', 'ZADD z 1 a 2 b', 'XADD x 1-1 f v', 'HSET h f v']) {
        await client.must(...type.split(' '))
      }
      await client.must('BGREWRITEAOF')
      await client.must('PEXPIREAT', 's', Date.now() + 100_000)
      await client.must('XGROUP', 'CREATE', 'x', 'g', '0')
      await client.must('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'x', '>')
      await expect
        .poll(async () => String(await client.must('INFO', 'persistence')), { timeout: 20_000 })
        .toMatch(/aof_rewrite_in_progress:0/)
      const before = await digest(server)
      await server.stop('SIGKILL')
      const copy = join(dir, 'copy')
      cpSync(join(dir, 'appendonlydir'), join(copy, 'appendonlydir'), { recursive: true })
      server = await startServer('redis', { args: LOGGED, dir: copy })
      expect(await digest(server)).toBe(before)
      client = await server.connect()
      await client.must('LPUSH', 'l', '0')
      const later = await digest(server)
      await server.stop('SIGKILL')
      server = await startServer('skep', { shards: 4, args: LOGGED, dir: copy })
      expect(await digest(server)).toBe(later)
      await server.stop()
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  },
  60_000,
)

test('scripts in a log, as Redis before 7 wrote it, are run', { timeout: 60_000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skep-replay-'))
  try {
    const called = `local last = redis.call('INCRBY', KEYS[1], ARGV[1]); redis.call('SELECT', '2')
      redis.call('SET', 'not:named', last); return redis.call('PUBLISH', 'nobody', last)`
    const loaded = `redis.call('PING'); redis.call('RPUSH', KEYS[1], unpack(ARGV)); redis.call('FLUSHALL', 'WRONG')`
    const sha = (script: string): string => createHash('sha1').update(script).digest('hex')
    const log = [
      ['SELECT', 0],
      ['EVAL', called, 1, 'counter', 5],
      ['SCRIPT', 'LOAD', loaded],
      ['MULTI'],
      ['EVALSHA', sha(called), 1, 'counter', 2],
      ['EVALSHA', sha(loaded), 1, 'list', 'a', 'b'],
      ['EXEC'],
      // An error as it was when the script ran first.
      ['EVAL', 'return redis.call("LPUSH", KEYS[1], "x")', 1, 'counter'],
      ['SET', 'behind', 'it'],
    ]
    mkdirSync(join(dir, 'appendonlydir'))
    writeFileSync(join(dir, 'appendonlydir', 'appendonly.aof.1.incr.aof'), Buffer.concat(log.map(encodeCommand)))
    writeFileSync(
      join(dir, 'appendonlydir', 'appendonly.aof.manifest'),
      'file appendonly.aof.1.incr.aof seq 1 type i\n',
    )
    // A replica's own clients may not write; its log may.
    const server = await startServer('skep', { shards: 3, args: [...LOGGED, '--replicaof', '127.0.0.1 1'], dir })
    const client = await server.connect()
    expect(await client.must('GET', 'counter')).toBe('7')
    expect(await client.must('LRANGE', 'list', 0, -1)).toEqual(['a', 'b'])
    expect(await client.must('GET', 'behind')).toBe('it')
    await client.must('SELECT', 2)
    expect(await client.must('GET', 'not:named')).toBe('7')
    expect(await client.must('DBSIZE')).toBe(1)
    await server.stop()
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
