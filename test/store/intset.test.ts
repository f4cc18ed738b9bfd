// The intset: Redis's bytes, and random changes against a sorted list.

import { expect, test } from 'vitest'
import { arenaCheck, arenaCreate } from '../../src/store/arena.ts'
import { int64, int64Parse, int64Write } from '../../src/store/int64.ts'
import {
  INTSET,
  type IntsetRef,
  intsetBytes,
  intsetCheck,
  intsetCount,
  intsetCreate,
  intsetDump,
  intsetFind,
  intsetInsert,
  intsetIsValid,
  intsetLoad,
  intsetRemove,
  intsetWidth,
} from '../../src/store/intset.ts'
import type { Memory } from '../../src/store/memory.ts'
import { expectLayout, layoutTables } from '../support/layout.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

const makeMemory = (): Memory => arenaCreate(64 * 2 ** 20, 1, 2)
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const EDGES = ['-9223372036854775808', '-9007199254740993', '-4294967297', '-2147483649', '-2147483648', '-32769']
const MORE_EDGES = [
  '-32768',
  '-1',
  '0',
  '32767',
  '32768',
  '2147483647',
  '2147483648',
  '4294967295',
  '9223372036854775807',
]
const HALVES = ['-4294967296', '4294967296', '8589934591', '-4294967295']

function parse(text: string): { high: number; low: number } {
  const bytes = latin1(text)
  if (!int64Parse(bytes, 0, bytes.length)) throw new Error(`${text} is no int64`)
  return { ...int64 }
}

function add(m: Memory, set: IntsetRef, text: string): IntsetRef {
  const { high, low } = parse(text)
  const found = intsetFind(m, set, high, low)
  return found >= 0 ? set : intsetInsert(m, set, -1 - found, high, low)
}

function hex(m: Memory, set: IntsetRef): string {
  return Buffer.from(m.u8.slice(set * 8, set * 8 + intsetBytes(m, set))).toString('hex')
}

test('an int64 is read into halves and written back', () => {
  for (const text of [...EDGES, ...MORE_EDGES, ...HALVES]) {
    const { high, low } = parse(text)
    expect((BigInt(high) << 32n) + BigInt(low)).toBe(BigInt(text))
    const bytes = new Uint8Array(24)
    const length = int64Write(bytes, 0, high, low)
    expect(Buffer.from(bytes.subarray(0, length)).toString()).toBe(text)
  }
  for (const text of ['', '01', '+1', '-0', '9223372036854775808', '1.0', 'x']) {
    expect(int64Parse(latin1(text), 0, text.length)).toBe(false)
  }
})

test('the table in the comment is the layout', () => {
  const { MEMBERS, ...head } = INTSET
  expectLayout(layoutTables('store/intset.ts')[0], head)
  expect(MEMBERS).toBe(8)
})

test('an intset has the bytes that Redis gives it, and widens for a member that needs it', () => {
  const m = makeMemory()
  let set = intsetCreate(m)
  for (const text of ['5', '-1', '3']) set = add(m, set, text)
  expect(hex(m, set)).toBe('0200000003000000ffff03000500')
  set = add(m, set, '65536')
  expect(hex(m, set)).toBe('0400000004000000ffffffff030000000500000000000100')
  set = add(m, set, '-4294967296')
  expect(hex(m, set)).toBe(
    '0800000005000000' +
      '00000000ffffffff' +
      'ffffffffffffffff' +
      '0300000000000000' +
      '0500000000000000' +
      '0000010000000000',
  )
  const { high, low } = parse('-4294967296')
  set = intsetRemove(m, set, intsetFind(m, set, high, low))
  expect(intsetWidth(m, set)).toBe(8)
  expect(intsetDump(m, set)).toBe('intset width=8 [-1 3 5 65536]')
})

test('random changes leave what a sorted list would hold', () => {
  const random = randomFrom(chooseSeed())
  const m = makeMemory()
  for (let round = 0; round < 30; round++) {
    let set = intsetCreate(m)
    const model = new Set<bigint>()
    const edges = random.pick([['7'], MORE_EDGES.slice(0, 5), [...EDGES, ...MORE_EDGES, ...HALVES]])
    for (let step = 0; step < 200; step++) {
      const text = random.chance(0.4) ? random.pick(edges) : String(random.int(-50, 50))
      const { high, low } = parse(text)
      const found = intsetFind(m, set, high, low)
      expect(found >= 0, `seed ${random.seed}: ${text} is found`).toBe(model.has(BigInt(text)))
      if (found < 0) {
        set = intsetInsert(m, set, -1 - found, high, low)
        model.add(BigInt(text))
      } else if (random.chance(0.6)) {
        set = intsetRemove(m, set, found)
        model.delete(BigInt(text))
      }
      intsetCheck(m, set)
    }
    const sorted = [...model].sort((a, b) => (a < b ? -1 : 1)).join(' ')
    expect(intsetDump(m, set), `seed ${random.seed}`).toBe(`intset width=${intsetWidth(m, set)} [${sorted}]`)
    expect(intsetCount(m, set)).toBe(model.size)
  }
  arenaCheck(m)
})

test('bytes from outside are an intset only if sizes fit and members ascend', () => {
  const valid = '0200000003000000ffff03000500'
  const isValid = (text: string): boolean => intsetIsValid(Buffer.from(text, 'hex'), 0, text.length / 2)
  expect(isValid(valid)).toBe(true)
  expect(isValid('0300000003000000ffff03000500')).toBe(false)
  expect(isValid('0200000002000000ffff03000500')).toBe(false)
  expect(isValid('0200000003000000ffff05000500')).toBe(false)
  expect(isValid('020000000300000003000200ffff')).toBe(false)
  expect(isValid('0200000000000000')).toBe(false)
  expect(isValid('02000000')).toBe(false)
  expect(isValid('02000000ffffffffffff03000500')).toBe(false)
  const m = makeMemory()
  const set = intsetLoad(m, Buffer.from(valid, 'hex'), 0, valid.length / 2)
  expect(intsetDump(m, set)).toBe('intset width=2 [-1 3 5]')
})
