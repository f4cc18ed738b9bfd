// FAILOVER: hand the master's part over to a replica, without losing a write.

import { NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import { failureOf, replyFromMain } from '../client.ts'
import { ADMIN, type Command, NOSCRIPT, STALE } from '../command.ts'

/** What was asked for. */
export interface FailoverArgs {
  readonly target: { readonly host: string; readonly port: number } | undefined
  readonly isForced: boolean
  /** 0 = none. */
  readonly timeoutMs: number
  readonly isAbort: boolean
}

export const failover: Command = {
  name: 'FAILOVER',
  group: 'server',
  since: '6.2.0',
  summary: 'Has a replica take over from this master once it has everything.',
  complexity: 'O(1)',
  arity: -1,
  flags: ADMIN | NOSCRIPT | STALE,
  args: [
    {
      name: 'target',
      type: 'block',
      token: 'TO',
      flags: ['optional'],
      args: [
        { name: 'host', type: 'string' },
        { name: 'port', type: 'integer' },
        { name: 'force', type: 'pure-token', token: 'FORCE', flags: ['optional'] },
      ],
    },
    { name: 'abort', type: 'pure-token', token: 'ABORT', flags: ['optional'] },
    { name: 'milliseconds', type: 'integer', token: 'TIMEOUT', flags: ['optional'] },
  ],
  serve(client, req, reply, router) {
    let target: FailoverArgs['target']
    let timeoutMs = 0
    let hasTimeout = false
    let isForced = false
    let isAbort = false
    for (let i = 1; i < req.argc; i++) {
      if (req.is(i, 'TIMEOUT') && i + 1 < req.argc && !hasTimeout) {
        timeoutMs = req.integer(++i)
        if (!Number.isSafeInteger(timeoutMs)) return reply.error(NOT_AN_INTEGER)
        if (timeoutMs <= 0) return reply.error('ERR FAILOVER timeout must be greater than 0')
        hasTimeout = true
      } else if (req.is(i, 'TO') && i + 2 < req.argc && target === undefined) {
        const port = req.integer(i + 2)
        if (!Number.isSafeInteger(port)) return reply.error(NOT_AN_INTEGER)
        target = { host: req.text(i + 1), port }
        i += 2
      } else if (req.is(i, 'FORCE') && !isForced) {
        isForced = true
      } else if (req.is(i, 'ABORT') && req.argc === 2) {
        isAbort = true
      } else {
        return reply.error(SYNTAX)
      }
    }
    const args: FailoverArgs = { target, isForced, timeoutMs, isAbort }
    replyFromMain(client, router, 'failover', args, (out, answer) => {
      const failure = failureOf(answer)
      if (failure !== undefined) out.error(failure)
      else out.ok()
    })
  },
}
