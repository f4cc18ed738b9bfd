// Making and changing listpacks. Whatever changes one returns its ref, which may be a new one.
//
// Always: bytes given may lie in the arena (m.u8 as it was before the call), but not in the listpack that is changed.
// Callers keep listpacks below LISTPACK_BYTES_MAX: see listpackFits.

import { assert } from '../bytes/assert.ts'
import { copyBytes, moveBytes } from '../bytes/copy.ts'
import { allocate, reallocate } from './arena.ts'
import {
  COUNT_UNKNOWN,
  LISTPACK,
  LISTPACK_BYTES_MAX,
  LISTPACK_EMPTY_BYTES,
  type ListpackRef,
  listpackSeek,
  setCount,
} from './listpack.ts'
import { END, wholeBytes } from './listpack-element.ts'
import { planInteger, planText, writePlanned } from './listpack-encode.ts'
import type { Memory } from './memory.ts'

/** Whether `bytes` more bytes of elements may be put into the listpack. */
export const listpackFits = (m: Memory, lp: ListpackRef, bytes: number): boolean =>
  m.u32[lp * 2] + bytes <= LISTPACK_BYTES_MAX

/** An empty listpack, with room for `bytes` bytes in all. */
export function listpackCreate(m: Memory, bytes: number = LISTPACK_EMPTY_BYTES): ListpackRef {
  const lp = allocate(m, bytes) as ListpackRef
  m.u32[lp * 2] = LISTPACK_EMPTY_BYTES
  m.u32[lp * 2 + 1] = END << 16
  return lp
}

/** A copy of a listpack in another arena, or the same one. */
export function listpackCopy(from: Memory, lp: ListpackRef, to: Memory): ListpackRef {
  return listpackLoad(to, from.u8, lp * 8, from.u32[lp * 2])
}

/** A listpack made of bytes that listpackIsValid has approved. */
export function listpackLoad(m: Memory, bytes: Uint8Array, at: number, length: number): ListpackRef {
  const lp = allocate(m, length) as ListpackRef
  copyBytes(m.u8, lp * 8, bytes, at, length)
  return lp
}

// ---- adding

/** Puts an element before the one at `offset`, which may be listpackEnd; the new one lies at `offset` then. */
export function listpackInsert(
  m: Memory,
  lp: ListpackRef,
  offset: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): ListpackRef {
  return insertPlanned(m, lp, offset, planText(bytes, at, length), bytes, at, length)
}

/** Puts an element behind the last. */
export function listpackAppend(m: Memory, lp: ListpackRef, bytes: Uint8Array, at: number, length: number): ListpackRef {
  return insertPlanned(m, lp, m.u32[lp * 2] - 1, planText(bytes, at, length), bytes, at, length)
}

/** Puts an element before the first. */
export function listpackPrepend(
  m: Memory,
  lp: ListpackRef,
  bytes: Uint8Array,
  at: number,
  length: number,
): ListpackRef {
  return insertPlanned(m, lp, LISTPACK.ELEMENTS, planText(bytes, at, length), bytes, at, length)
}

/** As listpackInsert, for a safe integer. */
export function listpackInsertInteger(m: Memory, lp: ListpackRef, offset: number, value: number): ListpackRef {
  return insertPlanned(m, lp, offset, planInteger(value), m.u8, 0, 0)
}

/** As listpackAppend, for a safe integer. */
export function listpackAppendInteger(m: Memory, lp: ListpackRef, value: number): ListpackRef {
  return insertPlanned(m, lp, m.u32[lp * 2] - 1, planInteger(value), m.u8, 0, 0)
}

/** Puts other bytes in the place of the element at `offset`. */
export function listpackReplace(
  m: Memory,
  lp: ListpackRef,
  offset: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): ListpackRef {
  return replacePlanned(m, lp, offset, planText(bytes, at, length), bytes, at, length)
}

/** As listpackReplace, for a safe integer. */
export function listpackReplaceInteger(m: Memory, lp: ListpackRef, offset: number, value: number): ListpackRef {
  return replacePlanned(m, lp, offset, planInteger(value), m.u8, 0, 0)
}

/** Bytes that a text would take as an element. */
export function listpackElementBytes(bytes: Uint8Array, at: number, length: number): number {
  return planText(bytes, at, length)
}

