// EXISTS, TYPE and TOUCH: asking about keys without looking at their values.

import { entryType, TYPE_NAMES } from '../../store/entry.ts'
import { type Command, everyKey, FAST, oneKey, READONLY } from '../command.ts'

export const exists: Command = {
  name: 'EXISTS',
  group: 'generic',
  since: '1.0.0',
  summary: 'Counts how many of the keys exist; a key named twice counts twice.',
  complexity: 'O(N) for N keys',
  arity: -2,
  flags: READONLY | FAST,
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  keys: everyKey(['RO']),
  history: [['3.0.3', 'Takes several keys.']],
  args: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],

  run(shard, req, reply) {
    let count = 0
    for (let i = 1; i < req.argc; i++) if (shard.ofKey(req, i).findUntouched(req, i) !== 0) count++
    reply.integer(count)
  },
}

export const type: Command = {
  name: 'TYPE',
  group: 'generic',
  since: '1.0.0',
  summary: 'Names the type of the value at a key.',
  complexity: 'O(1)',
  arity: 2,
  flags: READONLY | FAST,
  keys: oneKey('RO'),
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const entry = shard.findUntouched(req, 1)
    reply.simple(TYPE_NAMES[entry === 0 ? 0 : entryType(shard.m, entry)])
  },
}

export const touch: Command = {
  name: 'TOUCH',
  group: 'generic',
  since: '3.2.1',
  summary: 'Marks keys as just used, and counts those that exist.',
  complexity: 'O(N) for N keys',
  arity: -2,
  flags: READONLY | FAST,
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  keys: everyKey(['RO']),
  args: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],

  run(first, req, reply) {
    let count = 0
    for (let i = 1; i < req.argc; i++) {
      const shard = first.ofKey(req, i)
      const entry = shard.findUntouched(req, i)
      if (entry === 0) continue
      // Even a client that asked for NO-TOUCH means this.
      shard.access(entry)
      count++
    }
    reply.integer(count)
  },
}
