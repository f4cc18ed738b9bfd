// Sorted sets as commands see them: entries of type zset, whose value is a pack (small) or a tree (large).
//
// A set grows into a tree when it has too many members or one that is too long (zset-max-listpack-…) and never turns
// back, as in Redis. A set is never left empty: whoever removes the last member deletes the key.
// Members are given as bytes, which may lie in the arena; ranges are ranks from … up to but not including to.

import { SETTING } from '../config/settings.ts'
import type { Request } from '../protocol/request.ts'
import { release } from './arena.ts'
import { type DictRef, dictFind } from './dict.ts'
import { ENCODING, type EntryRef, entryEncoding, entrySetEncoding, entrySetValue, entryValue, TYPE } from './entry.ts'
import { keyHash } from './item.ts'
import type { Memory } from './memory.ts'
import type { Shard } from './shard.ts'
import { type MemberRef, memberCreate, memberScore } from './zset/member.ts'
import {
  PACK,
  type PackRef,
  packAdd,
  packBytes,
  packCheck,
  packCompare,
  packCount,
  packCreate,
  packDump,
  packFind,
  packMemberAt,
  packMemberLength,
  packMove,
  packNext,
  packPairBytes,
  packRank,
  packRemove,
  packScore,
  packSeek,
} from './zset/pack.ts'
import {
  type TreeRef,
  treeCount,
  treeCreate,
  treeDict,
  treeRankOfPath,
  treeSeekLex,
  treeSeekMember,
  treeSeekScore,
} from './zset/tree.ts'
import { treeBuild, treeCheck, treeDump } from './zset/tree-build.ts'
import { treeAdd, treeMove, treeRemove, treeRemoveRanks } from './zset/tree-change.ts'

export const isPack = (m: Memory, entry: EntryRef): boolean => entryEncoding(m, entry) === ENCODING.LISTPACK
const packOf = (m: Memory, entry: EntryRef): PackRef => entryValue<'zset pack'>(m, entry)
const treeOf = (m: Memory, entry: EntryRef): TreeRef => entryValue<'zset tree'>(m, entry)
/** The hash table of a large set's members, for random picks and scans. */
export const zsetDict = (m: Memory, entry: EntryRef): DictRef => treeDict(m, treeOf(m, entry))

/** Adds an empty sorted set under the key in argument `i`, in the form for a first member of `length` bytes. */
export function zsetCreate(shard: Shard, req: Request, i: number, length: number): EntryRef {
  const { m, engine } = shard
  const { settings } = engine
  if (settings[SETTING.zsetMaxListpackEntries] === 0 || length > settings[SETTING.zsetMaxListpackValue]) {
    return shard.add(req, i, TYPE.ZSET, ENCODING.SKIPLIST, treeCreate(m))
  }
  return shard.add(req, i, TYPE.ZSET, ENCODING.LISTPACK, packCreate(m, packPairBytes(0, length)))
}

/** How many members there are. */
export function zsetLength(m: Memory, entry: EntryRef): number {
  return isPack(m, entry) ? packCount(m, packOf(m, entry)) : treeCount(m, treeOf(m, entry))
}

/** A member's score, NaN if it is not there. */
export function zsetScore(m: Memory, entry: EntryRef, bytes: Uint8Array, at: number, length: number): number {
  if (isPack(m, entry)) {
    const pack = packOf(m, entry)
    const position = packFind(m, pack, bytes, at, length)
    return position === 0 ? Number.NaN : packScore(m, pack, position)
  }
  const member = findMember(m, entry, keyHash(m, bytes, at, length), bytes, at, length)
  return member === 0 ? Number.NaN : memberScore(m, member)
}

function findMember(
  m: Memory,
  entry: EntryRef,
  hash: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): MemberRef | 0 {
  return dictFind(m, treeDict(m, treeOf(m, entry)), hash, bytes, at, length) as number as MemberRef | 0
}

/** A member's rank from the lowest score up, -1 if it is not there. */
export function zsetRank(m: Memory, entry: EntryRef, bytes: Uint8Array, at: number, length: number): number {
  if (isPack(m, entry)) {
    const pack = packOf(m, entry)
    const position = packFind(m, pack, bytes, at, length)
    return position === 0 ? -1 : packRank(m, pack, position)
  }
  const member = findMember(m, entry, keyHash(m, bytes, at, length), bytes, at, length)
  if (member === 0) return -1
  treeSeekMember(m, treeOf(m, entry), memberScore(m, member), member)
  return treeRankOfPath(m, treeOf(m, entry))
}

// ---- adding

/** Conditions of zsetPut. */
export const PUT = { NX: 1, XX: 2, GT: 4, LT: 8, INCR: 16 } as const

/** What zsetPut did. */
export const ADDED = 1
export const UPDATED = 2
/** The member is there with this very score. */
export const SAME = 3
/** A condition forbade it. */
export const REFUSED = 4
/** The sum would be no number; nothing was changed. */
export const NOT_A_NUMBER = 5
export type Outcome = 1 | 2 | 3 | 4 | 5

const put = { score: 0 }

/** The score that the member has after the last zsetPut that was not refused. */
export const zsetPutScore = (): number => put.score

