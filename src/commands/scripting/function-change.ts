// FUNCTION LOAD, DELETE, FLUSH and RESTORE: what changes the libraries. Every shard is locked meanwhile, so that all
// threads see the change at once, and log and replicas get the command itself.

import { BAD_PAYLOAD } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { readLibrary } from '../../scripting/library.ts'
import { ROOT, rootAdd } from '../../store/keyspace.ts'
import type { Library } from '../../store/libraries.ts'
import { RdbDamage } from '../../store/rdb/damage.ts'
import { OPCODE } from '../../store/rdb/format.ts'
import { PAYLOAD_FOOT_BYTES, payloadIsSound } from '../../store/rdb/payload.ts'
import { RdbSource, RdbString } from '../../store/rdb/source.ts'
import type { Shard } from '../../store/shard.ts'
import { DENY_OOM, NOSCRIPT, type ShardCommand, WRITE } from '../command.ts'

const traits = {
  group: 'scripting',
  since: '7.0.0',
  locks: 'all',
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
} as const

/** Code is run, which nobody knows the end of: not in passing. */
const cost = (): number => Number.POSITIVE_INFINITY

/** What Redis says of a subcommand with an argument too many. */
export const wrongSubcommand = (req: Request): string =>
  `ERR unknown subcommand or wrong number of arguments for '${req.text(1)}'. Try FUNCTION HELP.`

function changed({ engine, m }: Shard): void {
  engine.dirty++
  rootAdd(m, ROOT.DIRTY, 1)
}

export const functionLoad: ShardCommand = {
  ...traits,
  name: 'LOAD',
  summary: 'Takes a library of functions.',
  complexity: 'O(1) beside what its code takes to run once',
  arity: -3,
  flags: WRITE | DENY_OOM | NOSCRIPT,
  args: [
    { name: 'replace', type: 'pure-token', token: 'REPLACE', flags: ['optional'] },
    { name: 'function-code', type: 'string' },
  ],
  cost,
  run(shard, req, reply) {
    const last = req.argc - 1
    for (let i = 2; i < last; i++) {
      if (!req.is(i, 'REPLACE')) return reply.error(`ERR Unknown option given: ${req.text(i)}`)
    }
    const { libraries } = shard.engine
    const library = readLibrary(req.copy(last))
    if ('problem' in library) return reply.error(library.problem)
    const replaces = last > 2
    if (!replaces && libraries.all.has(library.name)) {
      return reply.error(`ERR Library '${library.name}' already exists`)
    }
    const problem = libraries.add([library], replaces)
    if (problem !== undefined) return reply.error(problem)
    changed(shard)
    reply.latin1(library.name)
  },
}

export const functionDelete: ShardCommand = {
  ...traits,
  name: 'DELETE',
  summary: 'Deletes a library with all its functions.',
  complexity: 'O(N), N being the number of functions',
  arity: 3,
  flags: WRITE | NOSCRIPT,
  args: [{ name: 'library-name', type: 'string' }],
  run(shard, req, reply) {
    const { libraries } = shard.engine
    const all = new Map(libraries.all)
    if (!all.delete(req.text(2))) return reply.error('ERR Library not found')
    libraries.replace(all.values())
    changed(shard)
    reply.ok()
  },
}

export const functionFlush: ShardCommand = {
  ...traits,
  name: 'FLUSH',
  summary: 'Deletes all libraries.',
  complexity: 'O(N), N being the number of functions',
  arity: -2,
  flags: WRITE | NOSCRIPT,
  args: [
    {
      name: 'async',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'async', type: 'pure-token', token: 'ASYNC' },
        { name: 'sync', type: 'pure-token', token: 'SYNC' },
      ],
    },
  ],
  run(shard, req, reply) {
    if (req.argc > 3) return reply.error(wrongSubcommand(req))
    if (req.argc === 3 && !req.is(2, 'SYNC') && !req.is(2, 'ASYNC')) {
      return reply.error('ERR FUNCTION FLUSH only supports SYNC|ASYNC option')
    }
    shard.engine.libraries.replace([])
    changed(shard)
    reply.ok()
  },
}

export const functionRestore: ShardCommand = {
  ...traits,
  name: 'RESTORE',
  summary: 'Takes the libraries that FUNCTION DUMP returned.',
  complexity: 'O(N), N being the number of functions',
  arity: -3,
  flags: WRITE | DENY_OOM | NOSCRIPT,
  args: [
    { name: 'serialized-value', type: 'string' },
    {
      name: 'policy',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'flush', type: 'pure-token', token: 'FLUSH' },
        { name: 'append', type: 'pure-token', token: 'APPEND' },
        { name: 'replace', type: 'pure-token', token: 'REPLACE' },
      ],
    },
  ],
  cost,
  run(shard, req, reply) {
    if (req.argc > 4) return reply.error(wrongSubcommand(req))
    const flushes = req.argc === 4 && req.is(3, 'FLUSH')
    const replaces = req.argc === 4 && req.is(3, 'REPLACE')
    if (req.argc === 4 && !flushes && !replaces && !req.is(3, 'APPEND')) {
      return reply.error('ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.')
    }
    const read = readPayload(shard, req, reply)
    if (read === undefined) return
    const { libraries } = shard.engine
    // Those that are given must go together: else nothing changes, not even with FLUSH.
    const before = [...libraries.all.values()]
    if (flushes) libraries.replace([])
    const problem = libraries.add(read, replaces)
    if (problem !== undefined) {
      if (flushes) libraries.replace(before)
      return reply.error(problem)
    }
    changed(shard)
    reply.ok()
  },
}

/** The libraries in the payload that argument 2 is; undefined after replying what is wrong with it. */
function readPayload({ m }: Shard, req: Request, reply: Reply): Library[] | undefined {
  const refuse = (error: string): undefined => {
    reply.error(error)
    return undefined
  }
  const payload = req.copy(2)
  if (!payloadIsSound(m, payload, 0, payload.length)) return refuse(BAD_PAYLOAD)
  const end = payload.length - PAYLOAD_FOOT_BYTES
  const source = new RdbSource(payload, 0, end)
  const code = new RdbString()
  const libraries: Library[] = []
  try {
    while (source.at < end) {
      if (source.byte() !== OPCODE.FUNCTION_2) return refuse('ERR given type is not a function')
      source.string(code)
      const library = readLibrary(code.u8.slice(code.at, code.at + code.length))
      if ('problem' in library) return refuse(library.problem)
      if (libraries.some(({ name }) => name === library.name)) {
        return refuse(`ERR Library ${library.name} already exists`)
      }
      libraries.push(library)
    }
  } catch (error) {
    if (error instanceof RdbDamage) return refuse('ERR failed loading the given functions payload')
    throw error
  }
  return libraries
}
