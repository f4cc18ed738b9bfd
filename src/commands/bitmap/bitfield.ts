// BITFIELD and BITFIELD_RO: integers of any width at any bit of a string. The arguments are read twice, once to check
// them all before anything changes and once to carry them out, so that nothing need be kept.

import {
  FAIL,
  fitBigField,
  fitField,
  getBigField,
  getField,
  getSignedField,
  type Overflow,
  SATURATE,
  setBigField,
  setField,
  WRAP,
} from '../../bytes/bitfield.ts'
import { parseInteger } from '../../bytes/integers.ts'
import { NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { type EntryRef, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { type Command, DENY_OOM, FAST, oneKey, READONLY, WRITE } from '../command.ts'
import { BAD_OFFSET, fieldOffset } from './offset.ts'
import { needsGrowth, writableBits } from './writable.ts'

const BAD_TYPE = 'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.'
const BAD_OVERFLOW = 'ERR Invalid OVERFLOW type specified'
const READS_ONLY = 'ERR BITFIELD_RO only supports the GET subcommand'

const SIGNED = 0x69 // i
const UNSIGNED = 0x75 // u
/** Up to this width, and with operands below 2^WIDTH, plain numbers hold every sum exactly. */
const NUMBER_WIDTH_MAX = 51
const INT64_MAX = 2n ** 63n - 1n
const NUMBER_MAX = 2 ** NUMBER_WIDTH_MAX

/** Whether any of the operations is a SET or an INCRBY. */
function writes(req: Request): boolean {
  for (let i = 2; i < req.argc; i++) {
    const left = req.argc - i - 1
    if (req.is(i, 'GET') && left >= 2) i += 2
    else if ((req.is(i, 'SET') || req.is(i, 'INCRBY')) && left >= 3) return true
    else if (req.is(i, 'OVERFLOW') && left >= 1) i++
  }
  return false
}

export const bitfield: Command = {
  name: 'BITFIELD',
  group: 'bitmap',
  since: '3.2.0',
  summary: 'Reads, writes and increments integers of any width inside a string.',
  complexity: 'O(1) for each operation',
  arity: -2,
  flags: WRITE | DENY_OOM,
  keys: [
    {
      flags: ['RW', 'access', 'update', 'variable_flags'],
      notes: 'Some operations read the key, others write it',
      begin: { index: 1 },
      find: { last: 0, step: 1, limit: 0 },
    },
  ],
  variableFlags: req => (writes(req) ? ['RW', 'access', 'update'] : ['RO', 'access']),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    {
      name: 'operation',
      type: 'oneof',
      flags: ['optional', 'multiple'],
      args: [
        {
          name: 'encoding_offset',
          type: 'block',
          token: 'GET',
          args: [
            { name: 'encoding', type: 'string' },
            { name: 'offset', type: 'integer' },
          ],
        },
        {
          name: 'write',
          type: 'block',
          args: [
            {
              name: 'wrap_sat_fail',
              type: 'oneof',
              token: 'OVERFLOW',
              flags: ['optional'],
              args: [
                { name: 'wrap', type: 'pure-token', token: 'WRAP' },
                { name: 'sat', type: 'pure-token', token: 'SAT' },
                { name: 'fail', type: 'pure-token', token: 'FAIL' },
              ],
            },
            {
              name: 'write_operation',
              type: 'oneof',
              args: [
                {
                  name: 'encoding_offset_value',
                  type: 'block',
                  token: 'SET',
                  args: [
                    { name: 'encoding', type: 'string' },
                    { name: 'offset', type: 'integer' },
                    { name: 'value', type: 'integer' },
                  ],
                },
                {
                  name: 'encoding_offset_increment',
                  type: 'block',
                  token: 'INCRBY',
                  args: [
                    { name: 'encoding', type: 'string' },
                    { name: 'offset', type: 'integer' },
                    { name: 'increment', type: 'integer' },
                  ],
                },
              ],
            },
          ],
        },
      ],
    },
  ],

  run(shard, req, reply) {
    bitfieldRun(shard, req, reply, false)
  },
}

export const bitfieldRo: Command = {
  name: 'BITFIELD_RO',
  group: 'bitmap',
  since: '6.0.0',
  summary: 'Reads integers of any width inside a string.',
  complexity: 'O(1) for each operation',
  arity: -2,
  flags: READONLY | FAST,
  keys: oneKey('RO', 'access'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    {
      name: 'encoding_offset',
      type: 'block',
      token: 'GET',
      flags: ['optional', 'multiple', 'multiple_token'],
      args: [
        { name: 'encoding', type: 'string' },
        { name: 'offset', type: 'integer' },
      ],
    },
  ],

  run(shard, req, reply) {
    bitfieldRun(shard, req, reply, true)
  },
}

// What the checking pass found out.
let operations = 0
let lastWritten = -1

function bitfieldRun(shard: Shard, req: Request, reply: Reply, readsOnly: boolean): void {
  if (!check(shard, req, reply)) return
  if (lastWritten < 0) {
    const entry = shard.typed(req, 1, TYPE.STRING, reply)
    if (entry === WRONG) return
    carryOut(shard, req, reply, entry, false)
    return
  }
  if (readsOnly) return reply.error(READS_ONLY)
  const found = shard.typedForWrite(req, 1, TYPE.STRING, reply)
  if (found === WRONG) return
  const grown = needsGrowth(shard, found, lastWritten)
  const entry = writableBits(shard, req, found, lastWritten)
  const changes = carryOut(shard, req, reply, entry, grown)
  if (changes > 0) shard.touched(req, 1, NOTIFY.STRING, 'setbit', changes)
}

/** Arguments of the operation at `i`, its name included; 0 when there is no such operation or too few arguments. */
function argumentsOf(req: Request, i: number): number {
  const left = req.argc - i
  if (req.is(i, 'GET')) return left >= 3 ? 3 : 0
  if (req.is(i, 'SET') || req.is(i, 'INCRBY')) return left >= 4 ? 4 : 0
  return req.is(i, 'OVERFLOW') && left >= 2 ? 2 : 0
}

/** Checks all operations; false after replying an error. */
function check(shard: Shard, req: Request, reply: Reply): boolean {
  operations = 0
  lastWritten = -1
  for (let i = 2; i < req.argc; ) {
    const count = argumentsOf(req, i)
    const error = count === 0 ? SYNTAX : count === 2 ? overflowError(req, i + 1) : operationError(shard, req, i, count)
    if (error !== '') {
      reply.error(error)
      return false
    }
    i += count
  }
  return true
}

const overflowError = (req: Request, i: number): string =>
  req.is(i, 'WRAP') || req.is(i, 'SAT') || req.is(i, 'FAIL') ? '' : BAD_OVERFLOW

function operationError(shard: Shard, req: Request, i: number, count: number): string {
  const width = widthOf(req, i + 1)
  if (width === 0) return BAD_TYPE
  const offset = fieldOffset(shard, req, i + 2, width)
  if (offset < 0) return BAD_OFFSET
  if (count === 4) {
    if (Number.isNaN(req.integer(i + 3))) return NOT_AN_INTEGER
    lastWritten = Math.max(lastWritten, offset + width - 1)
  }
  operations++
  return ''
}

/** The width in argument `i`, `i16` or `u8`; 0 when it is none. */
function widthOf(req: Request, i: number): number {
  const sign = req.firstByte(i)
  if (sign !== SIGNED && sign !== UNSIGNED) return 0
  const width = parseInteger(req.u8, req.at[i] + 1, req.length[i] - 1)
  return width >= 1 && width <= (sign === SIGNED ? 64 : 63) ? width : 0
}

// What an operation came to.
const SAME = 0
const CHANGED = 1
const REFUSED = 2

/** Carries out the operations and replies. Returns how many wrote something; if `grown`, the same value counts too. */
function carryOut(shard: Shard, req: Request, reply: Reply, entry: EntryRef | 0, grown: boolean): number {
  const m = shard.m
  const at = entry === 0 ? 0 : stringAt(m, entry)
  const length = entry === 0 ? 0 : stringLength(m, entry)
  let overflow: Overflow = WRAP
  let changes = 0
  reply.array(operations)
  for (let i = 2; i < req.argc; ) {
    const count = argumentsOf(req, i)
    if (count === 2) {
      overflow = req.is(i + 1, 'WRAP') ? WRAP : req.is(i + 1, 'SAT') ? SATURATE : FAIL
    } else {
      const isSigned = req.firstByte(i + 1) === SIGNED
      const width = widthOf(req, i + 1)
      const offset = fieldOffset(shard, req, i + 2, width)
      const value = count === 4 ? req.integer(i + 3) : 0
      const isBig = width > NUMBER_WIDTH_MAX || Math.abs(value) >= NUMBER_MAX || (value < 0 && !isSigned)
      const outcome = isBig
        ? bigOperation(m.u8, at, length, req, i, offset, width, isSigned, overflow, reply)
        : numberOperation(m.u8, at, length, req, i, offset, width, isSigned, value, overflow, reply)
      if (outcome === CHANGED || (grown && count === 4 && outcome === SAME)) changes++
    }
    i += count
  }
  return changes
}

function numberOperation(
  u8: Uint8Array,
  at: number,
  length: number,
  req: Request,
  i: number,
  offset: number,
  width: number,
  isSigned: boolean,
  value: number,
  overflow: Overflow,
  reply: Reply,
): number {
  const old = isSigned ? getSignedField(u8, at, length, offset, width) : getField(u8, at, length, offset, width)
  if (req.is(i, 'GET')) {
    reply.integer(old)
    return SAME
  }
  const isSet = req.is(i, 'SET')
  const fitted = fitField(isSet ? value : old + value, width, isSigned, overflow)
  if (Number.isNaN(fitted)) {
    reply.nil()
    return REFUSED
  }
  setField(u8, at, offset, width, fitted)
  reply.integer(isSet ? old : fitted)
  return fitted === old ? SAME : CHANGED
}

/**
 * What SET is taken to store. An unsigned field takes a negative value for a huge one; and where max - value passes
 * int64, Redis's own sum wraps and the value counts as too high instead of too low.
 */
function settable(value: bigint, width: number, isSigned: boolean): bigint {
  if (!isSigned) return BigInt.asUintN(64, value)
  const max = (1n << BigInt(width - 1)) - 1n
  return width < 64 && max - value > INT64_MAX ? value + 2n ** 64n : value
}

/** The same for wide fields and operands. */
function bigOperation(
  u8: Uint8Array,
  at: number,
  length: number,
  req: Request,
  i: number,
  offset: number,
  width: number,
  isSigned: boolean,
  overflow: Overflow,
  reply: Reply,
): number {
  const old = getBigField(u8, at, length, offset, width, isSigned)
  if (req.is(i, 'GET')) {
    reply.bigInteger(old)
    return SAME
  }
  const isSet = req.is(i, 'SET')
  const value = req.bigInteger(i + 3) ?? 0n
  const wanted = isSet ? settable(value, width, isSigned) : old + value
  const fitted = fitBigField(wanted, width, isSigned, overflow)
  if (fitted === undefined) {
    reply.nil()
    return REFUSED
  }
  setBigField(u8, at, offset, width, fitted)
  reply.bigInteger(isSet ? old : fitted)
  return fitted === old ? SAME : CHANGED
}
