// What graphical consoles send when they connect and when a key is opened, in their order.
//
// redis-commander's was recorded with MONITOR from release 0.9.0; RedisInsight's is what its server side (the parts that
// add a database, list keys and open one) asks for. skep's replies are compared with redis-server's.

import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SERVERS } from '../support/each-server.ts'
import { startServer, type TestServer } from '../support/server.ts'

type Words = readonly [string, ...string[]]

const SEED: readonly Words[] = [
  ['SET', 'seed:string', 'value'],
  ['HSET', 'seed:hash', 'field', 'value', 'other', 'value'],
  ['ZADD', 'seed:zset', '1.5', 'member', '2', 'other'],
  ['RPUSH', 'seed:list', 'a', 'b', 'c'],
  ['SADD', 'seed:set', 'member'],
  ['XADD', 'seed:stream', '1-1', 'field', 'value'],
  ['XGROUP', 'CREATE', 'seed:stream', 'group', '0'],
  ['EXPIRE', 'seed:string', '100000'],
]

/** Opening each key in redis-commander. */
const REDIS_COMMANDER: readonly Words[] = [
  ['type', 'seed:string'],
  ['get', 'seed:string'],
  ['ttl', 'seed:hash'],
  ['type', 'seed:hash'],
  ['hgetall', 'seed:hash'],
  ['type', 'seed:zset'],
  ['zrevrange', 'seed:zset', '0', '19', 'WITHSCORES'],
  ['zcount', 'seed:zset', '-inf', '+inf'],
  ['lrange', 'seed:list', '0', '19'],
  ['llen', 'seed:list'],
  ['smembers', 'seed:set'],
  ['XRANGE', 'seed:stream', '-', '+', 'COUNT', '20'],
  ['xlen', 'seed:stream'],
  ['ttl', 'seed:stream'],
]

/** RedisInsight: what kind of server this is, then the list of keys, then one of each type. */
const REDIS_INSIGHT: readonly Words[] = [
  ['client', 'getname'],
  ['module', 'list'],
  ['command', 'info', 'json.get', 'json.set', 'json.del'],
  ['command', 'info', 'ft.info', 'ft.search'],
  ['config', 'get', 'databases'],
  ['dbsize'],
  ['scan', '0', 'MATCH', 'seed:hash', 'COUNT', '500', 'TYPE', 'hash'],
  ['type', 'seed:hash'],
  ['hlen', 'seed:hash'],
  ['hscan', 'seed:hash', '0', 'MATCH', '*', 'COUNT', '500'],
  ['ttl', 'no-such-key'],
  ['strlen', 'seed:string'],
  ['llen', 'seed:list'],
  ['lindex', 'seed:list', '1'],
  ['scard', 'seed:set'],
  ['sscan', 'seed:set', '0', 'MATCH', '*', 'COUNT', '500'],
  ['zcard', 'seed:zset'],
  ['zscan', 'seed:zset', '0', 'MATCH', '*', 'COUNT', '500'],
  ['zrange', 'seed:zset', '0', '499', 'WITHSCORES'],
  ['xlen', 'seed:stream'],
  ['xinfo', 'stream', 'seed:stream'],
  ['xinfo', 'groups', 'seed:stream'],
  ['xinfo', 'consumers', 'seed:stream', 'group'],
  ['xrevrange', 'seed:stream', '+', '-', 'COUNT', '1'],
  ['xpending', 'seed:stream', 'group'],
  ['object', 'encoding', 'seed:hash'],
  ['slowlog', 'len'],
  ['config', 'get', 'slowlog*'],
  ['config', 'get', 'maxmemory-policy'],
  ['acl', 'whoami'],
  ['pubsub', 'channels'],
]

/** What consoles read out of INFO. */
const INFO_FIELDS: Readonly<Record<string, readonly string[]>> = {
  server: ['redis_version', 'redis_mode', 'os', 'uptime_in_seconds', 'uptime_in_days', 'tcp_port', 'run_id'],
  clients: ['connected_clients', 'blocked_clients', 'maxclients'],
  memory: [
    'used_memory',
    'used_memory_human',
    'used_memory_peak',
    'maxmemory',
    'maxmemory_policy',
    'number_of_cached_scripts',
  ],
  stats: [
    'instantaneous_ops_per_sec',
    'instantaneous_input_kbps',
    'keyspace_hits',
    'keyspace_misses',
    'total_commands_processed',
  ],
  replication: ['role', 'connected_slaves'],
  persistence: ['loading', 'rdb_last_save_time', 'aof_enabled'],
  cpu: ['used_cpu_sys', 'used_cpu_user'],
  cluster: ['cluster_enabled'],
  keyspace: ['db0'],
}

function fields(info: string): Map<string, Set<string>> {
  const sections = new Map<string, Set<string>>()
  let section = new Set<string>()
  for (const line of info.split('\r\n')) {
    if (line.startsWith('# ')) {
      section = new Set()
      sections.set(line.slice(2).toLowerCase(), section)
    } else if (line.includes(':')) section.add(line.slice(0, line.indexOf(':')))
  }
  return sections
}

