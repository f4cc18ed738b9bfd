// WAIT and WAITAOF: hold the client until enough replicas, or disks, have what it has written.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { Client, Router } from '../client.ts'
import { type Command, NOSCRIPT } from '../command.ts'

const NOT_AN_INTEGER = 'ERR value is not an integer or out of range'
const NOT_A_TIMEOUT = 'ERR timeout is not an integer or out of range'
const NEGATIVE = 'ERR timeout is negative'
const ON_A_REPLICA =
  'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated.'

/** The timeout in ms that argument `i` is, -1 after replying what is wrong with it. */
function timeoutOf(req: Request, i: number, reply: Reply): number {
  const ms = req.integer(i)
  if (!Number.isSafeInteger(ms)) reply.error(NOT_A_TIMEOUT)
  else if (ms < 0) reply.error(NEGATIVE)
  else return ms
  return -1
}

export const wait: Command = {
  name: 'WAIT',
  group: 'generic',
  since: '3.0.0',
  summary: 'Waits until so many replicas have everything that was written before.',
  complexity: 'O(1)',
  arity: 3,
  flags: NOSCRIPT,
  categories: ['connection'],
  tips: ['request_policy:all_shards', 'response_policy:agg_min'],
  args: [
    { name: 'numreplicas', type: 'integer' },
    { name: 'timeout', type: 'integer' },
  ],
  serve(client, req, reply, router) {
    if (router.replication.block.isReplica) return reply.error(ON_A_REPLICA)
    const replicas = req.integer(1)
    if (!Number.isSafeInteger(replicas)) return reply.error(NOT_AN_INTEGER)
    const ms = timeoutOf(req, 2, reply)
    if (ms < 0) return
    waitThen(client, router, reply, replicas, ms, false, (out, count) => out.integer(count))
  },
}

/** Replies at once, or when enough have acknowledged or time is up. */
function waitThen(
  client: Client,
  router: Router,
  reply: Reply,
  replicas: number,
  ms: number,
  isDurable: boolean,
  write: (out: Reply, count: number) => void,
): void {
  let later: ReturnType<Client['later']> | undefined
  const count = router.replication.wait(client, replicas, ms, isDurable, found => later?.(out => write(out, found)))
  if (count >= 0) write(reply, count)
  else later = client.later()
}
