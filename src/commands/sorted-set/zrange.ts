// ZRANGE in all its forms, the older commands it replaced, and ZRANGESTORE.
//
// Every form comes down to a range of ranks: the bounds are looked up, LIMIT narrows them, and the walk goes up or down.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { Draft } from '../../store/zset/draft.ts'
import { ZsetWalk } from '../../store/zset-walk.ts'
import { type Argument, type Command, DENY_OOM, oneKey, READONLY, type ShardCommand, WRITE } from '../command.ts'
import { type By, findRanks, range, rangeCost, readRange } from './range.ts'
import { beginMembers, removeTarget, replyMember, storeDraft } from './shared.ts'

const walk = new ZsetWalk()
const draft = new Draft()

const BY: Argument = {
  name: 'sortby',
  type: 'oneof',
  flags: ['optional'],
  args: [
    { name: 'byscore', type: 'pure-token', token: 'BYSCORE' },
    { name: 'bylex', type: 'pure-token', token: 'BYLEX' },
  ],
}
const REV: Argument = { name: 'rev', type: 'pure-token', token: 'REV', flags: ['optional'] }
const LIMIT: Argument = {
  name: 'offset_count',
  type: 'block',
  token: 'LIMIT',
  flags: ['optional'],
  args: [
    { name: 'offset', type: 'integer' },
    { name: 'count', type: 'integer' },
  ],
}
const WITH_SCORES: Argument = { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] }

/** What all that reply a range have in common. `by` and `isReversed` are undefined where the arguments say it. */
function replies(
  by: By | undefined,
  isReversed: boolean | undefined,
): Omit<ShardCommand, 'name' | 'since' | 'summary' | 'args'> {
  return {
    group: 'sorted-set',
    complexity: 'O(log(N)+M) for M members returned from a sorted set of N',
    arity: -4,
    flags: READONLY,
    keys: oneKey('RO', 'access'),
    cost: (shard, req) => rangeCost(shard, req, 1, by, isReversed),

    run: (shard, req, reply) => replyRange(shard, req, reply, by, isReversed),
  }
}

export const zrange: Command = {
  ...replies(undefined, undefined),
  name: 'ZRANGE',
  since: '1.2.0',
  summary: 'Returns a range of the members of a sorted set: by rank, score or the members themselves.',
  history: [['6.2.0', 'Takes `REV`, `BYSCORE`, `BYLEX` and `LIMIT`.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'start', type: 'string' },
    { name: 'stop', type: 'string' },
    { ...BY, since: '6.2.0' },
    { ...REV, since: '6.2.0' },
    { ...LIMIT, since: '6.2.0' },
    WITH_SCORES,
  ],
}

export const zrevrange: Command = {
  ...replies('rank', true),
  name: 'ZREVRANGE',
  since: '1.2.0',
  summary: 'Returns a range of ranks of a sorted set, the highest score first.',
  deprecated: { since: '6.2.0', replacement: '`ZRANGE` with the `REV` argument' },
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'start', type: 'integer' },
    { name: 'stop', type: 'integer' },
    WITH_SCORES,
  ],
}

export const zrangebyscore: Command = {
  ...replies('score', false),
  name: 'ZRANGEBYSCORE',
  since: '1.0.5',
  summary: 'Returns the members of a sorted set whose scores are in a range.',
  history: [['2.0.0', 'Takes `WITHSCORES`.']],
  deprecated: { since: '6.2.0', replacement: '`ZRANGE` with the `BYSCORE` argument' },
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'min', type: 'double' },
    { name: 'max', type: 'double' },
    { ...WITH_SCORES, since: '2.0.0' },
    LIMIT,
  ],
}

export const zrevrangebyscore: Command = {
  ...replies('score', true),
  name: 'ZREVRANGEBYSCORE',
  since: '2.2.0',
  summary: 'Returns the members of a sorted set whose scores are in a range, the highest first.',
  history: [['2.1.6', 'Bounds may be exclusive.']],
  deprecated: { since: '6.2.0', replacement: '`ZRANGE` with the `REV` and `BYSCORE` arguments' },
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'max', type: 'double' },
    { name: 'min', type: 'double' },
    WITH_SCORES,
    LIMIT,
  ],
}

export const zrangebylex: Command = {
  ...replies('lex', false),
  name: 'ZRANGEBYLEX',
  since: '2.8.9',
  summary: 'Returns a range of members of a sorted set whose scores are all the same.',
  deprecated: { since: '6.2.0', replacement: '`ZRANGE` with the `BYLEX` argument' },
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'min', type: 'string' },
    { name: 'max', type: 'string' },
    LIMIT,
  ],
}

export const zrevrangebylex: Command = {
  ...replies('lex', true),
  name: 'ZREVRANGEBYLEX',
  since: '2.8.9',
  summary: 'Returns a range of members of a sorted set whose scores are all the same, the last first.',
  deprecated: { since: '6.2.0', replacement: '`ZRANGE` with the `REV` and `BYLEX` arguments' },
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'max', type: 'string' },
    { name: 'min', type: 'string' },
    LIMIT,
  ],
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
    BY,
    REV,
    LIMIT,
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
