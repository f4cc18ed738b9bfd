import { describe, expect, test } from 'vitest'
import { arenaCheck, arenaCreate, arenaUsed } from '../../src/store/arena.ts'
import { keyspaceCreate } from '../../src/store/keyspace.ts'
import { element } from '../../src/store/listpack-element.ts'
import type { Memory } from '../../src/store/memory.ts'
import {
  quicklistDeleteMatches,
  quicklistDeleteRange,
  quicklistDropHead,
  quicklistDropTail,
  quicklistHead,
  quicklistInsert,
  quicklistLocate,
  quicklistLocatedIndex,
  quicklistPushHead,
  quicklistPushTail,
  quicklistReplace,
  quicklistSetPackedMin,
} from '../../src/store/quicklist.ts'
import { quicklistCheck, quicklistDump, quicklistTexts } from '../../src/store/quicklist-check.ts'
import { cursorPrevious, cursorSeek, cursorText, ListCursor } from '../../src/store/quicklist-cursor.ts'
import { NODE, type NodeRef, nodeIsCompressed, nodeIsPlain, nodeNext } from '../../src/store/quicklist-node.ts'
import {
  QUICKLIST,
  type QuicklistRef,
  quicklistCount,
  quicklistCreate,
  quicklistNodes,
} from '../../src/store/quicklist-record.ts'
import {
  nodeFileBytes,
  nodeFileWrite,
  quicklistAppendListpack,
  quicklistAppendPlain,
  quicklistCopy,
  quicklistOps,
  quicklistRelease,
} from '../../src/store/quicklist-value.ts'
import { expectLayout, layoutTables } from '../support/layout.ts'
import { chooseSeed, type Random, randomFrom } from '../support/random.ts'

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1')

function arena(): Memory {
  const m = arenaCreate(512 * 2 ** 20, 1, 2)
  keyspaceCreate(m, 1)
  return m
}

function push(m: Memory, list: QuicklistRef, text: string): void {
  const bytes = bytesOf(text)
  quicklistPushTail(m, list, bytes, 0, bytes.length)
}

function listOf(m: Memory, fill: number, depth: number, texts: readonly string[]): QuicklistRef {
  const list = quicklistCreate(m, fill, depth)
  for (const text of texts) push(m, list, text)
  return list
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i))

function nodesOf(m: Memory, list: QuicklistRef): NodeRef[] {
  const nodes: NodeRef[] = []
  for (let node = quicklistHead(m, list); node !== 0; node = nodeNext(m, node)) nodes.push(node)
  return nodes
}

function backwards(m: Memory, list: QuicklistRef): string[] {
  const texts: string[] = []
  const c = new ListCursor()
  for (let more = cursorSeek(c, m, list, -1); more; more = cursorPrevious(c, m)) {
    cursorText(c, element)
    texts.push(Buffer.from(element.bytes.subarray(element.at, element.at + element.length)).toString('latin1'))
  }
  return texts
}

test('the tables in the comments are the layouts', () => {
  const { BYTES, ...head } = NODE
  const [node] = layoutTables('store/quicklist-node.ts')
  expectLayout(node, { ...head, SIZE: BYTES })
  const [record] = layoutTables('store/quicklist-record.ts')
  expectLayout(record, QUICKLIST)
})

