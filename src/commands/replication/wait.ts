// WAIT and WAITAOF: hold the client until enough replicas, or disks, have what it has written.

import {
  NEGATIVE_TIMEOUT,
  NOT_A_TIMEOUT,
  NOT_AN_INTEGER,
  NOT_POSITIVE,
  NOT_ZERO_OR_ONE,
} from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { Client, Router } from '../client.ts'
import { BLOCKING, type Command, NOSCRIPT } from '../command.ts'
import type { WaitOrder, WaitOutcome } from './replication.ts'

const ON_A_REPLICA =
  'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured ' +
  'to be writable (which is not the default) writes to replicas are just local and are not propagated.'
const NO_LOG = 'ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.'
const AOF_ON_A_REPLICA =
  'ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and are ' +
  'not propagated.'

/** The timeout in ms that argument `i` is, -1 after replying what is wrong with it. */
function timeoutOf(req: Request, i: number, reply: Reply): number {
  const ms = req.integer(i)
  if (!Number.isSafeInteger(ms)) reply.error(NOT_A_TIMEOUT)
  else if (ms < 0) reply.error(NEGATIVE_TIMEOUT)
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
  categories: ['connection', '-keyspace'],
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
    const order = { replicas, isDurable: false, needsLocal: false, ms }
    waitThen(client, router, reply, order, (out, outcome) => out.integer(outcome.replicas))
  },
}

export const waitaof: Command = {
  name: 'WAITAOF',
  group: 'generic',
  since: '7.2.0',
  summary: 'Waits until what was written before is on disk: here, on so many replicas, or both.',
  complexity: 'O(1)',
  arity: 4,
  flags: BLOCKING,
  categories: ['connection', '-keyspace'],
  tips: ['request_policy:all_shards', 'response_policy:agg_min'],
  args: [
    { name: 'numlocal', type: 'integer' },
    { name: 'numreplicas', type: 'integer' },
    { name: 'timeout', type: 'integer' },
  ],
  serve(client, req, reply, router) {
    const local = req.integer(1)
    if (local !== 0 && local !== 1) return reply.error(NOT_ZERO_OR_ONE)
    const replicas = req.integer(2)
    if (!Number.isSafeInteger(replicas)) return reply.error(NOT_AN_INTEGER)
    if (replicas < 0) return reply.error(NOT_POSITIVE)
    const ms = timeoutOf(req, 3, reply)
    if (ms < 0) return
    if (router.replication.block.isReplica) return reply.error(AOF_ON_A_REPLICA)
    if (local === 1 && !router.replication.hasLog) return reply.error(NO_LOG)
    const order = { replicas, isDurable: true, needsLocal: local === 1, ms }
    waitThen(client, router, reply, order, (out, outcome) => {
      out.array(2)
      out.integer(outcome.local)
      out.integer(outcome.replicas)
    })
  },
}

/** Replies at once, or when it has come far enough, or time is up. */
function waitThen(
  client: Client,
  router: Router,
  reply: Reply,
  order: WaitOrder,
  write: (out: Reply, outcome: WaitOutcome) => void,
): void {
  let later: ReturnType<Client['later']> | undefined
  const outcome = router.replication.wait(client, order, found => later?.(out => write(out, found)))
  if (outcome !== undefined) write(reply, outcome)
  else later = client.later()
}
