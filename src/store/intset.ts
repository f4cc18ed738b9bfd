// The intset: a small set whose members are all integers, sorted, in Redis's own byte format, because DUMP and RDB
// carry these bytes as they are.
//
//   OFFSET  SIZE  FIELD     MEANING
//        0     4  WIDTH     bytes of a member: 2, 4 or 8, as the widest one ever needed
//        4     4  COUNT     members
//        8        the members, WIDTH bytes each, signed, low byte first, ascending
//
// A member is told by its halves (int64.ts). Whatever changes an intset returns its ref, which may be a new one.

import { assert } from '../bytes/assert.ts'
import { copyBytes } from '../bytes/copy.ts'
import { allocate, reallocate } from './arena.ts'
import { int64, int64Write } from './int64.ts'
import type { Memory, Ref } from './memory.ts'

export type IntsetRef = Ref<'intset'>

export const INTSET = { WIDTH: 0, COUNT: 4, MEMBERS: 8 } as const

/** An empty intset. */
export function intsetCreate(m: Memory): IntsetRef {
  const set = allocate(m, INTSET.MEMBERS + 8) as IntsetRef
  m.u32[set * 2] = 2
  m.u32[set * 2 + 1] = 0
  return set
}

/** An intset made of bytes that intsetIsValid has approved. */
export function intsetLoad(m: Memory, bytes: Uint8Array, at: number, length: number): IntsetRef {
  const set = allocate(m, length) as IntsetRef
  copyBytes(m.u8, set * 8, bytes, at, length)
  return set
}

export const intsetWidth = (m: Memory, set: IntsetRef): number => m.u32[set * 2]
export const intsetCount = (m: Memory, set: IntsetRef): number => m.u32[set * 2 + 1]
/** Bytes of the whole intset, head included: what DUMP carries from ref * 8 on. */
export const intsetBytes = (m: Memory, set: IntsetRef): number =>
  INTSET.MEMBERS + intsetCount(m, set) * intsetWidth(m, set)

const widthOf = (high: number, low: number): number => {
  const small = low | 0
  if (high !== small >> 31) return 8
  return small >= -0x8000 && small <= 0x7fff ? 2 : 4
}

/** Member `index` if it has 2 or 4 bytes. */
function smallMember(m: Memory, set: IntsetRef, width: number, index: number): number {
  if (width === 4) return m.i32[set * 2 + 2 + index]
  const at = set * 8 + INTSET.MEMBERS + index * 2
  return ((m.u8[at] | (m.u8[at + 1] << 8)) << 16) >> 16
}

/** Reads member `index` into `int64`. */
export function intsetGet(m: Memory, set: IntsetRef, index: number): void {
  const width = intsetWidth(m, set)
  if (width === 8) {
    const at = set * 2 + 2 + index * 2
    int64.low = m.u32[at]
    int64.high = m.i32[at + 1]
  } else {
    const value = smallMember(m, set, width, index)
    int64.low = value >>> 0
    int64.high = value >> 31
  }
}

/** Index of a member; of one that is not there, -1 minus the index it would have. */
export function intsetFind(m: Memory, set: IntsetRef, high: number, low: number): number {
  const count = intsetCount(m, set)
  const width = intsetWidth(m, set)
  if (widthOf(high, low) > width) return high < 0 ? -1 : -1 - count
  return width === 8 ? findWide(m, set, count, high, low) : findSmall(m, set, count, width, low | 0)
}

function findSmall(m: Memory, set: IntsetRef, count: number, width: number, value: number): number {
  // Integers often come in ascending order.
  if (count > 0 && value > smallMember(m, set, width, count - 1)) return -1 - count
  let first = 0
  let end = count
  while (first < end) {
    const middle = (first + end) >>> 1
    const member = smallMember(m, set, width, middle)
    if (member === value) return middle
    if (member < value) first = middle + 1
    else end = middle
  }
  return -1 - first
}

function findWide(m: Memory, set: IntsetRef, count: number, high: number, low: number): number {
  const at = set * 2 + 2
  let first = 0
  let end = count
  while (first < end) {
    const middle = (first + end) >>> 1
    const memberHigh = m.i32[at + middle * 2 + 1]
    const memberLow = m.u32[at + middle * 2]
    if (memberHigh === high && memberLow === low) return middle
    if (memberHigh < high || (memberHigh === high && memberLow < low)) first = middle + 1
    else end = middle
  }
  return -1 - first
}