/** Adds a member or changes its score, if the `conditions` allow it. `settings` are the engine's. */
export function zsetPut(
  m: Memory,
  settings: Float64Array,
  entry: EntryRef,
  conditions: number,
  score: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): Outcome {
  put.score = score
  if (isPack(m, entry)) return putInPack(m, settings, entry, conditions, score, bytes, at, length)
  return putInTree(m, entry, conditions, score, bytes, at, length)
}

/** SAME if the score of a member stays, UPDATED if it is to become put.score. */
function decide(conditions: number, current: number, score: number): Outcome {
  if ((conditions & PUT.NX) !== 0) return REFUSED
  if ((conditions & PUT.INCR) !== 0) {
    score += current
    if (Number.isNaN(score)) return NOT_A_NUMBER
  }
  if ((conditions & PUT.LT) !== 0 && score >= current) return REFUSED
  if ((conditions & PUT.GT) !== 0 && score <= current) return REFUSED
  put.score = score
  return score === current ? SAME : UPDATED
}

function putInPack(
  m: Memory,
  settings: Float64Array,
  entry: EntryRef,
  conditions: number,
  score: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): Outcome {
  const pack = packOf(m, entry)
  const position = packFind(m, pack, bytes, at, length)
  if (position !== 0) {
    const outcome = decide(conditions, packScore(m, pack, position), score)
    if (outcome === UPDATED) entrySetValue(m, entry, packMove(m, pack, position, put.score))
    return outcome
  }
  if ((conditions & PUT.XX) !== 0) return REFUSED
  const isTooMany = packCount(m, pack) + 1 > settings[SETTING.zsetMaxListpackEntries]
  if (isTooMany || length > settings[SETTING.zsetMaxListpackValue]) {
    growIntoTree(m, entry)
    treeAdd(m, treeOf(m, entry), keyHash(m, bytes, at, length), score, bytes, at, length)
  } else {
    entrySetValue(m, entry, packAdd(m, pack, score, bytes, at, length))
  }
  return ADDED
}

function putInTree(
  m: Memory,
  entry: EntryRef,
  conditions: number,
  score: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): Outcome {
  const hash = keyHash(m, bytes, at, length)
  const member = findMember(m, entry, hash, bytes, at, length)
  if (member !== 0) {
    const outcome = decide(conditions, memberScore(m, member), score)
    if (outcome === UPDATED) treeMove(m, treeOf(m, entry), member, put.score)
    return outcome
  }
  if ((conditions & PUT.XX) !== 0) return REFUSED
  treeAdd(m, treeOf(m, entry), hash, score, bytes, at, length)
  return ADDED
}

function growIntoTree(m: Memory, entry: EntryRef): void {
  const pack = packOf(m, entry)
  const members = new Uint32Array(packCount(m, pack))
  const end = packBytes(m, pack)
  for (let i = 0, position: number = PACK.PAIRS; position < end; position = packNext(m, pack, position)) {
    const at = packMemberAt(m, pack, position)
    const length = packMemberLength(m, pack, position)
    members[i++] = memberCreate(m, packScore(m, pack, position), m.u8, at, length)
  }
  const tree = treeBuild(m, members, members.length, 0)
  release(m, pack)
  entrySetValue(m, entry, tree)
  entrySetEncoding(m, entry, ENCODING.SKIPLIST)
}

// ---- removing

/** Removes a member. Returns whether it was there. */
export function zsetRemove(m: Memory, entry: EntryRef, bytes: Uint8Array, at: number, length: number): boolean {
  if (isPack(m, entry)) {
    const pack = packOf(m, entry)
    const position = packFind(m, pack, bytes, at, length)
    if (position === 0) return false
    entrySetValue(m, entry, packRemove(m, pack, position, packNext(m, pack, position), 1))
    return true
  }
  const hash = keyHash(m, bytes, at, length)
  const member = findMember(m, entry, hash, bytes, at, length)
  if (member === 0) return false
  treeRemove(m, treeOf(m, entry), hash, member)
  return true
}

/** Removes the members of a range of ranks. */
export function zsetRemoveRanks(m: Memory, entry: EntryRef, from: number, to: number): void {
  if (from >= to) return
  if (!isPack(m, entry)) return treeRemoveRanks(m, treeOf(m, entry), from, to)
  const pack = packOf(m, entry)
  const begin = packSeek(m, pack, from)
  let end = begin
  for (let i = from; i < to; i++) end = packNext(m, pack, end)
  entrySetValue(m, entry, packRemove(m, pack, begin, end, to - from))
}

// ---- ranges

/** Bounds of a range of scores. */
export interface ScoreRange {
  min: number
  max: number
  excludesMin: boolean
  excludesMax: boolean
}

/** The rank of the first member whose score is in the range. */
export const zsetScoreFrom = (m: Memory, entry: EntryRef, range: ScoreRange): number =>
  countBelow(m, entry, range.min, range.excludesMin)

/** The rank behind the last member whose score is in the range; never before zsetScoreFrom unless the range is void. */
export const zsetScoreTo = (m: Memory, entry: EntryRef, range: ScoreRange): number =>
  countBelow(m, entry, range.max, !range.excludesMax)

