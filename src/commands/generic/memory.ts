// MEMORY, and MEMORY USAGE: the bytes that a key and its value take.

import { NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import { blockRoom } from '../../store/arena.ts'
import { entryExpires } from '../../store/entry.ts'
import { valueBytes } from '../../store/value.ts'
import { type Command, READONLY, type ShardCommand } from '../command.ts'
import { helpOf } from '../help.ts'
import { doctor, mallocStats, purge, stats } from '../server/memory-subcommands.ts'

/** Elements of a collection that are measured unless the client says otherwise. */
const SAMPLES_DEFAULT = 5
/** A key's share of a hash table: a bucket of 64 bytes holds twelve and is half to five sixths full. */
const TABLE_BYTES = 8

const usage: ShardCommand = {
  name: 'USAGE',
  group: 'server',
  since: '4.0.0',
  summary: 'Tells how many bytes a key and its value take.',
  complexity: 'O(N) for N samples',
  arity: -3,
  flags: READONLY,
  keys: [{ flags: ['RO'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } }],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'count', type: 'integer', token: 'SAMPLES', flags: ['optional'] },
  ],

  run(shard, req, reply) {
    let samples = SAMPLES_DEFAULT
    for (let i = 3; i < req.argc; i++) {
      if (!req.is(i, 'SAMPLES') || i + 1 >= req.argc) return reply.error(SYNTAX)
      samples = req.integer(++i)
      if (Number.isNaN(samples)) return reply.error(NOT_AN_INTEGER)
      if (samples < 0) return reply.error(SYNTAX)
    }
    const { m } = shard
    const entry = shard.peek(req, 2)
    if (entry === 0) return reply.nil()
    const tables = entryExpires(m, entry) ? 2 * TABLE_BYTES : TABLE_BYTES
    reply.integer(blockRoom(m, entry) + tables + Math.round(valueBytes(m, entry, samples)))
  },
}

export const memory: Command = {
  name: 'MEMORY',
  group: 'server',
  since: '4.0.0',
  summary: 'Tells about memory.',
  complexity: 'Depends on the subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    doctor,
    mallocStats,
    purge,
    stats,
    usage,
    helpOf('MEMORY', 'server', '4.0.0', [
      ['DOCTOR', 'Say in words what is remarkable about memory.'],
      ['MALLOC-STATS', "Tell what the shards' allocators hold."],
      ['PURGE', 'Ask for unused memory to be given back.'],
      ['STATS', 'Tell what memory is used for.'],
      ['USAGE <key> [SAMPLES <count>]', 'Tell the bytes that the key takes, measuring <count> elements, or all if 0.'],
    ]),
  ],
}
