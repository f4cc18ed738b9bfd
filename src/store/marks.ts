// Marks: keys of a shard that somebody has an eye on, whether they exist or not. WATCH remembers a mark's version and
// EXEC compares it (watches.ts); clients that block queue up at a mark (waiters.ts).
//
// Everything a shard knows about its marks begins in one record, made when the first is needed:
//
//   OFFSET  SIZE  FIELD    MEANING
//        0     4  WATCHES  dict of watches, by client id
//        4     4  WAITERS  dict of waiters, by ticket
//        8     4  FAR      waiters that another shard's lock is needed for to serve them; see FAR_OF
//       12     4  MARKED   ref of the table of the databases' dicts of marks: u32 a database, 0 = none
//       16   512  FAR_OF   u32 a shard: how many of the FAR waiters need that one
//      528
//
// A mark, an item (item.ts):
//
//   OFFSET  SIZE  FIELD     MEANING
//        0     4  -         KIND 10, FLAGS, KEY_LENGTH as in item.ts
//        4     4  VERSION   counts changes of the key since the mark was made
//        8     4  WATCHERS  watches of the key
//       12     4  FIRST     the first place in the queue of waiters, 0 = none
//       16     4  LAST      the last one
//       20     2  DB
//       22     2  READY     1 while the engine's list of ready keys names it
//       24                  the key
//
// ROOT.MARKS counts marks: as long as it is 0, a change of a key looks no further. A mark that nobody has an eye on any
// more is gone at once, and one that has is never made anew, so its version tells whether the key was touched since.

import { assert } from '../bytes/assert.ts'
import { allocate, allocateZeroed, release } from './arena.ts'
import { type DictRef, dictAdd, dictCreate, dictFind, dictRemoveItem } from './dict.ts'
import { DictWalk } from './dict-walk.ts'
import { itemHash, itemKeyAt, itemKeyLength, itemWrite, keyBytes, keyHash } from './item.ts'
import { keyspaceDatabases, keyspaceRoot, ROOT } from './keyspace.ts'
import type { Memory, Ref } from './memory.ts'

export type MarkingRef = Ref<'marking'>
export type MarkRef = Ref<'mark'>
export type PlaceRef = Ref<'waiting place'>

export const MARKING = { WATCHES: 0, WAITERS: 4, FAR: 8, MARKED: 12, FAR_OF: 16, SIZE: 528 } as const
export const MARK = { VERSION: 4, WATCHERS: 8, FIRST: 12, LAST: 16, DB: 20, READY: 22, KEY: 24 } as const
const SHARDS_MAX = (MARKING.SIZE - MARKING.FAR_OF) / 4
const MARK_KIND = 10

/** Whether any key of the shard is marked. */
export const hasMarks = (m: Memory): boolean => m.u32[keyspaceRoot(m) * 2 + ROOT.MARKS / 4] !== 0

/** The shard's record about marks, 0 if it never had any. */
export const markingOf = (m: Memory): MarkingRef | 0 => m.u32[keyspaceRoot(m) * 2 + ROOT.MARKING / 4] as MarkingRef | 0

/** The same, made if it is not there. */
export function markingMake(m: Memory): MarkingRef {
  const found = markingOf(m)
  if (found !== 0) return found
  const marking = allocateZeroed(m, MARKING.SIZE) as MarkingRef
  const watches = dictCreate(m)
  const waiters = dictCreate(m)
  const marked = allocateZeroed(m, 4 * keyspaceDatabases(m))
  m.u32[marking * 2] = watches
  m.u32[marking * 2 + MARKING.WAITERS / 4] = waiters
  m.u32[marking * 2 + MARKING.MARKED / 4] = marked
  m.u32[keyspaceRoot(m) * 2 + ROOT.MARKING / 4] = marking
  return marking
}

export const markingWatches = (m: Memory, marking: MarkingRef): DictRef => m.u32[marking * 2] as DictRef
export const markingWaiters = (m: Memory, marking: MarkingRef): DictRef =>
  m.u32[marking * 2 + MARKING.WAITERS / 4] as DictRef
const markedWord = (m: Memory, marking: MarkingRef, db: number): number =>
  m.u32[marking * 2 + MARKING.MARKED / 4] * 2 + db

export const markVersion = (m: Memory, mark: MarkRef): number => m.u32[mark * 2 + MARK.VERSION / 4]
const markWatchers = (m: Memory, mark: MarkRef): number => m.u32[mark * 2 + MARK.WATCHERS / 4]
export const markFirst = (m: Memory, mark: MarkRef): PlaceRef | 0 => m.u32[mark * 2 + MARK.FIRST / 4] as PlaceRef | 0
export const markDb = (m: Memory, mark: MarkRef): number => m.u32[mark * 2 + MARK.DB / 4] & 0xffff
export const markIsReady = (m: Memory, mark: MarkRef): boolean => m.u32[mark * 2 + MARK.DB / 4] >>> 16 !== 0

