// Times of expiry in arguments: EX, PX, EXAT and PXAT of SET and GETEX, and the plain numbers of SETEX, EXPIRE and RESTORE.
//
// A time is Unix ms as a double. Redis accepts any int64; beyond 2^53 ms (the year 287396) a double rounds to a
// neighbour, which is the only difference: what is accepted and what refused is decided exactly.

import type { Reply } from '../protocol/reply.ts'
import { type Request, SENDER } from '../protocol/request.ts'
import type { Effects } from '../store/effects.ts'
import type { Shard } from '../store/shard.ts'

/** What an expiry option's argument can be wrong in. */
export const BAD_INTEGER = -1
export const BAD_EXPIRE = -2

const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)
/** The last time there is: the last double before 2^63. */
export const LATEST = 2 ** 63 - 1024

/** Whether argument `i` is one of the options, which takes an argument of its own. */
export const isExpiryOption = (req: Request, i: number): boolean =>
  req.is(i, 'EX') || req.is(i, 'PX') || req.is(i, 'EXAT') || req.is(i, 'PXAT')

/** Whether the option at argument `i` names a point in time rather than a time to live. */
export const isAbsoluteOption = (req: Request, i: number): boolean => req.is(i, 'EXAT') || req.is(i, 'PXAT')

/** Whether the options at two arguments are the same one: their length and first letter tell. */
export const isSameOption = (req: Request, i: number, j: number): boolean =>
  req.length[i] === req.length[j] && (req.firstByte(i) | 0x20) === (req.firstByte(j) | 0x20)

/**
 * The Unix time in ms that the option at argument `i` and its argument behind it mean, BAD_INTEGER if that is no
 * integer, BAD_EXPIRE if it is not positive or too far away.
 */
export function expiryAt(req: Request, i: number, now: number): number {
  const isSeconds = req.is(i, 'EX') || req.is(i, 'EXAT')
  return positiveExpiry(req, i + 1, isSeconds, isAbsoluteOption(req, i) ? 0 : now)
}

/** As `expiryAt`, for a number at argument `i` that counts from `base`. */
export function positiveExpiry(req: Request, i: number, isSeconds: boolean, base: number): number {
  const value = req.integer(i)
  if (Number.isNaN(value)) return BAD_INTEGER
  if (value <= 0) return BAD_EXPIRE
  const at = expiryTime(req, i, isSeconds, base)
  return at === Number.POSITIVE_INFINITY ? BAD_EXPIRE : at
}

/** The time that argument `i`, counted from `base`, means: NaN if it is no integer, Infinity if it is too far away. */
export function expiryTime(req: Request, i: number, isSeconds: boolean, base: number): number {
  const value = req.integer(i)
  // A safe integer stays below 2^63, seconds or not; what is larger is computed exactly.
  if (Number.isFinite(value)) return (isSeconds ? value * 1000 : value) + base
  return Number.isNaN(value) ? value : farTime(req.bigInteger(i) as bigint, isSeconds, BigInt(base))
}

function farTime(value: bigint, isSeconds: boolean, base: bigint): number {
  const ms = isSeconds ? value * 1000n : value
  if (ms > INT64_MAX - base || ms < INT64_MIN) return Number.POSITIVE_INFINITY
  return Math.min(Number(ms + base), LATEST)
}

/**
 * Whether a key that ends at `at` is to be deleted now instead of being given that time: not on a replica nor while
 * loading, where deletions are the log's or the master's to tell.
 */
export function isPast(shard: Shard, req: Request, at: number): boolean {
  if (at > shard.engine.now || !shard.engine.deletesExpired) return false
  return (req.sender.flags & (SENDER.MASTER | SENDER.LOADING)) === 0
}

/** A time, which may be beyond what `reply.integer` takes. */
export function replyTime(reply: Reply, at: number): void {
  if (at <= Number.MAX_SAFE_INTEGER) reply.integer(at)
  else reply.bigInteger(BigInt(at))
}

/** A time as an argument of an effect. */
export function effectTime(effects: Effects, at: number): void {
  if (at <= Number.MAX_SAFE_INTEGER) effects.integer(at)
  else effects.word(BigInt(at).toString())
}
