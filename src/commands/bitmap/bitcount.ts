// BITCOUNT and BITPOS: counting and searching bits in a range of a string, given in bytes or bits.

import { countBitRange, countBits, findBit } from '../../bytes/bits.ts'
import { NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Request } from '../../protocol/request.ts'
import { entryType, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { type Argument, type Command, oneKey, READONLY } from '../command.ts'

const UNIT: Argument = {
  name: 'index_unit',
  type: 'oneof',
  since: '7.0.0',
  flags: ['optional'],
  args: [
    { name: 'byte', type: 'pure-token', token: 'BYTE' },
    { name: 'bit', type: 'pure-token', token: 'BIT' },
  ],
}

/** Bytes that are counted as fast as one element of another type is visited. */
const BYTES_PER_EFFORT = 64

/** How much of a string there is to go through. */
function effort(shard: Shard, req: Request): number {
  const entry = shard.peek(req, 1)
  return entry === 0 || entryType(shard.m, entry) !== TYPE.STRING ? 0 : stringLength(shard.m, entry) / BYTES_PER_EFFORT
}

// The range that `readRange` found, in bits; both ends included.
let first = 0
let last = 0

/**
 * Cuts the range from index `start` to `end`, negative ones counting from the end, to a string of `bytes` bytes.
 * False when nothing is left.
 */
function cutRange(start: number, end: number, bytes: number, isBits: boolean): boolean {
  const total = isBits ? bytes * 8 : bytes
  if (start < 0) start = Math.max(0, total + start)
  if (end < 0) end = Math.max(0, total + end)
  if (end >= total) end = total - 1
  first = isBits ? start : start * 8
  last = isBits ? end : end * 8 + 7
  return start <= end
}

export const bitcount: Command = {
  name: 'BITCOUNT',
  group: 'bitmap',
  since: '2.6.0',
  summary: 'Counts the bits that are 1 in a string or a range of it.',
  complexity: 'O(N)',
  arity: -2,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  history: [['7.0.0', 'The range can be given in bits: `BYTE|BIT`.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    {
      name: 'index',
      type: 'block',
      flags: ['optional'],
      args: [{ name: 'start', type: 'integer' }, { name: 'end', type: 'integer' }, UNIT],
    },
  ],
  cost: effort,

  run(shard, req, reply) {
    const entry = shard.typed(req, 1, TYPE.STRING, reply)
    if (entry === WRONG) return
    // A missing key is answered before the range is looked at, as in Redis.
    if (entry === 0) return reply.integer(0)
    const m = shard.m
    const bytes = stringLength(m, entry)
    if (req.argc === 2) return reply.integer(countBits(m.u8, m.u32, stringAt(m, entry), bytes))
    if (req.argc !== 4 && req.argc !== 5) return reply.error(SYNTAX)
    const start = req.integer(2)
    const end = req.integer(3)
    if (Number.isNaN(start) || Number.isNaN(end)) return reply.error(NOT_AN_INTEGER)
    if (start < 0 && end < 0 && start > end) return reply.integer(0)
    if (req.argc === 5 && !isUnit(req, 4)) return reply.error(SYNTAX)
    const some = cutRange(start, end, bytes, req.argc === 5 && req.is(4, 'BIT'))
    reply.integer(some ? countBitRange(m.u8, m.u32, stringAt(m, entry), first, last) : 0)
  },
}

export const bitpos: Command = {
  name: 'BITPOS',
  group: 'bitmap',
  since: '2.8.7',
  summary: 'Finds the first bit that is 0, or 1, in a string or a range of it.',
  complexity: 'O(N)',
  arity: -3,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  history: [['7.0.0', 'The range can be given in bits: `BYTE|BIT`.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'bit', type: 'integer' },
    {
      name: 'index',
      type: 'block',
      flags: ['optional'],
      args: [
        { name: 'start', type: 'integer' },
        {
          name: 'end_index',
          type: 'block',
          flags: ['optional'],
          args: [{ name: 'end', type: 'integer' }, UNIT],
        },
      ],
    },
  ],
  cost: effort,

  run(shard, req, reply) {
    const bit = req.integer(2)
    if (Number.isNaN(bit)) return reply.error(NOT_AN_INTEGER)
    if (bit !== 0 && bit !== 1) return reply.error('ERR The bit argument must be 1 or 0.')
    const entry = shard.typed(req, 1, TYPE.STRING, reply)
    if (entry === WRONG) return
    // Nothing is taken for endless zeros.
    if (entry === 0) return reply.integer(bit === 1 ? -1 : 0)
    const m = shard.m
    const bytes = stringLength(m, entry)
    if (req.argc > 6) return reply.error(SYNTAX)
    const start = req.argc > 3 ? req.integer(3) : 0
    if (Number.isNaN(start)) return reply.error(NOT_AN_INTEGER)
    if (req.argc === 6 && !isUnit(req, 5)) return reply.error(SYNTAX)
    const isBits = req.argc === 6 && req.is(5, 'BIT')
    const hasEnd = req.argc > 4
    const end = hasEnd ? req.integer(4) : bytes - 1
    if (Number.isNaN(end)) return reply.error(NOT_AN_INTEGER)
    if (!cutRange(start, end, bytes, isBits)) return reply.integer(-1)
    const found = findBit(m.u8, m.u32, stringAt(m, entry), first, last, bit)
    // All ones and no end given: the first zero is the one behind the string.
    reply.integer(found < 0 && bit === 0 && !hasEnd ? bytes * 8 : found)
  },
}

const isUnit = (req: Request, i: number): boolean => req.is(i, 'BYTE') || req.is(i, 'BIT')
