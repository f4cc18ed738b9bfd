// REPLCONF: what a master and its replica tell each other beside the stream.

import { NOT_AN_INTEGER, NOT_ZERO_OR_ONE, SYNTAX } from '../../protocol/errors.ts'
import type { Request } from '../../protocol/request.ts'
import { CAPABILITY } from '../../shared/replication-block.ts'
import type { Client, Router } from '../client.ts'
import { ADMIN, ALLOW_BUSY, type Command, LOADING, NOSCRIPT, STALE } from '../command.ts'
import { replicaFacts } from './replication.ts'

export const replconf: Command = {
  name: 'REPLCONF',
  group: 'server',
  since: '3.0.0',
  summary: 'What masters and replicas tell each other: ports, capabilities, acknowledged offsets.',
  complexity: 'O(1)',
  arity: -1,
  flags: ADMIN | NOSCRIPT | LOADING | STALE | ALLOW_BUSY,
  docFlags: ['syscmd'],
  serve(client, req, reply, router) {
    if (req.argc % 2 === 0) return reply.error(SYNTAX)
    for (let i = 1; i < req.argc; i += 2) {
      if (req.is(i, 'SKEP-PARENT')) return reply.simple(parentOf(router))
      const outcome = option(client, req, i, router)
      if (outcome === SILENT) return
      if (outcome !== undefined) return reply.error(outcome)
    }
    reply.ok()
  },
}

/** Whom a replica of ours may go to when we are gone. */
function parentOf({ replication }: Router): string {
  const { block } = replication
  return block.isReplica ? `${block.masterHost} ${block.word('MASTER_PORT')}` : 'none'
}

/** There is no reply at all. */
const SILENT = ''

/** Takes one option. Returns an error to reply, SILENT, or undefined to go on. */
function option(client: Client, req: Request, i: number, router: Router): string | undefined {
  const value = i + 1
  if (req.is(i, 'LISTENING-PORT')) {
    const port = req.integer(value)
    if (!Number.isSafeInteger(port)) return NOT_AN_INTEGER
    replicaFacts(client).port = port
  } else if (req.is(i, 'IP-ADDRESS')) {
    const address = req.text(value)
    if (address.length >= ADDRESS_LENGTH_MAX) {
      return `ERR REPLCONF ip-address provided by replica instance is too long: ${address.length} bytes`
    }
    replicaFacts(client).address = address
  } else if (req.is(i, 'CAPA')) {
    if (req.is(value, 'EOF')) replicaFacts(client).capa |= CAPABILITY.EOF
    else if (req.is(value, 'PSYNC2')) replicaFacts(client).capa |= CAPABILITY.PSYNC2
    else if (req.is(value, 'SKEP-TREE')) replicaFacts(client).capa |= CAPABILITY.TREE
  } else if (req.is(i, 'ACK')) {
    acknowledge(client, req, i, router)
    return SILENT
  } else if (req.is(i, 'GETACK')) {
    router.replication.acknowledge(client)
    return SILENT
  } else if (req.is(i, 'RDB-ONLY')) {
    const only = req.integer(value)
    if (!Number.isSafeInteger(only)) return NOT_AN_INTEGER
    if (only !== 0 && only !== 1) return NOT_ZERO_OR_ONE
    replicaFacts(client).isRdbOnly = only === 1
  } else if (req.is(i, 'RDB-FILTER-ONLY')) {
    // Names what the copy is to have; what is not named is left out.
    const wanted = req
      .text(value)
      .split(' ')
      .filter(word => word !== '')
    const unknown = wanted.find(word => word.toLowerCase() !== 'functions')
    if (unknown !== undefined) return `ERR Unsupported rdb-filter-only option: ${unknown}`
    replicaFacts(client).leavesOutData = true
  } else if (req.is(i, 'SKEP-TREE')) {
    // `<replicas below>,<who they are>`; see src/replica/tree.ts.
    const [count, ...rest] = req.text(value).split(',')
    router.replication.reported(client, Number(count) || 0, rest.join(','))
    return SILENT
  } else if (!req.is(i, 'VERSION')) {
    return `ERR Unrecognized REPLCONF option: ${req.text(i)}`
  }
  return undefined
}

function acknowledge(client: Client, req: Request, i: number, router: Router): void {
  const offset = req.integer(i + 1)
  const durable = req.argc > i + 3 && req.is(i + 2, 'FACK') ? req.integer(i + 3) : -1
  if (Number.isSafeInteger(offset)) router.replication.acknowledged(client, offset, durable)
}

const ADDRESS_LENGTH_MAX = 256
