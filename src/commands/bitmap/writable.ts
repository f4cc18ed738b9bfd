// The string that SETBIT and BITFIELD write into: made if it is missing, long enough for the last bit to be written.

import type { Request } from '../../protocol/request.ts'
import type { EntryRef } from '../../store/entry.ts'
import type { Shard } from '../../store/shard.ts'
import { stringLength } from '../../store/string.ts'
import { resizeString, setString } from '../../store/string-entry.ts'

/** Strings up to this length are made at once; longer ones grow, which gives them a block with room. */
const SHORT = 512
const ZEROS = new Uint8Array(SHORT)

/** The entry of argument 1, found as `entry` (0: not there), as a raw string that has the byte of bit `last`. */
export function writableBits(shard: Shard, req: Request, entry: EntryRef | 0, last: number): EntryRef {
  const { db, u8, at, length } = req
  const bytes = Math.floor(last / 8) + 1
  if (entry === 0) {
    const made = setString(shard, db, 0, u8, at[1], length[1], ZEROS, 0, bytes <= SHORT ? bytes : 0, -1)
    return resizeString(shard, db, made, bytes)
  }
  return resizeString(shard, db, entry, Math.max(bytes, stringLength(shard.m, entry)))
}

/** Whether the string has to be made or lengthened for bit `last`: a change even if all bits written are zero. */
export const needsGrowth = (shard: Shard, entry: EntryRef | 0, last: number): boolean =>
  entry === 0 || stringLength(shard.m, entry) <= Math.floor(last / 8)