/** Notes whether the mark is on the list of those to be served. */
export function markSetReady(m: Memory, mark: MarkRef, ready: boolean): void {
  m.u32[mark * 2 + MARK.DB / 4] = markDb(m, mark) | (ready ? 0x10000 : 0)
}

/** The mark of a key, 0 if it has none. */
export function markFind(m: Memory, db: number, key: Uint8Array, at: number, length: number): MarkRef | 0 {
  const marking = markingOf(m)
  if (marking === 0) return 0
  const dict = m.u32[markedWord(m, marking, db)] as DictRef | 0
  return dict === 0 ? 0 : (dictFind(m, dict, keyHash(m, key, at, length), key, at, length) as number as MarkRef | 0)
}

/** The mark of a key, made if it has none. Whoever asks counts itself among those who have an eye on it. */
export function markMake(m: Memory, db: number, key: Uint8Array, at: number, length: number): MarkRef {
  const found = markFind(m, db, key, at, length)
  if (found !== 0) return found
  const marking = markingMake(m)
  if (m.u32[markedWord(m, marking, db)] === 0) {
    const dict = dictCreate(m)
    m.u32[markedWord(m, marking, db)] = dict
  }
  const mark = allocate(m, MARK.KEY + keyBytes(length)) as MarkRef
  itemWrite(m, mark, MARK_KIND, 0, MARK.KEY, key, at, length)
  m.u32.fill(0, mark * 2 + MARK.VERSION / 4, mark * 2 + MARK.DB / 4)
  m.u32[mark * 2 + MARK.DB / 4] = db
  dictAdd(m, m.u32[markedWord(m, marking, db)] as DictRef, itemHash(m, mark), mark)
  m.u32[keyspaceRoot(m) * 2 + ROOT.MARKS / 4]++
  return mark
}

/** Drops a mark that nobody has an eye on any more. One that is listed as ready goes when it has been looked at. */
export function markRelease(m: Memory, mark: MarkRef): void {
  if (markWatchers(m, mark) > 0 || markFirst(m, mark) !== 0 || markIsReady(m, mark)) return
  const marking = markingOf(m) as MarkingRef
  dictRemoveItem(m, m.u32[markedWord(m, marking, markDb(m, mark))] as DictRef, itemHash(m, mark), mark)
  release(m, mark)
  m.u32[keyspaceRoot(m) * 2 + ROOT.MARKS / 4]--
}

/** The key has changed: whoever watches it will see. */
export function markTouch(m: Memory, mark: MarkRef): void {
  m.u32[mark * 2 + MARK.VERSION / 4]++
}

const walk = new DictWalk()

/** Calls `visit` with every mark of a database; it may touch marks and list them as ready, nothing else. */
export function marksEach(m: Memory, db: number, visit: (mark: MarkRef) => void): void {
  const marking = markingOf(m)
  if (marking === 0) return
  const dict = m.u32[markedWord(m, marking, db)] as DictRef | 0
  if (dict === 0) return
  walk.start(m, dict)
  for (let mark = walk.next(); mark !== 0; mark = walk.next()) visit(mark as number as MarkRef)
}

/** Adds to the count of waiters that need the lock of shard `index` besides this one. */
export function farAdd(m: Memory, index: number, amount: number): void {
  assert(index < SHARDS_MAX, 'the table has a place for every shard')
  const marking = markingOf(m) as MarkingRef
  m.u32[marking * 2 + MARKING.FAR / 4] += amount
  m.u32[marking * 2 + MARKING.FAR_OF / 4 + index] += amount
}

/** Whether serving the shard's waiters may take locks of other shards: then a write must hold those from its start. */
export function hasFarWaiters(m: Memory): boolean {
  if (!hasMarks(m)) return false
  const marking = markingOf(m)
  return marking !== 0 && m.u32[marking * 2 + MARKING.FAR / 4] !== 0
}

/** Whether a waiter of this shard needs the lock of shard `index`. */
export const needsFar = (m: Memory, index: number): boolean =>
  m.u32[(markingOf(m) as MarkingRef) * 2 + MARKING.FAR_OF / 4 + index] !== 0

/** One line about a mark, for tests. */
export function markDump(m: Memory, mark: MarkRef): string {
  const key = Buffer.from(m.u8.slice(itemKeyAt(m, mark), itemKeyAt(m, mark) + itemKeyLength(m, mark))).toString(
    'latin1',
  )
  return `mark ${markDb(m, mark)}:${key} version=${markVersion(m, mark)} watchers=${markWatchers(m, mark)}`
}