/** Adds a member that is not there; `index` is where it belongs, as intsetFind told. */
export function intsetInsert(m: Memory, set: IntsetRef, index: number, high: number, low: number): IntsetRef {
  const width = intsetWidth(m, set)
  const needed = widthOf(high, low)
  if (needed > width) return insertWidening(m, set, needed, index, high, low)
  const count = intsetCount(m, set)
  const bytes = INTSET.MEMBERS + count * width
  const grown = reallocate(m, set, bytes, bytes + width) as IntsetRef
  const at = grown * 8 + INTSET.MEMBERS + index * width
  if (index < count) m.u8.copyWithin(at + width, at, grown * 8 + bytes)
  m.u32[grown * 2 + 1] = count + 1
  write(m, grown, width, index, high, low)
  return grown
}

/** A member wider than all others is the smallest or the largest: it goes to an end. */
function insertWidening(m: Memory, set: IntsetRef, width: number, index: number, high: number, low: number): IntsetRef {
  const count = intsetCount(m, set)
  const grown = reallocate(m, set, intsetBytes(m, set), INTSET.MEMBERS + (count + 1) * width) as IntsetRef
  const shift = index === 0 ? 1 : 0
  const old = intsetWidth(m, grown)
  // From the back, so that no member is written over before it has been read.
  for (let i = count - 1; i >= 0; i--) {
    const value = old === 2 || old === 4 ? smallMember(m, grown, old, i) : 0
    write(m, grown, width, i + shift, value >> 31, value >>> 0)
  }
  m.u32[grown * 2] = width
  m.u32[grown * 2 + 1] = count + 1
  write(m, grown, width, index, high, low)
  return grown
}

function write(m: Memory, set: IntsetRef, width: number, index: number, high: number, low: number): void {
  if (width === 8) {
    const at = set * 2 + 2 + index * 2
    m.u32[at] = low
    m.i32[at + 1] = high
  } else if (width === 4) {
    m.u32[set * 2 + 2 + index] = low
  } else {
    const at = set * 8 + INTSET.MEMBERS + index * 2
    m.u8[at] = low
    m.u8[at + 1] = low >>> 8
  }
}

/** Takes member `index` out. */
export function intsetRemove(m: Memory, set: IntsetRef, index: number): IntsetRef {
  const width = intsetWidth(m, set)
  const bytes = intsetBytes(m, set)
  const at = set * 8 + INTSET.MEMBERS + index * width
  m.u8.copyWithin(at, at + width, set * 8 + bytes)
  m.u32[set * 2 + 1]--
  return reallocate(m, set, bytes - width, bytes - width) as IntsetRef
}

// ---- checking

/** Whether hostile bytes are an intset: sizes that fit, members that ascend. */
export function intsetIsValid(bytes: Uint8Array, at: number, length: number): boolean {
  if (length < INTSET.MEMBERS) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, length)
  const width = view.getUint32(0, true)
  const count = view.getUint32(4, true)
  if ((width !== 2 && width !== 4 && width !== 8) || count === 0) return false
  if (count * width !== length - INTSET.MEMBERS) return false
  for (let i = 1; i < count; i++) if (memberOf(view, width, i - 1) >= memberOf(view, width, i)) return false
  return true
}

function memberOf(view: DataView, width: number, index: number): number | bigint {
  const at = INTSET.MEMBERS + index * width
  if (width === 2) return view.getInt16(at, true)
  return width === 4 ? view.getInt32(at, true) : view.getBigInt64(at, true)
}

/** Walks every invariant. For tests and DEBUG. */
export function intsetCheck(m: Memory, set: IntsetRef): void {
  const bytes = intsetBytes(m, set)
  const copy = m.u8.slice(set * 8, set * 8 + bytes)
  assert(intsetCount(m, set) === 0 || intsetIsValid(copy, 0, bytes), 'an intset is sorted and of one width')
}

/** One line, for tests and DEBUG. */
export function intsetDump(m: Memory, set: IntsetRef): string {
  const members: string[] = []
  const digits = new Uint8Array(24)
  for (let i = 0; i < intsetCount(m, set); i++) {
    intsetGet(m, set, i)
    const length = int64Write(digits, 0, int64.high, int64.low)
    members.push(Buffer.from(digits.subarray(0, length)).toString('latin1'))
  }
  return `intset width=${intsetWidth(m, set)} [${members.join(' ')}]`
}
