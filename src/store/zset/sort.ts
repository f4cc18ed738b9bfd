// Puts many (score, member) pairs in the order of a sorted set.
//
// Radix sort on the scores' bits, 16 at a time, then a comparison sort among equal scores: a million pairs take some
// 60 ms, where sorting with a callback takes a second. Digits in which no two scores differ are skipped, so that small
// whole scores take two passes. Scores must not be NaN.

import { compareBytes } from '../../bytes/copy.ts'
import { itemKeyAt, itemKeyLength } from '../item.ts'
import type { Memory } from '../memory.ts'
import { type MemberRef, memberScore, pairIsBefore } from './member.ts'

/** Up to here, inserting one after the other is fastest. */
const INSERTION_MAX = 48
const DIGITS = 65536

/** Sorts the first `count` members by score and bytes; returns the array that holds them, `members` or another. */
export function sortMembers(m: Memory, members: Uint32Array, count: number): Uint32Array {
  if (isSorted(m, members, count)) return members
  if (count <= INSERTION_MAX) {
    insertionSort(m, members, count)
    return members
  }
  const sorted = radixSort(m, members, count)
  sortTies(m, sorted, count)
  return sorted
}

function isSorted(m: Memory, members: Uint32Array, count: number): boolean {
  for (let i = 1; i < count; i++) if (!inOrder(m, members[i - 1] as MemberRef, members[i] as MemberRef)) return false
  return true
}

const inOrder = (m: Memory, a: MemberRef, b: MemberRef): boolean =>
  pairIsBefore(m, memberScore(m, a), a, memberScore(m, b), b)

function insertionSort(m: Memory, members: Uint32Array, count: number): void {
  for (let i = 1; i < count; i++) {
    const member = members[i]
    let j = i
    for (; j > 0 && inOrder(m, member as MemberRef, members[j - 1] as MemberRef); j--) members[j] = members[j - 1]
    members[j] = member
  }
}

const scratch = new Float64Array(1)
const words = new Uint32Array(scratch.buffer)

function radixSort(m: Memory, members: Uint32Array, count: number): Uint32Array {
  let refs: Uint32Array = members.subarray(0, count)
  let lows: Uint32Array = new Uint32Array(count)
  let highs: Uint32Array = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    // Bits that ascend as unsigned integers when the scores do: -0 equals 0, negatives are turned round.
    scratch[0] = memberScore(m, refs[i] as MemberRef) + 0
    const isNegative = (words[1] & 0x80000000) !== 0
    lows[i] = isNegative ? ~words[0] : words[0]
    highs[i] = isNegative ? ~words[1] : words[1] | 0x80000000
  }
  let otherRefs: Uint32Array = new Uint32Array(count)
  let otherLows: Uint32Array = new Uint32Array(count)
  let otherHighs: Uint32Array = new Uint32Array(count)
  const starts = new Uint32Array(DIGITS + 1)
  for (let digit = 0; digit < 4; digit++) {
    const keys = digit < 2 ? lows : highs
    const shift = (digit & 1) * 16
    starts.fill(0)
    for (let i = 0; i < count; i++) starts[((keys[i] >>> shift) & 0xffff) + 1]++
    if (starts[((keys[0] >>> shift) & 0xffff) + 1] === count) continue
    for (let i = 0; i < DIGITS; i++) starts[i + 1] += starts[i]
    for (let i = 0; i < count; i++) {
      const to = starts[(keys[i] >>> shift) & 0xffff]++
      otherRefs[to] = refs[i]
      otherLows[to] = lows[i]
      otherHighs[to] = highs[i]
    }
    let swap = refs
    refs = otherRefs
    otherRefs = swap
    swap = lows
    lows = otherLows
    otherLows = swap
    swap = highs
    highs = otherHighs
    otherHighs = swap
  }
  return refs
}

function sortTies(m: Memory, members: Uint32Array, count: number): void {
  for (let from = 0; from < count; ) {
    const score = memberScore(m, members[from] as MemberRef)
    let to = from + 1
    while (to < count && memberScore(m, members[to] as MemberRef) === score) to++
    if (to - from > 1) members.subarray(from, to).sort((a, b) => compareMembers(m, a, b))
    from = to
  }
}

const compareMembers = (m: Memory, a: number, b: number): number =>
  compareBytes(m.u8, itemKeyAt(m, a), itemKeyLength(m, a), m.u8, itemKeyAt(m, b), itemKeyLength(m, b))
