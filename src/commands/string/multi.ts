// MGET, MSET and MSETNX: several strings at once, on however many shards they are.

import { wrongArguments } from '../../protocol/errors.ts'
import type { Request } from '../../protocol/request.ts'
import { entryType, TYPE } from '../../store/entry.ts'
import type { Shard } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { type Argument, type Command, DENY_OOM, everyKey, FAST, READONLY, WRITE } from '../command.ts'
import { store } from './set.ts'

const PAIRS: readonly Argument[] = [
  {
    name: 'key_value',
    type: 'block',
    flags: ['multiple'],
    args: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'value', type: 'string' },
    ],
  },
]

export const mget: Command = {
  name: 'MGET',
  group: 'string',
  since: '1.0.0',
  summary: 'Returns the strings stored at several keys.',
  complexity: 'O(N) for N keys',
  arity: -2,
  flags: READONLY | FAST,
  tips: ['request_policy:multi_shard'],
  keys: everyKey(['RO', 'access']),
  args: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],

  run(first, req, reply) {
    reply.array(req.argc - 1)
    for (let i = 1; i < req.argc; i++) {
      const shard = first.ofKey(req, i)
      const entry = shard.find(req, i)
      const m = shard.m
      if (entry === 0 || entryType(m, entry) !== TYPE.STRING) reply.nil()
      else reply.bulk(m.u8, stringAt(m, entry), stringLength(m, entry))
    }
  },
}

export const mset: Command = {
  name: 'MSET',
  group: 'string',
  since: '1.0.1',
  summary: 'Stores strings at several keys, all at once.',
  complexity: 'O(N) for N keys',
  arity: -3,
  flags: WRITE | DENY_OOM,
  tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
  keys: everyKey(['OW', 'update'], 2),
  args: PAIRS,

  run(shard, req, reply) {
    if (req.argc % 2 === 0) return reply.error(wrongArguments('mset'))
    storePairs(shard, req)
    reply.ok()
  },
}

export const msetnx: Command = {
  name: 'MSETNX',
  group: 'string',
  since: '1.0.1',
  summary: 'Stores strings at several keys, all at once and only if none of the keys exists.',
  complexity: 'O(N) for N keys',
  arity: -3,
  flags: WRITE | DENY_OOM,
  tips: ['request_policy:multi_shard', 'response_policy:agg_min'],
  keys: everyKey(['OW', 'insert'], 2),
  args: PAIRS,

  run(shard, req, reply) {
    if (req.argc % 2 === 0) return reply.error(wrongArguments('msetnx'))
    for (let i = 1; i < req.argc; i += 2) {
      if (shard.ofKey(req, i).findForWrite(req, i) !== 0) return reply.integer(0)
    }
    storePairs(shard, req)
    reply.integer(1)
  },
}

function storePairs(first: Shard, req: Request): void {
  for (let i = 1; i < req.argc; i += 2) {
    const shard = first.ofKey(req, i)
    store(shard, req, i, i + 1, shard.findForWrite(req, i), -1)
  }
}
