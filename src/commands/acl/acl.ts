// ACL, all of it. Routers answer from their copies of the users; what changes them goes to the main thread.

import { randomBytes } from '../../bytes/crypto.ts'
import { NOT_AN_INTEGER, wrongArguments } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import { Request } from '../../protocol/request.ts'
import { CATEGORIES, categoriesOf } from '../categories.ts'
import { failureOf, replyFromMain, textsFrom } from '../client.ts'
import { ADMIN, type Command, LOADING, NOSCRIPT, type RouterCommand, STALE } from '../command.ts'
import { arityFits } from '../execute.ts'
import { helpOf } from '../help.ts'
import { type Entry, entries, findCommand, findSubcommand } from '../table.ts'
import { describeChannels, describeCommands, describeKeys } from './describe.ts'
import type { LoggedRefusal } from './log.ts'
import { DENIED, type Selector, type Verdict } from './selector.ts'

const NO_FILE =
  'ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER ' +
  'command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users ' +
  'in the Redis configuration.'
const GENPASS_BITS = 256
const GENPASS_BITS_MAX = 4096
const LOG_COUNT = 10

const tooMany = (name: string): string =>
  `ERR unknown subcommand or wrong number of arguments for '${name}'. Try ACL HELP.`

function okOrFailure(out: Reply, answer: unknown): void {
  const failure = failureOf(answer)
  if (failure === undefined) out.ok()
  else out.error(failure)
}

const cat: RouterCommand = {
  name: 'CAT',
  group: 'server',
  since: '6.0.0',
  summary: 'Lists the categories, or the commands of one.',
  complexity: 'O(1), their number being fixed',
  arity: -2,
  flags: NOSCRIPT | LOADING | STALE,
  args: [{ name: 'categoryname', type: 'string', flags: ['optional'] }],
  serve(_client, req, reply) {
    if (req.argc > 3) return reply.error(tooMany('CAT'))
    if (req.argc === 2) {
      reply.array(CATEGORIES.length)
      for (const category of CATEGORIES) reply.latin1(category)
      return
    }
    const wanted = CATEGORIES.find(category => req.is(2, category.toUpperCase()))
    if (wanted === undefined) return reply.error(`ERR Unknown category '${req.text(2)}'`)
    const members = entries.filter(entry => categoriesOf(entry).includes(wanted))
    reply.array(members.length)
    for (const { fullName } of members) reply.latin1(fullName)
  },
}

const setuser: RouterCommand = {
  name: 'SETUSER',
  group: 'server',
  since: '6.0.0',
  summary: 'Makes a user, or changes what it may do.',
  complexity: 'O(N), N being the number of rules',
  arity: -3,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  history: [
    ['6.2.0', 'Learned channel patterns.'],
    ['7.0.0', 'Learned selectors and what keys may be used for.'],
  ],
  args: [
    { name: 'username', type: 'string' },
    { name: 'rule', type: 'string', flags: ['optional', 'multiple'] },
  ],
  serve(client, req, reply, router) {
    const name = req.text(2)
    if (/[\s\0]/.test(name)) return reply.error("ERR Usernames can't contain spaces or null characters")
    replyFromMain(client, router, 'acl-set', { name, rules: textsFrom(req, 3) }, okOrFailure)
  },
}

const deluser: RouterCommand = {
  name: 'DELUSER',
  group: 'server',
  since: '6.0.0',
  summary: 'Deletes users, and closes their connections.',
  complexity: 'O(1) for a usual user',
  arity: -3,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  args: [{ name: 'username', type: 'string', flags: ['multiple'] }],
  serve(client, req, _reply, router) {
    replyFromMain(client, router, 'acl-delete', { names: textsFrom(req, 2), client: client.id }, (out, answer) => {
      const failure = failureOf(answer)
      if (failure === undefined) out.integer(answer as number)
      else out.error(failure)
    })
  },
}

