// Whether bytes are a listpack, and what one looks like in print.

import { assert } from '../bytes/assert.ts'
import { blockRoom } from './arena.ts'
import {
  COUNT_UNKNOWN,
  LISTPACK,
  LISTPACK_EMPTY_BYTES,
  type ListpackRef,
  listpackFirst,
  listpackNext,
  listpackText,
} from './listpack.ts'
import { backBytes, END, element, elementBytes } from './listpack-element.ts'
import type { Memory } from './memory.ts'

/**
 * Whether `length` bytes, which may come from anywhere, are a sound listpack: every element ends inside it, its BACK
 * tells its size, the head counts them. Reads nothing beyond the bytes given.
 */
export function listpackIsValid(bytes: Uint8Array, at: number, length: number): boolean {
  if (length < LISTPACK_EMPTY_BYTES) return false
  const total = (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0
  if (total !== length) return false
  const end = at + length - 1
  if (bytes[end] !== END) return false
  let count = 0
  let p = at + LISTPACK.ELEMENTS
  for (; p < end && bytes[p] !== END; count++) {
    if (bytes[p] > 0xf4 || p + headBytes(bytes[p]) > end) return false
    const size = elementBytes(bytes, p)
    const back = backBytes(size)
    if (p + size + back > end || !backIs(bytes, p + size, back, size)) return false
    p += size + back
  }
  const told = bytes[at + LISTPACK.COUNT] | (bytes[at + LISTPACK.COUNT + 1] << 8)
  return p === end && (told === COUNT_UNKNOWN || told === count)
}

/** Bytes that must be there before elementBytes may look. */
const headBytes = (head: number): number => (head < 0xe0 ? 1 : head < 0xf0 ? 2 : head === 0xf0 ? 5 : 1)

function backIs(bytes: Uint8Array, p: number, length: number, size: number): boolean {
  let rest = size
  for (let q = p + length - 1; q >= p; q--) {
    if (bytes[q] !== ((rest & 0x7f) | (q === p ? 0 : 0x80))) return false
    rest >>>= 7
  }
  return true
}

/** Holds every invariant of a listpack in an arena. For tests, fuzzing and DEBUG. */
export function listpackCheck(m: Memory, lp: ListpackRef): void {
  const bytes = m.u32[lp * 2]
  assert(bytes <= blockRoom(m, lp), 'a listpack fits its block')
  assert(listpackIsValid(m.u8, lp * 8, bytes), 'a listpack is sound')
}

/** One line: the elements, integers bare and strings quoted. */
export function listpackDump(m: Memory, lp: ListpackRef): string {
  const parts: string[] = []
  for (let offset = listpackFirst(m, lp); offset !== 0; offset = listpackNext(m, lp, offset)) {
    listpackText(m, lp, offset)
    const text = Buffer.from(element.bytes.subarray(element.at, element.at + element.length)).toString('latin1')
    parts.push(element.isInteger ? text : JSON.stringify(text))
  }
  return `listpack @${lp} bytes=${m.u32[lp * 2]} [${parts.join(' ')}]`
}
