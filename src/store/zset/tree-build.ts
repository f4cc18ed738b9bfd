// Large sorted sets as a whole: building one from members in order, copying, freeing in steps, measuring, checking.

import { assert } from '../../bytes/assert.ts'
import { allocateZeroed, blockRoom, release } from '../arena.ts'
import { type DictRef, dictAdd, dictBytes, dictCreate, dictFind, dictRelease, dictReserve } from '../dict.ts'
import { dictCheck } from '../dict-walk.ts'
import { itemHash, itemKeyAt, itemKeyLength } from '../item.ts'
import type { Memory } from '../memory.ts'
import {
  INNER,
  INNER_CHILDREN_MAX,
  type InnerRef,
  innerCheck,
  innerChild,
  innerCount,
  innerCreate,
  innerDump,
  innerInsert,
  innerMember,
  innerScore,
  innerSetCount,
  innerSum,
  innerTotal,
} from './inner.ts'
import {
  LEAF,
  LEAF_PAIRS_MAX,
  type LeafRef,
  leafCheck,
  leafCount,
  leafCreate,
  leafDump,
  leafInsert,
  leafMember,
  leafNext,
  leafPrev,
  leafScore,
  leafSetNext,
  leafSetPrev,
  leafTouch,
} from './leaf.ts'
import { type MemberRef, memberCreate, memberScore, pairIsBefore } from './member.ts'
import {
  TREE,
  type TreeRef,
  treeCount,
  treeDict,
  treeFirst,
  treeHeight,
  treeLast,
  treeRoot,
  treeSetFirst,
  treeSetLast,
  treeSetRoot,
} from './tree.ts'

/** Nodes are filled to nine tenths, so that the next few members find room. */
const LEAF_PAIRS_BUILT = Math.floor(LEAF_PAIRS_MAX * 0.9)
const INNER_CHILDREN_BUILT = Math.floor(INNER_CHILDREN_MAX * 0.9)

/**
 * Makes a large sorted set of `count` members in order. `dict` holds them already; 0 has one made.
 */
export function treeBuild(m: Memory, members: Uint32Array, count: number, dict: DictRef | 0): TreeRef {
  const tree = allocateZeroed(m, TREE.SIZE) as TreeRef
  const table = dict === 0 ? tableOf(m, members, count) : dict
  m.u32[tree * 2] = table
  let level = buildLeaves(m, tree, members, count)
  let height = 0
  for (; level.length > 1; height++) level = buildInners(m, level, height === 0)
  treeSetRoot(m, tree, level[0], height)
  return tree
}

function tableOf(m: Memory, members: Uint32Array, count: number): DictRef {
  const dict = dictCreate(m)
  dictReserve(m, dict, count)
  for (let i = 0; i < count; i++) dictAdd(m, dict, itemHash(m, members[i]), members[i])
  return dict
}

function buildLeaves(m: Memory, tree: TreeRef, members: Uint32Array, count: number): Uint32Array {
  const leaves = new Uint32Array(Math.max(1, Math.ceil(count / LEAF_PAIRS_BUILT)))
  let prev: LeafRef | 0 = 0
  for (let l = 0, i = 0; l < leaves.length; l++) {
    const leaf = leafCreate(m)
    leaves[l] = leaf
    leafSetPrev(m, leaf, prev)
    if (prev === 0) treeSetFirst(m, tree, leaf)
    else leafSetNext(m, prev, leaf)
    prev = leaf
    for (let j = 0; j < LEAF_PAIRS_BUILT && i < count; j++, i++) {
      const member = members[i] as MemberRef
      leafInsert(m, leaf, j, memberScore(m, member), member)
    }
  }
  treeSetLast(m, tree, prev)
  return leaves
}

