// MULTI, EXEC, DISCARD: a client's commands are queued by its router and run as one (router/transactions.ts).

import { ALLOW_BUSY, type Command, FAST, LOADING, NOSCRIPT, SKIP_SLOWLOG, STALE } from '../command.ts'

export const multi: Command = {
  name: 'MULTI',
  group: 'transactions',
  since: '1.2.0',
  summary: 'Begins a transaction: the commands that follow are queued.',
  complexity: 'O(1)',
  arity: 1,
  flags: NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,

  serve(client, _req, reply) {
    if (client.queuedCount >= 0) return reply.error('ERR MULTI calls can not be nested')
    client.multi()
    reply.ok()
  },
}

export const exec: Command = {
  name: 'EXEC',
  group: 'transactions',
  since: '1.2.0',
  summary: 'Runs the queued commands, with nothing in between.',
  complexity: 'That of the queued commands together',
  arity: 1,
  flags: NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG,

  // The router's dispatcher sees to an EXEC that has a transaction to run.
  serve(_client, _req, reply) {
    reply.error('ERR EXEC without MULTI')
  },
}

export const discard: Command = {
  name: 'DISCARD',
  group: 'transactions',
  since: '2.0.0',
  summary: 'Drops the queued commands, and all watches.',
  complexity: 'O(N) for N queued commands',
  arity: 1,
  flags: NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,

  serve(client, _req, reply) {
    if (client.queuedCount < 0) return reply.error('ERR DISCARD without MULTI')
    client.discard()
    reply.ok()
  },
}
