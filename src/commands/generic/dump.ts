// DUMP and RESTORE: a value as bytes that any Redis of this age takes, and back.

import { evictsByFrequency, SETTING } from '../../config/settings.ts'
import { BAD_PAYLOAD, NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { lfuRestored, lruRestored } from '../../store/access.ts'
import { NOTIFY } from '../../store/engine.ts'
import { type EntryRef, entrySetAccess } from '../../store/entry.ts'
import { RdbDamage } from '../../store/rdb/damage.ts'
import { payloadEntry, payloadIsSound, payloadOf } from '../../store/rdb/payload.ts'
import type { Shard } from '../../store/shard.ts'
import { valueEffort } from '../../store/value.ts'
import { ASKING, type Command, DENY_OOM, oneKey, READONLY, WRITE } from '../command.ts'
import { effectTime, expiryTime, isPast, LATEST } from '../expiry-options.ts'

/** Bytes of payload that take about as long as an element of another command. */
const BYTES_PER_ELEMENT = 64
const BUSY_KEY = 'BUSYKEY Target key name already exists.'
const FREQUENCY_MAX = 255

interface Options {
  replaces: boolean
  isAbsolute: boolean
  /** Seconds, -1 if not given. */
  idle: number
  /** -1 if not given. */
  frequency: number
}

export const dump: Command = {
  name: 'DUMP',
  group: 'generic',
  since: '2.6.0',
  summary: 'Returns the value of a key as bytes that RESTORE takes.',
  complexity: 'O(N) for N elements',
  arity: 2,
  flags: READONLY,
  tips: ['nondeterministic_output'],
  keys: oneKey('RO', 'access'),
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const entry = shard.find(req, 1)
    if (entry === 0) return reply.nil()
    if (shard.engine.defers(valueEffort(shard.m, entry))) return
    const payload = payloadOf(shard.m, entry, shard.engine.settings[SETTING.rdbcompression] !== 0)
    reply.bulk(payload.u8, 0, payload.length)
  },
}

const traits = {
  group: 'generic',
  complexity: 'O(N) for N elements, O(N*log(N)) for a sorted set',
  arity: -4,
  flags: WRITE | DENY_OOM,
  categories: ['dangerous'],
  keys: oneKey('OW', 'update'),
  history: [
    ['3.0.0', 'Learned `REPLACE`.'],
    ['5.0.0', 'Learned `ABSTTL`.'],
    ['5.0.0', 'Learned `IDLETIME` and `FREQ`.'],
  ],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'ttl', type: 'integer' },
    { name: 'serialized-value', type: 'string' },
    { name: 'replace', type: 'pure-token', token: 'REPLACE', since: '3.0.0', flags: ['optional'] },
    { name: 'absttl', type: 'pure-token', token: 'ABSTTL', since: '5.0.0', flags: ['optional'] },
    { name: 'seconds', type: 'integer', token: 'IDLETIME', since: '5.0.0', flags: ['optional'] },
    { name: 'frequency', type: 'integer', token: 'FREQ', since: '5.0.0', flags: ['optional'] },
  ],

  run(shard: Shard, req: Request, reply: Reply): void {
    const { engine, m } = shard
    const { u8, at, length } = req
    const options = readOptions(req, reply)
    if (options === undefined) return
    const old = shard.findForWrite(req, 1)
    if (old !== 0 && !options.replaces) return reply.error(BUSY_KEY)
    const ttl = req.integer(2)
    if (Number.isNaN(ttl)) return reply.error(NOT_AN_INTEGER)
    if (ttl < 0) return reply.error('ERR Invalid TTL value, must be >= 0')
    if (engine.defers(length[3] / BYTES_PER_ELEMENT)) return
    if (!payloadIsSound(m, u8, at[3], length[3])) return reply.error(BAD_PAYLOAD)
    const from = options.isAbsolute ? 0 : engine.now
    const expireAt = ttl === 0 ? -1 : Math.min(expiryTime(req, 2, false, from), LATEST)
    const entry = payloadEntry(m, engine.settings, u8, at[3], length[3], u8, at[1], length[1], expireAt)
    if (entry instanceof RdbDamage) {
      engine.onDamage?.(entry.message)
      return reply.error('ERR Bad data format')
    }
    if (old !== 0) shard.discard(req.db, old, engine.settings[SETTING.lazyfreeLazyServerDel] !== 0)
    if (expireAt >= 0 && isPast(shard, req, expireAt)) {
      shard.free(entry)
      if (old !== 0) sayDeleted(shard, req)
      return reply.ok()
    }
    shard.link(req.db, entry)
    setAccess(shard, entry, options)
    shard.touched(req, 1, NOTIFY.GENERIC, 'restore')
    if (expireAt >= 0 && !options.isAbsolute) sayAbsolute(shard, req, expireAt)
    reply.ok()
  },
} as const

