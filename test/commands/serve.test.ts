// Clients that wait, in one thread: who is served, in which order, and what is left behind.

import { beforeEach, expect, test } from 'vitest'
import { LISTENER } from '../../src/commands/journal.ts'
import { Runner } from '../../src/commands/runner.ts'
import { Attendant } from '../../src/commands/serve.ts'
import { entries, findCommand } from '../../src/commands/table.ts'
import { requestOf } from '../../src/protocol/request.ts'
import { CLAIMS, claimTake } from '../../src/shared/claims.ts'
import { Statistics, statisticsBytes } from '../../src/shared/statistics.ts'
import { arenaUsed } from '../../src/store/arena.ts'
import { hasFarWaiters, hasMarks } from '../../src/store/marks.ts'
import { waiterFind, waiterRemove } from '../../src/store/waiters.ts'
import { Waits } from '../../src/store/waits.ts'
import { type TestKeyspace, testKeyspace } from '../support/keyspace.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

const SHARDS = 3
let keyspace: TestKeyspace
let waits: Waits
let runner: Runner
const claims = new Int32Array(CLAIMS)
/** What clients got, in order: slot and reply. */
let served: [slot: number, reply: string][]

beforeEach(() => {
  keyspace = testKeyspace(SHARDS)
  served = []
  claims.fill(0)
  const control = new Int32Array(new SharedArrayBuffer(64))
  waits = new Waits(control, [claims], SHARDS)
  keyspace.engine.waits = waits
  const statistics = new Statistics(new SharedArrayBuffer(statisticsBytes(entries.length)), entries.length)
  runner = new Runner(keyspace.engine, statistics, { slow: () => undefined, notices: () => undefined })
  runner.attendant = new Attendant(runner, waits, (_router, slot, _ticket, _shard, reply) => {
    served.push([
      slot,
      Buffer.from(reply.u8.subarray(0, reply.length)).toString('latin1').replaceAll('\r\n', ' ').trim(),
    ])
  })
})

/** Runs a blocking command for the client in a slot. Returns its ticket, 0 if it did not have to wait. */
function block(slot: number, ...args: string[]): number {
  const req = requestOf(args)
  waits.begin(0, slot, findCommand(req.u8, req.at[0], req.length[0])?.id ?? -1)
  run(...args)
  waits.end()
  return waits.ticket
}

/** Runs a command and serves whom it lets be served. */
function run(...args: string[]): void {
  const req = requestOf(args)
  const entry = findCommand(req.u8, req.at[0], req.length[0])
  if (entry?.shard === undefined) throw new Error(`no command ${args[0]}`)
  const { shards } = keyspace.engine
  const key = entry.command.name.startsWith('BLM') && entry.command.name !== 'BLMOVE' ? 3 : 1
  keyspace.reply.length = 0
  runner.run(entry, entry.shard, shards[0].ofKey(req, key), req, keyspace.reply, keyspace.now)
}

const isClean = (): boolean => keyspace.engine.shards.every(({ m }) => !hasMarks(m) && !hasFarWaiters(m))

test('clients are served in the order they came, whatever side they take from', () => {
  block(1, 'BLPOP', 'a', '0')
  block(2, 'BRPOP', 'a', '0')
  block(3, 'BLMPOP', '0', '1', 'a', 'LEFT', 'COUNT', '2')
  run('RPUSH', 'a', '1', '2', '3', '4', '5')
  expect(served).toEqual([
    [1, '*2 $1 a $1 1'],
    [2, '*2 $1 a $1 5'],
    [3, '*2 $1 a *2 $1 2 $1 3'],
  ])
  expect(keyspace.call('LRANGE', 'a', '0', '-1')).toEqual(['4'])
  expect(isClean()).toBe(true)
})

test('a client that waits for several keys is served once, and stands in no queue afterwards', () => {
  const ticket = block(1, 'BLPOP', 'a', 'b', 'c', 'a', '0')
  block(2, 'BLPOP', 'b', '0')
  run('RPUSH', 'b', '1')
  expect(served).toEqual([[1, '*2 $1 b $1 1']])
  // Its other shards are the router's to clear; until then it is passed over.
  run('RPUSH', 'a', '2')
  run('RPUSH', 'b', '3')
  expect(served.slice(1)).toEqual([[2, '*2 $1 b $1 3']])
  for (const { m } of keyspace.engine.shards) {
    const waiter = waiterFind(m, ticket)
    if (waiter !== 0) waiterRemove(m, waiter)
  }
  expect(isClean()).toBe(true)
  expect(keyspace.call('LRANGE', 'a', '0', '-1')).toEqual(['2'])
})

test('a chain of BLMOVE settles at once, over shards', () => {
  block(1, 'BLMOVE', 'a', 'b', 'LEFT', 'RIGHT', '0')
  block(2, 'BRPOPLPUSH', 'b', 'c', '0')
  block(3, 'BLPOP', 'c', '0')
  run('RPUSH', 'a', 'x')
  expect(served).toEqual([
    [1, '$1 x'],
    [2, '$1 x'],
    [3, '*2 $1 c $1 x'],
  ])
  expect(isClean()).toBe(true)
})

