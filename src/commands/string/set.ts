// SET with all its options, and SETNX, SETEX, PSETEX and GETSET, which are SET with one option each.
// They replace whatever the key held; only GET and GETSET insist on a string.

import { invalidExpire, NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { type EntryRef, entryExpireAt, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { setString } from '../../store/string-entry.ts'
import { BRIEF, type Command, DENY_OOM, FAST, oneKey, WRITE } from '../command.ts'
import {
  BAD_EXPIRE,
  BAD_INTEGER,
  effectTime,
  expiryAt,
  isExpiryOption,
  isSameOption,
  positiveExpiry,
} from '../expiry-options.ts'

const NX = 1
const XX = 2
const GET = 4
const KEEP_TTL = 8

/** Only with GET does SET read what it replaces. */
function readsOld(req: Request): readonly string[] {
  for (let i = 3; i < req.argc; i++) if (req.is(i, 'GET')) return ['RW', 'access', 'update']
  return ['OW', 'update']
}

export const set: Command = {
  name: 'SET',
  group: 'string',
  since: '1.0.0',
  summary: 'Stores a string at a key, replacing what was there, and optionally sets when it expires.',
  complexity: 'O(1)',
  arity: -3,
  flags: WRITE | DENY_OOM | BRIEF,
  keys: oneKey('RW', 'access', 'update', 'variable_flags'),
  variableFlags: readsOld,
  history: [
    ['2.6.12', 'Learned `EX`, `PX`, `NX` and `XX`.'],
    ['6.0.0', 'Learned `KEEPTTL`.'],
    ['6.2.0', 'Learned `GET`, `EXAT` and `PXAT`.'],
    ['7.0.0', '`NX` and `GET` may go together.'],
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
      store(shard, req, 1, 2, shard.findForWrite(req, 1), -1)
      reply.ok()
      return
    }
    setWithOptions(shard, req, reply)
  },
}

export const setnx: Command = {
  name: 'SETNX',
  group: 'string',
  since: '1.0.0',
  summary: 'Stores a string at a key that does not exist yet.',
  complexity: 'O(1)',
  arity: 3,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('OW', 'insert'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'value', type: 'string' },
  ],

  run(shard, req, reply) {
    const exists = shard.findForWrite(req, 1) !== 0
    if (!exists) store(shard, req, 1, 2, 0, -1)
    reply.integer(exists ? 0 : 1)
  },
}

export const setex: Command = {
  name: 'SETEX',
  group: 'string',
  since: '2.0.0',
  summary: 'Stores a string at a key that expires after some seconds.',
  complexity: 'O(1)',
  arity: 4,
  flags: WRITE | DENY_OOM | BRIEF,
  keys: oneKey('OW', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'seconds', type: 'integer' },
    { name: 'value', type: 'string' },
  ],

  run(shard, req, reply) {
    setExpiring(shard, req, reply, true, 'setex')
  },
}

export const psetex: Command = {
  name: 'PSETEX',
  group: 'string',
  since: '2.6.0',
  summary: 'Stores a string at a key that expires after some milliseconds.',
  complexity: 'O(1)',
  arity: 4,
  flags: WRITE | DENY_OOM | BRIEF,
  keys: oneKey('OW', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'milliseconds', type: 'integer' },
    { name: 'value', type: 'string' },
  ],

  run(shard, req, reply) {
    setExpiring(shard, req, reply, false, 'psetex')
  },
}

export const getset: Command = {
  name: 'GETSET',
  group: 'string',
  since: '1.0.0',
  summary: 'Stores a string at a key and returns the string that was there.',
  complexity: 'O(1)',
  arity: 3,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'access', 'update'),
  deprecated: { since: '6.2.0', replacement: '`SET` with the `!GET` argument' },
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'value', type: 'string' },
  ],

  run(shard, req, reply) {
    const entry = replyOld(shard, req, reply)
    if (entry === WRONG) return
    store(shard, req, 1, 2, entry, -1)
    sayPlain(shard, req)
  },
}

