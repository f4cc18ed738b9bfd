// Whole servers that follow each other: skep and redis-server at either end.

import { afterEach, describe, expect, test } from 'vitest'
import { randomFrom } from '../support/random.ts'
import { redisVersion, type ServerKind } from '../support/server.ts'
import { agreed, digest, follow, info, linked, type Node, startNode, until, writeRandomly } from './nodes.ts'

const TEST_MS = 180_000
const nodes: Node[] = []

async function start(kind: ServerKind, ...args: string[]): Promise<Node> {
  const node = await startNode(kind, { args })
  nodes.push(node)
  return node
}

afterEach(async () => {
  await Promise.all(nodes.splice(0).map(node => node.stop('SIGKILL')))
}, TEST_MS)

const seed = Number(process.env.SEED ?? Date.now())
const KINDS: readonly ServerKind[] = redisVersion() === undefined ? ['skep'] : ['skep', 'redis']
const PAIRS = KINDS.flatMap(a => KINDS.map(b => [a, b] as const)).filter(([a, b]) => a === 'skep' || b === 'skep')

describe.each(PAIRS)('%s as master, %s as replica', (first, second) => {
  test(
    `are equal after a full copy under writes, and again after links broke (seed ${seed})`,
    async () => {
      const random = randomFrom(seed)
      const master = await start(first)
      const replica = await start(second)
      await writeRandomly(master, random, 2000)
      const [, ,] = await Promise.all([
        follow(replica, master),
        writeRandomly(master, random, 2000),
        writeRandomly(master, random, 2000),
      ])
      const [a, b] = await agreed([master, replica])
      expect(b).toBe(a)
      const copies = await info(master, 'sync_full')
      for (let i = 0; i < 5; i++) {
        const written = writeRandomly(master, random, 500)
        await master.redis.call('CLIENT', 'KILL', 'TYPE', 'replica')
        await written
      }
      await linked(replica)
      const [c, d] = await agreed([master, replica])
      expect(d).toBe(c)
      expect(await info(master, 'sync_full')).toBe(copies)
      expect(Number(await info(master, 'sync_partial_ok'))).toBeGreaterThan(0)
    },
    TEST_MS,
  )
})

test(
  'a chain goes on without a copy when its middle is promoted, under the offsets that all know',
  async () => {
    const [a, b, c] = [await start('skep'), await start('skep'), await start('skep')]
    await follow(b, a)
    await follow(c, b)
    await a.redis.select(3)
    await a.redis.set('k', 'v')
    expect(new Set(await agreed([a, b, c])).size).toBe(1)
    const id = await info(a, 'master_replid')
    for (const node of [b, c]) expect(await info(node, 'master_replid')).toBe(id)
    await b.redis.call('REPLICAOF', 'NO', 'ONE')
    await b.redis.set('promoted', 'yes')
    await follow(a, b)
    await linked(c)
    expect(new Set(await agreed([a, b, c])).size).toBe(1)
    expect(await info(b, 'master_replid2')).toBe(id)
    expect(await info(b, 'sync_full')).toBe('1')
    expect(Number(await info(b, 'sync_partial_ok'))).toBe(2)
  },
  TEST_MS,
)

test(
  'WAIT counts those that have it; a replica refuses writes, a master without replicas may have to',
  async () => {
    const [master, replica] = [await start('skep'), await start('skep')]
    await follow(replica, master)
    await master.redis.set('a', '1')
    expect(await master.redis.wait(1, 10_000)).toBe(1)
    expect(await replica.redis.get('a')).toBe('1')
    expect(await master.redis.wait(2, 50)).toBe(1)
    await expect(replica.redis.set('a', '2')).rejects.toThrow(/^READONLY/)
    await master.redis.config('SET', 'min-replicas-to-write', '2')
    await expect(master.redis.set('a', '2')).rejects.toThrow(/^NOREPLICAS/)
    await master.redis.config('SET', 'min-replicas-to-write', '1')
    expect(await master.redis.set('a', '2')).toBe('OK')
    expect(await master.redis.call('ROLE')).toMatchObject([
      'master',
      expect.any(Number),
      [['127.0.0.1', `${replica.server.port}`, expect.any(String)]],
    ])
    await master.stop('SIGKILL')
    await until('the link is down', async () => (await info(replica, 'master_link_status')) === 'down')
    expect(await replica.redis.get('a')).toBe('2')
    await replica.redis.config('SET', 'replica-serve-stale-data', 'no')
    await expect(replica.redis.get('a')).rejects.toThrow(/^MASTERDOWN/)
  },
  TEST_MS,
)

