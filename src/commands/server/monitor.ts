// MONITOR: showing a client every command that the server gets.

import { ADMIN, type Command, LOADING, NOSCRIPT, STALE } from '../command.ts'

export const monitor: Command = {
  name: 'MONITOR',
  group: 'server',
  since: '1.0.0',
  summary: 'Shows every command that the server gets, as it comes.',
  complexity: 'O(1) for each command shown',
  arity: 1,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  serve(client, _req, reply, router) {
    reply.ok()
    router.startMonitor(client)
  },
}
