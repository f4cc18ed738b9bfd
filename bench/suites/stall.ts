// Question: with eight million keys in one shard, how long does a client wait at worst? A minute of SET and GET of
// random keys from a second process. The last answer is in ../RESULTS.md, section stall.

import { setTimeout as sleep } from 'node:timers/promises'
import { type LatencyFigures, latencyDuring } from '../support/latency.ts'
import { load } from '../support/load-client.ts'
import { residentBytes } from '../support/process.ts'
import type { Row } from '../support/report.ts'
import { onEach } from '../support/servers.ts'
import type { Suite } from './index.ts'

const VALUE = 'v'.repeat(64)
const CONNECTIONS = 4
const SECONDS = 60

export const stall: Suite = {
  name: 'stall',
  question:
    '8 million keys with values of 64 bytes in one shard: SET and GET of random ones for a minute, 4 connections',

  async run(settings) {
    const keys = Math.ceil(8_000_000 * settings.scale)
    const values = await onEach({ ...settings, shards: 1 }, async server => {
      await load(server.port, keys, i => ['SET', `key:${String(i).padStart(12, '0')}`, VALUE])
      const bytes = residentBytes(server.pid)
      const commands = [
        ['SET', 'KEY', VALUE],
        ['GET', 'KEY'],
      ]
      const order = { port: server.port, connections: CONNECTIONS, commands, keys }
      return { bytes, figures: await latencyDuring(order, () => sleep(1000 * SECONDS * settings.scale)) }
    })
    const row = (what: string, unit: string, read: (figures: LatencyFigures, bytes: number) => number): Row => ({
      what,
      unit,
      redis: values.redis && [read(values.redis.figures, values.redis.bytes)],
      skep: values.skep && [read(values.skep.figures, values.skep.bytes)],
    })
    const rows = [
      row('commands', '', ({ count }) => count),
      row('median', 'µs', ({ p50 }) => p50),
      row('99 %', 'µs', ({ p99 }) => p99),
      row('99.9 %', 'µs', ({ p999 }) => p999),
      row('worst', 'µs', ({ worst }) => worst),
      row("the client's own longest pause", 'µs', ({ clientPause }) => clientPause),
      row('resident memory', 'MiB', (_, bytes) => bytes / 2 ** 20),
    ]
    return { tables: [{ title: `latency with ${keys.toLocaleString('en-US')} keys`, rows }], notes: [] }
  },
}
