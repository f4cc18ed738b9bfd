// SELECT, QUIT and RESET: which database a connection works on, and its end.

import { DB_OUT_OF_RANGE, NOT_AN_INTEGER, OUT_OF_RANGE } from '../../protocol/errors.ts'
import { ALLOW_BUSY, type Command, FAST, LOADING, NO_AUTH, NOSCRIPT, STALE } from '../command.ts'

export const select: Command = {
  name: 'SELECT',
  group: 'connection',
  since: '1.0.0',
  summary: 'Chooses the database for the commands that follow.',
  complexity: 'O(1)',
  arity: 2,
  flags: LOADING | STALE | FAST,
  args: [{ name: 'index', type: 'integer' }],
  serve(client, req, reply, router) {
    const db = req.integer(1)
    if (db !== (db | 0)) return reply.error(Number.isFinite(db) ? OUT_OF_RANGE : NOT_AN_INTEGER)
    if (db < 0 || db >= router.engine.shards[0].databases) return reply.error(DB_OUT_OF_RANGE)
    client.db = db
    reply.ok()
  },
}

export const quit: Command = {
  name: 'QUIT',
  group: 'connection',
  since: '1.0.0',
  summary: 'Ends the connection.',
  complexity: 'O(1)',
  arity: -1,
  flags: NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
  serve(client, _req, reply) {
    reply.ok()
    client.closeAfterReply()
  },
}

export const reset: Command = {
  name: 'RESET',
  group: 'connection',
  since: '6.2.0',
  summary: 'Makes the connection as it was when it began.',
  complexity: 'O(1)',
  arity: 1,
  flags: NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
  serve(client, _req, reply) {
    client.reset()
    reply.resp = client.resp
    reply.simple('RESET')
  },
}
