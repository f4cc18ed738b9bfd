import { expect, test } from 'vitest'
import { Journal, type JournalConsumer, type JournalRecord, LISTENER } from '../../src/commands/journal.ts'
import { Runner } from '../../src/commands/runner.ts'
import { commandByName, type Entry, entries } from '../../src/commands/table.ts'
import { Parser } from '../../src/protocol/parser.ts'
import { Reply } from '../../src/protocol/reply.ts'
import { Request, requestOf } from '../../src/protocol/request.ts'
import { Statistics, statisticsBytes } from '../../src/shared/statistics.ts'
import { testKeyspace } from '../support/keyspace.ts'

/** What a consumer was given: the shards, and the words of each operation, one line each. */
type Seen = { readonly shards: number[]; readonly lines: string[] }

function words(text: string): string[] {
  return text
    .split('*')
    .slice(1)
    .map(command =>
      command
        .split('\r\n')
        .filter((_, i) => i > 0 && i % 2 === 0)
        .join(' '),
    )
}

function journaled(shards: number) {
  const keyspace = testKeyspace(shards)
  const runner = new Runner(
    keyspace.engine,
    new Statistics(new SharedArrayBuffer(statisticsBytes(entries.length)), entries.length),
    { slow: () => undefined, notices: () => undefined },
  )
  const seen: Seen[] = []
  let db = -1
  const consumer: JournalConsumer = {
    bit: LISTENER.LOG,
    append(record: JournalRecord) {
      const lines: string[] = []
      for (let i = 0; i < record.count; i++) {
        if (record.db(i) !== db) lines.push(`SELECT ${record.db(i)}`)
        db = record.db(i)
        if (i === 0 && record.isTransaction) lines.push('MULTI')
        lines.push(...words(Buffer.from(record.u8.subarray(record.start(i), record.end(i))).toString('latin1')))
      }
      if (record.isTransaction) lines.push('EXEC')
      seen.push({ shards: [...record.shards.subarray(0, record.shardCount)], lines })
    },
  }
  runner.journal.consumers.push(consumer)
  const reply = new Reply()
  const run = (line: string, inDb = 0): void => {
    const args = line.split(' ')
    const entry = commandByName(args[0].toLowerCase()) as Entry
    const frame = Buffer.from(`*${args.length}\r\n${args.map(arg => `$${arg.length}\r\n${arg}\r\n`).join('')}`)
    const parser = new Parser(new Request())
    parser.begin(0)
    parser.parse(new Uint8Array(frame), frame.length)
    parser.req.db = inDb
    if (entry.shard === undefined) throw new Error('not a command of shards')
    const shard = entry.singleKey > 0 ? keyspace.engine.shardOfSlot(parser.req.slot(1)) : keyspace.engine.shards[0]
    runner.run(entry, entry.shard, shard, parser.req, reply, keyspace.now)
  }
  const take = (): Seen[] => seen.splice(0)
  return { keyspace, runner, run, take }
}

test('a write is passed on as it came, with its database before it when that changes', () => {
  const { run, take } = journaled(1)
  run('SeT a 1')
  run('get a')
  run('del nothing')
  run('set b 2', 3)
  run('incr b', 3)
  expect(take().flatMap(({ lines }) => lines)).toEqual(['SELECT 0', 'SeT a 1', 'SELECT 3', 'set b 2', 'incr b'])
})

test('nothing is passed on while nobody listens, and effects begin with the next command', () => {
  const { keyspace, run, take } = journaled(1)
  keyspace.engine.effects.enabled = false
  run('set a 1 EX 100')
  keyspace.engine.effects.enabled = true
  expect(take()).toEqual([])
  run('set b 1')
  expect(take().flatMap(({ lines }) => lines)).toEqual(['SELECT 0', 'set b 1'])
})

test('a key found expired goes into one transaction with the write that met it, and alone before a read', () => {
  const { keyspace, run, take } = journaled(1)
  run('set a 1 PX 10')
  run('set b 1 PX 10')
  take()
  keyspace.now += 20
  run('lpush a x')
  run('get b')
  expect(take().map(({ lines }) => lines)).toEqual([['MULTI', 'DEL a', 'lpush a x', 'EXEC'], ['DEL b']])
})

test('keys that one read finds expired are records of their own', () => {
  const { keyspace, run, take } = journaled(1)
  run('set a 1 PX 10')
  run('set b 1 PX 10')
  take()
  keyspace.now += 20
  run('scan 0 count 100')
  const lines = take().map(record => record.lines)
  expect(lines.map(each => each.length)).toEqual([1, 1])
  expect(lines.flat().sort()).toEqual(['DEL a', 'DEL b'])
})

test('a transaction is one record of all its writes, concerning the shards of their keys', () => {
  const { keyspace, runner, run, take } = journaled(4)
  const all = { shards: Int32Array.of(0, 1, 2, 3), count: 4 }
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const shardOf = (key: string): number => {
    return keyspace.engine.shardOfSlot(requestOf(['GET', key]).slot(1)).index
  }
  const first = keys[0]
  const other = keys.find(key => shardOf(key) !== shardOf(first)) as string
  runner.journal.locked = all
  runner.beginTransaction()
  run(`set ${first} 1`)
  run(`get ${other}`)
  run(`incrbyfloat ${other} 1.5`)
  expect(take()).toEqual([])
  runner.endTransaction()
  expect(take()).toEqual([
    {
      shards: [shardOf(first), shardOf(other)].sort((a, b) => a - b),
      lines: ['SELECT 0', 'MULTI', `set ${first} 1`, `SET ${other} 1.5 KEEPTTL`, 'EXEC'],
    },
  ])
  runner.beginTransaction()
  run(`set ${first} 2`)
  runner.endTransaction()
  expect(take()).toEqual([{ shards: [shardOf(first)], lines: [`set ${first} 2`] }])
  run('flushall')
  expect(take()).toEqual([{ shards: [0, 1, 2, 3], lines: ['flushall'] }])
  runner.journal.locked = undefined
})

test('keys that the server deletes on several shards are records of their own', () => {
  const { keyspace, run, take } = journaled(4)
  for (const key of ['a', 'b', 'c', 'd']) run(`set ${key} 1 PX 5`)
  take()
  keyspace.now += 10
  run('exists a b c d')
  const seen = take()
  expect(seen.map(({ lines }) => lines.at(-1)).sort()).toEqual(['DEL a', 'DEL b', 'DEL c', 'DEL d'])
  for (const { shards } of seen) expect(shards).toHaveLength(1)
})

test('who does not listen is given nothing', () => {
  const { keyspace } = journaled(1)
  expect(keyspace.engine.effects.listeners & LISTENER.REPLICAS).toBe(0)
  expect(new Journal(keyspace.engine).consumers).toEqual([])
})
