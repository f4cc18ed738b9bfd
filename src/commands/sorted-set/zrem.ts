// ZREM and ZREMRANGEBY…: remove members by name, rank, score or bytes.

import { MIN_OR_MAX_NOT_FLOAT, MIN_OR_MAX_NOT_STRING_RANGE, NOT_AN_INTEGER } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { type EntryRef, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import {
  lexRanks,
  zsetLength,
  zsetLexRanks,
  zsetRemove,
  zsetRemoveRanks,
  zsetScoreFrom,
  zsetScoreTo,
} from '../../store/zset.ts'
import { type Command, FAST, oneKey, WRITE } from '../command.ts'
import { clampRanks, lexBounds, readLexBounds, readScoreBounds, scoreBounds } from './bounds.ts'
import { rangeCost } from './range.ts'
import { discardEmpty } from './shared.ts'

export const zrem: Command = {
  name: 'ZREM',
  group: 'sorted-set',
  since: '1.2.0',
  summary: 'Removes members from a sorted set.',
  complexity: 'O(M*log(N)) for M members removed from a sorted set of N',
  arity: -3,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'delete'),
  history: [['2.4.0', 'Takes several members.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'member', type: 'string', flags: ['multiple'] },
  ],

  cost: (_, req) => req.argc,

  run(shard, req, reply) {
    const entry = shard.typedForWrite(req, 1, TYPE.ZSET, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.integer(0)
    const m = shard.m
    let removed = 0
    let left = zsetLength(m, entry)
    for (let i = 2; i < req.argc && left > 0; i++) {
      if (!zsetRemove(m, entry, req.u8, req.at[i], req.length[i])) continue
      removed++
      left--
    }
    if (removed > 0) {
      shard.touched(req, 1, NOTIFY.ZSET, 'zrem', removed)
      if (left === 0) discardEmpty(shard, req, 1, entry)
    }
    reply.integer(removed)
  },
}

export const zremrangebyrank: Command = {
  name: 'ZREMRANGEBYRANK',
  group: 'sorted-set',
  since: '2.0.0',
  summary: 'Removes the members of a range of ranks from a sorted set.',
  complexity: 'O(log(N)+M) for M members removed from a sorted set of N',
  arity: 4,
  flags: WRITE,
  keys: oneKey('RW', 'delete'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'start', type: 'integer' },
    { name: 'stop', type: 'integer' },
  ],
  cost: (shard, req) => rangeCost(shard, req, 1, 'rank', false),

  run(shard, req, reply) {
    const start = req.integer(2)
    const stop = req.integer(3)
    if (Number.isNaN(start) || Number.isNaN(stop)) return reply.error(NOT_AN_INTEGER)
    const entry = shard.typedForWrite(req, 1, TYPE.ZSET, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.integer(0)
    const ranks = clampRanks(start, stop, zsetLength(shard.m, entry))
    removeRanks(shard, req, entry, ranks.from, ranks.to, 'zremrangebyrank', reply)
  },
}

export const zremrangebyscore: Command = {
  name: 'ZREMRANGEBYSCORE',
  group: 'sorted-set',
  since: '1.2.0',
  summary: 'Removes the members of a range of scores from a sorted set.',
  complexity: 'O(log(N)+M) for M members removed from a sorted set of N',
  arity: 4,
  flags: WRITE,
  keys: oneKey('RW', 'delete'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'min', type: 'double' },
    { name: 'max', type: 'double' },
  ],
  cost: (shard, req) => rangeCost(shard, req, 1, 'score', false),

  run(shard, req, reply) {
    if (!readScoreBounds(req, 2, 3)) return reply.error(MIN_OR_MAX_NOT_FLOAT)
    const entry = shard.typedForWrite(req, 1, TYPE.ZSET, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.integer(0)
    const from = zsetScoreFrom(shard.m, entry, scoreBounds)
    const to = zsetScoreTo(shard.m, entry, scoreBounds)
    removeRanks(shard, req, entry, from, to, 'zremrangebyscore', reply)
  },
}

export const zremrangebylex: Command = {
  name: 'ZREMRANGEBYLEX',
  group: 'sorted-set',
  since: '2.8.9',
  summary: 'Removes the members of a range of members from a sorted set whose scores are all the same.',
  complexity: 'O(log(N)+M) for M members removed from a sorted set of N',
  arity: 4,
  flags: WRITE,
  keys: oneKey('RW', 'delete'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'min', type: 'string' },
    { name: 'max', type: 'string' },
  ],
  cost: (shard, req) => rangeCost(shard, req, 1, 'lex', false),

  run(shard, req, reply) {
    if (!readLexBounds(req, 2, 3)) return reply.error(MIN_OR_MAX_NOT_STRING_RANGE)
    const entry = shard.typedForWrite(req, 1, TYPE.ZSET, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.integer(0)
    zsetLexRanks(shard.m, entry, lexBounds, false)
    removeRanks(shard, req, entry, lexRanks.from, lexRanks.to, 'zremrangebylex', reply)
  },
}

/** Removes the members of the ranks from `from` up to but not including `to`, and replies how many. */
function removeRanks(
  shard: Shard,
  req: Request,
  entry: EntryRef,
  from: number,
  to: number,
  event: string,
  reply: Reply,
): void {
  const count = to - from
  if (count <= 0) return reply.integer(0)
  const isAll = count === zsetLength(shard.m, entry)
  if (!isAll) zsetRemoveRanks(shard.m, entry, from, to)
  shard.touched(req, 1, NOTIFY.ZSET, event, count)
  if (isAll) discardEmpty(shard, req, 1, entry)
  reply.integer(count)
}
