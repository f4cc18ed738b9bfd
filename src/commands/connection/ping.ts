// PING and ECHO: is anybody there? While scripts hold every shard for long, PING says so: nobody is who could serve a key.

import { wrongArguments } from '../../protocol/errors.ts'
import { type Command, FAST, LOADING, STALE } from '../command.ts'

export const ping: Command = {
  name: 'PING',
  group: 'connection',
  since: '1.0.0',
  summary: 'Answers PONG, or the argument.',
  complexity: 'O(1)',
  arity: -1,
  flags: FAST,
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  args: [{ name: 'message', type: 'string', flags: ['optional'] }],
  serve(client, req, reply, router) {
    const { busy } = router.scripts
    if (busy !== undefined) return reply.error(busy)
    if (req.argc > 2) return reply.error(wrongArguments('ping'))
    if (client.resp === 2 && client.channelCount + client.patternCount > 0) {
      // A subscriber in RESP2 expects arrays only.
      reply.array(2)
      reply.latin1('pong')
      if (req.argc === 1) reply.latin1('')
      else reply.bulk(req.u8, req.at[1], req.length[1])
    } else if (req.argc === 1) {
      reply.pong()
    } else {
      reply.bulk(req.u8, req.at[1], req.length[1])
    }
  },
}

export const echo: Command = {
  name: 'ECHO',
  group: 'connection',
  since: '1.0.0',
  summary: 'Answers its argument.',
  complexity: 'O(1)',
  arity: 2,
  flags: LOADING | STALE | FAST,
  args: [{ name: 'message', type: 'string' }],
  serve(_client, req, reply) {
    reply.bulk(req.u8, req.at[1], req.length[1])
  },
}
