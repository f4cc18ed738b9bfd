// GETEX: GET that sets or removes the key's expiry. It is never passed on as itself, but as what it did.

import { SETTING } from '../../config/settings.ts'
import { invalidExpire, NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { type EntryRef, entryExpires, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { type Command, FAST, oneKey, WRITE } from '../command.ts'
import {
  BAD_EXPIRE,
  BAD_INTEGER,
  effectTime,
  expiryAt,
  isAbsoluteOption,
  isExpiryOption,
  isPast,
  isSameOption,
} from '../expiry-options.ts'
import { deleteWithEffect } from '../generic/delete.ts'

export const getex: Command = {
  name: 'GETEX',
  group: 'string',
  since: '6.2.0',
  summary: 'Returns the string stored at a key and sets or removes its expiry.',
  complexity: 'O(1)',
  arity: -2,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'access', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    {
      name: 'expiration',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'seconds', type: 'integer', token: 'EX' },
        { name: 'milliseconds', type: 'integer', token: 'PX' },
        { name: 'unix-time-seconds', type: 'unix-time', token: 'EXAT' },
        { name: 'unix-time-milliseconds', type: 'unix-time', token: 'PXAT' },
        { name: 'persist', type: 'pure-token', token: 'PERSIST' },
      ],
    },
  ],

  run(shard, req, reply) {
    let persists = false
    let expiryOption = 0
    for (let at = 2; at < req.argc; at++) {
      if (req.is(at, 'PERSIST') && expiryOption === 0) persists = true
      else if (isExpiryOption(req, at) && !persists && at + 1 < req.argc) {
        // The same option may come again, the last one counts.
        if (expiryOption !== 0 && !isSameOption(req, expiryOption, at)) return reply.error(SYNTAX)
        expiryOption = at++
      } else return reply.error(SYNTAX)
    }
    const entry = shard.typed(req, 1, TYPE.STRING, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.nil()
    let expireAt = -1
    if (expiryOption > 0) {
      expireAt = expiryAt(req, expiryOption, shard.engine.now)
      if (expireAt === BAD_INTEGER) return reply.error(NOT_AN_INTEGER)
      if (expireAt === BAD_EXPIRE) return reply.error(invalidExpire('getex'))
    }
    reply.bulk(shard.m.u8, stringAt(shard.m, entry), stringLength(shard.m, entry))
    if (persists) keep(shard, req, entry)
    else if (expireAt >= 0) limit(shard, req, entry, expireAt, isAbsoluteOption(req, expiryOption))
  },
}

function limit(shard: Shard, req: Request, entry: EntryRef, expireAt: number, isAbsolute: boolean): void {
  if (isAbsolute && isPast(shard, req, expireAt)) {
    deleteWithEffect(shard, req, 1, entry, SETTING.lazyfreeLazyExpire)
    return
  }
  const { effects } = shard.engine
  shard.setExpire(req.db, entry, expireAt)
  shard.touched(req, 1, NOTIFY.GENERIC, 'expire')
  effects.instead()
  effects.command(3)
  effects.word('PEXPIREAT')
  effects.bytes(req.u8, req.at[1], req.length[1])
  effectTime(effects, expireAt)
}

function keep(shard: Shard, req: Request, entry: EntryRef): void {
  if (!entryExpires(shard.m, entry)) return
  const { effects } = shard.engine
  shard.persist(req.db, entry)
  shard.touched(req, 1, NOTIFY.GENERIC, 'persist')
  effects.instead()
  effects.command(2)
  effects.word('PERSIST')
  effects.bytes(req.u8, req.at[1], req.length[1])
}
