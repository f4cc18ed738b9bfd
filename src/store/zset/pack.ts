// A small sorted set: one block of (score, member) pairs in order, searched from the front.
//
// It stands for what Redis keeps in a listpack, and is reported as one. Scores are numbers here, not text: nothing is
// parsed or formatted when they are compared, and a whole number of one byte takes one.
//
//   OFFSET  SIZE  FIELD  MEANING
//        0     4  COUNT  pairs
//        4     4  BYTES  bytes in use, this header included
//        8               the pairs, one behind the other
//
// A pair:
//
//   OFFSET  SIZE  FIELD   MEANING
//        0     1  TAG     low 6 bits: the member's length, 63 = in LENGTH; high 2 bits: the width of SCORE
//        1     4  LENGTH  only if TAG says so
//              n  SCORE   little-endian: an integer of 1, 2 or 4 bytes, or a double of 8
//                 MEMBER  its bytes
//
// Positions are byte offsets from the block's start, so they hold while it moves; PACK.PAIRS is the first pair's.

import { assert } from '../../bytes/assert.ts'
import { viewOf } from '../../bytes/byte-array.ts'
import { compareBytes, copyBytes, equalBytes, moveBytes } from '../../bytes/copy.ts'
import { allocate, blockRoom, reallocate } from '../arena.ts'
import type { Memory, Ref } from '../memory.ts'

export type PackRef = Ref<'zset pack'>

export const PACK = { COUNT: 0, BYTES: 4, PAIRS: 8 } as const
const LONG_LENGTH = 63
const LENGTH_BYTES = 4
const TAIL_BYTES = 4
/** By TAG >>> 6. */
const WIDTHS = Uint8Array.of(1, 2, 4, 8)
const WIDE = 3

const scratch = new Float64Array(1)
const scratchBytes = new Uint8Array(scratch.buffer)

/** A set without pairs, with room for `bytes` of them. */
export function packCreate(m: Memory, bytes: number): PackRef {
  const pack = allocate(m, PACK.PAIRS + bytes) as PackRef
  m.u32[pack * 2] = 0
  m.u32[pack * 2 + 1] = PACK.PAIRS
  return pack
}

export const packCount = (m: Memory, pack: PackRef): number => m.u32[pack * 2]
/** Bytes in use; also the position behind the last pair. */
export const packBytes = (m: Memory, pack: PackRef): number => m.u32[pack * 2 + 1]

// ---- a pair at a position

export function packMemberLength(m: Memory, pack: PackRef, position: number): number {
  const at = pack * 8 + position
  const length = m.u8[at] & LONG_LENGTH
  return length < LONG_LENGTH ? length : readWord(m.u8, at + 1)
}

/** First byte of the member, as a u8 index. */
export function packMemberAt(m: Memory, pack: PackRef, position: number): number {
  const at = pack * 8 + position
  const tag = m.u8[at]
  return at + 1 + ((tag & LONG_LENGTH) === LONG_LENGTH ? LENGTH_BYTES : 0) + WIDTHS[tag >>> 6]
}

/** The score, whatever its width. */
export function packScore(m: Memory, pack: PackRef, position: number): number {
  const { u8 } = m
  const at = pack * 8 + position
  const tag = u8[at]
  return readScore(u8, at + ((tag & LONG_LENGTH) === LONG_LENGTH ? 1 + LENGTH_BYTES : 1), tag >>> 6)
}

/** The score at `at`; `width` is an index of WIDTHS. */
function readScore(u8: Uint8Array, at: number, width: number): number {
  if (width === 0) return (u8[at] << 24) >> 24
  if (width === 1) return ((u8[at] | (u8[at + 1] << 8)) << 16) >> 16
  if (width === 2) return readWord(u8, at) | 0
  for (let i = 0; i < 8; i++) scratchBytes[i] = u8[at + i]
  return scratch[0]
}

/** The position behind the pair at `position`. */
export function packNext(m: Memory, pack: PackRef, position: number): number {
  const at = pack * 8 + position
  const tag = m.u8[at]
  const length = tag & LONG_LENGTH
  if (length < LONG_LENGTH) return position + 1 + WIDTHS[tag >>> 6] + length
  return position + 1 + LENGTH_BYTES + WIDTHS[tag >>> 6] + readWord(m.u8, at + 1)
}

