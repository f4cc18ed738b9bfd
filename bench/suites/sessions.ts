// Question: how many sessions a second does the clean-up of the workloads remove, with ten million of them in one
// sorted set and one hash? A batch is a hundred: ZRANGE the oldest, DEL their views, HDEL and ZREM their tokens.
// The last answer is in ../RESULTS.md, section sessions.

import type { TestServer } from '../../test/support/server.ts'
import { LoadClient, load } from '../support/load-client.ts'
import { cpuMicroseconds, residentBytes } from '../support/process.ts'
import { onEach } from '../support/servers.ts'
import type { Suite } from './index.ts'

const BATCH = 100

const token = (i: number): string => `token:${String(i).padStart(12, '0')}`

async function fill(server: TestServer, sessions: number): Promise<void> {
  const batch = (i: number): number[] => Array.from({ length: BATCH }, (_, j) => BATCH * i + j)
  await load(server.port, sessions / BATCH, i => ['ZADD', 'recent:', ...batch(i).flatMap(n => [String(n), token(n)])])
  await load(server.port, sessions / BATCH, i => ['HSET', 'login:', ...batch(i).flatMap(n => [token(n), `user:${n}`])])
}

type Cleaned = { readonly perSecond: number; readonly cpuMicroseconds: number }

/** Removes the oldest for `seconds`. The tokens are known, so reading them costs no time here. */
async function cleanUp(server: TestServer, sessions: number, seconds: number): Promise<Cleaned> {
  const client = await LoadClient.connect(server.port)
  const cpuBefore = cpuMicroseconds(server.pid)
  const started = performance.now()
  let removed = 0
  while (removed < sessions && performance.now() - started < 1000 * seconds) {
    const tokens = Array.from({ length: BATCH }, (_, i) => token(removed + i))
    await client.run([['ZRANGE', 'recent:', 0, BATCH - 1]])
    await client.run([
      ['DEL', ...tokens.map(one => `viewed:${one}`)],
      ['HDEL', 'login:', ...tokens],
      ['ZREM', 'recent:', ...tokens],
    ])
    removed += BATCH
  }
  const spent = performance.now() - started
  const cpu = cpuMicroseconds(server.pid) - cpuBefore
  client.close()
  const check = await server.connect()
  const left = [await check.call('ZCARD', 'recent:'), await check.call('HLEN', 'login:')]
  await check.close()
  if (left.some(count => count !== sessions - removed)) throw new Error(`left ${left}, not ${sessions - removed}`)
  return { perSecond: removed / (spent / 1000), cpuMicroseconds: cpu / removed }
}

export const sessions: Suite = {
  name: 'sessions',
  question:
    'the clean-up of old sessions: 10 million in a sorted set and in a hash, removed by the hundred over one connection',

  async run(settings) {
    const count = Math.ceil((10_000_000 * settings.scale) / BATCH) * BATCH
    const values = await onEach(settings, async server => {
      await fill(server, count)
      const bytes = residentBytes(server.pid)
      return { ...(await cleanUp(server, count, 4 * settings.seconds)), bytes }
    })
    const pick = (read: (value: Cleaned & { bytes: number }) => number) => ({
      redis: values.redis && [read(values.redis)],
      skep: values.skep && [read(values.skep)],
    })
    const rows = [
      { what: 'tokens removed', unit: '1/s', goal: '≥ 60,000/s', ...pick(({ perSecond }) => perSecond) },
      { what: 'processor time for one', unit: 'µs', ...pick(({ cpuMicroseconds }) => cpuMicroseconds) },
      { what: 'resident before', unit: 'MiB', ...pick(({ bytes }) => bytes / 2 ** 20) },
    ]
    return { tables: [{ title: `${count.toLocaleString('en-US')} sessions`, rows }], notes: [] }
  },
}
