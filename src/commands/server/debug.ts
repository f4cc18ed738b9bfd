// DEBUG: what tests need to see and to provoke. enable-debug-command says who may use it.

import { PERMISSION, SETTING } from '../../config/settings.ts'
import { commandForbidden } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { LOGS } from '../../shared/log-block.ts'
import { sleepSync } from '../../shared/sleep.ts'
import { type Client, failureOf, type Question, type Router, replyFromMain, replyFromRouters } from '../client.ts'
import { ADMIN, type Command, LOADING, NOSCRIPT, STALE } from '../command.ts'
import { replyHelp } from '../help.ts'
import { isLocal } from './config.ts'
import { DEBUG_HELP } from './debug-help.ts'
import {
  debugDigest,
  debugHashTable,
  debugKeyTable,
  debugListpack,
  debugObject,
  debugPopulate,
  debugSds,
} from './debug-keys.ts'
import { debugProtocol } from './debug-protocol.ts'
import { debugSwitches } from './debug-switches.ts'

/** Runs one subcommand; `args` is how many arguments follow its name. */
export interface DebugCommand {
  readonly least: number
  readonly most: number
  run(client: Client, req: Request, reply: Reply, router: Router): void
}

const table = new Map<string, DebugCommand>()
const many = Number.POSITIVE_INFINITY

function add(name: string, least: number, most: number, run: DebugCommand['run']): void {
  table.set(name, { least, most, run })
}

/** Stops the other routers too: nobody is served meanwhile. */
export const sleepQuestion: Question<number, undefined> = {
  name: 'debug-sleep',
  answer(_router, ms) {
    sleepSync(ms)
    return undefined
  },
}

add('SLEEP', 1, 1, (client, req, reply, router) => {
  const ms = Math.max(0, Number.parseFloat(req.text(2)) || 0) * 1000
  replyFromRouters(client, reply, router, sleepQuestion, ms, out => out.ok())
})
add('HELP', 0, 0, (_client, _req, reply) => replyHelp(reply, 'DEBUG', DEBUG_HELP))
add('ERROR', 1, 1, (_client, req, reply) => reply.error(req.text(2)))
add('LOG', 1, 1, (client, req, _reply, router) => {
  replyFromMain(client, router, 'log', `DEBUG LOG: ${req.text(2)}`, out => out.ok())
})
for (const [name, reason] of [
  ['SEGFAULT', 'DEBUG SEGFAULT'],
  ['PANIC', 'DEBUG PANIC'],
  ['ASSERT', 'DEBUG ASSERT'],
  ['OOM', 'DEBUG OOM'],
]) {
  // The reply never comes: the process ends.
  add(name, 0, 0, (client, _req, _reply, router) => replyFromMain(client, router, 'crash', reason, out => out.ok()))
}
add('LEAK', 1, 1, (_client, _req, reply) => reply.ok())
add('STRUCTSIZE', 0, 0, (_client, _req, reply) => reply.simple('bits:64 entry:24 bucket:64 dict:32'))
add('CHANGE-REPL-ID', 0, 0, (client, _req, _reply, router) => {
  replyFromMain(client, router, 'change-replication-id', null, out => out.ok())
})
add('CONFIG-REWRITE-FORCE-ALL', 0, 0, (client, _req, _reply, router) => {
  replyFromMain(client, router, 'config-rewrite-all', null, (out, answer) => {
    const failure = failureOf(answer)
    if (failure === undefined) out.ok()
    else out.error(failure)
  })
})
add('LOADAOF', 0, 0, (client, _req, _reply, router) => {
  replyFromMain(client, router, 'load-log', null, (out, answer) => {
    const failure = failureOf(answer)
    if (failure === undefined) out.ok()
    else out.error(failure)
  })
})
add('AOF-FLUSH-SLEEP', 1, 1, (_client, req, reply, router) => {
  router.log.logs.set(LOGS.SLEEP_US, Math.max(0, req.integer(2) || 0))
  reply.ok()
})
add('RELOAD', 0, 3, (client, req, reply, router) => {
  const options = { saves: true, flushes: true, merges: false }
  for (let i = 2; i < req.argc; i++) {
    if (req.is(i, 'NOSAVE')) options.saves = false
    else if (req.is(i, 'NOFLUSH')) options.flushes = false
    else if (req.is(i, 'MERGE')) options.merges = true
    else return reply.error('ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.')
  }
  replyFromMain(client, router, 'reload', options, (out, answer) => {
    const failure = failureOf(answer)
    if (failure === undefined) out.ok()
    else out.error(failure)
  })
})
add('REPLICATE', 1, many, (client, req, reply, router) => {
  router.replication.replicate(client.db, req, 2)
  reply.ok()
})
add('PROTOCOL', 1, 1, debugProtocol)
add('DIGEST', 0, 0, debugDigest)
add('DIGEST-VALUE', 1, many, debugDigest)
add('OBJECT', 1, 2, debugObject)
add('SDSLEN', 1, 1, debugSds)
add('LISTPACK', 1, 1, debugListpack)
add('QUICKLIST', 1, 2, debugObject)
add('HTSTATS', 1, 2, debugHashTable)
add('HTSTATS-KEY', 1, 2, debugKeyTable)
add('POPULATE', 1, 3, debugPopulate)
for (const [name, command] of debugSwitches) table.set(name, command)

export const debug: Command = {
  name: 'DEBUG',
  group: 'server',
  since: '1.0.0',
  summary: 'Looks inside the server and provokes what is rare, for tests.',
  complexity: 'Depends on the subcommand.',
  arity: -2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  docFlags: ['syscmd'],
  serve(client, req, reply, router) {
    const allowed = router.engine.settings[SETTING.enableDebugCommand]
    if (allowed === PERMISSION.NO || (allowed === PERMISSION.LOCAL && !isLocal(client)))
      return reply.error(commandForbidden('DEBUG'))
    const command = table.get(req.text(1).toUpperCase())
    const args = req.argc - 2
    if (command === undefined || args < command.least || args > command.most) {
      const name = req.text(1).slice(0, 128)
      return reply.error(`ERR unknown subcommand or wrong number of arguments for '${name}'. Try DEBUG HELP.`)
    }
    command.run(client, req, reply, router)
  },
}
