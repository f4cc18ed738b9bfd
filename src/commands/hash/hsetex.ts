// HSETEX: setting fields and when they expire, all of them or none.

import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import type { EntryRef } from '../../store/entry.ts'
import { hashDelete, hashFind, hashSet } from '../../store/hash-value.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { type Command, DENY_OOM, FAST, oneKey, WRITE } from '../command.ts'
import { COUNT_NOT_POSITIVE, fieldsFrom } from './fields-option.ts'
import { EXPIRY_ARGUMENTS, ExpiryOptions } from './hash-expiry-options.ts'
import { sayExpiry, setFieldExpiry } from './hexpire.ts'
import { addHash, findHashForWrite } from './shared.ts'

const options = new ExpiryOptions('hsetex', 'KEEPTTL')
const deleted: number[] = []

export const hsetex: Command = {
  name: 'HSETEX',
  group: 'hash',
  since: '8.0.0',
  summary: 'Sets fields of a hash and when they expire, on a condition if asked: all of them or none.',
  complexity: 'O(N), N being the number of fields set',
  arity: -6,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    {
      name: 'condition',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'fnx', type: 'pure-token', token: 'FNX' },
        { name: 'fxx', type: 'pure-token', token: 'FXX' },
      ],
    },
    {
      name: 'expiration',
      type: 'oneof',
      flags: ['optional'],
      args: [...EXPIRY_ARGUMENTS, { name: 'keepttl', type: 'pure-token', token: 'KEEPTTL' }],
    },
    {
      name: 'fields',
      type: 'block',
      token: 'FIELDS',
      args: [
        { name: 'numfields', type: 'integer' },
        {
          name: 'data',
          type: 'block',
          flags: ['multiple'],
          args: [
            { name: 'field', type: 'string' },
            { name: 'value', type: 'string' },
          ],
        },
      ],
    },
  ],
  cost: (_, req) => req.argc,

  run(shard, req, reply) {
    const found = findHashForWrite(shard, req, reply)
    if (found === WRONG) return
    const at = options.read(req, 2, shard.engine.now, reply)
    if (at === 0) return
    const first = fieldsFrom(req, at, 2, COUNT_NOT_POSITIVE, reply)
    if (first === 0) return
    if (!conditionHolds(shard, req, found, first)) return reply.integer(0)
    if (options.expireAt >= 0 && options.expireAt <= shard.engine.horizon) deleteAll(shard, req, found, first)
    else setAll(shard, req, found, first)
    reply.integer(1)
  },
}

function conditionHolds(shard: Shard, req: Request, entry: EntryRef | 0, first: number): boolean {
  if (!options.onlyNew && !options.onlyOld) return true
  for (let i = first; i < req.argc; i += 2) {
    const exists = entry !== 0 && hashFind(shard.m, entry, req.u8, req.at[i], req.length[i]) !== 0
    if (exists !== options.onlyOld) return false
  }
  return true
}

/** Sets the fields from argument `first` on. */
function setAll(shard: Shard, req: Request, found: EntryRef | 0, first: number): void {
  const { u8, at, length } = req
  const { m, engine } = shard
  const entry = found === 0 ? addHash(shard, req, 0) : found
  for (let i = first; i < req.argc; i += 2) {
    const j = i + 1
    hashSet(m, entry, engine.settings, options.kept, u8, at[i], length[i], u8, at[j], length[j])
    if (options.expireAt >= 0) setFieldExpiry(shard, req, entry, i, options.expireAt)
  }
  const fields = (req.argc - first) / 2
  shard.touched(req, 1, NOTIFY.HASH, 'hset', fields)
  if (options.expireAt >= 0) engine.notify(NOTIFY.HASH, 'hexpire', req.db, u8, at[1], length[1])
  saySet(shard, req, first)
}

/** By absolute time and without the condition, which held here; HSET where that says the same. */
function saySet(shard: Shard, req: Request, first: number): void {
  const effects = shard.engine.effects
  const words = req.argc - first
  const isPlain = options.expireAt < 0 && !options.kept
  effects.instead()
  effects.command(isPlain ? 2 + words : options.kept ? 5 + words : 6 + words)
  effects.word(isPlain ? 'HSET' : 'HSETEX')
  effects.bytes(req.u8, req.at[1], req.length[1])
  if (options.kept) effects.word('KEEPTTL')
  else if (!isPlain) {
    effects.word('PXAT')
    effects.integer(options.expireAt)
  }
  if (!isPlain) {
    effects.word('FIELDS')
    effects.integer(words / 2)
  }
  for (let i = first; i < req.argc; i++) effects.bytes(req.u8, req.at[i], req.length[i])
}

/** Fields set to have expired are gone at once. */
function deleteAll(shard: Shard, req: Request, entry: EntryRef | 0, first: number): void {
  if (entry === 0) return
  deleted.length = 0
  for (let i = first; i < req.argc; i += 2) {
    if (hashDelete(shard.m, entry, req.u8, req.at[i], req.length[i])) deleted.push(i)
  }
  sayExpiry(shard, req, entry, deleted, options.expireAt)
}
