// HGETEX and HGETDEL: fields' values, and a change to their time to live or their deletion along with it.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import type { EntryRef } from '../../store/entry.ts'
import { hashCount, hashDelete, hashExpireAt, hashFind, hashSetExpire } from '../../store/hash-value.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { type Command, FAST, oneKey, WRITE } from '../command.ts'
import { COUNT_NOT_POSITIVE, FIELDS_ARGUMENT, fieldsFrom } from './fields-option.ts'
import { EXPIRY_ARGUMENTS, ExpiryOptions } from './hash-expiry-options.ts'
import { sayExpiry, setFieldExpiry } from './hexpire.ts'
import { findField, findHashForWrite, replyValue } from './shared.ts'

const options = new ExpiryOptions('hgetex', 'PERSIST')
const changed: number[] = []

/** Replies the values of the fields from argument `first` on. */
function replyValues(shard: Shard, req: Request, entry: EntryRef | 0, first: number, reply: Reply): void {
  reply.array(req.argc - first)
  for (let i = first; i < req.argc; i++) {
    const place = entry === 0 ? 0 : findField(shard, entry, req, i)
    if (entry === 0 || place === 0) reply.nil()
    else replyValue(shard, entry, place, reply)
  }
}

export const hgetex: Command = {
  name: 'HGETEX',
  group: 'hash',
  since: '8.0.0',
  summary: 'Returns the values of fields of a hash, and sets when they expire or lets them last.',
  complexity: 'O(N), N being the number of fields given',
  arity: -5,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'access', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    {
      name: 'expiration',
      type: 'oneof',
      flags: ['optional'],
      args: [...EXPIRY_ARGUMENTS, { name: 'persist', type: 'pure-token', token: 'PERSIST' }],
    },
    FIELDS_ARGUMENT,
  ],
  cost: (_, req) => req.argc,

  run(shard, req, reply) {
    const m = shard.m
    const found = findHashForWrite(shard, req, reply)
    if (found === WRONG) return
    const at = options.read(req, 2, shard.engine.now, reply)
    if (at === 0) return
    const first = fieldsFrom(req, at, 1, COUNT_NOT_POSITIVE, reply)
    if (first === 0) return
    replyValues(shard, req, found, first, reply)
    if (found === 0 || !(options.kept || options.expireAt >= 0)) return
    changed.length = 0
    for (let i = first; i < req.argc; i++) {
      const place = hashFind(m, found, req.u8, req.at[i], req.length[i])
      if (place === 0) continue
      if (options.kept) {
        if (hashExpireAt(m, found, place) < 0) continue
        hashSetExpire(m, req.db, found, place, -1)
      } else if (options.expireAt <= shard.engine.horizon) {
        hashDelete(m, found, req.u8, req.at[i], req.length[i])
      } else setFieldExpiry(shard, req, found, i, options.expireAt)
      changed.push(i)
    }
    if (options.kept) sayPersisted(shard, req, changed)
    else sayExpiry(shard, req, found, changed, options.expireAt)
  },
}

function sayPersisted(shard: Shard, req: Request, fields: readonly number[]): void {
  if (fields.length === 0) return
  const effects = shard.engine.effects
  effects.instead()
  effects.command(4 + fields.length)
  effects.word('HPERSIST')
  effects.bytes(req.u8, req.at[1], req.length[1])
  effects.word('FIELDS')
  effects.integer(fields.length)
  for (let i = 0; i < fields.length; i++) effects.bytes(req.u8, req.at[fields[i]], req.length[fields[i]])
  shard.touched(req, 1, NOTIFY.HASH, 'hpersist', fields.length)
}

export const hgetdel: Command = {
  name: 'HGETDEL',
  group: 'hash',
  since: '8.0.0',
  summary: 'Returns the values of fields of a hash and deletes them; the key goes with the last one.',
  complexity: 'O(N), N being the number of fields given',
  arity: -5,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'access', 'delete'),
  args: [{ name: 'key', type: 'key', keySpec: 0 }, FIELDS_ARGUMENT],
  cost: (_, req) => req.argc,

  run(shard, req, reply) {
    const m = shard.m
    const entry = findHashForWrite(shard, req, reply)
    if (entry === WRONG) return
    const first = fieldsFrom(req, 2, 1, COUNT_NOT_POSITIVE, reply)
    if (first === 0) return
    reply.array(req.argc - first)
    changed.length = 0
    // Field by field, so that one named twice is nil the second time.
    for (let i = first; i < req.argc; i++) {
      const place = entry === 0 || hashCount(m, entry) === 0 ? 0 : findField(shard, entry, req, i)
      if (entry === 0 || place === 0) {
        reply.nil()
        continue
      }
      replyValue(shard, entry, place, reply)
      hashDelete(m, entry, req.u8, req.at[i], req.length[i])
      changed.push(i)
    }
    // A time that is over means deletion.
    if (entry !== 0) sayExpiry(shard, req, entry, changed, 0)
  },
}
