// SAVE, BGSAVE and LASTSAVE. The main thread takes the snapshots; no command waits for one but SAVE, and that only for its
// own client.

import { SYNTAX } from '../../protocol/errors.ts'
import { PERSISTENCE } from '../../shared/persistence-block.ts'
import { failureOf, replyFromMain } from '../client.ts'
import { ADMIN, type Command, FAST, LOADING, NO_ASYNC_LOADING, NO_MULTI, NOSCRIPT, STALE } from '../command.ts'

export const save: Command = {
  name: 'SAVE',
  group: 'server',
  since: '1.0.0',
  summary: 'Saves all data to disk and replies when that is done.',
  complexity: 'O(N) for N keys in all databases',
  arity: 1,
  flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI,
  serve(client, _req, _reply, router) {
    replyFromMain(client, router, 'save', null, (out, answer) => {
      const failure = failureOf(answer)
      if (failure === undefined) out.ok()
      else out.error(failure)
    })
  },
}

export const bgsave: Command = {
  name: 'BGSAVE',
  group: 'server',
  since: '1.0.0',
  summary: 'Begins to save all data to disk.',
  complexity: 'O(1) as far as anybody waits',
  arity: -1,
  flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING,
  history: [['3.2.2', 'Learned `SCHEDULE`.']],
  args: [{ name: 'schedule', type: 'pure-token', token: 'SCHEDULE', since: '3.2.2', flags: ['optional'] }],
  serve(client, req, reply, router) {
    const schedules = req.argc === 2 && req.is(1, 'SCHEDULE')
    if (req.argc > 1 && !schedules) return reply.error(SYNTAX)
    replyFromMain(client, router, 'bgsave', schedules, (out, answer) => {
      const failure = failureOf(answer)
      if (failure === undefined) out.simple(String(answer))
      else out.error(failure)
    })
  },
}

export const lastsave: Command = {
  name: 'LASTSAVE',
  group: 'server',
  since: '1.0.0',
  summary: 'Returns when data was last saved to disk, as Unix time in seconds.',
  complexity: 'O(1)',
  arity: 1,
  flags: LOADING | STALE | FAST,
  tips: ['nondeterministic_output'],
  categories: ['admin', 'dangerous'],
  serve(_client, _req, reply, router) {
    reply.integer(router.persistence.get(PERSISTENCE.LAST_SAVE))
  },
}
