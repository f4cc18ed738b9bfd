// HEXPIRE, HPEXPIRE, HEXPIREAT and HPEXPIREAT: setting when fields expire. All four end in setExpiry().

import { invalidExpire, NOT_AN_INTEGER } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import type { EntryRef } from '../../store/entry.ts'
import { hashDelete, hashExpireAt, hashFind, hashIsTable, hashSetExpire, hashToTable } from '../../store/hash-value.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { type Argument, type Command, DENY_OOM, FAST, oneKey, WRITE } from '../command.ts'
import { FIELD_REPLY, FIELDS_ARGUMENT, fieldsFrom, NUMFIELDS_NOT_POSITIVE } from './fields-option.ts'
import { discardIfEmpty, findHashForWrite } from './shared.ts'

const NEGATIVE_TIME = 'ERR invalid expire time, must be >= 0'
/** No field may live beyond this, Unix ms: the year 4199. */
const EXPIRE_AT_MAX = 2 ** 46 - 1

const ALWAYS = 0
const NX = 1
const XX = 2
const GT = 3
const LT = 4

/** Fields of one command that were given a time, or deleted: argument indexes, for the effects. */
const changed: number[] = []

/**
 * The time in argument `i` as Unix ms: `unitMs` to a unit, counted from `base`. NaN after replying what is wrong with it.
 */
export function fieldExpireTime(
  req: Request,
  i: number,
  unitMs: number,
  base: number,
  name: string,
  reply: Reply,
): number {
  const time = req.integer(i)
  if (Number.isNaN(time)) reply.error(NOT_AN_INTEGER)
  else if (time < 0) reply.error(NEGATIVE_TIME)
  else if (time * unitMs + base > EXPIRE_AT_MAX) reply.error(invalidExpire(name))
  else return time * unitMs + base
  return Number.NaN
}

function setExpiry(shard: Shard, req: Request, reply: Reply, unitMs: number, base: number, name: string): void {
  const found = findHashForWrite(shard, req, reply)
  if (found === WRONG) return
  const expireAt = fieldExpireTime(req, 2, unitMs, base, name, reply)
  if (Number.isNaN(expireAt)) return
  const condition = conditionOf(req, 3)
  const first = fieldsFrom(req, condition === ALWAYS ? 3 : 4, 1, NUMFIELDS_NOT_POSITIVE, reply)
  if (first === 0) return
  reply.array(req.argc - first)
  if (found === 0) {
    for (let i = first; i < req.argc; i++) reply.integer(FIELD_REPLY.NO_FIELD)
    return
  }
  changed.length = 0
  const isOver = expireAt <= shard.engine.horizon
  for (let i = first; i < req.argc; i++) {
    const done = isAllowed(shard, found, req, i, condition, expireAt)
    if (done !== FIELD_REPLY.DONE) {
      reply.integer(done)
      continue
    }
    changed.push(i)
    if (isOver) hashDelete(shard.m, found, req.u8, req.at[i], req.length[i])
    else setFieldExpiry(shard, req, found, i, expireAt)
    reply.integer(isOver ? FIELD_REPLY.DELETED : FIELD_REPLY.DONE)
  }
  sayExpiry(shard, req, found, changed, expireAt)
}

function conditionOf(req: Request, i: number): number {
  if (req.is(i, 'NX')) return NX
  if (req.is(i, 'XX')) return XX
  if (req.is(i, 'GT')) return GT
  return req.is(i, 'LT') ? LT : ALWAYS
}

/** DONE if the field in argument `i` is there and may be given the time, else what is replied of it. */
function isAllowed(
  shard: Shard,
  entry: EntryRef,
  req: Request,
  i: number,
  condition: number,
  expireAt: number,
): number {
  const place = hashFind(shard.m, entry, req.u8, req.at[i], req.length[i])
  if (place === 0) return FIELD_REPLY.NO_FIELD
  const old = hashExpireAt(shard.m, entry, place)
  const lasts = old < 0
  // A field that lasts counts as one that ends later than any time.
  if (
    (condition === NX && !lasts) ||
    (condition === XX && lasts) ||
    (condition === GT && (lasts || old >= expireAt)) ||
    (condition === LT && !lasts && old <= expireAt)
  ) {
    return FIELD_REPLY.CONDITION_NOT_MET
  }
  return FIELD_REPLY.DONE
}

