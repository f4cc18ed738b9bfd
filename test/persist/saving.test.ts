import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RespClient } from '../support/client.ts'
import { launch, redisVersion, startServer, type TestServer } from '../support/server.ts'

let dir = ''
const servers: TestServer[] = []

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skep-test-saving-'))
})
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop('SIGKILL')
  rmSync(dir, { recursive: true })
})

/** Machines may be slow, and each start loads a server. */
const TEST_MS = 120_000
const POLL = { timeout: 20_000 }
const ARGS = ['--enable-debug-command', 'yes']

async function start(shards: number, ...args: string[]): Promise<{ server: TestServer; client: RespClient }> {
  const server = await startServer('skep', { dir, shards, args: [...ARGS, ...args] })
  servers.push(server)
  return { server, client: await server.connect() }
}

/** Keys of every type, on all shards, in two databases. */
async function fill(client: RespClient): Promise<void> {
  for (let i = 0; i < 40; i++) {
    await client.call('SET', `string:${i}`, `value ${i}`.repeat(i + 1))
    await client.call('RPUSH', `list:${i}`, ...Array.from({ length: 3 * i + 1 }, (_, j) => `element ${j}`))
    await client.call('SADD', `set:${i}`, ...Array.from({ length: 3 * i + 1 }, (_, j) => (i % 2 === 0 ? j : `m${j}`)))
    await client.call('ZADD', `zset:${i}`, ...Array.from({ length: 5 * i + 1 }, (_, j) => [j / 7, `m${j}`]).flat())
    await client.call('HSET', `hash:${i}`, ...Array.from({ length: 5 * i + 1 }, (_, j) => [`f${j}`, `v${j}`]).flat())
    await client.call('XADD', `stream:${i}`, '1-1', 'field', i)
  }
  await client.call('XGROUP', 'CREATE', 'stream:1', 'group', '0')
  await client.call('XREADGROUP', 'GROUP', 'group', 'consumer', 'STREAMS', 'stream:1', '>')
  await client.call('EXPIRE', 'string:1', 1000)
  await client.call('SELECT', 3)
  await client.call('SET', 'elsewhere', 1)
  await client.call('SELECT', 0)
}

const files = (): string[] => readdirSync(dir).filter(name => name.startsWith('dump') && name.endsWith('.rdb'))

test(
  'what was saved by any number of shards is loaded by any other, and by Redis',
  async () => {
    let digest: unknown
    for (const shards of [2, 3, 1]) {
      const { server, client } = await start(shards)
      if (digest === undefined) {
        await fill(client)
        digest = await client.call('DEBUG', 'DIGEST')
      }
      expect(await client.call('DEBUG', 'DIGEST')).toBe(digest)
      expect(await client.call('SAVE')).toBe('OK')
      expect(files()).toHaveLength(shards)
      if (redisVersion() !== undefined) {
        for (const name of files()) {
          const said = execFileSync('redis-check-rdb', [join(dir, name)], { encoding: 'utf8' })
          expect(said).toContain('RDB looks OK!')
        }
      }
      await server.stop()
    }
    if (redisVersion() === undefined) return
    const redis = await startServer('redis', { dir, args: ARGS })
    servers.push(redis)
    expect(await (await redis.connect()).call('DEBUG', 'DIGEST')).toBe(digest)
  },
  TEST_MS,
)

test(
  'one large file is loaded in parts, each key once and all of them',
  async () => {
    const { server, client } = await start(1, '--rdbcompression', 'no')
    await fill(client)
    expect(await client.call('DEBUG', 'POPULATE', 5000, 'filler', 1000)).toBe('OK')
    const digest = await client.call('DEBUG', 'DIGEST')
    const keys = Number(await client.call('DBSIZE')) + 1
    expect(await client.call('SAVE')).toBe('OK')
    await server.stop()
    const several = await start(3)
    expect(await several.client.call('DEBUG', 'DIGEST')).toBe(digest)
    expect(several.server.output()).toContain(`keys loaded: ${keys}, keys expired: 0.`)
    await several.server.stop()

    const path = join(dir, 'dump.rdb')
    truncateSync(path, statSync(path).size - 1000)
    const cut = await launch('skep', { dir, shards: 3 })
    servers.push(cut)
    await cut.ended
    expect(cut.output()).toContain('Unexpected end of a value.')
  },
  TEST_MS,
)

test(
  'DEBUG RELOAD gives back the same data',
  async () => {
    const { client } = await start(2)
    await fill(client)
    const digest = await client.call('DEBUG', 'DIGEST')
    expect(await client.call('DEBUG', 'RELOAD')).toBe('OK')
    expect(await client.call('DEBUG', 'DIGEST')).toBe(digest)
    await client.call('SET', 'string:2', 'another')
    expect(await client.call('DEBUG', 'RELOAD', 'NOSAVE', 'NOFLUSH', 'MERGE')).toBe('OK')
    expect(await client.call('DEBUG', 'DIGEST')).toBe(digest)
  },
  TEST_MS,
)

test(
  'while a snapshot cannot be saved writes are refused, and taken again once one can',
  async () => {
    const { client } = await start(1, '--save', '3600 1')
    await client.call('SET', 'key', 'value')
    mkdirSync(join(dir, 'dump.rdb'))
    expect(await client.call('BGSAVE')).toBe('Background saving started')
    await expect.poll(() => client.call('INFO', 'persistence'), POLL).toContain('rdb_last_bgsave_status:err')
    await expect
      .poll(() => client.call('SET', 'key', 'other'), POLL)
      .toMatchObject({ text: expect.stringMatching(/^MISCONF/) })
    expect(await client.call('GET', 'key')).toBe('value')
    rmdirSync(join(dir, 'dump.rdb'))
    await expect.poll(() => client.call('BGSAVE'), POLL).toBe('Background saving started')
    await expect.poll(() => client.call('SET', 'key', 'other'), POLL).toBe('OK')
  },
  TEST_MS,
)

