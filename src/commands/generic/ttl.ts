// TTL, PTTL, EXPIRETIME and PEXPIRETIME: when a key ends, -1 if never, -2 if there is no such key.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { entryExpireAt } from '../../store/entry.ts'
import type { Shard } from '../../store/shard.ts'
import { type Command, FAST, oneKey, READONLY } from '../command.ts'
import { replyTime } from '../expiry-options.ts'

export const ttl: Command = {
  name: 'TTL',
  group: 'generic',
  since: '1.0.0',
  summary: 'Returns in how many seconds a key ends.',
  complexity: 'O(1)',
  arity: 2,
  flags: READONLY | FAST,
  tips: ['nondeterministic_output'],
  keys: oneKey('RO', 'access'),
  history: [['2.8.0', 'Replies -2 for a key that does not exist.']],
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    replyEnd(shard, req, reply, true, false)
  },
}

export const pttl: Command = {
  name: 'PTTL',
  group: 'generic',
  since: '2.6.0',
  summary: 'Returns in how many milliseconds a key ends.',
  complexity: 'O(1)',
  arity: 2,
  flags: READONLY | FAST,
  tips: ['nondeterministic_output'],
  keys: oneKey('RO', 'access'),
  history: [['2.8.0', 'Replies -2 for a key that does not exist.']],
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    replyEnd(shard, req, reply, false, false)
  },
}

export const expiretime: Command = {
  name: 'EXPIRETIME',
  group: 'generic',
  since: '7.0.0',
  summary: 'Returns the Unix time in seconds at which a key ends.',
  complexity: 'O(1)',
  arity: 2,
  flags: READONLY | FAST,
  keys: oneKey('RO', 'access'),
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    replyEnd(shard, req, reply, true, true)
  },
}

export const pexpiretime: Command = {
  name: 'PEXPIRETIME',
  group: 'generic',
  since: '7.0.0',
  summary: 'Returns the Unix time in milliseconds at which a key ends.',
  complexity: 'O(1)',
  arity: 2,
  flags: READONLY | FAST,
  keys: oneKey('RO', 'access'),
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    replyEnd(shard, req, reply, false, true)
  },
}

function replyEnd(shard: Shard, req: Request, reply: Reply, isSeconds: boolean, isAbsolute: boolean): void {
  const entry = shard.findUntouched(req, 1)
  if (entry === 0) return reply.integer(-2)
  const end = entryExpireAt(shard.m, entry)
  if (end < 0) return reply.integer(-1)
  const ms = isAbsolute ? end : Math.max(0, end - shard.engine.now)
  replyTime(reply, isSeconds ? Math.floor((ms + 500) / 1000) : ms)
}
