// A large sorted set: a hash table of members, which finds scores, and a B+tree of (score, member) pairs, which knows
// their order and, by the totals in its inner nodes, their ranks.
//
//   OFFSET  SIZE  FIELD   MEANING
//        0     4  DICT    hash table of the members
//        4     4  ROOT    the tree's root: a leaf if HEIGHT is 0
//        8     4  FIRST   leftmost leaf
//       12     4  LAST    rightmost leaf
//       16     1  HEIGHT  levels of inner nodes
//       17     7  -       zero
//       24
//
// This file makes the empty set and searches: a seek leaves its way down in `path`, for whoever changes the tree or asks
// for a rank. tree-change.ts changes it, tree-build.ts builds and frees it whole.

import { compareBytes } from '../../bytes/copy.ts'
import { allocateZeroed } from '../arena.ts'
import { type DictRef, dictCount, dictCreate } from '../dict.ts'
import { itemKeyAt, itemKeyLength } from '../item.ts'
import type { Memory, Ref } from '../memory.ts'
import {
  type InnerRef,
  innerChild,
  innerCount,
  innerMember,
  innerScore,
  innerTotal,
  innerTotalBefore,
} from './inner.ts'
import { type LeafRef, leafCount, leafCreate, leafMember, leafNext, leafScore } from './leaf.ts'
import type { MemberRef } from './member.ts'

export type TreeRef = Ref<'zset tree'>

export const TREE = { DICT: 0, ROOT: 4, FIRST: 8, LAST: 12, HEIGHT: 16, SIZE: 24 } as const
/** More levels than 2^32 pairs can need. */
const TREE_HEIGHT_MAX = 16

/** A large sorted set without members. */
export function treeCreate(m: Memory): TreeRef {
  const tree = allocateZeroed(m, TREE.SIZE) as TreeRef
  const dict = dictCreate(m)
  const leaf = leafCreate(m)
  m.u32[tree * 2] = dict
  treeSetRoot(m, tree, leaf, 0)
  treeSetFirst(m, tree, leaf)
  treeSetLast(m, tree, leaf)
  return tree
}

export const treeDict = (m: Memory, tree: TreeRef): DictRef => m.u32[tree * 2] as DictRef
export const treeCount = (m: Memory, tree: TreeRef): number => dictCount(m, treeDict(m, tree))
export const treeRoot = (m: Memory, tree: TreeRef): number => m.u32[tree * 2 + TREE.ROOT / 4]
export const treeFirst = (m: Memory, tree: TreeRef): LeafRef | 0 => m.u32[tree * 2 + TREE.FIRST / 4] as LeafRef
export const treeLast = (m: Memory, tree: TreeRef): LeafRef | 0 => m.u32[tree * 2 + TREE.LAST / 4] as LeafRef
export const treeHeight = (m: Memory, tree: TreeRef): number => m.u8[tree * 8 + TREE.HEIGHT]

export function treeSetRoot(m: Memory, tree: TreeRef, root: number, height: number): void {
  m.u32[tree * 2 + TREE.ROOT / 4] = root
  m.u8[tree * 8 + TREE.HEIGHT] = height
}
export function treeSetFirst(m: Memory, tree: TreeRef, leaf: LeafRef | 0): void {
  m.u32[tree * 2 + TREE.FIRST / 4] = leaf
}
export function treeSetLast(m: Memory, tree: TreeRef, leaf: LeafRef | 0): void {
  m.u32[tree * 2 + TREE.LAST / 4] = leaf
}

// ---- the way down

/** Where the last seek went: a node and an index in it for each level, the leaf last. */
const nodes = new Uint32Array(TREE_HEIGHT_MAX)
const indexes = new Int32Array(TREE_HEIGHT_MAX)

/** The way that the last seek took. Its leaf's index may be the leaf's count: behind its last pair. */
export const path = { nodes, indexes }

/** Pairs before the place that the last seek found. */
export function treeRankOfPath(m: Memory, tree: TreeRef): number {
  const height = treeHeight(m, tree)
  let rank = indexes[height]
  for (let level = 0; level < height; level++) rank += innerTotalBefore(m, nodes[level] as InnerRef, indexes[level])
  return rank
}

