// HGET, HMGET, HSTRLEN, HEXISTS, HLEN: asking about single fields.

import { hashCount, hashReadValue } from '../../store/hash-value.ts'
import { ListpackElement } from '../../store/listpack.ts'
import { WRONG } from '../../store/shard.ts'
import { type Argument, type Command, FAST, oneKey, READONLY } from '../command.ts'
import { findField, findHash, replyValue } from './shared.ts'

const value = new ListpackElement()
const KEY: Argument = { name: 'key', type: 'key', keySpec: 0 }
const FIELD: Argument = { name: 'field', type: 'string' }

export const hget: Command = {
  name: 'HGET',
  group: 'hash',
  since: '2.0.0',
  summary: 'Returns the value of a field of a hash.',
  complexity: 'O(1)',
  arity: 3,
  flags: READONLY | FAST,
  keys: oneKey('RO', 'access'),
  args: [KEY, FIELD],

  run(shard, req, reply) {
    const entry = findHash(shard, req, reply)
    if (entry === WRONG) return
    const place = entry === 0 ? 0 : findField(shard, entry, req, 2)
    if (entry === 0 || place === 0) return reply.nil()
    replyValue(shard, entry, place, reply)
  },
}

export const hmget: Command = {
  name: 'HMGET',
  group: 'hash',
  since: '2.0.0',
  summary: 'Returns the values of several fields of a hash.',
  complexity: 'O(N), N being the number of fields asked for',
  arity: -3,
  flags: READONLY | FAST,
  keys: oneKey('RO', 'access'),
  args: [KEY, { ...FIELD, flags: ['multiple'] }],
  cost: (_, req) => req.argc,

  run(shard, req, reply) {
    const entry = findHash(shard, req, reply)
    if (entry === WRONG) return
    reply.array(req.argc - 2)
    for (let i = 2; i < req.argc; i++) {
      const place = entry === 0 ? 0 : findField(shard, entry, req, i)
      if (entry === 0 || place === 0) reply.nil()
      else replyValue(shard, entry, place, reply)
    }
  },
}

export const hstrlen: Command = {
  name: 'HSTRLEN',
  group: 'hash',
  since: '3.2.0',
  summary: 'Returns the length of the value of a field of a hash.',
  complexity: 'O(1)',
  arity: 3,
  flags: READONLY | FAST,
  keys: oneKey('RO'),
  args: [KEY, FIELD],

  run(shard, req, reply) {
    const entry = findHash(shard, req, reply)
    if (entry === WRONG) return
    const place = entry === 0 ? 0 : findField(shard, entry, req, 2)
    if (entry === 0 || place === 0) return reply.integer(0)
    hashReadValue(shard.m, entry, place, value)
    reply.integer(value.length)
  },
}

export const hexists: Command = {
  name: 'HEXISTS',
  group: 'hash',
  since: '2.0.0',
  summary: 'Tells whether a hash has a field.',
  complexity: 'O(1)',
  arity: 3,
  flags: READONLY | FAST,
  keys: oneKey('RO'),
  args: [KEY, FIELD],

  run(shard, req, reply) {
    const entry = findHash(shard, req, reply)
    if (entry === WRONG) return
    reply.integer(entry !== 0 && findField(shard, entry, req, 2) !== 0 ? 1 : 0)
  },
}

export const hlen: Command = {
  name: 'HLEN',
  group: 'hash',
  since: '2.0.0',
  summary: 'Returns how many fields a hash has.',
  complexity: 'O(1)',
  arity: 2,
  flags: READONLY | FAST,
  keys: oneKey('RO'),
  args: [KEY],

  run(shard, req, reply) {
    const entry = findHash(shard, req, reply)
    if (entry === WRONG) return
    reply.integer(entry === 0 ? 0 : hashCount(shard.m, entry))
  },
}