/** Sets when the field in argument `i`, which is there, ends. The hash becomes a table. */
export function setFieldExpiry(shard: Shard, req: Request, entry: EntryRef, i: number, expireAt: number): void {
  const m = shard.m
  if (!hashIsTable(m, entry)) hashToTable(m, entry)
  const place = hashFind(m, entry, req.u8, req.at[i], req.length[i])
  hashSetExpire(m, req.db, entry, place, expireAt)
}

/**
 * Leaves word that the fields in the `fields` arguments end at `expireAt`, or if that is over, have been deleted: by
 * absolute time, so that log and replicas agree. Drops the hash if it is empty.
 */
export function sayExpiry(
  shard: Shard,
  req: Request,
  entry: EntryRef,
  fields: readonly number[],
  expireAt: number,
): void {
  if (fields.length === 0) return
  const isOver = expireAt <= shard.engine.horizon
  const effects = shard.engine.effects
  effects.instead()
  effects.command((isOver ? 2 : 5) + fields.length)
  effects.word(isOver ? 'HDEL' : 'HPEXPIREAT')
  effects.bytes(req.u8, req.at[1], req.length[1])
  if (!isOver) {
    effects.integer(expireAt)
    effects.word('FIELDS')
    effects.integer(fields.length)
  }
  for (let i = 0; i < fields.length; i++) effects.bytes(req.u8, req.at[fields[i]], req.length[fields[i]])
  shard.touched(req, 1, NOTIFY.HASH, isOver ? 'hdel' : 'hexpire', fields.length)
  if (isOver) discardIfEmpty(shard, req, entry)
}

const CONDITION: Argument = {
  name: 'condition',
  type: 'oneof',
  flags: ['optional'],
  args: [
    { name: 'nx', type: 'pure-token', token: 'NX' },
    { name: 'xx', type: 'pure-token', token: 'XX' },
    { name: 'gt', type: 'pure-token', token: 'GT' },
    { name: 'lt', type: 'pure-token', token: 'LT' },
  ],
}

const shared = {
  group: 'hash',
  since: '7.4.0',
  complexity: 'O(N), N being the number of fields given',
  arity: -6,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'update'),
} as const

const argsWith = (time: Argument): readonly Argument[] => [
  { name: 'key', type: 'key', keySpec: 0 },
  time,
  CONDITION,
  FIELDS_ARGUMENT,
]

export const hexpire: Command = {
  ...shared,
  name: 'HEXPIRE',
  summary: 'Sets in how many seconds fields of a hash expire.',
  args: argsWith({ name: 'seconds', type: 'integer' }),
  cost: (_, req) => req.argc,
  run: (shard, req, reply) => setExpiry(shard, req, reply, 1000, shard.engine.now, 'hexpire'),
}

export const hpexpire: Command = {
  ...shared,
  name: 'HPEXPIRE',
  summary: 'Sets in how many milliseconds fields of a hash expire.',
  args: argsWith({ name: 'milliseconds', type: 'integer' }),
  cost: (_, req) => req.argc,
  run: (shard, req, reply) => setExpiry(shard, req, reply, 1, shard.engine.now, 'hpexpire'),
}

export const hexpireat: Command = {
  ...shared,
  name: 'HEXPIREAT',
  summary: 'Sets the Unix time, in seconds, at which fields of a hash expire.',
  args: argsWith({ name: 'unix-time-seconds', type: 'unix-time' }),
  cost: (_, req) => req.argc,
  run: (shard, req, reply) => setExpiry(shard, req, reply, 1000, 0, 'hexpireat'),
}

export const hpexpireat: Command = {
  ...shared,
  name: 'HPEXPIREAT',
  summary: 'Sets the Unix time, in milliseconds, at which fields of a hash expire.',
  args: argsWith({ name: 'unix-time-milliseconds', type: 'unix-time' }),
  cost: (_, req) => req.argc,
  run: (shard, req, reply) => setExpiry(shard, req, reply, 1, 0, 'hpexpireat'),
}
