// A B+tree of stream ids, each with one u32: a stream's nodes and its lists of pending entries are such trees.
//
// A tree is a header inside another record; an empty one has no nodes. Leaves are linked both ways. Ids mostly arrive in
// order, so a full last leaf is left full and the next one starts with the new id alone. A leaf that is the whole tree
// starts small and doubles: most consumers have few pending entries.
//
// The header:
//
//   OFFSET  SIZE  FIELD  MEANING
//        0     4  ROOT   top node, 0 = the tree is empty
//        4     4  COUNT  ids in the tree
//        8     4  FIRST  leftmost leaf
//       12     4  LAST   rightmost leaf
//       16
//
// A node; an inner one holds for each child its lowest id (of the first child perhaps more):
//
//   OFFSET  SIZE  FIELD     MEANING
//        0     1  KIND      1 = leaf, 2 = inner
//        1     1  CAPACITY  places: 4, 8, 16 or 32
//        2     2  COUNT     places in use, never 0
//        4     4  NEXT      leaf to the right, 0 = none; inner: zero
//        8     4  PREVIOUS  leaf to the left, 0 = none; inner: zero
//       12     4  -         zero
//       16  16·c  IDS       in order, each 4 x u32, as in stream-id.ts
//           4·c  VALUES    what belongs to each id, never 0; inner: the child

import { assert } from '../bytes/assert.ts'
import { allocate, release } from './arena.ts'
import type { Memory, Ref } from './memory.ts'
import { ID_BYTES, StreamId } from './stream-id.ts'

/** Where a tree's header lies. */
export type IdTreeRef = Ref<'id tree'>

export const ID_TREE = { ROOT: 0, COUNT: 4, FIRST: 8, LAST: 12, SIZE: 16 } as const
export const ID_NODE = { KIND: 0, CAPACITY: 1, COUNT: 2, NEXT: 4, PREVIOUS: 8, IDS: 16 } as const

const LEAF = 1
const INNER = 2
const CAPACITY_MIN = 4
const CAPACITY_MAX = 32
/** A node with at most this many ids looks for a neighbour to join. */
const SPARSE = CAPACITY_MAX / 4
const IDS_WORD = ID_NODE.IDS / 4
const ID_WORDS = ID_BYTES / 4
const DEPTH_MAX = 16

assert(ID_NODE.IDS % 8 === 0, 'ids are aligned')

const nodeBytes = (capacity: number): number => ID_NODE.IDS + capacity * (ID_BYTES + 4)

const nodeKind = (m: Memory, node: number): number => m.u32[node * 2] & 0xff
const nodeCapacity = (m: Memory, node: number): number => (m.u32[node * 2] >>> 8) & 0xff
const nodeCount = (m: Memory, node: number): number => m.u32[node * 2] >>> 16
const nodeNext = (m: Memory, node: number): number => m.u32[node * 2 + ID_NODE.NEXT / 4]
const nodePrevious = (m: Memory, node: number): number => m.u32[node * 2 + ID_NODE.PREVIOUS / 4]
/** u32 index of the id at `index`. */
const idWord = (node: number, index: number): number => node * 2 + IDS_WORD + index * ID_WORDS
/** u32 index of the value at `index`. */
const valueWord = (m: Memory, node: number, index: number): number =>
  node * 2 + IDS_WORD + nodeCapacity(m, node) * ID_WORDS + index

function setCount(m: Memory, node: number, count: number): void {
  m.u32[node * 2] = (m.u32[node * 2] & 0xffff) | (count << 16)
}

export const idTreeCount = (m: Memory, tree: IdTreeRef): number => m.u32[tree * 2 + ID_TREE.COUNT / 4]

/** Makes the 16 bytes at `tree` an empty tree. */
function idTreeClear(m: Memory, tree: IdTreeRef): void {
  m.u32.fill(0, tree * 2, tree * 2 + ID_TREE.SIZE / 4)
}

/** A place in a tree's leaves. It stands nowhere when `leaf` is 0. Any change of the tree makes it invalid. */
export class IdCursor {
  leaf = 0
  index = 0

  /** Whether it stands on an id. */
  isOn(): boolean {
    return this.leaf !== 0
  }

  id(m: Memory, into: StreamId): StreamId {
    return into.load(m, idWord(this.leaf, this.index))
  }