describe('consoles', () => {
  const servers: TestServer[] = []
  const clients: Redis[] = []

  beforeAll(async () => {
    for (const kind of SERVERS) {
      // No command is slow: a busy machine would make some.
      const server = await startServer(kind, { shards: 3, args: ['--slowlog-log-slower-than', '-1'] })
      servers.push(server)
      // Both consoles use ioredis 5, which speaks RESP2, give the connection a name and wait for INFO to say ready.
      const redis = new Redis(server.port, { protocol: 2, connectionName: 'console' })
      clients.push(redis)
      for (const words of SEED) await redis.call(...words)
    }
  })
  afterAll(async () => {
    for (const redis of clients) redis.disconnect()
    for (const server of servers) await server.stop()
  })

  test.each([
    ['redis-commander', REDIS_COMMANDER],
    ['RedisInsight', REDIS_INSIGHT],
  ] as const)('%s gets the replies it knows', async (_, commands) => {
    for (const words of commands) {
      const replies = await Promise.all(
        clients.map(redis => redis.call(...words).catch((error: Error) => error.message)),
      )
      const told = replies.map(reply => (words[0].toLowerCase() === 'config' ? inOrder(reply) : reply))
      for (const reply of told) expect(reply, words.join(' ')).toEqual(told.at(-1))
    }
  })

  test('INFO has the fields they show', async () => {
    for (const redis of clients) {
      const sections = fields(await redis.info())
      for (const [section, wanted] of Object.entries(INFO_FIELDS)) {
        expect([...(sections.get(section) ?? [])]).toEqual(expect.arrayContaining([...wanted]))
      }
      expect([...fields(await redis.info('cluster')).keys()]).toEqual(['cluster'])
    }
  })

  test('a list of keys comes with type, time to live and size', async () => {
    for (const redis of clients) {
      const [cursor, keys] = await redis.scan('0', 'MATCH', '*', 'COUNT', 500)
      expect(cursor).toBe('0')
      expect(keys.sort()).toEqual(['hash', 'list', 'set', 'stream', 'string', 'zset'].map(name => `seed:${name}`))
      const pipeline = redis.pipeline()
      for (const key of keys) pipeline.call('memory', 'usage', key, 'samples', '0')
      for (const [error, bytes] of (await pipeline.exec()) ?? []) {
        expect(error).toBe(null)
        expect(bytes).toBeGreaterThan(0)
      }
    }
  })

  test('every command is described, so that a console can offer it', async () => {
    const [own, ...others] = await Promise.all(
      clients.map(
        async redis => new Map(((await redis.call('COMMAND')) as [string, number][]).map(entry => [entry[0], entry])),
      ),
    )
    for (const name of ['get', 'zadd', 'xadd', 'blpop', 'sort', 'geosearch', 'multi', 'hset', 'object']) {
      expect(own.get(name)?.[1], name).toBeTypeOf('number')
      for (const other of others) expect(own.get(name)?.slice(0, 6)).toEqual(other.get(name)?.slice(0, 6))
    }
  })

  test('a server alone says that it is no cluster and no sentinel', async () => {
    const texts = await Promise.all(
      clients.flatMap(redis =>
        (
          [
            ['cluster', 'info'],
            ['sentinel', 'masters'],
          ] as const
        ).map(([command, subcommand]) => redis.call(command, subcommand).then(String, (error: Error) => error.message)),
      ),
    )
    for (const text of texts) expect(text).not.toContain('cluster_state:ok')
    expect(texts.slice(0, 2)).toEqual(texts.slice(-2))
  })

  test('the slow log, the list of clients and the monitor', async () => {
    for (const redis of clients) {
      await redis.config('SET', 'slowlog-log-slower-than', '0')
      await redis.ping()
      const [entry] = (await redis.slowlog('GET', 1)) as [number, number, number, string[], string, string][]
      expect(entry.slice(3)).toEqual([expect.any(Array), expect.stringMatching(/^127\.0\.0\.1:/), 'console'])
      await redis.config('SET', 'slowlog-log-slower-than', '-1')
      const line = String(await redis.client('LIST')).split('\n')[0]
      const known = line.split(' ').map(pair => pair.slice(0, pair.indexOf('=')))
      expect(known).toEqual(expect.arrayContaining(['id', 'addr', 'name', 'age', 'idle', 'db', 'cmd', 'user']))
      const monitor = await redis.monitor()
      const seen = new Promise(resolve => monitor.on('monitor', (_, args: string[]) => resolve(args)))
      await redis.get('seed:string')
      expect(await seen).toEqual(['get', 'seed:string'])
      monitor.disconnect()
    }
  })
})

/** CONFIG GET tells directives in any order. */
function inOrder(reply: unknown): unknown {
  if (!Array.isArray(reply)) return reply
  const pairs: [unknown, unknown][] = []
  for (let i = 0; i < reply.length; i += 2) pairs.push([reply[i], reply[i + 1]])
  return pairs.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
}
