// Which entries the snapshot being taken has yet to save.
//
// Every entry has a side, one bit, and so has the keyspace. Between snapshots all entries are on the keyspace's side. A
// snapshot begins by turning the keyspace over: every entry is unsaved then, and whoever saves one, or makes one, puts
// it on the keyspace's side. So nothing is touched beforehand, and the question costs one comparison.
//
// An entry's place in the snapshot is the database it was in at the beginning: databases keep that number (ORIGIN) when they
// are exchanged. A table that is flushed meanwhile is detached: it waits here for the walk, and is buried after it.
//
// A detached table:
//
//   OFFSET  SIZE  FIELD   MEANING
//        0     1  KIND    1
//        1     3  -       zero
//        4     4  NEXT    ref of the next one, 0 = none
//        8     4  TABLE   dict of entries that nobody else looks into
//       12     4  ORIGIN  the database that it was
//       16     4  COUNT   entries in it
//       20

import { allocateZeroed, release } from './arena.ts'
import type { DictRef } from './dict.ts'
import { ENTRY_FLAG, type EntryRef } from './entry.ts'
import { buryTable } from './graveyard.ts'
import { DATABASE, type DatabaseRef, keyspaceDatabase, keyspaceDatabases, keyspaceRoot, ROOT } from './keyspace.ts'
import type { Memory, Ref } from './memory.ts'

export const DETACHED = { KIND: 0, NEXT: 4, TABLE: 8, ORIGIN: 12, COUNT: 16, SIZE: 20 } as const
const KIND = 1

export type DetachedRef = Ref<'detached table'>

/** The side's bit, where an entry's header and the keyspace's EPOCH have it. */
const SIDE_BIT = ENTRY_FLAG.SIDE << 8
const ACTIVE_BIT = 1

const epochWord = (m: Memory): number => keyspaceRoot(m) * 2 + ROOT.EPOCH / 4

/** Whether the snapshot being taken has yet to save the entry. Never so between snapshots. */
export const entryIsUnsaved = (m: Memory, entry: EntryRef): boolean =>
  ((m.u32[entry * 2] ^ m.u32[epochWord(m)]) & SIDE_BIT) !== 0

/** The entry is new, or has been saved. */
export function entryMarkSaved(m: Memory, entry: EntryRef): void {
  const header = m.u32[entry * 2]
  m.u32[entry * 2] = header ^ ((header ^ m.u32[epochWord(m)]) & SIDE_BIT)
}

/** Whether a snapshot of this keyspace is being taken. */
export const epochIsActive = (m: Memory): boolean => (m.u32[epochWord(m)] & ACTIVE_BIT) !== 0

/** Begins a snapshot: all entries are unsaved now. The last one has ended. */
export function epochBegin(m: Memory): void {
  m.u32[epochWord(m)] = (m.u32[epochWord(m)] ^ SIDE_BIT) | ACTIVE_BIT
  // The hidden ones as well: they may be exchanged with the others meanwhile.
  for (let i = 0; i < 2 * keyspaceDatabases(m); i++) m.u32[keyspaceDatabase(m, i) * 2 + DATABASE.ORIGIN / 4] = i
}

/** Ends a snapshot: all entries are saved. */
export function epochEnd(m: Memory): void {
  m.u32[epochWord(m)] &= ~ACTIVE_BIT
}

/** The index that a database had when the snapshot began. */
export const databaseOrigin = (m: Memory, database: DatabaseRef): number => m.u32[database * 2 + DATABASE.ORIGIN / 4]

/** Keeps a flushed table until the snapshot has walked it. */
export function detach(m: Memory, table: DictRef, origin: number, count: number): void {
  const detached = allocateZeroed(m, DETACHED.SIZE)
  const list = keyspaceRoot(m) * 2 + ROOT.DETACHED / 4
  m.u32[detached * 2] = KIND
  m.u32[detached * 2 + DETACHED.NEXT / 4] = m.u32[list]
  m.u32[detached * 2 + DETACHED.TABLE / 4] = table
  m.u32[detached * 2 + DETACHED.ORIGIN / 4] = origin
  m.u32[detached * 2 + DETACHED.COUNT / 4] = count
  m.u32[list] = detached
}

/** The detached table to walk next, 0 if there is none. Later ones come before it. */
export const detachedFirst = (m: Memory): DetachedRef | 0 =>
  m.u32[keyspaceRoot(m) * 2 + ROOT.DETACHED / 4] as DetachedRef | 0
export const detachedTable = (m: Memory, detached: DetachedRef): DictRef =>
  m.u32[detached * 2 + DETACHED.TABLE / 4] as DictRef
export const detachedOrigin = (m: Memory, detached: DetachedRef): number => m.u32[detached * 2 + DETACHED.ORIGIN / 4]

/** Buries a detached table, all of which has been saved. */
export function detachedBury(m: Memory, detached: DetachedRef): void {
  let link = keyspaceRoot(m) * 2 + ROOT.DETACHED / 4
  while (m.u32[link] !== detached) link = m.u32[link] * 2 + DETACHED.NEXT / 4
  m.u32[link] = m.u32[detached * 2 + DETACHED.NEXT / 4]
  buryTable(m, detachedTable(m, detached), m.u32[detached * 2 + DETACHED.COUNT / 4])
  release(m, detached)
}
