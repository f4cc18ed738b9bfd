// GET, the plainest command, and GETDEL.

import { SETTING } from '../../config/settings.ts'
import { TYPE } from '../../store/entry.ts'
import { WRONG } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { type Command, FAST, oneKey, READONLY, WRITE } from '../command.ts'
import { deleteWithEffect } from '../generic/delete.ts'

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
    const length = stringLength(m, entry)
    if (shard.engine.defers(length / 64)) return
    reply.bulk(m.u8, stringAt(m, entry), length)
  },
}

export const getdel: Command = {
  name: 'GETDEL',
  group: 'string',
  since: '6.2.0',
  summary: 'Returns the string stored at a key and deletes the key.',
  complexity: 'O(1)',
  arity: 2,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'access', 'delete'),
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const entry = shard.typed(req, 1, TYPE.STRING, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.nil()
    reply.bulk(shard.m.u8, stringAt(shard.m, entry), stringLength(shard.m, entry))
    deleteWithEffect(shard, req, 1, entry, SETTING.lazyfreeLazyUserDel)
  },
}
