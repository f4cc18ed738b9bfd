// TIME: the server's clock.

import { type Command, FAST, LOADING, STALE } from '../command.ts'

export const time: Command = {
  name: 'TIME',
  group: 'server',
  since: '2.6.0',
  summary: "Returns the server's time: seconds, and microseconds of the second.",
  complexity: 'O(1)',
  arity: 1,
  flags: LOADING | STALE | FAST,
  tips: ['nondeterministic_output'],
  serve(_client, _req, reply) {
    const ms = performance.timeOrigin + performance.now()
    const seconds = Math.floor(ms / 1000)
    reply.array(2)
    reply.bulkInteger(seconds)
    reply.bulkInteger(Math.floor((ms - seconds * 1000) * 1000))
  },
}
