// XRANGE and XREVRANGE: the entries between two ids.

import { NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { entryType, entryValue, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { type StreamRef, streamLength } from '../../store/stream.ts'
import { StreamId } from '../../store/stream-id.ts'
import { StreamWalk } from '../../store/stream-walk.ts'
import { type Command, oneKey, READONLY } from '../command.ts'
import { readEnd, readStart, replyEntry } from './ids.ts'

const COMPLEXITY = 'O(N) for N entries returned'
const from = new StreamId()
const to = new StreamId()
const walk = new StreamWalk()

function cost(shard: Shard, req: Request): number {
  const limit = req.argc > 5 && req.is(4, 'COUNT') ? req.integer(5) : Number.POSITIVE_INFINITY
  const entry = shard.peek(req, 1)
  if (entry === 0 || entryType(shard.m, entry) !== TYPE.STREAM) return 0
  const length = streamLength(shard.m, entryValue(shard.m, entry) as StreamRef)
  return limit < length ? limit : length
}

export const xrange: Command = {
  name: 'XRANGE',
  group: 'stream',
  since: '5.0.0',
  summary: 'Returns the entries of a stream between two ids.',
  complexity: COMPLEXITY,
  arity: -4,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  history: [['6.2.0', 'Intervals that leave out their ends.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'start', type: 'string' },
    { name: 'end', type: 'string' },
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
  ],
  cost,

  run(shard, req, reply) {
    range(shard, req, reply, false)
  },
}

export const xrevrange: Command = {
  name: 'XREVRANGE',
  group: 'stream',
  since: '5.0.0',
  summary: 'Returns the entries of a stream between two ids, the last first.',
  complexity: COMPLEXITY,
  arity: -4,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  history: [['6.2.0', 'Intervals that leave out their ends.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'end', type: 'string' },
    { name: 'start', type: 'string' },
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
  ],
  cost,

  run(shard, req, reply) {
    range(shard, req, reply, true)
  },
}

function range(shard: Shard, req: Request, reply: Reply, isReverse: boolean): void {
  if (!readStart(req, isReverse ? 3 : 2, from, reply)) return
  if (!readEnd(req, isReverse ? 2 : 3, to, reply)) return
  let count = Number.POSITIVE_INFINITY
  for (let i = 4; i < req.argc; i += 2) {
    if (!req.is(i, 'COUNT') || i + 1 >= req.argc) return reply.error(SYNTAX)
    count = req.integer(i + 1)
    if (Number.isNaN(count)) return reply.error(NOT_AN_INTEGER)
  }
  const entry = shard.typed(req, 1, TYPE.STREAM, reply)
  if (entry === WRONG) return
  if (entry === 0) return reply.emptyArray()
  // Where there is a stream, none of its entries is a nil, not an empty array.
  if (count <= 0) return reply.nilArray()
  const begun = reply.begin()
  let found = 0
  walk.start(shard.m, entryValue(shard.m, entry), from, to, isReverse)
  while (found < count && walk.next(shard.m)) {
    replyEntry(reply, walk)
    found++
  }
  reply.finishArray(begun, found)
}
