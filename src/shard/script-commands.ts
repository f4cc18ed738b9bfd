// Commands of the router that scripts may run as well: what they reply is known here, too.

import type { MessagePort } from 'node:worker_threads'
import { replyOfType } from '../commands/server/debug-protocol.ts'
import { commandByName, type Entry } from '../commands/table.ts'
import { PERMISSION, SETTING } from '../config/settings.ts'
import { DB_OUT_OF_RANGE, NOT_AN_INTEGER } from '../protocol/errors.ts'
import type { Reply } from '../protocol/reply.ts'
import type { Request } from '../protocol/request.ts'
import type { Engine } from '../store/engine.ts'
import type { ScriptMessage } from './sink.ts'

/** Runs one. Returns the database to select, -1 for none. */
type RunInScript = (req: Request, reply: Reply, engine: Engine, port: MessagePort) => number

const NONE = -1
const DEBUG = commandByName('debug')

function publish(req: Request, reply: Reply, engine: Engine, port: MessagePort, isShardChannel: boolean): number {
  const message: ScriptMessage = { what: 'script-publish', channel: req.copy(1), message: req.copy(2), isShardChannel }
  port.postMessage(message)
  const { effects } = engine
  effects.command(3)
  effects.word(isShardChannel ? 'SPUBLISH' : 'PUBLISH')
  effects.bytes(req.u8, req.at[1], req.length[1])
  effects.bytes(req.u8, req.at[2], req.length[2])
  // Who listens is known to the routers alone.
  reply.integer(0)
  return NONE
}

const COMMANDS: Readonly<Record<string, RunInScript>> = {
  ping(req, reply) {
    if (req.argc > 1) reply.bulk(req.u8, req.at[1], req.length[1])
    else reply.pong()
    return NONE
  },
  echo(req, reply) {
    reply.bulk(req.u8, req.at[1], req.length[1])
    return NONE
  },
  // The time stands still while a script runs.
  time(_req, reply, engine) {
    reply.array(2)
    reply.bulkInteger(Math.floor(engine.now / 1000))
    reply.bulkInteger((engine.now % 1000) * 1000)
    return NONE
  },
  select(req, reply, engine) {
    const db = req.integer(1)
    if (Number.isNaN(db)) reply.error(NOT_AN_INTEGER)
    else if (db < 0 || db >= engine.shards[0].databases) reply.error(DB_OUT_OF_RANGE)
    else {
      reply.ok()
      return db
    }
    return NONE
  },
  debug(req, reply) {
    replyOfType(req, reply)
    return NONE
  },
  publish: (req, reply, engine, port) => publish(req, reply, engine, port, false),
  spublish: (req, reply, engine, port) => publish(req, reply, engine, port, true),
}

const byEntry = new Map<Entry | undefined, RunInScript>(
  Object.entries(COMMANDS).map(([name, run]) => [commandByName(name), run]),
)

/** Runs a command of the router's for a script. Returns the database to select, -1 for none. */
export function runInScript(entry: Entry, req: Request, reply: Reply, engine: Engine, port: MessagePort): number {
  return byEntry.get(entry)?.(req, reply, engine, port) ?? NONE
}

/** Whether a script may run a command of the router's. */
export function knowsInScript(entry: Entry, req: Request, engine: Engine): boolean {
  if (!byEntry.has(entry)) return false
  if (entry !== DEBUG) return true
  // For tests of how replies become Lua values.
  return req.is(1, 'PROTOCOL') && engine.settings[SETTING.enableDebugCommand] !== PERMISSION.NO
}