function setWithOptions(shard: Shard, req: Request, reply: Reply): void {
  let options = 0
  let expiryOption = 0
  for (let at = 3; at < req.argc; at++) {
    if (req.is(at, 'NX') && (options & XX) === 0) options |= NX
    else if (req.is(at, 'XX') && (options & NX) === 0) options |= XX
    else if (req.is(at, 'GET')) options |= GET
    else if (req.is(at, 'KEEPTTL') && expiryOption === 0) options |= KEEP_TTL
    else if (isExpiryOption(req, at) && (options & KEEP_TTL) === 0 && at + 1 < req.argc) {
      // The same option may come again, the last one counts.
      if (expiryOption !== 0 && !isSameOption(req, expiryOption, at)) return reply.error(SYNTAX)
      expiryOption = at++
    } else return reply.error(SYNTAX)
  }
  let expireAt = -1
  if (expiryOption > 0) {
    expireAt = expiryAt(req, expiryOption, shard.engine.now)
    if (expireAt === BAD_INTEGER) return reply.error(NOT_AN_INTEGER)
    if (expireAt === BAD_EXPIRE) return reply.error(invalidExpire('set'))
  }
  const entry = (options & GET) !== 0 ? replyOld(shard, req, reply) : shard.findForWrite(req, 1)
  if (entry === WRONG) return
  if ((options & NX && entry !== 0) || (options & XX && entry === 0)) {
    if ((options & GET) === 0) reply.nil()
    return
  }
  const kept = options & KEEP_TTL && entry !== 0 ? entryExpireAt(shard.m, entry) : -1
  store(shard, req, 1, 2, entry, expireAt >= 0 ? expireAt : kept)
  if (expireAt >= 0) saidExpiring(shard, req, 2, expireAt)
  else if ((options & GET) !== 0) sayWithoutGet(shard, req)
  if ((options & GET) === 0) reply.ok()
}

function setExpiring(shard: Shard, req: Request, reply: Reply, isSeconds: boolean, name: string): void {
  const expireAt = positiveExpiry(req, 2, isSeconds, shard.engine.now)
  if (expireAt === BAD_INTEGER) return reply.error(NOT_AN_INTEGER)
  if (expireAt === BAD_EXPIRE) return reply.error(invalidExpire(name))
  store(shard, req, 1, 3, shard.findForWrite(req, 1), expireAt)
  saidExpiring(shard, req, 3, expireAt)
  reply.ok()
}

/** Replies the string at the key, and returns its entry. */
function replyOld(shard: Shard, req: Request, reply: Reply): EntryRef | 0 | typeof WRONG {
  const entry = shard.typed(req, 1, TYPE.STRING, reply)
  if (entry === 0) reply.nil()
  else if (entry !== WRONG) reply.bulk(shard.m.u8, stringAt(shard.m, entry), stringLength(shard.m, entry))
  return entry
}

/** Stores argument `value` under argument `key`, where `entry` was found. */
export function store(
  shard: Shard,
  req: Request,
  key: number,
  value: number,
  entry: EntryRef | 0,
  expireAt: number,
): void {
  const { u8, at, length, db } = req
  setString(shard, db, entry, u8, at[key], length[key], u8, at[value], length[value], expireAt)
  shard.touched(req, key, NOTIFY.STRING, 'set')
}

/** The event of a key that was just stored with an expiry, and its effect: a relative time goes out as an absolute one. */
function saidExpiring(shard: Shard, req: Request, value: number, expireAt: number): void {
  const { effects } = shard.engine
  shard.engine.notify(NOTIFY.GENERIC, 'expire', req.db, req.u8, req.at[1], req.length[1])
  effects.instead()
  effects.command(5)
  effects.word('SET')
  effects.bytes(req.u8, req.at[1], req.length[1])
  effects.bytes(req.u8, req.at[value], req.length[value])
  effects.word('PXAT')
  effectTime(effects, expireAt)
}

function sayPlain(shard: Shard, req: Request): void {
  const { effects } = shard.engine
  effects.instead()
  effects.command(3)
  effects.word('SET')
  effects.bytes(req.u8, req.at[1], req.length[1])
  effects.bytes(req.u8, req.at[2], req.length[2])
}

/** Nobody reads the replies of effects, so GET is left out of them. */
function sayWithoutGet(shard: Shard, req: Request): void {
  const { effects } = shard.engine
  let gets = 0
  for (let i = 3; i < req.argc; i++) if (req.is(i, 'GET')) gets++
  effects.instead()
  effects.command(req.argc - gets)
  for (let i = 0; i < req.argc; i++) {
    if (i < 3 || !req.is(i, 'GET')) effects.bytes(req.u8, req.at[i], req.length[i])
  }
}