const readWord = (u8: Uint8Array, at: number): number =>
  (u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24)) >>> 0

// ---- searching

/** The position of a member, 0 if it is not there. */
export function packFind(m: Memory, pack: PackRef, bytes: Uint8Array, at: number, length: number): number {
  const { u8 } = m
  const block = pack * 8
  const end = packBytes(m, pack)
  const short = length < LONG_LENGTH ? length : LONG_LENGTH
  // Members often begin alike and end differently: the last bytes rule out most without a call.
  const view = u8.view
  const wanted = viewOf(bytes)
  const tail = length >= TAIL_BYTES && wanted !== undefined ? wanted.getUint32(at + length - TAIL_BYTES, true) : -1
  for (let position: number = PACK.PAIRS; position < end; ) {
    const tag = u8[block + position]
    const kept = tag & LONG_LENGTH
    let member = position + 1 + WIDTHS[tag >>> 6]
    let next = member + kept
    let isAsLong = kept === short
    if (kept === LONG_LENGTH) {
      const long = readWord(u8, block + position + 1)
      member += LENGTH_BYTES
      next = member + long
      isAsLong = long === length
    }
    if (isAsLong && (tail < 0 || view.getUint32(block + next - TAIL_BYTES, true) === tail)) {
      if (equalBytes(u8, block + member, bytes, at, length)) return position
    }
    position = next
  }
  return 0
}

/** The position of the pair of this rank; behind the last pair for the count. */
export function packSeek(m: Memory, pack: PackRef, rank: number): number {
  let position: number = PACK.PAIRS
  for (let i = 0; i < rank; i++) position = packNext(m, pack, position)
  return position
}

/** Pairs before `position`. */
export function packRank(m: Memory, pack: PackRef, position: number): number {
  let rank = 0
  for (let at: number = PACK.PAIRS; at < position; at = packNext(m, pack, at)) rank++
  return rank
}

/** Orders the member at `position` and other bytes. */
export const packCompare = (
  m: Memory,
  pack: PackRef,
  position: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): number => compareBytes(m.u8, packMemberAt(m, pack, position), packMemberLength(m, pack, position), bytes, at, length)

/** The position at which this pair belongs. */
function placeOf(m: Memory, pack: PackRef, score: number, bytes: Uint8Array, at: number, length: number): number {
  const { u8 } = m
  const block = pack * 8
  const end = packBytes(m, pack)
  let position: number = PACK.PAIRS
  while (position < end) {
    const tag = u8[block + position]
    const width = tag >>> 6
    const isLong = (tag & LONG_LENGTH) === LONG_LENGTH
    const scoreAt = position + (isLong ? 1 + LENGTH_BYTES : 1)
    const other = readScore(u8, block + scoreAt, width)
    if (other > score || (other === score && packCompare(m, pack, position, bytes, at, length) > 0)) break
    position = scoreAt + WIDTHS[width] + (isLong ? readWord(u8, block + position + 1) : tag & LONG_LENGTH)
  }
  return position
}

// ---- changing

/** The width of a score, as an index of WIDTHS. -0 becomes 0, as in Redis's listpacks. */
function widthOf(score: number): number {
  if ((score | 0) !== score) return WIDE
  if (score >= -128 && score <= 127) return 0
  return score >= -32768 && score <= 32767 ? 1 : 2
}

/** Bytes that a pair takes. */
export const packPairBytes = (score: number, length: number): number =>
  1 + (length < LONG_LENGTH ? 0 : LENGTH_BYTES) + WIDTHS[widthOf(score)] + length

/** Adds a pair whose member is not there. The block may move: its ref is returned. */
export function packAdd(
  m: Memory,
  pack: PackRef,
  score: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): PackRef {
  return packInsert(m, pack, placeOf(m, pack, score, bytes, at, length), score, bytes, at, length)
}

/** Adds a pair behind all others, which come before it in order. The block may move: its ref is returned. */
export function packAppend(
  m: Memory,
  pack: PackRef,
  score: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): PackRef {
  return packInsert(m, pack, packBytes(m, pack), score, bytes, at, length)
}

