// BZPOPMIN, BZPOPMAX, BZMPOP: as their namesakes without a B, but waiting while there is nothing.

import type { Request } from '../../protocol/request.ts'
import { TYPE } from '../../store/entry.ts'
import type { Shard } from '../../store/shard.ts'
import {
  blockingPop,
  FLOAT_TIMEOUT,
  holds,
  KEYS_THEN_TIMEOUT,
  MULTI_POP,
  TIMEOUT,
  timeoutMs,
  waitFor,
} from '../blocking.ts'
import { BLOCKING, type Command, FAST, NOSCRIPT, type ShardCommand, WRITE } from '../command.ts'
import { popFirst, popOptions, takeMembers } from './zpop.ts'

const isReady = (shard: Shard, req: Request, arg: number): boolean => holds(shard, req, arg, TYPE.ZSET)

const traits = {
  group: 'sorted-set',
  since: '5.0.0',
  complexity: 'O(log(N)) for a sorted set of N',
  arity: -3,
  flags: WRITE | NOSCRIPT | BLOCKING | FAST,
  keys: KEYS_THEN_TIMEOUT,
  history: FLOAT_TIMEOUT,
  args: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }, TIMEOUT],
} as const

export const bzpopmin: ShardCommand = {
  ...traits,
  name: 'BZPOPMIN',
  summary: 'Removes the member with the lowest score from the first of some sorted sets, waiting if all are empty.',
  ...popFrom(false),
}

export const bzpopmax: ShardCommand = {
  ...traits,
  name: 'BZPOPMAX',
  summary: 'Removes the member with the highest score from the first of some sorted sets, waiting if all are empty.',
  ...popFrom(true),
}

function popFrom(isMax: boolean): Pick<ShardCommand, 'run' | 'waiting'> {
  return blockingPop(TYPE.ZSET, isMax ? 'ZPOPMAX' : 'ZPOPMIN', (shard, req, i, entry, reply) => {
    reply.array(3)
    reply.bulk(req.u8, req.at[i], req.length[i])
    takeMembers(shard, req, i, entry, isMax, 1, false, reply)
  })
}

export const bzmpop: Command = {
  ...MULTI_POP,
  name: 'BZMPOP',
  group: 'sorted-set',
  summary: 'Removes members from one end of the first sorted set that is not empty, waiting if all are.',
  complexity: 'O(K) + O(M*log(N)) for K keys and M members removed from a sorted set of N',
  args: [
    TIMEOUT,
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
