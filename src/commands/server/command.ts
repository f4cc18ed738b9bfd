// COMMAND and its subcommands: what the server knows about its commands, told from the command table.

import { globMatch } from '../../bytes/glob.ts'
import { SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import { Request } from '../../protocol/request.ts'
import { CATEGORIES, categoriesOf } from '../categories.ts'
import { type Command, LOADING, NO_MANDATORY_KEYS, type RouterCommand, STALE } from '../command.ts'
import { arityFits } from '../execute.ts'
import { helpOf } from '../help.ts'
import { findKeysAndFlags, hasKeys } from '../key-flags.ts'
import { commandByName, commands, type Entry, entries, findCommand, findSubcommand } from '../table.ts'
import { replyDocs } from './command-docs.ts'
import { replyInfo } from './command-info.ts'

const UNKNOWN_COMMAND = 'ERR Invalid command specified'
const NO_KEYS = 'ERR The command has no key arguments'
const BAD_ARITY = 'ERR Invalid number of arguments specified for command'
const BAD_ARGUMENTS = 'ERR Invalid arguments specified for command'

const ORDER_TIP = ['nondeterministic_output_order']
const SERVER = { group: 'server', flags: LOADING | STALE, categories: ['connection'] } as const

const count: RouterCommand = {
  ...SERVER,
  name: 'COUNT',
  since: '2.8.13',
  summary: 'Counts the commands.',
  complexity: 'O(1)',
  arity: 2,
  serve(_client, _req, reply) {
    reply.integer(commands.length)
  },
}

const docs: RouterCommand = {
  ...SERVER,
  name: 'DOCS',
  since: '7.0.0',
  summary: 'Returns the documentation of some commands, or of all.',
  complexity: 'O(N), N being the number of commands asked for',
  arity: -2,
  tips: ORDER_TIP,
  args: [{ name: 'command-name', type: 'string', flags: ['optional', 'multiple'] }],
  serve(_client, req, reply) {
    const wanted = req.argc === 2 ? commands : namedCommands(req).filter(entry => entry !== undefined)
    reply.map(wanted.length)
    for (const entry of wanted) replyDocs(reply, entry)
  },
}

const info: RouterCommand = {
  ...SERVER,
  name: 'INFO',
  since: '2.8.13',
  summary: 'Returns what clients need to know of some commands, or of all.',
  complexity: 'O(N), N being the number of commands asked for',
  arity: -2,
  tips: ORDER_TIP,
  history: [['7.0.0', 'Without a name it tells of all commands.']],
  args: [{ name: 'command-name', type: 'string', flags: ['optional', 'multiple'] }],
  serve(_client, req, reply) {
    if (req.argc === 2) return replyAll(reply)
    reply.array(req.argc - 2)
    for (const entry of namedCommands(req)) {
      if (entry === undefined) reply.nil()
      else replyInfo(reply, entry)
    }
  },
}

/** The commands named by the arguments from 2 on. */
function namedCommands(req: Request): (Entry | undefined)[] {
  return Array.from({ length: req.argc - 2 }, (_, i) => commandByName(req.text(i + 2)))
}

function replyAll(reply: Reply): void {
  reply.array(commands.length)
  for (const entry of commands) replyInfo(reply, entry)
}

const list: RouterCommand = {
  ...SERVER,
  name: 'LIST',
  since: '7.0.0',
  summary: 'Lists the names of commands and subcommands, all or those that a filter passes.',
  complexity: 'O(N), N being the number of commands',
  arity: -2,
  tips: ORDER_TIP,
  args: [
    {
      name: 'filterby',
      type: 'oneof',
      token: 'FILTERBY',
      flags: ['optional'],
      args: [
        { name: 'module-name', type: 'string', token: 'MODULE' },
        { name: 'category', type: 'string', token: 'ACLCAT' },
        { name: 'pattern', type: 'pattern', token: 'PATTERN' },
      ],
    },
  ],
  serve(_client, req, reply) {
    if (req.argc !== 2 && (req.argc !== 5 || !req.is(2, 'FILTERBY'))) return reply.error(SYNTAX)
    const passes = req.argc === 2 ? () => true : filterOf(req)
    if (passes === undefined) return reply.error(SYNTAX)
    const names = entries.filter(passes)
    reply.array(names.length)
    for (const { fullName } of names) reply.latin1(fullName)
  },
}

/** The filter that arguments 3 and 4 describe. */
function filterOf(req: Request): ((entry: Entry) => boolean) | undefined {
  // There are no modules, so none of the commands is a module's.
  if (req.is(3, 'MODULE')) return () => false
  if (req.is(3, 'ACLCAT')) {
    const wanted = req.text(4).toLowerCase()
    const category = CATEGORIES.find(name => name === wanted)
    return entry => category !== undefined && categoriesOf(entry).includes(category)
  }
  if (!req.is(3, 'PATTERN')) return undefined
  return ({ fullName }) => {
    const name = Buffer.from(fullName, 'latin1')
    return globMatch(req.u8, req.at[4], req.length[4], name, 0, name.length, true)
  }
}

const getkeys: RouterCommand = {
  ...SERVER,
  name: 'GETKEYS',
  since: '2.8.13',
  summary: 'Tells which arguments of a whole command are keys.',
  complexity: 'O(N), N being the number of arguments',
  arity: -4,
  serve(_client, req, reply) {
    replyKeys(req, reply, false)
  },
}

const getkeysandflags: RouterCommand = {
  ...SERVER,
  name: 'GETKEYSANDFLAGS',
  since: '7.0.0',
  summary: 'Tells which arguments of a whole command are keys, and what it does with each.',
  complexity: 'O(N), N being the number of arguments',
  arity: -4,
  serve(_client, req, reply) {
    replyKeys(req, reply, true)
  },
}

function replyKeys(req: Request, reply: Reply, withFlags: boolean): void {
  const inner = new Request()
  inner.start(req.u8)
  for (let i = 2; i < req.argc; i++) inner.push(req.at[i], req.length[i])
  const command = lookUp(inner)
  if (command === undefined) return reply.error(UNKNOWN_COMMAND)
  if (!hasKeys(command)) return reply.error(NO_KEYS)
  if (!arityFits(command.arity, inner.argc)) return reply.error(BAD_ARITY)
  const found: number[] = []
  const flags: (readonly string[])[] = []
  if (!findKeysAndFlags(command, inner, found, flags) || found.length === 0) {
    return (command.flags & NO_MANDATORY_KEYS) !== 0 ? reply.emptyArray() : reply.error(BAD_ARGUMENTS)
  }
  reply.array(found.length)
  for (const [i, index] of found.entries()) {
    if (withFlags) reply.array(2)
    reply.bulk(inner.u8, inner.at[index], inner.length[index])
    if (!withFlags) continue
    reply.set(flags[i].length)
    for (const flag of flags[i]) reply.simple(flag)
  }
}

function lookUp(req: Request): Command | undefined {
  const entry = findCommand(req.u8, req.at[0], req.length[0])
  if (entry === undefined || entry.subcommands.length === 0 || req.argc === 1) return entry?.command
  return findSubcommand(entry, req.u8, req.at[1], req.length[1])?.command
}

export const command: Command = {
  ...SERVER,
  name: 'COMMAND',
  since: '2.8.13',
  summary: 'Returns what clients need to know of all commands.',
  complexity: 'O(N), N being the number of commands',
  arity: -1,
  tips: ORDER_TIP,
  subcommands: [
    count,
    docs,
    getkeys,
    getkeysandflags,
    info,
    list,
    helpOf(
      'COMMAND',
      'server',
      '5.0.0',
      [
        ['(no subcommand)', 'Details of all commands.'],
        ['COUNT', 'How many commands there are.'],
        ['DOCS [<command-name> ...]', 'Documentation of these commands, or of all.'],
        ['GETKEYS <full-command>', 'The keys among the arguments of a command.'],
        ['GETKEYSANDFLAGS <full-command>', 'The same, and what the command does with each.'],
        ['INFO [<command-name> ...]', 'Details of these commands, or of all.'],
        ['LIST [FILTERBY (MODULE|ACLCAT|PATTERN) <filter>]', 'Names of commands.'],
      ],
      ['connection'],
    ),
  ],
  serve(_client, _req, reply) {
    replyAll(reply)
  },
}
