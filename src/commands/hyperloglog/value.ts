// A key that holds a HyperLogLog: finding it, making it, and letting a sparse one grow into a dense one. The value is a
// string, byte for byte as Redis has it.

import {
  HLL_CORRUPT,
  HLL_DENSE_LENGTH,
  HLL_EMPTY_LENGTH,
  HLL_NEEDS_DENSE,
  HLL_UNCHANGED,
  hllCreate,
  hllIsDense,
  hllIsValid,
  hllPromote,
  hllSet,
} from '../../bytes/hll.ts'
import { hllPlace } from '../../bytes/murmur.ts'
import { SETTING } from '../../config/settings.ts'
import { WRONG_TYPE } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { release } from '../../store/arena.ts'
import { ENCODING, type EntryRef, entrySetEncoding, entryType, TYPE } from '../../store/entry.ts'
import type { Shard } from '../../store/shard.ts'
import { STRING_BLOCK, stringAt, stringBlockCreate, stringLength } from '../../store/string.ts'
import { replaceWithBlock, resizeString, setString } from '../../store/string-entry.ts'

export const CORRUPT = 'INVALIDOBJ Corrupted HLL object detected'
const NOT_HLL = 'WRONGTYPE Key is not a valid HyperLogLog string value.'

/** The low bits of an element's place are its register, the rest is the run to count there. */
const REGISTER_BITS = 14
export const REGISTERS = 1 << REGISTER_BITS
const REGISTER_MASK = REGISTERS - 1
/** What one change may add to a sparse value. */
const ROOM = 3

/** Whether the entry holds a HyperLogLog; if not, the error has been replied. */
export function isHll(shard: Shard, entry: EntryRef, reply: Reply): boolean {
  const m = shard.m
  if (entryType(m, entry) !== TYPE.STRING) {
    reply.error(WRONG_TYPE)
    return false
  }
  if (hllIsValid(m.u8, stringAt(m, entry), stringLength(m, entry))) return true
  reply.error(NOT_HLL)
  return false
}

const empty = new Uint8Array(HLL_EMPTY_LENGTH)
hllCreate(empty, 0)

/** Adds the key in argument `i`, which must not exist, with an empty value. */
export function createHll(shard: Shard, req: Request, i: number): EntryRef {
  const { db, u8, at, length } = req
  const entry = setString(shard, db, 0, u8, at[i], length[i], empty, 0, empty.length, -1)
  entrySetEncoding(shard.m, entry, ENCODING.RAW)
  return entry
}

/** Makes a sparse value dense. Returns the entry, which may be a new one, or 0 when the value is damaged. */
export function makeDense(shard: Shard, db: number, entry: EntryRef): EntryRef | 0 {
  const m = shard.m
  if (hllIsDense(m.u8, stringAt(m, entry))) return entry
  const block = stringBlockCreate(m, HLL_DENSE_LENGTH)
  const target = block * 8 + STRING_BLOCK.BYTES
  if (!hllPromote(m.u8, stringAt(m, entry), stringLength(m, entry), m.u8, target)) {
    release(m, block)
    return 0
  }
  return replaceWithBlock(shard, db, entry, block)
}

// What raiseRegister and addElement came to.
export const SAME = 0
export const RAISED = 1
export const DAMAGED = -1

/** The entry after raiseRegister or addElement, which may have replaced it. */
export let changedEntry = 0 as EntryRef

/** Counts an element: some bytes outside the arena. */
export function addElement(
  shard: Shard,
  db: number,
  entry: EntryRef,
  u8: Uint8Array,
  at: number,
  length: number,
): number {
  const place = hllPlace(u8, at, length)
  return raiseRegister(shard, db, entry, place & REGISTER_MASK, place >>> REGISTER_BITS)
}

/** Raises a register to `value` if it is lower, making the value dense if it must. */
export function raiseRegister(shard: Shard, db: number, entry: EntryRef, register: number, value: number): number {
  const m = shard.m
  const sparseMax = shard.engine.settings[SETTING.hllSparseMaxBytes]
  changedEntry = entry
  if (hllIsDense(m.u8, stringAt(m, entry))) {
    return hllSet(m.u8, stringAt(m, entry), HLL_DENSE_LENGTH, register, value, sparseMax) > 0 ? RAISED : SAME
  }
  const length = stringLength(m, entry)
  changedEntry = resizeString(shard, db, entry, length + ROOM)
  const answer = hllSet(m.u8, stringAt(m, changedEntry), length, register, value, sparseMax)
  changedEntry = resizeString(shard, db, changedEntry, answer > 0 ? answer : length)
  if (answer === HLL_UNCHANGED) return SAME
  if (answer === HLL_CORRUPT) return DAMAGED
  if (answer !== HLL_NEEDS_DENSE) return RAISED
  const dense = makeDense(shard, db, changedEntry)
  if (dense === 0) return DAMAGED
  return raiseRegister(shard, db, dense, register, value)
}