test(
  'SIGTERM saves what `save` lines are about, and SHUTDOWN NOSAVE does not',
  async () => {
    const first = await start(2, '--save', '3600 1')
    await first.client.call('SET', 'key', 'value')
    await first.server.stop()
    const second = await start(2, '--save', '3600 1')
    expect(await second.client.call('GET', 'key')).toBe('value')
    await second.client.call('SET', 'key', 'lost')
    second.client.call('SHUTDOWN', 'NOSAVE').catch(() => undefined)
    await second.server.ended
    const third = await start(2)
    expect(await third.client.call('GET', 'key')).toBe('value')
  },
  TEST_MS,
)

test(
  'while data is loaded, clients are told so, and a damaged file ends the start with its place',
  async () => {
    const first = await start(1)
    await first.client.call('DEBUG', 'POPULATE', 3000)
    await first.client.call('SAVE')
    await first.server.stop()
    const loading = await launch('skep', { dir, shards: 1, args: ['--key-load-delay', '20000'] })
    servers.push(loading)
    await loading.logged(/Loading DB in memory/, 30_000)
    const client = await RespClient.connect({ port: loading.port })
    expect(await client.call('GET', 'key:1')).toMatchObject({ text: expect.stringMatching(/^LOADING/) })
    expect(await client.call('INFO', 'persistence')).toContain('loading:1')
    const refused = await client.call('CONFIG', 'SET', 'appendonly', 'yes')
    expect(refused).toMatchObject({ text: 'LOADING Redis is loading the dataset in memory' })
    await loading.stop('SIGKILL')
    execFileSync('truncate', ['-s', '-9', join(dir, 'dump.rdb')])
    const damaged = await launch('skep', { dir, shards: 1 })
    servers.push(damaged)
    expect((await damaged.ended).code).toBe(1)
    expect(damaged.output()).toMatch(/dump\.rdb is damaged at byte \d+/)
  },
  TEST_MS,
)

test.each([
  ['a snapshot', ['--save', '3600 1']],
  ['a log with an RDB base', ['--save', '3600 1', '--appendonly', 'yes']],
  ['a log of commands', ['--save', '3600 1', '--appendonly', 'yes', '--aof-use-rdb-preamble', 'no']],
])(
  'SIGTERM while %s is loaded ends the server at once and cleanly, and leaves the files as they are',
  async (_name, args) => {
    const first = await start(2, ...args)
    await first.client.call('DEBUG', 'POPULATE', 3000)
    if (args.includes('--appendonly')) {
      await first.client.call('BGREWRITEAOF')
      await expect.poll(() => first.client.call('INFO', 'persistence'), POLL).toContain('aof_rewrite_in_progress:0')
    }
    await first.server.stop()
    const loading = await launch('skep', { dir, shards: 2, args: [...args, '--key-load-delay', '20000'] })
    servers.push(loading)
    await loading.logged(/Server initialized/, 30_000)
    expect((await loading.stop('SIGTERM')).code).toBe(0)
    expect(loading.output()).toContain('Received shutdown signal during loading, scheduling shutdown')
    const { client } = await start(2, ...args)
    expect(await client.call('DBSIZE')).toBe(3000)
  },
  TEST_MS,
)

test(
  'the snapshot that FLUSHALL takes is not in the way of those that a client asks for',
  async () => {
    const { client } = await start(1, '--save', '3600 1', '--rdb-key-save-delay', '500000')
    const emptied = async (): Promise<void> => {
      await client.call('MULTI')
      await client.call('FLUSHALL')
      await client.call('SET', 'key', 'value')
      await client.call('EXEC')
      await expect.poll(() => client.call('INFO', 'persistence'), POLL).toContain('rdb_bgsave_in_progress:1')
    }
    await emptied()
    expect(await client.call('BGREWRITEAOF')).toBe('Background append only file rewriting started')
    await expect.poll(() => client.call('INFO', 'persistence'), POLL).toContain('aof_rewrite_in_progress:0')
    await emptied()
    expect(await client.call('BGSAVE')).toBe('Background saving started')
  },
  TEST_MS,
)

test(
  'what is written after FLUSHALL counts as not saved, though its snapshot comes later',
  async () => {
    const { client } = await start(2, '--save', '3600 1')
    const info = async (name: string): Promise<number> => {
      const text = String(await client.call('INFO', 'persistence'))
      return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1])
    }
    for (let i = 0; i < 10; i++) await client.call('SET', `key:${i}`, i)
    await client.call('FLUSHALL')
    const emptied = await info('rdb_changes_since_last_save')
    let written = 0
    const write = async (): Promise<void> => {
      await client.call('SET', `key:${written}`, written)
      written++
    }
    const deadline = Date.now() + POLL.timeout
    while ((await info('rdb_saves')) === 0 && Date.now() < deadline) {
      await write()
      expect(await info('rdb_changes_since_last_save')).toBe(emptied + written)
    }
    await write()
    expect(await info('rdb_saves')).toBe(1)
    expect(await info('rdb_changes_since_last_save')).toBe(emptied + written)
  },
  TEST_MS,
)
