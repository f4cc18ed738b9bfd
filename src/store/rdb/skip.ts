// Going over values in RDB form without making them: passing over what somebody else loads, copying what is written anew.
//
// Only what is needed to find a value's end is looked at: whether it is sound is found by who makes it.

import { RDB_TYPE } from './format.ts'
import type { RdbSource } from './source.ts'

const TIME_BYTES = 8
const SCORE_BYTES = 8
const ID_BYTES = 16
/** The last id, the first and the largest deleted, each of two counts. */
const STREAM_IDS = 3
/** A group's last id, and how many entries it has read. */
const GROUP_COUNTS = 3

/** What is done with each part of a value, in order. */
export interface ValueParts {
  /** A string in any encoding. */
  string(): void
  /** A length or count; returns it. */
  size(): number
  /** A count of up to 64 bits. */
  bigSize(): void
  /** So many bytes. */
  bytes(count: number): void
}

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
  /** A time, a count, and so many pairs of strings with a length before each. */
  TIMED: 6,
  /** See stream.ts. */
  STREAM: 7,
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
  [FORM.TIMED, [RDB_TYPE.HASH_METADATA]],
  [FORM.STREAM, [RDB_TYPE.STREAM_LISTPACKS_2]],
] as const) {
  for (const type of types) forms[type] = form
}

/** Goes over a value of this RDB type. Returns false, and has read nothing, if only making it tells where it ends. */
export function walkValue(parts: ValueParts, rdbType: number): boolean {
  const form = forms[rdbType]
  if (form === FORM.OTHER) return false
  if (form === FORM.STRING) parts.string()
  else if (form === FORM.STREAM) walkStream(parts)
  else walkElements(parts, form)
  return true
}

function walkElements(parts: ValueParts, form: number): void {
  if (form === FORM.TIMED) parts.bytes(TIME_BYTES)
  for (let left = parts.size(); left > 0; left--) {
    if (form === FORM.NODES || form === FORM.TIMED) parts.size()
    parts.string()
    if (form === FORM.PAIRS || form === FORM.TIMED) parts.string()
    else if (form === FORM.SCORED) parts.bytes(SCORE_BYTES)
  }
}

function walkStream(parts: ValueParts): void {
  for (let nodes = parts.size(); nodes > 0; nodes--) {
    parts.string()
    parts.string()
  }
  parts.size()
  for (let halves = 2 * STREAM_IDS; halves > 0; halves--) parts.bigSize()
  parts.size()
  for (let groups = parts.size(); groups > 0; groups--) {
    parts.string()
    for (let counts = GROUP_COUNTS; counts > 0; counts--) parts.bigSize()
    for (let pending = parts.size(); pending > 0; pending--) {
      parts.bytes(ID_BYTES + TIME_BYTES)
      parts.size()
    }
    for (let consumers = parts.size(); consumers > 0; consumers--) {
      parts.string()
      parts.bytes(TIME_BYTES)
      for (let pending = parts.size(); pending > 0; pending--) parts.bytes(ID_BYTES)
    }
  }
}

/** Passes over values. */
export class SkippedParts implements ValueParts {
  readonly #source: RdbSource

  constructor(source: RdbSource) {
    this.#source = source
  }

  string(): void {
    this.#source.skipString()
  }

  size(): number {
    return this.#source.size()
  }

  bigSize(): void {
    this.#source.bigSize()
  }

  bytes(count: number): void {
    this.#source.skip(count)
  }
}
