// Question: what does the append-only file cost? SET beside redis-server with the same appendfsync, and beside skep without
// a file. The last answer is in ../RESULTS.md, section log.

import type { ServerKind, TestServer } from '../../test/support/server.ts'
import { benchmark, type Load, warmUp } from '../support/redis-benchmark.ts'
import type { Row } from '../support/report.ts'
import { kinds, type Settings, startForBench } from '../support/servers.ts'
import type { Suite } from './index.ts'

const set = (pipeline: number): Load => ({ test: 'set', pipeline, keyspace: 100_000 })

/** Operations a second on each server, in turn. */
async function inTurn(servers: readonly TestServer[], load: Load, settings: Settings): Promise<number[][]> {
  const counts: number[] = []
  for (const server of servers) counts.push(Math.ceil((await warmUp(server, load)) * settings.seconds))
  const figures: number[][] = servers.map(() => [])
  for (let round = 0; round < settings.rounds; round++) {
    for (const [i, server] of servers.entries()) figures[i].push((await benchmark(server, load, counts[i])).perSecond)
  }
  return figures
}

/** Runs `work` with servers started with these arguments, and ends them whatever happens. */
async function withServers<T>(
  settings: Settings,
  starts: readonly { readonly kind: ServerKind; readonly args: readonly string[] }[],
  work: (servers: readonly TestServer[]) => Promise<T>,
): Promise<T> {
  const servers: TestServer[] = []
  try {
    for (const { kind, args } of starts) servers.push(await startForBench(kind, settings, args))
    return await work(servers)
  } finally {
    for (const server of servers) await server.stop()
  }
}

const logged = (policy: string): string[] => ['--appendonly', 'yes', '--appendfsync', policy]

export const log: Suite = {
  name: 'log',
  question: 'SET with an append-only file, 50 connections, values of 64 bytes, at pipeline depth P',

  async run(settings) {
    const rows: Row[] = []
    const both = (policy: string) => kinds().map(kind => ({ kind, args: logged(policy) }))
    const add = (what: string, redis: number[] | undefined, skep: number[], goal: string) => {
      rows.push({ what, unit: 'ops/s', redis, skep, goal })
    }
    await withServers(settings, [...both('everysec'), { kind: 'skep', args: [] }], async servers => {
      const figures = await inTurn(servers, set(16), settings)
      const [skep, plain] = figures.slice(-2)
      add('everysec, P=16', figures.at(-3), skep, '≥ 1.3')
      add('everysec, P=16, beside skep without a file', plain, skep, '≥ 0.9')
    })
    await withServers(settings, both('always'), async servers => {
      for (const pipeline of [1, 16]) {
        const figures = await inTurn(servers, set(pipeline), settings)
        add(`always, P=${pipeline}`, figures.at(-2), figures.at(-1) ?? [], '≥ 1.0')
      }
    })
    return { tables: [{ title: 'operations a second', rows }], notes: [] }
  },
}
