import { expect, test } from 'vitest'
import { arenaCreate } from '../../../src/store/arena.ts'
import { INNER } from '../../../src/store/zset/inner.ts'
import { LEAF, leafCheck, leafCreate, leafDump, leafInsert, leafMove } from '../../../src/store/zset/leaf.ts'
import { MEMBER, memberCreate } from '../../../src/store/zset/member.ts'
import { PACK, packAdd, packCheck, packCreate, packDump } from '../../../src/store/zset/pack.ts'
import { TREE } from '../../../src/store/zset/tree.ts'
import { expectLayout, layoutTables } from '../../support/layout.ts'

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('leaf, inner node and tree: the tables in the comments are the layout', () => {
  expectLayout(layoutTables('store/zset/leaf.ts')[0], LEAF)
  expectLayout(layoutTables('store/zset/inner.ts')[0], INNER)
  expectLayout(layoutTables('store/zset/tree.ts')[0], TREE)
})

test('member and pack: the tables in the comments are the layout up to what has no fixed size', () => {
  const { BYTES, ...member } = MEMBER
  expectLayout(layoutTables('store/zset/member.ts')[0], member)
  expect(BYTES).toBe(12)
  const { PAIRS, ...pack } = PACK
  expectLayout(layoutTables('store/zset/pack.ts')[0], pack)
  expect(PAIRS).toBe(8)
})

test('leaf: bytes after three pairs, and after two of them moved to another leaf', () => {
  const m = arenaCreate(64 * 2 ** 20, 1, 2)
  const leaf = leafCreate(m)
  const other = leafCreate(m)
  for (const score of [2.5, 1, 2]) {
    const at = [1, 2, 2.5].filter(below => below < score).length
    const member = memberCreate(m, score, latin1('m'), 0, 1)
    leafInsert(m, leaf, Math.min(at, m.u8[leaf * 8 + LEAF.COUNT]), score, member)
  }
  leafCheck(m, leaf)
  const head = hex(m.u8.slice(leaf * 8, leaf * 8 + 32))
  expect(head).toBe('01030000' + '00000000' + '00000000' + '00000000' + '000000000000f03f' + '0000000000000040')
  leafMove(m, leaf, 1, 2, other, 0)
  expect(leafDump(m, leaf)).toMatch(/^leaf @\d+ prev=@0 next=@0 \[1:@\d+\]$/)
  expect(leafDump(m, other)).toMatch(/\[2:@\d+ 2\.5:@\d+\]$/)
})

test('pack: bytes of scores of every width, and of a member too long for its tag', () => {
  const m = arenaCreate(64 * 2 ** 20, 1, 2)
  let pack = packCreate(m, 0)
  const add = (score: number, member: string): void => {
    const bytes = latin1(member)
    pack = packAdd(m, pack, score, bytes, 0, bytes.length)
  }
  add(1.5, 'd')
  add(-1, 'a')
  add(70000, 'c')
  add(300, 'b')
  expect(packDump(m, pack)).toMatch(/\[-1:a 1\.5:d 300:b 70000:c\]$/)
  const bytes = hex(m.u8.slice(pack * 8, pack * 8 + 8 + 3 + 10 + 4 + 6))
  expect(bytes).toBe(`04000000${'1f000000'}01ff61${'c1000000000000f83f64'}${'412c0162'}${'817011010063'}`)
  add(5, 'x'.repeat(63))
  const at = pack * 8 + 8 + 3 + 10
  expect(hex(m.u8.slice(at, at + 8))).toBe('3f3f000000057878')
  packCheck(m, pack)
})
