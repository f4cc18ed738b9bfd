// BLPOP, BRPOP, BLMPOP, BLMOVE, BRPOPLPUSH: as their namesakes without a B, but waiting while there is nothing.

import { SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
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
import { BLOCKING, type Command, DENY_OOM, NOSCRIPT, type ShardCommand, WRITE } from '../command.ts'
import { MOVE_KEYS, moveElement } from './move.ts'
import { popCount, popFirst, popInto, popOptions } from './pop.ts'
import { type End, endAt, LEFT, LEFT_OR_RIGHT, NO_END, RIGHT } from './shared.ts'

const isReady = (shard: Shard, req: Request, arg: number): boolean => holds(shard, req, arg, TYPE.LIST)

const popTraits = {
  group: 'list',
  since: '2.0.0',
  complexity: 'O(N) for N keys',
  arity: -3,
  flags: WRITE | NOSCRIPT | BLOCKING,
  keys: KEYS_THEN_TIMEOUT,
  history: FLOAT_TIMEOUT,
  args: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }, TIMEOUT],
} as const

export const blpop: ShardCommand = {
  ...popTraits,
  name: 'BLPOP',
  summary: 'Takes the first element off the first of some lists that exists, waiting for one if none does.',
  ...popFrom(LEFT),
}

export const brpop: ShardCommand = {
  ...popTraits,
  name: 'BRPOP',
  summary: 'Takes the last element off the first of some lists that exists, waiting for one if none does.',
  ...popFrom(RIGHT),
}

function popFrom(end: End): Pick<ShardCommand, 'run' | 'waiting'> {
  return blockingPop(TYPE.LIST, end === LEFT ? 'LPOP' : 'RPOP', (shard, req, i, entry, reply) => {
    reply.array(2)
    reply.bulk(req.u8, req.at[i], req.length[i])
    popInto(shard, req, i, entry, end, reply)
  })
}

export const blmpop: Command = {
  ...MULTI_POP,
  name: 'BLMPOP',
  group: 'list',
  summary: 'Takes elements off an end of the first of several lists that exists, waiting for one if none does.',
  complexity: 'O(N+M), N being the number of keys and M the number of elements returned',
  args: [
    TIMEOUT,
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
    { name: 'where', type: 'oneof', args: LEFT_OR_RIGHT },
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
  ],
  cost: (_, req) => popCount(req, 2),

  run(shard, req, reply) {
    const end = popOptions(req, 2, reply)
    if (end === NO_END) return
    const ms = timeoutMs(req, 1, reply)
    if (ms < 0) return
    const keys = req.integer(2)
    if (popFirst(shard, req, 3, keys, end, popCount(req, 2), reply)) return
    if (!waitFor(shard, req, 3, keys, 0, ms)) reply.nilArray()
  },

  waiting: {
    isReady,
    serve(shard, req, reply, arg) {
      const end = endAt(req, 3 + req.integer(2))
      if (end !== NO_END) popFirst(shard, req, arg, 1, end, popCount(req, 2), reply)
    },
  },
}

export const blmove: Command = {
  name: 'BLMOVE',
  group: 'list',
  since: '6.2.0',
  summary:
    'Moves an element from an end of a list to an end of another and returns it, waiting for one if there is none.',
  complexity: 'O(1)',
  arity: 6,
  flags: WRITE | DENY_OOM | NOSCRIPT | BLOCKING,
  keys: MOVE_KEYS,
  args: [
    { name: 'source', type: 'key', keySpec: 0 },
    { name: 'destination', type: 'key', keySpec: 1 },
    { name: 'wherefrom', type: 'oneof', args: LEFT_OR_RIGHT },
    { name: 'whereto', type: 'oneof', args: LEFT_OR_RIGHT },
    TIMEOUT,
  ],

  run(shard, req, reply) {
    const from = endAt(req, 3)
    const to = endAt(req, 4)
    if (from === NO_END || to === NO_END) return reply.error(SYNTAX)
    move(shard, req, reply, from, to, 5)
  },

  waiting: {
    isReady,
    serve(shard, req, reply) {
      moveElement(shard, req, req.is(3, 'LEFT') ? LEFT : RIGHT, req.is(4, 'LEFT') ? LEFT : RIGHT, reply)
      sayMove(shard, req, 'LMOVE', 5)
    },
  },
}

export const brpoplpush: Command = {
  name: 'BRPOPLPUSH',
  group: 'list',
  since: '2.2.0',
  summary: 'Moves the last element of a list to the start of another and returns it, waiting for one if there is none.',
  complexity: 'O(1)',
  arity: 4,
  flags: WRITE | DENY_OOM | NOSCRIPT | BLOCKING,
  keys: MOVE_KEYS,
  history: FLOAT_TIMEOUT,
  deprecated: { since: '6.2.0', replacement: '`BLMOVE` with the `RIGHT` and `LEFT` arguments' },
  args: [{ name: 'source', type: 'key', keySpec: 0 }, { name: 'destination', type: 'key', keySpec: 1 }, TIMEOUT],

  run(shard, req, reply) {
    move(shard, req, reply, RIGHT, LEFT, 3)
  },

  waiting: {
    isReady,
    serve(shard, req, reply) {
      moveElement(shard, req, RIGHT, LEFT, reply)
      sayMove(shard, req, 'RPOPLPUSH', 3)
    },
  },
}

/** Moves an element as the arguments before the timeout, which is argument `timeoutAt`, say. */
function move(shard: Shard, req: Request, reply: Reply, from: End, to: End, timeoutAt: number): void {
  const ms = timeoutMs(req, timeoutAt, reply)
  if (ms < 0) return
  if (moveElement(shard, req, from, to, reply))
    return sayMove(shard, req, timeoutAt === 5 ? 'LMOVE' : 'RPOPLPUSH', timeoutAt)
  // Without a list to move from the reply is a plain nil, but not when time was given and is up.
  if (!waitFor(shard, req, 1, 1, 2, ms)) reply.nil()
}

/** Passes a move that has happened on as one that does not block: the same arguments but for the timeout. */
function sayMove(shard: Shard, req: Request, name: string, argc: number): void {
  const { effects, dirty } = shard.engine
  if (dirty === 0) return
  effects.instead()
  effects.command(argc)
  effects.word(name)
  for (let i = 1; i < argc; i++) effects.bytes(req.u8, req.at[i], req.length[i])
}