  value(m: Memory): number {
    return m.u32[valueWord(m, this.leaf, this.index)]
  }

  setValue(m: Memory, value: number): void {
    m.u32[valueWord(m, this.leaf, this.index)] = value
  }

  first(m: Memory, tree: IdTreeRef): void {
    this.leaf = m.u32[tree * 2 + ID_TREE.FIRST / 4]
    this.index = 0
  }

  last(m: Memory, tree: IdTreeRef): void {
    this.leaf = m.u32[tree * 2 + ID_TREE.LAST / 4]
    this.index = this.leaf === 0 ? 0 : nodeCount(m, this.leaf) - 1
  }

  next(m: Memory): void {
    if (++this.index < nodeCount(m, this.leaf)) return
    this.leaf = nodeNext(m, this.leaf)
    this.index = 0
  }

  previous(m: Memory): void {
    if (this.index-- > 0) return
    this.leaf = nodePrevious(m, this.leaf)
    this.index = this.leaf === 0 ? 0 : nodeCount(m, this.leaf) - 1
  }

  /** Goes to the lowest id that is not below `id`. */
  seek(m: Memory, tree: IdTreeRef, id: StreamId): void {
    this.seekDown(m, tree, id)
    if (this.leaf === 0) this.first(m, tree)
    else if (id.compareAt(m, idWord(this.leaf, this.index)) !== 0) this.next(m)
  }

  /** Goes to the highest id that is not above `id`. */
  seekDown(m: Memory, tree: IdTreeRef, id: StreamId): void {
    let node = m.u32[tree * 2]
    if (node === 0) {
      this.leaf = 0
      return
    }
    while (nodeKind(m, node) === INNER) node = m.u32[valueWord(m, node, Math.max(0, lastNotAbove(m, node, id)))]
    this.leaf = node
    this.index = lastNotAbove(m, node, id)
    if (this.index < 0) {
      this.index = 0
      this.previous(m)
    }
  }
}

/** Index of the highest id in the node that is not above `id`, -1 if all are. */
function lastNotAbove(m: Memory, node: number, id: StreamId): number {
  let low = 0
  let high = nodeCount(m, node)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (id.compareAt(m, idWord(node, middle)) < 0) high = middle
    else low = middle + 1
  }
  return low - 1
}

const found = new IdCursor()

/** The value of an id, 0 if it is not in the tree. */
export function idTreeFind(m: Memory, tree: IdTreeRef, id: StreamId): number {
  found.seekDown(m, tree, id)
  return found.isOn() && id.compareAt(m, idWord(found.leaf, found.index)) === 0 ? found.value(m) : 0
}

/** Gives an id that is in the tree another value. */
export function idTreeReplace(m: Memory, tree: IdTreeRef, id: StreamId, value: number): void {
  found.seekDown(m, tree, id)
  assert(found.isOn() && id.compareAt(m, idWord(found.leaf, found.index)) === 0, 'the id is in the tree')
  found.setValue(m, value)
}

// ---- adding

// The way down to a leaf: nodes and the child taken in each. One per thread.
const pathNodes = new Uint32Array(DEPTH_MAX)
const pathIndexes = new Int32Array(DEPTH_MAX)
let depth = 0

/** Goes down to the leaf where `id` belongs, noting the way. */
function descend(m: Memory, tree: IdTreeRef, id: StreamId): number {
  let node = m.u32[tree * 2]
  depth = 0
  while (nodeKind(m, node) === INNER) {
    const index = Math.max(0, lastNotAbove(m, node, id))
    pathNodes[depth] = node
    pathIndexes[depth++] = index
    node = m.u32[valueWord(m, node, index)]
  }
  return node
}

function createNode(m: Memory, kind: number, capacity: number): number {
  const node = allocate(m, nodeBytes(capacity))
  m.u32[node * 2] = kind | (capacity << 8)
  m.u32[node * 2 + 1] = 0
  m.u32[node * 2 + 2] = 0
  m.u32[node * 2 + 3] = 0
  return node
}

