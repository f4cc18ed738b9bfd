// XINFO: what there is to know of a stream, its groups and their consumers.

import { NO_SUCH_KEY, NOT_AN_INTEGER } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { entryType, entryValue, TYPE } from '../../store/entry.ts'
import type { Memory } from '../../store/memory.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import {
  firstIdWord,
  lastIdWord,
  maxDeletedWord,
  type StreamRef,
  streamAdded,
  streamLength,
  streamNodes,
} from '../../store/stream.ts'
import {
  type ConsumerRef,
  consumerPending,
  consumerSeen,
  type GroupRef,
  groupConsumerAt,
  groupConsumerCount,
  groupEntriesRead,
  groupFind,
  groupLastIdWord,
  groupPending,
  type PendingRef,
  pendingConsumer,
  pendingCount,
  pendingTime,
  streamGroupAt,
  streamGroupCount,
  UNKNOWN_READ,
} from '../../store/stream-group.ts'
import { StreamId } from '../../store/stream-id.ts'
import { IdCursor, type IdTreeRef, idTreeCount } from '../../store/stream-id-tree.ts'
import { nameAt, nameLength } from '../../store/stream-names.ts'
import { groupLag } from '../../store/stream-progress.ts'
import { radixNodes } from '../../store/stream-radix.ts'
import { StreamWalk } from '../../store/stream-walk.ts'
import { type Command, type KeySpec, READONLY, type ShardCommand } from '../command.ts'
import { helpOf } from '../help.ts'
import { noGroupFor } from './group-arguments.ts'
import { replyEntry, replyId } from './ids.ts'

const KEY = 2
const FULL_COUNT = 10
/** Nodes compared for radixNodes as fast as one element is visited. */
const NODES_PER_EFFORT = 8

const id = new StreamId()
const MIN = new StreamId().setMin()
const MAX = new StreamId().setMax()
const walk = new StreamWalk()
const cursor = new IdCursor()

const KEYS: readonly KeySpec[] = [
  { flags: ['RO', 'access'], begin: { index: KEY }, find: { last: 0, step: 1, limit: 0 } },
]

/** The stream, 0 after replying an error. */
function streamOf(shard: Shard, req: Request, reply: Reply): StreamRef | 0 {
  const entry = shard.typed(req, KEY, TYPE.STREAM, reply)
  if (entry === WRONG) return 0
  if (entry !== 0) return entryValue(shard.m, entry)
  reply.error(NO_SUCH_KEY)
  return 0
}

function effort(shard: Shard, req: Request): number {
  const entry = shard.peek(req, KEY)
  if (entry === 0 || entryType(shard.m, entry) !== TYPE.STREAM) return 0
  return idTreeCount(shard.m, streamNodes(entryValue(shard.m, entry) as StreamRef)) / NODES_PER_EFFORT
}

const stream: ShardCommand = {
  name: 'STREAM',
  group: 'stream',
  since: '5.0.0',
  summary: 'Tells about a stream; with FULL, about its entries, groups and consumers too.',
  complexity: 'O(1); with FULL, O(N) for N entries, groups and consumers told of',
  arity: -3,
  flags: READONLY,
  keys: KEYS,
  history: [
    ['6.0.0', 'The `FULL` modifier.'],
    [
      '7.0.0',
      'What was added, deleted and read: `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag`.',
    ],
  ],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    {
      name: 'full',
      type: 'block',
      token: 'FULL',
      flags: ['optional'],
      args: [{ name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] }],
    },
  ],
  cost: effort,

  run(shard, req, reply) {
    const stream = streamOf(shard, req, reply)
    if (stream === 0) return
    if (req.argc === 3) return replyStream(shard.m, stream, reply)
    const isFull = req.is(3, 'FULL') && (req.argc === 4 || (req.argc === 6 && req.is(4, 'COUNT')))
    if (!isFull) {
      const name = req.text(1).slice(0, 128)
      return reply.error(`ERR unknown subcommand or wrong number of arguments for '${name}'. Try XINFO HELP.`)
    }
    const count = req.argc === 4 ? FULL_COUNT : req.integer(5)
    if (Number.isNaN(count)) return reply.error(NOT_AN_INTEGER)
    replyFull(shard.m, stream, reply, count < 0 ? FULL_COUNT : count === 0 ? Number.POSITIVE_INFINITY : count)
  },
}

/** What both forms begin with: seven pairs. */
function replyCommon(m: Memory, stream: StreamRef, reply: Reply): void {
  const nodes = streamNodes(stream)
  pair(reply, 'length', streamLength(m, stream))
  pair(reply, 'radix-tree-keys', idTreeCount(m, nodes))
  pair(reply, 'radix-tree-nodes', radixNodes(m, nodes))
  reply.latin1('last-generated-id')
  replyId(reply, id.load(m, lastIdWord(stream)))
  reply.latin1('max-deleted-entry-id')
  replyId(reply, id.load(m, maxDeletedWord(stream)))
  pair(reply, 'entries-added', streamAdded(m, stream))
  reply.latin1('recorded-first-entry-id')
  replyId(reply, id.load(m, firstIdWord(stream)))
}

function pair(reply: Reply, name: string, value: number): void {
  reply.latin1(name)
  reply.integer(value)
}

function replyStream(m: Memory, stream: StreamRef, reply: Reply): void {
  reply.map(10)
  replyCommon(m, stream, reply)
  pair(reply, 'groups', streamGroupCount(m, stream))
  reply.latin1('first-entry')
  replyEdge(m, stream, reply, false)
  reply.latin1('last-entry')
  replyEdge(m, stream, reply, true)
}

function replyEdge(m: Memory, stream: StreamRef, reply: Reply, isLast: boolean): void {
  walk.start(m, stream, MIN, MAX, isLast)
  if (walk.next(m)) replyEntry(reply, walk)
  else reply.nil()
}

