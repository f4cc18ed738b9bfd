// GEOPOS, GEOHASH and GEODIST: what is known of members whose names are given.

import { geoDistance, geohashLatitude, geohashLongitude, geohashText } from '../../bytes/geohash.ts'
import { SYNTAX } from '../../protocol/errors.ts'
import { TYPE } from '../../store/entry.ts'
import { WRONG } from '../../store/shard.ts'
import { zsetScore } from '../../store/zset.ts'
import { type Command, oneKey, READONLY } from '../command.ts'
import { replyDistance, replyPosition, UNKNOWN_UNIT, unitMetres } from './position.ts'

export const geopos: Command = {
  name: 'GEOPOS',
  group: 'geo',
  since: '3.2.0',
  summary: 'Returns the longitude and latitude of members of a geo set.',
  complexity: 'O(N) for N members asked for',
  arity: -2,
  flags: READONLY,
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
      const score = entry === 0 ? Number.NaN : zsetScore(shard.m, entry, req.u8, req.at[i], req.length[i])
      if (Number.isNaN(score)) reply.nilArray()
      else replyPosition(reply, score)
    }
  },
}

export const geohash: Command = {
  name: 'GEOHASH',
  group: 'geo',
  since: '3.2.0',
  summary: 'Returns the usual geohash texts of members of a geo set.',
  complexity: 'O(N) for N members asked for',
  arity: -2,
  flags: READONLY,
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
      const score = entry === 0 ? Number.NaN : zsetScore(shard.m, entry, req.u8, req.at[i], req.length[i])
      if (Number.isNaN(score)) reply.nil()
      else reply.latin1(geohashText(score))
    }
  },
}

export const geodist: Command = {
  name: 'GEODIST',
  group: 'geo',
  since: '3.2.0',
  summary: 'Returns the distance between two members of a geo set.',
  complexity: 'O(1)',
  arity: -4,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'member1', type: 'string' },
    { name: 'member2', type: 'string' },
    {
      name: 'unit',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'm', type: 'pure-token', token: 'M' },
        { name: 'km', type: 'pure-token', token: 'KM' },
        { name: 'ft', type: 'pure-token', token: 'FT' },
        { name: 'mi', type: 'pure-token', token: 'MI' },
      ],
    },
  ],

  run(shard, req, reply) {
    if (req.argc > 5) return reply.error(SYNTAX)
    const unit = req.argc === 5 ? unitMetres(req, 4) : 1
    if (Number.isNaN(unit)) return reply.error(UNKNOWN_UNIT)
    const entry = shard.typed(req, 1, TYPE.ZSET, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.nil()
    const a = zsetScore(shard.m, entry, req.u8, req.at[2], req.length[2])
    const b = zsetScore(shard.m, entry, req.u8, req.at[3], req.length[3])
    if (Number.isNaN(a) || Number.isNaN(b)) return reply.nil()
    const metres = geoDistance(geohashLongitude(a), geohashLatitude(a), geohashLongitude(b), geohashLatitude(b))
    replyDistance(reply, metres / unit)
  },
}
