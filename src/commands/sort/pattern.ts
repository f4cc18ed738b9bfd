// The patterns of SORT's BY and GET: `weight_*` names a string key by the element, `object_*->field` a field of a hash,
// and `#` is the element itself.

import { copyBytes } from '../../bytes/copy.ts'
import { Request } from '../../protocol/request.ts'
import { entryType, TYPE } from '../../store/entry.ts'
import { hashExpireAt, hashFind, hashReadValue } from '../../store/hash-value.ts'
import type { ListpackElement } from '../../store/listpack-element.ts'
import type { Shard } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'

const STAR = 42
const HASH_SIGN = 35
const DASH = 45
const GREATER = 62

/** The key that a pattern and an element make, as a request of its own. */
const named = new Request()
let buffer = new Uint8Array(256)

/** Where the star is in argument `i`, -1 if there is none. */
export function starAt(req: Request, i: number): number {
  for (let j = 0; j < req.length[i]; j++) if (req.u8[req.at[i] + j] === STAR) return j
  return -1
}

/** Whether values of this pattern come from other keys than the one that is sorted. */
export const reachesKeys = (req: Request, i: number): boolean => starAt(req, i) >= 0

/** Where the field's name begins in argument `i`, behind the star and an arrow; 0 if it names none. */
function fieldAt(req: Request, i: number, star: number): number {
  const last = req.length[i] - 3
  for (let j = star + 1; j <= last; j++) {
    const p = req.at[i] + j
    if (req.u8[p] === DASH && req.u8[p + 1] === GREATER) return j + 2
  }
  return 0
}

/** Tells in `into` what the pattern in argument `i` gives for an element. False if there is nothing. */
export function lookUp(
  shard: Shard,
  req: Request,
  i: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  into: ListpackElement,
): boolean {
  if (req.isByte(i, HASH_SIGN)) {
    tell(into, bytes, at, length)
    return true
  }
  const star = starAt(req, i)
  if (star < 0) return false
  const field = fieldAt(req, i, star)
  nameKey(req, i, star, field === 0 ? req.length[i] : field - 2, bytes, at, length)
  const owner = shard.ofKey(named, 0)
  const m = owner.m
  const entry = owner.find(named, 0)
  if (entry === 0) return false
  if (field === 0) {
    if (entryType(m, entry) !== TYPE.STRING) return false
    tell(into, m.u8, stringAt(m, entry), stringLength(m, entry))
    return true
  }
  if (entryType(m, entry) !== TYPE.HASH) return false
  const place = hashFind(m, entry, req.u8, req.at[i] + field, req.length[i] - field)
  if (place === 0) return false
  const expireAt = hashExpireAt(m, entry, place)
  if (expireAt >= 0 && expireAt <= owner.engine.horizon) return false
  hashReadValue(m, entry, place, into)
  return true
}

function tell(into: ListpackElement, bytes: Uint8Array, at: number, length: number): void {
  into.bytes = bytes
  into.at = at
  into.length = length
}

/** Puts the element in the place of the star in the pattern's first `end` bytes, and makes that the key of `named`. */
function nameKey(
  req: Request,
  i: number,
  star: number,
  end: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  const total = end - 1 + length
  if (buffer.length < total) buffer = new Uint8Array(total * 2)
  copyBytes(buffer, 0, req.u8, req.at[i], star)
  copyBytes(buffer, star, bytes, at, length)
  copyBytes(buffer, star + length, req.u8, req.at[i] + star + 1, end - star - 1)
  named.start(buffer)
  named.push(0, total)
  named.db = req.db
  named.sender = req.sender
}
