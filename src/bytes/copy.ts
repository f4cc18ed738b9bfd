// Copying and comparing bytes between two byte arrays without making a view or garbage.
//
// Where both sides are ByteArrays, eight bytes at a time through their views; from some 128 bytes on, Buffer's copy is
// faster: it costs about 55 ns and then next to nothing a byte. BigInts do not come into being here: the optimising
// compiler moves the eight bytes as a machine word.

import { viewOf } from './byte-array.ts'

const WORDS_BYTES_MAX = 128
const LOOP_BYTES_MAX = 32
/** Up to here a loop moves faster than copyWithin, whose call alone takes some 40 ns. */
const MOVED_BYTES_MAX = 128
const bufferCopy = Buffer.prototype.copy as (
  this: Uint8Array,
  target: Uint8Array,
  targetAt: number,
  sourceAt: number,
  sourceEnd: number,
) => number

/** Copies `length` bytes from `source[from…]` to `target[at…]`. The ranges may not overlap in one array; see moveBytes. */
export function copyBytes(target: Uint8Array, at: number, source: Uint8Array, from: number, length: number): void {
  const to = viewOf(target)
  const of = viewOf(source)
  let i = 0
  if (to !== undefined && of !== undefined && length <= WORDS_BYTES_MAX) {
    for (const end = length - 8; i <= end; i += 8) to.setBigUint64(at + i, of.getBigUint64(from + i, true), true)
  } else if (length > LOOP_BYTES_MAX) {
    bufferCopy.call(source, target, at, from, from + length)
    return
  }
  for (; i < length; i++) target[at + i] = source[from + i]
}

/** Copies inside one array; the ranges may overlap. */
export function moveBytes(bytes: Uint8Array, at: number, from: number, length: number): void {
  const view = viewOf(bytes)
  if (view === undefined || length > MOVED_BYTES_MAX) bytes.copyWithin(at, from, from + length)
  else if (at < from) moveDown(bytes, view, at, from, length)
  else moveUp(bytes, view, at, from, length)
}

/** From the first byte on: what is read next is not yet overwritten. */
function moveDown(bytes: Uint8Array, view: DataView, at: number, from: number, length: number): void {
  let i = 0
  for (const end = length - 8; i <= end; i += 8) view.setBigUint64(at + i, view.getBigUint64(from + i, true), true)
  for (; i < length; i++) bytes[at + i] = bytes[from + i]
}

/** From the last byte back. */
function moveUp(bytes: Uint8Array, view: DataView, at: number, from: number, length: number): void {
  let i = length
  for (const start = length & 7; i > start; ) {
    i -= 8
    view.setBigUint64(at + i, view.getBigUint64(from + i, true), true)
  }
  while (i > 0) {
    i--
    bytes[at + i] = bytes[from + i]
  }
}

/** Whether two ranges hold the same bytes. */
export function equalBytes(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, length: number): boolean {
  const aView = viewOf(a)
  const bView = viewOf(b)
  let i = 0
  if (aView !== undefined && bView !== undefined) {
    for (const end = length - 4; i <= end; i += 4) {
      if (aView.getUint32(aAt + i, true) !== bView.getUint32(bAt + i, true)) return false
    }
  }
  for (; i < length; i++) if (a[aAt + i] !== b[bAt + i]) return false
  return true
}

/** Orders two byte strings as memcmp does, the shorter first on a tie: negative, 0 or positive. */
export function compareBytes(
  a: Uint8Array,
  aAt: number,
  aLength: number,
  b: Uint8Array,
  bAt: number,
  bLength: number,
): number {
  const shared = aLength < bLength ? aLength : bLength
  for (let i = 0; i < shared; i++) {
    const difference = a[aAt + i] - b[bAt + i]
    if (difference !== 0) return difference
  }
  return aLength - bLength
}
