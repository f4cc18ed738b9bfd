// What can be done with a value whatever its type: freeing it, at once or in steps, copying it to another arena,
// telling its size. One row for each type and encoding; a structure brings its own row.

import { assert } from '../bytes/assert.ts'
import { copyBytes } from '../bytes/copy.ts'
import { allocate, blockRoom, release } from './arena.ts'
import { ENCODING, type EntryRef, entryEncoding, entrySetValue, entryType, entryValue, TYPE } from './entry.ts'
import { hashTableOps } from './hash-ops.ts'
import type { Memory } from './memory.ts'
import { quicklistOps } from './quicklist-value.ts'
import { setTableOps } from './set.ts'
import { streamOps } from './stream-value.ts'
import { stringIsOutline } from './string.ts'
import { treeOps } from './zset/tree-ops.ts'

/** The operations of one kind of value. `value` is the ref that the entry holds. */
export interface ValueOps {
  /** About how many blocks freeing it means; large values are freed in steps. */
  effort(m: Memory, value: number): number
  /** Frees all of it. */
  release(m: Memory, value: number): void
  /** Frees about `budget` elements; returns true when nothing is left, the value's own record included. */
  releaseStep(m: Memory, value: number, budget: number): boolean
  /** A copy of it in another arena (or the same one). */
  copy(from: Memory, value: number, to: Memory): number
  /** Bytes it takes, measured on about `samples` elements (0 = all), as MEMORY USAGE does. */
  bytes(m: Memory, value: number, samples: number): number
}

const kindOf = (type: number, encoding: number): number => type | (encoding << 4)

/** By KIND byte. Rows are set below, by hand, so that a reader sees them all. */
const OPS: (ValueOps | undefined)[] = new Array(256).fill(undefined)

/** Makes a ValueOps of a value that is one block. */
function oneBlockOps(): ValueOps {
  return {
    effort: () => 1,
    release,
    releaseStep(m, value) {
      release(m, value)
      return true
    },
    copy(from, value, to) {
      const bytes = blockRoom(from, value)
      return copyBlock(from, value, to, bytes)
    },
    bytes: (m, value) => blockRoom(m, value),
  }
}

function copyBlock(from: Memory, block: number, to: Memory, bytes: number): number {
  const copy = allocate(to, bytes)
  copyBytes(to.u8, copy * 8, from.u8, block * 8, bytes)
  return copy
}

// A short string has a block of its own too when its key is long.
OPS[kindOf(TYPE.STRING, ENCODING.RAW)] = oneBlockOps()
OPS[kindOf(TYPE.STRING, ENCODING.EMBSTR)] = oneBlockOps()
OPS[kindOf(TYPE.STRING, ENCODING.INT)] = oneBlockOps()
OPS[kindOf(TYPE.LIST, ENCODING.QUICKLIST)] = quicklistOps
OPS[kindOf(TYPE.SET, ENCODING.INTSET)] = oneBlockOps()
OPS[kindOf(TYPE.SET, ENCODING.HASHTABLE)] = setTableOps
OPS[kindOf(TYPE.HASH, ENCODING.LISTPACK)] = oneBlockOps()
OPS[kindOf(TYPE.HASH, ENCODING.HASHTABLE)] = hashTableOps
// The small form is one block too (zset/pack.ts).
OPS[kindOf(TYPE.ZSET, ENCODING.LISTPACK)] = oneBlockOps()
OPS[kindOf(TYPE.ZSET, ENCODING.SKIPLIST)] = treeOps
OPS[kindOf(TYPE.STREAM, ENCODING.STREAM)] = streamOps

function opsOf(m: Memory, entry: EntryRef): ValueOps {
  const ops = OPS[kindOf(entryType(m, entry), entryEncoding(m, entry))]
  assert(ops !== undefined, 'the type and encoding of an entry are known')
  return ops
}

/** Whether the entry's value is anything beside the entry itself. */
const hasValue = (m: Memory, entry: EntryRef): boolean =>
  entryType(m, entry) === TYPE.STRING ? stringIsOutline(m, entry) : entryValue(m, entry) !== 0

export const valueEffort = (m: Memory, entry: EntryRef): number =>
  hasValue(m, entry) ? opsOf(m, entry).effort(m, entryValue(m, entry)) : 1

/** Frees the value of an entry, but not the entry. */
export function valueRelease(m: Memory, entry: EntryRef): void {
  if (hasValue(m, entry)) opsOf(m, entry).release(m, entryValue(m, entry))
}

/** Frees about `budget` elements of an unlinked entry's value. Returns true when it is all gone. */
export function valueReleaseStep(m: Memory, entry: EntryRef, budget: number): boolean {
  return !hasValue(m, entry) || opsOf(m, entry).releaseStep(m, entryValue(m, entry), budget)
}

/** Copies the value of `entry` into `copy`, an entry of the same type in the arena `to`. */
export function valueCopy(from: Memory, entry: EntryRef, to: Memory, copy: EntryRef): void {
  if (!hasValue(from, entry)) return
  const value = opsOf(from, entry).copy(from, entryValue(from, entry), to)
  entrySetValue(to, copy, value)
}

/** Bytes of the value beside the entry. */
export const valueBytes = (m: Memory, entry: EntryRef, samples: number): number =>
  hasValue(m, entry) ? opsOf(m, entry).bytes(m, entryValue(m, entry), samples) : 0
