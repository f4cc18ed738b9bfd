// A heap of records ordered by time: the earliest is known at once, any can be taken out or moved in O(log n).
//
// It serves hash fields that expire and, in each database, the hashes that have such fields. A record in a heap has
//
//   OFFSET  SIZE  FIELD       MEANING
//        4     4  POSITION    where the heap holds it; the heap writes it
//        8     8  TIME        f64, Unix ms; its owner writes it
//
// The heap:
//
//   OFFSET  SIZE  FIELD       MEANING
//        0     4  RECORDS     ref of a block of refs, the earliest first; 0 while there never was one
//        4     4  COUNT       records
//        8     4  GENERATION  goes up when the heap is cleared; a record that remembers an older one is in no heap
//       12     4  -           zero
//       16
//
// Always: a record is no earlier than its parent, that at (position - 1) >> 1.

import { assert } from '../bytes/assert.ts'
import { allocate, allocateZeroed, blockRoom, reallocate, release } from './arena.ts'
import type { Memory, Ref } from './memory.ts'

export type TimeHeapRef = Ref<'time heap'>

export const TIME_HEAP = { RECORDS: 0, COUNT: 4, GENERATION: 8, SIZE: 16 } as const
export const TIMED = { POSITION: 4, TIME: 8 } as const

const RECORDS_MIN = 2
const POSITION_WORD = TIMED.POSITION / 4

export const heapCreate = (m: Memory): TimeHeapRef => allocateZeroed(m, TIME_HEAP.SIZE) as TimeHeapRef

/** Frees the heap; its records are the caller's. */
export function heapRelease(m: Memory, heap: TimeHeapRef): void {
  const records = m.u32[heap * 2]
  if (records !== 0) release(m, records)
  release(m, heap)
}

export const heapCount = (m: Memory, heap: TimeHeapRef): number => m.u32[heap * 2 + TIME_HEAP.COUNT / 4]
export const heapGeneration = (m: Memory, heap: TimeHeapRef): number => m.u32[heap * 2 + TIME_HEAP.GENERATION / 4]
export const timeOf = (m: Memory, record: number): number => m.f64[record + TIMED.TIME / 8]

/** The record with the earliest time, 0 if there is none. */
export const heapFirst = (m: Memory, heap: TimeHeapRef): number =>
  heapCount(m, heap) === 0 ? 0 : m.u32[m.u32[heap * 2] * 2]

/** Forgets all records at once, without touching them. */
export function heapClear(m: Memory, heap: TimeHeapRef): void {
  const records = m.u32[heap * 2]
  if (records !== 0) release(m, records)
  m.u32[heap * 2] = 0
  m.u32[heap * 2 + TIME_HEAP.COUNT / 4] = 0
  m.u32[heap * 2 + TIME_HEAP.GENERATION / 4]++
}

/** Makes room for `count` records in all. */
export function heapReserve(m: Memory, heap: TimeHeapRef, count: number): void {
  const records = m.u32[heap * 2]
  if (records === 0) {
    const made = allocate(m, 4 * Math.max(count, RECORDS_MIN))
    m.u32[heap * 2] = made
  } else if (blockRoom(m, records) < 4 * count) {
    const room = Math.max(count, heapCount(m, heap) * 2)
    const grown = reallocate(m, records, 4 * heapCount(m, heap), 4 * room)
    m.u32[heap * 2] = grown
  }
}

/** Adds a record, which says itself when its time is. */
export function heapAdd(m: Memory, heap: TimeHeapRef, record: number): void {
  const count = heapCount(m, heap)
  heapReserve(m, heap, count + 1)
  m.u32[heap * 2 + TIME_HEAP.COUNT / 4] = count + 1
  siftUp(m, m.u32[heap * 2], count, record)
}

/** Takes a record out, which must be there. */
export function heapRemove(m: Memory, heap: TimeHeapRef, record: number): void {
  const records = m.u32[heap * 2]
  const position = m.u32[record * 2 + POSITION_WORD]
  const count = heapCount(m, heap) - 1
  assert(position <= count && m.u32[records * 2 + position] === record, 'the record to remove is in the heap')
  m.u32[heap * 2 + TIME_HEAP.COUNT / 4] = count
  if (position < count) settle(m, records, count, position, m.u32[records * 2 + count])
  if (count >= RECORDS_MIN * 4 && blockRoom(m, records) > 16 * count) {
    const shrunk = reallocate(m, records, 4 * count, 8 * count)
    m.u32[heap * 2] = shrunk
  }
}

/** Puts a record whose time has changed where it belongs. */
export function heapMoved(m: Memory, heap: TimeHeapRef, record: number): void {
  settle(m, m.u32[heap * 2], heapCount(m, heap), m.u32[record * 2 + POSITION_WORD], record)
}

/** Puts a record with the same time in the place of another, from which it has the POSITION. */
export function heapReplace(m: Memory, heap: TimeHeapRef, replacement: number): void {
  m.u32[m.u32[heap * 2] * 2 + m.u32[replacement * 2 + POSITION_WORD]] = replacement
}

function settle(m: Memory, records: number, count: number, position: number, record: number): void {
  const parent = m.u32[records * 2 + ((position - 1) >> 1)]
  if (position > 0 && timeOf(m, record) < timeOf(m, parent)) siftUp(m, records, position, record)
  else siftDown(m, records, count, position, record)
}

function siftUp(m: Memory, records: number, position: number, record: number): void {
  const time = timeOf(m, record)
  while (position > 0) {
    const above = (position - 1) >> 1
    const parent = m.u32[records * 2 + above]
    if (timeOf(m, parent) <= time) break
    place(m, records, position, parent)
    position = above
  }
  place(m, records, position, record)
}

function siftDown(m: Memory, records: number, count: number, position: number, record: number): void {
  const time = timeOf(m, record)
  for (;;) {
    let below = 2 * position + 1
    if (below >= count) break
    const u32 = m.u32
    if (below + 1 < count && timeOf(m, u32[records * 2 + below + 1]) < timeOf(m, u32[records * 2 + below])) below++
    const child = u32[records * 2 + below]
    if (time <= timeOf(m, child)) break
    place(m, records, position, child)
    position = below
  }
  place(m, records, position, record)
}

function place(m: Memory, records: number, position: number, record: number): void {
  m.u32[records * 2 + position] = record
  m.u32[record * 2 + POSITION_WORD] = position
}

/** Walks every invariant. For tests and DEBUG. */
export function heapCheck(m: Memory, heap: TimeHeapRef): void {
  const records = m.u32[heap * 2]
  for (let i = 0; i < heapCount(m, heap); i++) {
    const record = m.u32[records * 2 + i]
    assert(m.u32[record * 2 + POSITION_WORD] === i, 'a record knows its place in the heap')
    if (i > 0) assert(timeOf(m, m.u32[records * 2 + ((i - 1) >> 1)]) <= timeOf(m, record), 'no parent is later')
  }
}

/** Times in heap order, for tests and DEBUG. */
export function heapDump(m: Memory, heap: TimeHeapRef): string {
  const times: number[] = []
  for (let i = 0; i < heapCount(m, heap); i++) times.push(timeOf(m, m.u32[m.u32[heap * 2] * 2 + i]))
  return `heap [${times.join(' ')}]`
}
