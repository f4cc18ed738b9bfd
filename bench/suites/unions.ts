// Question: how many unions and intersections of two 10,000-member inputs a second, with one client and with four
// whose keys lie on four shards? The last answer is in ../RESULTS.md, section unions.

import type { TestServer } from '../../test/support/server.ts'
import { load } from '../support/load-client.ts'
import { benchmark } from '../support/redis-benchmark.ts'
import type { Row } from '../support/report.ts'
import { withAll } from '../support/servers.ts'
import { tagOn } from '../support/tags.ts'
import type { Suite } from './index.ts'

const CLIENTS = 4
const MEMBERS = 10_000

async function fill(server: TestServer, tag: string): Promise<void> {
  // Half of the members are in both inputs.
  for (const [input, first] of [
    ['a', 0],
    ['b', MEMBERS / 2],
  ] as const) {
    const members = Array.from({ length: MEMBERS }, (_, i) => `member:${first + i}`)
    await load(server.port, MEMBERS / 100, i => ['SADD', `s${input}{${tag}}`, ...members.slice(100 * i, 100 * i + 100)])
    const pairs = members.map((member, i) => [String(i), member])
    await load(server.port, MEMBERS / 100, i => [
      'ZADD',
      `z${input}{${tag}}`,
      ...pairs.slice(100 * i, 100 * i + 100).flat(),
    ])
  }
}

const COMMANDS: readonly (readonly [name: string, words: (tag: string) => string[]])[] = [
  ['SUNIONSTORE', tag => ['SUNIONSTORE', `d{${tag}}`, `sa{${tag}}`, `sb{${tag}}`]],
  ['SINTERSTORE', tag => ['SINTERSTORE', `d{${tag}}`, `sa{${tag}}`, `sb{${tag}}`]],
  ['ZUNIONSTORE', tag => ['ZUNIONSTORE', `d{${tag}}`, '2', `za{${tag}}`, `zb{${tag}}`]],
]

export const unions: Suite = {
  name: 'unions',
  question: 'SUNIONSTORE, SINTERSTORE and ZUNIONSTORE of two inputs of 10,000 members, half of them common; 4 shards',

  async run(settings) {
    const rows: Row[] = []
    const chosen = Array.from({ length: CLIENTS }, (_, shard) => tagOn(shard, CLIENTS))
    await withAll({ ...settings, shards: CLIENTS }, async servers => {
      for (const server of servers) for (const tag of chosen) await fill(server, tag)
      for (const [name, words] of COMMANDS) {
        for (const used of [chosen.slice(0, 1), chosen]) {
          const rates: Record<string, number[]> = { redis: [], skep: [] }
          for (let round = 0; round < settings.rounds; round++) {
            for (const server of servers) {
              // A hundred a second is what one Redis does.
              const count = Math.ceil(100 * settings.seconds)
              const figures = await Promise.all(
                used.map(tag => benchmark(server, { words: words(tag), pipeline: 1, clients: 1 }, count)),
              )
              rates[server.kind].push(figures.reduce((sum, { perSecond }) => sum + perSecond, 0))
            }
          }
          const what = used.length === 1 ? `${name}, one client` : `${name}, ${used.length} clients on as many shards`
          rows.push({ what, unit: 'ops/s', redis: rates.redis, skep: rates.skep })
        }
      }
    })
    return { tables: [{ title: 'operations a second', rows }], notes: [] }
  },
}
