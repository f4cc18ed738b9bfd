// Three of Redis's own sentinels watch over skeps: when the master is killed, a replica takes over, the other one and the old
// master follow, and a client that asks the sentinels goes on.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, expect, test } from 'vitest'
import { freePort, redisVersion, serverCommand } from '../support/server.ts'
import { follow, info, type Node, startNode, until } from './nodes.ts'

const TEST_MS = 240_000
const nodes: Node[] = []
const sentinels: ChildProcess[] = []
const folder = mkdtempSync(join(tmpdir(), 'skep-sentinel-'))

afterEach(async () => {
  for (const sentinel of sentinels.splice(0)) sentinel.kill('SIGKILL')
  await Promise.all(nodes.splice(0).map(node => node.stop('SIGKILL')))
  rmSync(folder, { recursive: true, force: true })
}, TEST_MS)

/** Starts a sentinel that watches the master at `port`. Returns its own port. */
async function startSentinel(i: number, port: number): Promise<number> {
  const own = await freePort()
  const file = join(folder, `${i}.conf`)
  const lines = [
    `port ${own}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor it 127.0.0.1 ${port} 2`,
    'sentinel down-after-milliseconds it 3000',
    'sentinel failover-timeout it 20000',
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  sentinels.push(spawn(serverCommand('redis')[0], [file, '--sentinel'], { stdio: 'ignore' }))
  return own
}

test.skipIf(redisVersion() === undefined)(
  'sentinels replace a master that was killed, and clients go on',
  async () => {
    for (let i = 0; i < 3; i++) nodes.push(await startNode('skep', { shards: 1 }))
    const [first, ...others] = nodes
    for (const other of others) await follow(other, first)
    const ports = await Promise.all([0, 1, 2].map(i => startSentinel(i, first.server.port)))
    const asked = new Redis(ports[0], { retryStrategy: () => 200, maxRetriesPerRequest: null })
    asked.on('error', () => undefined)
    const client = new Redis({
      sentinels: ports.map(port => ({ host: '127.0.0.1', port })),
      name: 'it',
      sentinelRetryStrategy: () => 200,
      retryStrategy: () => 200,
      maxRetriesPerRequest: null,
    })
    client.on('error', () => undefined)
    try {
      await until('all know of each other', async () => {
        const [facts] = (await asked.call('SENTINEL', 'MASTERS')) as string[][]
        const fact = (name: string): string => facts[facts.indexOf(name) + 1]
        return fact('num-slaves') === '2' && fact('num-other-sentinels') === '2'
      })
      await client.set('before', '1')
      expect(await first.redis.wait(2, 20_000)).toBe(2)
      const { port } = first.server
      await first.stop('SIGKILL')
      expect(await client.set('after', '2')).toBe('OK')
      expect(await client.get('before')).toBe('1')
      // The client may have heard of the new master from another sentinel than the one that is asked here.
      let promoted: string[] = []
      await until('this sentinel knows the new master', async () => {
        promoted = (await asked.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'it')) as string[]
        return promoted[1] !== String(port)
      })
      expect(others.map(other => ['127.0.0.1', String(other.server.port)])).toContainEqual(promoted)
      nodes[0] = await startNode('skep', { shards: 1, port })
      for (const node of nodes) {
        if (String(node.server.port) === promoted[1]) continue
        await until('it follows the new master', async () => (await info(node, 'master_port')) === promoted[1])
        await until('it has all', async () => (await node.redis.get('after')) === '2')
      }
    } finally {
      asked.disconnect()
      client.disconnect()
    }
  },
  TEST_MS,
)
