// Parts of strings: STRLEN, APPEND, GETRANGE with its old name SUBSTR, SETRANGE.

import { copyBytes } from '../../bytes/copy.ts'
import { SETTING } from '../../config/settings.ts'
import { NOT_AN_INTEGER, STRING_TOO_LONG } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import { type Request, SENDER } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { type EntryRef, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { resizeString, setString } from '../../store/string-entry.ts'
import { type Argument, type Command, DENY_OOM, FAST, oneKey, READONLY, WRITE } from '../command.ts'

const RANGE: readonly Argument[] = [
  { name: 'key', type: 'key', keySpec: 0 },
  { name: 'start', type: 'integer' },
  { name: 'end', type: 'integer' },
]
const RANGE_COMPLEXITY = 'O(N) for a part of N bytes'

export const strlen: Command = {
  name: 'STRLEN',
  group: 'string',
  since: '2.2.0',
  summary: 'Returns how many bytes the string at a key has.',
  complexity: 'O(1)',
  arity: 2,
  flags: READONLY | FAST,
  keys: oneKey('RO'),
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const entry = shard.typed(req, 1, TYPE.STRING, reply)
    if (entry !== WRONG) reply.integer(entry === 0 ? 0 : stringLength(shard.m, entry))
  },
}

export const append: Command = {
  name: 'APPEND',
  group: 'string',
  since: '2.0.0',
  summary: 'Adds bytes to the end of the string at a key, which starts empty.',
  complexity: 'O(1) on average: strings that grow get room to grow on',
  arity: 3,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'insert'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'value', type: 'string' },
  ],

  run(shard, req, reply) {
    const { u8, at, length } = req
    const entry = shard.typedForWrite(req, 1, TYPE.STRING, reply)
    if (entry === WRONG) return
    let total = length[2]
    if (entry === 0) {
      setString(shard, req.db, 0, u8, at[1], length[1], u8, at[2], total, -1)
    } else {
      const old = stringLength(shard.m, entry)
      total += old
      if (isTooLong(shard, req, total)) return reply.error(STRING_TOO_LONG)
      const grown = resizeString(shard, req.db, entry, total)
      copyBytes(shard.m.u8, stringAt(shard.m, grown) + old, u8, at[2], length[2])
    }
    shard.touched(req, 1, NOTIFY.STRING, 'append')
    reply.integer(total)
  },
}

export const getrange: Command = {
  name: 'GETRANGE',
  group: 'string',
  since: '2.4.0',
  summary: 'Returns part of the string at a key.',
  complexity: RANGE_COMPLEXITY,
  arity: 4,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  args: RANGE,

  run(shard, req, reply) {
    replyRange(shard, req, reply)
  },
}

export const substr: Command = {
  name: 'SUBSTR',
  group: 'string',
  since: '1.0.0',
  summary: 'Returns part of the string at a key.',
  complexity: RANGE_COMPLEXITY,
  arity: 4,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  deprecated: { since: '2.0.0', replacement: '`GETRANGE`' },
  args: RANGE,

  run(shard, req, reply) {
    replyRange(shard, req, reply)
  },
}

export const setrange: Command = {
  name: 'SETRANGE',
  group: 'string',
  since: '2.2.0',
  summary: 'Overwrites part of the string at a key, filling up with zeros to where the part begins.',
  complexity: 'O(N) for a part of N bytes',
  arity: 4,
  flags: WRITE | DENY_OOM,
  keys: oneKey('RW', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'offset', type: 'integer' },
    { name: 'value', type: 'string' },
  ],

  run(shard, req, reply) {
    const { u8, at, length } = req
    const offset = req.integer(2)
    if (Number.isNaN(offset)) return reply.error(NOT_AN_INTEGER)
    if (offset < 0) return reply.error('ERR offset is out of range')
    const entry = shard.typedForWrite(req, 1, TYPE.STRING, reply)
    if (entry === WRONG) return
    const old = entry === 0 ? 0 : stringLength(shard.m, entry)
    if (length[3] === 0) return reply.integer(old)
    const end = offset + length[3]
    if (isTooLong(shard, req, end)) return reply.error(STRING_TOO_LONG)
    const total = end > old ? end : old
    const grown = resizeString(shard, req.db, entry === 0 ? emptyString(shard, req) : entry, total)
    copyBytes(shard.m.u8, stringAt(shard.m, grown) + offset, u8, at[3], length[3])
    shard.touched(req, 1, NOTIFY.STRING, 'setrange')
    reply.integer(total)
  },
}

const emptyString = (shard: Shard, req: Request): EntryRef =>
  setString(shard, req.db, 0, req.u8, req.at[1], req.length[1], req.u8, 0, 0, -1)

/** Whether a string of this length is refused; the master and the log may do what they want. */
function isTooLong(shard: Shard, req: Request, length: number): boolean {
  if ((req.sender.flags & (SENDER.MASTER | SENDER.LOADING)) !== 0) return false
  return length > shard.engine.settings[SETTING.protoMaxBulkLen]
}

function replyRange(shard: Shard, req: Request, reply: Reply): void {
  let start = req.integer(2)
  let end = req.integer(3)
  if (Number.isNaN(start) || Number.isNaN(end)) return reply.error(NOT_AN_INTEGER)
  const entry = shard.typed(req, 1, TYPE.STRING, reply)
  if (entry === WRONG) return
  const length = entry === 0 ? 0 : stringLength(shard.m, entry)
  // Both before the string's start, the range still has its first byte, unless its ends are in the wrong order.
  if (entry === 0 || length === 0 || (end < 0 && isReversed(req, start, end))) return reply.bulk(req.u8, 0, 0)
  if (start < 0) start = Math.max(0, length + start)
  if (end < 0) end = Math.max(0, length + end)
  if (end >= length) end = length - 1
  if (start > end) reply.bulk(req.u8, 0, 0)
  else reply.bulk(shard.m.u8, stringAt(shard.m, entry) + start, end - start + 1)
}

/** Whether two negative ends are in the wrong order; those beyond 2^53 are compared exactly. */
function isReversed(req: Request, start: number, end: number): boolean {
  if (Number.isFinite(start) || Number.isFinite(end)) return start < 0 && start > end
  return start < 0 && (req.bigInteger(2) as bigint) > (req.bigInteger(3) as bigint)
}
