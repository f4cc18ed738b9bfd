// EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT and PERSIST: setting and removing the time at which a key ends.

import { SETTING } from '../../config/settings.ts'
import { invalidExpire, NOT_AN_INTEGER } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { entryExpireAt, entryExpires } from '../../store/entry.ts'
import type { Shard } from '../../store/shard.ts'
import { type Argument, type Command, FAST, oneKey, WRITE } from '../command.ts'
import { effectTime, expiryTime, isPast } from '../expiry-options.ts'
import { deleteWithEffect } from './delete.ts'

const NX = 1
const XX = 2
const GT = 4
const LT = 8

const CONDITION: Argument = {
  name: 'condition',
  type: 'oneof',
  since: '7.0.0',
  flags: ['optional'],
  args: [
    { name: 'nx', type: 'pure-token', token: 'NX' },
    { name: 'xx', type: 'pure-token', token: 'XX' },
    { name: 'gt', type: 'pure-token', token: 'GT' },
    { name: 'lt', type: 'pure-token', token: 'LT' },
  ],
}
const HISTORY = [['7.0.0', 'Learned the conditions `NX`, `XX`, `GT` and `LT`.']] as const

export const expire: Command = {
  name: 'EXPIRE',
  group: 'generic',
  since: '1.0.0',
  summary: 'Lets a key end after some seconds.',
  complexity: 'O(1)',
  arity: -3,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'update'),
  history: HISTORY,
  args: [{ name: 'key', type: 'key', keySpec: 0 }, { name: 'seconds', type: 'integer' }, CONDITION],

  run(shard, req, reply) {
    limit(shard, req, reply, true, shard.engine.now, 'expire')
  },
}

export const pexpire: Command = {
  name: 'PEXPIRE',
  group: 'generic',
  since: '2.6.0',
  summary: 'Lets a key end after some milliseconds.',
  complexity: 'O(1)',
  arity: -3,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'update'),
  history: HISTORY,
  args: [{ name: 'key', type: 'key', keySpec: 0 }, { name: 'milliseconds', type: 'integer' }, CONDITION],

  run(shard, req, reply) {
    limit(shard, req, reply, false, shard.engine.now, 'pexpire')
  },
}

export const expireat: Command = {
  name: 'EXPIREAT',
  group: 'generic',
  since: '1.2.0',
  summary: 'Lets a key end at a Unix time in seconds.',
  complexity: 'O(1)',
  arity: -3,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'update'),
  history: HISTORY,
  args: [{ name: 'key', type: 'key', keySpec: 0 }, { name: 'unix-time-seconds', type: 'unix-time' }, CONDITION],

  run(shard, req, reply) {
    limit(shard, req, reply, true, 0, 'expireat')
  },
}

export const pexpireat: Command = {
  name: 'PEXPIREAT',
  group: 'generic',
  since: '2.6.0',
  summary: 'Lets a key end at a Unix time in milliseconds.',
  complexity: 'O(1)',
  arity: -3,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'update'),
  history: HISTORY,
  args: [{ name: 'key', type: 'key', keySpec: 0 }, { name: 'unix-time-milliseconds', type: 'unix-time' }, CONDITION],

  run(shard, req, reply) {
    limit(shard, req, reply, false, 0, 'pexpireat')
  },
}

export const persist: Command = {
  name: 'PERSIST',
  group: 'generic',
  since: '2.2.0',
  summary: 'Lets a key that would have ended last.',
  complexity: 'O(1)',
  arity: 2,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'update'),
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const entry = shard.findForWrite(req, 1)
    if (entry === 0 || !entryExpires(shard.m, entry)) return reply.integer(0)
    shard.persist(req.db, entry)
    shard.touched(req, 1, NOTIFY.GENERIC, 'persist')
    reply.integer(1)
  },
}

/** Sets the end of argument 1 to argument 2, a number counted from `base`, if the conditions behind it hold. */
function limit(shard: Shard, req: Request, reply: Reply, isSeconds: boolean, base: number, name: string): void {
  const conditions = readConditions(req, reply)
  if (conditions < 0) return
  const at = expiryTime(req, 2, isSeconds, base)
  if (Number.isNaN(at)) return reply.error(NOT_AN_INTEGER)
  if (at === Number.POSITIVE_INFINITY) return reply.error(invalidExpire(name))
  const entry = shard.findForWrite(req, 1)
  if (entry === 0 || !holds(conditions, at, entryExpireAt(shard.m, entry))) return reply.integer(0)
  if (isPast(shard, req, at)) {
    deleteWithEffect(shard, req, 1, entry, SETTING.lazyfreeLazyExpire)
  } else {
    // A replica may be told a time before 1970; it means no more than long ago.
    shard.setExpire(req.db, entry, Math.max(0, at))
    shard.touched(req, 1, NOTIFY.GENERIC, 'expire')
    if (isSeconds || base !== 0) sayAbsolute(shard, req, at)
  }
  reply.integer(1)
}

/** The conditions from argument 3 on, -1 after replying the error. */
function readConditions(req: Request, reply: Reply): number {
  let conditions = 0
  for (let i = 3; i < req.argc; i++) {
    if (req.is(i, 'NX')) conditions |= NX
    else if (req.is(i, 'XX')) conditions |= XX
    else if (req.is(i, 'GT')) conditions |= GT
    else if (req.is(i, 'LT')) conditions |= LT
    else {
      reply.error(`ERR Unsupported option ${req.text(i)}`)
      return -1
    }
  }
  if (conditions & NX && conditions !== NX) {
    reply.error('ERR NX and XX, GT or LT options at the same time are not compatible')
    return -1
  }
  if (conditions & GT && conditions & LT) {
    reply.error('ERR GT and LT options at the same time are not compatible')
    return -1
  }
  return conditions
}

/** Whether a key that ends at `old`, -1 being never, may be made to end at `at`. */
function holds(conditions: number, at: number, old: number): boolean {
  if (conditions & NX && old !== -1) return false
  if (conditions & XX && old === -1) return false
  if (conditions & GT && (old === -1 || at <= old)) return false
  return !(conditions & LT && old !== -1 && at >= old)
}

/** The command goes out as PEXPIREAT with its conditions, which hold there too. */
function sayAbsolute(shard: Shard, req: Request, at: number): void {
  const { effects } = shard.engine
  effects.instead()
  effects.command(req.argc)
  effects.word('PEXPIREAT')
  effects.bytes(req.u8, req.at[1], req.length[1])
  effectTime(effects, at)
  for (let i = 3; i < req.argc; i++) effects.bytes(req.u8, req.at[i], req.length[i])
}
