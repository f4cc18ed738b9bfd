// ZPOPMIN, ZPOPMAX and ZMPOP: take members from one end of a sorted set.
// The blocking commands call popMembers() and popFirst() too.

import { COUNT_NOT_POSITIVE, NOT_POSITIVE, NUMKEYS_NOT_POSITIVE, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { type EntryRef, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { zsetLength, zsetRemoveRanks } from '../../store/zset.ts'
import { ZsetWalk } from '../../store/zset-walk.ts'
import { type Command, FAST, MOVABLE_KEYS, oneKey, WRITE } from '../command.ts'
import { discardEmpty, zsetEffort } from './shared.ts'

const walk = new ZsetWalk()

export const zpopmin: Command = {
  name: 'ZPOPMIN',
  group: 'sorted-set',
  since: '5.0.0',
  summary: 'Removes the members with the lowest scores from a sorted set and returns them.',
  complexity: 'O(log(N)*M) for M members removed from a sorted set of N',
  arity: -2,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'access', 'delete'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'count', type: 'integer', flags: ['optional'] },
  ],
  cost: (shard, req) => popCost(shard, req),

  run: (shard, req, reply) => pop(shard, req, reply, false),
}

export const zpopmax: Command = {
  name: 'ZPOPMAX',
  group: 'sorted-set',
  since: '5.0.0',
  summary: 'Removes the members with the highest scores from a sorted set and returns them.',
  complexity: 'O(log(N)*M) for M members removed from a sorted set of N',
  arity: -2,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'access', 'delete'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'count', type: 'integer', flags: ['optional'] },
  ],
  cost: (shard, req) => popCost(shard, req),

  run: (shard, req, reply) => pop(shard, req, reply, true),
}

const popCost = (shard: Shard, req: Request): number =>
  req.argc < 3 ? 1 : Math.min(req.integer(2), zsetEffort(shard, req, 1))

function pop(shard: Shard, req: Request, reply: Reply, isMax: boolean): void {
  if (req.argc > 3) return reply.error(SYNTAX)
  const hasCount = req.argc === 3
  const count = hasCount ? req.integer(2) : 1
  if (!(count >= 0)) return reply.error(NOT_POSITIVE)
  const entry = shard.typedForWrite(req, 1, TYPE.ZSET, reply)
  if (entry === WRONG) return
  if (entry === 0 || count === 0) return reply.emptyArray()
  popMembers(shard, req, 1, entry, isMax, count, hasCount && reply.resp === 3, reply)
}

/**
 * Takes up to `count` members from one end of the set under the key in argument `i` and replies them with their scores,
 * each pair an array of its own if `nested`. Returns how many they were.
 */
function popMembers(
  shard: Shard,
  req: Request,
  i: number,
  entry: EntryRef,
  isMax: boolean,
  count: number,
  nested: boolean,
  reply: Reply,
): number {
  const popped = Math.min(count, zsetLength(shard.m, entry))
  reply.array(nested ? popped : 2 * popped)
  takeMembers(shard, req, i, entry, isMax, popped, nested, reply)
  return popped
}

/** As popMembers, without the head of the array; there are at least `popped` members. */
export function takeMembers(
  shard: Shard,
  req: Request,
  i: number,
  entry: EntryRef,
  isMax: boolean,
  popped: number,
  nested: boolean,
  reply: Reply,
): void {
  const m = shard.m
  const length = zsetLength(m, entry)
  walk.start(m, entry, isMax ? length - 1 : 0, isMax)
  for (let n = 0; n < popped && walk.next(); n++) {
    if (nested) reply.array(2)
    reply.bulk(walk.u8, walk.at, walk.length)
    reply.double(walk.score)
  }
  if (popped < length) zsetRemoveRanks(m, entry, isMax ? length - popped : 0, isMax ? length : popped)
  shard.touched(req, i, NOTIFY.ZSET, isMax ? 'zpopmax' : 'zpopmin', popped)
  if (popped === length) discardEmpty(shard, req, i, entry)
}

