// Reading single facts of a sorted set: its size, scores, ranks, and how many members a range has.

import { MIN_OR_MAX_NOT_FLOAT, MIN_OR_MAX_NOT_STRING_RANGE, wrongArguments } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import {
  lexRanks,
  zsetLength,
  zsetLexRanks,
  zsetRank,
  zsetScore,
  zsetScoreFrom,
  zsetScoreTo,
} from '../../store/zset.ts'
import { type Command, FAST, oneKey, READONLY } from '../command.ts'
import { lexBounds, readLexBounds, readScoreBounds, scoreBounds } from './bounds.ts'

export const zcard: Command = {
  name: 'ZCARD',
  group: 'sorted-set',
  since: '1.2.0',
  summary: 'Returns how many members a sorted set has.',
  complexity: 'O(1)',
  arity: 2,
  flags: READONLY | FAST,
  keys: oneKey('RO'),
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const entry = shard.typed(req, 1, TYPE.ZSET, reply)
    if (entry === WRONG) return
    reply.integer(entry === 0 ? 0 : zsetLength(shard.m, entry))
  },
}

export const zscore: Command = {
  name: 'ZSCORE',
  group: 'sorted-set',
  since: '1.2.0',
  summary: 'Returns the score of a member of a sorted set.',
  complexity: 'O(1)',
  arity: 3,
  flags: READONLY | FAST,
  keys: oneKey('RO', 'access'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'member', type: 'string' },
  ],

  run(shard, req, reply) {
    const entry = shard.typed(req, 1, TYPE.ZSET, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.nil()
    replyScore(reply, zsetScore(shard.m, entry, req.u8, req.at[2], req.length[2]))
  },
}

export const zmscore: Command = {
  name: 'ZMSCORE',
  group: 'sorted-set',
  since: '6.2.0',
  summary: 'Returns the scores of some members of a sorted set.',
  complexity: 'O(N) for N members asked for',
  arity: -3,
  flags: READONLY | FAST,
  keys: oneKey('RO', 'access'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'member', type: 'string', flags: ['multiple'] },
  ],
  cost: (_, req) => req.argc,

  run(shard, req, reply) {
    const entry = shard.typed(req, 1, TYPE.ZSET, reply)
    if (entry === WRONG) return
    reply.array(req.argc - 2)
    for (let i = 2; i < req.argc; i++) {
      if (entry === 0) reply.nil()
      else replyScore(reply, zsetScore(shard.m, entry, req.u8, req.at[i], req.length[i]))
    }
  },
}

function replyScore(reply: Reply, score: number): void {
  if (Number.isNaN(score)) reply.nil()
  else reply.double(score)
}

export const zrank: Command = {
  name: 'ZRANK',
  group: 'sorted-set',
  since: '2.0.0',
  summary: 'Returns how many members come before a member of a sorted set.',
  complexity: 'O(log(N))',
  arity: -3,
  flags: READONLY | FAST,
  keys: oneKey('RO', 'access'),
  history: [['7.2.0', 'Takes `WITHSCORE`.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'member', type: 'string' },
    { name: 'withscore', type: 'pure-token', token: 'WITHSCORE', since: '7.2.0', flags: ['optional'] },
  ],

  run: (shard, req, reply) => replyRank(shard, req, reply, false),
}

export const zrevrank: Command = {
  name: 'ZREVRANK',
  group: 'sorted-set',
  since: '2.0.0',
  summary: 'Returns how many members come before a member of a sorted set, the highest score first.',
  complexity: 'O(log(N))',
  arity: -3,
  flags: READONLY | FAST,
  keys: oneKey('RO', 'access'),
  history: [['7.2.0', 'Takes `WITHSCORE`.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'member', type: 'string' },
    { name: 'withscore', type: 'pure-token', token: 'WITHSCORE', since: '7.2.0', flags: ['optional'] },
  ],

  run: (shard, req, reply) => replyRank(shard, req, reply, true),
}

function replyRank(shard: Shard, req: Request, reply: Reply, isReversed: boolean): void {
  const withScore = req.argc === 4 && req.is(3, 'WITHSCORE')
  // Before there was WITHSCORE, any argument was one too many.
  if (req.argc > 3 && !withScore) return reply.error(wrongArguments(isReversed ? 'zrevrank' : 'zrank'))
  const m = shard.m
  const entry = shard.typed(req, 1, TYPE.ZSET, reply)
  if (entry === WRONG) return
  const rank = entry === 0 ? -1 : zsetRank(m, entry, req.u8, req.at[2], req.length[2])
  if (entry === 0 || rank < 0) return withScore ? reply.nilArray() : reply.nil()
  if (withScore) reply.array(2)
  reply.integer(isReversed ? zsetLength(m, entry) - 1 - rank : rank)
  if (withScore) reply.double(zsetScore(m, entry, req.u8, req.at[2], req.length[2]))
}

export const zcount: Command = {
  name: 'ZCOUNT',
  group: 'sorted-set',
  since: '2.0.0',
  summary: 'Returns how many members of a sorted set have a score in a range.',
  complexity: 'O(log(N)), N being the size of the sorted set',
  arity: 4,
  flags: READONLY | FAST,
  keys: oneKey('RO', 'access'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'min', type: 'double' },
    { name: 'max', type: 'double' },
  ],

  run(shard, req, reply) {
    if (!readScoreBounds(req, 2, 3)) return reply.error(MIN_OR_MAX_NOT_FLOAT)
    const entry = shard.typed(req, 1, TYPE.ZSET, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.integer(0)
    const to = zsetScoreTo(shard.m, entry, scoreBounds)
    reply.integer(Math.max(0, to - zsetScoreFrom(shard.m, entry, scoreBounds)))
  },
}

export const zlexcount: Command = {
  name: 'ZLEXCOUNT',
  group: 'sorted-set',
  since: '2.8.9',
  summary: 'Returns how many members are in a range of members of a sorted set whose scores are all the same.',
  complexity: 'O(log(N)), N being the size of the sorted set',
  arity: 4,
  flags: READONLY | FAST,
  keys: oneKey('RO', 'access'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'min', type: 'string' },
    { name: 'max', type: 'string' },
  ],

  run(shard, req, reply) {
    if (!readLexBounds(req, 2, 3)) return reply.error(MIN_OR_MAX_NOT_STRING_RANGE)
    const entry = shard.typed(req, 1, TYPE.ZSET, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.integer(0)
    zsetLexRanks(shard.m, entry, lexBounds, false)
    reply.integer(Math.max(0, lexRanks.to - lexRanks.from))
  },
}
