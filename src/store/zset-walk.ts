// Going over a sorted set in order, from any rank, upwards or downwards, small or large alike.
//
//     walk.start(m, entry, rank, false)
//     while (walk.next()) … walk.u8, walk.at, walk.length, walk.score
//
// The set must not change meanwhile; other sets and other arenas may.

import { type EntryRef, entryValue } from './entry.ts'
import { itemKeyAt, itemKeyLength } from './item.ts'
import type { Memory } from './memory.ts'
import { type LeafRef, leafCount, leafMember, leafNext, leafPrev, leafScore, leafTouch } from './zset/leaf.ts'
import type { MemberRef } from './zset/member.ts'
import {
  PACK,
  type PackRef,
  packBytes,
  packMemberAt,
  packMemberLength,
  packNext,
  packScore,
  packSeek,
} from './zset/pack.ts'
import { pathIndex, pathLeaf, type TreeRef, treeCount, treeFirst, treeLast, treeSeekRank } from './zset/tree.ts'
import { isPack } from './zset.ts'

/** A position in a sorted set. One object serves any number of walks, one at a time. */
export class ZsetWalk {
  #m!: Memory
  #isBackward = false
  /** Of a large set: the leaf and the index of the pair to come, 0 at the end. */
  #leaf: LeafRef | 0 = 0
  #i = 0
  /** Pairs of the leaf shown so far, one more in leaves that the walk came to from another. */
  #seen = 0
  /** Of a small set; 0 for a large one. */
  #pack: PackRef | 0 = 0
  /** The position of the pair to come, when walking upwards. */
  #position = 0
  /** Positions of the pairs to come, the next one last, when walking downwards. */
  #positions = new Uint32Array(128)
  #left = 0

  /** Where the member's bytes lie: the arena. */
  u8!: Uint8Array
  at = 0
  length = 0
  score = 0

  /** Stands before the pair of rank `rank`, which is returned first; a backward walk goes on with the rank below. */
  start(m: Memory, entry: EntryRef, rank: number, isBackward: boolean): void {
    this.#m = m
    this.#isBackward = isBackward
    if (isPack(m, entry)) this.#startPack(entryValue<'zset pack'>(m, entry), rank)
    else this.#startTree(entryValue<'zset tree'>(m, entry), rank)
  }

  #startPack(pack: PackRef, rank: number): void {
    const m = this.#m
    this.#pack = pack
    if (!this.#isBackward) {
      this.#position = packSeek(m, pack, rank)
      return
    }
    if (this.#positions.length <= rank) this.#positions = new Uint32Array(2 * (rank + 1))
    const end = packBytes(m, pack)
    this.#left = 0
    for (
      let position: number = PACK.PAIRS;
      position < end && this.#left <= rank;
      position = packNext(m, pack, position)
    ) {
      this.#positions[this.#left++] = position
    }
  }

  #startTree(tree: TreeRef, rank: number): void {
    const m = this.#m
    this.#pack = 0
    this.#seen = 0
    if (rank >= treeCount(m, tree)) {
      this.#leaf = 0
    } else if (rank === 0 && !this.#isBackward) {
      this.#leaf = treeFirst(m, tree)
      this.#i = 0
    } else if (this.#isBackward && rank === treeCount(m, tree) - 1) {
      this.#leaf = treeLast(m, tree)
      this.#i = this.#leaf === 0 ? 0 : leafCount(m, this.#leaf) - 1
    } else {
      treeSeekRank(m, tree, rank)
      this.#leaf = pathLeaf(m, tree)
      this.#i = pathIndex(m, tree)
    }
  }

  /** Goes to the next pair and shows it. Returns false at the end. */
  next(): boolean {
    return this.#pack !== 0 ? this.#nextInPack(this.#pack) : this.#nextInTree()
  }

  #nextInPack(pack: PackRef): boolean {
    const m = this.#m
    let position: number
    if (this.#isBackward) {
      if (this.#left === 0) return false
      position = this.#positions[--this.#left]
    } else {
      position = this.#position
      if (position >= packBytes(m, pack)) return false
      this.#position = packNext(m, pack, position)
    }
    this.u8 = m.u8
    this.at = packMemberAt(m, pack, position)
    this.length = packMemberLength(m, pack, position)
    this.score = packScore(m, pack, position)
    return true
  }

  #nextInTree(): boolean {
    const m = this.#m
    const leaf = this.#leaf
    if (leaf === 0) return false
    const i = this.#i
    // Whoever wants a second pair of a leaf will want more: their members are fetched together. Not before, for ZPOPMIN.
    if (this.#seen++ === 1) this.#touch(leaf, i)
    const member: MemberRef = leafMember(m, leaf, i)
    this.u8 = m.u8
    this.at = itemKeyAt(m, member)
    this.length = itemKeyLength(m, member)
    this.score = leafScore(m, leaf, i)
    if (this.#isBackward) {
      if (i > 0) this.#i = i - 1
      else {
        this.#seen = 1
        this.#leaf = leafPrev(m, leaf)
        if (this.#leaf !== 0) this.#i = leafCount(m, this.#leaf) - 1
      }
    } else if (i + 1 < leafCount(m, leaf)) {
      this.#i = i + 1
    } else {
      this.#seen = 1
      this.#leaf = leafNext(m, leaf)
      this.#i = 0
    }
    return true
  }

  #touch(leaf: LeafRef, i: number): void {
    if (this.#isBackward) leafTouch(this.#m, leaf, 0, i + 1)
    else leafTouch(this.#m, leaf, i, leafCount(this.#m, leaf) - i)
  }
}
