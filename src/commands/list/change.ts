// LSET, LINSERT, LREM: changing what is inside a list.

import { INDEX_OUT_OF_RANGE, NO_SUCH_KEY, NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import { NOTIFY } from '../../store/engine.ts'
import { TYPE } from '../../store/entry.ts'
import { integerOf } from '../../store/listpack-element.ts'
import type { Memory } from '../../store/memory.ts'
import { quicklistDeleteMatches, quicklistInsert, quicklistReplace } from '../../store/quicklist.ts'
import { cursor, cursorIs, cursorNext, cursorSeek } from '../../store/quicklist-cursor.ts'
import type { NodeRef } from '../../store/quicklist-node.ts'
import { type QuicklistRef, quicklistCount } from '../../store/quicklist-record.ts'
import { WRONG } from '../../store/shard.ts'
import { type Command, DENY_OOM, oneKey, WRITE } from '../command.ts'
import { discardIfEmpty, listEffort, listOf, walkEffort } from './shared.ts'

export const lset: Command = {
  name: 'LSET',
  group: 'list',
  since: '1.0.0',
  summary: 'Replaces the element of a list at an index.',
  complexity: 'O(N), N being the distance of the element from the nearer end',
  arity: 4,
  flags: WRITE | DENY_OOM,
  keys: oneKey('RW', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'index', type: 'integer' },
    { name: 'element', type: 'string' },
  ],
  cost: (shard, req) => walkEffort(shard, req, 1),

  run(shard, req, reply) {
    const entry = shard.typedForWrite(req, 1, TYPE.LIST, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.error(NO_SUCH_KEY)
    const list = listOf(shard.m, entry)
    const count = quicklistCount(shard.m, list)
    let index = req.integer(2)
    if (Number.isNaN(index)) return reply.error(NOT_AN_INTEGER)
    if (index < 0) index += count
    if (index < 0 || index >= count) return reply.error(INDEX_OUT_OF_RANGE)
    quicklistReplace(shard.m, list, index, req.u8, req.at[3], req.length[3])
    shard.touched(req, 1, NOTIFY.LIST, 'lset')
    reply.ok()
  },
}

export const linsert: Command = {
  name: 'LINSERT',
  group: 'list',
  since: '2.2.0',
  summary: 'Puts an element before or behind the first one of a list that equals another.',
  complexity: 'O(N), N being the number of elements before that one',
  arity: 5,
  flags: WRITE | DENY_OOM,
  keys: oneKey('RW', 'insert'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    {
      name: 'where',
      type: 'oneof',
      args: [
        { name: 'before', type: 'pure-token', token: 'BEFORE' },
        { name: 'after', type: 'pure-token', token: 'AFTER' },
      ],
    },
    { name: 'pivot', type: 'string' },
    { name: 'element', type: 'string' },
  ],
  cost: (shard, req) => listEffort(shard, req, 1),

  run(shard, req, reply) {
    const behind = req.is(2, 'AFTER')
    if (!behind && !req.is(2, 'BEFORE')) return reply.error(SYNTAX)
    const entry = shard.typedForWrite(req, 1, TYPE.LIST, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.integer(0)
    const m = shard.m
    const list = listOf(m, entry)
    const { u8, at, length } = req
    if (!findFirst(m, list, u8, at[3], length[3])) return reply.integer(-1)
    quicklistInsert(m, list, cursor.node as NodeRef, cursor.index, behind, u8, at[4], length[4])
    shard.touched(req, 1, NOTIFY.LIST, 'linsert')
    reply.integer(quicklistCount(m, list))
  },
}

/** Brings the cursor to the first element with this text. False if there is none. */
function findFirst(m: Memory, list: QuicklistRef, bytes: Uint8Array, at: number, length: number): boolean {
  const integer = integerOf(bytes, at, length)
  for (let more = cursorSeek(cursor, m, list, 0); more; more = cursorNext(cursor, m)) {
    if (cursorIs(cursor, bytes, at, length, integer)) return true
  }
  return false
}

export const lrem: Command = {
  name: 'LREM',
  group: 'list',
  since: '1.0.0',
  summary: 'Removes elements that equal a value: the first so many, the last so many, or all.',
  complexity: 'O(N+M), N being the length of the list and M the number of elements removed',
  arity: 4,
  flags: WRITE,
  keys: oneKey('RW', 'delete'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'count', type: 'integer' },
    { name: 'element', type: 'string' },
  ],
  cost: (shard, req) => listEffort(shard, req, 1),

  run(shard, req, reply) {
    const count = req.integer(2)
    if (Number.isNaN(count)) return reply.error(NOT_AN_INTEGER)
    const entry = shard.typedForWrite(req, 1, TYPE.LIST, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.integer(0)
    const { u8, at, length } = req
    const list = listOf(shard.m, entry)
    const removed = quicklistDeleteMatches(shard.m, list, u8, at[3], length[3], Math.abs(count), count < 0)
    if (removed > 0) {
      shard.touched(req, 1, NOTIFY.LIST, 'lrem', removed)
      discardIfEmpty(shard, req, 1, entry)
    }
    reply.integer(removed)
  },
}
