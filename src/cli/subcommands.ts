// The subcommands of the command line. To add one, write src/cli/NAME.ts with a `help` and a `main`, and a row here.

import type { Subcommand } from './subcommand.ts'

/** In the order in which `skep --help` shows them. */
export const SUBCOMMANDS: readonly Subcommand[] = [
  {
    name: 'ping',
    form: '[--host HOST] [--port PORT] [--user NAME] [--password TEXT]',
    summary: 'Asks a running server whether it answers: status 0 if so, for health checks.',
    load: () => import('./ping.ts'),
  },
  {
    name: 'top',
    form: '[--host HOST] [--port PORT] [--interval SECONDS] [--count TIMES]',
    summary: 'Shows what the shards, commands and clients of a running server do, live.',
    load: () => import('./top.ts'),
  },
  {
    name: 'tree',
    form: '[--host HOST] [--port PORT] [--user NAME] [--password TEXT]',
    summary: 'Shows the replicas below a running server, and how far behind they are.',
    load: () => import('./tree.ts'),
  },
  {
    name: 'check',
    form: '[PATH …]',
    summary: 'Looks whether the files of a data folder are sound, and says what is damaged where.',
    load: () => import('./check.ts'),
  },
  {
    name: 'export',
    form: 'FILE [--dir FOLDER] [--host HOST] [--port PORT]',
    summary: 'Writes all data of a server or a data folder into one RDB file that any Redis loads.',
    load: () => import('./export.ts'),
  },
]

/** The subcommand of that name; a file of configuration that is called so is written ./NAME. */
export function findSubcommand(name: string | undefined): Subcommand | undefined {
  return SUBCOMMANDS.find(subcommand => subcommand.name === name)
}

/** The list for `skep --help`. */
export function listSubcommands(): string {
  const width = Math.max(0, ...SUBCOMMANDS.map(({ name }) => name.length))
  return SUBCOMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join('')
}