describe('a list', () => {
  test('of small elements is one node until it is 8 KiB, at list-max-listpack-size -2', () => {
    const m = arena()
    const list = listOf(m, -2, 0, ['a', '1'])
    expect(quicklistDump(m, list)).toBe(`quicklist @${list} count=2 [packed 2/5]`)
    for (let i = 0; i < 10_000; i++) push(m, list, 'xxx')
    quicklistCheck(m, list)
    // redis-server 7.0.15 tells ql_nodes:7 of the same list.
    expect(quicklistNodes(m, list)).toBe(7)
  })

  test('has at most so many elements a node as a positive list-max-listpack-size says', () => {
    const m = arena()
    const list = listOf(m, 3, 0, numbers(10))
    expect(nodesOf(m, list)).toHaveLength(4)
    quicklistCheck(m, list)
  })

  test('keeps DEPTH nodes at either end raw and compresses the others', () => {
    const m = arena()
    const list = listOf(
      m,
      2,
      2,
      Array.from({ length: 16 }, () => 'x'.repeat(100)),
    )
    const compressed = (): string =>
      nodesOf(m, list)
        .map(node => (nodeIsCompressed(m, node) ? 'c' : 'r'))
        .join('')
    expect(compressed()).toBe('rrccccrr')
    quicklistDropHead(m, list)
    quicklistDropHead(m, list)
    expect(compressed()).toBe('rrcccrr')
    quicklistDeleteRange(m, list, 2, 6)
    expect(compressed()).toBe('rrrr')
    expect(quicklistTexts(m, list)).toEqual(Array.from({ length: 8 }, () => 'x'.repeat(100)))
  })

  test('gives an element beyond the packed threshold a node of its own', () => {
    const m = arena()
    expect(quicklistSetPackedMin(m, 2 ** 33)).toBe(false)
    expect(quicklistSetPackedMin(m, 5)).toBe(true)
    const list = listOf(m, -2, 0, ['1', '2', 'large', '3'])
    expect(quicklistDump(m, list)).toContain('[packed 2/4, plain 1/5, packed 1/2]')
    const bytes = bytesOf('larger')
    quicklistReplace(m, list, 1, bytes, 0, bytes.length)
    quicklistCheck(m, list)
    expect(quicklistTexts(m, list)).toEqual(['1', 'larger', 'large', '3'])
    quicklistReplace(m, list, 2, bytes, 0, 2)
    quicklistCheck(m, list)
    expect(quicklistTexts(m, list)).toEqual(['1', 'larger', 'la', '3'])
  })

  test('used as a queue stays in a block of bounded size', () => {
    const m = arena()
    const list = quicklistCreate(m, -2, 0)
    for (let i = 0; i < 100; i++) push(m, list, String(i))
    const used = arenaUsed(m)
    for (let i = 100; i < 20_000; i++) {
      push(m, list, String(i))
      quicklistDropHead(m, list)
    }
    expect(quicklistTexts(m, list)).toEqual(numbers(20_000).slice(-100))
    expect(arenaUsed(m)).toBeLessThan(used + 4096)
    quicklistCheck(m, list)
  })

  test('is freed in steps, and every block comes back', () => {
    const m = arena()
    const before = arenaUsed(m)
    const list = listOf(m, 4, 1, numbers(100))
    expect(quicklistOps.effort(m, list)).toBe(25)
    expect(quicklistOps.releaseStep(m, list, 20)).toBe(false)
    expect(quicklistNodes(m, list)).toBe(5)
    expect(quicklistOps.releaseStep(m, list, 20)).toBe(true)
    expect(arenaUsed(m)).toBe(before)
    arenaCheck(m)
  })
})

describe('nodes in files', () => {
  test('are listpacks or bare elements, and read back to the same list', () => {
    const m = arena()
    quicklistSetPackedMin(m, 200)
    const texts = [...numbers(50), 'p'.repeat(300), ...numbers(50), 'y'.repeat(150)]
    const list = listOf(m, 16, 1, texts)
    const loaded = quicklistCreate(m, 16, 1)
    for (const node of nodesOf(m, list)) {
      const file = new Uint8Array(nodeFileBytes(m, node))
      nodeFileWrite(m, node, file, 0)
      if (nodeIsPlain(m, node)) quicklistAppendPlain(m, loaded, file, 0, file.length)
      else quicklistAppendListpack(m, loaded, file, 0, file.length)
    }
    quicklistCheck(m, loaded)
    expect(quicklistTexts(m, loaded)).toEqual(texts)
    expect(quicklistDump(m, loaded).replace(/@\d+/, '')).toBe(quicklistDump(m, list).replace(/@\d+/, ''))
  })

  test('an empty listpack makes no node', () => {
    const m = arena()
    const list = quicklistCreate(m, -2, 0)
    expect(quicklistAppendListpack(m, list, Buffer.from('070000000000ff', 'hex'), 0, 7)).toBe(0)
    expect(quicklistNodes(m, list)).toBe(0)
  })
})

