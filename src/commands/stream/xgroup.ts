// XGROUP: making, moving and deleting consumer groups and their consumers.

import { NOT_AN_INTEGER } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { ENCODING, entryType, entryValue, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { lastIdWord, type StreamRef, streamCreate } from '../../store/stream.ts'
import {
  consumerCreate,
  consumerDelete,
  consumerFind,
  consumerPending,
  type GroupRef,
  groupCreate,
  groupDestroy,
  groupFind,
  groupLastIdWord,
  groupPending,
  groupSetEntriesRead,
  UNKNOWN_READ,
} from '../../store/stream-group.ts'
import { StreamId } from '../../store/stream-id.ts'
import { idTreeCount } from '../../store/stream-id-tree.ts'
import { type Command, DENY_OOM, type KeySpec, type ShardCommand, WRITE } from '../command.ts'
import { helpOf } from '../help.ts'
import { noGroupFor } from './group-arguments.ts'
import { BAD_ID, isId, readLooseId } from './ids.ts'

const NO_KEY =
  'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.'
const BUSY = 'BUSYGROUP Consumer Group name already exists'
const BAD_READ = 'ERR value for ENTRIESREAD must be positive or -1'

const KEY = 2
const NAME = 3
const FOURTH = 4
const DOLLAR = 0x24

const id = new StreamId()

const secondKey = (...flags: string[]): readonly KeySpec[] => [
  { flags, begin: { index: KEY }, find: { last: 0, step: 1, limit: 0 } },
]
const ID_ARGUMENT = {
  name: 'id',
  type: 'oneof',
  args: [
    { name: 'id', type: 'string' },
    { name: 'new_id', type: 'pure-token', token: '$' },
  ],
} as const

const misused = (req: Request): string =>
  `ERR unknown subcommand or wrong number of arguments for '${req.text(1).slice(0, 128)}'. Try XGROUP HELP.`

// The options that `readOptions` found.
let makesStream = false
let entriesRead: number = UNKNOWN_READ

/** Reads MKSTREAM, where it may stand, and ENTRIESREAD; false after replying an error. */
function readOptions(req: Request, reply: Reply, mayMakeStream: boolean): boolean {
  makesStream = false
  entriesRead = UNKNOWN_READ
  for (let i = 5; i < req.argc; i++) {
    if (mayMakeStream && req.is(i, 'MKSTREAM')) makesStream = true
    else if (req.is(i, 'ENTRIESREAD') && i + 1 < req.argc) {
      entriesRead = Math.min(req.integer(++i), Number.MAX_SAFE_INTEGER)
      if (Number.isNaN(entriesRead)) {
        reply.error(NOT_AN_INTEGER)
        return false
      }
      if (entriesRead < 0 && entriesRead !== UNKNOWN_READ) {
        reply.error(BAD_READ)
        return false
      }
    } else {
      reply.error(misused(req))
      return false
    }
  }
  return true
}

// What `findStream` found.
let stream = 0 as StreamRef | 0

/** Finds the stream; false after replying an error. A missing one is an error unless it is to be made. */
function findStream(shard: Shard, req: Request, reply: Reply): boolean {
  const entry = shard.typedForWrite(req, KEY, TYPE.STREAM, reply)
  if (entry === WRONG) return false
  stream = entry === 0 ? 0 : entryValue(shard.m, entry)
  if (stream !== 0 || makesStream) return true
  reply.error(NO_KEY)
  return false
}

/** Finds stream and group; 0 after replying an error. */
function findGroup(shard: Shard, req: Request, reply: Reply): GroupRef | 0 {
  makesStream = false
  if (!findStream(shard, req, reply)) return 0
  const group = namedGroup(shard, req)
  if (group === 0) reply.error(noGroupFor(req, KEY, NAME))
  return group
}

const namedGroup = (shard: Shard, req: Request): GroupRef | 0 =>
  groupFind(shard.m, stream as StreamRef, req.u8, req.at[NAME], req.length[NAME])

const create: ShardCommand = {
  name: 'CREATE',
  group: 'stream',
  since: '5.0.0',
  summary: 'Makes a consumer group.',
  complexity: 'O(1)',
  arity: -5,
  flags: WRITE | DENY_OOM,
  keys: secondKey('RW', 'insert'),
  history: [['7.0.0', 'The `ENTRIESREAD` option.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'groupname', type: 'string' },
    ID_ARGUMENT,
    { name: 'mkstream', type: 'pure-token', token: 'MKSTREAM', flags: ['optional'] },
    { name: 'entries_read', type: 'integer', token: 'ENTRIESREAD', flags: ['optional'] },
  ],

  run(shard, req, reply) {
    if (!readOptions(req, reply, true) || !findStream(shard, req, reply)) return
    if (req.argc > 8) return reply.error(misused(req))
    const m = shard.m
    if (req.isByte(FOURTH, DOLLAR)) {
      if (stream === 0) id.setMin()
      else id.load(m, lastIdWord(stream))
    } else if (!isId(req, FOURTH, id)) return reply.error(BAD_ID)
    if (stream === 0) {
      stream = streamCreate(m)
      shard.add(req, KEY, TYPE.STREAM, ENCODING.STREAM, stream)
    }
    const made = groupCreate(m, stream, req.u8, req.at[NAME], req.length[NAME], id, entriesRead)
    if (made === 0) return reply.error(BUSY)
    shard.touched(req, KEY, NOTIFY.STREAM, 'xgroup-create')
    reply.ok()
  },
}

const setid: ShardCommand = {
  name: 'SETID',
  group: 'stream',
  since: '5.0.0',
  summary: 'Sets the last id that a group was given.',
  complexity: 'O(1)',
  arity: -5,
  flags: WRITE,
  keys: secondKey('RW', 'update'),
  history: [['7.0.0', 'The `ENTRIESREAD` option.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'groupname', type: 'string' },
    ID_ARGUMENT,
    { name: 'entries_read', type: 'integer', token: 'ENTRIESREAD', flags: ['optional'] },
  ],

  run(shard, req, reply) {
    if (!readOptions(req, reply, false)) return
    const m = shard.m
    const group = findGroup(shard, req, reply)
    if (group === 0) return
    if (req.argc !== 5 && req.argc !== 7) return reply.error(misused(req))
    if (req.isByte(FOURTH, DOLLAR)) id.load(m, lastIdWord(stream as StreamRef))
    else if (!readLooseId(req, FOURTH, id)) return reply.error(BAD_ID)
    id.store(m, groupLastIdWord(group))
    groupSetEntriesRead(m, group, entriesRead)
    shard.touched(req, KEY, NOTIFY.STREAM, 'xgroup-setid')
    reply.ok()
  },
}

const destroy: ShardCommand = {
  name: 'DESTROY',
  group: 'stream',
  since: '5.0.0',
  summary: 'Deletes a consumer group.',
  complexity: 'O(N) for N pending entries of the group',
  arity: 4,
  flags: WRITE,
  keys: secondKey('RW', 'delete'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'groupname', type: 'string' },
  ],
  cost(shard, req) {
    const entry = shard.peek(req, KEY)
    if (entry === 0 || entryType(shard.m, entry) !== TYPE.STREAM) return 0
    const group = groupFind(shard.m, entryValue(shard.m, entry), req.u8, req.at[NAME], req.length[NAME])
    return group === 0 ? 0 : idTreeCount(shard.m, groupPending(group))
  },

  run(shard, req, reply) {
    makesStream = false
    if (!findStream(shard, req, reply)) return
    const group = namedGroup(shard, req)
    if (group === 0) return reply.integer(0)
    groupDestroy(shard.m, stream as StreamRef, group)
    shard.touched(req, KEY, NOTIFY.STREAM, 'xgroup-destroy')
    reply.integer(1)
  },
}

const createconsumer: ShardCommand = {
  name: 'CREATECONSUMER',
  group: 'stream',
  since: '6.2.0',
  summary: 'Makes a consumer in a group.',
  complexity: 'O(1)',
  arity: 5,
  flags: WRITE | DENY_OOM,
  keys: secondKey('RW', 'insert'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'groupname', type: 'string' },
    { name: 'consumername', type: 'string' },
  ],

  run(shard, req, reply) {
    const group = findGroup(shard, req, reply)
    if (group === 0) return
    const { u8, at, length } = req
    const made = consumerCreate(shard.m, group, u8, at[FOURTH], length[FOURTH], shard.engine.now)
    if (made !== 0) shard.touched(req, KEY, NOTIFY.STREAM, 'xgroup-createconsumer')
    reply.integer(made === 0 ? 0 : 1)
  },
}

const delconsumer: ShardCommand = {
  name: 'DELCONSUMER',
  group: 'stream',
  since: '5.0.0',
  summary: 'Deletes a consumer of a group with the entries it has not acknowledged, and returns how many those were.',
  complexity: 'O(N) for N pending entries of the consumer',
  arity: 5,
  flags: WRITE,
  keys: secondKey('RW', 'delete'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'groupname', type: 'string' },
    { name: 'consumername', type: 'string' },
  ],

  run(shard, req, reply) {
    const group = findGroup(shard, req, reply)
    if (group === 0) return
    const consumer = consumerFind(shard.m, group, req.u8, req.at[FOURTH], req.length[FOURTH])
    if (consumer === 0) return reply.integer(0)
    const pending = idTreeCount(shard.m, consumerPending(consumer))
    consumerDelete(shard.m, group, consumer)
    shard.touched(req, KEY, NOTIFY.STREAM, 'xgroup-delconsumer')
    reply.integer(pending)
  },
}

const help = helpOf('XGROUP', 'stream', '5.0.0', [
  ['CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <n>]', 'Makes a group, with MKSTREAM the stream too.'],
  ['CREATECONSUMER <key> <group> <consumer>', 'Makes a consumer in the group.'],
  ['DELCONSUMER <key> <group> <consumer>', 'Deletes a consumer of the group.'],
  ['DESTROY <key> <group>', 'Deletes the group.'],
  ['SETID <key> <group> <id|$> [ENTRIESREAD <n>]', 'Sets what the group was given last.'],
])

export const xgroup: Command = {
  name: 'XGROUP',
  group: 'stream',
  since: '5.0.0',
  summary: 'Commands on consumer groups.',
  complexity: 'Depends on the subcommand',
  arity: -2,
  flags: 0,
  subcommands: [create, createconsumer, delconsumer, destroy, setid, help],
}
