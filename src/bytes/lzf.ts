// LZF, the compression of strings in RDB files.
//
// The format is a run of items, each led by a control byte:
//   000LLLLL                    L + 1 literal bytes follow
//   LLLOOOOO oooooooo           copy L + 2 bytes (L 1..6) from 1 + (OOOOO oooooooo) bytes back
//   111OOOOO LLLLLLLL oooooooo  copy L + 9 bytes, likewise
// A copy may overlap what it produces. There is no length and no end mark: both sizes are stored outside.
//
// Always: lzfDecompress reads and writes within the lengths given, whatever the input; what lzfCompress writes
// decompresses to its input, in any reader of the format.

import { viewOf, viewOfAny } from './byte-array.ts'
import { copyBytes } from './copy.ts'

const LITERALS_MAX = 32
const COPY_MAX = 264
const TRIPLE = 0xffffff
/** How far back a copy may be from. */
export const LZF_OFFSET_MAX = 8192
const TABLE_BITS = 14
const WORD = 8
/** By distance: the least multiple of it that is a word or more. */
const FAR_BACK = Uint8Array.from({ length: WORD }, (_, back) => (back === 0 ? 0 : back * Math.ceil(WORD / back)))
/** Literals that make the search step one byte wider. */
const STEP_SHIFT = 4

/**
 * Where three bytes of this hash were last seen, counted on from `epoch`: what an earlier string left is below it, so
 * the table need not be cleared for each (64 KB for perhaps 20 bytes). One per thread.
 */
const seen = new Int32Array(1 << TABLE_BITS)
let epoch = 1

/**
 * Compresses `length` bytes of `source` into at most `targetMax` bytes of `target`; returns their number, or 0 when
 * they would not fit (as in Redis: ask for at most length - 4, so that what is stored compressed is worth it). What was
 * compressed just before may be copied from if it still lies right before, `before` bytes of it: a string compressed in
 * pieces is all pieces one after the other.
 */
export function lzfCompress(
  source: Uint8Array,
  at: number,
  length: number,
  target: Uint8Array,
  targetAt: number,
  targetMax: number,
  before = 0,
): number {
  if (targetMax < 2) return 0
  if (epoch + length > 0x7fffffff) {
    seen.fill(0)
    epoch = 1
  }
  const base = epoch - at
  epoch += length
  const view = viewOfAny(source)
  const lowest = at - before
  const end = at + length
  const targetEnd = targetAt + targetMax
  let literalFrom = at
  let out = targetAt
  let i = at
  // Four bytes are read to have three.
  while (i + 3 < end) {
    const triple = view.getInt32(i, true) & TRIPLE
    const slot = slotOf(triple)
    const from = seen[slot] - base
    seen[slot] = i + base
    if (from < lowest || i - from > LZF_OFFSET_MAX || (view.getInt32(from, true) & TRIPLE) !== triple) {
      // The longer nothing repeats, the wider the steps: bytes that look random cost a third, and little else is lost.
      i += 1 + ((i - literalFrom) >> STEP_SHIFT)
      continue
    }
    const copyMax = end - i < COPY_MAX ? end - i : COPY_MAX
    let copy = 3
    while (copy + 4 <= copyMax && view.getInt32(from + copy, true) === view.getInt32(i + copy, true)) copy += 4
    while (copy < copyMax && source[from + copy] === source[i + copy]) copy++

    if (i > literalFrom) out = writeLiterals(source, literalFrom, i, target, out, targetEnd)
    if (out < 0 || out + 3 > targetEnd) return 0
    const offset = i - from - 1
    const code = copy - 2
    if (code < 7) {
      target[out++] = (code << 5) | (offset >> 8)
    } else {
      target[out++] = 0xe0 | (offset >> 8)
      target[out++] = code - 7
    }
    target[out++] = offset
    // What the copy covers can be copied from later: its first and last two places are enough to remember.
    i += copy
    if (i + 2 <= end) {
      seen[slotOf(view.getInt32(i - 2, true) & TRIPLE)] = i - 2 + base
      seen[slotOf((view.getInt32(i - 2, true) >>> 8) & TRIPLE)] = i - 1 + base
    }
    literalFrom = i
  }
  out = writeLiterals(source, literalFrom, end, target, out, targetEnd)
  return out < 0 ? 0 : out - targetAt
}

/** The place in the table of three bytes, of which the first is the lowest. */
const slotOf = (triple: number): number => Math.imul(triple, 0x9e3779b1) >>> (32 - TABLE_BITS)

/** Writes source[from…to] as literal items; returns where the output goes on, or -1 when it does not fit. */
function writeLiterals(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  targetAt: number,
  targetEnd: number,
): number {
  let out = targetAt
  let i = from
  if (out + (to - from) + Math.ceil((to - from) / LITERALS_MAX) > targetEnd) return -1
  while (i < to) {
    const run = to - i < LITERALS_MAX ? to - i : LITERALS_MAX
    target[out++] = run - 1
    copyBytes(target, out, source, i, run)
    out += run
    i += run
  }
  return out
}

/**
 * Decompresses `length` bytes of `source` into exactly `targetLength` bytes of `target`. False when the input is damaged:
 * it ends inside an item, copies from before its start, or has another size; the target then holds rubbish.
 *
 * Where both are ByteArrays, eight bytes move at a time, and may go beyond their item as long as they stay in the target:
 * what comes next is written over them. Strings that repeat themselves take a quarter of the time that way.
 */
export function lzfDecompress(
  source: Uint8Array,
  at: number,
  length: number,
  target: Uint8Array,
  targetAt: number,
  targetLength: number,
): boolean {
  const end = at + length
  const targetEnd = targetAt + targetLength
  const of = viewOf(source)
  const to = viewOf(target)
  /** Words may be read from the source before this, and written to the target before that. */
  const ofEnd = of === undefined || to === undefined ? -1 : end - WORD
  const toEnd = to === undefined ? -1 : targetEnd - WORD
  let i = at
  let out = targetAt
  while (i < end) {
    const control = source[i++]
    if (control < LITERALS_MAX) {
      const next = out + control + 1
      const over = i - out
      if (next + over > end || next > targetEnd) return false
      while (out < next && out <= toEnd && out + over <= ofEnd) {
        ;(to as DataView).setBigUint64(out, (of as DataView).getBigUint64(out + over, true), true)
        out += WORD
      }
      for (; out < next; out++) target[out] = source[out + over]
      out = next
      i = next + over
      continue
    }
    let copy = (control >> 5) + 2
    if (copy === 9) {
      if (i >= end) return false
      copy += source[i++]
    }
    if (i >= end) return false
    let back = ((control & 0x1f) << 8) + source[i++] + 1
    const next = out + copy
    if (out - back < targetAt || next > targetEnd) return false
    if (back < WORD) {
      // What lies less than a word back repeats: a few bytes further the same is to be had from some repetitions back.
      const far = FAR_BACK[back]
      for (const near = Math.min(next, out + far - back); out < near; out++) target[out] = target[out - back]
      back = far
    }
    while (out < next && out <= toEnd) {
      ;(to as DataView).setBigUint64(out, (to as DataView).getBigUint64(out - back, true), true)
      out += WORD
    }
    for (; out < next; out++) target[out] = target[out - back]
    out = next
  }
  return out === targetEnd
}