test(
  'scripts may no more than their clients: write on a replica, without replicas, or see what may be stale',
  async () => {
    const [master, replica] = [await start('skep'), await start('skep')]
    const write = "return redis.call('SET', KEYS[1], 'script')"
    const read = "return redis.call('GET', KEYS[1])"
    await follow(replica, master)
    await master.redis.config('SET', 'min-replicas-to-write', '2')
    await expect(master.redis.eval(write, 1, 'a')).rejects.toThrow(
      /^NOREPLICAS Not enough good replicas to write\. script/,
    )
    await expect(master.redis.eval(`#!lua\n${read}`, 1, 'a')).rejects.toThrow(/^NOREPLICAS/)
    expect(await master.redis.eval(read, 1, 'a')).toBe(null)
    await master.redis.config('SET', 'min-replicas-to-write', '0')
    expect(await master.redis.eval(write, 1, 'a')).toBe('OK')
    expect(await master.redis.wait(1, 20_000)).toBe(1)
    await expect(replica.redis.eval(write, 1, 'a')).rejects.toThrow(/^READONLY .* script/)
    await expect(replica.redis.eval(`#!lua\n${read}`, 1, 'a')).rejects.toThrow(/^READONLY/)
    expect(await replica.redis.eval(read, 1, 'a')).toBe('script')
    await replica.redis.config('SET', 'replica-serve-stale-data', 'no')
    await master.stop('SIGKILL')
    await until('the link is down', async () => (await info(replica, 'master_link_status')) === 'down')
    await expect(replica.redis.eval('return 1', 0)).rejects.toThrow(/^MASTERDOWN/)
    const mayBeStale = '#!lua flags=allow-stale,no-writes\n'
    expect(await replica.redis.eval(`${mayBeStale}return 1`, 0)).toBe(1)
    await expect(replica.redis.eval(`${mayBeStale}${read}`, 1, 'a')).rejects.toThrow(/on a stale replica/)
  },
  TEST_MS,
)

test(
  'a replica that comes late gets the file that is written for another, and what came since',
  async () => {
    const [master, first, late] = [await start('skep'), await start('skep'), await start('skep')]
    const isSaving = async (): Promise<boolean> => (await info(master, 'rdb_bgsave_in_progress')) === '1'
    for (let i = 0; i < 10; i++) await master.redis.set(`key:${i}`, i)
    await master.redis.config('SET', 'repl-diskless-sync', 'no')
    await master.redis.config('SET', 'rdb-key-save-delay', '10000000')
    await first.redis.call('REPLICAOF', '127.0.0.1', String(master.server.port))
    await until('a file is written', isSaving)
    await master.redis.set('late', 'yes')
    await late.redis.call('REPLICAOF', '127.0.0.1', String(master.server.port))
    await until('both wait', async () => (await info(master, 'slave1')).includes('state=wait_bgsave'))
    await first.redis.call('REPLICAOF', 'NO', 'ONE')
    await until('one is gone', async () => (await info(master, 'connected_slaves')) === '1')
    expect(await isSaving()).toBe(true)
    await master.redis.config('SET', 'rdb-key-save-delay', '0')
    await linked(late)
    const [a, b] = await agreed([master, late])
    expect(b).toBe(a)
    expect(await late.redis.get('late')).toBe('yes')
    expect(master.server.output()).toContain('Waiting for end of BGSAVE for SYNC')
    // A file that nobody waits for is given up.
    await master.redis.config('SET', 'rdb-key-save-delay', '10000000')
    await first.redis.call('REPLICAOF', '127.0.0.1', String(master.server.port))
    await until('a file is written', isSaving)
    await first.redis.call('REPLICAOF', 'NO', 'ONE')
    await until('it is given up', async () => !(await isSaving()))
  },
  TEST_MS,
)

