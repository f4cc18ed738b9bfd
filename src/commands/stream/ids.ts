// Stream ids as arguments and in replies.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { Effects } from '../../store/effects.ts'
import { ID_TEXT_MAX, type StreamId } from '../../store/stream-id.ts'
import type { StreamWalk } from '../../store/stream-walk.ts'

export const BAD_ID = 'ERR Invalid stream ID specified as stream command argument'
const BAD_START = 'ERR invalid start ID for the interval'
const BAD_END = 'ERR invalid end ID for the interval'

const DASH = 0x2d
const PLUS = 0x2b
const STAR = 0x2a
const OPEN = 0x28
const LENGTH_MAX = 127

/** What an id's argument turned out to be. */
export const NO_ID = 0
export const WHOLE_ID = 1
/** `ms-*`: the sequence is the stream's to choose. */
export const OPEN_ID = 2

/**
 * Reads `ms-seq` or `ms` from argument `i`, from its byte `skip` on. A missing sequence is 0, or the highest one if
 * `isMissingMax`. With `mayBeOpen`, `ms-*` is an id too.
 */
export function readId(
  req: Request,
  i: number,
  id: StreamId,
  isMissingMax = false,
  skip = 0,
  mayBeOpen = false,
): number {
  const u8 = req.u8
  const at = req.at[i] + skip
  const length = req.length[i] - skip
  if (length > LENGTH_MAX) return NO_ID
  let dash = 0
  while (dash < length && u8[at + dash] !== DASH) dash++
  if (!id.parseTime(u8, at, dash)) return NO_ID
  if (dash < length) {
    const rest = length - dash - 1
    if (mayBeOpen && rest === 1 && u8[at + dash + 1] === STAR) return OPEN_ID
    return id.parseSequence(u8, at + dash + 1, rest) ? WHOLE_ID : NO_ID
  }
  id.seqHigh = isMissingMax ? 0xffffffff : 0
  id.seqLow = id.seqHigh
  return WHOLE_ID
}

/** As readId, where `-` and `+` are the lowest and the highest id. */
export function readLooseId(req: Request, i: number, id: StreamId, isMissingMax = false): boolean {
  if (req.isByte(i, DASH)) id.setMin()
  else if (req.isByte(i, PLUS)) id.setMax()
  else return readId(req, i, id, isMissingMax) !== NO_ID
  return true
}

/** Whether argument `i` is an id, not `-` or `+`. */
export const isId = (req: Request, i: number, id: StreamId): boolean => readId(req, i, id) !== NO_ID

/** Reads where an interval starts; `(id` leaves the id itself out. False after replying an error. */
export function readStart(req: Request, i: number, id: StreamId, reply: Reply): boolean {
  const excludes = req.length[i] > 1 && req.firstByte(i) === OPEN
  const valid = excludes ? readId(req, i, id, false, 1) !== NO_ID : readLooseId(req, i, id)
  if (!valid) reply.error(BAD_ID)
  else if (excludes && !id.increment()) reply.error(BAD_START)
  else return true
  return false
}

/** Reads where an interval ends, in the same manner. */
export function readEnd(req: Request, i: number, id: StreamId, reply: Reply): boolean {
  const excludes = req.length[i] > 1 && req.firstByte(i) === OPEN
  const valid = excludes ? readId(req, i, id, true, 1) !== NO_ID : readLooseId(req, i, id, true)
  if (!valid) reply.error(BAD_ID)
  else if (excludes && !id.decrement()) reply.error(BAD_END)
  else return true
  return false
}

/** Writes an id as a bulk string. */
export function replyId(reply: Reply, id: StreamId): void {
  const at = reply.bulkSpace(id.textLength())
  id.write(reply.u8, at)
}

/** Writes the entry a walk is on: its id, its fields and values. */
export function replyEntry(reply: Reply, walk: StreamWalk): void {
  reply.array(2)
  replyId(reply, walk.id)
  walk.replyPairs(reply)
}

const text = new Uint8Array(ID_TEXT_MAX)

/** Puts an id into an effect. */
export function effectId(effects: Effects, id: StreamId): void {
  effects.bytes(text, 0, id.write(text, 0))
}

/** Puts argument `i` of the command into an effect. */
export function effectArgument(effects: Effects, req: Request, i: number): void {
  effects.bytes(req.u8, req.at[i], req.length[i])
}
