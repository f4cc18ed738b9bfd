// Values on their way out: large ones are unlinked at once and freed in steps, so that nobody waits for it.
//
// A grave:
//
//   OFFSET  SIZE  FIELD   MEANING
//        0     1  KIND    1
//        1     3  -       zero
//        4     4  NEXT    ref of the next grave, 0 = none
//        8     4  ENTRY   ref of an entry that is in no table any more, 0 = none
//       12     4  TABLE   ref of a dict of entries (a flushed database), 0 = none
//       16

import { allocateZeroed, release } from './arena.ts'
import { type DictRef, dictDrain, dictRelease } from './dict.ts'
import { type EntryRef, entryRelease } from './entry.ts'
import { keyspaceRoot, ROOT, rootAdd } from './keyspace.ts'
import type { Memory } from './memory.ts'
import { RefList } from './ref-list.ts'
import { valueEffort, valueRelease, valueReleaseStep } from './value.ts'

const GRAVE = { KIND: 0, NEXT: 4, ENTRY: 8, TABLE: 12, SIZE: 16 } as const
const KIND = 1

/** A value of more elements than this is freed in steps where the caller may choose (as in Redis's lazyfree). */
export const LAZY_EFFORT = 64

const drained = new RefList()

/** Takes an entry that was just unlinked; its memory returns in later steps. */
export function bury(m: Memory, entry: EntryRef): void {
  dig(m, GRAVE.ENTRY, entry)
  rootAdd(m, ROOT.GRAVE_COUNT, 1)
}

/** Takes a table of `count` entries that nobody looks into any more. */
export function buryTable(m: Memory, table: DictRef, count: number): void {
  dig(m, GRAVE.TABLE, table)
  rootAdd(m, ROOT.GRAVE_COUNT, count)
}

function dig(m: Memory, field: number, ref: number): void {
  const grave = allocateZeroed(m, GRAVE.SIZE)
  const list = keyspaceRoot(m) * 2 + ROOT.GRAVES / 4
  m.u32[grave * 2] = KIND
  m.u32[grave * 2 + GRAVE.NEXT / 4] = m.u32[list]
  m.u32[grave * 2 + field / 4] = ref
  m.u32[list] = grave
}

/** Frees about `budget` elements. Returns whether anything is left to free. */
export function graveyardStep(m: Memory, budget: number): boolean {
  for (let left = budget; left > 0; ) {
    const grave = m.u32[keyspaceRoot(m) * 2 + ROOT.GRAVES / 4]
    if (grave === 0) return false
    const entry = m.u32[grave * 2 + GRAVE.ENTRY / 4] as EntryRef
    if (entry !== 0) {
      if (!valueReleaseStep(m, entry, left)) return true
      entryRelease(m, entry)
      freed(m)
      fill(m, grave)
      left--
    } else {
      left -= drainTable(m, grave)
    }
  }
  return m.u32[keyspaceRoot(m) * 2 + ROOT.GRAVES / 4] !== 0
}

/** Frees one bucket of a table's entries, giving large ones graves of their own. Returns how many entries that were. */
function drainTable(m: Memory, grave: number): number {
  const table = m.u32[grave * 2 + GRAVE.TABLE / 4] as DictRef
  drained.clear()
  if (!dictDrain(m, table, drained)) {
    dictRelease(m, table)
    fill(m, grave)
    return 1
  }
  for (let i = 0; i < drained.count; i++) {
    const entry = drained.refs[i] as EntryRef
    if (valueEffort(m, entry) > LAZY_EFFORT) {
      dig(m, GRAVE.ENTRY, entry)
    } else {
      valueRelease(m, entry)
      entryRelease(m, entry)
      freed(m)
    }
  }
  return drained.count
}

function freed(m: Memory): void {
  rootAdd(m, ROOT.GRAVE_COUNT, -1)
  rootAdd(m, ROOT.FREED, 1)
}

/** Takes a grave, which need not be the first any more, out of the list. */
function fill(m: Memory, grave: number): void {
  let link = keyspaceRoot(m) * 2 + ROOT.GRAVES / 4
  while (m.u32[link] !== grave) link = m.u32[link] * 2 + GRAVE.NEXT / 4
  m.u32[link] = m.u32[grave * 2 + GRAVE.NEXT / 4]
  release(m, grave)
}