/** Adds an id that is not in the tree. */
export function idTreeAdd(m: Memory, tree: IdTreeRef, id: StreamId, value: number): void {
  assert(value !== 0, 'a value is never 0')
  if (m.u32[tree * 2] === 0) {
    const leaf = createNode(m, LEAF, CAPACITY_MIN)
    m.u32[tree * 2 + ID_TREE.ROOT / 4] = leaf
    m.u32[tree * 2 + ID_TREE.FIRST / 4] = leaf
    m.u32[tree * 2 + ID_TREE.LAST / 4] = leaf
  }
  const leaf = descend(m, tree, id)
  insertAt(m, tree, leaf, lastNotAbove(m, leaf, id) + 1, id, value)
  m.u32[tree * 2 + ID_TREE.COUNT / 4]++
}

/** Puts an id into a node that the path leads to, splitting it when it is full. */
function insertAt(m: Memory, tree: IdTreeRef, node: number, index: number, id: StreamId, value: number): void {
  if (nodeCount(m, node) === nodeCapacity(m, node)) {
    if (nodeCapacity(m, node) < CAPACITY_MAX) node = enlarge(m, tree, node)
    else {
      split(m, tree, node, index, id, value)
      return
    }
  }
  place(m, node, index, id, value)
}

/** Writes an id into a node that has room. */
function place(m: Memory, node: number, index: number, id: StreamId, value: number): void {
  const count = nodeCount(m, node)
  const u32 = m.u32
  const ids = idWord(node, index)
  const values = valueWord(m, node, index)
  if (index < count) {
    u32.copyWithin(ids + ID_WORDS, ids, ids + (count - index) * ID_WORDS)
    u32.copyWithin(values + 1, values, values + count - index)
  }
  id.store(m, ids)
  u32[values] = value
  setCount(m, node, count + 1)
}

/** Doubles the capacity of a root that is a leaf. */
function enlarge(m: Memory, tree: IdTreeRef, leaf: number): number {
  const larger = createNode(m, LEAF, nodeCapacity(m, leaf) * 2)
  moveIds(m, leaf, 0, larger, 0, nodeCount(m, leaf))
  m.u32[tree * 2 + ID_TREE.ROOT / 4] = larger
  m.u32[tree * 2 + ID_TREE.FIRST / 4] = larger
  m.u32[tree * 2 + ID_TREE.LAST / 4] = larger
  release(m, leaf)
  return larger
}

/** Copies `count` ids and their values to places that are free, and counts them there. */
function moveIds(m: Memory, from: number, fromIndex: number, to: number, toIndex: number, count: number): void {
  const u32 = m.u32
  const ids = idWord(from, fromIndex)
  const values = valueWord(m, from, fromIndex)
  u32.copyWithin(idWord(to, toIndex), ids, ids + count * ID_WORDS)
  u32.copyWithin(valueWord(m, to, toIndex), values, values + count)
  setCount(m, to, toIndex + count)
}

const separator = new StreamId()

/** Splits a full node and puts the id into the half it belongs to; the new node goes into the parent. */
function split(m: Memory, tree: IdTreeRef, node: number, index: number, id: StreamId, value: number): void {
  const isLeaf = nodeKind(m, node) === LEAF
  const right = createNode(m, nodeKind(m, node), CAPACITY_MAX)
  const isLastOfAll = index === CAPACITY_MAX && nodeNext(m, node) === 0
  // In order of arrival nodes fill up; in the middle they halve.
  const kept = isLastOfAll ? CAPACITY_MAX : CAPACITY_MAX / 2
  if (kept < CAPACITY_MAX) moveIds(m, node, kept, right, 0, CAPACITY_MAX - kept)
  setCount(m, node, kept)
  if (isLeaf) {
    const next = nodeNext(m, node)
    m.u32[right * 2 + ID_NODE.NEXT / 4] = next
    m.u32[right * 2 + ID_NODE.PREVIOUS / 4] = node
    m.u32[node * 2 + ID_NODE.NEXT / 4] = right
    if (next !== 0) m.u32[next * 2 + ID_NODE.PREVIOUS / 4] = right
    else m.u32[tree * 2 + ID_TREE.LAST / 4] = right
  }
  if (index > kept || isLastOfAll) place(m, right, index - kept, id, value)
  else place(m, node, index, id, value)
  if (depth === 0) growRoot(m, tree, node)
  const parent = pathNodes[--depth]
  const at = pathIndexes[depth] + 1
  insertAt(m, tree, parent, at, separator.load(m, idWord(right, 0)), right)
}

