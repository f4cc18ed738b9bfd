// Passing over values in RDB form without making them, for whoever loads only some of a file's keys.
//
// Only what is needed to find a value's end is looked at: whether it is sound is found by who makes it.

import { RDB_TYPE } from './format.ts'
import type { RdbSource } from './source.ts'

const SCORE_BYTES = 8

/** How the values of a type are laid out. */
const FORM = {
  /** In no simple way. */
  OTHER: 0,
  /** A string. */
  STRING: 1,
  /** A count, and so many strings. */
  STRINGS: 2,
  /** A count, and so many pairs of strings. */
  PAIRS: 3,
  /** A count, and so many strings with a score of eight bytes each. */
  SCORED: 4,
  /** A count, and so many strings with a length before each. */
  NODES: 5,
} as const

const forms = new Uint8Array(256)
for (const [form, types] of [
  [
    FORM.STRING,
    [
      RDB_TYPE.STRING,
      RDB_TYPE.HASH_ZIPMAP,
      RDB_TYPE.LIST_ZIPLIST,
      RDB_TYPE.SET_INTSET,
      RDB_TYPE.ZSET_ZIPLIST,
      RDB_TYPE.HASH_ZIPLIST,
      RDB_TYPE.HASH_LISTPACK,
      RDB_TYPE.ZSET_LISTPACK,
      RDB_TYPE.SET_LISTPACK,
    ],
  ],
  [FORM.STRINGS, [RDB_TYPE.LIST, RDB_TYPE.SET, RDB_TYPE.LIST_QUICKLIST]],
  [FORM.PAIRS, [RDB_TYPE.HASH]],
  [FORM.SCORED, [RDB_TYPE.ZSET_2]],
  [FORM.NODES, [RDB_TYPE.LIST_QUICKLIST_2]],
] as const) {
  for (const type of types) forms[type] = form
}

/** Passes over a value of this RDB type. Returns false, and has read nothing, if only making it tells where it ends. */
export function skipValue(source: RdbSource, rdbType: number): boolean {
  const form = forms[rdbType]
  if (form === FORM.OTHER) return false
  if (form === FORM.STRING) {
    source.skipString()
    return true
  }
  for (let left = source.count(); left > 0; left--) {
    if (form === FORM.NODES) source.size()
    source.skipString()
    if (form === FORM.PAIRS) source.skipString()
    else if (form === FORM.SCORED) source.skip(SCORE_BYTES)
  }
  return true
}
