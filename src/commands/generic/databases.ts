// Whole databases: DBSIZE, FLUSHDB, FLUSHALL, SWAPDB. All of them hold every shard's lock.

import { SETTING } from '../../config/settings.ts'
import { DB_OUT_OF_RANGE, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { Engine } from '../../store/engine.ts'
import { databasesSwap, keyspaceDatabase, ROOT, rootAdd } from '../../store/keyspace.ts'
import type { Shard } from '../../store/shard.ts'
import { trackedCount } from '../../store/tracked.ts'
import { type Argument, type Command, FAST, READONLY, WRITE } from '../command.ts'

const MODE: readonly Argument[] = [
  {
    name: 'async',
    type: 'oneof',
    flags: ['optional'],
    args: [
      { name: 'async', type: 'pure-token', token: 'ASYNC', since: '4.0.0' },
      { name: 'sync', type: 'pure-token', token: 'SYNC', since: '6.2.0' },
    ],
  },
]

export const dbsize: Command = {
  name: 'DBSIZE',
  group: 'server',
  since: '1.0.0',
  summary: 'Counts the keys of the database.',
  complexity: 'O(1)',
  arity: 1,
  flags: READONLY | FAST,
  categories: ['keyspace'],
  tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
  locks: 'all',

  run(shard, req, reply) {
    let count = 0
    for (const each of shard.engine.shards) count += each.size(req.db)
    reply.integer(count)
  },
}

export const flushdb: Command = {
  name: 'FLUSHDB',
  group: 'server',
  since: '1.0.0',
  summary: 'Deletes all keys of the database.',
  complexity: 'O(N) for N keys; with ASYNC O(1) as far as anybody waits',
  arity: -1,
  flags: WRITE,
  categories: ['keyspace', 'dangerous'],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  history: [
    ['4.0.0', 'Learned `ASYNC`.'],
    ['6.2.0', 'Learned `SYNC`.'],
  ],
  args: MODE,
  locks: 'all',
  cost: flushCost,

  run(shard, req, reply) {
    const mode = flushMode(shard.engine, req, reply)
    if (mode === undefined) return
    shard.engine.onFlush?.(req.db)
    shard.engine.invalidations.flushed()
    flush(shard.engine, req.db, mode === 'async')
    sayFlush(shard.engine, req)
    reply.ok()
  },
}

export const flushall: Command = {
  name: 'FLUSHALL',
  group: 'server',
  since: '1.0.0',
  summary: 'Deletes all keys of all databases.',
  complexity: 'O(N) for N keys; with ASYNC O(1) as far as anybody waits',
  arity: -1,
  flags: WRITE,
  categories: ['keyspace', 'dangerous'],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  history: [
    ['4.0.0', 'Learned `ASYNC`.'],
    ['6.2.0', 'Learned `SYNC`.'],
  ],
  args: MODE,
  locks: 'all',
  cost: flushCost,

  run(shard, req, reply) {
    const mode = flushMode(shard.engine, req, reply)
    if (mode === undefined) return
    shard.engine.onFlush?.(-1)
    shard.engine.invalidations.flushed()
    for (let db = 0; db < shard.databases; db++) flush(shard.engine, db, mode === 'async')
    shard.engine.oldValues?.flushed()
    sayFlush(shard.engine, req)
    reply.ok()
  },
}

export const swapdb: Command = {
  name: 'SWAPDB',
  group: 'server',
  since: '4.0.0',
  summary: 'Exchanges two databases, for all clients at once.',
  complexity: 'O(N) for N clients that watch or wait for keys of the two',
  arity: 3,
  flags: WRITE | FAST,
  categories: ['keyspace', 'dangerous'],
  args: [
    { name: 'index1', type: 'integer' },
    { name: 'index2', type: 'integer' },
  ],
  locks: 'all',

  run(shard, req, reply) {
    const first = req.integer(1)
    if (!isInt(first)) return reply.error('ERR invalid first DB index')
    const second = req.integer(2)
    if (!isInt(second)) return reply.error('ERR invalid second DB index')
    const { databases, engine } = shard
    if (Math.min(first, second) < 0 || Math.max(first, second) >= databases) return reply.error(DB_OUT_OF_RANGE)
    if (first !== second) {
      engine.onSwap?.(first, second)
      for (const each of engine.shards) each.swapping(first, second)
      for (const { m } of engine.shards) databasesSwap(m, keyspaceDatabase(m, first), keyspaceDatabase(m, second))
    }
    engine.dirty++
    rootAdd(shard.m, ROOT.DIRTY, 1)
    reply.ok()
  },
}

const isInt = (value: number): boolean => value === (value | 0)

/** How to free, from the optional argument; undefined after replying the error. */
function flushMode(engine: Engine, req: Request, reply: Reply): 'sync' | 'async' | undefined {
  if (req.argc === 1) return engine.settings[SETTING.lazyfreeLazyUserFlush] !== 0 ? 'async' : 'sync'
  if (req.argc === 2 && req.is(1, 'SYNC')) return 'sync'
  if (req.argc === 2 && req.is(1, 'ASYNC')) return 'async'
  reply.error(SYNTAX)
  return undefined
}

function flush(engine: Engine, db: number, lazy: boolean): void {
  for (const shard of engine.shards) {
    const count = shard.flush(db, lazy)
    engine.dirty += count
    rootAdd(shard.m, ROOT.DIRTY, count)
  }
}

/** A flush reaches log and replicas even if there was nothing to flush: they may hold what this server doesn't. */
function sayFlush({ effects }: Engine, req: Request): void {
  effects.instead()
  effects.command(req.argc)
  for (let i = 0; i < req.argc; i++) effects.bytes(req.u8, req.at[i], req.length[i])
}

function flushCost(shard: Shard): number {
  let keys = 0
  for (const each of shard.engine.shards) {
    // Tracked keys are forgotten at once, whatever becomes of the others.
    keys += trackedCount(each.m)
    for (let db = 0; db < each.databases; db++) keys += each.size(db)
  }
  return keys
}