const getuser: RouterCommand = {
  name: 'GETUSER',
  group: 'server',
  since: '6.0.0',
  summary: 'Returns what a user may do.',
  complexity: 'O(N), N being the number of its rules',
  arity: 3,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  history: [
    ['6.2.0', 'Tells channel patterns.'],
    ['7.0.0', 'Tells selectors; keys and channels are rules rather than lists of patterns.'],
  ],
  args: [{ name: 'username', type: 'string' }],
  serve(_client, req, reply, router) {
    const user = router.users.get(req.text(2))
    if (user === undefined) return reply.nil()
    reply.map(6)
    reply.latin1('flags')
    const flags = user.flags()
    reply.set(flags.length)
    for (const flag of flags) reply.latin1(flag)
    reply.latin1('passwords')
    reply.array(user.passwords.length)
    for (const password of user.passwords) reply.latin1(password)
    replySelector(reply, user.root)
    reply.latin1('selectors')
    reply.array(user.selectors.length)
    for (const selector of user.selectors) {
      reply.map(3)
      replySelector(reply, selector)
    }
  },
}

function replySelector(reply: Reply, selector: Selector): void {
  reply.latin1('commands')
  reply.latin1(describeCommands(selector))
  reply.latin1('keys')
  reply.latin1(describeKeys(selector))
  reply.latin1('channels')
  reply.latin1(describeChannels(selector))
}

const list: RouterCommand = {
  name: 'LIST',
  group: 'server',
  since: '6.0.0',
  summary: 'Returns the rules of all users, as in an ACL file.',
  complexity: 'O(N), N being the number of users',
  arity: 2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  serve(_client, _req, reply, router) {
    const lines = router.users.lines()
    reply.array(lines.length)
    for (const line of lines) reply.latin1(`user ${line}`)
  },
}

const users: RouterCommand = {
  name: 'USERS',
  group: 'server',
  since: '6.0.0',
  summary: "Lists the users' names.",
  complexity: 'O(N), N being the number of users',
  arity: 2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  serve(_client, _req, reply, router) {
    const names = router.users.names()
    reply.array(names.length)
    for (const name of names) reply.latin1(name)
  },
}

const whoami: RouterCommand = {
  name: 'WHOAMI',
  group: 'server',
  since: '6.0.0',
  summary: "Returns the name of the connection's user.",
  complexity: 'O(1)',
  arity: 2,
  flags: NOSCRIPT | LOADING | STALE,
  serve(client, _req, reply) {
    reply.latin1(client.user)
  },
}

const genpass: RouterCommand = {
  name: 'GENPASS',
  group: 'server',
  since: '6.0.0',
  summary: 'Makes up a password.',
  complexity: 'O(1)',
  arity: -2,
  flags: NOSCRIPT | LOADING | STALE,
  args: [{ name: 'bits', type: 'integer', flags: ['optional'] }],
  serve(_client, req, reply) {
    if (req.argc > 3) return reply.error(tooMany('GENPASS'))
    const bits = req.argc === 3 ? req.integer(2) : GENPASS_BITS
    if (Number.isNaN(bits)) return reply.error(NOT_AN_INTEGER)
    if (!(bits > 0 && bits <= GENPASS_BITS_MAX)) {
      return reply.error(
        'ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096',
      )
    }
    const digits = Math.ceil(bits / 4)
    reply.latin1(
      randomBytes(Math.ceil(digits / 2))
        .toString('hex')
        .slice(0, digits),
    )
  },
}

const save: RouterCommand = {
  name: 'SAVE',
  group: 'server',
  since: '6.0.0',
  summary: 'Writes the users into the ACL file.',
  complexity: 'O(N), N being the number of users',
  arity: 2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  serve(client, _req, reply, router) {
    if (router.config.get('aclfile') === '') return reply.error(NO_FILE)
    replyFromMain(client, router, 'acl-save', null, okOrFailure)
  },
}

const load: RouterCommand = {
  name: 'LOAD',
  group: 'server',
  since: '6.0.0',
  summary: 'Reads the users from the ACL file.',
  complexity: 'O(N), N being the number of users',
  arity: 2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  serve(client, _req, reply, router) {
    if (router.config.get('aclfile') === '') return reply.error(NO_FILE)
    replyFromMain(client, router, 'acl-load', client.id, okOrFailure)
  },
}

