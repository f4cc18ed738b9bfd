// HSET, HMSET and HSETNX: setting fields.

import { wrongArguments } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { hashFind, hashSet } from '../../store/hash-value.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { type Argument, type Command, DENY_OOM, FAST, oneKey, WRITE } from '../command.ts'
import { addHash, findHashForWrite } from './shared.ts'

/** Bytes that a listpack adds to a short element. */
const ELEMENT_EXTRA_BYTES = 2

const PAIRS: Argument = {
  name: 'field_value',
  type: 'block',
  flags: ['multiple'],
  args: [
    { name: 'field', type: 'string' },
    { name: 'value', type: 'string' },
  ],
}

/** Sets the fields in arguments 2, 4, … Returns how many are new, -1 after replying an error. */
function setPairs(shard: Shard, req: Request, reply: Reply): number {
  const found = findHashForWrite(shard, req, reply)
  if (found === WRONG) return -1
  const { u8, at, length, argc } = req
  const entry = found === 0 ? addHash(shard, req, bytesOf(req)) : found
  const settings = shard.engine.settings
  let added = 0
  for (let i = 2; i < argc; i += 2) {
    const j = i + 1
    if (hashSet(shard.m, entry, settings, false, u8, at[i], length[i], u8, at[j], length[j])) added++
  }
  shard.touched(req, 1, NOTIFY.HASH, 'hset', (argc - 2) / 2)
  return added
}

/** About what the arguments from 2 on take in a listpack. */
function bytesOf(req: Request): number {
  let bytes = 0
  for (let i = 2; i < req.argc; i++) bytes += req.length[i] + ELEMENT_EXTRA_BYTES
  return bytes
}

export const hset: Command = {
  name: 'HSET',
  group: 'hash',
  since: '2.0.0',
  summary: 'Sets fields of a hash, and returns how many of them are new.',
  complexity: 'O(N), N being the number of fields set',
  arity: -4,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'update'),
  history: [['4.0.0', 'Takes several fields and values.']],
  args: [{ name: 'key', type: 'key', keySpec: 0 }, PAIRS],
  cost: (_, req) => req.argc,

  run(shard, req, reply) {
    if (req.argc % 2 !== 0) return reply.error(wrongArguments('hset'))
    const added = setPairs(shard, req, reply)
    if (added >= 0) reply.integer(added)
  },
}

export const hmset: Command = {
  name: 'HMSET',
  group: 'hash',
  since: '2.0.0',
  summary: 'Sets fields of a hash.',
  complexity: 'O(N), N being the number of fields set',
  arity: -4,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'update'),
  deprecated: { since: '4.0.0', replacement: '`HSET` with multiple field-value pairs' },
  args: [{ name: 'key', type: 'key', keySpec: 0 }, PAIRS],
  cost: (_, req) => req.argc,

  run(shard, req, reply) {
    if (req.argc % 2 !== 0) return reply.error(wrongArguments('hmset'))
    if (setPairs(shard, req, reply) >= 0) reply.ok()
  },
}

export const hsetnx: Command = {
  name: 'HSETNX',
  group: 'hash',
  since: '2.0.0',
  summary: 'Sets a field of a hash unless it exists.',
  complexity: 'O(1)',
  arity: 4,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'insert'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'field', type: 'string' },
    { name: 'value', type: 'string' },
  ],

  run(shard, req, reply) {
    const { u8, at, length } = req
    const found = findHashForWrite(shard, req, reply)
    if (found === WRONG) return
    if (found !== 0 && hashFind(shard.m, found, u8, at[2], length[2]) !== 0) return reply.integer(0)
    const entry = found === 0 ? addHash(shard, req, bytesOf(req)) : found
    hashSet(shard.m, entry, shard.engine.settings, false, u8, at[2], length[2], u8, at[3], length[3])
    shard.touched(req, 1, NOTIFY.HASH, 'hset')
    reply.integer(1)
  },
}