describe.each(KINDS)('%s as master', kind => {
  test.each(['yes', 'no'])(
    'says that a replica waits while its copy is made, with repl-diskless-sync %s',
    async isDiskless => {
      const [master, replica] = [await start(kind), await start('skep')]
      for (let i = 0; i < 5; i++) await master.redis.set(`key:${i}`, i)
      await master.redis.config('SET', 'repl-diskless-sync', isDiskless)
      await master.redis.config('SET', 'rdb-key-save-delay', '1000000')
      await replica.redis.call('REPLICAOF', '127.0.0.1', String(master.server.port))
      await until('the copy is being made', async () => (await info(master, 'rdb_bgsave_in_progress')) === '1')
      expect(await info(master, 'slave0')).toContain('state=wait_bgsave')
      await master.redis.config('SET', 'rdb-key-save-delay', '0')
      await until('it is online', async () => (await info(master, 'slave0')).includes('state=online'))
    },
    TEST_MS,
  )
})

test.each(KINDS)(
  '%s as replica says that a copy broke off, keeps what it has, and gets another copy',
  async kind => {
    const [master, replica] = [await start('skep'), await start(kind, '--repl-diskless-load', 'swapdb')]
    await replica.redis.set('before', 'yes')
    for (let i = 0; i < 50; i++) await master.redis.set(`key:${i}`, 'x'.repeat(100_000))
    await master.redis.config('SET', 'rdb-key-save-delay', '100000')
    await replica.redis.call('REPLICAOF', '127.0.0.1', String(master.server.port))
    await until('a copy comes', async () => replica.server.output().includes('sync: Loading DB in memory'))
    await master.redis.call('CLIENT', 'KILL', 'TYPE', 'replica')
    await until('it has broken off', async () => replica.server.output().includes('Internal error in RDB'))
    await replica.redis.call('REPLICAOF', 'NO', 'ONE')
    expect(await replica.redis.get('before')).toBe('yes')
    await master.redis.config('SET', 'rdb-key-save-delay', '0')
    await follow(replica, master)
    const [a, b] = await agreed([master, replica])
    expect(b).toBe(a)
  },
  TEST_MS,
)

test(
  'a script without an end can be killed when a copy has come meanwhile',
  async () => {
    const [master, replica] = [await start('skep'), await start('skep', '--repl-diskless-load', 'swapdb')]
    await follow(replica, master)
    await replica.redis.config('SET', 'busy-reply-threshold', '10')
    const other = replica.redis.duplicate()
    const script = other.eval('while true do end', 0).catch((error: Error) => error.message)
    await until('it is slow', async () => replica.server.output().includes('Slow script detected'))
    // The master begins a new history, so that the replica needs a copy.
    await master.redis.call('DEBUG', 'CHANGE-REPL-ID')
    await master.redis.call('CLIENT', 'KILL', 'TYPE', 'replica')
    await until('it is to be exchanged', async () => replica.server.output().split('Swapping active DB').length > 2)
    expect(await replica.redis.call('SCRIPT', 'KILL')).toBe('OK')
    expect(await script).toMatch(/Script killed by user/)
    other.disconnect()
    await linked(replica)
    await master.redis.set('key', 'value')
    expect(new Set(await agreed([master, replica])).size).toBe(1)
  },
  TEST_MS,
)

test(
  'WAITAOF waits for the disk here and there',
  async () => {
    const [master, replica] = [await start('skep', '--appendonly', 'yes'), await start('skep', '--appendonly', 'yes')]
    await follow(replica, master)
    await master.redis.set('a', '1')
    expect(await master.redis.call('WAITAOF', '1', '1', '20000')).toEqual([1, 1])
    await expect(master.redis.call('WAITAOF', '2', '0', '0')).rejects.toThrow(/must between 0 and 1/)
  },
  TEST_MS,
)

test(
  'FAILOVER hands over without losing a write',
  async () => {
    const [a, b] = [await start('skep'), await start('skep')]
    await follow(b, a)
    await a.redis.set('a', '1')
    await a.redis.call('FAILOVER', 'TO', '127.0.0.1', String(b.server.port), 'TIMEOUT', '20000')
    await until('the roles have changed', async () => (await info(a, 'role')) === 'slave')
    await linked(a)
    await b.redis.set('b', '2')
    expect(new Set(await agreed([b, a])).size).toBe(1)
    expect(await digest(a)).not.toMatch(/^0+$/)
    expect(await info(b, 'sync_full')).toBe('0')
  },
  TEST_MS,
)
