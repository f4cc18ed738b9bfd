// ZRANGE in all its forms, the older commands it replaced, and ZRANGESTORE.
//
// Every form comes down to a range of ranks: the bounds are looked up, LIMIT narrows them, and the walk goes up or down.

import { MIN_OR_MAX_NOT_FLOAT, MIN_OR_MAX_NOT_STRING_RANGE, NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { type EntryRef, entryType, TYPE } from '../../store/entry.ts'
import type { Memory } from '../../store/memory.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { Draft } from '../../store/zset/draft.ts'
import { lexRanks, zsetLength, zsetLexRanks, zsetScoreFrom, zsetScoreTo } from '../../store/zset.ts'
import { ZsetWalk } from '../../store/zset-walk.ts'
import { type Command, DENY_OOM, oneKey, READONLY, WRITE } from '../command.ts'
import { clampRanks, lexBounds, readLexBounds, readScoreBounds, scoreBounds } from './bounds.ts'
import { beginMembers, removeTarget, replyMember, storeDraft } from './shared.ts'

const LIMIT_NEEDS_BY = 'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX'
const NO_LEX_SCORES = 'ERR syntax error, WITHSCORES not supported in combination with BYLEX'
/** Sets of up to this size are not worth asking how much of them a range takes. */
const SMALL = 256

type By = 'rank' | 'score' | 'lex'

/** A range as the arguments ask for it; one object serves a command at a time. Bounds are in bounds.ts. */
const range = {
  by: 'rank' as By,
  isReversed: false,
  withScores: false,
  start: 0,
  stop: 0,
  offset: 0,
  /** Negative: all. */
  limit: -1,
  from: 0,
  to: 0,
}

const walk = new ZsetWalk()
const draft = new Draft()

export const zrange: Command = {
  name: 'ZRANGE',
  group: 'sorted-set',
  since: '1.2.0',
  summary: 'Returns a range of the members of a sorted set: by rank, score or the members themselves.',
  complexity: 'O(log(N)+M) for M members returned from a sorted set of N',
  arity: -4,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  history: [['6.2.0', 'Takes `REV`, `BYSCORE`, `BYLEX` and `LIMIT`.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'start', type: 'string' },
    { name: 'stop', type: 'string' },
    {
      name: 'sortby',
      type: 'oneof',
      since: '6.2.0',
      flags: ['optional'],
      args: [
        { name: 'byscore', type: 'pure-token', token: 'BYSCORE' },
        { name: 'bylex', type: 'pure-token', token: 'BYLEX' },
      ],
    },
    { name: 'rev', type: 'pure-token', token: 'REV', since: '6.2.0', flags: ['optional'] },
    {
      name: 'offset_count',
      type: 'block',
      token: 'LIMIT',
      since: '6.2.0',
      flags: ['optional'],
      args: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ],
    },
    { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
  ],
  cost: (shard, req) => rangeCost(shard, req, 1, undefined, undefined),

  run: (shard, req, reply) => replyRange(shard, req, reply, undefined, undefined),
}

export const zrevrange: Command = {
  name: 'ZREVRANGE',
  group: 'sorted-set',
  since: '1.2.0',
  summary: 'Returns a range of ranks of a sorted set, the highest score first.',
  complexity: 'O(log(N)+M) for M members returned from a sorted set of N',
  arity: -4,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  deprecated: { since: '6.2.0', replacement: '`ZRANGE` with the `REV` argument' },
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'start', type: 'integer' },
    { name: 'stop', type: 'integer' },
    { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
  ],
  cost: (shard, req) => rangeCost(shard, req, 1, 'rank', true),

  run: (shard, req, reply) => replyRange(shard, req, reply, 'rank', true),
}

export const zrangebyscore: Command = {
  name: 'ZRANGEBYSCORE',
  group: 'sorted-set',
  since: '1.0.5',
  summary: 'Returns the members of a sorted set whose scores are in a range.',
  complexity: 'O(log(N)+M) for M members returned from a sorted set of N',
  arity: -4,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  history: [['2.0.0', 'Takes `WITHSCORES`.']],
  deprecated: { since: '6.2.0', replacement: '`ZRANGE` with the `BYSCORE` argument' },
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'min', type: 'double' },
    { name: 'max', type: 'double' },
    { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', since: '2.0.0', flags: ['optional'] },
    {
      name: 'offset_count',
      type: 'block',
      token: 'LIMIT',
      flags: ['optional'],
      args: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ],
    },
  ],
  cost: (shard, req) => rangeCost(shard, req, 1, 'score', false),

  run: (shard, req, reply) => replyRange(shard, req, reply, 'score', false),
}