function replyFull(m: Memory, stream: StreamRef, reply: Reply, count: number): void {
  reply.map(9)
  replyCommon(m, stream, reply)
  reply.latin1('entries')
  const begun = reply.begin()
  let entries = 0
  walk.start(m, stream, MIN, MAX)
  while (entries < count && walk.next(m)) {
    replyEntry(reply, walk)
    entries++
  }
  reply.finishArray(begun, entries)
  reply.latin1('groups')
  const groups = streamGroupCount(m, stream)
  reply.array(groups)
  for (let i = 0; i < groups; i++) replyFullGroup(m, stream, streamGroupAt(m, stream, i), reply, count)
}

function replyFullGroup(m: Memory, stream: StreamRef, group: GroupRef, reply: Reply, count: number): void {
  reply.map(7)
  replyName(m, group, reply)
  replyProgress(m, stream, group, reply)
  replyPending(m, groupPending(group), reply, count, true)
  reply.latin1('consumers')
  const consumers = groupConsumerCount(m, group)
  reply.array(consumers)
  for (let i = 0; i < consumers; i++) {
    const consumer = groupConsumerAt(m, group, i)
    reply.map(4)
    replyName(m, consumer, reply)
    pair(reply, 'seen-time', consumerSeen(m, consumer))
    replyPending(m, consumerPending(consumer), reply, count, false)
  }
}

function replyName(m: Memory, record: number, reply: Reply): void {
  reply.latin1('name')
  reply.bulk(m.u8, nameAt(m, record), nameLength(m, record))
}

/** Three pairs: the last id delivered, how many entries were read and how many are left, nil where it is not known. */
function replyProgress(m: Memory, stream: StreamRef, group: GroupRef, reply: Reply): void {
  reply.latin1('last-delivered-id')
  replyId(reply, id.load(m, groupLastIdWord(group)))
  reply.latin1('entries-read')
  const read = groupEntriesRead(m, group)
  if (read === UNKNOWN_READ) reply.nil()
  else reply.integer(read)
  reply.latin1('lag')
  const lag = groupLag(m, stream, group)
  if (Number.isNaN(lag)) reply.nil()
  else reply.integer(lag)
}

/** Two pairs: how many entries are pending, and up to `count` of them. */
function replyPending(m: Memory, pending: IdTreeRef, reply: Reply, count: number, withConsumer: boolean): void {
  pair(reply, 'pel-count', idTreeCount(m, pending))
  reply.latin1('pending')
  const begun = reply.begin()
  let replied = 0
  for (cursor.first(m, pending); replied < count && cursor.isOn(); cursor.next(m)) {
    const entry = cursor.value(m) as PendingRef
    reply.array(withConsumer ? 4 : 3)
    replyId(reply, cursor.id(m, id))
    if (withConsumer) {
      const consumer = pendingConsumer(m, entry) as ConsumerRef
      reply.bulk(m.u8, nameAt(m, consumer), nameLength(m, consumer))
    }
    reply.integer(pendingTime(m, entry))
    reply.integer(pendingCount(m, entry))
    replied++
  }
  reply.finishArray(begun, replied)
}

const groups: ShardCommand = {
  name: 'GROUPS',
  group: 'stream',
  since: '5.0.0',
  summary: 'Lists the consumer groups of a stream.',
  complexity: 'O(1)',
  arity: 3,
  flags: READONLY,
  keys: KEYS,
  history: [['7.0.0', 'The `entries-read` and `lag` fields.']],
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const stream = streamOf(shard, req, reply)
    if (stream === 0) return
    const m = shard.m
    const count = streamGroupCount(m, stream)
    reply.array(count)
    for (let i = 0; i < count; i++) {
      const group = streamGroupAt(m, stream, i)
      reply.map(6)
      replyName(m, group, reply)
      pair(reply, 'consumers', groupConsumerCount(m, group))
      pair(reply, 'pending', idTreeCount(m, groupPending(group)))
      replyProgress(m, stream, group, reply)
    }
  },
}

const consumers: ShardCommand = {
  name: 'CONSUMERS',
  group: 'stream',
  since: '5.0.0',
  summary: 'Lists the consumers of a group.',
  complexity: 'O(1)',
  arity: 4,
  flags: READONLY,
  tips: ['nondeterministic_output'],
  keys: KEYS,
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'groupname', type: 'string' },
  ],

  run(shard, req, reply) {
    const stream = streamOf(shard, req, reply)
    if (stream === 0) return
    const m = shard.m
    const group = groupFind(m, stream, req.u8, req.at[3], req.length[3])
    if (group === 0) return reply.error(noGroupFor(req, KEY, 3))
    const count = groupConsumerCount(m, group)
    reply.array(count)
    for (let i = 0; i < count; i++) {
      const consumer = groupConsumerAt(m, group, i)
      reply.map(3)
      replyName(m, consumer, reply)
      pair(reply, 'pending', idTreeCount(m, consumerPending(consumer)))
      pair(reply, 'idle', Math.max(0, shard.engine.now - consumerSeen(m, consumer)))
    }
  },
}

const help = helpOf('XINFO', 'stream', '5.0.0', [
  ['CONSUMERS <key> <group>', 'Lists the consumers of the group.'],
  ['GROUPS <key>', 'Lists the groups of the stream.'],
  ['STREAM <key> [FULL [COUNT <count>]]', 'Tells about the stream.'],
])

export const xinfo: Command = {
  name: 'XINFO',
  group: 'stream',
  since: '5.0.0',
  summary: 'Commands that tell about streams.',
  complexity: 'Depends on the subcommand',
  arity: -2,
  flags: 0,
  subcommands: [consumers, groups, stream, help],
}
