// A member of a large sorted set: an item of the set's hash table, with its score.
//
//   OFFSET  SIZE  FIELD       MEANING
//        0     1  KIND        9
//        1     1  FLAGS       as in item.ts
//        2     2  KEY_LENGTH  as in item.ts
//        4     8  SCORE       f64 in two words, the low one first; it may lie across an 8-byte boundary
//       12                    the member's bytes
//
// The score is kept here and in the tree's leaf, so that ZSCORE needs no search in the tree. Packing it to 4 bytes
// instead of 8 saves 4 to 8 bytes a member, a tenth of what a short one takes.

import { compareBytes } from '../../bytes/copy.ts'
import { allocate } from '../arena.ts'
import { itemKeyAt, itemKeyLength, itemWrite, keyBytes } from '../item.ts'
import type { Memory, Ref } from '../memory.ts'

export type MemberRef = Ref<'zset member'>

export const MEMBER = { KIND: 0, FLAGS: 1, KEY_LENGTH: 2, SCORE: 4, BYTES: 12 } as const
const MEMBER_KIND = 9

const scratch = new Float64Array(1)
const words = new Uint32Array(scratch.buffer)

/** Makes a member that is in no table and no tree yet. */
export function memberCreate(m: Memory, score: number, bytes: Uint8Array, at: number, length: number): MemberRef {
  const member = allocate(m, MEMBER.BYTES + keyBytes(length)) as MemberRef
  itemWrite(m, member, MEMBER_KIND, 0, MEMBER.BYTES, bytes, at, length)
  memberSetScore(m, member, score)
  return member
}

/** The score, which lies where no view of doubles reaches: it is not aligned. */
export function memberScore(m: Memory, member: MemberRef): number {
  words[0] = m.u32[member * 2 + 1]
  words[1] = m.u32[member * 2 + 2]
  return scratch[0]
}

export function memberSetScore(m: Memory, member: MemberRef, score: number): void {
  scratch[0] = score
  m.u32[member * 2 + 1] = words[0]
  m.u32[member * 2 + 2] = words[1]
}

/** Orders a member's bytes and others as memcmp does: negative, 0 or positive. */
export function memberCompare(m: Memory, member: MemberRef, bytes: Uint8Array, at: number, length: number): number {
  return compareBytes(m.u8, itemKeyAt(m, member), itemKeyLength(m, member), bytes, at, length)
}

/** Whether the first of two pairs comes before the second: by score, then by member bytes. */
export function pairIsBefore(m: Memory, scoreA: number, a: MemberRef, scoreB: number, b: MemberRef): boolean {
  if (scoreA !== scoreB) return scoreA < scoreB
  return memberCompare(m, a, m.u8, itemKeyAt(m, b), itemKeyLength(m, b)) < 0
}
