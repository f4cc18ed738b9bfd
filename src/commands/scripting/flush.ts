// FUNCTION FLUSH and SCRIPT FLUSH: with no libraries and no scripts, there is nothing to do but check the argument.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { type Command, NOSCRIPT, type RouterCommand, WRITE } from '../command.ts'

function flush(req: Request, reply: Reply, name: string): void {
  if (req.argc > 3 || (req.argc === 3 && !req.is(2, 'SYNC') && !req.is(2, 'ASYNC'))) {
    return reply.error(`ERR ${name} FLUSH only ${name === 'SCRIPT' ? 'support' : 'supports'} SYNC|ASYNC option`)
  }
  reply.ok()
}

const functionFlush: RouterCommand = {
  name: 'FLUSH',
  group: 'scripting',
  since: '7.0.0',
  summary: 'Deletes all libraries.',
  complexity: 'O(N), N being the number of functions',
  arity: -2,
  flags: WRITE | NOSCRIPT,
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
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
  serve: (_client, req, reply) => flush(req, reply, 'FUNCTION'),
}

const scriptFlush: RouterCommand = {
  name: 'FLUSH',
  group: 'scripting',
  since: '2.6.0',
  summary: 'Forgets all scripts.',
  complexity: 'O(N), N being the number of scripts',
  arity: -2,
  flags: NOSCRIPT,
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  history: [['6.2.0', 'Learned `ASYNC` and `SYNC`.']],
  args: [
    {
      name: 'async',
      type: 'oneof',
      since: '6.2.0',
      flags: ['optional'],
      args: [
        { name: 'async', type: 'pure-token', token: 'ASYNC' },
        { name: 'sync', type: 'pure-token', token: 'SYNC' },
      ],
    },
  ],
  serve: (_client, req, reply) => flush(req, reply, 'SCRIPT'),
}

export const functions: Command = {
  name: 'FUNCTION',
  group: 'scripting',
  since: '7.0.0',
  summary: 'Is about libraries of functions.',
  complexity: 'Depends on the subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [functionFlush],
}

export const script: Command = {
  name: 'SCRIPT',
  group: 'scripting',
  since: '2.6.0',
  summary: 'Is about the scripts that EVALSHA can run.',
  complexity: 'Depends on the subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [scriptFlush],
}
