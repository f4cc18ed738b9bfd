// HELP, the subcommand that every container command has.

import type { Reply } from '../protocol/reply.ts'
import { LOADING, type RouterCommand, STALE } from './command.ts'

/** What may stand behind the container's name, and a sentence on it. */
export type HelpLine = readonly [usage: string, meaning: string]

/** The HELP subcommand of `container`. */
export function helpOf(
  container: string,
  group: string,
  since: string,
  lines: readonly HelpLine[],
  categories: readonly string[] = [],
): RouterCommand {
  return {
    name: 'HELP',
    group,
    since,
    summary: 'Lists the subcommands.',
    complexity: 'O(1)',
    arity: 2,
    flags: LOADING | STALE,
    categories,

    serve(_client, _req, reply) {
      replyHelp(reply, container, lines)
    },
  }
}

/** The reply of a HELP subcommand. */
export function replyHelp(reply: Reply, container: string, lines: readonly HelpLine[]): void {
  reply.array(2 * lines.length + 3)
  reply.simple(`${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`)
  for (const [usage, meaning] of lines) {
    reply.simple(usage)
    reply.simple(`    ${meaning}`)
  }
  reply.simple('HELP')
  reply.simple('    Lists the subcommands, as here.')
}
