// What COMMAND DOCS replies about a command: a map of what its definition says for people.

import type { Reply } from '../../protocol/reply.ts'
import type { Argument } from '../command.ts'
import type { Entry } from '../table.ts'

type Row = readonly [name: string, write: () => void]

/** Writes a command's name and its documentation. */
export function replyDocs(reply: Reply, entry: Entry): void {
  const { command, subcommands } = entry
  const rows: Row[] = [
    text(reply, 'summary', command.summary),
    text(reply, 'since', command.since),
    text(reply, 'group', command.group),
  ]
  if (command.complexity !== '') rows.push(text(reply, 'complexity', command.complexity))
  const flags = command.deprecated === undefined ? (command.docFlags ?? []) : ['deprecated']
  if (flags.length > 0) rows.push(['doc_flags', () => replyFlags(reply, flags)])
  if (command.deprecated !== undefined) {
    rows.push(text(reply, 'deprecated_since', command.deprecated.since))
    rows.push(text(reply, 'replaced_by', command.deprecated.replacement))
  }
  const history = command.history ?? []
  if (history.length > 0) rows.push(['history', () => replyHistory(reply, history)])
  const args = command.args ?? []
  if (args.length > 0) rows.push(['arguments', () => replyArguments(reply, args)])
  if (subcommands.length > 0) {
    rows.push([
      'subcommands',
      () => {
        reply.map(subcommands.length)
        for (const subcommand of subcommands) replyDocs(reply, subcommand)
      },
    ])
  }
  reply.latin1(entry.fullName)
  replyRows(reply, rows)
}

const text = (reply: Reply, name: string, value: string): Row => [name, () => reply.text(value)]

function replyRows(reply: Reply, rows: readonly Row[]): void {
  reply.map(rows.length)
  for (const [name, write] of rows) {
    reply.latin1(name)
    write()
  }
}

function replyFlags(reply: Reply, flags: readonly string[]): void {
  reply.set(flags.length)
  for (const flag of flags) reply.simple(flag)
}

function replyHistory(reply: Reply, history: readonly (readonly [string, string])[]): void {
  reply.set(history.length)
  for (const [since, change] of history) {
    reply.array(2)
    reply.text(since)
    reply.text(change)
  }
}

function replyArguments(reply: Reply, args: readonly Argument[]): void {
  reply.array(args.length)
  for (const argument of args) replyArgument(reply, argument)
}

function replyArgument(reply: Reply, argument: Argument): void {
  const { name, type, keySpec, token, summary, since, deprecated, flags, args } = argument
  const rows: Row[] = [text(reply, 'name', name), text(reply, 'type', type)]
  if (keySpec !== undefined) rows.push(['key_spec_index', () => reply.integer(keySpec)])
  if (token !== undefined) rows.push(text(reply, 'token', token))
  if (summary !== undefined) rows.push(text(reply, 'summary', summary))
  if (since !== undefined) rows.push(text(reply, 'since', since))
  if (deprecated !== undefined) rows.push(text(reply, 'deprecated_since', deprecated))
  if (flags !== undefined && flags.length > 0) rows.push(['flags', () => replyFlags(reply, flags)])
  if (args !== undefined && args.length > 0) rows.push(['arguments', () => replyArguments(reply, args)])
  replyRows(reply, rows)
}