/** How many members have a score below `score`, or with `inclusive` up to it. */
function countBelow(m: Memory, entry: EntryRef, score: number, inclusive: boolean): number {
  if (!isPack(m, entry)) {
    const tree = treeOf(m, entry)
    treeSeekScore(m, tree, score, inclusive)
    return treeRankOfPath(m, tree)
  }
  const pack = packOf(m, entry)
  const end = packBytes(m, pack)
  let rank = 0
  for (let position: number = PACK.PAIRS; position < end; position = packNext(m, pack, position)) {
    const other = packScore(m, pack, position)
    if (inclusive ? other > score : other >= score) break
    rank++
  }
  return rank
}

/** One end of a range of members: their bytes, or before or behind all. */
export interface LexBound {
  kind: 'lowest' | 'highest' | 'bytes'
  excludes: boolean
  bytes: Uint8Array
  at: number
  length: number
}

/** A range of members by their bytes alone. Scores are taken to be the same; if not, the range is what Redis's would be
 * in a small set, and some range in a large one. */
export interface LexRange {
  readonly min: LexBound
  readonly max: LexBound
}

/** The ranks that zsetLexRanks found. */
export const lexRanks = { from: 0, to: 0 }

/** Finds the ranks of a range of members, seen from the front or, for a reversed command, from the back. */
export function zsetLexRanks(m: Memory, entry: EntryRef, range: LexRange, isReversed: boolean): void {
  if (!isPack(m, entry)) {
    lexRanks.from = treeCountBelow(m, entry, range.min, range.min.excludes)
    lexRanks.to = treeCountBelow(m, entry, range.max, !range.max.excludes)
  } else {
    const pack = packOf(m, entry)
    if (isReversed) packLexRanksReversed(m, pack, range)
    else packLexRanks(m, pack, range)
    if (isBesideLex(m, pack, range)) lexRanks.to = lexRanks.from
  }
}

/** Whether the first member lies above the range or the last one below it. */
function isBesideLex(m: Memory, pack: PackRef, range: LexRange): boolean {
  const last = packSeek(m, pack, packCount(m, pack) - 1)
  return !isUpToMax(m, pack, PACK.PAIRS, range.max) || !isFromMin(m, pack, last, range.min)
}

function treeCountBelow(m: Memory, entry: EntryRef, bound: LexBound, inclusive: boolean): number {
  const tree = treeOf(m, entry)
  if (bound.kind === 'lowest') return 0
  if (bound.kind === 'highest') return treeCount(m, tree)
  treeSeekLex(m, tree, bound.bytes, bound.at, bound.length, inclusive)
  return treeRankOfPath(m, tree)
}

/** From the first member that is not below the range to the next one that is above it. */
function packLexRanks(m: Memory, pack: PackRef, range: LexRange): void {
  const end = packBytes(m, pack)
  let rank = 0
  let position: number = PACK.PAIRS
  for (; position < end && !isFromMin(m, pack, position, range.min); position = packNext(m, pack, position)) rank++
  lexRanks.from = rank
  for (; position < end && isUpToMax(m, pack, position, range.max); position = packNext(m, pack, position)) rank++
  lexRanks.to = rank
}

/** From the last member that is not above the range back to the next one that is below it. */
function packLexRanksReversed(m: Memory, pack: PackRef, range: LexRange): void {
  const end = packBytes(m, pack)
  let from = 0
  let to = 0
  let rank = 0
  for (let position: number = PACK.PAIRS; position < end; position = packNext(m, pack, position)) {
    rank++
    // `from` follows the last member below the range, `to` the last one that is not above it and what was below then.
    const isIn = isFromMin(m, pack, position, range.min)
    if (isUpToMax(m, pack, position, range.max)) {
      to = rank
      if (!isIn) from = rank
      lexRanks.from = from
    } else if (!isIn) from = rank
  }
  if (to === 0) lexRanks.from = 0
  lexRanks.to = to
}

function isFromMin(m: Memory, pack: PackRef, position: number, min: LexBound): boolean {
  if (min.kind !== 'bytes') return min.kind === 'lowest'
  const order = packCompare(m, pack, position, min.bytes, min.at, min.length)
  return min.excludes ? order > 0 : order >= 0
}

function isUpToMax(m: Memory, pack: PackRef, position: number, max: LexBound): boolean {
  if (max.kind !== 'bytes') return max.kind === 'highest'
  const order = packCompare(m, pack, position, max.bytes, max.at, max.length)
  return max.excludes ? order < 0 : order <= 0
}

// ---- checking

/** Every invariant of the set. For tests, fuzzing and DEBUG. */
export function zsetCheck(m: Memory, entry: EntryRef): void {
  if (isPack(m, entry)) packCheck(m, packOf(m, entry))
  else treeCheck(m, treeOf(m, entry))
}

/** The set in a line, or a large one in a line for each node. */
export const zsetDump = (m: Memory, entry: EntryRef): string =>
  isPack(m, entry) ? packDump(m, packOf(m, entry)) : treeDump(m, treeOf(m, entry))
