// REPLICAOF and its old name SLAVEOF: follow another server, or none.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { type Client, failureOf, type Router, replyFromMain } from '../client.ts'
import { ADMIN, type Argument, type Command, NO_ASYNC_LOADING, NOSCRIPT, STALE } from '../command.ts'
import { isReplica } from './replication.ts'

const FLAGS = ADMIN | NOSCRIPT | STALE | NO_ASYNC_LOADING
const SUMMARY = 'Makes the server a replica of another one, or a master again.'
const IS_REPLICA = 'ERR Command is not valid when client is a replica.'
const NOT_A_PORT = 'ERR Invalid master port'
const ALREADY = 'OK Already connected to specified master'

const ARGS: readonly Argument[] = [
  {
    name: 'args',
    type: 'oneof',
    args: [
      {
        name: 'host-port',
        type: 'block',
        args: [
          { name: 'host', type: 'string' },
          { name: 'port', type: 'integer' },
        ],
      },
      {
        name: 'no-one',
        type: 'block',
        args: [
          { name: 'no', type: 'pure-token', token: 'NO' },
          { name: 'one', type: 'pure-token', token: 'ONE' },
        ],
      },
    ],
  },
]

function serve(client: Client, req: Request, reply: Reply, router: Router): void {
  const address = req.is(1, 'NO') && req.is(2, 'ONE') ? undefined : { host: req.text(1), port: req.integer(2) }
  if (address !== undefined) {
    if (isReplica(client)) return reply.error(IS_REPLICA)
    const { host, port } = address
    if (!(port >= 0 && port <= 65535)) return reply.error(NOT_A_PORT)
    const { block } = router.replication
    if (block.isReplica && block.masterHost === host && block.word('MASTER_PORT') === port) {
      return reply.simple(ALREADY)
    }
  }
  const who = `addr=${client.address} laddr=${client.localAddress} fd=${client.fd} name=${client.name} user=${client.user}`
  replyFromMain(client, router, 'replicaof', { address, who }, (out, answer) => {
    const failure = failureOf(answer)
    if (failure !== undefined) out.error(failure)
    else out.ok()
  })
}

export const replicaof: Command = {
  name: 'REPLICAOF',
  group: 'server',
  since: '5.0.0',
  summary: SUMMARY,
  complexity: 'O(1)',
  arity: 3,
  flags: FLAGS,
  args: ARGS,
  serve,
}

export const slaveof: Command = {
  name: 'SLAVEOF',
  group: 'server',
  since: '1.0.0',
  summary: SUMMARY,
  complexity: 'O(1)',
  arity: 3,
  flags: FLAGS,
  deprecated: { since: '5.0.0', replacement: '`REPLICAOF`' },
  args: ARGS,
  serve,
}
