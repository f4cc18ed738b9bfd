// XLEN, XDEL and XSETID.

import { NO_SUCH_KEY, NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { entryValue, TYPE } from '../../store/entry.ts'
import { WRONG } from '../../store/shard.ts'
import { firstIdWord, lastIdWord, maxDeletedWord, streamLength, streamSetAdded } from '../../store/stream.ts'
import { streamDelete, streamFindFirst } from '../../store/stream-edit.ts'
import { StreamId } from '../../store/stream-id.ts'
import { streamEdge } from '../../store/stream-walk.ts'
import { type Command, DENY_OOM, FAST, oneKey, READONLY, WRITE } from '../command.ts'
import { BAD_ID, isId } from './ids.ts'

const id = new StreamId()
const other = new StreamId()

export const xlen: Command = {
  name: 'XLEN',
  group: 'stream',
  since: '5.0.0',
  summary: 'Returns the number of entries of a stream.',
  complexity: 'O(1)',
  arity: 2,
  flags: READONLY | FAST,
  keys: oneKey('RO'),
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const entry = shard.typed(req, 1, TYPE.STREAM, reply)
    if (entry === WRONG) return
    reply.integer(entry === 0 ? 0 : streamLength(shard.m, entryValue(shard.m, entry)))
  },
}

export const xdel: Command = {
  name: 'XDEL',
  group: 'stream',
  since: '5.0.0',
  summary: 'Deletes entries of a stream by their ids and returns how many there were.',
  complexity: 'O(1) for each id',
  arity: -3,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'delete'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'id', type: 'string', flags: ['multiple'] },
  ],

  run(shard, req, reply) {
    const entry = shard.typedForWrite(req, 1, TYPE.STREAM, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.integer(0)
    for (let i = 2; i < req.argc; i++) if (!isId(req, i, id)) return reply.error(BAD_ID)
    const m = shard.m
    const stream = entryValue<'stream'>(m, entry)
    let deleted = 0
    let lostFirst = false
    for (let i = 2; i < req.argc; i++) {
      isId(req, i, id)
      if (!streamDelete(m, stream, id)) continue
      if (id.compareAt(m, firstIdWord(stream)) === 0) lostFirst = true
      deleted++
    }
    if (deleted > 0) {
      if (lostFirst || streamLength(m, stream) === 0) streamFindFirst(m, stream)
      shard.touched(req, 1, NOTIFY.STREAM, 'xdel', deleted)
    }
    reply.integer(deleted)
  },
}

const BELOW_GIVEN_DELETED = 'ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id'
const BELOW_DELETED = 'ERR The ID specified in XSETID is smaller than current max_deleted_entry_id'
const BELOW_TOP = 'ERR The ID specified in XSETID is smaller than the target stream top item'
const BELOW_LENGTH = 'ERR The entries_added specified in XSETID is smaller than the target stream length'
const NEGATIVE_ADDED = 'ERR entries_added must be positive'

// The options of the last XSETID read.
const maxDeleted = new StreamId()
let added = -1

export const xsetid: Command = {
  name: 'XSETID',
  group: 'stream',
  since: '5.0.0',
  summary: 'Sets the last id of a stream, and what it remembers of entries added and deleted. For replication.',
  complexity: 'O(1)',
  arity: -3,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'update'),
  history: [['7.0.0', '`ENTRIESADDED` and `MAXDELETEDID`.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'last-id', type: 'string' },
    { name: 'entries_added', type: 'integer', token: 'ENTRIESADDED', since: '7.0.0', flags: ['optional'] },
    { name: 'max_deleted_entry_id', type: 'string', token: 'MAXDELETEDID', since: '7.0.0', flags: ['optional'] },
  ],

  run(shard, req, reply) {
    if (!readSetIdOptions(req, reply)) return
    const m = shard.m
    const entry = shard.typedForWrite(req, 1, TYPE.STREAM, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.error(NO_SUCH_KEY)
    const stream = entryValue<'stream'>(m, entry)
    const length = streamLength(m, stream)
    if (length > 0) {
      if (id.compare(streamEdge(m, stream, false, false, other)) < 0) return reply.error(BELOW_TOP)
      if (added >= 0 && added < length) return reply.error(BELOW_LENGTH)
    }
    if (id.compareAt(m, maxDeletedWord(stream)) < 0) return reply.error(BELOW_DELETED)
    id.store(m, lastIdWord(stream))
    if (added >= 0) streamSetAdded(m, stream, added)
    if (!maxDeleted.isZero()) maxDeleted.store(m, maxDeletedWord(stream))
    shard.touched(req, 1, NOTIFY.STREAM, 'xsetid')
    reply.ok()
  },
}

/** Reads all of XSETID's arguments; false after replying an error. */
function readSetIdOptions(req: Request, reply: Reply): boolean {
  const error = setIdError(req)
  if (error !== '') reply.error(error)
  return error === ''
}

function setIdError(req: Request): string {
  added = -1
  maxDeleted.setMin()
  if (!isId(req, 2, id)) return BAD_ID
  for (let i = 3; i < req.argc; i += 2) {
    if (i + 1 >= req.argc) return SYNTAX
    if (req.is(i, 'ENTRIESADDED')) {
      added = Math.min(req.integer(i + 1), Number.MAX_SAFE_INTEGER)
      if (Number.isNaN(added)) return NOT_AN_INTEGER
      if (added < 0) return NEGATIVE_ADDED
    } else if (req.is(i, 'MAXDELETEDID')) {
      if (!isId(req, i + 1, maxDeleted)) return BAD_ID
      if (id.compare(maxDeleted) < 0) return BELOW_GIVEN_DELETED
    } else return SYNTAX
  }
  return ''
}
