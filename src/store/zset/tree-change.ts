// Changing a large sorted set: adding and removing members, moving one to another score, removing ranks.
//
// Every node but the root holds at least one pair or child; one that falls under a third of its room takes from a
// neighbour or joins it. A last leaf that is full is not halved but followed by a new one, so that members added in
// ascending order, the usual time line, leave full leaves behind.

import { assert } from '../../bytes/assert.ts'
import { release } from '../arena.ts'
import { dictAdd, dictRemoveItem } from '../dict.ts'
import { itemHash, itemKeyAt, itemKeyLength } from '../item.ts'
import type { Memory } from '../memory.ts'
import {
  INNER_CHILDREN_MAX,
  type InnerRef,
  innerAddTotal,
  innerChild,
  innerCount,
  innerCreate,
  innerInsert,
  innerMember,
  innerMove,
  innerRemove,
  innerScore,
  innerSetFirst,
  innerSetTotal,
  innerSum,
} from './inner.ts'
import {
  LEAF_PAIRS_MAX,
  type LeafRef,
  leafCount,
  leafCreate,
  leafInsert,
  leafMember,
  leafMove,
  leafNext,
  leafPrev,
  leafRemove,
  leafScore,
  leafSetNext,
  leafSetPrev,
  leafSetScore,
  leafTouch,
} from './leaf.ts'
import { type MemberRef, memberCompare, memberCreate, memberScore, memberSetScore } from './member.ts'
import {
  path,
  type TreeRef,
  treeDict,
  treeFirst,
  treeHeight,
  treeLast,
  treeRoot,
  treeSeekMember,
  treeSeekRank,
  treeSetFirst,
  treeSetLast,
  treeSetRoot,
} from './tree.ts'

const LEAF_PAIRS_MIN = Math.floor(LEAF_PAIRS_MAX / 3)
const INNER_CHILDREN_MIN = Math.floor(INNER_CHILDREN_MAX / 3)

const { nodes, indexes } = path
/** Hashes of the members of a leaf that is being removed. */
const hashes = new Uint32Array(LEAF_PAIRS_MAX)

/** Adds a member that is not there; `hash` is its key's. */
export function treeAdd(
  m: Memory,
  tree: TreeRef,
  hash: number,
  score: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  const member = memberCreate(m, score, bytes, at, length)
  dictAdd(m, treeDict(m, tree), hash, member)
  insertPair(m, tree, score, member)
}

/** Gives a member another score. */
export function treeMove(m: Memory, tree: TreeRef, member: MemberRef, score: number): void {
  treeSeekMember(m, tree, memberScore(m, member), member)
  if (fitsWhereItIs(m, tree, score, member)) {
    const height = treeHeight(m, tree)
    memberSetScore(m, member, score)
    leafSetScore(m, nodes[height] as LeafRef, indexes[height], score)
    if (indexes[height] === 0) spreadFirst(m, height, score, member)
    return
  }
  removeAtPath(m, tree, 1)
  memberSetScore(m, member, score)
  insertPair(m, tree, score, member)
}

/** Whether the pair that `path` leads to could have `score` and stay between its neighbours. */
function fitsWhereItIs(m: Memory, tree: TreeRef, score: number, member: MemberRef): boolean {
  const height = treeHeight(m, tree)
  const leaf = nodes[height] as LeafRef
  const i = indexes[height]
  const before = i > 0 ? leaf : leafPrev(m, leaf)
  if (before !== 0) {
    const j = i > 0 ? i - 1 : leafCount(m, before) - 1
    const neighbour = leafScore(m, before, j)
    if (!(neighbour < score) && !(neighbour === score && comesFirst(m, leafMember(m, before, j), member))) return false
  }
  const isLast = i === leafCount(m, leaf) - 1
  const after = isLast ? leafNext(m, leaf) : leaf
  if (after === 0) return true
  const j = isLast ? 0 : i + 1
  const neighbour = leafScore(m, after, j)
  return score < neighbour || (score === neighbour && comesFirst(m, member, leafMember(m, after, j)))
}

const comesFirst = (m: Memory, a: MemberRef, b: MemberRef): boolean =>
  memberCompare(m, a, m.u8, itemKeyAt(m, b), itemKeyLength(m, b)) < 0

/** Removes a member, known by its hash, and frees it. */
export function treeRemove(m: Memory, tree: TreeRef, hash: number, member: MemberRef): void {
  treeSeekMember(m, tree, memberScore(m, member), member)
  removeAtPath(m, tree, 1)
  dictRemoveItem(m, treeDict(m, tree), hash, member)
  release(m, member)
}

/** Removes the members of the ranks from `from` up to but not including `to`, leaf by leaf. */
export function treeRemoveRanks(m: Memory, tree: TreeRef, from: number, to: number): void {
  const dict = treeDict(m, tree)
  for (let left = to - from; left > 0; ) {
    treeSeekRank(m, tree, from)
    const height = treeHeight(m, tree)
    const leaf = nodes[height] as LeafRef
    const i = indexes[height]
    const n = Math.min(left, leafCount(m, leaf) - i)
    leafTouch(m, leaf, i, n)
    for (let j = 0; j < n; j++) hashes[j] = itemHash(m, leafMember(m, leaf, i + j))
    for (let j = 0; j < n; j++) {
      const member = leafMember(m, leaf, i + j)
      dictRemoveItem(m, dict, hashes[j], member)
      release(m, member)
    }
    removeAtPath(m, tree, n)
    left -= n
  }
}

