// CONFIG. The values in force are changed on the main thread only; every router has a copy to answer GET from.

import { SYNTAX } from '../../protocol/errors.ts'
import { ROOT, rootAdd, rootCounter } from '../../store/keyspace.ts'
import { failureOf, type Question, replyFromMain, replyFromRouters, textsFrom } from '../client.ts'
import { ADMIN, type Command, LOADING, NOSCRIPT, type RouterCommand, STALE } from '../command.ts'
import { helpOf } from '../help.ts'

const get: RouterCommand = {
  name: 'GET',
  group: 'server',
  since: '2.0.0',
  summary: 'Returns the directives that match names or patterns.',
  complexity: 'O(N), N being the number of directives asked for',
  arity: -3,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  history: [['7.0.0', 'Takes several patterns.']],
  args: [{ name: 'parameter', type: 'block', flags: ['multiple'], args: [{ name: 'parameter', type: 'string' }] }],
  serve(_client, req, reply, router) {
    const found = router.config.match(textsFrom(req, 2))
    reply.map(found.length)
    for (const [name, value] of found) {
      reply.latin1(name)
      reply.latin1(value)
    }
  },
}

const set: RouterCommand = {
  name: 'SET',
  group: 'server',
  since: '2.0.0',
  summary: 'Changes directives, all of them or none.',
  complexity: 'O(N), N being the number of directives',
  arity: -4,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  history: [['7.0.0', 'Takes several directives.']],
  args: [
    {
      name: 'parameter_value',
      type: 'block',
      flags: ['multiple'],
      args: [
        { name: 'parameter', type: 'string' },
        { name: 'value', type: 'string' },
      ],
    },
  ],
  serve(client, req, reply, router) {
    if (req.argc % 2 !== 0) return reply.error(SYNTAX)
    const args = { args: textsFrom(req, 2), local: isLocal(client), isInExec: client.isInExec }
    replyFromMain(client, router, 'config-set', args, (out, answer) => {
      const failure = failureOf(answer)
      if (failure !== undefined) return out.error(failure)
      // Whoever lowers the limit finds it kept.
      if (args.args.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'maxmemory')) router.evict()
      out.ok()
    })
  },
}

/** Whether a client is on this machine. */
export const isLocal = ({ isUnix, address }: { isUnix: boolean; address: string }): boolean =>
  isUnix || address.startsWith('127.') || address.startsWith('[::1]')

const rewrite: RouterCommand = {
  name: 'REWRITE',
  group: 'server',
  since: '2.8.0',
  summary: 'Writes the directives in force into the configuration file.',
  complexity: 'O(1)',
  arity: 2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  serve(client, _req, _reply, router) {
    replyFromMain(client, router, 'config-rewrite', null, (out, answer) => {
      const failure = failureOf(answer)
      if (failure === undefined) out.ok()
      else out.error(failure)
    })
  },
}

/** Counters of a shard's root that start anew. */
const RESET_ROOT = [
  ROOT.HITS,
  ROOT.MISSES,
  ROOT.EXPIRED,
  ROOT.EVICTED,
  ROOT.FREED,
  ROOT.EXPIRE_CYCLE,
  ROOT.STALE_PERCENT,
  ROOT.CAP_REACHED,
]

export const resetQuestion: Question<null, undefined> = {
  name: 'config-resetstat',
  answer(router) {
    router.replication.resetStatistics()
    router.rates.reset()
    return undefined
  },
}

const resetstat: RouterCommand = {
  name: 'RESETSTAT',
  group: 'server',
  since: '2.0.0',
  summary: 'Makes the counters of INFO start anew.',
  complexity: 'O(1)',
  arity: 2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  serve(client, _req, reply, router) {
    router.withShards(engine => {
      for (const { m } of engine.shards) for (const field of RESET_ROOT) rootAdd(m, field, -rootCounter(m, field))
    })
    for (const block of router.allStatistics) block.reset()
    replyFromRouters(client, reply, router, resetQuestion, null, out => out.ok())
  },
}

export const config: Command = {
  name: 'CONFIG',
  group: 'server',
  since: '2.0.0',
  summary: 'Is about the directives of the configuration.',
  complexity: 'Depends on the subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    get,
    set,
    rewrite,
    resetstat,
    helpOf('CONFIG', 'server', '5.0.0', [
      ['GET <pattern>', 'Return the directives that match the pattern.'],
      ['SET <directive> <value>', 'Change a directive.'],
      ['RESETSTAT', 'Let the counters of INFO start anew.'],
      ['REWRITE', 'Write the directives into the configuration file.'],
    ]),
  ],
}