function buildInners(m: Memory, children: Uint32Array, areLeaves: boolean): Uint32Array {
  const inners = new Uint32Array(Math.ceil(children.length / INNER_CHILDREN_BUILT))
  for (let n = 0, i = 0; n < inners.length; n++) {
    const inner = innerCreate(m)
    inners[n] = inner
    for (let j = 0; j < INNER_CHILDREN_BUILT && i < children.length; j++, i++) {
      const child = children[i]
      const { score, member, total } = first(m, child, areLeaves)
      innerInsert(m, inner, j, score, member, child, total)
    }
  }
  return inners
}

function first(m: Memory, node: number, isLeaf: boolean): { score: number; member: MemberRef; total: number } {
  if (isLeaf) {
    const leaf = node as LeafRef
    return { score: leafScore(m, leaf, 0), member: leafMember(m, leaf, 0), total: leafCount(m, leaf) }
  }
  const inner = node as InnerRef
  return { score: innerScore(m, inner, 0), member: innerMember(m, inner, 0), total: innerSum(m, inner) }
}

/** A copy in another arena, or in the same one. */
export function treeCopy(from: Memory, tree: TreeRef, to: Memory): TreeRef {
  const members = new Uint32Array(treeCount(from, tree))
  let count = 0
  for (let leaf = treeFirst(from, tree); leaf !== 0; leaf = leafNext(from, leaf)) {
    const pairs = leafCount(from, leaf)
    for (let i = 0; i < pairs; i++) {
      const member = leafMember(from, leaf, i)
      const at = itemKeyAt(from, member)
      members[count++] = memberCreate(to, leafScore(from, leaf, i), from.u8, at, itemKeyLength(from, member))
    }
  }
  return treeBuild(to, members, count, 0)
}

/** Frees all of it. */
export function treeRelease(m: Memory, tree: TreeRef): void {
  while (!treeReleaseStep(m, tree, 1 << 20));
}

/**
 * Frees about `budget` members of a set that nobody looks into any more: its leaves from the left with their members,
 * then the inner nodes, at last the hash table, whose refs are stale by then. Returns true when nothing is left.
 */
export function treeReleaseStep(m: Memory, tree: TreeRef, budget: number): boolean {
  let left = budget
  for (let leaf = treeFirst(m, tree); leaf !== 0; leaf = treeFirst(m, tree)) {
    if (left <= 0) return false
    const count = leafCount(m, leaf)
    leafTouch(m, leaf, 0, count)
    for (let i = 0; i < count; i++) release(m, leafMember(m, leaf, i))
    treeSetFirst(m, tree, leafNext(m, leaf))
    release(m, leaf)
    left -= count + 1
  }
  while (treeHeight(m, tree) > 0) {
    if (left-- <= 0) return false
    releaseLastInner(m, tree)
  }
  dictRelease(m, treeDict(m, tree))
  release(m, tree)
  return true
}

/** Frees the rightmost of the lowest inner nodes; a root that goes leaves HEIGHT 0. Their leaves are gone already. */
function releaseLastInner(m: Memory, tree: TreeRef): void {
  const height = treeHeight(m, tree)
  let parent: InnerRef | 0 = 0
  let node = treeRoot(m, tree) as InnerRef
  for (let level = 1; level < height && innerCount(m, node) > 0; level++) {
    parent = node
    node = innerChild(m, node, innerCount(m, node) - 1) as InnerRef
  }
  if (parent === 0) treeSetRoot(m, tree, 0, 0)
  else innerSetCount(m, parent, innerCount(m, parent) - 1)
  release(m, node)
}

