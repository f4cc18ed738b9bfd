// BITOP: AND, OR, XOR and NOT of whole strings, into another key. Sources and target may lie on any shards.

import { bitAnd, bitNot, bitOr, bitXor } from '../../bytes/bits.ts'
import { copyBytes } from '../../bytes/copy.ts'
import { SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { entryType, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { STRING_BLOCK, stringAt, stringBlockCreate, stringLength } from '../../store/string.ts'
import { setStringBlock } from '../../store/string-entry.ts'
import { type Command, DENY_OOM, WRITE } from '../command.ts'

const AND = 1
const OR = 2
const XOR = 3
const NOT = 4
const FIRST_SOURCE = 3
const BYTES_PER_EFFORT = 64

export const bitop: Command = {
  name: 'BITOP',
  group: 'bitmap',
  since: '2.6.0',
  summary: 'Combines strings bit by bit and stores the result.',
  complexity: 'O(N)',
  arity: -4,
  flags: WRITE | DENY_OOM,
  keys: [
    { flags: ['OW', 'update'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['RO', 'access'], begin: { index: 3 }, find: { last: -1, step: 1, limit: 0 } },
  ],
  args: [
    { name: 'operation', type: 'string' },
    { name: 'destkey', type: 'key', keySpec: 0 },
    { name: 'key', type: 'key', keySpec: 1, flags: ['multiple'] },
  ],

  cost(shard, req) {
    let bytes = 0
    for (let i = FIRST_SOURCE; i < req.argc; i++) {
      const home = shard.ofKey(req, i)
      const entry = home.peek(req, i)
      if (entry !== 0 && entryType(home.m, entry) === TYPE.STRING) bytes += stringLength(home.m, entry)
    }
    return bytes / BYTES_PER_EFFORT
  },

  run(shard, req, reply) {
    const operation = operationOf(req)
    if (operation === 0) return reply.error(SYNTAX)
    if (operation === NOT && req.argc !== 4) {
      return reply.error('ERR BITOP NOT must be called with a single source key.')
    }
    const bytes = longest(shard, req, reply)
    if (bytes < 0) return
    const home = shard.ofKey(req, 2)
    if (bytes > 0) {
      store(shard, home, req, operation, bytes)
    } else {
      const target = home.findForWrite(req, 2)
      if (target !== 0) {
        home.discard(req.db, target, false)
        home.touched(req, 2, NOTIFY.GENERIC, 'del')
      }
    }
    reply.integer(bytes)
  },
}

function operationOf(req: Request): number {
  if (req.is(1, 'AND')) return AND
  if (req.is(1, 'OR')) return OR
  if (req.is(1, 'XOR')) return XOR
  return req.is(1, 'NOT') ? NOT : 0
}

/** Bytes of the longest source, or -1 when one of them is no string, which has been replied. */
function longest(shard: Shard, req: Request, reply: Reply): number {
  let bytes = 0
  for (let i = FIRST_SOURCE; i < req.argc; i++) {
    const home = shard.ofKey(req, i)
    const entry = home.typed(req, i, TYPE.STRING, reply)
    if (entry === WRONG) return -1
    if (entry !== 0) bytes = Math.max(bytes, stringLength(home.m, entry))
  }
  return bytes
}

/** Works the result out in a new block, since the target may be one of the sources, and puts it under the target. */
function store(shard: Shard, home: Shard, req: Request, operation: number, bytes: number): void {
  const m = home.m
  const block = stringBlockCreate(m, bytes)
  const at = block * 8 + STRING_BLOCK.BYTES
  for (let i = FIRST_SOURCE; i < req.argc; i++) {
    const other = shard.ofKey(req, i)
    const source = other.m
    const entry = other.findKey(req.db, req.u8, req.at[i], req.length[i])
    const length = entry === 0 ? 0 : stringLength(source, entry)
    const from = entry === 0 ? 0 : stringAt(source, entry)
    if (i === FIRST_SOURCE) {
      copyBytes(m.u8, at, source.u8, from, length)
      m.u8.fill(0, at + length, at + bytes)
      if (operation === NOT) bitNot(m.u8, m.u32, at, bytes)
    } else if (operation === AND) bitAnd(m.u8, m.u32, at, bytes, source.u8, source.u32, from, length)
    else if (operation === OR) bitOr(m.u8, m.u32, at, bytes, source.u8, source.u32, from, length)
    else bitXor(m.u8, m.u32, at, bytes, source.u8, source.u32, from, length)
  }
  const target = home.findForWrite(req, 2)
  setStringBlock(home, req.db, target, req.u8, req.at[2], req.length[2], block)
  home.touched(req, 2, NOTIFY.STRING, 'set')
}
