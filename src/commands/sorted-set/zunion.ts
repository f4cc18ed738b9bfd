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
import {
  type Argument,
  type Command,
  DENY_OOM,
  type KeySpec,
  MOVABLE_KEYS,
  READONLY,
  type ShardCommand,
  WRITE,
} from '../command.ts'
import { type Aggregate, compute, countIntersection, type Operation } from './algebra.ts'
import { beginMembers, replyMember, storeDraft } from './shared.ts'
import { Sources } from './sources.ts'

const WEIGHT_NOT_A_FLOAT = 'ERR weight value is not a float'
const noKeys = (name: string): string => `ERR at least 1 input key is needed for '${name}' command`

/** The one list of a thread: a command fills it anew. */
const sources = new Sources()
const draft = new Draft()
const options = { aggregate: 'sum' as Aggregate, withScores: false, limit: 0 }

const UNION_COMPLEXITY = 'O(N)+O(M*log(M)), N being the size of all sorted sets and M that of the result'
const INTER_COMPLEXITY =
  'O(N*K)+O(M*log(M)), N being the size of the smallest of K sorted sets and M that of the result'
const DIFF_COMPLEXITY = 'O(N*K+M*log(M)), N being the size of the first of K sorted sets and M that of the result'

const SOURCES: KeySpec = { flags: ['RO', 'access'], begin: { index: 1 }, find: { countAt: 0, first: 1, step: 1 } }

const NUMKEYS: Argument = { name: 'numkeys', type: 'integer' }
const WEIGHTS: readonly Argument[] = [
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
]

/** What a command that replies its result has in common with its kin. */
function replies(operation: Operation, name: string): Omit<ShardCommand, 'name' | 'summary' | 'complexity'> {
  return {
    group: 'sorted-set',
    since: '6.2.0',
    arity: -3,
    flags: READONLY | MOVABLE_KEYS,
    keys: [SOURCES],
    args: [
      NUMKEYS,
      { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
      ...(operation === 'diff' ? [] : WEIGHTS),
      { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
    ],
    cost: (shard, req) => sourcesCost(shard, req, 1),

    run: (shard, req, reply) => replyResult(shard, req, reply, operation, name),
  }
}

/** As `replies`, of one that stores it. */
function stores(operation: Operation, name: string): Omit<ShardCommand, 'name' | 'summary' | 'complexity' | 'since'> {
  return {
    group: 'sorted-set',
    arity: -4,
    flags: WRITE | DENY_OOM | MOVABLE_KEYS,
    keys: [
      { flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
      { ...SOURCES, begin: { index: 2 } },
    ],
    args: [
      { name: 'destination', type: 'key', keySpec: 0 },
      NUMKEYS,
      { name: 'key', type: 'key', keySpec: 1, flags: ['multiple'] },
      ...(operation === 'diff' ? [] : WEIGHTS),
    ],
    cost: (shard, req) => sourcesCost(shard, req, 2),

    run: (shard, req, reply) => storeResult(shard, req, reply, operation, name),
  }
}

export const zunion: Command = {
  ...replies('union', 'zunion'),
  name: 'ZUNION',
  summary: 'Returns the union of sorted sets.',
  complexity: UNION_COMPLEXITY,
}

export const zinter: Command = {
  ...replies('inter', 'zinter'),
  name: 'ZINTER',
  summary: 'Returns the intersection of sorted sets.',
  complexity: INTER_COMPLEXITY,
}

export const zdiff: Command = {
  ...replies('diff', 'zdiff'),
  name: 'ZDIFF',
  summary: 'Returns the members of a sorted set that are in none of the others.',
  complexity: DIFF_COMPLEXITY,
}

export const zunionstore: Command = {
  ...stores('union', 'zunionstore'),
  name: 'ZUNIONSTORE',
  since: '2.0.0',
  summary: 'Stores the union of sorted sets in a key.',
  complexity: UNION_COMPLEXITY,
}

export const zinterstore: Command = {
  ...stores('inter', 'zinterstore'),
  name: 'ZINTERSTORE',
  since: '2.0.0',
  summary: 'Stores the intersection of sorted sets in a key.',
  complexity: INTER_COMPLEXITY,
}

export const zdiffstore: Command = {
  ...stores('diff', 'zdiffstore'),
  name: 'ZDIFFSTORE',
  since: '6.2.0',
  summary: 'Stores the members of a sorted set that are in none of the others in a key.',
  complexity: DIFF_COMPLEXITY,
}

export const zintercard: Command = {
  name: 'ZINTERCARD',
  group: 'sorted-set',
  since: '7.0.0',
  summary: 'Returns how many members sorted sets have in common.',
  complexity: 'O(N*K), N being the size of the smallest of K sorted sets',
  arity: -3,
  flags: READONLY | MOVABLE_KEYS,
  keys: [SOURCES],
  args: [
    NUMKEYS,
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
