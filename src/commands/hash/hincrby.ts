// HINCRBY and HINCRBYFLOAT: fields as counters. A field's time to live stays as it is.

import { parseBigInteger, parseInteger, writeBigInteger, writeInteger } from '../../bytes/integers.ts'
import { addLongDoubles, formatLongDouble, isFiniteLongDouble, parseLongDouble } from '../../bytes/long-double.ts'
import { NAN_OR_INFINITY, NOT_A_FLOAT, NOT_AN_INTEGER, OVERFLOW } from '../../protocol/errors.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import type { EntryRef } from '../../store/entry.ts'
import { hashExpireAt, hashFind, hashReadValue, hashSet } from '../../store/hash-value.ts'
import { ListpackElement } from '../../store/listpack.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { type Command, DENY_OOM, FAST, oneKey, WRITE } from '../command.ts'
import { addHash, findHashForWrite } from './shared.ts'

const HASH_NOT_AN_INTEGER = 'ERR hash value is not an integer'
const HASH_NOT_A_FLOAT = 'ERR hash value is not a float'
const INCREMENT_NAN_OR_INFINITY = 'ERR value is NaN or Infinity'
/** What a field and a counter take in a new listpack, about. */
const COUNTER_BYTES = 16

const value = new ListpackElement()
const digits = new Uint8Array(24)

export const hincrby: Command = {
  name: 'HINCRBY',
  group: 'hash',
  since: '2.0.0',
  summary: 'Adds an integer to a field of a hash, which counts as 0 if it is not there.',
  complexity: 'O(1)',
  arity: 4,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'access', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'field', type: 'string' },
    { name: 'increment', type: 'integer' },
  ],

  run(shard, req, reply) {
    const increment = req.integer(3)
    if (Number.isNaN(increment)) return reply.error(NOT_AN_INTEGER)
    const found = findHashForWrite(shard, req, reply)
    if (found === WRONG) return
    let old = 0
    if (found !== 0 && readField(shard, found, req)) {
      old = parseInteger(value.bytes, value.at, value.length)
      if (Number.isNaN(old)) return reply.error(HASH_NOT_AN_INTEGER)
    }
    // An infinite one is an integer beyond 2^53.
    const sum = old + increment
    if (Number.isSafeInteger(sum)) {
      setField(shard, found, req, digits, writeInteger(digits, 0, sum))
      shard.touched(req, 1, NOTIFY.HASH, 'hincrby')
      return reply.integer(sum)
    }
    const exact = (Number.isFinite(old) ? BigInt(old) : bigValue()) + (req.bigInteger(3) as bigint)
    if (exact !== BigInt.asIntN(64, exact)) return reply.error(OVERFLOW)
    setField(shard, found, req, digits, writeBigInteger(digits, 0, exact))
    shard.touched(req, 1, NOTIFY.HASH, 'hincrby')
    reply.bigInteger(exact)
  },
}

const bigValue = (): bigint => parseBigInteger(value.bytes, value.at, value.length) as bigint

/** Reads the field in argument 2 into `value`; false if it is not there. */
function readField(shard: Shard, entry: EntryRef, req: Request): boolean {
  const place = hashFind(shard.m, entry, req.u8, req.at[2], req.length[2])
  if (place === 0) return false
  hashReadValue(shard.m, entry, place, value)
  return true
}

/** Sets the field in argument 2, making the hash if need be. Returns the entry. */
function setField(shard: Shard, found: EntryRef | 0, req: Request, bytes: Uint8Array, length: number): EntryRef {
  const entry = found === 0 ? addHash(shard, req, req.length[2] + COUNTER_BYTES) : found
  hashSet(shard.m, entry, shard.engine.settings, true, req.u8, req.at[2], req.length[2], bytes, 0, length)
  return entry
}

export const hincrbyfloat: Command = {
  name: 'HINCRBYFLOAT',
  group: 'hash',
  since: '2.6.0',
  summary: 'Adds a number to a field of a hash, which counts as 0 if it is not there.',
  complexity: 'O(1)',
  arity: 4,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'access', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'field', type: 'string' },
    { name: 'increment', type: 'double' },
  ],

  run(shard, req, reply) {
    const increment = parseLongDouble(req.u8, req.at[3], req.length[3])
    if (increment === undefined) return reply.error(NOT_A_FLOAT)
    if (!isFiniteLongDouble(increment)) return reply.error(INCREMENT_NAN_OR_INFINITY)
    const found = findHashForWrite(shard, req, reply)
    if (found === WRONG) return
    let sum: typeof increment | undefined = increment
    if (found !== 0 && readField(shard, found, req)) {
      const old = parseLongDouble(value.bytes, value.at, value.length)
      if (old === undefined) return reply.error(HASH_NOT_A_FLOAT)
      sum = addLongDoubles(old, increment)
    }
    if (sum === undefined) return reply.error(NAN_OR_INFINITY)
    const text = Buffer.from(formatLongDouble(sum), 'latin1')
    const entry = setField(shard, found, req, text, text.length)
    shard.touched(req, 1, NOTIFY.HASH, 'hincrbyfloat')
    sayValue(shard, req, entry, text)
    reply.bulk(text, 0, text.length)
  },
}

/** Log and replicas get the sum, since another machine may round it otherwise. HSET ends a time to live: it is repeated. */
function sayValue(shard: Shard, req: Request, entry: EntryRef, text: Uint8Array): void {
  const { m, engine } = shard
  const { u8, at, length } = req
  const effects = engine.effects
  effects.instead()
  effects.command(4)
  effects.word('HSET')
  effects.bytes(u8, at[1], length[1])
  effects.bytes(u8, at[2], length[2])
  effects.bytes(text, 0, text.length)
  const expireAt = hashExpireAt(m, entry, hashFind(m, entry, u8, at[2], length[2]))
  if (expireAt < 0) return
  effects.command(6)
  effects.word('HPEXPIREAT')
  effects.bytes(u8, at[1], length[1])
  effects.integer(expireAt)
  effects.word('FIELDS')
  effects.integer(1)
  effects.bytes(u8, at[2], length[2])
}
