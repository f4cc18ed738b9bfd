// The time heap against a sorted list.

import { expect, test } from 'vitest'
import { allocateZeroed, arenaCheck, arenaCreate, arenaUsed, release } from '../../src/store/arena.ts'
import {
  heapAdd,
  heapCheck,
  heapClear,
  heapCount,
  heapCreate,
  heapDump,
  heapFirst,
  heapGeneration,
  heapMoved,
  heapRelease,
  heapRemove,
  heapReplace,
  TIME_HEAP,
  TIMED,
  timeOf,
} from '../../src/store/time-heap.ts'
import { expectLayout, layoutTables } from '../support/layout.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

test('the tables in the comment are the layout', () => {
  const [record, heap] = layoutTables('store/time-heap.ts')
  expectLayout(record, TIMED, 4)
  expectLayout(heap, TIME_HEAP)
})

test('random additions, removals and moves keep the earliest first', () => {
  const random = randomFrom(chooseSeed())
  const m = arenaCreate(64 * 2 ** 20, 1, 2)
  const before = arenaUsed(m)
  const heap = heapCreate(m)
  const records: number[] = []
  const make = (time: number): number => {
    const record = allocateZeroed(m, 16)
    m.f64[record + TIMED.TIME / 8] = time
    return record
  }
  for (let step = 0; step < 5000; step++) {
    const way = random.fraction()
    const i = random.int(0, records.length - 1)
    if (records.length === 0 || way < (step % 1000 < 600 ? 0.6 : 0.2)) {
      const record = make(random.int(0, 300))
      heapAdd(m, heap, record)
      records.push(record)
    } else if (way < 0.75) {
      heapRemove(m, heap, records[i])
      release(m, records[i])
      records.splice(i, 1)
    } else if (way < 0.9) {
      m.f64[records[i] + TIMED.TIME / 8] = random.int(0, 300)
      heapMoved(m, heap, records[i])
    } else {
      const replacement = make(timeOf(m, records[i]))
      m.u32[replacement * 2 + TIMED.POSITION / 4] = m.u32[records[i] * 2 + TIMED.POSITION / 4]
      heapReplace(m, heap, replacement)
      release(m, records[i])
      records[i] = replacement
    }
    if (step % 10 === 0) heapCheck(m, heap)
    const first = heapFirst(m, heap)
    const earliest = Math.min(...records.map(record => timeOf(m, record)))
    expect(first === 0 ? Number.POSITIVE_INFINITY : timeOf(m, first), `seed ${random.seed}`).toBe(earliest)
    expect(heapCount(m, heap)).toBe(records.length)
  }
  heapRelease(m, heap)
  for (const record of records) release(m, record)
  expect(arenaUsed(m)).toBe(before)
  arenaCheck(m)
})

test('clearing forgets all records and begins another generation', () => {
  const m = arenaCreate(64 * 2 ** 20, 1, 2)
  const heap = heapCreate(m)
  for (const time of [5, 3, 9]) {
    const record = allocateZeroed(m, 16)
    m.f64[record + TIMED.TIME / 8] = time
    heapAdd(m, heap, record)
  }
  expect(heapDump(m, heap)).toBe('heap [3 5 9]')
  const generation = heapGeneration(m, heap)
  heapClear(m, heap)
  expect(heapFirst(m, heap)).toBe(0)
  expect(heapGeneration(m, heap)).not.toBe(generation)
})
