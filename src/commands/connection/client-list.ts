// CLIENT LIST, over all routers.

import { SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { type Client, type ClientType, type Question, replyFromRouters } from '../client.ts'
import { ADMIN, LOADING, NOSCRIPT, type RouterCommand, STALE } from '../command.ts'
import { clientLine, clientType } from './client-line.ts'

const TYPES: Readonly<Record<string, ClientType | undefined>> = {
  normal: 'normal',
  master: 'master',
  replica: 'replica',
  slave: 'replica',
  pubsub: 'pubsub',
}

interface Filter {
  readonly type: ClientType | undefined
  readonly ids: readonly number[] | undefined
  /** The client that asks, and its line, which says that it does. */
  readonly asking: number
  readonly line: string
}

type Listed = readonly [id: number, line: string]

export const listQuestion: Question<Filter, Listed[]> = {
  name: 'client-list',
  answer(router, { type, ids, asking, line }) {
    const now = Date.now()
    const lines: Listed[] = []
    for (const client of router.clients.values()) {
      if (type !== undefined && clientType(client) !== type) continue
      if (ids !== undefined && !ids.includes(client.id)) continue
      lines.push([client.id, client.id === asking ? line : clientLine(client, undefined, now)])
    }
    return lines
  },
}

export const list: RouterCommand = {
  name: 'LIST',
  group: 'connection',
  since: '2.4.0',
  summary: 'Describes all connections, one a line.',
  complexity: 'O(N), N being the number of connections',
  arity: -2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  tips: ['nondeterministic_output'],
  history: [
    ['2.8.12', 'Shows `id`.'],
    ['5.0.0', 'Learned `TYPE`.'],
    ['6.0.0', 'Shows `user`.'],
    ['6.2.0', 'Shows `laddr`, `argv-mem`, `tot-mem` and `redir`; learned `ID`.'],
    ['7.0.0', 'Shows `multi-mem`, `rbs`, `rbp` and `resp`.'],
    ['7.0.3', 'Shows `ssub`.'],
  ],
  args: [
    {
      name: 'normal_master_replica_pubsub',
      type: 'oneof',
      token: 'TYPE',
      since: '5.0.0',
      flags: ['optional'],
      args: [
        { name: 'normal', type: 'pure-token', token: 'NORMAL' },
        { name: 'master', type: 'pure-token', token: 'MASTER' },
        { name: 'replica', type: 'pure-token', token: 'REPLICA' },
        { name: 'pubsub', type: 'pure-token', token: 'PUBSUB' },
      ],
    },
    {
      name: 'id',
      type: 'block',
      token: 'ID',
      since: '6.2.0',
      flags: ['optional'],
      args: [{ name: 'client-id', type: 'integer', flags: ['multiple'] }],
    },
  ],
  serve(client, req, reply, router) {
    const filter = readFilter(client, req, reply)
    if (filter === undefined) return
    replyFromRouters(client, reply, router, listQuestion, filter, (out, answers) => {
      const lines = answers.flat().sort((a, b) => a[0] - b[0])
      out.verbatim('txt', lines.map(([, line]) => `${line}\n`).join(''))
    })
  },
}

function readFilter(client: Client, req: Request, reply: Reply): Filter | undefined {
  const who = { asking: client.id, line: clientLine(client, req, Date.now()) }
  if (req.argc === 2) return { type: undefined, ids: undefined, ...who }
  if (req.argc === 4 && req.is(2, 'TYPE')) {
    const type = readType(req, 3, reply)
    return type === undefined ? undefined : { type, ids: undefined, ...who }
  }
  if (req.argc > 3 && req.is(2, 'ID')) {
    const ids: number[] = []
    for (let i = 3; i < req.argc; i++) {
      const id = req.integer(i)
      if (Number.isNaN(id)) {
        reply.error('ERR Invalid client ID')
        return undefined
      }
      ids.push(id)
    }
    return { type: undefined, ids, ...who }
  }
  reply.error(SYNTAX)
  return undefined
}

/** The class of client that argument `i` names; undefined after replying the error. */
export function readType(req: Request, i: number, reply: Reply): ClientType | undefined {
  const type = TYPES[req.text(i).toLowerCase()]
  if (type === undefined) reply.error(`ERR Unknown client type '${req.text(i)}'`)
  return type
}
