// ZRANGE in all its forms, the older commands it replaced, and ZRANGESTORE.
//
// Every form comes down to a range of ranks: the bounds are looked up, LIMIT narrows them, and the walk goes up or down.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { Draft } from '../../store/zset/draft.ts'
import { ZsetWalk } from '../../store/zset-walk.ts'
import { type Command, DENY_OOM, oneKey, READONLY, WRITE } from '../command.ts'
import { type By, findRanks, range, rangeCost, readRange } from './range.ts'
import { beginMembers, removeTarget, replyMember, storeDraft } from './shared.ts'

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