// ---- adding a pair

function insertPair(m: Memory, tree: TreeRef, score: number, member: MemberRef): void {
  treeSeekMember(m, tree, score, member)
  const height = treeHeight(m, tree)
  const leaf = nodes[height] as LeafRef
  const i = indexes[height]
  if (leafCount(m, leaf) === LEAF_PAIRS_MAX) return insertSplitting(m, tree, leaf, i, score, member)
  leafInsert(m, leaf, i, score, member)
  addTotals(m, height, 1)
  if (i === 0) spreadFirst(m, height, score, member)
}

function insertSplitting(m: Memory, tree: TreeRef, leaf: LeafRef, i: number, score: number, member: MemberRef): void {
  const right = leafCreate(m)
  const next = leafNext(m, leaf)
  leafSetNext(m, leaf, right)
  leafSetPrev(m, right, leaf)
  leafSetNext(m, right, next)
  if (next !== 0) leafSetPrev(m, next, right)
  else treeSetLast(m, tree, right)
  const cut = next === 0 && i === LEAF_PAIRS_MAX ? LEAF_PAIRS_MAX : LEAF_PAIRS_MAX >>> 1
  leafMove(m, leaf, cut, LEAF_PAIRS_MAX - cut, right, 0)
  if (i <= cut && cut < LEAF_PAIRS_MAX) {
    leafInsert(m, leaf, i, score, member)
    if (i === 0) spreadFirst(m, treeHeight(m, tree), score, member)
  } else {
    leafInsert(m, right, i - cut, score, member)
  }
  addSibling(m, tree, treeHeight(m, tree), right)
}

/**
 * Enters `right`, a node split off to the right of the one at `level` of the path, into the parents: one pair more is
 * under the two than was counted before.
 */
function addSibling(m: Memory, tree: TreeRef, level: number, right: number): void {
  const height = treeHeight(m, tree)
  const isLeaf = level === height
  const score = isLeaf ? leafScore(m, right as LeafRef, 0) : innerScore(m, right as InnerRef, 0)
  const member = isLeaf ? leafMember(m, right as LeafRef, 0) : innerMember(m, right as InnerRef, 0)
  const total = totalOf(m, right, isLeaf)
  const left = nodes[level]
  const leftTotal = totalOf(m, left, isLeaf)
  if (level === 0) {
    const root = innerCreate(m)
    const leftScore = isLeaf ? leafScore(m, left as LeafRef, 0) : innerScore(m, left as InnerRef, 0)
    const leftMember = isLeaf ? leafMember(m, left as LeafRef, 0) : innerMember(m, left as InnerRef, 0)
    innerInsert(m, root, 0, leftScore, leftMember, left, leftTotal)
    innerInsert(m, root, 1, score, member, right, total)
    treeSetRoot(m, tree, root, height + 1)
    return
  }
  const parent = nodes[level - 1] as InnerRef
  const i = indexes[level - 1]
  innerSetTotal(m, parent, i, leftTotal)
  if (innerCount(m, parent) < INNER_CHILDREN_MAX) {
    innerInsert(m, parent, i + 1, score, member, right, total)
    addTotals(m, level - 1, 1)
    return
  }
  const rightParent = innerCreate(m)
  const cut = i === INNER_CHILDREN_MAX - 1 ? INNER_CHILDREN_MAX : INNER_CHILDREN_MAX >>> 1
  innerMove(m, parent, cut, INNER_CHILDREN_MAX - cut, rightParent, 0)
  if (i + 1 <= cut && cut < INNER_CHILDREN_MAX) innerInsert(m, parent, i + 1, score, member, right, total)
  else innerInsert(m, rightParent, i + 1 - cut, score, member, right, total)
  addSibling(m, tree, level - 1, rightParent)
}

const totalOf = (m: Memory, node: number, isLeaf: boolean): number =>
  isLeaf ? leafCount(m, node as LeafRef) : innerSum(m, node as InnerRef)

/** Counts `change` pairs more under each node of the path above `level`. */
function addTotals(m: Memory, level: number, change: number): void {
  for (let l = 0; l < level; l++) innerAddTotal(m, nodes[l] as InnerRef, indexes[l], change)
}

/** Tells the parents that the node at `level` of the path begins with another pair. */
function spreadFirst(m: Memory, level: number, score: number, member: MemberRef): void {
  for (let l = level - 1; l >= 0; l--) {
    innerSetFirst(m, nodes[l] as InnerRef, indexes[l], score, member)
    if (indexes[l] > 0) return
  }
}

// ---- removing pairs

