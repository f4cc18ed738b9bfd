// Question: how many requests a second does the HTTP gateway serve, and how fast, beside the plain alternative (fastify,
// ioredis, redis-server) under autocannon? The last answer is in ../RESULTS.md, section http.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { freePort, projectNode, startServer } from '../../test/support/server.ts'
import { cpuMicroseconds } from '../support/process.ts'
import type { Row, Table } from '../support/report.ts'
import { kinds, type Settings } from '../support/servers.ts'
import type { Suite } from './index.ts'

const CONNECTIONS = 50
const KEYS = 100
const VALUE = 'x'.repeat(64)
const PLAIN = fileURLToPath(new URL('../support/plain-http.ts', import.meta.url))

/** What answers HTTP, and the processes that it takes. */
interface Subject {
  readonly url: string
  readonly pids: readonly number[]
  stop(): Promise<void>
}

async function startPlain(): Promise<Subject> {
  const redis = await startServer('redis', { args: ['--appendonly', 'no'] })
  const port = await freePort()
  const child = spawn(projectNode(), [PLAIN, String(port), String(redis.port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return {
    url: `http://127.0.0.1:${port}`,
    pids: [child.pid ?? -1, redis.pid],
    async stop() {
      child.kill()
      await redis.stop()
    },
  }
}

async function startSkep(settings: Settings): Promise<Subject> {
  const port = await freePort()
  const args = ['--appendonly', 'no', '--http-port', String(port)]
  const server = await startServer('skep', { args, shards: settings.shards })
  return {
    url: `http://127.0.0.1:${port}`,
    pids: [server.pid],
    async stop() {
      await server.stop()
    },
  }
}

const key = (i: number): string => `key:${i % KEYS}`

/** What is asked for: the path and as many bodies as there are keys. */
const LOADS: readonly (readonly [what: string, path: string, body: (i: number) => unknown])[] = [
  ['GET', '/', i => ['GET', key(i)]],
  ['SET', '/', i => ['SET', key(i), VALUE]],
  [
    'pipeline of 10',
    '/pipeline',
    i => Array.from({ length: 10 }, (_, j) => (j < 5 ? ['SET', key(i + j), VALUE] : ['GET', key(i + j)])),
  ],
]

interface Figures {
  readonly perSecond: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly cpu: number
}

async function fire(subject: Subject, path: string, body: (i: number) => unknown, seconds: number): Promise<Figures> {
  const cpu = (): number => subject.pids.reduce((sum, pid) => sum + cpuMicroseconds(pid), 0)
  const before = cpu()
  const result = await autocannon({
    url: subject.url,
    connections: CONNECTIONS,
    duration: seconds,
    requests: Array.from({ length: KEYS }, (_, i) => ({
      method: 'POST' as const,
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body(i)),
    })),
  })
  const spent = cpu() - before
  if (result.errors > 0 || result.non2xx > 0) throw new Error(`${result.errors} errors, ${result.non2xx} refusals`)
  const { p50, p90, p99 } = result.latency
  return { perSecond: result.requests.total / result.duration, p50, p90, p99, cpu: spent / result.requests.total }
}

export const http: Suite = {
  name: 'http',
  question: `autocannon with ${CONNECTIONS} connections against the HTTP gateway, values of 64 bytes`,

  async run(settings) {
    const seconds = Math.max(1, Math.round(settings.seconds))
    const subjects = {
      redis: kinds().includes('redis') ? await startPlain() : undefined,
      skep: await startSkep(settings),
    }
    const rates: Row[] = []
    const latencies: Row[] = []
    const costs: Row[] = []
    try {
      for (const [what, path, body] of LOADS) {
        const seen: Record<'redis' | 'skep', Figures[]> = { redis: [], skep: [] }
        // The first round warms up.
        for (let round = 0; round <= settings.rounds; round++) {
          for (const kind of ['redis', 'skep'] as const) {
            const subject = subjects[kind]
            if (subject === undefined) continue
            const figures = await fire(subject, path, body, seconds)
            if (round > 0) seen[kind].push(figures)
          }
        }
        const row = (label: string, unit: string, read: (figures: Figures) => number, goal: string): Row => ({
          what: label,
          unit,
          redis: subjects.redis && seen.redis.map(read),
          skep: seen.skep.map(read),
          goal,
        })
        rates.push(row(what, '1/s', ({ perSecond }) => perSecond, '≥ 1.5'))
        latencies.push(row(`${what}, p50`, 'ms', ({ p50 }) => p50, ''))
        latencies.push(row(`${what}, p90`, 'ms', ({ p90 }) => p90, ''))
        latencies.push(row(`${what}, p99`, 'ms', ({ p99 }) => p99, '≤ 1.0'))
        costs.push(row(what, 'µs', ({ cpu }) => cpu, ''))
      }
    } finally {
      await subjects.redis?.stop()
      await subjects.skep.stop()
    }
    const names: Table['names'] = ['fastify + ioredis + redis-server', 'skep']
    return {
      tables: [
        { title: 'requests a second', rows: rates, names },
        { title: 'latency', rows: latencies, names },
        { title: 'processor time of a request', rows: costs, names },
      ],
      notes: [
        'autocannon runs on the same machine and takes about a core of it; it tells latencies in whole milliseconds.',
      ],
    }
  },
}