function packInsert(
  m: Memory,
  pack: PackRef,
  position: number,
  score: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): PackRef {
  const size = packPairBytes(score, length)
  const end = packBytes(m, pack)
  if (end + size > blockRoom(m, pack)) {
    // An eighth in reserve, so that not every new pair moves the block.
    pack = reallocate(m, pack, end, end + size + (end >>> 3)) as PackRef
  }
  const { u8 } = m
  const target = pack * 8 + position
  moveBytes(u8, target + size, target, end - position)
  m.u32[pack * 2]++
  m.u32[pack * 2 + 1] = end + size
  copyBytes(u8, writeHead(u8, target, score, length), bytes, at, length)
  return pack
}

/** Writes all of a pair but its member, and returns where that goes. */
function writeHead(u8: Uint8Array, at: number, score: number, length: number): number {
  const width = widthOf(score)
  const isLong = length >= LONG_LENGTH
  u8[at++] = (width << 6) | (isLong ? LONG_LENGTH : length)
  if (isLong) for (let i = 0; i < LENGTH_BYTES; i++) u8[at++] = length >>> (8 * i)
  if (width === WIDE) {
    scratch[0] = score
    for (let i = 0; i < 8; i++) u8[at++] = scratchBytes[i]
  } else {
    for (let i = 0; i < WIDTHS[width]; i++) u8[at++] = score >> (8 * i)
  }
  return at
}

const moving = { bytes: new Uint8Array(256) }

/** Gives the pair at `position` another score, which may move it. The block may move too: its ref is returned. */
export function packMove(m: Memory, pack: PackRef, position: number, score: number): PackRef {
  const length = packMemberLength(m, pack, position)
  if (moving.bytes.length < length) moving.bytes = new Uint8Array(length * 2)
  copyBytes(moving.bytes, 0, m.u8, packMemberAt(m, pack, position), length)
  cut(m, pack, position, packNext(m, pack, position), 1)
  return packAdd(m, pack, score, moving.bytes, 0, length)
}

/** Takes out the `count` pairs from `from` up to `to`. The block may move: its ref is returned. */
export function packRemove(m: Memory, pack: PackRef, from: number, to: number, count: number): PackRef {
  cut(m, pack, from, to, count)
  const bytes = packBytes(m, pack)
  return reallocate(m, pack, bytes, bytes) as PackRef
}

function cut(m: Memory, pack: PackRef, from: number, to: number, count: number): void {
  const end = packBytes(m, pack)
  moveBytes(m.u8, pack * 8 + from, pack * 8 + to, end - to)
  m.u32[pack * 2] -= count
  m.u32[pack * 2 + 1] = end - (to - from)
}

/** Walks every invariant: order, no member twice, counts and lengths. For tests, fuzzing and DEBUG. */
export function packCheck(m: Memory, pack: PackRef): void {
  const end = packBytes(m, pack)
  assert(end <= blockRoom(m, pack), 'the pairs end inside the block')
  let count = 0
  let before = 0
  let position: number = PACK.PAIRS
  for (; position < end; position = packNext(m, pack, position)) {
    const at = packMemberAt(m, pack, position)
    const length = packMemberLength(m, pack, position)
    const score = packScore(m, pack, position)
    assert(!Number.isNaN(score), 'no score is NaN')
    assert(WIDTHS[m.u8[pack * 8 + position] >>> 6] === WIDTHS[widthOf(score)], 'a score is as wide as it must be')
    if (before !== 0) {
      const other = packScore(m, pack, before)
      const ascends = other < score || (other === score && packCompare(m, pack, before, m.u8, at, length) < 0)
      assert(ascends, 'pairs ascend')
    }
    assert(packFind(m, pack, m.u8, at, length) === position, 'no member is there twice')
    before = position
    count++
  }
  assert(position === end, 'the last pair ends where BYTES says')
  assert(count === packCount(m, pack), 'COUNT counts the pairs')
}

/** One line, for tests and DEBUG. */
export function packDump(m: Memory, pack: PackRef): string {
  const pairs: string[] = []
  for (let position: number = PACK.PAIRS; position < packBytes(m, pack); position = packNext(m, pack, position)) {
    const at = packMemberAt(m, pack, position)
    const member = Buffer.from(m.u8.slice(at, at + packMemberLength(m, pack, position))).toString('latin1')
    pairs.push(`${packScore(m, pack, position)}:${member}`)
  }
  return `pack @${pack} [${pairs.join(' ')}]`
}
