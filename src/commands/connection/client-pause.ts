// CLIENT PAUSE and UNPAUSE: holding clients back for a while, on all routers.

import { NEGATIVE_TIMEOUT, NOT_A_TIMEOUT } from '../../protocol/errors.ts'
import { type Question, replyFromRouters } from '../client.ts'
import { ADMIN, LOADING, NOSCRIPT, type RouterCommand, STALE } from '../command.ts'
import { PAUSE } from '../pause.ts'

export const pauseQuestion: Question<{ kind: number; until: number }, undefined> = {
  name: 'client-pause',
  answer(router, { kind, until }) {
    if (kind === PAUSE.NONE) router.pause.end()
    else router.pause.start(kind, until)
    return undefined
  },
}

export const pause: RouterCommand = {
  name: 'PAUSE',
  group: 'connection',
  since: '2.9.50',
  summary: "Stops running clients' commands for a time.",
  complexity: 'O(1)',
  arity: -3,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  history: [['6.2.0', 'Learned `WRITE`.']],
  args: [
    { name: 'timeout', type: 'integer' },
    {
      name: 'mode',
      type: 'oneof',
      since: '6.2.0',
      flags: ['optional'],
      args: [
        { name: 'write', type: 'pure-token', token: 'WRITE' },
        { name: 'all', type: 'pure-token', token: 'ALL' },
      ],
    },
  ],
  serve(client, req, reply, router) {
    let kind: number = PAUSE.ALL
    if (req.argc === 4) {
      if (req.is(3, 'WRITE')) kind = PAUSE.WRITES
      else if (!req.is(3, 'ALL')) return reply.error('ERR CLIENT PAUSE mode must be WRITE or ALL')
    }
    const ms = req.integer(2)
    if (!Number.isFinite(ms)) return reply.error(NOT_A_TIMEOUT)
    if (ms < 0) return reply.error(NEGATIVE_TIMEOUT)
    replyFromRouters(client, reply, router, pauseQuestion, { kind, until: Date.now() + ms }, out => out.ok())
  },
}

export const unpause: RouterCommand = {
  name: 'UNPAUSE',
  group: 'connection',
  since: '6.2.0',
  summary: 'Goes on running the commands of clients that were paused.',
  complexity: 'O(N), N being the number of paused clients',
  arity: 2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  serve(client, _req, reply, router) {
    replyFromRouters(client, reply, router, pauseQuestion, { kind: PAUSE.NONE, until: 0 }, out => out.ok())
  },
}
