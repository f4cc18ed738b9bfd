// XREAD and XREADGROUP. The part that reads, `readStreams`, also serves clients that have waited.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { entryType, entryValue, TYPE } from '../../store/entry.ts'
import type { Shard } from '../../store/shard.ts'
import { type StreamRef, streamLength } from '../../store/stream.ts'
import {
  type ConsumerRef,
  consumerFind,
  consumerPending,
  consumerSetActive,
  type GroupRef,
  groupFind,
  groupLastIdWord,
  type PendingRef,
  pendingCount,
  pendingCreate,
  pendingFind,
  pendingGive,
  pendingSet,
} from '../../store/stream-group.ts'
import { StreamId } from '../../store/stream-id.ts'
import { IdCursor } from '../../store/stream-id-tree.ts'
import { groupAdvance } from '../../store/stream-progress.ts'
import { StreamWalk } from '../../store/stream-walk.ts'
import { BLOCKING, type Command, type KeySpec, MOVABLE_KEYS, READONLY, WRITE } from '../command.ts'
import { passOnClaim, passOnConsumer, passOnProgress, seenConsumer } from './group-arguments.ts'
import { replyEntry, replyId } from './ids.ts'
import { ReadPlan } from './read-plan.ts'
import { entriesWaiting, hasAfter, waitForEntries } from './waiting.ts'

const plan = new ReadPlan()
const MAX = new StreamId().setMax()

const streamKeys = (from: number): readonly KeySpec[] => [
  { flags: ['RO', 'access'], begin: { keyword: 'STREAMS', from }, find: { last: -1, step: 1, limit: 2 } },
]

/** Entries that the streams named have, or COUNT of each if that is less. */
function cost(shard: Shard, req: Request): number {
  let keysAt = 0
  let count = Number.POSITIVE_INFINITY
  for (let i = 1; i < req.argc - 1 && keysAt === 0; i++) {
    if (req.is(i, 'STREAMS')) keysAt = i + 1
    else if (req.is(i, 'COUNT') && req.integer(i + 1) > 0) count = req.integer(i + 1)
  }
  let entries = 0
  for (let i = keysAt; i < keysAt + (req.argc - keysAt) / 2; i++) {
    const home = shard.ofKey(req, i)
    const entry = home.peek(req, i)
    if (entry === 0 || entryType(home.m, entry) !== TYPE.STREAM) continue
    // Readers mostly follow the end of a stream; only one that asks for more than a node or two is slow.
    if (count === Number.POSITIVE_INFINITY) entries += streamLength(home.m, entryValue(home.m, entry) as StreamRef)
    else entries += Math.min(count, streamLength(home.m, entryValue(home.m, entry) as StreamRef))
  }
  return entries
}

