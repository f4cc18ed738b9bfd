// Sends what a shard's commands leave behind to the main thread, which keeps the slow log and passes events on.

import type { MessagePort } from 'node:worker_threads'
import type { Refusal } from '../commands/acl/log.ts'
import { FAST, SKIP_SLOWLOG } from '../commands/command.ts'
import { redactedFrom } from '../commands/redaction.ts'
import type { Sink } from '../commands/runner.ts'
import type { SlowScript } from '../commands/scripting/script.ts'
import type { Entry } from '../commands/table.ts'
import type { Request } from '../protocol/request.ts'
import type { Engine, Notice } from '../store/engine.ts'

/** A command that took long, as it goes to the main thread. */
export interface SlowCommand {
  readonly what: 'slow'
  readonly name: string
  readonly client: number
  readonly microseconds: number
  readonly at: number
  /** Arguments as bytes, shortened as SLOWLOG shows them. */
  readonly args: readonly Uint8Array[]
  readonly fast: boolean
  /** Not for the slow log, however long it took. */
  readonly unlogged: boolean
  /** Of the client, as far as the thread knows them: routers do, shards don't. */
  readonly address: string
  readonly clientName: string
}

/** Keyspace events of a batch of commands, for the routers' subscribers. */
export interface NoticeBatch {
  readonly what: 'notices'
  readonly notices: readonly Notice[]
}

/** A line for the log. */
export interface LogLine {
  readonly what: 'log'
  readonly level: 'debug' | 'info' | 'warn'
  readonly text: string
}

/** What a script publishes, for all routers. */
export interface ScriptMessage {
  readonly what: 'script-publish'
  readonly channel: Uint8Array
  readonly message: Uint8Array
  readonly isShardChannel: boolean
}

/** What a script calls, for clients that MONITOR. */
export interface ScriptLine {
  readonly what: 'script-shown'
  readonly line: string
}

/** A script or function has run for so long that others are told; what FUNCTION STATS shows of it. */
export interface SlowScriptWord {
  readonly what: 'script-slow'
  readonly shard: number
  readonly script: SlowScript
}

/** A script was refused a command that its client's user may not run. */
export interface ScriptRefusal extends Pick<Refusal, 'reason' | 'object'> {
  readonly what: 'script-refused'
  readonly client: number
}

/** What every thread may tell the main thread. */
export type FromThread =
  | SlowCommand
  | NoticeBatch
  | LogLine
  | ScriptMessage
  | ScriptLine
  | SlowScriptWord
  | ScriptRefusal

const ARGS_MAX = 32
const ARG_BYTES_MAX = 128
const REDACTED = Buffer.from('(redacted)')

/** What SLOWLOG keeps of a command. */
function slowCommand(entry: Entry, req: Request, microseconds: number, address = '', clientName = ''): SlowCommand {
  const fast = (entry.command.flags & FAST) !== 0
  const unlogged = (entry.command.flags & SKIP_SLOWLOG) !== 0
  const hidden = redactedFrom(entry.fullName, req)
  const args: Uint8Array[] = []
  const kept = req.argc > ARGS_MAX ? ARGS_MAX - 1 : req.argc
  for (let i = 0; i < kept; i++) args.push(hidden(i) ? REDACTED : shortened(req, i))
  if (kept < req.argc) args.push(Buffer.from(`... (${req.argc - kept} more arguments)`))
  const name = entry.fullName
  return {
    what: 'slow',
    name,
    client: req.sender.id,
    microseconds,
    at: Date.now(),
    args,
    fast,
    unlogged,
    address,
    clientName,
  }
}

function shortened(req: Request, i: number): Uint8Array {
  const length = req.length[i]
  if (length <= ARG_BYTES_MAX) return req.copy(i)
  const kept = Buffer.from(req.u8.slice(req.at[i], req.at[i] + ARG_BYTES_MAX))
  return Buffer.concat([kept, Buffer.from(`... (${length - ARG_BYTES_MAX} more bytes)`)])
}

/** What is known of a client by its id. */
export type Who = (id: number) => { readonly address: string; readonly name: string } | undefined

/** Has damage that an engine meets written to the log. */
export function logDamage(engine: Engine, port: MessagePort): void {
  engine.onDamage = text => {
    const line = `RESTORE was given a damaged value: ${text}`
    port.postMessage({ what: 'log', level: 'warn', text: line } satisfies LogLine)
  }
}

/** Sends slow commands and keyspace events to the main thread. `who` tells of a client, where the thread knows it. */
export function threadSink(port: MessagePort, who?: Who): Sink {
  return {
    slow(entry, req, microseconds) {
      const sender = who?.(req.sender.id)
      port.postMessage(slowCommand(entry, req, microseconds, sender?.address, sender?.name))
    },
    notices(notices) {
      port.postMessage({ what: 'notices', notices } satisfies NoticeBatch)
    },
  }
}
