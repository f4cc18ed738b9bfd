// Question: how fast are the common commands of lists, sets, hashes and sorted sets beside redis-server?
// Writes at pipeline depth 16, ranges of a hundred at depth 1. The last answer is in ../RESULTS.md, section types.

import type { TestServer } from '../../test/support/server.ts'
import { load } from '../support/load-client.ts'
import { inTurn, type Load } from '../support/redis-benchmark.ts'
import type { Row } from '../support/report.ts'
import { withAll } from '../support/servers.ts'
import type { Suite } from './index.ts'

type Case = {
  readonly what: string
  readonly load: Load
  /** Brings the server to where `count` operations make sense. */
  prepare?(server: TestServer, count: number): Promise<void>
}

const RANDOM = '__rand_int__'

const CASES: readonly Case[] = [
  { what: 'LPUSH', load: words(16, 'LPUSH', `list:${RANDOM}`, 'value:0123456789') },
  {
    what: 'LPOP',
    load: words(16, 'LPOP', 'queue'),
    async prepare(server, count) {
      await load(server.port, 1, () => ['DEL', 'queue'])
      await load(server.port, Math.ceil(count / 100), () => ['RPUSH', 'queue', ...Array(100).fill('value:0123456789')])
    },
  },
  { what: 'SADD', load: words(16, 'SADD', `set:${RANDOM}`, `member:${RANDOM}`) },
  { what: 'HSET', load: words(16, 'HSET', `hash:${RANDOM}`, `field:${RANDOM}`, 'value:0123456789') },
  { what: 'ZADD', load: words(16, 'ZADD', `zset:${RANDOM}`, RANDOM, `member:${RANDOM}`) },
  {
    what: 'ZPOPMIN',
    load: words(16, 'ZPOPMIN', 'heap'),
    async prepare(server, count) {
      await load(server.port, 1, () => ['DEL', 'heap'])
      await load(server.port, Math.ceil(count / 100), i => {
        const pairs = Array.from({ length: 100 }, (_, j) => [
          (i * 7919 + j * 104_729) % 1_000_003,
          `member:${i * 100 + j}`,
        ])
        return ['ZADD', 'heap', ...pairs.flat()]
      })
    },
  },
  {
    what: 'LRANGE of 100',
    load: words(1, 'LRANGE', 'list100', '0', '99'),
    prepare: server => once(server, 'list100', ['RPUSH', 'list100', ...numbered(100)]),
  },
  {
    what: 'HGETALL of 10 fields',
    load: words(1, 'HGETALL', 'hash10'),
    prepare: server => once(server, 'hash10', ['HSET', 'hash10', ...numbered(20)]),
  },
  {
    what: 'ZRANGE of 100',
    load: words(1, 'ZRANGE', 'zset1000', '100', '199'),
    prepare: server => once(server, 'zset1000', ['ZADD', 'zset1000', ...numbered(1000).flatMap((m, i) => [`${i}`, m])]),
  },
]

function words(pipeline: number, ...command: readonly string[]): Load {
  return { words: command, pipeline, keyspace: 10_000 }
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `member:${String(i).padStart(9, '0')}`)
}

function once(server: TestServer, key: string, command: readonly string[]): Promise<void> {
  const commands = [['DEL', key], command]
  return load(server.port, 2, i => commands[i])
}

export const types: Suite = {
  name: 'types',
  question: 'lists, sets, hashes and sorted sets: writes at P=16 over 10,000 keys, ranges at P=1; 50 connections',

  async run(settings) {
    const rows: Row[] = []
    await withAll(settings, async servers => {
      for (const { what, load: order, prepare } of CASES) {
        const figures = await inTurn(servers, settings, order, prepare)
        rows.push({
          what: `${what} P=${order.pipeline}`,
          unit: 'ops/s',
          redis: figures.redis?.map(({ perSecond }) => perSecond),
          skep: figures.skep?.map(({ perSecond }) => perSecond),
          goal: '≥ 1.0',
        })
      }
    })
    return { tables: [{ title: 'operations a second', rows }], notes: [] }
  },
}
