// WATCH and UNWATCH: what EXEC compares before it runs anything (store/watches.ts).

import { watchKey } from '../../store/watches.ts'
import { ALLOW_BUSY, type Command, everyKey, FAST, LOADING, NOSCRIPT, STALE } from '../command.ts'

export const watch: Command = {
  name: 'WATCH',
  group: 'transactions',
  since: '2.2.0',
  summary: 'Has the next EXEC run only if none of these keys has changed by then.',
  complexity: 'O(1) for each key',
  arity: -2,
  flags: NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,
  keys: everyKey(['RO']),
  args: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],

  run(shard, req, reply) {
    for (let i = 1; i < req.argc; i++) {
      watchKey(shard.ofKey(req, i), req.sender.id, req.db, req.u8, req.at[i], req.length[i])
    }
    reply.ok()
  },
}

export const unwatch: Command = {
  name: 'UNWATCH',
  group: 'transactions',
  since: '2.2.0',
  summary: 'Watches nothing any more.',
  complexity: 'O(1)',
  arity: 1,
  flags: NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,

  serve(client, _req, reply) {
    client.unwatch()
    reply.ok()
  },
}