/** Takes `n` pairs out of the leaf that `path` leads to, from its index on. */
function removeAtPath(m: Memory, tree: TreeRef, n: number): void {
  const height = treeHeight(m, tree)
  const leaf = nodes[height] as LeafRef
  const i = indexes[height]
  leafRemove(m, leaf, i, n)
  addTotals(m, height, -n)
  const count = leafCount(m, leaf)
  if (i === 0 && count > 0) spreadFirst(m, height, leafScore(m, leaf, 0), leafMember(m, leaf, 0))
  if (count < LEAF_PAIRS_MIN && height > 0) mend(m, tree)
}

/** Goes up the path, dropping empty nodes and joining or evening out those with too little in them. */
function mend(m: Memory, tree: TreeRef): void {
  const height = treeHeight(m, tree)
  for (let level = height; level > 0; level--) {
    const isLeaf = level === height
    const node = nodes[level]
    const count = isLeaf ? leafCount(m, node as LeafRef) : innerCount(m, node as InnerRef)
    if (count >= (isLeaf ? LEAF_PAIRS_MIN : INNER_CHILDREN_MIN)) return
    if (count === 0) dropEmpty(m, tree, level, isLeaf)
    else if (innerCount(m, nodes[level - 1] as InnerRef) > 1) feed(m, tree, level, isLeaf)
  }
  lowerRoot(m, tree)
}

function dropEmpty(m: Memory, tree: TreeRef, level: number, isLeaf: boolean): void {
  const node = nodes[level]
  const parent = nodes[level - 1] as InnerRef
  const i = indexes[level - 1]
  if (isLeaf) unlinkLeaf(m, tree, node as LeafRef)
  release(m, node)
  innerRemove(m, parent, i)
  if (i === 0 && innerCount(m, parent) > 0) {
    spreadFirst(m, level - 1, innerScore(m, parent, 0), innerMember(m, parent, 0))
  }
}

/** Joins the node with a neighbour under the same parent, or takes from it until both have as much. */
function feed(m: Memory, tree: TreeRef, level: number, isLeaf: boolean): void {
  const parent = nodes[level - 1] as InnerRef
  const i = indexes[level - 1] > 0 ? indexes[level - 1] - 1 : 0
  const left = innerChild(m, parent, i)
  const right = innerChild(m, parent, i + 1)
  if (isLeaf ? feedLeaves(m, left as LeafRef, right as LeafRef) : feedInners(m, left as InnerRef, right as InnerRef)) {
    if (isLeaf) unlinkLeaf(m, tree, right as LeafRef)
    release(m, right)
    innerRemove(m, parent, i + 1)
  } else {
    const score = isLeaf ? leafScore(m, right as LeafRef, 0) : innerScore(m, right as InnerRef, 0)
    const member = isLeaf ? leafMember(m, right as LeafRef, 0) : innerMember(m, right as InnerRef, 0)
    innerSetFirst(m, parent, i + 1, score, member)
    innerSetTotal(m, parent, i + 1, totalOf(m, right, isLeaf))
  }
  innerSetTotal(m, parent, i, totalOf(m, left, isLeaf))
}

/** Returns true when all is in the left one now. */
function feedLeaves(m: Memory, left: LeafRef, right: LeafRef): boolean {
  const a = leafCount(m, left)
  const b = leafCount(m, right)
  if (a + b <= LEAF_PAIRS_MAX) {
    leafMove(m, right, 0, b, left, a)
    return true
  }
  const half = (a + b) >>> 1
  if (a < half) leafMove(m, right, 0, half - a, left, a)
  else leafMove(m, left, half, a - half, right, 0)
  return false
}

function feedInners(m: Memory, left: InnerRef, right: InnerRef): boolean {
  const a = innerCount(m, left)
  const b = innerCount(m, right)
  if (a + b <= INNER_CHILDREN_MAX) {
    innerMove(m, right, 0, b, left, a)
    return true
  }
  const half = (a + b) >>> 1
  if (a < half) innerMove(m, right, 0, half - a, left, a)
  else innerMove(m, left, half, a - half, right, 0)
  return false
}

function unlinkLeaf(m: Memory, tree: TreeRef, leaf: LeafRef): void {
  const prev = leafPrev(m, leaf)
  const next = leafNext(m, leaf)
  if (prev !== 0) leafSetNext(m, prev, next)
  else treeSetFirst(m, tree, next)
  if (next !== 0) leafSetPrev(m, next, prev)
  else treeSetLast(m, tree, prev)
}

/** Takes roots with a single child away; a set that lost its last pair gets an empty leaf for a root again. */
function lowerRoot(m: Memory, tree: TreeRef): void {
  for (let height = treeHeight(m, tree); height > 0; height--) {
    const root = treeRoot(m, tree) as InnerRef
    const count = innerCount(m, root)
    if (count > 1) return
    if (count === 0) {
      assert(treeFirst(m, tree) === 0 && treeLast(m, tree) === 0, 'a tree without children has no leaves')
      const leaf = leafCreate(m)
      treeSetFirst(m, tree, leaf)
      treeSetLast(m, tree, leaf)
      treeSetRoot(m, tree, leaf, 0)
      release(m, root)
      return
    }
    treeSetRoot(m, tree, innerChild(m, root, 0), height - 1)
    release(m, root)
  }
}