export const zmpop: Command = {
  name: 'ZMPOP',
  group: 'sorted-set',
  since: '7.0.0',
  summary: 'Removes members from one end of the first sorted set that is not empty, and returns them.',
  complexity: 'O(K) + O(M*log(N)) for K keys and M members removed from a sorted set of N',
  arity: -4,
  flags: WRITE | MOVABLE_KEYS,
  keys: [{ flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { countAt: 0, first: 1, step: 1 } }],
  args: [
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
    {
      name: 'where',
      type: 'oneof',
      args: [
        { name: 'min', type: 'pure-token', token: 'MIN' },
        { name: 'max', type: 'pure-token', token: 'MAX' },
      ],
    },
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
  ],
  cost: (shard, req) => popFirstCost(shard, req),

  run(shard, req, reply) {
    const options = popOptions(req, 1, reply)
    if (options === undefined) return
    if (!popFirst(shard, req, 2, options, reply)) reply.nilArray()
  },
}

/** Whatever comes first may be popped whole. */
function popFirstCost(shard: Shard, req: Request): number {
  const keys = req.integer(1)
  let effort = 0
  for (let i = 2; i < Math.min(2 + keys, req.argc); i++) effort = Math.max(effort, zsetEffort(shard, req, i))
  return req.argc === 3 + keys ? keys : effort
}

/** What ZMPOP and BZMPOP are told behind their key count. */
export interface PopOptions {
  keys: number
  isMax: boolean
  count: number
}

const parsed: PopOptions = { keys: 0, isMax: false, count: 1 }

/** Reads `numkeys key … MIN|MAX [COUNT n]` from argument `at` on; undefined after replying what is wrong. Reused. */
export function popOptions(req: Request, at: number, reply: Reply): PopOptions | undefined {
  const error = readPopOptions(req, at)
  if (error === undefined) return parsed
  reply.error(error)
  return undefined
}

function readPopOptions(req: Request, at: number): string | undefined {
  parsed.keys = req.integer(at)
  if (!(parsed.keys > 0)) return NUMKEYS_NOT_POSITIVE
  const where = at + 1 + parsed.keys
  if (where >= req.argc) return SYNTAX
  if (req.is(where, 'MIN')) parsed.isMax = false
  else if (req.is(where, 'MAX')) parsed.isMax = true
  else return SYNTAX
  parsed.count = 1
  if (where + 1 === req.argc) return undefined
  if (where + 2 >= req.argc || !req.is(where + 1, 'COUNT')) return SYNTAX
  parsed.count = req.integer(where + 2)
  if (!(parsed.count > 0)) return COUNT_NOT_POSITIVE
  return where + 3 === req.argc ? undefined : SYNTAX
}

/**
 * Pops from the first of the keys, from argument `first` on, that is not empty, and replies its name and the members.
 * Returns false, with nothing replied, when all are empty. Log and replicas hear of a plain ZPOPMIN or ZPOPMAX.
 */
export function popFirst(shard: Shard, req: Request, first: number, options: PopOptions, reply: Reply): boolean {
  for (let i = first; i < first + options.keys; i++) {
    const owner = shard.ofKey(req, i)
    const entry = owner.typedForWrite(req, i, TYPE.ZSET, reply)
    if (entry === WRONG) return true
    if (entry === 0) continue
    reply.array(2)
    reply.bulk(req.u8, req.at[i], req.length[i])
    const popped = popMembers(owner, req, i, entry, options.isMax, options.count, true, reply)
    sayPopped(owner, req, i, options.isMax, popped)
    return true
  }
  return false
}

/** Passes a pop on as ZPOPMIN or ZPOPMAX with what it really took. */
function sayPopped(shard: Shard, req: Request, i: number, isMax: boolean, count: number): void {
  const { effects } = shard.engine
  effects.instead()
  effects.command(3)
  effects.word(isMax ? 'ZPOPMAX' : 'ZPOPMIN')
  effects.bytes(req.u8, req.at[i], req.length[i])
  effects.integer(count)
}