export const zrevrangebyscore: Command = {
  name: 'ZREVRANGEBYSCORE',
  group: 'sorted-set',
  since: '2.2.0',
  summary: 'Returns the members of a sorted set whose scores are in a range, the highest first.',
  complexity: 'O(log(N)+M) for M members returned from a sorted set of N',
  arity: -4,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  history: [['2.1.6', 'Bounds may be exclusive.']],
  deprecated: { since: '6.2.0', replacement: '`ZRANGE` with the `REV` and `BYSCORE` arguments' },
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'max', type: 'double' },
    { name: 'min', type: 'double' },
    { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
    {
      name: 'offset_count',
      type: 'block',
      token: 'LIMIT',
      flags: ['optional'],
      args: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ],
    },
  ],
  cost: (shard, req) => rangeCost(shard, req, 1, 'score', true),

  run: (shard, req, reply) => replyRange(shard, req, reply, 'score', true),
}

export const zrangebylex: Command = {
  name: 'ZRANGEBYLEX',
  group: 'sorted-set',
  since: '2.8.9',
  summary: 'Returns a range of members of a sorted set whose scores are all the same.',
  complexity: 'O(log(N)+M) for M members returned from a sorted set of N',
  arity: -4,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  deprecated: { since: '6.2.0', replacement: '`ZRANGE` with the `BYLEX` argument' },
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'min', type: 'string' },
    { name: 'max', type: 'string' },
    {
      name: 'offset_count',
      type: 'block',
      token: 'LIMIT',
      flags: ['optional'],
      args: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ],
    },
  ],
  cost: (shard, req) => rangeCost(shard, req, 1, 'lex', false),

  run: (shard, req, reply) => replyRange(shard, req, reply, 'lex', false),
}

export const zrevrangebylex: Command = {
  name: 'ZREVRANGEBYLEX',
  group: 'sorted-set',
  since: '2.8.9',
  summary: 'Returns a range of members of a sorted set whose scores are all the same, the last first.',
  complexity: 'O(log(N)+M) for M members returned from a sorted set of N',
  arity: -4,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  deprecated: { since: '6.2.0', replacement: '`ZRANGE` with the `REV` and `BYLEX` arguments' },
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'max', type: 'string' },
    { name: 'min', type: 'string' },
    {
      name: 'offset_count',
      type: 'block',
      token: 'LIMIT',
      flags: ['optional'],
      args: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ],
    },
  ],
  cost: (shard, req) => rangeCost(shard, req, 1, 'lex', true),

  run: (shard, req, reply) => replyRange(shard, req, reply, 'lex', true),
}

export const zrangestore: Command = {
  name: 'ZRANGESTORE',
  group: 'sorted-set',
  since: '6.2.0',
  summary: 'Stores a range of the members of a sorted set in another key.',
  complexity: 'O(log(N)+M) for M members stored from a sorted set of N',
  arity: -5,
  flags: WRITE | DENY_OOM,
  keys: [
    { flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
  ],
  args: [
    { name: 'dst', type: 'key', keySpec: 0 },
    { name: 'src', type: 'key', keySpec: 1 },
    { name: 'min', type: 'string' },
    { name: 'max', type: 'string' },
    {
      name: 'sortby',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'byscore', type: 'pure-token', token: 'BYSCORE' },
        { name: 'bylex', type: 'pure-token', token: 'BYLEX' },
      ],
    },
    { name: 'rev', type: 'pure-token', token: 'REV', flags: ['optional'] },
    {
      name: 'offset_count',
      type: 'block',
      token: 'LIMIT',
      flags: ['optional'],
      args: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ],
    },
  ],
  cost: (shard, req) => rangeCost(shard, req, 2, undefined, undefined),

  run(shard, req, reply) {
    if (!readRange(req, 3, undefined, undefined, true, reply)) return
    const source = shard.ofKey(req, 2)
    const target = shard.ofKey(req, 1)
    const entry = source.typed(req, 2, TYPE.ZSET, reply)
    if (entry === WRONG) return
    if (entry === 0) return removeTarget(target, req, 1, reply)
    findRanks(source.m, entry)
    draft.start(target.m)
    walk.start(source.m, entry, range.from, false)
    for (let i = range.from; i < range.to && walk.next(); i++) draft.add(walk.score, walk.u8, walk.at, walk.length)
    storeDraft(target, req, 1, draft, 'zrangestore', reply)
  },
}

function replyRange(
  shard: Shard,
  req: Request,
  reply: Reply,
  by: By | undefined,
  isReversed: boolean | undefined,
): void {
  if (!readRange(req, 2, by, isReversed, false, reply)) return
  const m = shard.m
  const entry = shard.typed(req, 1, TYPE.ZSET, reply)
  if (entry === WRONG) return
  if (entry === 0) return reply.emptyArray()
  findRanks(m, entry)
  const { withScores } = range
  const count = range.to - range.from
  beginMembers(reply, count, withScores)
  if (count === 0) return
  walk.start(m, entry, range.isReversed ? range.to - 1 : range.from, range.isReversed)
  for (let i = 0; i < count && walk.next(); i++) {
    replyMember(reply, walk.u8, walk.at, walk.length, walk.score, withScores)
  }
}

