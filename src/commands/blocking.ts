// What commands that block have in common: reading the timeout, and waiting.

import type { Reply } from '../protocol/reply.ts'
import type { Request } from '../protocol/request.ts'
import { entryType, type Type } from '../store/entry.ts'
import type { Shard } from '../store/shard.ts'

const NOT_A_TIMEOUT = 'ERR timeout is not a float or out of range'
const NEGATIVE = 'ERR timeout is negative'
const INT64_MAX = 2 ** 63
/** Beyond this a double cannot tell a timeout that is just short enough from one that is not. */
const SECONDS_EXACT = 9e15

/** The timeout in seconds that argument `i` is, as milliseconds, 0 = for ever. -1 after replying what is wrong. */
export function timeoutMs(req: Request, i: number, reply: Reply): number {
  const seconds = req.double(i)
  const ms = seconds > SECONDS_EXACT ? exactMs(req, i, seconds) : Math.ceil(seconds * 1000)
  if (ms >= 0 && ms < INT64_MAX) return ms
  // Redis converts to an integer what does not fit one, and finds it negative.
  reply.error(Number.isNaN(seconds) ? NOT_A_TIMEOUT : NEGATIVE)
  return -1
}

/** Milliseconds of a huge number of seconds, to the millisecond if it is a whole one. */
function exactMs(req: Request, i: number, seconds: number): number {
  const ms = (req.bigInteger(i) ?? BigInt(INT64_MAX)) * 1000n
  // Rounded down: what is below the limit stays so.
  return ms < BigInt(INT64_MAX) ? Number(ms - (ms % 1024n)) : seconds * 1000
}

/**
 * Has the client wait for `count` keys, arguments from `first` on. `target` is the argument of a key that serving it
 * writes besides, 0 = none. Returns false where clients do not wait, as inside a transaction.
 */
export function waitFor(
  shard: Shard,
  req: Request,
  first: number,
  count: number,
  target: number,
  timeoutMs: number,
): boolean {
  const { waits } = shard.engine
  if (waits === undefined || !waits.mayWait(req)) return false
  waits.wait(shard, req, { first, count, target, timeoutMs })
  return true
}

/** Whether the key in argument `i` holds a value of this type. Types that clients wait for are never empty. */
export function holds(shard: Shard, req: Request, i: number, type: Type): boolean {
  const entry = shard.findKey(req.db, req.u8, req.at[i], req.length[i])
  return entry !== 0 && entryType(shard.m, entry) === type
}
