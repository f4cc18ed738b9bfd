// PSYNC and SYNC: the client becomes a replica.

import { NOT_AN_INTEGER } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Client, Router } from '../client.ts'
import { ADMIN, type Command, NO_ASYNC_LOADING, NO_MULTI, NOSCRIPT } from '../command.ts'
import { isReplica } from './replication.ts'

const FLAGS = ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI
const NO_MASTER_LINK = "NOMASTERLINK Can't SYNC while not connected with my master"

/** Whether a new replica must be turned away, which has been replied. */
function isRefused(client: Client, reply: Reply, { replication }: Router): boolean {
  if (isReplica(client)) return true
  if (replication.block.isLinked) return false
  reply.error(NO_MASTER_LINK)
  return true
}

export const psync: Command = {
  name: 'PSYNC',
  group: 'server',
  since: '2.8.0',
  summary: 'Makes the client a replica, which goes on where it stopped or gets a full copy.',
  complexity: 'O(1), and O(N) in the background for a full copy of N keys',
  arity: -3,
  flags: FLAGS,
  args: [
    { name: 'replicationid', type: 'string' },
    { name: 'offset', type: 'integer' },
  ],
  serve(client, req, reply, router) {
    const offset = req.integer(2)
    if (!Number.isSafeInteger(offset)) {
      const later = client.later()
      router.replication.wrongOffset(client).then(() => later(out => out.error(NOT_AN_INTEGER)))
      return
    }
    if (req.argc > 3 && req.is(3, 'FAILOVER')) return takeOver(client, req.text(1), offset, reply, router)
    if (isRefused(client, reply, router)) return
    router.replication.psync(client, req.text(1), offset)
  },
}

/** PSYNC id offset FAILOVER: the master hands over to this replica, and becomes its replica. */
function takeOver(client: Client, id: string, offset: number, reply: Reply, router: Router): void {
  const { block } = router.replication
  if (!block.isReplica) return reply.error("ERR PSYNC FAILOVER can't be sent to a master.")
  if (id.toLowerCase() !== block.id) {
    return reply.error('ERR PSYNC FAILOVER replid must match my replid.')
  }
  const later = client.later()
  router.ask('replica-take-over', null).then(() => {
    later(() => undefined)
    router.replication.psync(client, id, offset)
  })
}

export const sync: Command = {
  name: 'SYNC',
  group: 'server',
  since: '1.0.0',
  summary: 'Makes the client a replica of the old kind: it gets a full copy, and then every change.',
  complexity: 'O(1), and O(N) in the background for a full copy of N keys',
  arity: 1,
  flags: FLAGS,
  serve(client, _req, reply, router) {
    if (!isRefused(client, reply, router)) router.replication.sync(client)
  },
}
