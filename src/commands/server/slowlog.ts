// SLOWLOG. The main thread keeps the log, since every thread's commands are in it.

import { replyFromMain } from '../client.ts'
import { ADMIN, type Command, LOADING, type RouterCommand, STALE } from '../command.ts'
import { helpOf } from '../help.ts'

const COUNT_DEFAULT = 10

interface Entry {
  readonly id: number
  readonly at: number
  readonly microseconds: number
  readonly args: readonly Uint8Array[]
  readonly address: string
  readonly clientName: string
}

const get: RouterCommand = {
  name: 'GET',
  group: 'server',
  since: '2.2.12',
  summary: 'Returns the newest entries of the slow log.',
  complexity: 'O(N), N being the number of entries returned',
  arity: -2,
  flags: ADMIN | LOADING | STALE,
  tips: ['request_policy:all_nodes', 'nondeterministic_output'],
  history: [['4.0.0', 'Tells address and name of the client.']],
  args: [{ name: 'count', type: 'integer', flags: ['optional'] }],
  serve(client, req, reply, router) {
    if (req.argc > 3) return reply.error("ERR wrong number of arguments for 'slowlog|get' command")
    const count = req.argc === 3 ? req.integer(2) : COUNT_DEFAULT
    if (!(count >= -1)) return reply.error('ERR count should be greater than or equal to -1')
    replyFromMain(client, router, 'slowlog-get', count, (out, answer) => {
      const entries = answer as readonly Entry[]
      out.array(entries.length)
      for (const { id, at, microseconds, args, address, clientName } of entries) {
        out.array(6)
        out.integer(id)
        out.integer(at)
        out.integer(microseconds)
        out.array(args.length)
        for (const arg of args) out.bulk(arg, 0, arg.length)
        out.latin1(address)
        out.latin1(clientName)
      }
    })
  },
}

const len: RouterCommand = {
  name: 'LEN',
  group: 'server',
  since: '2.2.12',
  summary: 'Counts the entries of the slow log.',
  complexity: 'O(1)',
  arity: 2,
  flags: ADMIN | LOADING | STALE,
  tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
  serve(client, _req, _reply, router) {
    replyFromMain(client, router, 'slowlog-length', null, (out, answer) => out.integer(answer as number))
  },
}

const reset: RouterCommand = {
  name: 'RESET',
  group: 'server',
  since: '2.2.12',
  summary: 'Empties the slow log.',
  complexity: 'O(N), N being the number of entries',
  arity: 2,
  flags: ADMIN | LOADING | STALE,
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  serve(client, _req, _reply, router) {
    replyFromMain(client, router, 'slowlog-reset', null, out => out.ok())
  },
}

export const slowlog: Command = {
  name: 'SLOWLOG',
  group: 'server',
  since: '2.2.12',
  summary: 'Is about commands that took long.',
  complexity: 'Depends on the subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    get,
    len,
    reset,
    helpOf('SLOWLOG', 'server', '6.2.0', [
      [
        'GET [<count>]',
        'Return the newest <count> entries (10; -1 are all): id, time, microseconds, arguments, client, name.',
      ],
      ['LEN', 'Count the entries.'],
      ['RESET', 'Empty the log.'],
    ]),
  ],
}
