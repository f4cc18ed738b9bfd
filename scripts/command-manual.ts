// The text of docs/commands.md, from the command table.

import type { Argument } from '../src/commands/command.ts'
import { commands, type Entry } from '../src/commands/table.ts'
import { REDIS_VERSION } from '../src/config/version.ts'

/** The manual's groups, in its order; what else there is comes behind them. */
const GROUPS = [
  'string',
  'hash',
  'list',
  'set',
  'sorted-set',
  'stream',
  'bitmap',
  'hyperloglog',
  'geo',
  'generic',
  'transactions',
  'scripting',
  'pubsub',
  'connection',
  'server',
  'cluster',
]

/** The manual of all commands. */
export function renderCommands(): string {
  const leaves = commands.flatMap(entry => (entry.subcommands.length === 0 ? [entry] : withSubcommands(entry)))
  const groups = [...new Set([...GROUPS, ...leaves.map(({ command }) => command.group)])]
  const sections = groups.map(group =>
    renderGroup(
      group,
      leaves.filter(({ command }) => command.group === group),
    ),
  )
  return `# Commands

<!-- Written by \`npm run docs\` from src/commands; edit there. -->

Names, arguments, replies and errors are those of Redis ${REDIS_VERSION}. *Since* is the version of Redis that brought the command.

${sections.filter(section => section !== '').join('\n')}`
}

/** A container's subcommands, and itself if it does something without one. */
function withSubcommands(entry: Entry): readonly Entry[] {
  return entry.router === undefined ? entry.subcommands : [entry, ...entry.subcommands]
}

function renderGroup(group: string, entries: readonly Entry[]): string {
  if (entries.length === 0) return ''
  const rows = entries.toSorted((a, b) => (a.fullName < b.fullName ? -1 : 1)).map(renderRow)
  const title = group[0].toUpperCase() + group.slice(1).replace('-', ' ')
  return `## ${title}\n\n| command | since | complexity | what it does |\n|---|---|---|---|\n${rows.join('')}`
}

function renderRow({ fullName, command }: Entry): string {
  const { args = [], since, complexity, summary, deprecated } = command
  const name = fullName.toUpperCase().replace('|', ' ')
  const syntax = [`**${name}**`, ...args.map(renderArgument)].join(' ')
  const old =
    deprecated === undefined
      ? ''
      : ` *Deprecated since ${deprecated.since}:* use ${deprecated.replacement.replaceAll('!', '')}.`
  return `| ${[syntax, since, complexity, summary + old].map(escapeCell).join(' | ')} |\n`
}

function renderArgument(argument: Argument): string {
  const flags = argument.flags ?? []
  const { token } = argument
  const value = renderValue(argument)
  const parts = token === undefined ? [value] : value === '' ? [quoteToken(token)] : [quoteToken(token), value]
  let text = parts.join(' ')
  if (flags.includes('multiple')) {
    const again = flags.includes('multiple_token') ? text : value
    text = `${text} [${again} …]`
  }
  return flags.includes('optional') ? `[${text}]` : text
}

function renderValue({ type, name, args = [] }: Argument): string {
  if (type === 'pure-token') return ''
  if (type === 'oneof') return args.map(renderArgument).join(' | ')
  if (type === 'block') return args.map(renderArgument).join(' ')
  return `*${name}*`
}

const quoteToken = (token: string): string => (token === '""' ? '`""`' : token)

const escapeCell = (text: string): string => text.replace(/\|/g, '\\|').replace(/\n/g, ' ')