export const xread: Command = {
  name: 'XREAD',
  group: 'stream',
  since: '5.0.0',
  summary: 'Returns the entries of streams that come after given ids, waiting for some if asked to.',
  complexity: 'O(N) for N entries returned; with clients waiting, XADD takes O(M) to serve M of them',
  arity: -4,
  flags: READONLY | BLOCKING | MOVABLE_KEYS,
  keys: streamKeys(1),
  args: [
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
    { name: 'milliseconds', type: 'integer', token: 'BLOCK', flags: ['optional'] },
    {
      name: 'streams',
      type: 'block',
      token: 'STREAMS',
      args: [
        { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
        { name: 'id', type: 'string', flags: ['multiple'] },
      ],
    },
  ],
  cost,

  run(shard, req, reply) {
    if (!plan.parse(req, reply, false) || !plan.resolve(shard, req, reply)) return
    if (!readStreams(shard, req, reply, plan) && !waitForEntries(shard, req, plan)) reply.nilArray()
  },

  waiting: entriesWaiting(false, readStreams),
}

export const xreadgroup: Command = {
  name: 'XREADGROUP',
  group: 'stream',
  since: '5.0.0',
  summary:
    'Gives a consumer of a group entries that nobody of the group has had, or returns those it has yet to acknowledge.',
  complexity: 'O(M) for M entries returned; with clients waiting, XADD takes O(N) to serve N of them',
  arity: -7,
  flags: WRITE | BLOCKING | MOVABLE_KEYS,
  keys: streamKeys(4),
  args: [
    {
      name: 'group_consumer',
      type: 'block',
      token: 'GROUP',
      args: [
        { name: 'group', type: 'string' },
        { name: 'consumer', type: 'string' },
      ],
    },
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
    { name: 'milliseconds', type: 'integer', token: 'BLOCK', flags: ['optional'] },
    { name: 'noack', type: 'pure-token', token: 'NOACK', flags: ['optional'] },
    {
      name: 'streams',
      type: 'block',
      token: 'STREAMS',
      args: [
        { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
        { name: 'id', type: 'string', flags: ['multiple'] },
      ],
    },
  ],
  cost,

  run(shard, req, reply) {
    if (!plan.parse(req, reply, true) || !plan.resolve(shard, req, reply)) return
    if (!readStreams(shard, req, reply, plan) && !waitForEntries(shard, req, plan)) reply.nilArray()
  },

  waiting: entriesWaiting(true, readStreams),
}

const after = new StreamId()
const groupLast = new StreamId()
const walk = new StreamWalk()

/** Replies with what the streams of a resolved plan have; false, with nothing written, when none has anything. */
export function readStreams(shard: Shard, req: Request, reply: Reply, plan: ReadPlan): boolean {
  if (plan.isGroup) shard.engine.effects.instead()
  const begun = reply.begin()
  let served = 0
  for (let i = 0; i < plan.streams; i++) {
    const key = plan.keysAt + i
    const home = shard.ofKey(req, key)
    const entry = home.findKey(req.db, req.u8, req.at[key], req.length[key])
    if (entry === 0 || entryType(home.m, entry) !== TYPE.STREAM) continue
    const stream = entryValue<'stream'>(home.m, entry)
    if (plan.isGroup ? readForGroup(home, req, reply, plan, i, stream) : read(home, req, reply, plan, i, stream))
      served++
  }
  if (served === 0) return false
  if (reply.resp === 3) reply.finishMap(begun, served)
  else reply.finishArray(begun, served)
  return true
}

function replyKey(req: Request, reply: Reply, key: number): void {
  if (reply.resp === 2) reply.array(2)
  reply.bulk(req.u8, req.at[key], req.length[key])
}

function read(home: Shard, req: Request, reply: Reply, plan: ReadPlan, i: number, stream: StreamRef): boolean {
  if (!hasAfter(home, stream, plan.ids[i])) return false
  replyKey(req, reply, plan.keysAt + i)
  after.copy(plan.ids[i]).increment()
  const begun = reply.begin()
  let count = 0
  walk.start(home.m, stream, after, MAX)
  while (walk.next(home.m)) {
    replyEntry(reply, walk)
    if (++count === plan.count) break
  }
  reply.finishArray(begun, count)
  return true
}

function readForGroup(home: Shard, req: Request, reply: Reply, plan: ReadPlan, i: number, stream: StreamRef): boolean {
  const m = home.m
  const key = plan.keysAt + i
  const group = groupFind(m, stream, req.u8, req.at[plan.groupAt], req.length[plan.groupAt])
  if (group === 0) return false
  const isNew = plan.asksForNew(i)
  groupLast.load(m, groupLastIdWord(group))
  if (isNew && !hasAfter(home, stream, groupLast)) return false
  after.copy(isNew ? groupLast : plan.ids[i]).increment()
  const name = plan.consumerAt
  const isKnown = consumerFind(m, group, req.u8, req.at[name], req.length[name]) !== 0
  const consumer = seenConsumer(home, req, key, group, name)
  if (!isKnown && plan.noAck) passOnConsumer(home, req, key, plan.groupAt, name)
  replyKey(req, reply, key)
  if (isNew) deliver(home, req, reply, plan, key, stream, group, consumer)
  else replyPending(home, reply, plan.count, stream, consumer)
  home.touched(req, key, 0, '')
  return true
}

/** Gives the consumer what comes from `after` on. */
function deliver(
  home: Shard,
  req: Request,
  reply: Reply,
  plan: ReadPlan,
  key: number,
  stream: StreamRef,
  group: GroupRef,
  consumer: ConsumerRef,
): void {
  const m = home.m
  const now = home.engine.now
  const begun = reply.begin()
  let count = 0
  let advanced = false
  walk.start(m, stream, after, MAX)
  while (walk.next(m)) {
    const id = walk.id
    if (id.compareAt(m, groupLastIdWord(group)) > 0) {
      groupAdvance(m, stream, group, id)
      advanced = true
    }
    replyEntry(reply, walk)
    if (!plan.noAck) {
      // XGROUP SETID may have moved the group back, so somebody may have the entry already.
      let entry = pendingFind(m, group, id)
      if (entry === 0) entry = pendingCreate(m, group, id, now, 1)
      else pendingSet(m, entry, now, 1)
      pendingGive(m, entry, id, consumer)
      passOnClaim(home, req, key, plan.groupAt, group, id, entry)
    }
    if (++count === plan.count) break
  }
  if (count > 0) consumerSetActive(m, consumer, now)
  // With acknowledgements, the claims tell how far the group is.
  if (advanced && plan.noAck) passOnProgress(home, req, key, plan.groupAt, group)
  reply.finishArray(begun, count)
}

const own = new IdCursor()
const id = new StreamId()

/** Replies with the consumer's pending entries from `after` on, which counts as delivering them again. */
function replyPending(home: Shard, reply: Reply, limit: number, stream: StreamRef, consumer: ConsumerRef): void {
  const m = home.m
  const begun = reply.begin()
  let count = 0
  own.seek(m, consumerPending(consumer), after)
  for (; own.isOn() && (limit === 0 || count < limit); own.next(m)) {
    own.id(m, id)
    walk.start(m, stream, id, id)
    if (walk.next(m)) {
      replyEntry(reply, walk)
      const entry = own.value(m) as PendingRef
      pendingSet(m, entry, home.engine.now, pendingCount(m, entry) + 1)
    } else {
      // The entry was deleted before it was acknowledged.
      reply.array(2)
      replyId(reply, id)
      reply.nilArray()
    }
    count++
  }
  reply.finishArray(begun, count)
}
