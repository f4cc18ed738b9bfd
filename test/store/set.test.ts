// Sets, small and large, against a plain Set; every invariant is checked as they change.

import { expect, test } from 'vitest'
import { arenaCheck, arenaCreate, arenaUsed } from '../../src/store/arena.ts'
import {
  ENCODING,
  type EntryRef,
  entryCreate,
  entryEncoding,
  entryRelease,
  entrySetValue,
  TYPE,
} from '../../src/store/entry.ts'
import { ITEM } from '../../src/store/item.ts'
import type { Memory } from '../../src/store/memory.ts'
import { RefSet } from '../../src/store/ref-set.ts'
import {
  SetWalk,
  setAdd,
  setCheck,
  setCount,
  setDump,
  setEncodingFor,
  setHas,
  setRandom,
  setRemove,
  setToTable,
  setValueFor,
} from '../../src/store/set.ts'
import { SetMember } from '../../src/store/set-member.ts'
import { valueBytes, valueCopy, valueRelease, valueReleaseStep } from '../../src/store/value.ts'
import { expectLayout, layoutTables } from '../support/layout.ts'
import { chooseSeed, type Random, randomFrom } from '../support/random.ts'

const INTSET_MAX = 16
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const makeMemory = (): Memory => arenaCreate(256 * 2 ** 20, 1, 2)

function memberOf(text: string): SetMember {
  const member = new SetMember()
  const bytes = latin1(text)
  member.set(bytes, 0, bytes.length)
  return member
}

/** An empty set whose first member is to be `first`, in no table. */
function create(m: Memory, first: string): EntryRef {
  const member = memberOf(first)
  const value = setValueFor(m, member)
  const entry = entryCreate(m, TYPE.SET, setEncodingFor(member), 0, 0, -1, latin1('k'), 0, 1)
  entrySetValue(m, entry, value)
  return entry
}

function makeSet(m: Memory, members: readonly string[]): EntryRef {
  const entry = create(m, members[0])
  for (const text of members) setAdd(m, entry, memberOf(text), INTSET_MAX)
  return entry
}

function contents(m: Memory, entry: EntryRef): string[] {
  const walk = new SetWalk()
  const members: string[] = []
  walk.start(m, entry)
  while (walk.next()) {
    const { bytes, at, length } = walk.member
    members.push(Buffer.from(bytes.slice(at, at + length)).toString('latin1'))
  }
  return members
}

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `member:${i}`)

test('the table in the comment is the layout of an item', () => {
  expectLayout(layoutTables('store/set.ts')[0], ITEM)
})

test('a set of integers is an intset, in order, until one is none or they are too many', () => {
  const m = makeMemory()
  const entry = makeSet(m, ['3', '-7', '9223372036854775807', '0'])
  expect(setDump(m, entry)).toBe('intset [-7 0 3 9223372036854775807]')
  setAdd(m, entry, memberOf('03'), INTSET_MAX)
  expect(entryEncoding(m, entry)).toBe(ENCODING.HASHTABLE)
  expect(contents(m, entry).sort()).toEqual(['-7', '0', '03', '3', '9223372036854775807'])

  const many = makeSet(
    m,
    Array.from({ length: INTSET_MAX }, (_, i) => String(i)),
  )
  expect(entryEncoding(m, many)).toBe(ENCODING.INTSET)
  setAdd(m, many, memberOf('16'), INTSET_MAX)
  expect(entryEncoding(m, many)).toBe(ENCODING.HASHTABLE)
  expect(setCount(m, many)).toBe(INTSET_MAX + 1)
})

const someMember = (random: Random, space: number): string => {
  const i = random.int(0, space)
  return random.chance(0.5) ? String(i - 20) : `m${i}`.padEnd(random.chance(0.02) ? 70_000 : 0, 'x')
}

