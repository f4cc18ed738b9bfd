// Commands of the router that scripts may run as well: what they reply is known to the thread that runs the script, too.

import { DB_OUT_OF_RANGE, NOT_AN_INTEGER } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request, Sender } from '../../protocol/request.ts'
import { sleepSync } from '../../shared/sleep.ts'
import type { Engine } from '../../store/engine.ts'
import { NOSCRIPT } from '../command.ts'
import { arityFits } from '../execute.ts'
import { replyOfType } from '../server/debug-protocol.ts'
import { replyInfo } from '../server/info.ts'
import type { InfoSource } from '../server/info-facts.ts'
import { commandByName, type Entry, findEntry } from '../table.ts'

/** The thread that runs a script, as these commands see it. */
export interface ScriptThread {
  readonly engine: Engine
  /** Whether it may call DEBUG, for tests: of how replies become Lua values, and of the time that stands still. */
  readonly mayDebug: boolean
  /** Passes on what a script publishes. Who listens is known to the routers alone. */
  publish(channel: Uint8Array, message: Uint8Array, isShardChannel: boolean): void
  /** What INFO tells about; without it, it cannot be called. */
  info?(): InfoSource
}

/** Runs one. Returns the database to select, -1 for none. */
type RunInScript = (req: Request, reply: Reply, thread: ScriptThread) => number

const NONE = -1
const DEBUG = commandByName('debug')
const INFO = commandByName('info')

const publishing =
  (isShardChannel: boolean): RunInScript =>
  (req, reply, thread) => {
    thread.publish(req.copy(1), req.copy(2), isShardChannel)
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
  time(_req, reply, { engine }) {
    reply.array(2)
    reply.bulkInteger(Math.floor(engine.now / 1000))
    reply.bulkInteger((engine.now % 1000) * 1000)
    return NONE
  },
  select(req, reply, { engine }) {
    const db = req.integer(1)
    if (Number.isNaN(db)) reply.error(NOT_AN_INTEGER)
    else if (db < 0 || db >= engine.shards[0].databases) reply.error(DB_OUT_OF_RANGE)
    else {
      reply.ok()
      return db
    }
    return NONE
  },
  info(req, reply, thread) {
    if (thread.info !== undefined) replyInfo(req, reply, thread.info())
    return NONE
  },
  debug(req, reply) {
    if (req.is(1, 'PROTOCOL')) replyOfType(req, reply)
    else {
      sleepSync(Math.max(0, Number.parseFloat(req.text(2)) || 0) * 1000)
      reply.ok()
    }
    return NONE
  },
  publish: publishing(false),
  spublish: publishing(true),
}

const byEntry = new Map<Entry | undefined, RunInScript>(
  Object.entries(COMMANDS).map(([name, run]) => [commandByName(name), run]),
)

const REPLY_BYTES = 4096

/** Makes `req`, a command that a script calls, and `reply` ready for each other. Returns what the command is. */
export function startCall(req: Request, reply: Reply, resp: 2 | 3, db: number, sender: Sender): Entry | undefined {
  reply.reset(REPLY_BYTES)
  reply.resp = resp
  req.db = db
  req.resp = resp
  req.sender = sender
  return findEntry(req)
}

/** Runs a command of the router's for a script. Returns the database to select, -1 for none. */
export function runInScript(entry: Entry, req: Request, reply: Reply, thread: ScriptThread): number {
  return byEntry.get(entry)?.(req, reply, thread) ?? NONE
}

/** Why no script may run this, whoever its user is; undefined if scripts may. */
export function refusalInScript(entry: Entry | undefined, req: Request, thread: ScriptThread): string | undefined {
  if (entry === undefined) return 'ERR Unknown Redis command called from script'
  const { command } = entry
  if (!arityFits(command.arity, req.argc)) return 'ERR Wrong number of args calling Redis command from script'
  const isAllowed = entry.shard === undefined ? knows(entry, req, thread) : (command.flags & NOSCRIPT) === 0
  return isAllowed ? undefined : 'ERR This Redis command is not allowed from script'
}

/** Whether a command of the router's can be run here. */
function knows(entry: Entry, req: Request, thread: ScriptThread): boolean {
  if (!byEntry.has(entry)) return false
  if (entry === INFO) return thread.info !== undefined
  if (entry !== DEBUG) return true
  return thread.mayDebug && req.argc === 3 && (req.is(1, 'PROTOCOL') || req.is(1, 'SLEEP'))
}