/** Goes to the pair of rank `rank`, which must be below the count; or behind the last one. */
export function treeSeekRank(m: Memory, tree: TreeRef, rank: number): void {
  const height = treeHeight(m, tree)
  let node = treeRoot(m, tree)
  for (let level = 0; level < height; level++) {
    const inner = node as InnerRef
    const last = innerCount(m, inner) - 1
    let i = 0
    for (let total = innerTotal(m, inner, 0); i < last && rank >= total; total = innerTotal(m, inner, i)) {
      rank -= total
      i++
    }
    nodes[level] = inner
    indexes[level] = i
    node = innerChild(m, inner, i)
  }
  nodes[height] = node
  indexes[height] = rank
}

// What is searched for. Kept here rather than passed, so that one binary search serves all kinds of bounds.
const BY_PAIR = 0
const BY_SCORE = 1
const BY_LEX = 2
let kind = BY_PAIR
let bound = 0
/** Whether what equals the bound counts as before it. */
let isInclusive = false
let boundBytes: Uint8Array
let boundAt = 0
let boundLength = 0

/** Goes to the pair of these, or where it would be. */
function treeSeekPair(m: Memory, tree: TreeRef, score: number, bytes: Uint8Array, at: number, length: number): void {
  kind = BY_PAIR
  bound = score
  boundBytes = bytes
  boundAt = at
  boundLength = length
  seek(m, tree)
}

/** Goes to the pair of this member under `score`, or where it would be. */
export function treeSeekMember(m: Memory, tree: TreeRef, score: number, member: MemberRef): void {
  treeSeekPair(m, tree, score, m.u8, itemKeyAt(m, member), itemKeyLength(m, member))
}

/** Goes to the first pair whose score is at least `score`, or with `inclusive` above it. */
export function treeSeekScore(m: Memory, tree: TreeRef, score: number, inclusive: boolean): void {
  kind = BY_SCORE
  bound = score
  isInclusive = inclusive
  seek(m, tree)
}

/** As treeSeekScore, by the members' bytes alone: for sets whose scores are all the same. */
export function treeSeekLex(
  m: Memory,
  tree: TreeRef,
  bytes: Uint8Array,
  at: number,
  length: number,
  inclusive: boolean,
): void {
  kind = BY_LEX
  isInclusive = inclusive
  boundBytes = bytes
  boundAt = at
  boundLength = length
  seek(m, tree)
}

function seek(m: Memory, tree: TreeRef): void {
  const height = treeHeight(m, tree)
  let node = treeRoot(m, tree)
  // A pair that is there may be its child's first: the way leads to itself then, not behind the pair before it.
  if (kind === BY_PAIR) isInclusive = true
  for (let level = 0; level < height; level++) {
    const inner = node as InnerRef
    const before = innerBefore(m, inner)
    // Whatever lies before the bound ends in the last child that begins before it.
    const i = before === 0 ? 0 : before - 1
    nodes[level] = inner
    indexes[level] = i
    node = innerChild(m, inner, i)
  }
  if (kind === BY_PAIR) isInclusive = false
  nodes[height] = node
  indexes[height] = leafBefore(m, node as LeafRef)
}

/** How many children begin before the bound. */
function innerBefore(m: Memory, inner: InnerRef): number {
  let low = 0
  let high = innerCount(m, inner)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBefore(m, innerScore(m, inner, middle), innerMember(m, inner, middle))) low = middle + 1
    else high = middle
  }
  return low
}

/** How many of the leaf's pairs lie before the bound. */
function leafBefore(m: Memory, leaf: LeafRef): number {
  let low = 0
  let high = leafCount(m, leaf)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBefore(m, leafScore(m, leaf, middle), leafMember(m, leaf, middle))) low = middle + 1
    else high = middle
  }
  return low
}

function isBefore(m: Memory, score: number, member: MemberRef): boolean {
  if (kind !== BY_LEX && score !== bound) return score < bound
  if (kind === BY_SCORE) return isInclusive
  const order = compareBytes(m.u8, itemKeyAt(m, member), itemKeyLength(m, member), boundBytes, boundAt, boundLength)
  return order < 0 || (order === 0 && isInclusive)
}

/** The leaf the last seek ended in, or its right neighbour when it ended behind the leaf's last pair; 0 at the end. */
export function pathLeaf(m: Memory, tree: TreeRef): LeafRef | 0 {
  const height = treeHeight(m, tree)
  const leaf = nodes[height] as LeafRef
  return indexes[height] < leafCount(m, leaf) ? leaf : leafNext(m, leaf)
}

/** The index in pathLeaf that goes with it. */
export function pathIndex(m: Memory, tree: TreeRef): number {
  const height = treeHeight(m, tree)
  return indexes[height] < leafCount(m, nodes[height] as LeafRef) ? indexes[height] : 0
}
