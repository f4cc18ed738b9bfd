// HGETALL, HKEYS, HVALS: a whole hash.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { EntryRef } from '../../store/entry.ts'
import { hashCount } from '../../store/hash-value.ts'
import { HashWalk } from '../../store/hash-walk.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { type Command, oneKey, READONLY } from '../command.ts'
import { findHash, hideAt } from './shared.ts'

const NAMES = 1
const VALUES = 2

const walk = new HashWalk()
const { name, value } = walk

/** Replies names, values or both of all fields. */
function replyAll(shard: Shard, req: Request, reply: Reply, what: number): void {
  const entry = findHash(shard, req, reply, true)
  if (entry === WRONG) return
  const isMap = what === (NAMES | VALUES)
  if (entry === 0) {
    if (isMap) reply.map(0)
    else reply.emptyArray()
    return
  }
  const hidden = hideAt(shard)
  const begun = reply.begin()
  // On a replica some fields may be passed over, so the number comes last.
  if (hidden === 0 && isMap) reply.map(hashCount(shard.m, entry))
  else if (hidden === 0) reply.array(hashCount(shard.m, entry))
  const count = replyFields(shard, entry, hidden, reply, what)
  if (hidden === 0) return
  if (isMap) reply.finishMap(begun, count)
  else reply.finishArray(begun, count)
}

function replyFields(shard: Shard, entry: EntryRef, hidden: number, reply: Reply, what: number): number {
  let count = 0
  walk.start(shard.m, entry, hidden)
  for (; walk.next(); count++) {
    if ((what & NAMES) !== 0) {
      walk.readName()
      reply.bulk(name.bytes, name.at, name.length)
    }
    if ((what & VALUES) !== 0) {
      walk.readValue()
      reply.bulk(value.bytes, value.at, value.length)
    }
  }
  return count
}

const shared = {
  group: 'hash',
  since: '2.0.0',
  complexity: 'O(N), N being the size of the hash',
  arity: 2,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  tips: ['nondeterministic_output_order'],
  args: [{ name: 'key', type: 'key', keySpec: 0 }],
} as const

export const hgetall: Command = {
  ...shared,
  name: 'HGETALL',
  summary: 'Returns all fields and values of a hash.',
  run: (shard, req, reply) => replyAll(shard, req, reply, NAMES | VALUES),
}

export const hkeys: Command = {
  ...shared,
  name: 'HKEYS',
  summary: 'Returns all fields of a hash.',
  run: (shard, req, reply) => replyAll(shard, req, reply, NAMES),
}

export const hvals: Command = {
  ...shared,
  name: 'HVALS',
  summary: 'Returns all values of a hash.',
  run: (shard, req, reply) => replyAll(shard, req, reply, VALUES),
}
