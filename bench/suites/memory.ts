// Question: how much memory does a key, a member, an element take? Resident memory before and after loading, divided.
// The last answer is in ../RESULTS.md, section memory.

import type { Argument } from '../../test/support/client.ts'
import { load } from '../support/load-client.ts'
import { settledBytes } from '../support/process.ts'
import type { Row } from '../support/report.ts'
import { onEach } from '../support/servers.ts'
import type { Suite } from './index.ts'

type Case = {
  readonly what: string
  /** How many of what is counted. */
  readonly items: number
  /** How many of them one command brings. */
  readonly perCommand: number
  make(i: number): readonly Argument[]
}

/** Each loads a part of what is measured, and deletes it. */
const WARM_ROUNDS = 40

const key = (i: number): string => `key:${String(i).padStart(12, '0')}`
const text = (i: number): string => String((i * 2_654_435_761) % 2 ** 32).padStart(16, 'v')

/** A command of a hundred members, made by `each`. */
function hundred(name: string, to: string, each: (n: number) => Argument[]): (i: number) => readonly Argument[] {
  return i => [name, to, ...Array.from({ length: 100 }, (_, j) => each(100 * i + j)).flat()]
}

const CASES: readonly Case[] = [
  {
    what: 'string: key and value of 16 bytes each',
    items: 1_000_000,
    perCommand: 1,
    make: i => ['SET', key(i), text(i)],
  },
  {
    what: 'hash of 10 small fields',
    items: 400_000,
    perCommand: 1,
    make: i => ['HSET', key(i), ...Array.from({ length: 10 }, (_, j) => [`field${j}`, `v${i % 1000}`]).flat()],
  },
  {
    what: 'member of a sorted set',
    items: 500_000,
    perCommand: 100,
    make: hundred('ZADD', 'z', n => [n / 8, text(n)]),
  },
  { what: 'member of a set', items: 500_000, perCommand: 100, make: hundred('SADD', 's', n => [key(n)]) },
  { what: 'field of a hash', items: 500_000, perCommand: 100, make: hundred('HSET', 'h', n => [key(n), text(n)]) },
  { what: 'element of a list', items: 500_000, perCommand: 100, make: hundred('RPUSH', 'l', n => [text(n)]) },
]

export const memory: Suite = {
  name: 'memory',
  question: 'resident bytes for each key, or each member of one collection of 500,000',

  async run(settings) {
    const rows: Row[] = []
    for (const { what, items, perCommand, make } of CASES) {
      const commands = Math.ceil((items * settings.scale) / perCommand)
      const values = await onEach(settings, async server => {
        // What a process takes once, for code and buffers, is not the keys'.
        for (let round = 0; round < WARM_ROUNDS; round++) {
          await load(server.port, Math.ceil(commands / WARM_ROUNDS), make)
          await load(server.port, 1, () => ['FLUSHALL', 'SYNC'])
        }
        const before = await settledBytes(server.pid)
        await load(server.port, commands, make)
        return ((await settledBytes(server.pid)) - before) / (commands * perCommand)
      })
      rows.push({
        what,
        unit: 'bytes',
        redis: values.redis === undefined ? undefined : [values.redis],
        skep: values.skep === undefined ? undefined : [values.skep],
      })
    }
    return { tables: [{ title: 'resident memory for each', rows }], notes: [] }
  },
}
