// The count of SRANDMEMBER, HRANDFIELD and ZRANDMEMBER: how many different ones, or if negative, how many at all.

import { NOT_AN_INTEGER } from '../protocol/errors.ts'
import type { Reply } from '../protocol/reply.ts'
import type { Request } from '../protocol/request.ts'

const RANGE = '-9223372036854775807 and 9223372036854775807'
const OUT_OF_RANGE = `ERR value is out of range, value must between ${RANGE}`
/** Redis would set out to draw as many as it is told; a reply of more than this could not be held anyway. */
const DRAWN_MAX = 2 ** 27

/** The count in argument `i`; NaN after replying that it is none. */
export function randomCount(req: Request, i: number, reply: Reply): number {
  const count = req.integer(i)
  if (Number.isNaN(count)) reply.error(NOT_AN_INTEGER)
  else if (count < -DRAWN_MAX) {
    reply.error(OUT_OF_RANGE)
    return Number.NaN
  }
  return count
}
