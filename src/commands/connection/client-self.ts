// CLIENT subcommands about the connection that sends them.

import { SYNTAX } from '../../protocol/errors.ts'
import { SENDER } from '../../protocol/request.ts'
import { ADMIN, LOADING, NOSCRIPT, type RouterCommand, STALE } from '../command.ts'
import { clientLine } from './client-line.ts'
import { BAD_NAME, isName } from './name.ts'

export const id: RouterCommand = {
  name: 'ID',
  group: 'connection',
  since: '5.0.0',
  summary: 'Returns the id of the connection.',
  complexity: 'O(1)',
  arity: 2,
  flags: NOSCRIPT | LOADING | STALE,
  serve(client, _req, reply) {
    reply.integer(client.id)
  },
}

export const info: RouterCommand = {
  name: 'INFO',
  group: 'connection',
  since: '6.2.0',
  summary: 'Describes the connection, as CLIENT LIST does.',
  complexity: 'O(1)',
  arity: 2,
  flags: NOSCRIPT | LOADING | STALE,
  tips: ['nondeterministic_output'],
  serve(client, req, reply) {
    reply.verbatim('txt', `${clientLine(client, req, Date.now())}\n`)
  },
}

export const getname: RouterCommand = {
  name: 'GETNAME',
  group: 'connection',
  since: '2.6.9',
  summary: 'Returns the name of the connection.',
  complexity: 'O(1)',
  arity: 2,
  flags: NOSCRIPT | LOADING | STALE,
  serve(client, _req, reply) {
    if (client.name === '') reply.nil()
    else reply.latin1(client.name)
  },
}

export const setname: RouterCommand = {
  name: 'SETNAME',
  group: 'connection',
  since: '2.6.9',
  summary: 'Names the connection.',
  complexity: 'O(1)',
  arity: 3,
  flags: NOSCRIPT | LOADING | STALE,
  args: [{ name: 'connection-name', type: 'string' }],
  serve(client, req, reply) {
    const name = req.text(2)
    if (!isName(name)) return reply.error(BAD_NAME)
    client.name = name
    reply.ok()
  },
}

export const setinfo: RouterCommand = {
  name: 'SETINFO',
  group: 'connection',
  since: '7.2.0',
  summary: 'Notes which client library is at the other end.',
  complexity: 'O(1)',
  arity: 4,
  flags: NOSCRIPT | LOADING | STALE,
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  args: [
    {
      name: 'attr',
      type: 'oneof',
      args: [
        { name: 'libname', type: 'string', token: 'LIB-NAME' },
        { name: 'libver', type: 'string', token: 'LIB-VER' },
      ],
    },
  ],
  serve(client, req, reply) {
    const isLibrary = req.is(2, 'LIB-NAME')
    if (!isLibrary && !req.is(2, 'LIB-VER')) return reply.error(`ERR Unrecognized option '${req.text(2)}'`)
    const value = req.text(3)
    if (!isName(value)) {
      const word = isLibrary ? 'lib-name' : 'lib-ver'
      return reply.error(`ERR ${word} cannot contain spaces, newlines or special characters.`)
    }
    if (isLibrary) client.libraryName = value
    else client.libraryVersion = value
    reply.ok()
  },
}

export const replyMode: RouterCommand = {
  name: 'REPLY',
  group: 'connection',
  since: '3.2.0',
  summary: 'Tells the server which commands to answer.',
  complexity: 'O(1)',
  arity: 3,
  flags: NOSCRIPT | LOADING | STALE,
  args: [
    {
      name: 'on_off_skip',
      type: 'oneof',
      args: [
        { name: 'on', type: 'pure-token', token: 'ON' },
        { name: 'off', type: 'pure-token', token: 'OFF' },
        { name: 'skip', type: 'pure-token', token: 'SKIP' },
      ],
    },
  ],
  serve(client, req, reply) {
    if (req.is(2, 'ON')) {
      client.replyMode = 'on'
      reply.ok()
    } else if (req.is(2, 'OFF')) {
      client.replyMode = 'off'
    } else if (req.is(2, 'SKIP')) {
      if (client.replyMode !== 'off') client.replyMode = 'skip-next'
    } else {
      reply.error(SYNTAX)
    }
  },
}

export const noEvict: RouterCommand = {
  name: 'NO-EVICT',
  group: 'connection',
  since: '7.0.0',
  summary: 'Keeps the connection from being closed for the memory it takes.',
  complexity: 'O(1)',
  arity: 3,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  args: [
    {
      name: 'enabled',
      type: 'oneof',
      args: [
        { name: 'on', type: 'pure-token', token: 'ON' },
        { name: 'off', type: 'pure-token', token: 'OFF' },
      ],
    },
  ],
  serve(client, req, reply) {
    if (!req.is(2, 'ON') && !req.is(2, 'OFF')) return reply.error(SYNTAX)
    client.keepsConnection = req.is(2, 'ON')
    reply.ok()
  },
}

export const noTouch: RouterCommand = {
  name: 'NO-TOUCH',
  group: 'connection',
  since: '7.2.0',
  summary: 'Lets the connection read keys without making them look used.',
  complexity: 'O(1)',
  arity: 3,
  flags: NOSCRIPT | LOADING | STALE,
  args: [
    {
      name: 'enabled',
      type: 'oneof',
      args: [
        { name: 'on', type: 'pure-token', token: 'ON' },
        { name: 'off', type: 'pure-token', token: 'OFF' },
      ],
    },
  ],
  serve(client, req, reply) {
    if (req.is(2, 'ON')) client.flags |= SENDER.NO_TOUCH
    else if (req.is(2, 'OFF')) client.flags &= ~SENDER.NO_TOUCH
    else return reply.error(SYNTAX)
    reply.ok()
  },
}
