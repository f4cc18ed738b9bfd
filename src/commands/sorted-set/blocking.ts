// BZPOPMIN, BZPOPMAX, BZMPOP: as their namesakes without a B, but waiting while there is nothing.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { type EntryRef, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { holds, timeoutMs, waitFor } from '../blocking.ts'
import {
  BLOCKING,
  type Command,
  FAST,
  MOVABLE_KEYS,
  NOSCRIPT,
  type ShardCommand,
  type Waiting,
  WRITE,
} from '../command.ts'
import { popFirst, popOptions, takeMembers } from './zpop.ts'

const isReady = (shard: Shard, req: Request, arg: number): boolean => holds(shard, req, arg, TYPE.ZSET)

const traits = {
  group: 'sorted-set',
  since: '5.0.0',
  complexity: 'O(log(N)) for a sorted set of N',
  arity: -3,
  flags: WRITE | NOSCRIPT | BLOCKING | FAST,
  keys: [{ flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: -2, step: 1, limit: 0 } }],
  history: [['6.0.0', 'Takes fractions of a second.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
    { name: 'timeout', type: 'double' },
  ],
} as const

export const bzpopmin: ShardCommand = {
  ...traits,
  name: 'BZPOPMIN',
  summary: 'Removes the member with the lowest score from the first of some sorted sets, waiting if all are empty.',
  run: (shard, req, reply) => pop(shard, req, reply, false),
  waiting: popWaiting(false),
}

export const bzpopmax: ShardCommand = {
  ...traits,
  name: 'BZPOPMAX',
  summary: 'Removes the member with the highest score from the first of some sorted sets, waiting if all are empty.',
  run: (shard, req, reply) => pop(shard, req, reply, true),
  waiting: popWaiting(true),
}

function pop(shard: Shard, req: Request, reply: Reply, isMax: boolean): void {
  const keys = req.argc - 2
  const ms = timeoutMs(req, req.argc - 1, reply)
  if (ms < 0) return
  for (let i = 1; i <= keys; i++) {
    const home = shard.ofKey(req, i)
    const entry = home.typedForWrite(req, i, TYPE.ZSET, reply)
    if (entry === WRONG) return
    if (entry !== 0) return popOne(home, req, i, entry, isMax, reply)
  }
  if (!waitFor(shard, req, 1, keys, 0, ms)) reply.nilArray()
}

function popOne(shard: Shard, req: Request, i: number, entry: EntryRef, isMax: boolean, reply: Reply): void {
  const { effects } = shard.engine
  effects.instead()
  effects.command(2)
  effects.word(isMax ? 'ZPOPMAX' : 'ZPOPMIN')
  effects.bytes(req.u8, req.at[i], req.length[i])
  reply.array(3)
  reply.bulk(req.u8, req.at[i], req.length[i])
  takeMembers(shard, req, i, entry, isMax, 1, false, reply)
}

function popWaiting(isMax: boolean): Waiting {
  return {
    isReady,
    serve(shard, req, reply, arg) {
      const entry = shard.typedForWrite(req, arg, TYPE.ZSET, reply)
      if (entry !== WRONG && entry !== 0) popOne(shard, req, arg, entry, isMax, reply)
    },
  }
}

export const bzmpop: Command = {
  name: 'BZMPOP',
  group: 'sorted-set',
  since: '7.0.0',
  summary: 'Removes members from one end of the first sorted set that is not empty, waiting if all are.',
  complexity: 'O(K) + O(M*log(N)) for K keys and M members removed from a sorted set of N',
  arity: -5,
  flags: WRITE | BLOCKING | MOVABLE_KEYS,
  keys: [{ flags: ['RW', 'access', 'delete'], begin: { index: 2 }, find: { countAt: 0, first: 1, step: 1 } }],
  args: [
    { name: 'timeout', type: 'double' },
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
  cost: (_, req) => {
    const countAt = 5 + req.integer(2)
    return countAt < req.argc ? req.integer(countAt) : 1
  },

  run(shard, req, reply) {
    const options = popOptions(req, 2, reply)
    if (options === undefined) return
    const ms = timeoutMs(req, 1, reply)
    if (ms < 0) return
    if (popFirst(shard, req, 3, options, reply)) return
    if (!waitFor(shard, req, 3, options.keys, 0, ms)) reply.nilArray()
  },

  waiting: {
    isReady,
    serve(shard, req, reply, arg) {
      const options = popOptions(req, 2, reply)
      if (options === undefined) return
      options.keys = 1
      popFirst(shard, req, arg, options, reply)
    },
  },
}