/** Puts a new root above the old one. */
function growRoot(m: Memory, tree: IdTreeRef, node: number): void {
  const root = createNode(m, INNER, CAPACITY_MAX)
  place(m, root, 0, lowest.load(m, idWord(node, 0)), node)
  m.u32[tree * 2 + ID_TREE.ROOT / 4] = root
  pathNodes[0] = root
  pathIndexes[0] = 0
  depth = 1
}

const lowest = new StreamId()

// ---- removing

/** Takes an id out of the tree and returns its value, 0 if it was not there. */
export function idTreeRemove(m: Memory, tree: IdTreeRef, id: StreamId): number {
  if (m.u32[tree * 2] === 0) return 0
  const leaf = descend(m, tree, id)
  const index = lastNotAbove(m, leaf, id)
  if (index < 0 || id.compareAt(m, idWord(leaf, index)) !== 0) return 0
  const value = m.u32[valueWord(m, leaf, index)]
  m.u32[tree * 2 + ID_TREE.COUNT / 4]--
  removeAt(m, tree, leaf, index)
  return value
}

/** Takes the lowest id out and returns its value, 0 if the tree is empty. The id goes to `into`. */
export function idTreeShift(m: Memory, tree: IdTreeRef, into: StreamId): number {
  const leaf = m.u32[tree * 2 + ID_TREE.FIRST / 4]
  if (leaf === 0) return 0
  into.load(m, idWord(leaf, 0))
  return idTreeRemove(m, tree, into)
}

/** Closes the gap at `index` of a node that the path leads to, and mends the tree above. */
function removeAt(m: Memory, tree: IdTreeRef, node: number, index: number): void {
  const count = nodeCount(m, node) - 1
  const u32 = m.u32
  const ids = idWord(node, index)
  const values = valueWord(m, node, index)
  u32.copyWithin(ids, ids + ID_WORDS, ids + (count + 1 - index) * ID_WORDS)
  u32.copyWithin(values, values + 1, values + count + 1 - index)
  setCount(m, node, count)
  if (depth === 0) {
    mendRoot(m, tree, node)
    return
  }
  const parent = pathNodes[depth - 1]
  const at = pathIndexes[depth - 1]
  if (count === 0) {
    unlinkLeaf(m, tree, node)
    release(m, node)
    depth--
    removeAt(m, tree, parent, at)
  } else if (count <= SPARSE) {
    // Join the right neighbour into the left one.
    const left = at > 0 ? at - 1 : at
    if (left + 1 < nodeCount(m, parent)) joinChildren(m, tree, parent, left)
  }
}

function joinChildren(m: Memory, tree: IdTreeRef, parent: number, index: number): void {
  const left = m.u32[valueWord(m, parent, index)]
  const right = m.u32[valueWord(m, parent, index + 1)]
  const leftCount = nodeCount(m, left)
  const rightCount = nodeCount(m, right)
  if (leftCount + rightCount > CAPACITY_MAX / 2) return
  // What an inner node says of its first child may be too high; what the parent says of the node never is.
  if (nodeKind(m, right) === INNER)
    m.u32.copyWithin(idWord(right, 0), idWord(parent, index + 1), idWord(parent, index + 2))
  moveIds(m, right, 0, left, leftCount, rightCount)
  unlinkLeaf(m, tree, right)
  release(m, right)
  depth--
  removeAt(m, tree, parent, index + 1)
}

/** Takes a leaf out of the row of leaves; nothing to do for an inner node. */
function unlinkLeaf(m: Memory, tree: IdTreeRef, leaf: number): void {
  if (nodeKind(m, leaf) !== LEAF) return
  const next = nodeNext(m, leaf)
  const previous = nodePrevious(m, leaf)
  if (previous !== 0) m.u32[previous * 2 + ID_NODE.NEXT / 4] = next
  else m.u32[tree * 2 + ID_TREE.FIRST / 4] = next
  if (next !== 0) m.u32[next * 2 + ID_NODE.PREVIOUS / 4] = previous
  else m.u32[tree * 2 + ID_TREE.LAST / 4] = previous
}

/** An empty root goes; one with a single child gives way to it. */
function mendRoot(m: Memory, tree: IdTreeRef, root: number): void {
  if (nodeCount(m, root) === 0) {
    release(m, root)
    m.u32.fill(0, tree * 2, tree * 2 + ID_TREE.SIZE / 4)
    return
  }
  while (nodeKind(m, root) === INNER && nodeCount(m, root) === 1) {
    const child = m.u32[valueWord(m, root, 0)]
    release(m, root)
    m.u32[tree * 2 + ID_TREE.ROOT / 4] = child
    root = child
  }
}

