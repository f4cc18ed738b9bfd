// XACK and XPENDING: what consumers have yet to acknowledge.

import { NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import {
  type ConsumerRef,
  consumerFind,
  consumerPending,
  type GroupRef,
  groupConsumerAt,
  groupConsumerCount,
  groupPending,
  type PendingRef,
  pendingConsumer,
  pendingCount,
  pendingRemove,
  pendingTime,
} from '../../store/stream-group.ts'
import { StreamId } from '../../store/stream-id.ts'
import { IdCursor, idTreeCount } from '../../store/stream-id-tree.ts'
import { nameAt, nameLength } from '../../store/stream-names.ts'
import { type Command, FAST, oneKey, READONLY, WRITE } from '../command.ts'
import { findGroup, found, noGroup } from './group-arguments.ts'
import { BAD_ID, isId, readEnd, readStart, replyId } from './ids.ts'

const id = new StreamId()
const from = new StreamId()
const to = new StreamId()
const cursor = new IdCursor()

export const xack: Command = {
  name: 'XACK',
  group: 'stream',
  since: '5.0.0',
  summary: 'Acknowledges entries that a group was given, and returns how many of them were pending.',
  complexity: 'O(1) for each id',
  arity: -4,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'group', type: 'string' },
    { name: 'id', type: 'string', flags: ['multiple'] },
  ],

  run(shard, req, reply) {
    const has = findGroup(shard, req, reply, 1, 2)
    if (has === WRONG) return
    if (!has) return reply.integer(0)
    for (let i = 3; i < req.argc; i++) if (!isId(req, i, id)) return reply.error(BAD_ID)
    let acknowledged = 0
    for (let i = 3; i < req.argc; i++) {
      isId(req, i, id)
      if (pendingRemove(shard.m, found.group, id)) acknowledged++
    }
    if (acknowledged > 0) shard.touched(req, 1, 0, '', acknowledged)
    reply.integer(acknowledged)
  },
}

// The range that `readRange` found.
let minIdle = 0
let count = 0
let consumerAt = 0

export const xpending: Command = {
  name: 'XPENDING',
  group: 'stream',
  since: '5.0.0',
  summary: 'Tells which entries the consumers of a group have yet to acknowledge.',
  complexity: 'O(N) for N entries returned or, with IDLE, looked at; the summary takes O(N) for N consumers',
  arity: -3,
  flags: READONLY,
  tips: ['nondeterministic_output'],
  keys: oneKey('RO', 'access'),
  history: [['6.2.0', '`IDLE`, and intervals that leave out their ends.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'group', type: 'string' },
    {
      name: 'filters',
      type: 'block',
      flags: ['optional'],
      args: [
        { name: 'min-idle-time', type: 'integer', token: 'IDLE', since: '6.2.0', flags: ['optional'] },
        { name: 'start', type: 'string' },
        { name: 'end', type: 'string' },
        { name: 'count', type: 'integer' },
        { name: 'consumer', type: 'string', flags: ['optional'] },
      ],
    },
  ],
  cost: (_, req) => (req.argc > 7 ? 1000 : req.argc > 5 ? req.integer(5) : 0),

  run(shard, req, reply) {
    if (req.argc !== 3 && (req.argc < 6 || req.argc > 9)) return reply.error(SYNTAX)
    if (req.argc > 3 && !readRange(req, reply)) return
    const has = findGroup(shard, req, reply, 1, 2)
    if (has === WRONG) return
    if (!has) return reply.error(noGroup(req, 1, 2))
    if (req.argc === 3) replySummary(shard, found.group, reply)
    else replyRange(shard, req, found.group, reply)
  },
}

/** Reads `[IDLE ms] start end count [consumer]`; false after replying an error. */
function readRange(req: Request, reply: Reply): boolean {
  let at = 3
  minIdle = 0
  if (req.is(3, 'IDLE')) {
    minIdle = req.integer(4)
    if (Number.isNaN(minIdle)) return fail(reply, NOT_AN_INTEGER)
    if (req.argc < 8) return fail(reply, SYNTAX)
    at = 5
  }
  count = req.integer(at + 2)
  if (Number.isNaN(count)) return fail(reply, NOT_AN_INTEGER)
  if (!readStart(req, at, from, reply) || !readEnd(req, at + 1, to, reply)) return false
  consumerAt = at + 3 < req.argc ? at + 3 : 0
  return true
}

function fail(reply: Reply, text: string): false {
  reply.error(text)
  return false
}

function replySummary(shard: Shard, group: GroupRef, reply: Reply): void {
  const m = shard.m
  const pending = groupPending(group)
  const total = idTreeCount(m, pending)
  reply.array(4)
  reply.integer(total)
  if (total === 0) {
    reply.nil()
    reply.nil()
    reply.nilArray()
    return
  }
  cursor.first(m, pending)
  replyId(reply, cursor.id(m, id))
  cursor.last(m, pending)
  replyId(reply, cursor.id(m, id))
  const begun = reply.begin()
  const consumers = groupConsumerCount(m, group)
  let named = 0
  for (let i = 0; i < consumers; i++) {
    const consumer = groupConsumerAt(m, group, i)
    const own = idTreeCount(m, consumerPending(consumer))
    if (own === 0) continue
    reply.array(2)
    reply.bulk(m.u8, nameAt(m, consumer), nameLength(m, consumer))
    reply.bulkInteger(own)
    named++
  }
  reply.finishArray(begun, named)
}

function replyRange(shard: Shard, req: Request, group: GroupRef, reply: Reply): void {
  const m = shard.m
  let pending = groupPending(group)
  if (consumerAt > 0) {
    const consumer = consumerFind(m, group, req.u8, req.at[consumerAt], req.length[consumerAt])
    if (consumer === 0) return reply.emptyArray()
    pending = consumerPending(consumer)
  }
  const now = shard.engine.now
  const begun = reply.begin()
  let replied = 0
  for (cursor.seek(m, pending, from); replied < count && cursor.isOn(); cursor.next(m)) {
    if (cursor.id(m, id).compare(to) > 0) break
    const entry = cursor.value(m) as PendingRef
    const idle = now - pendingTime(m, entry)
    if (minIdle !== 0 && idle < minIdle) continue
    const consumer = pendingConsumer(m, entry) as ConsumerRef
    reply.array(4)
    replyId(reply, id)
    reply.bulk(m.u8, nameAt(m, consumer), nameLength(m, consumer))
    reply.integer(idle > 0 ? idle : 0)
    reply.integer(pendingCount(m, entry))
    replied++
  }
  reply.finishArray(begun, replied)
}