test('random changes leave what a plain set would hold', () => {
  const random = randomFrom(chooseSeed())
  const m = makeMemory()
  const empty = arenaUsed(m)
  for (const [space, steps] of [
    [10, 300],
    [100, 1000],
    [2000, 8000],
  ]) {
    const entry = makeSet(m, ['1'])
    const model = new Set(['1'])
    for (let step = 0; step < steps; step++) {
      const text = random.chance(space > 50 ? 0.9 : 0.3) ? someMember(random, space) : String(random.int(-9, 9))
      const label = `seed ${random.seed}, ${text.slice(0, 20)}`
      const member = memberOf(text)
      expect(setHas(m, entry, member), label).toBe(model.has(text))
      if (random.chance(step < steps / 2 ? 0.7 : 0.4) || model.size === 1) {
        expect(setAdd(m, entry, member, INTSET_MAX), label).toBe(!model.has(text))
        model.add(text)
      } else if (model.size > 1) {
        expect(setRemove(m, entry, member), label).toBe(model.delete(text))
      }
      if (step % 50 === 0) setCheck(m, entry)
    }
    setCheck(m, entry)
    expect(contents(m, entry).sort(), `seed ${random.seed}`).toEqual([...model].sort())
    valueRelease(m, entry)
    entryRelease(m, entry)
  }
  expect(arenaUsed(m)).toBe(empty)
  arenaCheck(m)
})

test('a copy in another arena is the same set, and freeing either in steps gives all memory back', () => {
  const from = makeMemory()
  const to = arenaCreate(64 * 2 ** 20, 1, 2)
  const before = arenaUsed(to)
  for (const members of [['1', '5', '-3'], names(3000)]) {
    const entry = makeSet(from, members)
    const copy = entryCreate(to, TYPE.SET, entryEncoding(from, entry), 0, 0, -1, latin1('copy'), 0, 4)
    valueCopy(from, entry, to, copy)
    setCheck(to, copy)
    expect(contents(to, copy).sort()).toEqual(contents(from, entry).sort())
    expect(valueBytes(to, copy, 0)).toBeGreaterThan(members.length * 2)
    let steps = 1
    while (!valueReleaseStep(to, copy, 100)) steps++
    entryRelease(to, copy)
    expect(steps).toBeGreaterThan(members.length < 100 ? 0 : 20)
    expect(arenaUsed(to)).toBe(before)
  }
  arenaCheck(to)
})

test('every member is drawn about as often as any other', () => {
  const m = makeMemory()
  for (const members of [Array.from({ length: 10 }, (_, i) => String(i)), names(100)]) {
    const entry = makeSet(m, members)
    const drawn = new Map(members.map(text => [text, 0]))
    const member = new SetMember()
    const draws = 400 * members.length
    for (let i = 0; i < draws; i++) {
      setRandom(m, entry, member)
      const text = Buffer.from(member.bytes.slice(member.at, member.at + member.length)).toString('latin1')
      drawn.set(text, (drawn.get(text) ?? Number.NaN) + 1)
    }
    // Chi-square over n - 1 degrees of freedom: mean n - 1, deviation sqrt(2n); eight deviations never happen.
    let chiSquare = 0
    for (const count of drawn.values()) chiSquare += (count - 400) ** 2 / 400
    expect(chiSquare).toBeLessThan(members.length + 8 * Math.sqrt(2 * members.length))
  }
})

test('an intset made a table for more to come keeps its members', () => {
  const m = makeMemory()
  const entry = makeSet(m, ['1', '2'])
  setToTable(m, entry, 1000)
  setCheck(m, entry)
  expect(contents(m, entry).sort()).toEqual(['1', '2'])
})

test('a set of refs takes each once, and starts anew', () => {
  const refs = new RefSet()
  const seen = new Set<number>()
  const random = randomFrom(chooseSeed())
  for (let round = 0; round < 3; round++) {
    refs.start(1000)
    seen.clear()
    for (let i = 0; i < 1000; i++) {
      const ref = random.int(1, 500) * 2 ** random.int(0, 20)
      expect(refs.add(ref), `seed ${random.seed}`).toBe(!seen.has(ref))
      seen.add(ref)
    }
  }
})
