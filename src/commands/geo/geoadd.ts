// GEOADD: positions as members of a sorted set, scored by their geohash. Log and replicas hear of a ZADD.

import { geohashEncode } from '../../bytes/geohash.ts'
import { SYNTAX } from '../../protocol/errors.ts'
import type { Request } from '../../protocol/request.ts'
import type { Shard } from '../../store/shard.ts'
import { PUT } from '../../store/zset.ts'
import { type Command, DENY_OOM, oneKey, WRITE } from '../command.ts'
import { CH, putPairs, scoresFor } from '../sorted-set/zadd.ts'
import { position, readPosition } from './position.ts'

export const geoadd: Command = {
  name: 'GEOADD',
  group: 'geo',
  since: '3.2.0',
  summary: 'Adds members with their positions to a geo set, or moves them.',
  complexity: 'O(log(N)) for each member, N being the size of the sorted set',
  arity: -5,
  flags: WRITE | DENY_OOM,
  keys: oneKey('RW', 'update'),
  history: [['6.2.0', 'Takes `CH`, `NX` and `XX`.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    {
      name: 'condition',
      type: 'oneof',
      since: '6.2.0',
      flags: ['optional'],
      args: [
        { name: 'nx', type: 'pure-token', token: 'NX' },
        { name: 'xx', type: 'pure-token', token: 'XX' },
      ],
    },
    { name: 'change', type: 'pure-token', token: 'CH', since: '6.2.0', flags: ['optional'] },
    {
      name: 'longitude_latitude_member',
      type: 'block',
      flags: ['multiple'],
      args: [
        { name: 'longitude', type: 'double' },
        { name: 'latitude', type: 'double' },
        { name: 'member', type: 'string' },
      ],
    },
  ],
  cost: (_, req) => req.argc / 3,

  run(shard, req, reply) {
    let options = 0
    let at = 2
    for (; at < req.argc; at++) {
      if (req.is(at, 'NX')) options |= PUT.NX
      else if (req.is(at, 'XX')) options |= PUT.XX
      else if (req.is(at, 'CH')) options |= CH
      else break
    }
    const words = req.argc - at
    const isBoth = (options & PUT.NX) !== 0 && (options & PUT.XX) !== 0
    if (words === 0 || words % 3 !== 0 || isBoth) return reply.error(SYNTAX)
    const scores = scoresFor(words / 3)
    for (let i = 0; i < words / 3; i++) {
      const error = readPosition(req, at + 3 * i)
      if (error !== undefined) return reply.error(error)
      scores[i] = geohashEncode(position.longitude, position.latitude)
    }
    putPairs(shard, req, reply, options, at + 2, 3, words / 3)
    if (shard.engine.dirty > 0) sayAdded(shard, req, at, scores)
  },
}

/** Passes the positions on as scores, so that a replica need not compute them. `at` is the first longitude. */
function sayAdded(shard: Shard, req: Request, at: number, scores: Float64Array): void {
  const { effects } = shard.engine
  const pairs = (req.argc - at) / 3
  effects.instead()
  effects.command(at + 2 * pairs)
  effects.word('zadd')
  for (let i = 1; i < at; i++) effects.bytes(req.u8, req.at[i], req.length[i])
  for (let i = 0; i < pairs; i++) {
    const member = at + 3 * i + 2
    effects.integer(scores[i])
    effects.bytes(req.u8, req.at[member], req.length[member])
  }
}
