// Sends what a shard's commands leave behind to the main thread, which keeps the slow log and passes events on.

import type { MessagePort } from 'node:worker_threads'
import { FAST } from '../commands/command.ts'
import type { Sink } from '../commands/runner.ts'
import type { Entry } from '../commands/table.ts'
import type { Request } from '../protocol/request.ts'
import type { Notice } from '../store/engine.ts'

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
}

export interface NoticeBatch {
  readonly what: 'notices'
  readonly notices: readonly Notice[]
}

const ARGS_MAX = 32
const ARG_BYTES_MAX = 128

/** What SLOWLOG keeps of a command. */
export function slowCommand(entry: Entry, req: Request, microseconds: number, fast: boolean): SlowCommand {
  const args: Uint8Array[] = []
  const kept = req.argc > ARGS_MAX ? ARGS_MAX - 1 : req.argc
  for (let i = 0; i < kept; i++) args.push(shortened(req, i))
  if (kept < req.argc) args.push(Buffer.from(`... (${req.argc - kept} more arguments)`))
  return { what: 'slow', name: entry.fullName, client: req.sender.id, microseconds, at: Date.now(), args, fast }
}

function shortened(req: Request, i: number): Uint8Array {
  const length = req.length[i]
  if (length <= ARG_BYTES_MAX) return req.copy(i)
  const kept = Buffer.from(req.u8.slice(req.at[i], req.at[i] + ARG_BYTES_MAX))
  return Buffer.concat([kept, Buffer.from(`... (${length - ARG_BYTES_MAX} more bytes)`)])
}

export function threadSink(port: MessagePort): Sink {
  return {
    slow(entry, req, microseconds) {
      port.postMessage(slowCommand(entry, req, microseconds, (entry.command.flags & FAST) !== 0))
    },
    notices(notices) {
      port.postMessage({ what: 'notices', notices } satisfies NoticeBatch)
    },
  }
}
