// ZUNION, ZINTER and ZDIFF, their storing forms, and ZINTERCARD. The sources may be plain sets too.

import { LIMIT_NEGATIVE, NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { entryType, TYPE } from '../../store/entry.ts'
import { itemKeyAt, itemKeyLength } from '../../store/item.ts'
import { setCount } from '../../store/set.ts'
import type { Shard } from '../../store/shard.ts'
import { Draft } from '../../store/zset/draft.ts'
import { zsetLength } from '../../store/zset.ts'
import { type Command, DENY_OOM, MOVABLE_KEYS, READONLY, WRITE } from '../command.ts'
import { type Aggregate, compute, countIntersection, type Operation } from './algebra.ts'
import { beginMembers, replyMember, storeDraft } from './shared.ts'
import { Sources } from './sources.ts'

const WEIGHT_NOT_A_FLOAT = 'ERR weight value is not a float'
const noKeys = (name: string): string => `ERR at least 1 input key is needed for '${name}' command`

/** The one list of a thread: a command fills it anew. */
const sources = new Sources()
const draft = new Draft()
const options = { aggregate: 'sum' as Aggregate, withScores: false, limit: 0 }

export const zunion: Command = {
  name: 'ZUNION',
  group: 'sorted-set',
  since: '6.2.0',
  summary: 'Returns the union of sorted sets.',
  complexity: 'O(N)+O(M*log(M)), N being the size of all sorted sets and M that of the result',
  arity: -3,
  flags: READONLY | MOVABLE_KEYS,
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { countAt: 0, first: 1, step: 1 } }],
  args: [
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
    { name: 'weight', type: 'integer', token: 'WEIGHTS', flags: ['optional', 'multiple'] },
    {
      name: 'aggregate',
      type: 'oneof',
      token: 'AGGREGATE',
      flags: ['optional'],
      args: [
        { name: 'sum', type: 'pure-token', token: 'SUM' },
        { name: 'min', type: 'pure-token', token: 'MIN' },
        { name: 'max', type: 'pure-token', token: 'MAX' },
      ],
    },
    { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
  ],
  cost: (shard, req) => sourcesCost(shard, req, 1),

  run: (shard, req, reply) => replyResult(shard, req, reply, 'union', 'zunion'),
}

export const zinter: Command = {
  name: 'ZINTER',
  group: 'sorted-set',
  since: '6.2.0',
  summary: 'Returns the intersection of sorted sets.',
  complexity: 'O(N*K)+O(M*log(M)), N being the size of the smallest of K sorted sets and M that of the result',
  arity: -3,
  flags: READONLY | MOVABLE_KEYS,
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { countAt: 0, first: 1, step: 1 } }],
  args: [
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
    { name: 'weight', type: 'integer', token: 'WEIGHTS', flags: ['optional', 'multiple'] },
    {
      name: 'aggregate',
      type: 'oneof',
      token: 'AGGREGATE',
      flags: ['optional'],
      args: [
        { name: 'sum', type: 'pure-token', token: 'SUM' },
        { name: 'min', type: 'pure-token', token: 'MIN' },
        { name: 'max', type: 'pure-token', token: 'MAX' },
      ],
    },
    { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
  ],
  cost: (shard, req) => sourcesCost(shard, req, 1),

  run: (shard, req, reply) => replyResult(shard, req, reply, 'inter', 'zinter'),
}

export const zdiff: Command = {
  name: 'ZDIFF',
  group: 'sorted-set',
  since: '6.2.0',
  summary: 'Returns the members of a sorted set that are in none of the others.',
  complexity: 'O(N*K+M*log(M)), N being the size of the first of K sorted sets and M that of the result',
  arity: -3,
  flags: READONLY | MOVABLE_KEYS,
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { countAt: 0, first: 1, step: 1 } }],
  args: [
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
    { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
  ],
  cost: (shard, req) => sourcesCost(shard, req, 1),

  run: (shard, req, reply) => replyResult(shard, req, reply, 'diff', 'zdiff'),
}

