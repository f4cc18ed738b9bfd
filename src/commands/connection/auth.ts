// AUTH and HELLO: who the client is, and which protocol it speaks.

import { REDIS_VERSION } from '../../config/version.ts'
import { SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { Client, Router } from '../client.ts'
import { ALLOW_BUSY, type Command, FAST, LOADING, NO_AUTH, NOSCRIPT, STALE } from '../command.ts'
import { BAD_NAME, isName } from './name.ts'

const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.'
const NO_PASSWORD =
  'ERR AUTH <password> called without any password configured for the default user. ' +
  'Are you sure your configuration is correct?'
const HELLO_FIRST =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> ' +
  'option can be used to authenticate the client and select the RESP protocol version at the same time'

export const auth: Command = {
  name: 'AUTH',
  group: 'connection',
  since: '1.0.0',
  summary: 'Authenticates the client.',
  complexity: 'O(N), N being the number of passwords of the user',
  arity: -2,
  flags: NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
  history: [['6.0.0', 'Takes a user name.']],
  args: [
    { name: 'username', type: 'string', since: '6.0.0', flags: ['optional'] },
    { name: 'password', type: 'string' },
  ],
  serve(client, req, reply, router) {
    if (req.argc > 3) return reply.error(SYNTAX)
    if (req.argc === 2 && router.hasOpenDefaultUser) return reply.error(NO_PASSWORD)
    const user = req.argc === 3 ? req.text(1) : 'default'
    if (router.authenticate(client, user, req.text(req.argc - 1), req.text(0))) reply.ok()
    else reply.error(WRONG_PASSWORD)
  },
}

export const hello: Command = {
  name: 'HELLO',
  group: 'connection',
  since: '6.0.0',
  summary: 'Agrees on the protocol and, if asked to, on user and name; tells about the server.',
  complexity: 'O(1)',
  arity: -1,
  flags: NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
  history: [['6.2.0', 'Without arguments it tells about the connection.']],
  args: [
    {
      name: 'arguments',
      type: 'block',
      flags: ['optional'],
      args: [
        { name: 'protover', type: 'integer' },
        {
          name: 'username_password',
          type: 'block',
          token: 'AUTH',
          flags: ['optional'],
          args: [
            { name: 'username', type: 'string' },
            { name: 'password', type: 'string' },
          ],
        },
        { name: 'clientname', type: 'string', token: 'SETNAME', flags: ['optional'] },
      ],
    },
  ],
  serve(client, req, reply, router) {
    const options = readOptions(req, reply)
    if (options === undefined) return
    const { protocol, user, password, name } = options
    if (user !== undefined && !router.authenticate(client, user, password, req.text(0)))
      return reply.error(WRONG_PASSWORD)
    if (!client.authenticated) return reply.error(HELLO_FIRST)
    if (name !== undefined && !isName(name)) return reply.error(BAD_NAME)
    if (name !== undefined) client.name = name
    if (protocol !== undefined) client.resp = protocol
    reply.resp = client.resp
    replyServer(client, reply, router)
  },
}

interface HelloOptions {
  readonly protocol: 2 | 3 | undefined
  readonly user: string | undefined
  readonly password: string
  readonly name: string | undefined
}

function readOptions(req: Request, reply: Reply): HelloOptions | undefined {
  if (req.argc === 1) return { protocol: undefined, user: undefined, password: '', name: undefined }
  const protocol = req.integer(1)
  if (!Number.isFinite(protocol)) return refuse(reply, 'ERR Protocol version is not an integer or out of range')
  if (protocol !== 2 && protocol !== 3) return refuse(reply, 'NOPROTO unsupported protocol version')
  let user: string | undefined
  let password = ''
  let name: string | undefined
  for (let i = 2; i < req.argc; i++) {
    const left = req.argc - 1 - i
    if (req.is(i, 'AUTH') && left >= 2) {
      user = req.text(++i)
      password = req.text(++i)
    } else if (req.is(i, 'SETNAME') && left >= 1) {
      name = req.text(++i)
    } else {
      return refuse(reply, `ERR Syntax error in HELLO option '${req.text(i)}'`)
    }
  }
  return { protocol, user, password, name }
}

function refuse(reply: Reply, text: string): undefined {
  reply.error(text)
  return undefined
}

function replyServer(client: Client, reply: Reply, router: Router): void {
  reply.map(7)
  reply.latin1('server')
  reply.latin1('redis')
  reply.latin1('version')
  reply.latin1(REDIS_VERSION)
  reply.latin1('proto')
  reply.integer(client.resp)
  reply.latin1('id')
  reply.integer(client.id)
  reply.latin1('mode')
  reply.latin1('standalone')
  reply.latin1('role')
  reply.latin1(router.config.master() === undefined ? 'master' : 'replica')
  reply.latin1('modules')
  reply.emptyArray()
}
