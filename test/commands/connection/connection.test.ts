// Commands about connections and the server, word for word beside redis-server, and over several routers.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RespClient } from '../../support/client.ts'
import { redisVersion, startServer, type TestServer } from '../../support/server.ts'

/** Commands of one connection each, whose replies must be redis-server's. */
const SCRIPTS: readonly (readonly string[])[] = [
  ['PING', 'PING hello', 'PING a b', 'ECHO x', 'SELECT 3', 'SELECT 16', 'SELECT x', 'SELECT -1'],
  ['HELLO 4', 'HELLO x', 'HELLO 3 SETNAME', 'HELLO 2 AUTH default', 'HELLO 2 AUTH nobody no', 'HELLO 2 SETNAME a'],
  ['AUTH x', 'AUTH a b', 'AUTH default anything', 'AUTH a b c', 'RESET'],
  ['CLIENT GETNAME', 'CLIENT SETNAME n', 'CLIENT GETNAME', 'CLIENT SETNAME', 'CLIENT NOSUCH', 'CLIENT'],
  [
    'CLIENT KILL 1.2.3.4:5',
    'CLIENT KILL ID 0',
    'CLIENT KILL ID x',
    'CLIENT KILL TYPE nosuch',
    'CLIENT KILL USER nobody',
  ],
  [
    'CLIENT KILL SKIPME maybe',
    'CLIENT KILL ADDR',
    'CLIENT KILL ID 99999',
    'CLIENT LIST TYPE nosuch',
    'CLIENT LIST ID x',
  ],
  [
    'CLIENT PAUSE x',
    'CLIENT PAUSE -1',
    'CLIENT PAUSE 1 SOME',
    'CLIENT UNPAUSE',
    'CLIENT UNBLOCK x',
    'CLIENT UNBLOCK 99999',
  ],
  ['CLIENT REPLY SKIP', 'PING', 'CLIENT REPLY OFF', 'PING', 'CLIENT REPLY ON', 'CLIENT REPLY maybe'],
  ['CLIENT NO-EVICT on', 'CLIENT NO-EVICT x', 'CLIENT GETREDIR', 'CLIENT CACHING yes', 'CLIENT TRACKINGINFO'],
  ['CLIENT TRACKING on PREFIX a', 'CLIENT TRACKING on OPTIN OPTOUT', 'CLIENT TRACKING on BCAST OPTIN'],
  ['CLIENT TRACKING on REDIRECT 99999', 'CLIENT TRACKING maybe', 'CLIENT TRACKING on BCAST PREFIX a PREFIX ab'],
  [
    'CONFIG GET maxmemory',
    'CONFIG SET maxmemory',
    'CONFIG SET nosuch 1',
    'CONFIG SET maxmemory x',
    'CONFIG SET hz 20',
    'CONFIG GET hz',
  ],
  [
    'SLOWLOG GET -2',
    'SLOWLOG GET x',
    'SLOWLOG LEN x',
    'SLOWLOG RESET',
    'LATENCY GRAPH nosuch',
    'LATENCY HISTORY nosuch',
  ],
  [
    'LATENCY LATEST',
    'LATENCY RESET',
    'LATENCY HISTOGRAM nosuch',
    'MEMORY PURGE',
    'SHUTDOWN ABORT',
    'SHUTDOWN SAVE NOSAVE',
  ],
  [
    'DEBUG NOSUCH',
    'DEBUG SLEEP',
    'DEBUG PROTOCOL double',
    'DEBUG PROTOCOL map',
    'DEBUG OBJECT nokey',
    'DEBUG POPULATE x',
  ],
  [
    'DEBUG ERROR custom',
    'DEBUG SLEEP 0.001',
    'DEBUG SET-ACTIVE-EXPIRE 1',
    'DEBUG HTSTATS 99',
    'DEBUG HTSTATS-KEY nokey',
  ],
  [
    'ACL WHOAMI',
    'ACL SETUSER u on >p ~a* +get',
    'ACL GETUSER u',
    'ACL USERS',
    'ACL LIST',
    'ACL DELUSER u',
    'ACL GETUSER u',
  ],
  [
    'ACL SETUSER u +nosuch',
    'ACL SETUSER u (+get',
    'ACL SETUSER u ~* ~a',
    'ACL DELUSER default',
    'ACL GENPASS x',
    'ACL CAT nosuch',
  ],
  [
    'ACL DRYRUN nobody get a',
    'ACL DRYRUN default nosuch',
    'ACL DRYRUN default get',
    'ACL DRYRUN default get a',
    'ACL SAVE',
    'ACL LOG RESET',
    'ACL LOG',
  ],
  ['FUNCTION FLUSH', 'FUNCTION FLUSH maybe', 'SCRIPT FLUSH ASYNC', 'SCRIPT FLUSH maybe'],
  [
    'HELLO 3',
    'DEBUG PROTOCOL set',
    'DEBUG PROTOCOL attrib',
    'DEBUG PROTOCOL verbatim',
    'CLIENT TRACKINGINFO',
    'RESET',
    'PING',
  ],
]

/** The replies as they came, errors and all, up to the answer to a last PING; without what differs by nature. */
async function replies(server: TestServer, script: readonly string[]): Promise<string[]> {
  const client = await server.connect()
  for (const line of script) client.send(...line.split(' '))
  client.send('CLIENT', 'REPLY', 'ON')
  client.send('ECHO', 'the end')
  const raw: string[] = []
  try {
    for (;;) {
      const text = (await client.nextFrame()).raw.toString('latin1')
      if (text === '$7\r\nthe end\r\n') break
      raw.push(text.startsWith('*14') || text.startsWith('%7') ? 'HELLO' : text)
    }
  } catch {
    raw.push('closed')
  }
  await client.close()
  return raw
}