test('a key of another type serves nobody, and those that wait for that type', () => {
  block(1, 'BLPOP', 'a', '0')
  block(2, 'BZPOPMIN', 'a', '0')
  run('SET', 'a', '1')
  expect(served).toEqual([])
  run('DEL', 'a')
  run('ZADD', 'a', '1', 'm')
  expect(served).toEqual([[2, '*3 $1 a $1 m $1 1']])
  run('RPUSH', 'a', 'x')
  expect(served.slice(1)).toEqual([[1, '*2 $1 a $1 x']])
})

test('a wait that has ended takes nothing', () => {
  const ticket = block(1, 'BLPOP', 'a', '0')
  block(2, 'BLPOP', 'a', '0')
  expect(claimTake(claims, 1, ticket)).toBe(true)
  expect(claimTake(claims, 1, ticket)).toBe(false)
  run('RPUSH', 'a', '1')
  expect(served).toEqual([[2, '*2 $1 a $1 1']])
  expect(isClean()).toBe(true)
})

test('SWAPDB that brings an expired key serves nobody, and the key goes in a change of its own', () => {
  const records: string[] = []
  const { effects } = keyspace.engine
  runner.journal.consumers.push({
    bit: LISTENER.LOG,
    append: record => records.push(Buffer.from(record.u8.slice(record.start(0), record.end(0))).toString('latin1')),
  })
  effects.enabled = true
  run('RPUSH', 'a', '1')
  run('PEXPIRE', 'a', '10')
  run('SWAPDB', '0', '1')
  block(1, 'BLPOP', 'a', '0')
  keyspace.now += 11
  records.length = 0
  run('SWAPDB', '0', '1')
  expect(served).toEqual([])
  expect(records.map(record => record.split('\r\n')[2])).toEqual(['SWAPDB', 'DEL'])
  run('RPUSH', 'a', '2')
  expect(served).toEqual([[1, '*2 $1 a $1 2']])
  expect(isClean()).toBe(true)
})

test('within a transaction nobody waits', () => {
  const req = requestOf(['BLPOP', 'a', '0'])
  const entry = findCommand(req.u8, req.at[0], req.length[0])
  if (entry?.shard === undefined) throw new Error('no BLPOP')
  runner.run(entry, entry.shard, keyspace.engine.shards[0].ofKey(req, 1), req, keyspace.reply, keyspace.now)
  expect(keyspace.reply.length).toBe('*-1\r\n'.length)
  expect(isClean()).toBe(true)
})

test('random waits, pushes and ends: as plain queues would have it, and no memory is lost', () => {
  const seed = chooseSeed()
  const random = randomFrom(seed)
  const keys = ['a', 'b', 'c', 'd']
  const queues = new Map<string, number[]>(keys.map(key => [key, []]))
  const tickets = new Map<number, number>()
  const expected: [number, string][] = []
  const used = (): number => keyspace.engine.shards.reduce((sum, { m }) => sum + arenaUsed(m), 0)
  const leave = (slot: number): void => {
    for (const queue of queues.values()) while (queue.includes(slot)) queue.splice(queue.indexOf(slot), 1)
    const ticket = tickets.get(slot) ?? 0
    tickets.delete(slot)
    for (const { m } of keyspace.engine.shards) {
      const waiter = waiterFind(m, ticket)
      if (waiter !== 0) waiterRemove(m, waiter)
    }
  }
  // Tables that were made once stay.
  for (const key of keys) claimTake(claims, 0, block(0, 'BLPOP', key, '0'))
  for (const key of keys) {
    run('RPUSH', key, 'x')
    run('DEL', key)
  }
  const atRest = used()
  for (let step = 0, slot = 1; step < 3000; step++) {
    if (random.chance(0.5) && tickets.size < 20) {
      const wanted = Array.from({ length: random.int(1, 3) }, () => random.pick(keys))
      tickets.set(slot, block(slot, 'BLPOP', ...wanted, '0'))
      for (const key of wanted) queues.get(key)?.push(slot)
      slot++
    } else if (random.chance(0.2) && tickets.size > 0) {
      const gone = random.pick([...tickets.keys()])
      claimTake(claims, gone, tickets.get(gone) ?? 0)
      leave(gone)
    } else {
      const key = random.pick(keys)
      const elements = Array.from({ length: random.int(1, 3) }, (_, i) => `${step}.${i}`)
      run('RPUSH', key, ...elements)
      for (const element of elements) {
        const first = queues.get(key)?.[0]
        if (first === undefined) break
        expected.push([first, `*2 $1 ${key} $${element.length} ${element}`])
        leave(first)
      }
      run('DEL', key)
    }
  }
  expect(served, `seed ${seed}`).toEqual(expected)
  for (const slot of [...tickets.keys()]) leave(slot)
  expect(isClean(), `seed ${seed}`).toBe(true)
  expect(used(), `seed ${seed}`).toBe(atRest)
  keyspace.check()
})