function insertPlanned(
  m: Memory,
  lp: ListpackRef,
  offset: number,
  whole: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): ListpackRef {
  const old = m.u32[lp * 2]
  const grown = resize(m, lp, old, old + whole)
  const u8 = m.u8
  const p = grown * 8 + offset
  if (offset === old - 1) u8[p + whole] = END
  else moveBytes(u8, p + whole, p, old - offset)
  writePlanned(u8, p, bytes, at, length)
  m.u32[grown * 2] = old + whole
  addCount(m, grown, 1)
  return grown
}

function replacePlanned(
  m: Memory,
  lp: ListpackRef,
  offset: number,
  whole: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): ListpackRef {
  const old = m.u32[lp * 2]
  const before = wholeBytes(m.u8, lp * 8 + offset)
  const total = old - before + whole
  let changed = lp
  if (whole > before) {
    changed = resize(m, lp, old, total)
  }
  const p = changed * 8 + offset
  if (whole !== before) moveBytes(m.u8, p + whole, p + before, old - offset - before)
  writePlanned(m.u8, p, bytes, at, length)
  m.u32[changed * 2] = total
  return whole < before ? resize(m, changed, total, total) : changed
}

/** A block of at least `bytes` bytes that starts with the first `kept`: the same one while that wastes less than half. */
function resize(m: Memory, lp: ListpackRef, kept: number, bytes: number): ListpackRef {
  assert(bytes <= LISTPACK_BYTES_MAX + 64, 'a listpack stays below its limit')
  return reallocate(m, lp, kept, bytes) as ListpackRef
}

function addCount(m: Memory, lp: ListpackRef, change: number): void {
  const count = m.u32[lp * 2 + 1] & 0xffff
  // Once it is not known it stays so until somebody counts.
  if (count !== COUNT_UNKNOWN) setCount(m.u8, lp, count + change < COUNT_UNKNOWN ? count + change : COUNT_UNKNOWN)
}

// ---- deleting

/** Deletes the element at `offset`; the one behind it lies there then, or the end. */
export function listpackDelete(m: Memory, lp: ListpackRef, offset: number): ListpackRef {
  return cut(m, lp, offset, offset + wholeBytes(m.u8, lp * 8 + offset), 1)
}

/** Deletes up to `count` elements from the one at `offset` on. What follows them lies at `offset` then. */
export function listpackDeleteFrom(m: Memory, lp: ListpackRef, offset: number, count: number): ListpackRef {
  const u8 = m.u8
  let p = lp * 8 + offset
  let deleted = 0
  for (; deleted < count && u8[p] !== END; deleted++) p += wholeBytes(u8, p)
  return deleted === 0 ? lp : cut(m, lp, offset, p - lp * 8, deleted)
}

/** Deletes up to `count` elements from index `index` on, which counts from the end if negative. */
export function listpackDeleteRange(m: Memory, lp: ListpackRef, index: number, count: number): ListpackRef {
  const offset = listpackSeek(m, lp, index)
  return offset === 0 ? lp : listpackDeleteFrom(m, lp, offset, count)
}

function cut(m: Memory, lp: ListpackRef, from: number, to: number, count: number): ListpackRef {
  const old = m.u32[lp * 2]
  const total = old - (to - from)
  if (to === old - 1) m.u8[lp * 8 + from] = END
  else moveBytes(m.u8, lp * 8 + from, lp * 8 + to, old - to)
  m.u32[lp * 2] = total
  addCount(m, lp, -count)
  return resize(m, lp, total, total)
}

/**
 * Puts `count` elements of another listpack of the same arena, those from offset `from` up to `to`, behind this one's
 * last.
 */
export function listpackAppendElements(
  m: Memory,
  lp: ListpackRef,
  source: ListpackRef,
  from: number,
  to: number,
  count: number,
): ListpackRef {
  const old = m.u32[lp * 2]
  const grown = resize(m, lp, old, old + to - from)
  const p = grown * 8 + old - 1
  copyBytes(m.u8, p, m.u8, source * 8 + from, to - from)
  m.u8[p + to - from] = END
  m.u32[grown * 2] = old + to - from
  addCount(m, grown, count)
  return grown
}
