// Question: how fast is a master with two replicas of its own kind (SET, P=16), how long does a full copy of many keys take,
// and how long does a client of the master wait at worst meanwhile? The last answer is in ../RESULTS.md, section replication.

import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerKind, TestServer } from '../../test/support/server.ts'
import { latencyDuring } from '../support/latency.ts'
import { load } from '../support/load-client.ts'
import { benchmark, type Figures, inTurn } from '../support/redis-benchmark.ts'
import { kinds, type Settings, startForBench } from '../support/servers.ts'
import type { Suite } from './index.ts'

const ARGS = ['--repl-diskless-sync-delay', '0', '--repl-diskless-load', 'swapdb']
const KEYS = 2_000_000
const SYNC_MS_MAX = 300_000
const SET = { test: 'set', pipeline: 16, keyspace: 100_000 }
/** Operations before measuring: until then three processes compile code on few cores, and share them with the load. */
const WARM_UP = 500_000

async function follow(replica: TestServer, master: TestServer): Promise<void> {
  const client = await replica.connect()
  await client.must('REPLICAOF', '127.0.0.1', String(master.port))
  const end = Date.now() + SYNC_MS_MAX
  while (!String(await client.must('INFO', 'replication')).includes('master_link_status:up')) {
    if (Date.now() > end) throw new Error('the replica does not follow')
    await sleep(10)
  }
  await client.close()
}

/** Starts `count` servers, each of which is added to `started` at once. Returns them. */
async function startAll(
  kind: ServerKind,
  settings: Settings,
  count: number,
  started: TestServer[],
): Promise<TestServer[]> {
  const servers: TestServer[] = []
  for (let i = 0; i < count; i++) {
    const server = await startForBench(kind, settings, ARGS)
    servers.push(server)
    started.push(server)
  }
  return servers
}

/** SET at P=16 to masters with two replicas each, in turn. */
async function throughput(settings: Settings): Promise<Partial<Record<ServerKind, Figures[]>>> {
  const servers: TestServer[] = []
  try {
    const masters: TestServer[] = []
    for (const kind of kinds()) {
      const [master, ...replicas] = await startAll(kind, settings, 3, servers)
      for (const replica of replicas) await follow(replica, master)
      await benchmark(master, SET, WARM_UP)
      masters.push(master)
    }
    return await inTurn(masters, settings, SET)
  } finally {
    for (const server of servers) await server.stop()
  }
}

/** A full copy: how long, and how long a client's PING took at most meanwhile, in ms. */
async function copy(kind: ServerKind, settings: Settings): Promise<{ copyMs: number; stallMs: number }> {
  const servers: TestServer[] = []
  try {
    const [master, replica] = await startAll(kind, settings, 2, servers)
    const keys = Math.ceil(KEYS * settings.scale)
    await load(master.port, keys, i => ['SET', `key:${String(i).padStart(12, '0')}`, 'x'.repeat(64)])
    let copyMs = 0
    const latency = await latencyDuring(
      { port: master.port, connections: 1, commands: [['PING']], keys: 1 },
      async () => {
        const started = performance.now()
        await follow(replica, master)
        copyMs = performance.now() - started
      },
    )
    return { copyMs, stallMs: latency.worst / 1000 }
  } finally {
    for (const server of servers) await server.stop()
  }
}

export const replication: Suite = {
  name: 'replication',
  question: 'a master with two replicas, and a full copy of two million keys',

  async run(settings) {
    const rates = await throughput(settings)
    const copies: Partial<Record<ServerKind, number[]>> = {}
    const stalls: Partial<Record<ServerKind, number[]>> = {}
    for (const kind of kinds()) {
      const { copyMs, stallMs } = await copy(kind, settings)
      copies[kind] = [copyMs]
      stalls[kind] = [stallMs]
    }
    const perSecond = (kind: ServerKind): number[] | undefined => rates[kind]?.map(each => each.perSecond)
    const rows = [
      {
        what: 'SET, P=16, two replicas',
        unit: 'a second',
        goal: '≥ 1.2 ×',
        redis: perSecond('redis'),
        skep: perSecond('skep'),
      },
      { what: 'full copy of 2 M keys', unit: 'ms', goal: '≤ 1.0 ×', redis: copies.redis, skep: copies.skep },
      { what: 'slowest PING meanwhile', unit: 'ms', goal: '≤ 10 ms', redis: stalls.redis, skep: stalls.skep },
    ]
    return { tables: [{ title: 'replication', rows }], notes: [] }
  },
}