describe('a random sequence of changes', () => {
  const TEXTS = ['a', 'b', '17', '', 'x'.repeat(60), 'y'.repeat(200), 'z'.repeat(1000), 'large'.repeat(2000)]
  const someText = (random: Random): string =>
    random.chance(0.6) ? random.pick(TEXTS) : String(random.int(-70_000, 70_000))

  test.each([
    [-2, 0, 0],
    [-2, 1, 0],
    [-1, 0, 0],
    [4, 0, 0],
    [3, 1, 0],
    [5, 2, 100],
    [1, 3, 100],
    [-5, 0, 500],
    [0, 1, 0],
  ])('leaves what a plain array would hold, at fill %i, depth %i, packed threshold %i', (fill, depth, packedMin) => {
    const seed = chooseSeed()
    const random = randomFrom(seed)
    const m = arena()
    quicklistSetPackedMin(m, packedMin)
    const before = arenaUsed(m)
    const list = quicklistCreate(m, fill, depth)
    let model: string[] = []
    for (let step = 0; step < 1500; step++) {
      const text = someText(random)
      const bytes = bytesOf(text)
      const index = model.length === 0 ? 0 : random.int(0, model.length - 1)
      const kind = model.length === 0 ? 0 : random.int(0, model.length > 100 ? 11 : 9)
      if (kind <= 1) {
        quicklistPushTail(m, list, bytes, 0, bytes.length)
        model.push(text)
      } else if (kind <= 3) {
        quicklistPushHead(m, list, bytes, 0, bytes.length)
        model.unshift(text)
      } else if (kind <= 6) {
        const behind = random.chance(0.5)
        const node = quicklistLocate(m, list, index)
        quicklistInsert(m, list, node, quicklistLocatedIndex(), behind, bytes, 0, bytes.length)
        model.splice(behind ? index + 1 : index, 0, text)
      } else if (kind === 7) {
        quicklistReplace(m, list, index, bytes, 0, bytes.length)
        model[index] = text
      } else if (kind === 8) {
        if (random.chance(0.5)) {
          quicklistDropHead(m, list)
          model.shift()
        } else {
          quicklistDropTail(m, list)
          model.pop()
        }
      } else if (kind <= 10) {
        const count = random.int(0, Math.min(12, model.length - index))
        quicklistDeleteRange(m, list, index, count)
        model.splice(index, count)
      } else {
        const count = random.int(0, 3)
        const fromTail = random.chance(0.5)
        const left = fromTail ? model.toReversed() : model
        let found = 0
        const kept = left.filter(other => other !== text || (count > 0 && found >= count) || found++ < 0)
        expect(quicklistDeleteMatches(m, list, bytes, 0, bytes.length, count, fromTail)).toBe(
          model.length - kept.length,
        )
        model = fromTail ? kept.toReversed() : kept
      }
      quicklistCheck(m, list)
      expect(quicklistTexts(m, list), `seed ${seed}, step ${step}`).toEqual(model)
    }
    expect(quicklistCount(m, list)).toBe(model.length)
    expect(backwards(m, list)).toEqual(model.toReversed())
    const other = arena()
    const copy = quicklistCopy(m, list, other)
    quicklistCheck(other, copy)
    expect(quicklistTexts(other, copy)).toEqual(model)
    quicklistRelease(m, list)
    expect(arenaUsed(m), 'every block came back').toBe(before)
    arenaCheck(m)
  })
})
