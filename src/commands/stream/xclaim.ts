// XCLAIM and XAUTOCLAIM: giving pending entries to another consumer.

import { COUNT_OPTION_NOT_POSITIVE, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { RefList } from '../../store/ref-list.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import type { StreamRef } from '../../store/stream.ts'
import {
  type ConsumerRef,
  consumerSetActive,
  type GroupRef,
  groupLastIdWord,
  groupPending,
  pendingCount,
  pendingCreate,
  pendingFind,
  pendingGive,
  pendingRemove,
  pendingSet,
  pendingTime,
} from '../../store/stream-group.ts'
import { StreamId } from '../../store/stream-id.ts'
import { IdCursor } from '../../store/stream-id-tree.ts'
import { StreamWalk } from '../../store/stream-walk.ts'
import { type Command, FAST, oneKey, WRITE } from '../command.ts'
import { findGroup, found, noGroup, passOnClaim, passOnProgress, seenConsumer } from './group-arguments.ts'
import { BAD_ID, isId, readStart, replyEntry, replyId } from './ids.ts'

const badOption = (what: string, command: string): string => `ERR Invalid ${what} argument for ${command}`

const KEY = 1
const GROUP = 2
const CONSUMER = 3
const MIN_IDLE = 4
const FIRST_ID = 5
const COUNT_DEFAULT = 100
const COUNT_MAX = 2 ** 59 - 1
/** Pending entries that XAUTOCLAIM looks at for each that it may return. */
const ATTEMPTS = 10

const id = new StreamId()
const lastId = new StreamId()
const walk = new StreamWalk()

// The options that XCLAIM's reading found.
let isForced = false
let idsOnly = false
let deliveryTime = -1
let retryCount = -1
let minIdle = 0

export const xclaim: Command = {
  name: 'XCLAIM',
  group: 'stream',
  since: '5.0.0',
  summary: 'Gives pending entries, by their ids, to a consumer as if they had been delivered to it.',
  complexity: 'O(log N) for each id, with N pending entries in the group',
  arity: -6,
  flags: WRITE | FAST,
  tips: ['nondeterministic_output'],
  keys: oneKey('RW', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'group', type: 'string' },
    { name: 'consumer', type: 'string' },
    { name: 'min-idle-time', type: 'string' },
    { name: 'id', type: 'string', flags: ['multiple'] },
    { name: 'ms', type: 'integer', token: 'IDLE', flags: ['optional'] },
    { name: 'unix-time-milliseconds', type: 'unix-time', token: 'TIME', flags: ['optional'] },
    { name: 'count', type: 'integer', token: 'RETRYCOUNT', flags: ['optional'] },
    { name: 'force', type: 'pure-token', token: 'FORCE', flags: ['optional'] },
    { name: 'justid', type: 'pure-token', token: 'JUSTID', flags: ['optional'] },
    { name: 'id', type: 'string', token: 'LASTID', flags: ['optional'] },
  ],

  run(shard, req, reply) {
    const has = findGroup(shard, req, reply, KEY, GROUP)
    if (has === WRONG) return
    if (!has) return reply.error(noGroup(req, KEY, GROUP))
    const { stream, group } = found
    const m = shard.m
    minIdle = req.integer(MIN_IDLE)
    if (Number.isNaN(minIdle)) return reply.error(badOption('min-idle-time', 'XCLAIM'))
    let optionsAt = FIRST_ID
    while (optionsAt < req.argc && isId(req, optionsAt, id)) optionsAt++
    const error = readClaimOptions(req, optionsAt, shard.engine.now)
    if (error !== '') return reply.error(error)

    let passesProgress = false
    if (lastId.compareAt(m, groupLastIdWord(group)) > 0) {
      lastId.store(m, groupLastIdWord(group))
      passesProgress = true
    }
    shard.engine.effects.instead()
    claimant = 0
    const begun = reply.begin()
    let claimed = 0
    let changes = 0
    for (let i = FIRST_ID; i < optionsAt; i++) {
      isId(req, i, id)
      const outcome = claim(shard, req, reply, stream, group)
      if (outcome === CLAIMED) claimed++
      if (outcome !== LEFT) changes++
    }
    if (changes === 0 && passesProgress) {
      passOnProgress(shard, req, KEY, GROUP, group)
      changes++
    }
    if (claimant !== 0) consumerSetActive(m, claimant, shard.engine.now)
    if (changes > 0) shard.touched(req, KEY, 0, '', changes)
    reply.finishArray(begun, claimed)
  },
}

