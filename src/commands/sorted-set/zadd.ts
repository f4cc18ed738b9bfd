// ZADD and ZINCRBY: add members to a sorted set, or change their scores.
// Both end in putPairs(), and so does GEOADD; ZINCRBY is ZADD INCR with its arguments in another order.

import { NOT_A_FLOAT, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { ADDED, NOT_A_NUMBER, PUT, REFUSED, UPDATED, zsetCreate, zsetPut, zsetPutScore } from '../../store/zset.ts'
import { type Command, DENY_OOM, FAST, oneKey, WRITE } from '../command.ts'

const NX_AND_XX = 'ERR XX and NX options at the same time are not compatible'
const GT_LT_NX = 'ERR GT, LT, and/or NX options at the same time are not compatible'
const INCR_PAIRS = 'ERR INCR option supports a single increment-element pair'
const SCORE_IS_NAN = 'ERR resulting score is not a number (NaN)'

/** A condition beside those of PUT: count changed members too. */
export const CH = 32
const OPTION_BYTES_MAX = 4

/** Scores of the command being run, so that all are read before one is used. */
let scores = new Float64Array(16)

/** Makes room for `count` scores and returns where they go; putPairs takes them from there. */
export function scoresFor(count: number): Float64Array {
  if (scores.length < count) scores = new Float64Array(count * 2)
  return scores
}

export const zadd: Command = {
  name: 'ZADD',
  group: 'sorted-set',
  since: '1.2.0',
  summary: 'Adds members to a sorted set, or changes their scores.',
  complexity: 'O(log(N)) for each member, N being the size of the sorted set',
  arity: -4,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'update'),
  history: [
    ['2.4.0', 'Takes several pairs.'],
    ['3.0.2', 'Takes `XX`, `NX`, `CH` and `INCR`.'],
    ['6.2.0', 'Takes `GT` and `LT`.'],
  ],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    {
      name: 'condition',
      type: 'oneof',
      since: '3.0.2',
      flags: ['optional'],
      args: [
        { name: 'nx', type: 'pure-token', token: 'NX' },
        { name: 'xx', type: 'pure-token', token: 'XX' },
      ],
    },
    {
      name: 'comparison',
      type: 'oneof',
      since: '6.2.0',
      flags: ['optional'],
      args: [
        { name: 'gt', type: 'pure-token', token: 'GT' },
        { name: 'lt', type: 'pure-token', token: 'LT' },
      ],
    },
    { name: 'change', type: 'pure-token', token: 'CH', since: '3.0.2', flags: ['optional'] },
    { name: 'increment', type: 'pure-token', token: 'INCR', since: '3.0.2', flags: ['optional'] },
    {
      name: 'score_member',
      type: 'block',
      flags: ['multiple'],
      args: [
        { name: 'score', type: 'double' },
        { name: 'member', type: 'string' },
      ],
    },
  ],
  cost: (_, req) => req.argc >>> 1,

  run(shard, req, reply) {
    let options = 0
    let at = 2
    for (let option = optionAt(req, at); option !== 0; option = at < req.argc ? optionAt(req, at) : 0) {
      options |= option
      at++
    }
    const words = req.argc - at
    if (words === 0 || words % 2 !== 0) return reply.error(SYNTAX)
    if (has(options, PUT.NX | PUT.XX)) return reply.error(NX_AND_XX)
    if (has(options, PUT.GT | PUT.NX) || has(options, PUT.LT | PUT.NX) || has(options, PUT.GT | PUT.LT))
      return reply.error(GT_LT_NX)
    if (has(options, PUT.INCR) && words > 2) return reply.error(INCR_PAIRS)
    addPairs(shard, req, reply, options, at, words / 2)
  },
}

export const zincrby: Command = {
  name: 'ZINCRBY',
  group: 'sorted-set',
  since: '1.2.0',
  summary: 'Adds to the score of a member of a sorted set.',
  complexity: 'O(log(N)), N being the size of the sorted set',
  arity: 4,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'access', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'increment', type: 'integer' },
    { name: 'member', type: 'string' },
  ],

  run(shard, req, reply) {
    // It is ZADD INCR to Redis, so that an option where the increment should be leaves a pair incomplete.
    if (optionAt(req, 2) !== 0) return reply.error(SYNTAX)
    addPairs(shard, req, reply, PUT.INCR, 2, 1)
  },
}

/** The option that argument `i` is, 0 if it is none. */
function optionAt(req: Request, i: number): number {
  if (req.length[i] > OPTION_BYTES_MAX) return 0
  if (req.is(i, 'NX')) return PUT.NX
  if (req.is(i, 'XX')) return PUT.XX
  if (req.is(i, 'GT')) return PUT.GT
  if (req.is(i, 'LT')) return PUT.LT
  if (req.is(i, 'CH')) return CH
  return req.is(i, 'INCR') ? PUT.INCR : 0
}

const has = (options: number, all: number): boolean => (options & all) === all

/** Adds `pairs` pairs of score and member, starting at argument `at`. */
function addPairs(shard: Shard, req: Request, reply: Reply, options: number, at: number, pairs: number): void {
  // Check every score before touching the set: the command happens fully or not at all.
  const wanted = scoresFor(pairs)
  for (let i = 0; i < pairs; i++) {
    const score = req.double(at + 2 * i)
    if (Number.isNaN(score)) return reply.error(NOT_A_FLOAT)
    wanted[i] = score
  }
  putPairs(shard, req, reply, options, at + 1, 2, pairs)
}

/** Puts `pairs` members, argument `at` and each `stride` arguments on, with the scores that scoresFor was given. */
export function putPairs(
  shard: Shard,
  req: Request,
  reply: Reply,
  options: number,
  at: number,
  stride: number,
  pairs: number,
): void {
  const { m, engine } = shard
  const { u8 } = req
  const isIncrement = (options & PUT.INCR) !== 0
  const found = shard.typedForWrite(req, 1, TYPE.ZSET, reply)
  if (found === WRONG) return
  if (found === 0 && (options & PUT.XX) !== 0) return isIncrement ? reply.nil() : reply.integer(0)
  const entry = found === 0 ? zsetCreate(shard, req, 1, req.length[at]) : found
  let added = 0
  let updated = 0
  let outcome = 0
  for (let i = 0, member = at; i < pairs; i++, member += stride) {
    outcome = zsetPut(m, engine.settings, entry, options, scores[i], u8, req.at[member], req.length[member])
    if (outcome === ADDED) added++
    else if (outcome === UPDATED) updated++
  }
  if (outcome === NOT_A_NUMBER) return reply.error(SCORE_IS_NAN)
  if (added + updated > 0) shard.touched(req, 1, NOTIFY.ZSET, isIncrement ? 'zincr' : 'zadd', added + updated)
  if (!isIncrement) return reply.integer((options & CH) !== 0 ? added + updated : added)
  if (outcome === REFUSED) reply.nil()
  else reply.double(zsetPutScore())
}
