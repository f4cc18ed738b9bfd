// FUNCTION: the container of what is about libraries of functions.

import type { Command } from '../command.ts'
import { helpOf } from '../help.ts'
import { functionDelete, functionFlush, functionLoad, functionRestore } from './function-change.ts'
import { functionDump, functionList, functionStats } from './function-list.ts'
import { killOf } from './kill.ts'

export const functions: Command = {
  name: 'FUNCTION',
  group: 'scripting',
  since: '7.0.0',
  summary: 'Is about libraries of functions.',
  complexity: 'Depends on the subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    functionLoad,
    functionDelete,
    functionFlush,
    functionList,
    functionDump,
    functionRestore,
    functionStats,
    killOf('function', '7.0.0'),
    helpOf('FUNCTION', 'scripting', '7.0.0', [
      ['LOAD [REPLACE] <function-code>', 'Take a library, or put it in the place of one of the same name.'],
      ['DELETE <library-name>', 'Delete a library with its functions.'],
      ['FLUSH [SYNC|ASYNC]', 'Delete all libraries.'],
      ['LIST [LIBRARYNAME <pattern>] [WITHCODE]', 'List libraries and their functions, perhaps with their code.'],
      ['DUMP', 'Return all libraries as bytes for RESTORE.'],
      [
        'RESTORE <payload> [FLUSH|APPEND|REPLACE]',
        'Take libraries: instead of all, beside them, or over those of the same names.',
      ],
      ['STATS', 'Tell which function runs, and how many libraries and functions there are.'],
      ['KILL', 'End the functions that run, unless they have written.'],
    ]),
  ],
}