function readClaimOptions(req: Request, at: number, now: number): string {
  isForced = false
  idsOnly = false
  deliveryTime = -1
  retryCount = -1
  lastId.setMin()
  for (let i = at; i < req.argc; i++) {
    const hasMore = i + 1 < req.argc
    if (req.is(i, 'FORCE')) isForced = true
    else if (req.is(i, 'JUSTID')) idsOnly = true
    else if (hasMore && req.is(i, 'IDLE')) {
      deliveryTime = now - req.integer(++i)
      if (Number.isNaN(deliveryTime)) return badOption('IDLE option', 'XCLAIM')
    } else if (hasMore && req.is(i, 'TIME')) {
      deliveryTime = req.integer(++i)
      if (Number.isNaN(deliveryTime)) return badOption('TIME option', 'XCLAIM')
    } else if (hasMore && req.is(i, 'RETRYCOUNT')) {
      retryCount = req.integer(++i)
      if (Number.isNaN(retryCount)) return badOption('RETRYCOUNT option', 'XCLAIM')
    } else if (hasMore && req.is(i, 'LASTID')) {
      if (!isId(req, ++i, lastId)) return BAD_ID
    } else return `ERR Unrecognized XCLAIM option '${req.text(i)}'`
  }
  // A time that cannot be is taken for now: clients reckon with clocks of their own.
  if (deliveryTime < 0 || deliveryTime > now) deliveryTime = now
  return ''
}

// What became of an id.
const LEFT = 0
const CLAIMED = 1
const DROPPED = 2

/** The consumer that claims, made only when there is something for it; 0 before that. */
let claimant = 0 as ConsumerRef | 0

/** Gives the pending entry `id` to the consumer, if it may, and replies with it. */
function claim(shard: Shard, req: Request, reply: Reply, stream: StreamRef, group: GroupRef): number {
  const m = shard.m
  let entry = pendingFind(m, group, id)
  walk.start(m, stream, id, id)
  if (!walk.next(m)) {
    if (entry === 0) return LEFT
    // The stream has lost it, so nobody will acknowledge it any more.
    passOnClaim(shard, req, KEY, GROUP, group, id, entry)
    pendingRemove(m, group, id)
    return DROPPED
  }
  if (entry === 0) {
    if (!isForced) return LEFT
    entry = pendingCreate(m, group, id, shard.engine.now, 1)
  } else if (minIdle > 0 && shard.engine.now - pendingTime(m, entry) < minIdle) return LEFT
  if (claimant === 0) claimant = seenConsumer(shard, req, KEY, group, CONSUMER)
  const count = pendingCount(m, entry)
  pendingSet(m, entry, deliveryTime, retryCount >= 0 ? retryCount : idsOnly ? count : count + 1)
  pendingGive(m, entry, id, claimant)
  if (idsOnly) replyId(reply, id)
  else replyEntry(reply, walk)
  passOnClaim(shard, req, KEY, GROUP, group, id, entry)
  return CLAIMED
}

const from = new StreamId()
const cursor = new IdCursor()
/** Ids of entries that the stream has lost: four words each. */
const lost = new RefList()

