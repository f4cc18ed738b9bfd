// Question: how do the workloads of the examples fare, at the figures they are known by? Item views, votes, a page from
// the cache, a union of two sets, aging a ranking, counting log lines. The clean-up of ten million sessions is the suite
// sessions. The last answer is in ../RESULTS.md, section workloads.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { postArticle, vote } from '../../examples/article-voting.ts'
import { aggregate, connectForLogs, writeLogs } from '../../examples/log-aggregation.ts'
import { ITEMS_KEPT, noteVisit } from '../../examples/login-cookies.ts'
import { age, ITEMS_RANKED } from '../../examples/page-analytics.ts'
import { page, slowPage } from '../../examples/page-cache.ts'
import type { Argument } from '../../test/support/client.ts'
import type { TestServer } from '../../test/support/server.ts'
import { drive, measureInTurn } from '../support/drive.ts'
import { load } from '../support/load-client.ts'
import type { Row } from '../support/report.ts'
import { type Settings, withAll } from '../support/servers.ts'
import { median } from '../support/statistics.ts'
import type { Suite } from './index.ts'

/** A workload and what it is measured in. `run` returns the figure of one round. */
type Workload = {
  readonly what: string
  readonly unit: string
  readonly goal?: string
  run(server: TestServer, redis: Redis, settings: Settings): Promise<number>
}

const WORKLOADS: readonly Workload[] = [
  {
    what: 'item views, 50 connections sending 10 at a time',
    unit: '1/s',
    goal: '≥ 20,000/s',
    async run(server, _, { seconds }) {
      // As many sessions as a shop has at least: with a handful, login: would be a small hash, which is another thing.
      await load(server.port, 20_000, i => ['HSET', 'login:', `token:of:${i}`, 'user'])
      return 10 * (await drive(server, 50, seconds, viewsOf)).perSecond
    },
  },
  {
    what: 'item views through one ioredis, 50 at a time',
    unit: '1/s',
    run: (_, redis, { seconds }) =>
      eachSecond(seconds, 50, i => noteVisit(redis, `token:${i % 5000}`, 'ada', `item:${i % 2000}`, Date.now() / 1000)),
  },
  {
    what: 'votes through one ioredis, 50 at a time',
    unit: '1/s',
    async run(_, redis, { seconds }) {
      const now = Date.now() / 1000
      const ids: string[] = []
      for (let i = 0; i < 100; i++) ids.push(await postArticle(redis, 'ada', `article ${i}`, 'link', now))
      return eachSecond(seconds, 50, i => vote(redis, `user:${Math.floor(i / 100)}`, ids[i % 100], 'up', now))
    },
  },
  {
    what: 'a page that takes 20 to 50 ms, from the cache',
    unit: 'ms',
    goal: '< 1 ms',
    async run(_, redis) {
      const url = new URL('https://example.com/shop?item=honey')
      await redis.zincrby('viewed:', -1e9, 'honey')
      await page(redis, url, slowPage)
      return medianMs(300, () => page(redis, url, slowPage))
    },
  },
  {
    what: 'SUNIONSTORE of two sets of 10,000 into 20,000',
    unit: 'ms',
    goal: '≤ 8 ms',
    async run(server, redis, { seconds }) {
      for (const [key, first] of [
        ['a{union}', 0],
        ['b{union}', 10_000],
      ] as const) {
        await load(server.port, 100, i => [
          'SADD',
          key,
          ...Array.from({ length: 100 }, (_, j) => first + 100 * i + j).map(n => `member:${n}`),
        ])
      }
      return medianMs(Math.ceil(40 * seconds), () => redis.sunionstore('d{union}', 'a{union}', 'b{union}'))
    },
  },
  {
    what: `aging a ranking of 100,000 items to ${ITEMS_RANKED.toLocaleString('en-US')}`,
    unit: 'ms',
    async run(server, redis) {
      await redis.del('viewed:')
      await load(server.port, 1000, i => [
        'ZADD',
        'viewed:',
        ...Array.from({ length: 100 }, (_, j) => 100 * i + j).flatMap(n => [-n, `item:${n}`]),
      ])
      return medianMs(1, () => age(redis))
    },
  },
  { what: 'counting log lines, 1,000 in a transaction', unit: '1/s', run: countLogLines },
]

/** Ten visits as commands, of a visitor of this connection's own. */
function viewsOf(connection: number): Argument[][] {
  return Array.from({ length: 10 }, (_, i) => {
    const token = `token:${connection}:${i}`
    const item = `item:${(connection * 37 + i * 101) % 2000}`
    return [
      ['HSET', 'login:', token, `user:${connection}`],
      ['ZADD', 'recent:', 1_700_000_000 + i, token],
      ['ZADD', `viewed:${token}`, 1_700_000_000 + i, item],
      ['ZREMRANGEBYRANK', `viewed:${token}`, 0, -ITEMS_KEPT - 1],
      ['ZINCRBY', 'viewed:', -1, item],
    ]
  }).flat()
}

/** How often a second `once(0)`, `once(1)` … are done, so many of them at a time. */
async function eachSecond(seconds: number, atOnce: number, once: (i: number) => Promise<unknown>): Promise<number> {
  const started = performance.now()
  let count = 0
  const worker = async (): Promise<void> => {
    while (performance.now() < started + 1000 * seconds) await once(count++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return (1000 * count) / (performance.now() - started)
}

async function medianMs(times: number, once: () => Promise<unknown>): Promise<number> {
  const spent: number[] = []
  for (let i = 0; i < times; i++) {
    const started = performance.now()
    await once()
    spent.push(performance.now() - started)
  }
  return median(spent)
}

async function countLogLines(server: TestServer, redis: Redis, { seconds }: Settings): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'skep-logs-'))
  const lines = Math.ceil(50_000 * seconds)
  const counting = connectForLogs(server.port)
  try {
    await redis.del('progress:log', 'hits:path', 'hits:status')
    await writeLogs(folder, 1, lines)
    const started = performance.now()
    await aggregate(counting, folder)
    return (1000 * lines) / (performance.now() - started)
  } finally {
    counting.disconnect()
    rmSync(folder, { recursive: true })
  }
}

export const workloads: Suite = {
  name: 'workloads',
  question: 'the workloads of examples/, on an empty server without persistence',

  async run(settings) {
    const rows: Row[] = []
    await withAll(settings, async servers => {
      const clients = new Map(servers.map(server => [server.kind, new Redis(server.port)]))
      for (const { what, unit, goal, run } of WORKLOADS) {
        const figures = await measureInTurn(servers, settings, server =>
          run(server, clients.get(server.kind) as Redis, settings),
        )
        rows.push({ what, unit, goal, redis: figures.redis, skep: figures.skep })
      }
      for (const redis of clients.values()) redis.disconnect()
    })
    return { tables: [{ title: 'workload', rows }], notes: [] }
  },
}