/** Bytes it takes: nodes and members as `samples` leaves from the left have it, 0 for all. */
export function treeBytes(m: Memory, tree: TreeRef, samples: number): number {
  let leaves = 0
  let pairs = 0
  let bytes = 0
  for (let leaf = treeFirst(m, tree); leaf !== 0; leaf = leafNext(m, leaf)) {
    const count = leafCount(m, leaf)
    for (let i = 0; i < count; i++) bytes += blockRoom(m, leafMember(m, leaf, i))
    pairs += count
    leaves++
    if (samples > 0 && pairs >= samples) break
  }
  const share = pairs === 0 ? 1 : treeCount(m, tree) / pairs
  const nodes = leaves * LEAF.SIZE + (leaves * INNER.SIZE) / INNER_CHILDREN_BUILT
  return Math.round(TREE.SIZE + dictBytes(m, treeDict(m, tree)) + share * (bytes + nodes))
}

// ---- checking

/** Walks every invariant: order, first pairs, totals, neighbours, and that tree and table hold the same members. */
export function treeCheck(m: Memory, tree: TreeRef): void {
  const dict = treeDict(m, tree)
  dictCheck(m, dict)
  const leaves: LeafRef[] = []
  const total = nodeCheck(m, treeRoot(m, tree), treeHeight(m, tree), leaves)
  assert(total === treeCount(m, tree), 'the tree holds as many as the table')
  assert(leaves[0] === treeFirst(m, tree), 'FIRST is the leftmost leaf')
  assert(leaves[leaves.length - 1] === treeLast(m, tree), 'LAST is the rightmost leaf')
  for (let l = 0; l < leaves.length; l++) {
    assert(leafPrev(m, leaves[l]) === (l > 0 ? leaves[l - 1] : 0), 'PREV leads to the left neighbour')
    assert(leafNext(m, leaves[l]) === (l + 1 < leaves.length ? leaves[l + 1] : 0), 'NEXT leads to the right neighbour')
    const count = leafCount(m, leaves[l])
    for (let i = 0; i < count; i++) {
      const member = leafMember(m, leaves[l], i)
      const found = dictFind(m, dict, itemHash(m, member), m.u8, itemKeyAt(m, member), itemKeyLength(m, member))
      assert((found as number) === member, 'every member of the tree is in the table')
    }
    if (l === 0) continue
    const last = leafCount(m, leaves[l - 1]) - 1
    const score = leafScore(m, leaves[l - 1], last)
    const isAfter = pairIsBefore(
      m,
      score,
      leafMember(m, leaves[l - 1], last),
      leafScore(m, leaves[l], 0),
      leafMember(m, leaves[l], 0),
    )
    assert(isAfter, 'pairs ascend from leaf to leaf')
  }
}

/** Checks what is under a node, adds its leaves to `leaves`, and returns how many pairs there are. */
function nodeCheck(m: Memory, node: number, height: number, leaves: LeafRef[]): number {
  if (height === 0) {
    leafCheck(m, node as LeafRef)
    leaves.push(node as LeafRef)
    return leafCount(m, node as LeafRef)
  }
  const inner = node as InnerRef
  innerCheck(m, inner)
  let sum = 0
  for (let i = 0; i < innerCount(m, inner); i++) {
    const child = innerChild(m, inner, i)
    const total = nodeCheck(m, child, height - 1, leaves)
    assert(total > 0, 'no node under another is empty')
    assert(total === innerTotal(m, inner, i), 'a total is the pairs under the child')
    const begins = first(m, child, height === 1)
    assert(Object.is(begins.score, innerScore(m, inner, i)), 'a first score is exact')
    assert(begins.member === innerMember(m, inner, i), 'a first member is exact')
    sum += total
  }
  return sum
}

/** A line for each node, for tests and DEBUG. */
export function treeDump(m: Memory, tree: TreeRef): string {
  const lines: string[] = []
  const dump = (node: number, height: number): void => {
    if (height === 0) {
      lines.push(leafDump(m, node as LeafRef))
      return
    }
    lines.push(innerDump(m, node as InnerRef))
    for (let i = 0; i < innerCount(m, node as InnerRef); i++) dump(innerChild(m, node as InnerRef, i), height - 1)
  }
  dump(treeRoot(m, tree), treeHeight(m, tree))
  return lines.join('\n')
}