describe.skipIf(redisVersion() === undefined)('beside redis-server', () => {
  let redis: TestServer
  let skep: TestServer

  beforeAll(async () => {
    const args = ['--enable-debug-command', 'yes']
    ;[redis, skep] = await Promise.all([startServer('redis', { args }), startServer('skep', { args, shards: 2 })])
  })
  afterAll(async () => {
    await Promise.all([redis.stop(), skep.stop()])
  })

  test.each(SCRIPTS.map(script => [script[0], script] as const))('%s …', async (_first, script) => {
    expect(await replies(skep, script)).toEqual(await replies(redis, script))
  })

  test('INFO has every field of redis-server, section by section', async () => {
    const [ours, theirs] = await Promise.all([skep, redis].map(fieldsOf))
    for (const [section, names] of theirs) {
      expect(ours.get(section), section).toBeDefined()
      expect(
        names.filter(name => !ours.get(section)?.includes(name)),
        section,
      ).toEqual([])
    }
  })

  test('a line of CLIENT LIST has the same fields in the same order', async () => {
    const [ours, theirs] = await Promise.all([skep, redis].map(lineOf))
    const names = (line: string): string[] => line.split(' ').map(field => field.split('=')[0])
    expect(names(ours)).toEqual(names(theirs))
    expect(ours).toContain('qbuf=26 ')
    expect(ours).toContain('cmd=client|list ')
  })
})

async function fieldsOf(server: TestServer): Promise<Map<string, string[]>> {
  const client = await server.connect()
  const sections = String(await client.call('INFO', 'default')).split('\r\n\r\n')
  await client.close()
  return new Map(
    sections.map(text => {
      const [title, ...lines] = text.trim().split('\r\n')
      return [title, title === '# Keyspace' || title === '# Errorstats' ? [] : lines.map(line => line.split(':')[0])]
    }),
  )
}

async function lineOf(server: TestServer): Promise<string> {
  const client = await server.connect()
  const lines = String(await client.call('CLIENT', 'LIST'))
    .trim()
    .split('\n')
  await client.close()
  return lines[lines.length - 1]
}

describe('over several routers', () => {
  let server: TestServer
  let clients: RespClient[]

  beforeAll(async () => {
    server = await startServer('skep', { shards: 2, args: ['--routers', '2'] })
    clients = await Promise.all(Array.from({ length: 8 }, () => server.connect()))
    for (const [i, client] of clients.entries()) await client.call('CLIENT', 'SETNAME', `c${i}`)
  })
  afterAll(async () => {
    await server.stop()
  })

  test('CLIENT LIST shows every client once, in order of ids', async () => {
    const lines = String(await clients[0].call('CLIENT', 'LIST'))
      .trim()
      .split('\n')
    const names = lines.map(line => /name=(\S*)/.exec(line)?.[1])
    expect([...names].sort()).toEqual(clients.map((_, i) => `c${i}`))
    const ids = lines.map(line => Number(/^id=(\d+)/.exec(line)?.[1]))
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
  })

  test('CONFIG SET is in force everywhere once it is answered', async () => {
    for (let i = 0; i < 20; i++) {
      expect(await clients[i % 8].call('CONFIG', 'SET', 'maxmemory-samples', i + 3)).toBe('OK')
      const seen = await Promise.all(clients.map(client => client.call('CONFIG', 'GET', 'maxmemory-samples')))
      for (const pair of seen) expect((pair as string[])[1]).toBe(String(i + 3))
    }
  })

  test('MONITOR shows the commands of all', async () => {
    const monitor = await server.connect()
    expect(await monitor.call('MONITOR')).toBe('OK')
    for (const [i, client] of clients.entries()) await client.call('ECHO', `from ${i}`)
    const shown = new Set<string>()
    while (shown.size < clients.length) {
      const match = /"ECHO" "from (\d)"/.exec(String(await monitor.next()))
      if (match !== null) shown.add(match[1])
    }
    await monitor.close()
  })

  test('CLIENT PAUSE holds all back, until CLIENT UNPAUSE lets go', async () => {
    expect(await clients[0].call('CLIENT', 'PAUSE', 100_000, 'WRITE')).toBe('OK')
    const writes = clients.map((client, i) => client.call('SET', `paused${i}`, 'v'))
    const reader = await server.connect()
    for (let i = 0; i < clients.length; i++) expect(await reader.call('GET', `paused${i}`)).toBeNull()
    expect(await reader.call('CLIENT', 'UNPAUSE')).toBe('OK')
    expect(await Promise.all(writes)).toEqual(clients.map(() => 'OK'))
    await reader.close()
  })

  test('users are known everywhere, and gone everywhere', async () => {
    expect(await clients[0].call('ACL', 'SETUSER', 'bee', 'on', '>honey', '~comb*', '+get', '+acl|whoami')).toBe('OK')
    const bees = await Promise.all(Array.from({ length: 6 }, () => server.connect()))
    for (const bee of bees) {
      expect(await bee.call('AUTH', 'bee', 'honey')).toBe('OK')
      expect(await bee.call('ACL', 'WHOAMI')).toBe('bee')
      expect(await bee.call('GET', 'comb1')).toBeNull()
    }
    expect(await clients[1].call('ACL', 'DELUSER', 'bee')).toBe(1)
    const left = String(await clients[0].call('CLIENT', 'LIST'))
    expect(left).not.toContain('user=bee')
    for (const bee of bees) await bee.close()
  })

  test('CLIENT KILL reaches all', async () => {
    expect(await clients[0].call('CLIENT', 'KILL', 'TYPE', 'normal')).toBe(clients.length - 1)
  })
})
