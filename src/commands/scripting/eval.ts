// EVAL and EVALSHA, and their read-only forms. What runs the script is in shard/scripts.ts: it is only ever run by a
// shard's owner, since nobody knows how long it takes.

import { assert } from '../../bytes/assert.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { ScriptKind } from '../../store/engine.ts'
import type { Shard } from '../../store/shard.ts'
import {
  type Argument,
  MOVABLE_KEYS,
  NO_MANDATORY_KEYS,
  NOSCRIPT,
  READONLY,
  RUNS_SCRIPT,
  type ShardCommand,
  SKIP_MONITOR,
  STALE,
} from '../command.ts'
import { checkKeys, scriptKeys } from './arguments.ts'

export const SCRIPT_FLAGS = NOSCRIPT | SKIP_MONITOR | RUNS_SCRIPT | NO_MANDATORY_KEYS | STALE | MOVABLE_KEYS

export const scriptArguments = (first: Argument): readonly Argument[] => [
  first,
  { name: 'numkeys', type: 'integer' },
  { name: 'key', type: 'key', keySpec: 0, flags: ['optional', 'multiple'] },
  { name: 'arg', type: 'string', flags: ['optional', 'multiple'] },
]
const BY_BODY = scriptArguments({ name: 'script', type: 'string' })
const BY_SHA = scriptArguments({ name: 'sha1', type: 'string' })

export const keysOf = (access: string): ShardCommand['keys'] => [
  {
    flags: access === 'RO' ? ['RO', 'access'] : ['RW', 'access', 'update'],
    notes:
      access === 'RO'
        ? 'The script may read the keys in several ways.'
        : 'Nobody can tell what a script does with its keys before it has run.',
    begin: { index: 2 },
    find: { countAt: 0, first: 1, step: 1 },
  },
]

export const scriptTraits = {
  group: 'scripting',
  complexity: 'Depends on the script.',
  arity: -3,
  findKeys: scriptKeys,
  // A script that names no key may be after any.
  locks: (req: Request) => (req.integer(2) === 0 ? 'all' : 'keys') as 'all' | 'keys',
  cost: () => Number.POSITIVE_INFINITY,
} as const

function runner(how: ScriptKind): ShardCommand['run'] {
  return (shard: Shard, req: Request, reply: Reply) => {
    const { scripts } = shard.engine
    assert(scripts !== undefined, 'scripts are run by the owners of shards')
    if (checkKeys(req, reply)) scripts.run(shard, req, reply, how)
  }
}

export const evalCommand: ShardCommand = {
  ...scriptTraits,
  name: 'EVAL',
  since: '2.6.0',
  summary: 'Runs a script in Lua.',
  flags: SCRIPT_FLAGS,
  keys: keysOf('RW'),
  args: BY_BODY,
  run: runner({ bySha: false, readOnly: false }),
}

export const evalsha: ShardCommand = {
  ...scriptTraits,
  name: 'EVALSHA',
  since: '2.6.0',
  summary: 'Runs a script that the server knows, named by its SHA-1.',
  flags: SCRIPT_FLAGS,
  keys: keysOf('RW'),
  args: BY_SHA,
  run: runner({ bySha: true, readOnly: false }),
}

export const evalRo: ShardCommand = {
  ...scriptTraits,
  name: 'EVAL_RO',
  since: '7.0.0',
  summary: 'Runs a script in Lua that only reads.',
  flags: SCRIPT_FLAGS | READONLY,
  keys: keysOf('RO'),
  args: BY_BODY,
  run: runner({ bySha: false, readOnly: true }),
}

export const evalshaRo: ShardCommand = {
  ...scriptTraits,
  name: 'EVALSHA_RO',
  since: '7.0.0',
  summary: 'Runs a script that the server knows and that only reads, named by its SHA-1.',
  flags: SCRIPT_FLAGS | READONLY,
  keys: keysOf('RO'),
  args: BY_SHA,
  run: runner({ bySha: true, readOnly: true }),
}
