// INCRBYFLOAT: strings as decimal fractions, computed with the 64-bit mantissa that Redis's long double has.

import { addLongDoubles, formatLongDouble, parseLongDouble } from '../../bytes/long-double.ts'
import { NAN_OR_INFINITY, NOT_A_FLOAT } from '../../protocol/errors.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { ENCODING, entryEncoding, entryExpireAt, entrySetEncoding, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { setString } from '../../store/string-entry.ts'
import { type Command, DENY_OOM, FAST, oneKey, WRITE } from '../command.ts'

const ZERO = { mantissa: 0n, exponent: 0 }

export const incrbyfloat: Command = {
  name: 'INCRBYFLOAT',
  group: 'string',
  since: '2.6.0',
  summary: 'Adds a floating-point number to the one at a key, which starts as 0.',
  complexity: 'O(1)',
  arity: 3,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'access', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'increment', type: 'double' },
  ],

  run(shard, req, reply) {
    const entry = shard.typedForWrite(req, 1, TYPE.STRING, reply)
    if (entry === WRONG) return
    const m = shard.m
    const old = entry === 0 ? ZERO : parseLongDouble(m.u8, stringAt(m, entry), stringLength(m, entry))
    const increment = parseLongDouble(req.u8, req.at[2], req.length[2])
    if (old === undefined || increment === undefined) return reply.error(NOT_A_FLOAT)
    const sum = addLongDoubles(old, increment)
    if (sum === undefined) return reply.error(NAN_OR_INFINITY)
    const text = new Uint8Array(Buffer.from(formatLongDouble(sum), 'latin1'))
    const expireAt = entry === 0 ? -1 : entryExpireAt(m, entry)
    const stored = setString(shard, req.db, entry, req.u8, req.at[1], req.length[1], text, 0, text.length, expireAt)
    // A whole number stays text here, as OBJECT ENCODING shows.
    if (entryEncoding(m, stored) === ENCODING.INT) entrySetEncoding(m, stored, ENCODING.EMBSTR)
    shard.touched(req, 1, NOTIFY.STRING, 'incrbyfloat')
    saySet(shard, req, text)
    reply.bulk(text, 0, text.length)
  },
}

/** The sum goes out as what it is: other machines may compute another one. */
function saySet(shard: Shard, req: Request, text: Uint8Array): void {
  const { effects } = shard.engine
  effects.instead()
  effects.command(4)
  effects.word('SET')
  effects.bytes(req.u8, req.at[1], req.length[1])
  effects.bytes(text, 0, text.length)
  effects.word('KEEPTTL')
}