export const xautoclaim: Command = {
  name: 'XAUTOCLAIM',
  group: 'stream',
  since: '6.2.0',
  summary: 'Gives entries that have been pending for long to a consumer, from an id on.',
  complexity: 'O(1) if COUNT is small',
  arity: -6,
  flags: WRITE | FAST,
  tips: ['nondeterministic_output'],
  keys: oneKey('RW', 'delete'),
  history: [['7.0.0', 'A third item: the pending entries dropped since the stream has lost them.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'group', type: 'string' },
    { name: 'consumer', type: 'string' },
    { name: 'min-idle-time', type: 'string' },
    { name: 'start', type: 'string' },
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
    { name: 'justid', type: 'pure-token', token: 'JUSTID', flags: ['optional'] },
  ],
  cost: (_, req) => (req.argc > 7 && req.is(6, 'COUNT') ? req.integer(7) : COUNT_DEFAULT),

  run(shard, req, reply) {
    minIdle = req.integer(MIN_IDLE)
    if (Number.isNaN(minIdle)) return reply.error(badOption('min-idle-time', 'XAUTOCLAIM'))
    if (!readStart(req, FIRST_ID, from, reply)) return
    let count = COUNT_DEFAULT
    idsOnly = false
    for (let i = FIRST_ID + 1; i < req.argc; i++) {
      if (req.is(i, 'COUNT') && i + 1 < req.argc) {
        count = req.integer(++i)
        if (!(count >= 1 && count <= COUNT_MAX)) return reply.error(COUNT_OPTION_NOT_POSITIVE)
      } else if (req.is(i, 'JUSTID')) idsOnly = true
      else return reply.error(SYNTAX)
    }
    const has = findGroup(shard, req, reply, KEY, GROUP)
    if (has === WRONG) return
    if (!has) return reply.error(noGroup(req, KEY, GROUP))
    const { stream, group } = found
    shard.engine.effects.instead()
    isForced = false
    deliveryTime = shard.engine.now
    retryCount = -1
    autoclaim(shard, req, reply, stream, group, count)
  },
}

function autoclaim(shard: Shard, req: Request, reply: Reply, stream: StreamRef, group: GroupRef, limit: number): void {
  const m = shard.m
  claimant = 0
  lost.clear()
  reply.array(3)
  const begun = reply.begin()
  let claimed = 0
  let left = limit
  cursor.seek(m, groupPending(group), from)
  for (let attempts = limit * ATTEMPTS; attempts > 0 && left > 0 && cursor.isOn(); attempts--) {
    cursor.id(m, id)
    const outcome = claim(shard, req, reply, stream, group)
    if (outcome === CLAIMED) claimed++
    if (outcome === DROPPED) {
      rememberLost(id)
      cursor.seek(m, groupPending(group), id)
    } else cursor.next(m)
    if (outcome !== LEFT) left--
  }
  reply.finishArray(begun, claimed)
  const changes = limit - left
  if (cursor.isOn()) cursor.id(m, id)
  else id.setMin()
  insertId(reply, begun)
  reply.array(lost.count / 4)
  for (let i = 0; i < lost.count; i += 4) {
    const words = lost.refs
    replyId(reply, id.set(words[i], words[i + 1], words[i + 2], words[i + 3]))
  }
  if (claimant !== 0) consumerSetActive(m, claimant, shard.engine.now)
  if (changes > 0) shard.touched(req, KEY, 0, '', changes)
}

function rememberLost(id: StreamId): void {
  lost.push(id.msHigh)
  lost.push(id.msLow)
  lost.push(id.seqHigh)
  lost.push(id.seqLow)
}

const text = new Uint8Array(64)

/** Puts `id`, where to go on, in front of the entries: it is known only after them. */
function insertId(reply: Reply, at: number): void {
  const end = reply.length
  replyId(reply, id)
  const bytes = reply.length - end
  for (let i = 0; i < bytes; i++) text[i] = reply.u8[end + i]
  reply.u8.copyWithin(at + bytes, at, end)
  for (let i = 0; i < bytes; i++) reply.u8[at + i] = text[i]
}
