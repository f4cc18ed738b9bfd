// Bit offsets as arguments: shared by the single-bit commands and BITFIELD.

import { parseInteger } from '../../bytes/integers.ts'
import { SETTING } from '../../config/settings.ts'
import { type Request, SENDER } from '../../protocol/request.ts'
import type { Shard } from '../../store/shard.ts'

export const BAD_OFFSET = 'ERR bit offset is not an integer or out of range'

const HASH = 0x23

/** The bit offset in argument `i`, or -1 when it is none or lies beyond the longest string. */
export const bitOffset = (shard: Shard, req: Request, i: number): number =>
  inBounds(shard, req, parseInteger(req.u8, req.at[i], req.length[i]))

/** As bitOffset, where `#3` means the third field of `width` bits after the first. */
export function fieldOffset(shard: Shard, req: Request, i: number, width: number): number {
  const at = req.at[i]
  if (req.firstByte(i) !== HASH) return bitOffset(shard, req, i)
  return inBounds(shard, req, parseInteger(req.u8, at + 1, req.length[i] - 1) * width)
}

function inBounds(shard: Shard, req: Request, offset: number): number {
  if (!(offset >= 0) || offset > Number.MAX_SAFE_INTEGER) return -1
  // What a master or a log sends has passed its own limit.
  if ((req.sender.flags & (SENDER.MASTER | SENDER.LOADING)) !== 0) return offset
  return Math.floor(offset / 8) < shard.engine.settings[SETTING.protoMaxBulkLen] ? offset : -1
}
