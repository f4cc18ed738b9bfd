// FUNCTION FLUSH: with no libraries, there is nothing to do but check the argument.

import { type Command, NOSCRIPT, type RouterCommand, WRITE } from '../command.ts'

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
  serve(_client, req, reply) {
    if (req.argc > 3 || (req.argc === 3 && !req.is(2, 'SYNC') && !req.is(2, 'ASYNC'))) {
      return reply.error('ERR FUNCTION FLUSH only supports SYNC|ASYNC option')
    }
    reply.ok()
  },
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
