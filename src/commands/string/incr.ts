// INCR, DECR, INCRBY and DECRBY: strings as 64-bit counters.
//
// A counter that keeps its number of digits is rewritten where it lies. Numbers are doubles while they are safe
// integers; beyond 2^53 bigints take over, so that all of int64 is exact.

import { integerLength, parseBigInteger, parseInteger, writeBigInteger, writeInteger } from '../../bytes/integers.ts'
import { NOT_AN_INTEGER, OVERFLOW } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { ENCODING, type EntryRef, entryExpireAt, entrySetEncoding, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { setString } from '../../store/string-entry.ts'
import { type Command, DENY_OOM, FAST, oneKey, WRITE } from '../command.ts'

const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

/** Digits on their way into an entry. */
const digits = new Uint8Array(24)

export const incr: Command = {
  name: 'INCR',
  group: 'string',
  since: '1.0.0',
  summary: 'Adds one to the integer at a key, which starts as 0.',
  complexity: 'O(1)',
  arity: 2,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'access', 'update'),
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    add(shard, req, reply, 1)
  },
}

export const decr: Command = {
  name: 'DECR',
  group: 'string',
  since: '1.0.0',
  summary: 'Subtracts one from the integer at a key, which starts as 0.',
  complexity: 'O(1)',
  arity: 2,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'access', 'update'),
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    add(shard, req, reply, -1)
  },
}

export const incrby: Command = {
  name: 'INCRBY',
  group: 'string',
  since: '1.0.0',
  summary: 'Adds a number to the integer at a key, which starts as 0.',
  complexity: 'O(1)',
  arity: 3,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'access', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'increment', type: 'integer' },
  ],

  run(shard, req, reply) {
    const increment = req.integer(2)
    if (Number.isNaN(increment)) return reply.error(NOT_AN_INTEGER)
    add(shard, req, reply, increment)
  },
}

export const decrby: Command = {
  name: 'DECRBY',
  group: 'string',
  since: '1.0.0',
  summary: 'Subtracts a number from the integer at a key, which starts as 0.',
  complexity: 'O(1)',
  arity: 3,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'access', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'decrement', type: 'integer' },
  ],

  run(shard, req, reply) {
    const decrement = req.integer(2)
    if (Number.isNaN(decrement)) return reply.error(NOT_AN_INTEGER)
    // The lowest int64 has no opposite.
    if (decrement === Number.NEGATIVE_INFINITY && req.bigInteger(2) === INT64_MIN) {
      return reply.error('ERR decrement would overflow')
    }
    add(shard, req, reply, -decrement)
  },
}

/** Adds `increment` to the counter of argument 1; an infinite one means argument 2, or its opposite, as a bigint. */
function add(shard: Shard, req: Request, reply: Reply, increment: number): void {
  const entry = shard.typedForWrite(req, 1, TYPE.STRING, reply)
  if (entry === WRONG) return
  const m = shard.m
  let old = 0
  let at = 0
  let length = 0
  if (entry !== 0) {
    at = stringAt(m, entry)
    length = stringLength(m, entry)
    old = parseInteger(m.u8, at, length)
    if (Number.isNaN(old)) return reply.error(NOT_AN_INTEGER)
  }
  const sum = old + increment
  if (!Number.isSafeInteger(sum)) return addBig(shard, req, reply, entry, increment)
  if (entry !== 0 && integerLength(sum) === length) {
    writeInteger(m.u8, at, sum)
    entrySetEncoding(m, entry, ENCODING.INT)
  } else {
    store(shard, req, entry, writeInteger(digits, 0, sum))
  }
  shard.touched(req, 1, NOTIFY.STRING, 'incrby')
  reply.integer(sum)
}

function addBig(shard: Shard, req: Request, reply: Reply, entry: EntryRef | 0, increment: number): void {
  const m = shard.m
  const old = entry === 0 ? 0n : (parseBigInteger(m.u8, stringAt(m, entry), stringLength(m, entry)) as bigint)
  const sum = old + bigIncrement(req, increment)
  if (sum > INT64_MAX || sum < INT64_MIN) return reply.error(OVERFLOW)
  store(shard, req, entry, writeBigInteger(digits, 0, sum))
  shard.touched(req, 1, NOTIFY.STRING, 'incrby')
  reply.bigInteger(sum)
}

function bigIncrement(req: Request, increment: number): bigint {
  if (Number.isFinite(increment)) return BigInt(increment)
  const given = req.bigInteger(2) as bigint
  // DECRBY has turned the sign of the increment, but not of its argument.
  return given > 0n === increment > 0 ? given : -given
}

/** Stores the first `length` digits; an expiry stays. */
function store(shard: Shard, req: Request, entry: EntryRef | 0, length: number): void {
  const expireAt = entry === 0 ? -1 : entryExpireAt(shard.m, entry)
  setString(shard, req.db, entry, req.u8, req.at[1], req.length[1], digits, 0, length, expireAt)
}