/** Frees all nodes; what the values refer to is the caller's. The tree is empty then. */
export function idTreeRelease(m: Memory, tree: IdTreeRef): void {
  if (m.u32[tree * 2] !== 0) releaseNode(m, m.u32[tree * 2])
  idTreeClear(m, tree)
}

function releaseNode(m: Memory, node: number): void {
  if (nodeKind(m, node) === INNER) {
    const count = nodeCount(m, node)
    for (let i = 0; i < count; i++) releaseNode(m, m.u32[valueWord(m, node, i)])
  }
  release(m, node)
}

/** Bytes of the nodes, about. */
export function idTreeBytes(m: Memory, tree: IdTreeRef): number {
  const count = idTreeCount(m, tree)
  if (count === 0) return 0
  const root = m.u32[tree * 2]
  if (nodeKind(m, root) === LEAF) return nodeBytes(nodeCapacity(m, root))
  return Math.ceil((count / CAPACITY_MAX) * 1.05) * nodeBytes(CAPACITY_MAX)
}

// ---- checking

/** Walks every invariant of the header comment. For tests and DEBUG. */
export function idTreeCheck(m: Memory, tree: IdTreeRef): void {
  const root = m.u32[tree * 2]
  if (root === 0) {
    for (let word = 1; word < 4; word++) assert(m.u32[tree * 2 + word] === 0, 'an empty tree has an empty header')
    return
  }
  assert(nodePrevious(m, m.u32[tree * 2 + ID_TREE.FIRST / 4]) === 0, 'nothing is left of the first leaf')
  const cursor = new IdCursor()
  const before = new StreamId()
  const id = new StreamId()
  let leaf = 0
  let count = 0
  for (cursor.first(m, tree); cursor.isOn(); cursor.next(m)) {
    if (cursor.leaf !== leaf) {
      assert(nodePrevious(m, cursor.leaf) === leaf, 'leaves are linked both ways')
      leaf = cursor.leaf
    }
    cursor.id(m, id)
    assert(count === 0 || before.compare(id) < 0, 'ids are in order')
    assert(idTreeFind(m, tree, id) === cursor.value(m), 'every id is found from the root')
    before.copy(id)
    count++
  }
  assert(leaf === m.u32[tree * 2 + ID_TREE.LAST / 4], 'the last leaf ends the row')
  assert(count === idTreeCount(m, tree), 'COUNT counts the ids')
  checkNode(m, root, true)
}

/** Returns the node's height. */
function checkNode(m: Memory, node: number, isRoot: boolean): number {
  const count = nodeCount(m, node)
  assert(count > 0 && count <= nodeCapacity(m, node), 'a node is neither empty nor overfull')
  assert(isRoot || nodeCapacity(m, node) === CAPACITY_MAX, 'only a root is small')
  if (nodeKind(m, node) === LEAF) return 1
  assert(nodeKind(m, node) === INNER, 'a node is a leaf or an inner one')
  assert(!isRoot || count > 1, 'an inner root has a choice')
  let height = 0
  for (let i = 0; i < count; i++) {
    const child = m.u32[valueWord(m, node, i)]
    if (i > 0)
      assert(lowest.load(m, idWord(node, i)).compareAt(m, idWord(child, 0)) <= 0, 'no child id is below its separator')
    const childHeight = checkNode(m, child, false)
    assert(i === 0 || childHeight === height, 'all leaves are equally deep')
    height = childHeight
  }
  return height + 1
}

/** One line: the ids and values, and how they are grouped into leaves. */
export function idTreeDump(m: Memory, tree: IdTreeRef): string {
  const leaves: string[] = []
  const id = new StreamId()
  for (let leaf = m.u32[tree * 2 + ID_TREE.FIRST / 4]; leaf !== 0; leaf = nodeNext(m, leaf)) {
    const pairs: string[] = []
    for (let i = 0; i < nodeCount(m, leaf); i++) {
      pairs.push(`${id.load(m, idWord(leaf, i)).text()}:${m.u32[valueWord(m, leaf, i)]}`)
    }
    leaves.push(`[${pairs.join(' ')}]`)
  }
  return `id tree ${idTreeCount(m, tree)} ${leaves.join(' ')}`.trimEnd()
}
