// SHUTDOWN: the orderly end of the process.

import { SYNTAX } from '../../protocol/errors.ts'
import { failureOf } from '../client.ts'
import { ADMIN, ALLOW_BUSY, type Command, LOADING, NO_MULTI, NOSCRIPT, STALE } from '../command.ts'

/** How to end. */
export interface ShutdownOptions {
  /** Whether to write a snapshot; undefined: if save points are set. */
  readonly save: boolean | undefined
  /** Do not wait for replicas. */
  readonly now: boolean
  /** End even if something goes wrong. */
  readonly force: boolean
}

export const shutdown: Command = {
  name: 'SHUTDOWN',
  group: 'server',
  since: '1.0.0',
  summary: 'Ends the server.',
  complexity: 'O(N) for N keys when they are saved, else O(1)',
  arity: -1,
  flags: ADMIN | NOSCRIPT | LOADING | STALE | NO_MULTI | ALLOW_BUSY,
  history: [['7.0.0', 'Learned `NOW`, `FORCE` and `ABORT`.']],
  args: [
    {
      name: 'nosave_save',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'nosave', type: 'pure-token', token: 'NOSAVE' },
        { name: 'save', type: 'pure-token', token: 'SAVE' },
      ],
    },
    { name: 'now', type: 'pure-token', token: 'NOW', since: '7.0.0', flags: ['optional'] },
    { name: 'force', type: 'pure-token', token: 'FORCE', since: '7.0.0', flags: ['optional'] },
    { name: 'abort', type: 'pure-token', token: 'ABORT', since: '7.0.0', flags: ['optional'] },
  ],
  serve(client, req, reply, router) {
    let save: boolean | undefined
    let now = false
    let force = false
    let abort = false
    for (let i = 1; i < req.argc; i++) {
      if (req.is(i, 'NOSAVE') && save !== true) save = false
      else if (req.is(i, 'SAVE') && save !== false) save = true
      else if (req.is(i, 'NOW')) now = true
      else if (req.is(i, 'FORCE')) force = true
      else if (req.is(i, 'ABORT')) abort = true
      else return reply.error(SYNTAX)
    }
    if (abort && req.argc > 2) return reply.error(SYNTAX)
    const later = client.later()
    const question = abort ? router.ask('shutdown-abort', null) : router.ask('shutdown', { save, now, force })
    const waiting = abort ? 0 : 1
    router.blocking.endAwaited(waiting)
    question.then(answer => {
      router.blocking.endAwaited(-waiting)
      later(out => {
        const failure = failureOf(answer)
        if (failure === undefined) out.ok()
        else out.error(failure)
      })
    })
  },
}
