// Leaf of the sorted-set B+tree: up to 20 (score, member) pairs, in order.
//
//   OFFSET  SIZE  FIELD    MEANING
//        0     1  KIND     1; 0 is never valid, so freed memory shows
//        1     1  COUNT    pairs in use
//        2     2  -        zero
//        4     4  PREV     left neighbour, 0 = none
//        8     4  NEXT     right neighbour, 0 = none
//       12     4  -        zero
//       16   160  SCORES   20 x f64, ascending; equal scores are ordered by member bytes
//      176    80  MEMBERS  20 x u32, refs of members
//      256
//
// A search reads the scores' three cache lines and follows a member only to break a tie.

import { assert } from '../../bytes/assert.ts'
import { allocate } from '../arena.ts'
import type { Memory, Ref } from '../memory.ts'
import { type MemberRef, memberScore, pairIsBefore } from './member.ts'

export type LeafRef = Ref<'zset leaf'>

export const LEAF = { KIND: 0, COUNT: 1, PREV: 4, NEXT: 8, SCORES: 16, MEMBERS: 176, SIZE: 256 } as const
export const LEAF_PAIRS_MAX = 20
const LEAF_KIND = 1
const SCORES_F64 = LEAF.SCORES / 8
const MEMBERS_WORD = LEAF.MEMBERS / 4

assert(LEAF.SCORES + 8 * LEAF_PAIRS_MAX === LEAF.MEMBERS, 'scores end where members begin')
assert(LEAF.MEMBERS + 4 * LEAF_PAIRS_MAX === LEAF.SIZE, 'members end where the leaf ends')

/** An empty leaf without neighbours. */
export function leafCreate(m: Memory): LeafRef {
  const leaf = allocate(m, LEAF.SIZE) as LeafRef
  m.u32[leaf * 2] = LEAF_KIND
  m.u32[leaf * 2 + 1] = 0
  m.u32[leaf * 2 + 2] = 0
  m.u32[leaf * 2 + 3] = 0
  return leaf
}

export const leafCount = (m: Memory, leaf: LeafRef): number => m.u8[leaf * 8 + LEAF.COUNT]
export const leafPrev = (m: Memory, leaf: LeafRef): LeafRef | 0 => m.u32[leaf * 2 + LEAF.PREV / 4] as LeafRef
export const leafNext = (m: Memory, leaf: LeafRef): LeafRef | 0 => m.u32[leaf * 2 + LEAF.NEXT / 4] as LeafRef
export const leafScore = (m: Memory, leaf: LeafRef, i: number): number => m.f64[leaf + SCORES_F64 + i]
export const leafMember = (m: Memory, leaf: LeafRef, i: number): MemberRef =>
  m.u32[leaf * 2 + MEMBERS_WORD + i] as MemberRef

export function leafSetScore(m: Memory, leaf: LeafRef, i: number, score: number): void {
  m.f64[leaf + SCORES_F64 + i] = score
}
export function leafSetPrev(m: Memory, leaf: LeafRef, prev: LeafRef | 0): void {
  m.u32[leaf * 2 + LEAF.PREV / 4] = prev
}
export function leafSetNext(m: Memory, leaf: LeafRef, next: LeafRef | 0): void {
  m.u32[leaf * 2 + LEAF.NEXT / 4] = next
}

/** Puts a pair at index `i`, moving later pairs right. The caller has searched and split. */
export function leafInsert(m: Memory, leaf: LeafRef, i: number, score: number, member: MemberRef): void {
  const { f64, u32 } = m
  const count = leafCount(m, leaf)
  assert(count < LEAF_PAIRS_MAX, 'leaf has room')
  assert(i <= count, 'insert leaves no gap')
  const scores = leaf + SCORES_F64
  const members = leaf * 2 + MEMBERS_WORD
  for (let j = count; j > i; j--) {
    f64[scores + j] = f64[scores + j - 1]
    u32[members + j] = u32[members + j - 1]
  }
  f64[scores + i] = score
  u32[members + i] = member
  m.u8[leaf * 8 + LEAF.COUNT] = count + 1
}

/** Takes `n` pairs from index `i` on out of the leaf. */
export function leafRemove(m: Memory, leaf: LeafRef, i: number, n: number): void {
  const { f64, u32 } = m
  const count = leafCount(m, leaf)
  assert(i + n <= count, 'what is removed is there')
  const scores = leaf + SCORES_F64
  const members = leaf * 2 + MEMBERS_WORD
  for (let j = i + n; j < count; j++) {
    f64[scores + j - n] = f64[scores + j]
    u32[members + j - n] = u32[members + j]
  }
  m.u8[leaf * 8 + LEAF.COUNT] = count - n
}

/** Moves `n` pairs from index `at` of one leaf to index `to` of another: splits, merges and evens out alike. */
export function leafMove(m: Memory, from: LeafRef, at: number, n: number, target: LeafRef, to: number): void {
  const { f64, u32 } = m
  const count = leafCount(m, target)
  assert(count + n <= LEAF_PAIRS_MAX, 'the target leaf has room')
  const scores = target + SCORES_F64
  const members = target * 2 + MEMBERS_WORD
  for (let j = count - 1; j >= to; j--) {
    f64[scores + j + n] = f64[scores + j]
    u32[members + j + n] = u32[members + j]
  }
  for (let j = 0; j < n; j++) {
    f64[scores + to + j] = f64[from + SCORES_F64 + at + j]
    u32[members + to + j] = u32[from * 2 + MEMBERS_WORD + at + j]
  }
  m.u8[target * 8 + LEAF.COUNT] = count + n
  leafRemove(m, from, at, n)
}

/**
 * Reads a word of each of `n` members from index `i` on, for nothing but that they come into the cache together, not one
 * after the other: they lie anywhere in memory.
 */
export function leafTouch(m: Memory, leaf: LeafRef, i: number, n: number): number {
  const { u32 } = m
  const members = leaf * 2 + MEMBERS_WORD + i
  let sum = 0
  for (let j = 0; j < n; j++) sum |= u32[u32[members + j] * 2]
  return sum
}

/** Walks every invariant the table above promises, neighbours apart. For tests, fuzzing and DEBUG. */
export function leafCheck(m: Memory, leaf: LeafRef): void {
  assert(m.u8[leaf * 8] === LEAF_KIND, 'a leaf is a leaf')
  const count = leafCount(m, leaf)
  assert(count <= LEAF_PAIRS_MAX, 'a leaf is not overfull')
  for (let i = 0; i < count; i++) {
    const member = leafMember(m, leaf, i)
    assert(Object.is(memberScore(m, member), leafScore(m, leaf, i)), 'a leaf and its member agree on the score')
    if (i === 0) continue
    const isAfter = pairIsBefore(
      m,
      leafScore(m, leaf, i - 1),
      leafMember(m, leaf, i - 1),
      leafScore(m, leaf, i),
      member,
    )
    assert(isAfter, 'pairs ascend in a leaf')
  }
}

/** One line, for tests and DEBUG. */
export function leafDump(m: Memory, leaf: LeafRef): string {
  const pairs = Array.from(
    { length: leafCount(m, leaf) },
    (_, i) => `${leafScore(m, leaf, i)}:@${leafMember(m, leaf, i)}`,
  )
  return `leaf @${leaf} prev=@${leafPrev(m, leaf)} next=@${leafNext(m, leaf)} [${pairs.join(' ')}]`
}