export const restore: Command = {
  ...traits,
  name: 'RESTORE',
  since: '2.6.0',
  summary: 'Makes a key of the bytes that DUMP returned.',
}

/** What MIGRATE sends from one node of a cluster to another. */
export const restoreAsking: Command = {
  ...traits,
  name: 'RESTORE-ASKING',
  group: 'server',
  categories: ['keyspace', 'dangerous'],
  since: '3.0.0',
  summary: 'Is RESTORE between the nodes of a cluster.',
  flags: traits.flags | ASKING,
  docFlags: ['syscmd'],
}

/** The options from argument 4 on; undefined after replying the error. */
function readOptions(req: Request, reply: Reply): Options | undefined {
  const options: Options = { replaces: false, isAbsolute: false, idle: -1, frequency: -1 }
  for (let i = 4; i < req.argc; i++) {
    const hasArgument = i + 1 < req.argc
    let error = ''
    if (req.is(i, 'REPLACE')) options.replaces = true
    else if (req.is(i, 'ABSTTL')) options.isAbsolute = true
    else if (hasArgument && req.is(i, 'IDLETIME') && options.frequency === -1) {
      options.idle = req.integer(++i)
      if (Number.isNaN(options.idle)) error = NOT_AN_INTEGER
      else if (options.idle < 0) error = 'ERR Invalid IDLETIME value, must be >= 0'
    } else if (hasArgument && req.is(i, 'FREQ') && options.idle === -1) {
      options.frequency = req.integer(++i)
      const isOne = options.frequency >= 0 && options.frequency <= FREQUENCY_MAX
      if (Number.isNaN(options.frequency)) error = NOT_AN_INTEGER
      else if (!isOne) error = 'ERR Invalid FREQ value, must be >= 0 and <= 255'
    } else error = SYNTAX
    if (error !== '') {
      reply.error(error)
      return undefined
    }
  }
  return options
}

/** Sets how long ago or how often the key was used, if that is what the eviction policy goes by. */
function setAccess({ engine, m }: Shard, entry: EntryRef, { idle, frequency }: Options): void {
  if (evictsByFrequency(engine.settings)) {
    if (frequency >= 0) entrySetAccess(m, entry, lfuRestored(frequency, engine.now))
  } else if (idle >= 0) {
    entrySetAccess(m, entry, lruRestored(idle, engine.now))
  }
}

/** The key that was replaced by one that had ended is gone. */
function sayDeleted(shard: Shard, req: Request): void {
  const { effects } = shard.engine
  shard.touched(req, 1, NOTIFY.GENERIC, 'del')
  effects.instead()
  effects.command(2)
  effects.word('DEL')
  effects.bytes(req.u8, req.at[1], req.length[1])
}

function sayAbsolute(shard: Shard, req: Request, expireAt: number): void {
  const { effects } = shard.engine
  effects.instead()
  effects.command(req.argc + 1)
  for (let i = 0; i < req.argc; i++) {
    if (i === 2) effectTime(effects, expireAt)
    else effects.bytes(req.u8, req.at[i], req.length[i])
  }
  effects.word('ABSTTL')
}