/**
 * Reads the bounds in argument `first` and the next, and the options behind them, to `range`. `by` and `isReversed` are
 * undefined where options decide. Returns false after replying what is wrong.
 */
function readRange(
  req: Request,
  first: number,
  by: By | undefined,
  isReversed: boolean | undefined,
  stores: boolean,
  reply: Reply,
): boolean {
  const error = readOptions(req, first + 2, by, isReversed, stores) ?? readBounds(req, first)
  if (error === undefined) return true
  reply.error(error)
  return false
}

function readOptions(
  req: Request,
  from: number,
  by: By | undefined,
  isReversed: boolean | undefined,
  stores: boolean,
): string | undefined {
  range.by = by ?? 'rank'
  range.isReversed = isReversed ?? false
  range.withScores = false
  range.offset = 0
  range.limit = -1
  let mayChooseBy = by === undefined
  let mayChooseOrder = isReversed === undefined
  for (let i = from; i < req.argc; i++) {
    if (!stores && req.is(i, 'WITHSCORES')) range.withScores = true
    else if (i + 2 < req.argc && req.is(i, 'LIMIT')) {
      range.offset = req.integer(++i)
      range.limit = req.integer(++i)
      if (Number.isNaN(range.offset) || Number.isNaN(range.limit)) return NOT_AN_INTEGER
    } else if (mayChooseOrder && req.is(i, 'REV')) {
      range.isReversed = true
      mayChooseOrder = false
    } else if (mayChooseBy && req.is(i, 'BYLEX')) {
      range.by = 'lex'
      mayChooseBy = false
    } else if (mayChooseBy && req.is(i, 'BYSCORE')) {
      range.by = 'score'
      mayChooseBy = false
    } else return SYNTAX
  }
  if (range.limit !== -1 && range.by === 'rank') return LIMIT_NEEDS_BY
  if (range.withScores && range.by === 'lex') return NO_LEX_SCORES
  return undefined
}

function readBounds(req: Request, first: number): string | undefined {
  if (range.by === 'rank') {
    range.start = req.integer(first)
    range.stop = req.integer(first + 1)
    return Number.isNaN(range.start) || Number.isNaN(range.stop) ? NOT_AN_INTEGER : undefined
  }
  // The reversed forms give the higher bound first.
  const min = range.isReversed ? first + 1 : first
  const max = range.isReversed ? first : first + 1
  if (range.by === 'score') return readScoreBounds(req, min, max) ? undefined : MIN_OR_MAX_NOT_FLOAT
  return readLexBounds(req, min, max) ? undefined : MIN_OR_MAX_NOT_STRING_RANGE
}

/** Finds the ranks of `range` in a set, LIMIT applied. */
function findRanks(m: Memory, entry: EntryRef): void {
  if (range.by === 'rank') {
    const count = zsetLength(m, entry)
    const ranks = clampRanks(range.start, range.stop, count)
    range.from = range.isReversed ? count - ranks.to : ranks.from
    range.to = range.isReversed ? count - ranks.from : ranks.to
    return
  }
  if (range.by === 'score') {
    range.from = zsetScoreFrom(m, entry, scoreBounds)
    range.to = zsetScoreTo(m, entry, scoreBounds)
  } else {
    zsetLexRanks(m, entry, lexBounds, range.isReversed)
    range.from = lexRanks.from
    range.to = lexRanks.to
  }
  let count = Math.max(0, range.to - range.from)
  // Skipping a negative number of members never comes to an end.
  const offset = range.offset < 0 ? count : Math.min(range.offset, count)
  count -= offset
  if (range.limit >= 0) count = Math.min(count, range.limit)
  if (range.isReversed) {
    range.to -= offset
    range.from = range.to - count
  } else {
    range.from += offset
    range.to = range.from + count
  }
}

/** How many members the command in `req` returns. In small sets, not worth the looking up, it may be all. */
function rangeCost(
  shard: Shard,
  req: Request,
  key: number,
  by: By | undefined,
  isReversed: boolean | undefined,
): number {
  const owner = shard.ofKey(req, key)
  const entry = owner.findKey(req.db, req.u8, req.at[key], req.length[key])
  if (entry === 0 || entryType(owner.m, entry) !== TYPE.ZSET) return 0
  const count = zsetLength(owner.m, entry)
  if (count <= SMALL) return count
  const error = readOptions(req, key + 3, by, isReversed, false) ?? readBounds(req, key + 1)
  if (error !== undefined) return 0
  findRanks(owner.m, entry)
  return range.to - range.from
}
