// SETBIT and GETBIT: one bit of a string.

import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { TYPE } from '../../store/entry.ts'
import { WRONG } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { type Command, DENY_OOM, FAST, oneKey, READONLY, WRITE } from '../command.ts'
import { BAD_OFFSET, bitOffset } from './offset.ts'
import { needsGrowth, writableBits } from './writable.ts'

const BAD_BIT = 'ERR bit is not an integer or out of range'
const DIGIT_ZERO = 48
const DIGIT_ONE = 49

export const setbit: Command = {
  name: 'SETBIT',
  group: 'bitmap',
  since: '2.2.0',
  summary: 'Sets one bit of a string to 0 or 1 and returns what it was; makes the string longer as needed.',
  complexity: 'O(1)',
  arity: 4,
  flags: WRITE | DENY_OOM,
  keys: oneKey('RW', 'access', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'offset', type: 'integer' },
    { name: 'value', type: 'integer' },
  ],

  run(shard, req, reply) {
    const offset = bitOffset(shard, req, 2)
    if (offset < 0) return reply.error(BAD_OFFSET)
    const bit = bitOf(req, 3)
    if (bit < 0) return reply.error(BAD_BIT)
    const found = shard.typedForWrite(req, 1, TYPE.STRING, reply)
    if (found === WRONG) return
    const grown = needsGrowth(shard, found, offset)
    const entry = writableBits(shard, req, found, offset)
    const u8 = shard.m.u8
    const at = stringAt(shard.m, entry) + Math.floor(offset / 8)
    const shift = 7 - (offset % 8)
    const old = (u8[at] >> shift) & 1
    if (old !== bit) u8[at] ^= 1 << shift
    if (grown || old !== bit) shard.touched(req, 1, NOTIFY.STRING, 'setbit')
    reply.integer(old)
  },
}

export const getbit: Command = {
  name: 'GETBIT',
  group: 'bitmap',
  since: '2.2.0',
  summary: 'Returns one bit of a string; bits beyond its end are 0.',
  complexity: 'O(1)',
  arity: 3,
  flags: READONLY | FAST,
  keys: oneKey('RO', 'access'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'offset', type: 'integer' },
  ],

  run(shard, req, reply) {
    const offset = bitOffset(shard, req, 2)
    if (offset < 0) return reply.error(BAD_OFFSET)
    const entry = shard.typed(req, 1, TYPE.STRING, reply)
    if (entry === WRONG) return
    const byte = Math.floor(offset / 8)
    if (entry === 0 || byte >= stringLength(shard.m, entry)) return reply.integer(0)
    reply.integer((shard.m.u8[stringAt(shard.m, entry) + byte] >> (7 - (offset % 8))) & 1)
  },
}

/** Argument `i` as a bit, -1 if it is none. */
function bitOf(req: Request, i: number): number {
  if (req.isByte(i, DIGIT_ZERO)) return 0
  return req.isByte(i, DIGIT_ONE) ? 1 : -1
}