export const zunionstore: Command = {
  name: 'ZUNIONSTORE',
  group: 'sorted-set',
  since: '2.0.0',
  summary: 'Stores the union of sorted sets in a key.',
  complexity: 'O(N)+O(M*log(M)), N being the size of all sorted sets and M that of the result',
  arity: -4,
  flags: WRITE | DENY_OOM | MOVABLE_KEYS,
  keys: [
    { flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { countAt: 0, first: 1, step: 1 } },
  ],
  args: [
    { name: 'destination', type: 'key', keySpec: 0 },
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpec: 1, flags: ['multiple'] },
    { name: 'weight', type: 'integer', token: 'WEIGHTS', flags: ['optional', 'multiple'] },
    {
      name: 'aggregate',
      type: 'oneof',
      token: 'AGGREGATE',
      flags: ['optional'],
      args: [
        { name: 'sum', type: 'pure-token', token: 'SUM' },
        { name: 'min', type: 'pure-token', token: 'MIN' },
        { name: 'max', type: 'pure-token', token: 'MAX' },
      ],
    },
  ],
  cost: (shard, req) => sourcesCost(shard, req, 2),

  run: (shard, req, reply) => storeResult(shard, req, reply, 'union', 'zunionstore'),
}

export const zinterstore: Command = {
  name: 'ZINTERSTORE',
  group: 'sorted-set',
  since: '2.0.0',
  summary: 'Stores the intersection of sorted sets in a key.',
  complexity: 'O(N*K)+O(M*log(M)), N being the size of the smallest of K sorted sets and M that of the result',
  arity: -4,
  flags: WRITE | DENY_OOM | MOVABLE_KEYS,
  keys: [
    { flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { countAt: 0, first: 1, step: 1 } },
  ],
  args: [
    { name: 'destination', type: 'key', keySpec: 0 },
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpec: 1, flags: ['multiple'] },
    { name: 'weight', type: 'integer', token: 'WEIGHTS', flags: ['optional', 'multiple'] },
    {
      name: 'aggregate',
      type: 'oneof',
      token: 'AGGREGATE',
      flags: ['optional'],
      args: [
        { name: 'sum', type: 'pure-token', token: 'SUM' },
        { name: 'min', type: 'pure-token', token: 'MIN' },
        { name: 'max', type: 'pure-token', token: 'MAX' },
      ],
    },
  ],
  cost: (shard, req) => sourcesCost(shard, req, 2),

  run: (shard, req, reply) => storeResult(shard, req, reply, 'inter', 'zinterstore'),
}

export const zdiffstore: Command = {
  name: 'ZDIFFSTORE',
  group: 'sorted-set',
  since: '6.2.0',
  summary: 'Stores the members of a sorted set that are in none of the others in a key.',
  complexity: 'O(N*K+M*log(M)), N being the size of the first of K sorted sets and M that of the result',
  arity: -4,
  flags: WRITE | DENY_OOM | MOVABLE_KEYS,
  keys: [
    { flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { countAt: 0, first: 1, step: 1 } },
  ],
  args: [
    { name: 'destination', type: 'key', keySpec: 0 },
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpec: 1, flags: ['multiple'] },
  ],
  cost: (shard, req) => sourcesCost(shard, req, 2),

  run: (shard, req, reply) => storeResult(shard, req, reply, 'diff', 'zdiffstore'),
}

export const zintercard: Command = {
  name: 'ZINTERCARD',
  group: 'sorted-set',
  since: '7.0.0',
  summary: 'Returns how many members sorted sets have in common.',
  complexity: 'O(N*K), N being the size of the smallest of K sorted sets',
  arity: -3,
  flags: READONLY | MOVABLE_KEYS,
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { countAt: 0, first: 1, step: 1 } }],
  args: [
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
    { name: 'limit', type: 'integer', token: 'LIMIT', flags: ['optional'] },
  ],
  cost: (shard, req) => sourcesCost(shard, req, 1),

  run(shard, req, reply) {
    const after = findSources(shard, req, 1, 'zintercard', reply)
    if (after === 0) return
    const error = readLimit(req, after)
    if (error !== undefined) return reply.error(error)
    reply.integer(countIntersection(sources, options.limit === 0 ? Number.POSITIVE_INFINITY : options.limit))
  },
}

