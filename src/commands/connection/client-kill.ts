// CLIENT KILL, in its old form with an address and the one with filters, and CLIENT UNBLOCK; over all routers.

import { NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { type Client, type ClientType, type Question, replyFromRouters } from '../client.ts'
import { ADMIN, LOADING, NOSCRIPT, type RouterCommand, STALE } from '../command.ts'
import { clientType } from './client-line.ts'
import { readType } from './client-list.ts'

interface Filter {
  id: number | undefined
  type: ClientType | undefined
  user: string | undefined
  address: string | undefined
  localAddress: string | undefined
  skipMe: boolean
  readonly me: number
}

export const killQuestion: Question<Filter, number> = {
  name: 'client-kill',
  answer(router, filter) {
    let count = 0
    for (const client of [...router.clients.values()]) {
      if (!matches(client, filter)) continue
      count++
      // Whoever kills itself still gets its reply.
      if (client.id === filter.me) client.closeAfterReply()
      else router.kill(client)
    }
    return count
  },
}

function matches(client: Client, filter: Filter): boolean {
  if (client.closing) return false
  if (filter.address !== undefined && client.address !== filter.address) return false
  if (filter.localAddress !== undefined && client.localAddress !== filter.localAddress) return false
  if (filter.type !== undefined && clientType(client) !== filter.type) return false
  if (filter.id !== undefined && client.id !== filter.id) return false
  if (filter.user !== undefined && (!client.authenticated || client.user !== filter.user)) return false
  return !filter.skipMe || client.id !== filter.me
}

export const kill: RouterCommand = {
  name: 'KILL',
  group: 'connection',
  since: '2.4.0',
  summary: 'Closes connections.',
  complexity: 'O(N), N being the number of connections',
  arity: -3,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  history: [
    ['2.8.12', 'Learned filters.'],
    ['2.8.12', 'Learned `ID`.'],
    ['3.2.0', 'Learned the type `master`.'],
    ['5.0.0', 'Calls the type `slave` `replica`, and still knows it by the old name.'],
    ['6.2.0', 'Learned `LADDR`.'],
  ],
  args: [
    {
      name: 'filter',
      type: 'oneof',
      args: [
        { name: 'ip:port', type: 'string', deprecated: '2.8.12' },
        {
          name: 'new-format',
          type: 'oneof',
          flags: ['multiple'],
          args: [
            { name: 'client-id', type: 'integer', token: 'ID', since: '2.8.12', flags: ['optional'] },
            {
              name: 'normal_master_slave_pubsub',
              type: 'oneof',
              token: 'TYPE',
              since: '2.8.12',
              flags: ['optional'],
              args: [
                { name: 'normal', type: 'pure-token', token: 'NORMAL' },
                { name: 'master', type: 'pure-token', token: 'MASTER', since: '3.2.0' },
                { name: 'slave', type: 'pure-token', token: 'SLAVE' },
                { name: 'replica', type: 'pure-token', token: 'REPLICA', since: '5.0.0' },
                { name: 'pubsub', type: 'pure-token', token: 'PUBSUB' },
              ],
            },
            { name: 'username', type: 'string', token: 'USER', flags: ['optional'] },
            { name: 'ip:port', type: 'string', token: 'ADDR', flags: ['optional'] },
            { name: 'ip:port', type: 'string', token: 'LADDR', since: '6.2.0', flags: ['optional'] },
            { name: 'yes/no', type: 'string', token: 'SKIPME', flags: ['optional'] },
          ],
        },
      ],
    },
  ],
  serve(client, req, reply, router) {
    const filter: Filter = {
      id: undefined,
      type: undefined,
      user: undefined,
      address: undefined,
      localAddress: undefined,
      skipMe: true,
      me: client.id,
    }
    const isOldForm = req.argc === 3
    if (isOldForm) {
      filter.address = req.text(2)
      filter.skipMe = false
    } else if (!readFilter(req, filter, reply)) {
      return
    }
    if (filter.user !== undefined && router.users.get(filter.user) === undefined) {
      return reply.error(`ERR No such user '${filter.user}'`)
    }
    replyFromRouters(client, reply, router, killQuestion, filter, (out, counts) => {
      const count = counts.reduce((sum, each) => sum + each, 0)
      if (!isOldForm) out.integer(count)
      else if (count > 0) out.ok()
      else out.error('ERR No such client')
    })
  },
}

function readFilter(req: Request, filter: Filter, reply: Reply): boolean {
  for (let i = 2; i < req.argc; i += 2) {
    if (i + 1 === req.argc) return refuse(reply, SYNTAX)
    if (req.is(i, 'ID')) {
      const id = req.integer(i + 1)
      if (!(id > 0)) return refuse(reply, 'ERR client-id should be greater than 0')
      filter.id = id
    } else if (req.is(i, 'TYPE')) {
      filter.type = readType(req, i + 1, reply)
      if (filter.type === undefined) return false
    } else if (req.is(i, 'ADDR')) {
      filter.address = req.text(i + 1)
    } else if (req.is(i, 'LADDR')) {
      filter.localAddress = req.text(i + 1)
    } else if (req.is(i, 'USER')) {
      filter.user = req.text(i + 1)
    } else if (req.is(i, 'SKIPME') && (req.is(i + 1, 'YES') || req.is(i + 1, 'NO'))) {
      filter.skipMe = req.is(i + 1, 'YES')
    } else {
      return refuse(reply, SYNTAX)
    }
  }
  return true
}

function refuse(reply: Reply, text: string): false {
  reply.error(text)
  return false
}

interface Unblock {
  readonly id: number
  readonly asError: boolean
}

export const unblockQuestion: Question<Unblock, boolean> = {
  name: 'client-unblock',
  answer: (router, { id, asError }) => router.clients.get(id)?.unblock(asError) ?? false,
}

export const unblock: RouterCommand = {
  name: 'UNBLOCK',
  group: 'connection',
  since: '5.0.0',
  summary: 'Ends the wait of a client in a blocking command.',
  complexity: 'O(log N), N being the number of connections',
  arity: -3,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  args: [
    { name: 'client-id', type: 'integer' },
    {
      name: 'timeout_error',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'timeout', type: 'pure-token', token: 'TIMEOUT' },
        { name: 'error', type: 'pure-token', token: 'ERROR' },
      ],
    },
  ],
  serve(client, req, reply, router) {
    let asError = false
    if (req.argc > 4) return reply.error(SYNTAX)
    if (req.argc === 4) {
      asError = req.is(3, 'ERROR')
      if (!asError && !req.is(3, 'TIMEOUT')) {
        return reply.error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')
      }
    }
    const id = req.integer(2)
    if (Number.isNaN(id)) return reply.error(NOT_AN_INTEGER)
    replyFromRouters(client, reply, router, unblockQuestion, { id, asError }, (out, answers) => {
      out.integer(answers.includes(true) ? 1 : 0)
    })
  },
}
