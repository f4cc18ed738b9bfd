// A command of the router that replies later: what is left to be noted about it when it has.

import type { Entry } from '../commands/table.ts'
import { frameBytes, frameRead, frameWrite } from '../protocol/frame.ts'
import { Request } from '../protocol/request.ts'

/** A command whose reply is still to come. */
export interface LateCommand {
  readonly entry: Entry
  /** A copy: what it was read from is used again meanwhile. */
  readonly req: Request
  /** When it began, as performance.now() tells the time. */
  readonly startedAt: number
}

/** Keeps a command for later: what `req` was read from is used again meanwhile. */
export function lateCommand(entry: Entry, req: Request, startedAt: number): LateCommand {
  const frame = new Uint8Array(frameBytes(req))
  frameWrite(frame, new Uint32Array(frame.buffer), 0, req)
  const copy = new Request()
  frameRead(frame, new Uint32Array(frame.buffer), 0, copy)
  copy.db = req.db
  copy.resp = req.resp
  copy.sender = req.sender
  return { entry, req: copy, startedAt }
}
