// The arguments of EVAL and its kin: EVAL script numkeys key … arg …

import { NOT_AN_INTEGER, NUMKEYS_TOO_LARGE } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import { type Request, SENDER } from '../../protocol/request.ts'

/** Index of the first key. */
const FIRST_KEY = 3

/** Where a script's arguments end: behind them a router puts the rules of a user that may not do everything. */
export const argumentEnd = (req: Request): number =>
  (req.sender.flags & SENDER.RESTRICTED) === 0 ? req.argc : req.argc - 1

/** Appends the indexes of the keys. Returns false if their number makes no sense. */
export function scriptKeys(req: Request, found: number[]): boolean {
  const count = req.integer(2)
  if (!(count >= 0 && count <= argumentEnd(req) - FIRST_KEY)) return false
  for (let i = 0; i < count; i++) found.push(FIRST_KEY + i)
  return true
}

/** Whether the number of keys makes sense; replies what is wrong if not. */
export function checkKeys(req: Request, reply: Reply, noInteger = NOT_AN_INTEGER): boolean {
  const count = req.integer(2)
  if (Number.isNaN(count)) reply.error(noInteger)
  else if (count > argumentEnd(req) - FIRST_KEY) reply.error(NUMKEYS_TOO_LARGE)
  else if (count < 0) reply.error("ERR Number of keys can't be negative")
  else return true
  return false
}
