// OBJECT: what Redis would tell about the object at a key.

import { parseInteger } from '../../bytes/integers.ts'
import { evictsByFrequency, MAXMEMORY_POLICY, SETTING } from '../../config/settings.ts'
import { lfuCounter, lruIdle } from '../../store/access.ts'
import { ENCODING, ENCODING_NAMES, type EntryRef, entryAccess, entryEncoding } from '../../store/entry.ts'
import type { Shard } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { type Command, type KeySpec, READONLY, type ShardCommand } from '../command.ts'
import { helpOf } from '../help.ts'

const SECOND_KEY: readonly KeySpec[] = [{ flags: ['RO'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } }]
/** Redis shares the objects of the integers below this one, and counts no references to them. */
const SHARED_INTEGERS = 10_000
const SHARED_REFCOUNT = 2 ** 31 - 1
const NEEDS_CLOCK: ReadonlySet<number> = new Set([
  MAXMEMORY_POLICY.VOLATILE_LRU,
  MAXMEMORY_POLICY.VOLATILE_LFU,
  MAXMEMORY_POLICY.ALLKEYS_LRU,
  MAXMEMORY_POLICY.ALLKEYS_LFU,
])
const SWITCHING =
  'Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.'

const encoding: ShardCommand = {
  name: 'ENCODING',
  group: 'generic',
  since: '2.2.3',
  summary: 'Names the encoding of the value at a key.',
  complexity: 'O(1)',
  arity: 3,
  flags: READONLY,
  categories: ['keyspace'],
  tips: ['nondeterministic_output'],
  keys: SECOND_KEY,
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const entry = shard.findUntouched(req, 2, false)
    if (entry === 0) reply.nil()
    else reply.latin1(ENCODING_NAMES[entryEncoding(shard.m, entry)])
  },
}

const freq: ShardCommand = {
  name: 'FREQ',
  group: 'generic',
  since: '4.0.0',
  summary: 'Tells how often a key is used, on a logarithmic scale.',
  complexity: 'O(1)',
  arity: 3,
  flags: READONLY,
  categories: ['keyspace'],
  tips: ['nondeterministic_output'],
  keys: SECOND_KEY,
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const { settings, now } = shard.engine
    const entry = shard.findUntouched(req, 2, false)
    if (entry === 0) return reply.nil()
    if (!evictsByFrequency(settings)) {
      return reply.error(`ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${SWITCHING}`)
    }
    reply.integer(lfuCounter(entryAccess(shard.m, entry), now, settings[SETTING.lfuDecayTime]))
  },
}

const idletime: ShardCommand = {
  name: 'IDLETIME',
  group: 'generic',
  since: '2.2.3',
  summary: 'Tells for how many seconds a key has not been used.',
  complexity: 'O(1)',
  arity: 3,
  flags: READONLY,
  categories: ['keyspace'],
  tips: ['nondeterministic_output'],
  keys: SECOND_KEY,
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const { settings, now } = shard.engine
    const entry = shard.findUntouched(req, 2, false)
    if (entry === 0) return reply.nil()
    if (evictsByFrequency(settings)) {
      return reply.error(`ERR An LFU maxmemory policy is selected, idle time not tracked. ${SWITCHING}`)
    }
    reply.integer(lruIdle(entryAccess(shard.m, entry), now) / 1000)
  },
}

const refcount: ShardCommand = {
  name: 'REFCOUNT',
  group: 'generic',
  since: '2.2.3',
  summary: 'Tells how many references there are to the value at a key, as far as Redis would share it.',
  complexity: 'O(1)',
  arity: 3,
  flags: READONLY,
  categories: ['keyspace'],
  tips: ['nondeterministic_output'],
  keys: SECOND_KEY,
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const entry = shard.findUntouched(req, 2, false)
    if (entry === 0) reply.nil()
    else reply.integer(isSharedInteger(shard, entry) ? SHARED_REFCOUNT : 1)
  },
}

function isSharedInteger({ m, engine }: Shard, entry: EntryRef): boolean {
  if (entryEncoding(m, entry) !== ENCODING.INT) return false
  // Redis shares none while each value needs an access clock of its own for eviction.
  const policy = engine.settings[SETTING.maxmemoryPolicy]
  if (engine.settings[SETTING.maxmemory] > 0 && NEEDS_CLOCK.has(policy)) return false
  const value = parseInteger(m.u8, stringAt(m, entry), stringLength(m, entry))
  return value >= 0 && value < SHARED_INTEGERS
}

const help = helpOf(
  'OBJECT',
  'generic',
  '6.2.0',
  [
    ['ENCODING <key>', 'Name the encoding of the value at the key.'],
    ['FREQ <key>', 'Tell how often the key is used, on a logarithmic scale.'],
    ['IDLETIME <key>', 'Tell for how many seconds the key has not been used.'],
    ['REFCOUNT <key>', 'Tell how many references there are to the value at the key.'],
  ],
  ['keyspace'],
)

export const object: Command = {
  name: 'OBJECT',
  group: 'generic',
  since: '2.2.3',
  summary: 'Tells about the value at a key.',
  complexity: 'Depends on the subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [encoding, freq, idletime, refcount, help],
}
