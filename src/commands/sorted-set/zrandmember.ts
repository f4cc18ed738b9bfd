// ZRANDMEMBER: members at random, each as likely as any other.

import { OUT_OF_RANGE, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { TYPE } from '../../store/entry.ts'
import { RefSet } from '../../store/ref-set.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { zsetLength } from '../../store/zset.ts'
import { ZsetPick } from '../../store/zset-pick.ts'
import { ZsetWalk } from '../../store/zset-walk.ts'
import { type Command, oneKey, READONLY } from '../command.ts'
import { randomCount } from '../random-count.ts'
import { beginMembers, replyMember, zsetEffort } from './shared.ts'

/** From a third of a set on, a walk that leaves some out beats picking one by one. */
const WALK_FACTOR = 3
/** Twice as many could not be counted in an int64. */
const WITH_SCORES_MAX = 2n ** 62n - 1n
const INT64_MIN = -(2n ** 63n)

const walk = new ZsetWalk()
const pick = new ZsetPick()
const picked = new RefSet()

export const zrandmember: Command = {
  name: 'ZRANDMEMBER',
  group: 'sorted-set',
  since: '6.2.0',
  summary: 'Returns random members of a sorted set: different ones, or with a negative count, any.',
  complexity: 'O(N) for N members returned',
  arity: -2,
  flags: READONLY,
  tips: ['nondeterministic_output'],
  keys: oneKey('RO', 'access'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    {
      name: 'options',
      type: 'block',
      flags: ['optional'],
      args: [
        { name: 'count', type: 'integer' },
        { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
      ],
    },
  ],
  cost: (shard, req) => (req.argc < 3 ? 1 : Math.max(-req.integer(2), zsetEffort(shard, req, 1))),

  run(shard, req, reply) {
    if (req.argc > 2) return pickSeveral(shard, req, reply)
    const entry = shard.typed(req, 1, TYPE.ZSET, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.nil()
    pick.random(shard.m, entry)
    reply.bulk(pick.u8, pick.at, pick.length)
  },
}

function pickSeveral(shard: Shard, req: Request, reply: Reply): void {
  const withScores = req.argc === 4 && req.is(3, 'WITHSCORES')
  if (withScores && isFarOut(req)) return reply.error(OUT_OF_RANGE)
  const count = randomCount(req, 2, reply)
  if (Number.isNaN(count)) return
  if (req.argc > 3 && !withScores) return reply.error(SYNTAX)
  const entry = shard.typed(req, 1, TYPE.ZSET, reply)
  if (entry === WRONG) return
  if (entry === 0 || count === 0) return reply.emptyArray()
  const m = shard.m
  const size = zsetLength(m, entry)
  const total = count < 0 ? -count : Math.min(count, size)
  beginMembers(reply, total, withScores)
  if (count > 0 && total * WALK_FACTOR > size) {
    // All of a set come highest first, as in Redis, though nobody is promised an order.
    walk.start(m, entry, size - 1, true)
    // Each member has the chance of what is still wanted among those still to come: all subsets are as likely.
    for (let left = size, missing = total; missing > 0 && walk.next(); left--) {
      if (missing < left && Math.random() * left >= missing) continue
      missing--
      replyMember(reply, walk.u8, walk.at, walk.length, walk.score, withScores)
    }
    return
  }
  if (count > 0) picked.start(total)
  for (let i = 0; i < total; ) {
    const place = pick.random(m, entry)
    if (count > 0 && !picked.add(place)) continue
    replyMember(reply, pick.u8, pick.at, pick.length, pick.score, withScores)
    i++
  }
}

/** Whether the count is too far from 0 to be doubled, but not what randomCount refuses anyway. */
function isFarOut(req: Request): boolean {
  const count = req.bigInteger(2)
  return count !== undefined && count !== INT64_MIN && (count > WITH_SCORES_MAX || count < -WITH_SCORES_MAX)
}