function replyResult(shard: Shard, req: Request, reply: Reply, operation: Operation, name: string): void {
  const after = findSources(shard, req, 1, name, reply)
  if (after === 0) return
  const error = readOptions(req, after, operation, false)
  if (error !== undefined) return reply.error(error)
  const m = shard.m
  draft.start(m)
  compute(operation, sources, options.aggregate, draft)
  draft.sort()
  beginMembers(reply, draft.count, options.withScores)
  for (let i = 0; i < draft.count; i++) {
    const member = draft.member(i)
    const score = draft.score(member)
    replyMember(reply, m.u8, itemKeyAt(m, member), itemKeyLength(m, member), score, options.withScores)
  }
  draft.drop()
}

function storeResult(shard: Shard, req: Request, reply: Reply, operation: Operation, name: string): void {
  const after = findSources(shard, req, 2, name, reply)
  if (after === 0) return
  const error = readOptions(req, after, operation, true)
  if (error !== undefined) return reply.error(error)
  const target = shard.ofKey(req, 1)
  draft.start(target.m)
  compute(operation, sources, options.aggregate, draft)
  storeDraft(target, req, 1, draft, name, reply)
}

/** Looks up the keys whose number is argument `at`. Returns the argument behind them, 0 after replying what is wrong. */
function findSources(shard: Shard, req: Request, at: number, name: string, reply: Reply): number {
  const count = req.integer(at)
  const after = at + 1 + count
  if (Number.isNaN(count)) reply.error(NOT_AN_INTEGER)
  else if (count < 1) reply.error(noKeys(name))
  else if (after > req.argc) reply.error(SYNTAX)
  else if (sources.find(shard, req, at + 1, count, reply)) return after
  return 0
}

function readOptions(req: Request, from: number, operation: Operation, stores: boolean): string | undefined {
  options.aggregate = 'sum'
  options.withScores = false
  const isDiff = operation === 'diff'
  for (let i = from; i < req.argc; i++) {
    if (!isDiff && i + sources.count < req.argc && req.is(i, 'WEIGHTS')) {
      for (let j = 0; j < sources.count; j++) {
        const weight = req.double(++i)
        if (Number.isNaN(weight)) return WEIGHT_NOT_A_FLOAT
        sources.at(j).weight = weight
      }
    } else if (!isDiff && i + 1 < req.argc && req.is(i, 'AGGREGATE')) {
      i++
      if (req.is(i, 'SUM')) options.aggregate = 'sum'
      else if (req.is(i, 'MIN')) options.aggregate = 'min'
      else if (req.is(i, 'MAX')) options.aggregate = 'max'
      else return SYNTAX
    } else if (!stores && req.is(i, 'WITHSCORES')) options.withScores = true
    else return SYNTAX
  }
  return undefined
}

function readLimit(req: Request, from: number): string | undefined {
  options.limit = 0
  for (let i = from; i < req.argc; i += 2) {
    if (i + 1 >= req.argc || !req.is(i, 'LIMIT')) return SYNTAX
    options.limit = req.integer(i + 1)
    if (!(options.limit >= 0)) return LIMIT_NEGATIVE
  }
  return undefined
}

/** Members of all the keys whose number is argument `at`. */
function sourcesCost(shard: Shard, req: Request, at: number): number {
  const end = Math.min(at + 1 + req.integer(at), req.argc)
  let cost = 0
  for (let i = at + 1; i < end; i++) {
    const owner = shard.ofKey(req, i)
    const entry = owner.peek(req, i)
    if (entry === 0) continue
    const type = entryType(owner.m, entry)
    if (type === TYPE.ZSET) cost += zsetLength(owner.m, entry)
    else if (type === TYPE.SET) cost += setCount(owner.m, entry)
  }
  return cost
}
