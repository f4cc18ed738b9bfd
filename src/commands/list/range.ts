// LLEN, LINDEX, LRANGE, LTRIM: lists by index.

import { NOT_AN_INTEGER } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { TYPE } from '../../store/entry.ts'
import { quicklistDeleteRange } from '../../store/quicklist.ts'
import { cursor, cursorNext, cursorReply, cursorSeek } from '../../store/quicklist-cursor.ts'
import { quicklistCount } from '../../store/quicklist-record.ts'
import { WRONG } from '../../store/shard.ts'
import { type Argument, type Command, FAST, oneKey, READONLY, WRITE } from '../command.ts'
import { discardIfEmpty, listEffort, listOf, walkEffort } from './shared.ts'

const RANGE: readonly Argument[] = [
  { name: 'key', type: 'key', keySpec: 0 },
  { name: 'start', type: 'integer' },
  { name: 'stop', type: 'integer' },
]

export const llen: Command = {
  name: 'LLEN',
  group: 'list',
  since: '1.0.0',
  summary: 'Returns how many elements a list has.',
  complexity: 'O(1)',
  arity: 2,
  flags: READONLY | FAST,
  keys: oneKey('RO'),
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const entry = shard.typed(req, 1, TYPE.LIST, reply)
    if (entry !== WRONG) reply.integer(entry === 0 ? 0 : quicklistCount(shard.m, listOf(shard.m, entry)))
  },
}

export const lindex: Command = {
  name: 'LINDEX',
  group: 'list',
  since: '1.0.0',
  summary: 'Returns the element of a list at an index, which counts from the end if negative.',
  complexity: 'O(N), N being the distance of the element from the nearer end',
  arity: 3,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'index', type: 'integer' },
  ],
  cost: (shard, req) => walkEffort(shard, req, 1) / 2,

  run(shard, req, reply) {
    const entry = shard.typed(req, 1, TYPE.LIST, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.nil()
    const index = req.integer(2)
    if (Number.isNaN(index)) return reply.error(NOT_AN_INTEGER)
    if (cursorSeek(cursor, shard.m, listOf(shard.m, entry), index)) cursorReply(cursor, reply)
    else reply.nil()
  },
}

// The range that a command is about, in [0, count]: its elements from `first` up to but not including `limit`.
let first = 0
let limit = 0

/** Reads a range from arguments 2 and 3 without clamping. False after replying that they are no integers. */
function readRange(req: Request, reply: Reply): boolean {
  first = req.integer(2)
  limit = req.integer(3)
  if (!Number.isNaN(first) && !Number.isNaN(limit)) return true
  reply.error(NOT_AN_INTEGER)
  return false
}

/** Clamps the range that was read to a list of `count` elements; an empty one becomes 0 to 0. */
function clampRange(count: number): void {
  if (first < 0) first = Math.max(0, first + count)
  if (limit < 0) limit += count
  limit = Math.min(limit, count - 1) + 1
  if (first < limit) return
  first = 0
  limit = 0
}

export const lrange: Command = {
  name: 'LRANGE',
  group: 'list',
  since: '1.0.0',
  summary: 'Returns the elements of a list from one index to another, both included.',
  complexity:
    'O(S+N), S being the distance of the first element from the nearer end and N the number of elements returned',
  arity: 4,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  args: RANGE,
  cost(shard, req) {
    const count = listEffort(shard, req, 1)
    first = req.integer(2)
    limit = req.integer(3)
    clampRange(count)
    // The walk to the first element passes whole nodes, from the nearer end.
    const away = Math.min(first, count - first) / Math.max(1, count)
    return limit - first + away * walkEffort(shard, req, 1)
  },

  run(shard, req, reply) {
    if (!readRange(req, reply)) return
    const entry = shard.typed(req, 1, TYPE.LIST, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.emptyArray()
    const m = shard.m
    const list = listOf(m, entry)
    clampRange(quicklistCount(m, list))
    reply.array(limit - first)
    if (limit === 0) return
    cursorSeek(cursor, m, list, first)
    for (let left = limit - first; left > 0; left--) {
      cursorReply(cursor, reply)
      cursorNext(cursor, m)
    }
  },
}

export const ltrim: Command = {
  name: 'LTRIM',
  group: 'list',
  since: '1.0.0',
  summary: 'Removes the elements of a list outside a range of indexes.',
  complexity: 'O(N), N being the number of elements removed',
  arity: 4,
  flags: WRITE,
  keys: oneKey('RW', 'delete'),
  args: RANGE,
  // What goes, goes by whole nodes but for two.
  cost: (shard, req) => walkEffort(shard, req, 1),

  run(shard, req, reply) {
    if (!readRange(req, reply)) return
    const entry = shard.typedForWrite(req, 1, TYPE.LIST, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.ok()
    const m = shard.m
    const list = listOf(m, entry)
    const count = quicklistCount(m, list)
    clampRange(count)
    quicklistDeleteRange(m, list, limit, count - limit)
    quicklistDeleteRange(m, list, 0, first)
    shard.touched(req, 1, NOTIFY.LIST, 'ltrim', count - limit + first)
    discardIfEmpty(shard, req, 1, entry)
    reply.ok()
  },
}
