// The expiry options that SET, GETEX and their like share: EX, PX, EXAT, PXAT.

import type { Request } from '../protocol/request.ts'

/** What an expiry option's argument can be wrong in. */
export const BAD_INTEGER = -1
export const BAD_EXPIRE = -2

const INT64_MAX = 2 ** 63

/** Whether argument `i` is one of the options, which takes an argument of its own. */
export const isExpiryOption = (req: Request, i: number): boolean =>
  req.is(i, 'EX') || req.is(i, 'PX') || req.is(i, 'EXAT') || req.is(i, 'PXAT')

/**
 * The Unix time in ms that the option at argument `i` and its argument behind it mean, BAD_INTEGER if that is no
 * integer, BAD_EXPIRE if it is not positive or too far away.
 */
export function expiryAt(req: Request, i: number, now: number): number {
  const value = req.integer(i + 1)
  if (Number.isNaN(value)) return BAD_INTEGER
  if (value <= 0) return BAD_EXPIRE
  const isSeconds = req.is(i, 'EX') || req.is(i, 'EXAT')
  const isAbsolute = req.is(i, 'EXAT') || req.is(i, 'PXAT')
  const at = (isSeconds ? value * 1000 : value) + (isAbsolute ? 0 : now)
  // Beyond 2^53 ms (285,000 years) a double is no longer exact; Redis refuses from 2^63 on, and so the two differ only there.
  return at >= INT64_MAX ? BAD_EXPIRE : at
}
