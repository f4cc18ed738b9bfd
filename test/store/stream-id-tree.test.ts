// The tree of ids against a plain Map, with every invariant checked after each step.

import { describe, expect, test } from 'vitest'
import { allocateZeroed, arenaCheck, arenaCreate, arenaUsed } from '../../src/store/arena.ts'
import type { Memory } from '../../src/store/memory.ts'
import { StreamId } from '../../src/store/stream-id.ts'
import {
  ID_NODE,
  ID_TREE,
  IdCursor,
  type IdTreeRef,
  idTreeAdd,
  idTreeCheck,
  idTreeCount,
  idTreeDump,
  idTreeFind,
  idTreeRelease,
  idTreeRemove,
  idTreeReplace,
  idTreeShift,
} from '../../src/store/stream-id-tree.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

const MEGABYTE = 2 ** 20

function newTree(): { m: Memory; tree: IdTreeRef } {
  const m = arenaCreate(64 * MEGABYTE, 1, 2)
  return { m, tree: allocateZeroed(m, ID_TREE.SIZE) as IdTreeRef }
}

/** An id whose order is that of `n`; high words differ now and then. */
const idOf = (n: number, into = new StreamId()): StreamId => into.set(n >> 12, n & 0xff, (n >> 8) & 3, (n >> 10) & 3)

const orderOf = (n: number): string =>
  [n >> 12, n & 0xff, (n >> 8) & 3, (n >> 10) & 3].map(word => String(word).padStart(4, '0')).join('.')

describe('the tree of ids', () => {
  test('the layout is what the header comment says', () => {
    expect(ID_TREE).toEqual({ ROOT: 0, COUNT: 4, FIRST: 8, LAST: 12, SIZE: 16 })
    expect(ID_NODE).toEqual({ KIND: 0, CAPACITY: 1, COUNT: 2, NEXT: 4, PREVIOUS: 8, IDS: 16 })
  })

  test('fills leaves up when ids come in order', () => {
    const { m, tree } = newTree()
    for (let i = 1; i <= 65; i++) idTreeAdd(m, tree, new StreamId().set(0, i, 0, 0), i)
    const leaves = idTreeDump(m, tree).match(/\[[^\]]*\]/g) ?? []
    expect(leaves.map(leaf => leaf.split(' ').length)).toEqual([32, 32, 1])
    expect(idTreeDump(m, tree).startsWith('id tree 65 [1-0:1 2-0:2')).toBe(true)
    idTreeCheck(m, tree)
  })

  test.each(['random', 'mostly rising', 'queue'])('agrees with a Map after any operations (%s)', shape => {
    const seed = chooseSeed()
    const random = randomFrom(seed)
    const { m, tree } = newTree()
    const model = new Map<number, number>()
    const empty = arenaUsed(m)
    const id = new StreamId()
    const cursor = new IdCursor()
    let rising = 0
    try {
      for (let step = 0; step < 6000; step++) {
        const growing = step % 3000 < 1800
        const n = shape === 'random' || random.chance(0.05) ? random.int(0, 16000) : rising++
        if (random.chance(growing ? 0.75 : 0.25)) {
          if (model.has(n)) idTreeReplace(m, tree, idOf(n, id), step + 1)
          else idTreeAdd(m, tree, idOf(n, id), step + 1)
          model.set(n, step + 1)
        } else if (shape === 'queue') {
          const value = idTreeShift(m, tree, id)
          const first = [...model].reduce(
            (a, b) => (a === undefined || orderOf(b[0]) < orderOf(a[0]) ? b : a),
            [...model][0],
          )
          expect(value).toBe(first === undefined ? 0 : first[1])
          if (first !== undefined) model.delete(first[0])
        } else {
          const keys = [...model.keys()]
          const victim = keys.length > 0 && random.chance(0.9) ? random.pick(keys) : n
          expect(idTreeRemove(m, tree, idOf(victim, id))).toBe(model.get(victim) ?? 0)
          model.delete(victim)
        }
        expect(idTreeCount(m, tree)).toBe(model.size)
        if (step % 50 === 0) {
          idTreeCheck(m, tree)
          const sorted = [...model].sort((a, b) => (orderOf(a[0]) < orderOf(b[0]) ? -1 : 1))
          const probe = random.int(0, 16000)
          expect(idTreeFind(m, tree, idOf(probe, id))).toBe(model.get(probe) ?? 0)
          cursor.seek(m, tree, id)
          const at = sorted.findIndex(([key]) => orderOf(key) >= orderOf(probe))
          expect(cursor.isOn() ? cursor.value(m) : 0).toBe(at < 0 ? 0 : sorted[at][1])
          cursor.seekDown(m, tree, id)
          const below = sorted.findLast(([key]) => orderOf(key) <= orderOf(probe))
          expect(cursor.isOn() ? cursor.value(m) : 0).toBe(below?.[1] ?? 0)
          const back: number[] = []
          for (cursor.last(m, tree); cursor.isOn(); cursor.previous(m)) back.push(cursor.value(m))
          expect(back).toEqual(sorted.map(([, value]) => value).reverse())
        }
      }
      idTreeRelease(m, tree)
      idTreeCheck(m, tree)
      expect(arenaUsed(m)).toBe(empty)
      arenaCheck(m)
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  })
})
