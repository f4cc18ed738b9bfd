// HTTL, HPTTL, HEXPIRETIME and HPEXPIRETIME: when fields expire. HPERSIST: that they last.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { hashExpireAt, hashFind, hashSetExpire } from '../../store/hash-value.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { type Argument, type Command, FAST, oneKey, READONLY, WRITE } from '../command.ts'
import { COUNT_NOT_POSITIVE, FIELD_REPLY, FIELDS_ARGUMENT, fieldsFrom } from './fields-option.ts'
import { findField, findHash, findHashForWrite } from './shared.ts'

const ARGS: readonly Argument[] = [{ name: 'key', type: 'key', keySpec: 0 }, FIELDS_ARGUMENT]

/** Replies of each field when it ends, counted from `base` in units of `unitMs`, begun units as whole ones. */
function replyTimes(shard: Shard, req: Request, reply: Reply, unitMs: number, base: number): void {
  const entry = findHash(shard, req, reply)
  if (entry === WRONG) return
  const first = fieldsFrom(req, 2, 1, COUNT_NOT_POSITIVE, reply)
  if (first === 0) return
  reply.array(req.argc - first)
  for (let i = first; i < req.argc; i++) {
    const place = entry === 0 ? 0 : findField(shard, entry, req, i)
    if (entry === 0 || place === 0) {
      reply.integer(FIELD_REPLY.NO_FIELD)
      continue
    }
    const at = hashExpireAt(shard.m, entry, place)
    reply.integer(at < 0 ? FIELD_REPLY.NO_EXPIRY : Math.ceil((at - base) / unitMs))
  }
}

const asking = {
  group: 'hash',
  since: '7.4.0',
  complexity: 'O(N), N being the number of fields given',
  arity: -5,
  flags: READONLY | FAST,
  keys: oneKey('RO', 'access'),
  args: ARGS,
} as const

export const httl: Command = {
  ...asking,
  name: 'HTTL',
  summary: 'Returns in how many seconds fields of a hash expire.',
  tips: ['nondeterministic_output'],
  cost: (_, req) => req.argc,
  run: (shard, req, reply) => replyTimes(shard, req, reply, 1000, shard.engine.now),
}

export const hpttl: Command = {
  ...asking,
  name: 'HPTTL',
  summary: 'Returns in how many milliseconds fields of a hash expire.',
  tips: ['nondeterministic_output'],
  cost: (_, req) => req.argc,
  run: (shard, req, reply) => replyTimes(shard, req, reply, 1, shard.engine.now),
}

export const hexpiretime: Command = {
  ...asking,
  name: 'HEXPIRETIME',
  summary: 'Returns the Unix time, in seconds, at which fields of a hash expire.',
  cost: (_, req) => req.argc,
  run: (shard, req, reply) => replyTimes(shard, req, reply, 1000, 0),
}

export const hpexpiretime: Command = {
  ...asking,
  name: 'HPEXPIRETIME',
  summary: 'Returns the Unix time, in milliseconds, at which fields of a hash expire.',
  cost: (_, req) => req.argc,
  run: (shard, req, reply) => replyTimes(shard, req, reply, 1, 0),
}

export const hpersist: Command = {
  name: 'HPERSIST',
  group: 'hash',
  since: '7.4.0',
  summary: 'Lets fields of a hash last that were to expire.',
  complexity: 'O(N), N being the number of fields given',
  arity: -5,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'update'),
  args: ARGS,
  cost: (_, req) => req.argc,

  run(shard, req, reply) {
    const m = shard.m
    const entry = findHashForWrite(shard, req, reply)
    if (entry === WRONG) return
    const first = fieldsFrom(req, 2, 1, COUNT_NOT_POSITIVE, reply)
    if (first === 0) return
    reply.array(req.argc - first)
    let changes = 0
    for (let i = first; i < req.argc; i++) {
      const place = entry === 0 ? 0 : hashFind(m, entry, req.u8, req.at[i], req.length[i])
      if (entry === 0 || place === 0) reply.integer(FIELD_REPLY.NO_FIELD)
      else if (hashExpireAt(m, entry, place) < 0) reply.integer(FIELD_REPLY.NO_EXPIRY)
      else {
        hashSetExpire(m, req.db, entry, place, -1)
        reply.integer(FIELD_REPLY.DONE)
        changes++
      }
    }
    if (changes > 0) shard.touched(req, 1, NOTIFY.HASH, 'hpersist', changes)
  },
}
