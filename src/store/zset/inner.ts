// Inner node of the sorted-set B+tree: up to 50 children, each with its first pair and how many pairs are under it.
//
//   OFFSET  SIZE  FIELD     MEANING
//        0     1  KIND      2; 0 is never valid, so freed memory shows
//        1     1  COUNT     children in use
//        2    14  -         zero
//       16   400  SCORES    50 x f64, score of each child's first pair
//      416   200  MEMBERS   50 x u32, member of each child's first pair
//      616   200  CHILDREN  50 x u32, refs of inner nodes, or of leaves on the lowest level
//      816   200  TOTALS    50 x u32, pairs under each child
//     1016     8  -         undefined
//     1024
//
// First pairs are exact, not mere separators: a ref to a member that was removed would be read in the next tie.

import { assert } from '../../bytes/assert.ts'
import { allocate } from '../arena.ts'
import type { Memory, Ref } from '../memory.ts'
import type { MemberRef } from './member.ts'

export type InnerRef = Ref<'zset inner'>

export const INNER = {
  KIND: 0,
  COUNT: 1,
  SCORES: 16,
  MEMBERS: 416,
  CHILDREN: 616,
  TOTALS: 816,
  SIZE: 1024,
} as const
export const INNER_CHILDREN_MAX = 50
const INNER_KIND = 2
const SCORES_F64 = INNER.SCORES / 8
const MEMBERS_WORD = INNER.MEMBERS / 4
const CHILDREN_WORD = INNER.CHILDREN / 4
const TOTALS_WORD = INNER.TOTALS / 4

assert(INNER.SCORES + 8 * INNER_CHILDREN_MAX === INNER.MEMBERS, 'scores end where members begin')
assert(INNER.MEMBERS + 4 * INNER_CHILDREN_MAX === INNER.CHILDREN, 'members end where children begin')
assert(INNER.CHILDREN + 4 * INNER_CHILDREN_MAX === INNER.TOTALS, 'children end where totals begin')
assert(INNER.TOTALS + 4 * INNER_CHILDREN_MAX <= INNER.SIZE, 'totals fit the node')

/** A node without children. */
export function innerCreate(m: Memory): InnerRef {
  const inner = allocate(m, INNER.SIZE) as InnerRef
  m.u32[inner * 2] = INNER_KIND
  m.u32[inner * 2 + 1] = 0
  m.u32[inner * 2 + 2] = 0
  m.u32[inner * 2 + 3] = 0
  return inner
}

export const innerCount = (m: Memory, inner: InnerRef): number => m.u8[inner * 8 + INNER.COUNT]
export const innerScore = (m: Memory, inner: InnerRef, i: number): number => m.f64[inner + SCORES_F64 + i]
export const innerMember = (m: Memory, inner: InnerRef, i: number): MemberRef =>
  m.u32[inner * 2 + MEMBERS_WORD + i] as MemberRef
export const innerChild = (m: Memory, inner: InnerRef, i: number): number => m.u32[inner * 2 + CHILDREN_WORD + i]
/** Pairs under child `i`. */
export const innerTotal = (m: Memory, inner: InnerRef, i: number): number => m.u32[inner * 2 + TOTALS_WORD + i]

export function innerSetCount(m: Memory, inner: InnerRef, count: number): void {
  m.u8[inner * 8 + INNER.COUNT] = count
}
export function innerSetFirst(m: Memory, inner: InnerRef, i: number, score: number, member: MemberRef): void {
  m.f64[inner + SCORES_F64 + i] = score
  m.u32[inner * 2 + MEMBERS_WORD + i] = member
}
export function innerSetTotal(m: Memory, inner: InnerRef, i: number, total: number): void {
  m.u32[inner * 2 + TOTALS_WORD + i] = total
}
export function innerAddTotal(m: Memory, inner: InnerRef, i: number, change: number): void {
  m.u32[inner * 2 + TOTALS_WORD + i] += change
}

/** Pairs under the children before child `end`. */
export function innerTotalBefore(m: Memory, inner: InnerRef, end: number): number {
  const u32 = m.u32
  const totals = inner * 2 + TOTALS_WORD
  let sum = 0
  for (let i = 0; i < end; i++) sum += u32[totals + i]
  return sum
}

/** Pairs under the node. */
export const innerSum = (m: Memory, inner: InnerRef): number => innerTotalBefore(m, inner, innerCount(m, inner))

/** Puts a child at index `i`, moving later ones right. */
export function innerInsert(
  m: Memory,
  inner: InnerRef,
  i: number,
  score: number,
  member: MemberRef,
  child: number,
  total: number,
): void {
  const count = innerCount(m, inner)
  assert(count < INNER_CHILDREN_MAX, 'inner node has room')
  shift(m, inner, i, count, 1)
  innerSetFirst(m, inner, i, score, member)
  m.u32[inner * 2 + CHILDREN_WORD + i] = child
  m.u32[inner * 2 + TOTALS_WORD + i] = total
  innerSetCount(m, inner, count + 1)
}

/** Takes child `i` out. */
export function innerRemove(m: Memory, inner: InnerRef, i: number): void {
  const count = innerCount(m, inner)
  assert(i < count, 'the child to remove is there')
  shift(m, inner, i + 1, count, -1)
  innerSetCount(m, inner, count - 1)
}

/** Moves `n` children from index `at` of one node to index `to` of another. */
export function innerMove(m: Memory, from: InnerRef, at: number, n: number, target: InnerRef, to: number): void {
  const fromCount = innerCount(m, from)
  const count = innerCount(m, target)
  assert(count + n <= INNER_CHILDREN_MAX, 'the target node has room')
  shift(m, target, to, count, n)
  const source = from + SCORES_F64 + at
  m.f64.copyWithin(target + SCORES_F64 + to, source, source + n)
  copyWords(m, from, at, n, target, to, MEMBERS_WORD)
  copyWords(m, from, at, n, target, to, CHILDREN_WORD)
  copyWords(m, from, at, n, target, to, TOTALS_WORD)
  innerSetCount(m, target, count + n)
  shift(m, from, at + n, fromCount, -n)
  innerSetCount(m, from, fromCount - n)
}

function copyWords(m: Memory, from: InnerRef, at: number, n: number, target: InnerRef, to: number, word: number): void {
  const source = from * 2 + word + at
  m.u32.copyWithin(target * 2 + word + to, source, source + n)
}

/** Moves the children from `at` up to `end` by `by` places. */
function shift(m: Memory, inner: InnerRef, at: number, end: number, by: number): void {
  const scores = inner + SCORES_F64
  m.f64.copyWithin(scores + at + by, scores + at, scores + end)
  copyWords(m, inner, at, end - at, inner, at + by, MEMBERS_WORD)
  copyWords(m, inner, at, end - at, inner, at + by, CHILDREN_WORD)
  copyWords(m, inner, at, end - at, inner, at + by, TOTALS_WORD)
}

/** Walks the invariants of the node itself; tree.ts holds it against its children. */
export function innerCheck(m: Memory, inner: InnerRef): void {
  assert(m.u8[inner * 8] === INNER_KIND, 'an inner node is an inner node')
  const count = innerCount(m, inner)
  assert(count > 0 && count <= INNER_CHILDREN_MAX, 'an inner node has some children, but not too many')
}

/** One line, for tests and DEBUG. */
export function innerDump(m: Memory, inner: InnerRef): string {
  const children = Array.from(
    { length: innerCount(m, inner) },
    (_, i) => `${innerScore(m, inner, i)}:@${innerChild(m, inner, i)}x${innerTotal(m, inner, i)}`,
  )
  return `inner @${inner} [${children.join(' ')}]`
}
