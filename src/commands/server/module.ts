// MODULE. Modules of Redis are machine code for Redis's own process: skep loads none, and says that none are loaded.

import { commandForbidden } from '../../protocol/errors.ts'
import { ADMIN, type Command, NO_ASYNC_LOADING, NOSCRIPT, type RouterCommand } from '../command.ts'
import { helpOf } from '../help.ts'

const list: RouterCommand = {
  name: 'LIST',
  group: 'server',
  since: '4.0.0',
  summary: 'Lists the modules that are loaded: none.',
  complexity: 'O(1)',
  arity: 2,
  flags: ADMIN | NOSCRIPT,
  tips: ['nondeterministic_output_order'],
  serve(_client, _req, reply) {
    reply.array(0)
  },
}

/** Refused whatever enable-module-command says: there is nothing that could load a module. */
function refused(definition: Pick<RouterCommand, 'name' | 'since' | 'summary' | 'arity' | 'args'>): RouterCommand {
  return {
    ...definition,
    group: 'server',
    complexity: 'O(1)',
    flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING,
    serve(_client, _req, reply) {
      reply.error(commandForbidden('MODULE'))
    },
  }
}

export const module: Command = {
  name: 'MODULE',
  group: 'server',
  since: '4.0.0',
  summary: 'Is about modules, of which there are none.',
  complexity: 'Depends on the subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    list,
    refused({
      name: 'LOAD',
      since: '4.0.0',
      summary: 'Would load a module; always refused.',
      arity: -3,
      args: [
        { name: 'path', type: 'string' },
        { name: 'arg', type: 'string', flags: ['optional', 'multiple'] },
      ],
    }),
    refused({
      name: 'LOADEX',
      since: '7.0.0',
      summary: 'Would load a module with its configuration; always refused.',
      arity: -3,
      args: [
        { name: 'path', type: 'string' },
        {
          name: 'configs',
          type: 'block',
          token: 'CONFIG',
          flags: ['optional', 'multiple', 'multiple_token'],
          args: [
            { name: 'name', type: 'string' },
            { name: 'value', type: 'string' },
          ],
        },
        {
          name: 'args',
          type: 'block',
          token: 'ARGS',
          flags: ['optional', 'multiple'],
          args: [{ name: 'arg', type: 'string' }],
        },
      ],
    }),
    refused({
      name: 'UNLOAD',
      since: '4.0.0',
      summary: 'Would unload a module; always refused.',
      arity: 3,
      args: [{ name: 'name', type: 'string' }],
    }),
    helpOf('MODULE', 'server', '5.0.0', [
      ['LIST', 'List the modules that are loaded: none, since this server has no modules.'],
      ['LOAD <path> [<arg> ...]', 'Is refused.'],
      ['LOADEX <path> [CONFIG <name> <value>] ... [ARGS <arg> ...]', 'Is refused.'],
      ['UNLOAD <name>', 'Is refused.'],
    ]),
  ],
}
