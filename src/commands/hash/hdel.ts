// HDEL: deleting fields; the key goes with the last one.

import { NOTIFY } from '../../store/engine.ts'
import { hashCount, hashDelete } from '../../store/hash-value.ts'
import { WRONG } from '../../store/shard.ts'
import { type Command, FAST, oneKey, WRITE } from '../command.ts'
import { discardIfEmpty, findHashForWrite } from './shared.ts'

export const hdel: Command = {
  name: 'HDEL',
  group: 'hash',
  since: '2.0.0',
  summary: 'Deletes fields of a hash; the key goes with the last one.',
  complexity: 'O(N), N being the number of fields given',
  arity: -3,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'delete'),
  history: [['2.4.0', 'Takes several fields.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'field', type: 'string', flags: ['multiple'] },
  ],
  cost: (_, req) => req.argc,

  run(shard, req, reply) {
    const m = shard.m
    const entry = findHashForWrite(shard, req, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.integer(0)
    let deleted = 0
    for (let i = 2; i < req.argc && hashCount(m, entry) > 0; i++) {
      if (hashDelete(m, entry, req.u8, req.at[i], req.length[i])) deleted++
    }
    if (deleted > 0) {
      shard.touched(req, 1, NOTIFY.HASH, 'hdel', deleted)
      discardIfEmpty(shard, req, entry)
    }
    reply.integer(deleted)
  },
}
