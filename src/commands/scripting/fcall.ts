// FCALL and FCALL_RO: call a function of a library. What runs it is in shard/scripts.ts, as for scripts.

import { assert } from '../../bytes/assert.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { Shard } from '../../store/shard.ts'
import { READONLY, type ShardCommand } from '../command.ts'
import { checkKeys } from './arguments.ts'
import { keysOf, SCRIPT_FLAGS, scriptArguments, scriptTraits } from './eval.ts'

function caller(readOnly: boolean): ShardCommand['run'] {
  return (shard: Shard, req: Request, reply: Reply) => {
    const { scripts } = shard.engine
    assert(scripts !== undefined, 'functions are called by the owners of shards')
    if (checkKeys(req, reply, 'ERR Bad number of keys provided')) scripts.callFunction(shard, req, reply, readOnly)
  }
}

const traits = {
  ...scriptTraits,
  since: '7.0.0',
  complexity: 'Depends on the function.',
  args: scriptArguments({ name: 'function', type: 'string' }),
} as const

export const fcall: ShardCommand = {
  ...traits,
  name: 'FCALL',
  summary: 'Calls a function of a library.',
  flags: SCRIPT_FLAGS,
  keys: keysOf('RW'),
  run: caller(false),
}

export const fcallRo: ShardCommand = {
  ...traits,
  name: 'FCALL_RO',
  summary: 'Calls a function of a library that only reads.',
  flags: SCRIPT_FLAGS | READONLY,
  keys: keysOf('RO'),
  run: caller(true),
}
