// SET with all its options. It replaces whatever the key held; only GET insists on a string.

import { invalidExpire, NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { type EntryRef, entryExpireAt, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { setString } from '../../store/string-entry.ts'
import { type Command, DENY_OOM, WRITE } from '../command.ts'
import { BAD_EXPIRE, BAD_INTEGER, expiryAt, isExpiryOption } from '../expiry-options.ts'

const NX = 1
const XX = 2
const GET = 4
const KEEP_TTL = 8
const EXPIRES = 16

export const set: Command = {
  name: 'SET',
  group: 'string',
  since: '1.0.0',
  summary: 'Stores a string at a key, replacing what was there, and optionally sets when it expires.',
  complexity: 'O(1)',
  arity: -3,
  flags: WRITE | DENY_OOM,
  keys: [
    {
      flags: ['RW', 'access', 'update', 'variable_flags'],
      notes: '`RW` and `ACCESS` because of the optional `GET` argument',
      begin: { index: 1 },
      find: { last: 0, step: 1, limit: 0 },
    },
  ],
  history: [
    ['2.6.12', 'Added the `EX`, `PX`, `NX` and `XX` options.'],
    ['6.0.0', 'Added the `KEEPTTL` option.'],
    ['6.2.0', 'Added the `GET`, `EXAT` and `PXAT` option.'],
    ['7.0.0', 'Allowed the `NX` and `GET` options to be used together.'],
  ],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'value', type: 'string' },
    {
      name: 'condition',
      type: 'oneof',
      since: '2.6.12',
      flags: ['optional'],
      args: [
        { name: 'nx', type: 'pure-token', token: 'NX' },
        { name: 'xx', type: 'pure-token', token: 'XX' },
      ],
    },
    { name: 'get', type: 'pure-token', token: 'GET', since: '6.2.0', flags: ['optional'] },
    {
      name: 'expiration',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'seconds', type: 'integer', token: 'EX', since: '2.6.12' },
        { name: 'milliseconds', type: 'integer', token: 'PX', since: '2.6.12' },
        { name: 'unix-time-seconds', type: 'unix-time', token: 'EXAT', since: '6.2.0' },
        { name: 'unix-time-milliseconds', type: 'unix-time', token: 'PXAT', since: '6.2.0' },
        { name: 'keepttl', type: 'pure-token', token: 'KEEPTTL', since: '6.0.0' },
      ],
    },
  ],

  run(shard, req, reply) {
    if (req.argc === 3) {
      store(shard, req, 2, shard.findForWrite(req, 1), -1)
      reply.ok()
      return
    }
    setWithOptions(shard, req, reply)
  },
}

function setWithOptions(shard: Shard, req: Request, reply: Reply): void {
  let options = 0
  let expiryOption = 0
  for (let at = 3; at < req.argc; at++) {
    if (req.is(at, 'NX') && (options & XX) === 0) options |= NX
    else if (req.is(at, 'XX') && (options & NX) === 0) options |= XX
    else if (req.is(at, 'GET')) options |= GET
    else if (req.is(at, 'KEEPTTL') && (options & EXPIRES) === 0) options |= KEEP_TTL
    else if (isExpiryOption(req, at) && (options & (KEEP_TTL | EXPIRES)) === 0 && at + 1 < req.argc) {
      options |= EXPIRES
      expiryOption = at++
    } else return reply.error(SYNTAX)
  }
  let expireAt = -1
  if (expiryOption > 0) {
    expireAt = expiryAt(req, expiryOption, shard.engine.now)
    if (expireAt === BAD_INTEGER) return reply.error(NOT_AN_INTEGER)
    if (expireAt === BAD_EXPIRE) return reply.error(invalidExpire('set'))
  }
  let entry: EntryRef | 0
  if ((options & GET) !== 0) {
    const found = shard.typed(req, 1, TYPE.STRING, reply)
    if (found === WRONG) return
    entry = found
    if (entry === 0) reply.nil()
    else reply.bulk(shard.m.u8, stringAt(shard.m, entry), stringLength(shard.m, entry))
  } else {
    entry = shard.findForWrite(req, 1)
  }
  if ((options & NX && entry !== 0) || (options & XX && entry === 0)) {
    if ((options & GET) === 0) reply.nil()
    return
  }
  const kept = options & KEEP_TTL && entry !== 0 ? entryExpireAt(shard.m, entry) : -1
  store(shard, req, 2, entry, expireAt >= 0 ? expireAt : kept)
  if (expireAt >= 0) {
    shard.engine.notify(NOTIFY.GENERIC, 'expire', req.db, req.u8, req.at[1], req.length[1])
    sayAbsolute(shard, req, expireAt)
  }
  if ((options & GET) === 0) reply.ok()
}

/** Stores argument `i` under argument 1. */
function store(shard: Shard, req: Request, i: number, entry: EntryRef | 0, expireAt: number): void {
  const { u8, at, length, db } = req
  setString(shard, db, entry, u8, at[1], length[1], u8, at[i], length[i], expireAt)
  shard.touched(req, 1, NOTIFY.STRING, 'set')
}

/** A relative expiry reaches log and replicas as an absolute one. */
function sayAbsolute(shard: Shard, req: Request, expireAt: number): void {
  const effects = shard.engine.effects
  effects.instead()
  effects.command(5)
  effects.word('SET')
  effects.bytes(req.u8, req.at[1], req.length[1])
  effects.bytes(req.u8, req.at[2], req.length[2])
  effects.word('PXAT')
  effects.integer(expireAt)
}
