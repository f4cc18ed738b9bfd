// Question: while one client's SUNIONSTORE of two million members runs, how long do others wait for PING, and for GET
// of a key on another shard? The last answer is in ../RESULTS.md, section busy.

import type { TestServer } from '../../test/support/server.ts'
import { type LatencyFigures, latencyDuring } from '../support/latency.ts'
import { LoadClient, load } from '../support/load-client.ts'
import type { Row } from '../support/report.ts'
import { onEach } from '../support/servers.ts'
import { tagOn } from '../support/tags.ts'
import type { Suite } from './index.ts'

const SHARDS = 4

const busyTag = tagOn(0, SHARDS)
const otherKey = `{${tagOn(SHARDS - 1, SHARDS)}}`

type Measured = { readonly ping: LatencyFigures; readonly get: LatencyFigures; readonly unionMs: number }

async function measure(server: TestServer, members: number): Promise<Measured> {
  for (const [input, first] of [
    ['a', 0],
    ['b', members / 2],
  ] as const) {
    const member = (n: number): string => `member:${String(first + n).padStart(9, '0')}`
    await load(server.port, members / 200, i => {
      return ['SADD', `${input}{${busyTag}}`, ...Array.from({ length: 100 }, (_, j) => member(100 * i + j))]
    })
  }
  await load(server.port, 1, () => ['SET', otherKey, 'value'])
  const client = await LoadClient.connect(server.port)
  let unionMs = 0
  const union = async (): Promise<void> => {
    const started = performance.now()
    await client.run([['SUNIONSTORE', `d{${busyTag}}`, `a{${busyTag}}`, `b{${busyTag}}`]])
    unionMs = performance.now() - started
  }
  const during = (words: readonly string[]): Promise<LatencyFigures> =>
    latencyDuring({ port: server.port, connections: 2, commands: [words], keys: 1 }, async () => {
      // Several, because the first may find memory that the others need not ask for.
      for (let i = 0; i < 5; i++) await union()
    })
  const ping = await during(['PING'])
  const get = await during(['GET', otherKey])
  client.close()
  return { ping, get, unionMs }
}

export const busy: Suite = {
  name: 'busy',
  question: 'latency of PING, and of GET on another shard, during SUNIONSTORE of two million members; 4 shards',

  async run(settings) {
    const members = Math.ceil((2_000_000 * settings.scale) / 200) * 200
    const values = await onEach({ ...settings, shards: SHARDS }, server => measure(server, members))
    const row = (what: string, read: (value: Measured) => number): Row => ({
      what,
      unit: 'ms',
      redis: values.redis && [read(values.redis)],
      skep: values.skep && [read(values.skep)],
    })
    const rows = [
      row('PING, 99 %', ({ ping }) => ping.p99 / 1000),
      row('PING, worst', ({ ping }) => ping.worst / 1000),
      row('GET, 99 %', ({ get }) => get.p99 / 1000),
      row('GET, worst', ({ get }) => get.worst / 1000),
      row('the union itself', ({ unionMs }) => unionMs),
    ]
    return { tables: [{ title: 'latency during unions', rows }], notes: [] }
  },
}
