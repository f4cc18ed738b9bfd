// XADD and XTRIM: appending to a stream, and dropping its oldest entries.

import { SETTING } from '../../config/settings.ts'
import { wrongArguments } from '../../protocol/errors.ts'
import { NOTIFY } from '../../store/engine.ts'
import { ENCODING, type EntryRef, entryType, entryValue, TYPE } from '../../store/entry.ts'
import type { Memory } from '../../store/memory.ts'
import { WRONG } from '../../store/shard.ts'
import { lastIdWord, type StreamRef, streamCreate, streamLength } from '../../store/stream.ts'
import { NODE_BYTES_MAX, type NodeLimits, streamAppend } from '../../store/stream-edit.ts'
import { StreamId } from '../../store/stream-id.ts'
import { type Pairs, pairTextBytes } from '../../store/stream-node.ts'
import { type Command, DENY_OOM, FAST, WRITE } from '../command.ts'
import { replyId } from './ids.ts'
import { TRIM_ARGUMENTS, TrimOptions } from './trim-options.ts'

const ZERO_ID = 'ERR The ID specified in XADD must be greater than 0-0'
const EXHAUSTED = 'ERR The stream has exhausted the last possible ID, unable to add more items'
const SMALL_ID = 'ERR The ID specified in XADD is equal or smaller than the target stream top item'
const TOO_LARGE = 'ERR Elements are too large to be stored'

const options = new TrimOptions()
const id = new StreamId()
const last = new StreamId()
const pairs: { -readonly [K in keyof Pairs]: Pairs[K] } = {
  u8: new Uint8Array(0),
  at: new Int32Array(0),
  length: new Int32Array(0),
  first: 0,
  count: 0,
}
const limits: NodeLimits = { bytes: 0, entries: 0 }

export const xadd: Command = {
  name: 'XADD',
  group: 'stream',
  since: '5.0.0',
  summary: 'Appends an entry to a stream and returns its id; trims the stream if asked to.',
  complexity: 'O(1) for the entry, O(N) for N entries trimmed',
  arity: -5,
  flags: WRITE | DENY_OOM | FAST,
  tips: ['nondeterministic_output'],
  keys: [
    {
      flags: ['RW', 'update'],
      notes: 'UPDATE, since entries may be trimmed too',
      begin: { index: 1 },
      find: { last: 0, step: 1, limit: 0 },
    },
  ],
  history: [
    ['6.2.0', '`NOMKSTREAM`, trimming by `MINID`, and `LIMIT`.'],
    ['7.0.0', 'Ids of the form `<ms>-*`.'],
  ],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'nomkstream', type: 'pure-token', token: 'NOMKSTREAM', since: '6.2.0', flags: ['optional'] },
    { name: 'trim', type: 'block', flags: ['optional'], args: TRIM_ARGUMENTS },
    {
      name: 'id_or_auto',
      type: 'oneof',
      args: [
        { name: 'auto_id', type: 'pure-token', token: '*' },
        { name: 'id', type: 'string' },
      ],
    },
    {
      name: 'field_value',
      type: 'block',
      flags: ['multiple'],
      args: [
        { name: 'field', type: 'string' },
        { name: 'value', type: 'string' },
      ],
    },
  ],

  run(shard, req, reply) {
    const idAt = options.read(shard, req, reply, true)
    if (idAt < 0) return
    const fields = req.argc - idAt - 1
    if (fields < 2 || fields % 2 === 1) return reply.error(wrongArguments('xadd'))
    if (options.hasWholeId && options.id.isZero()) return reply.error(ZERO_ID)
    const entry = shard.typedForWrite(req, 1, TYPE.STREAM, reply)
    if (entry === WRONG) return
    if (entry === 0 && options.makesNoStream) return reply.nil()
    const m = shard.m
    const error = chooseId(m, entry, shard.engine.now)
    if (error !== '') return reply.error(error)
    setPairs(req.u8, req.at, req.length, idAt + 1, fields / 2)
    if (pairTextBytes(pairs) > NODE_BYTES_MAX) return reply.error(TOO_LARGE)

    const stream = entry === 0 ? streamCreate(m) : entryValue<'stream'>(m, entry)
    if (entry === 0) shard.add(req, 1, TYPE.STREAM, ENCODING.STREAM, stream)
    const settings = shard.engine.settings
    limits.bytes = settings[SETTING.streamNodeMaxBytes]
    limits.entries = settings[SETTING.streamNodeMaxEntries]
    streamAppend(m, stream, id, pairs, limits)
    shard.touched(req, 1, NOTIFY.STREAM, 'xadd')
    if (options.trims && options.apply(m, stream) > 0) {
      shard.engine.notify(NOTIFY.STREAM, 'xtrim', req.db, req.u8, req.at[1], req.length[1])
    }
    if (!options.hasWholeId || options.isApproximate) {
      options.passOn(shard.engine.effects, req, m, stream, options.hasWholeId ? 0 : idAt, id)
    }
    replyId(reply, id)
  },
}

/** Sets `id` to the new entry's, or returns an error. */
function chooseId(m: Memory, entry: EntryRef | 0, now: number): string {
  if (entry === 0) last.setMin()
  else last.load(m, lastIdWord(entryValue<'stream'>(m, entry)))
  if (last.isMax()) return EXHAUSTED
  if (options.hasWholeId) {
    id.copy(options.id)
  } else if (options.hasOpenId) {
    id.copy(options.id)
    id.seqHigh = 0
    id.seqLow = 0
    if (id.sameTime(last) && !id.copy(last).nextSequence()) return SMALL_ID
  } else {
    id.setTime(now)
    // The clock may have gone back, or several entries share a millisecond.
    if (id.msHigh < last.msHigh || (id.msHigh === last.msHigh && id.msLow <= last.msLow)) id.copy(last).increment()
  }
  return id.compare(last) > 0 ? '' : SMALL_ID
}

function setPairs(u8: Uint8Array, at: Int32Array, length: Int32Array, first: number, count: number): void {
  pairs.u8 = u8
  pairs.at = at
  pairs.length = length
  pairs.first = first
  pairs.count = count
}

export const xtrim: Command = {
  name: 'XTRIM',
  group: 'stream',
  since: '5.0.0',
  summary: 'Drops the oldest entries of a stream: all but a number of them, or all below an id.',
  complexity: 'O(N) for N entries dropped, which whole nodes make very cheap',
  arity: -4,
  flags: WRITE,
  tips: ['nondeterministic_output'],
  keys: [{ flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  history: [['6.2.0', 'Trimming by `MINID`, and `LIMIT`.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'trim', type: 'block', args: TRIM_ARGUMENTS },
  ],
  cost(shard, req) {
    const entry = shard.peek(req, 1)
    return entry === 0 || entryType(shard.m, entry) !== TYPE.STREAM
      ? 0
      : streamLength(shard.m, entryValue(shard.m, entry) as StreamRef) / TRIMMED_PER_EFFORT
  },

  run(shard, req, reply) {
    if (options.read(shard, req, reply, false) < 0) return
    const entry = shard.typedForWrite(req, 1, TYPE.STREAM, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.integer(0)
    const stream = entryValue<'stream'>(shard.m, entry)
    const trimmed = options.apply(shard.m, stream)
    if (trimmed > 0) {
      shard.touched(req, 1, NOTIFY.STREAM, 'xtrim', trimmed)
      if (options.isApproximate) options.passOn(shard.engine.effects, req, shard.m, stream, 0, id)
    }
    reply.integer(trimmed)
  },
}

/** Entries dropped, with their node, in the time that one element of another type takes. */
const TRIMMED_PER_EFFORT = 20
