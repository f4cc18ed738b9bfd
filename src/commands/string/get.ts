// GET: the plainest command.

import { TYPE } from '../../store/entry.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { WRONG } from '../../store/shard.ts'
import { type Command, FAST, oneKey, READONLY } from '../command.ts'

export const get: Command = {
  name: 'GET',
  group: 'string',
  since: '1.0.0',
  summary: 'Returns the string stored at a key.',
  complexity: 'O(1)',
  arity: 2,
  flags: READONLY | FAST,
  keys: oneKey('RO', 'access'),
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const entry = shard.typed(req, 1, TYPE.STRING, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.nil()
    const m = shard.m
    reply.bulk(m.u8, stringAt(m, entry), stringLength(m, entry))
  },
}