const log: RouterCommand = {
  name: 'LOG',
  group: 'server',
  since: '6.0.0',
  summary: 'Returns what was refused lately, or forgets it.',
  complexity: 'O(N), N being the number of entries returned',
  arity: -2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  args: [
    {
      name: 'operation',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'count', type: 'integer' },
        { name: 'reset', type: 'pure-token', token: 'RESET' },
      ],
    },
  ],
  serve(client, req, reply, router) {
    if (req.argc > 3) return reply.error(tooMany('LOG'))
    if (req.argc === 3 && req.is(2, 'RESET'))
      return replyFromMain(client, router, 'acl-log-reset', null, out => out.ok())
    const count = req.argc === 3 ? req.integer(2) : LOG_COUNT
    if (!Number.isFinite(count)) return reply.error(NOT_AN_INTEGER)
    replyFromMain(client, router, 'acl-log', Math.max(0, count), (out, answer) => {
      const refusals = answer as readonly LoggedRefusal[]
      out.array(refusals.length)
      for (const refusal of refusals) replyRefusal(out, refusal)
    })
  },
}

function replyRefusal(out: Reply, { count, reason, context, object, user, client, at }: LoggedRefusal): void {
  out.map(7)
  out.latin1('count')
  out.integer(count)
  for (const [name, value] of Object.entries({ reason, context, object, username: user })) {
    out.latin1(name)
    out.latin1(value)
  }
  out.latin1('age-seconds')
  out.double((Date.now() - at) / 1000)
  out.latin1('client-info')
  out.latin1(client)
}

const dryrun: RouterCommand = {
  name: 'DRYRUN',
  group: 'server',
  since: '7.0.0',
  summary: 'Tells whether a user may run a command, without running it.',
  complexity: 'O(1)',
  arity: -4,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  args: [
    { name: 'username', type: 'string' },
    { name: 'command', type: 'string' },
    { name: 'arg', type: 'string', flags: ['optional', 'multiple'] },
  ],
  serve(_client, req, reply, router) {
    const user = router.users.get(req.text(2))
    if (user === undefined) return reply.error(`ERR User '${req.text(2)}' not found`)
    const inner = new Request()
    inner.start(req.u8)
    for (let i = 3; i < req.argc; i++) inner.push(req.at[i], req.length[i])
    const entry = commandOf(inner)
    if (entry === undefined) return reply.error(`ERR Command '${req.text(3)}' not found`)
    if (!arityFits(entry.command.arity, inner.argc)) return reply.error(wrongArguments(entry.fullName))
    const verdict: Verdict = { denied: DENIED.NOTHING, argument: 0 }
    if (user.allows(entry, inner, verdict)) return reply.ok()
    reply.latin1(dryrunText(entry, inner, verdict))
  },
}

function commandOf(req: Request): Entry | undefined {
  const entry = findCommand(req.u8, req.at[0], req.length[0])
  if (entry === undefined || entry.subcommands.length === 0 || req.argc < 2) return entry
  return findSubcommand(entry, req.u8, req.at[1], req.length[1])
}

function dryrunText(entry: Entry, req: Request, { denied, argument }: Verdict): string {
  if (denied === DENIED.COMMAND) return `This user has no permissions to run the '${entry.fullName}' command`
  const what = denied === DENIED.KEY ? 'key' : 'channel'
  return `This user has no permissions to access the '${req.text(argument)}' ${what}`
}

export const acl: Command = {
  name: 'ACL',
  group: 'server',
  since: '6.0.0',
  summary: 'Is about users and what they may do.',
  complexity: 'Depends on the subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    cat,
    deluser,
    dryrun,
    genpass,
    getuser,
    list,
    load,
    log,
    save,
    setuser,
    users,
    whoami,
    helpOf('ACL', 'server', '6.0.0', [
      ['CAT [<category>]', 'List the categories, or the commands of one.'],
      ['DELUSER <username> [<username> ...]', 'Delete users.'],
      ['DRYRUN <username> <command> [<arg> ...]', 'Tell whether the user may run the command.'],
      ['GETUSER <username>', 'Return what the user may do.'],
      ['GENPASS [<bits>]', 'Make up a password of 256 bits, or of as many as you say.'],
      ['LIST', 'Return the rules of all users.'],
      ['LOAD', 'Read the users from the ACL file.'],
      ['LOG [<count> | RESET]', 'Return what was refused lately, or forget it.'],
      ['SAVE', 'Write the users into the ACL file.'],
      ['SETUSER <username> <attribute> [<attribute> ...]', 'Make a user, or change it.'],
      ['USERS', "List the users' names."],
      ['WHOAMI', "Return the name of the connection's user."],
    ]),
  ],
}
