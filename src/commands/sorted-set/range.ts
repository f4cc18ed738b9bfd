// The range that a command of the ZRANGE family asks for: reading it from the arguments, and finding its ranks in a set.
//
// What is read goes to one object, which serves a command at a time; the bounds are in bounds.ts.

import { MIN_OR_MAX_NOT_FLOAT, MIN_OR_MAX_NOT_STRING_RANGE, NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { type EntryRef, entryType, TYPE } from '../../store/entry.ts'
import type { Memory } from '../../store/memory.ts'
import type { Shard } from '../../store/shard.ts'
import { lexRanks, zsetLength, zsetLexRanks, zsetScoreFrom, zsetScoreTo } from '../../store/zset.ts'
import { clampRanks, lexBounds, readLexBounds, readScoreBounds, scoreBounds } from './bounds.ts'

const LIMIT_NEEDS_BY = 'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX'
const NO_LEX_SCORES = 'ERR syntax error, WITHSCORES not supported in combination with BYLEX'
/** Sets of up to this size are not worth asking how much of them a range takes. */
const SMALL = 256

export type By = 'rank' | 'score' | 'lex'

/** What readRange read, and the ranks that findRanks found: from `from` up to but not including `to`. */
export const range = {
  by: 'rank' as By,
  isReversed: false,
  withScores: false,
  start: 0,
  stop: 0,
  offset: 0,
  /** Negative: all. */
  limit: -1,
  from: 0,
  to: 0,
}

/**
 * Reads the bounds in argument `first` and the next, and the options behind them, to `range`. `by` and `isReversed` are
 * undefined where options decide. Returns false after replying what is wrong.
 */
export function readRange(
  req: Request,
  first: number,
  by: By | undefined,
  isReversed: boolean | undefined,
  stores: boolean,
  reply: Reply,
): boolean {
  const error = readOptions(req, first + 2, by, isReversed, stores) ?? readBounds(req, first)
  if (error === undefined) return true
  reply.error(error)
  return false
}

function readOptions(
  req: Request,
  from: number,
  by: By | undefined,
  isReversed: boolean | undefined,
  stores: boolean,
): string | undefined {
  range.by = by ?? 'rank'
  range.isReversed = isReversed ?? false
  range.withScores = false
  range.offset = 0
  range.limit = -1
  let mayChooseBy = by === undefined
  let mayChooseOrder = isReversed === undefined
  for (let i = from; i < req.argc; i++) {
    if (!stores && req.is(i, 'WITHSCORES')) range.withScores = true
    else if (i + 2 < req.argc && req.is(i, 'LIMIT')) {
      range.offset = req.integer(++i)
      range.limit = req.integer(++i)
      if (Number.isNaN(range.offset) || Number.isNaN(range.limit)) return NOT_AN_INTEGER
    } else if (mayChooseOrder && req.is(i, 'REV')) {
      range.isReversed = true
      mayChooseOrder = false
    } else if (mayChooseBy && req.is(i, 'BYLEX')) {
      range.by = 'lex'
      mayChooseBy = false
    } else if (mayChooseBy && req.is(i, 'BYSCORE')) {
      range.by = 'score'
      mayChooseBy = false
    } else return SYNTAX
  }
  if (range.limit !== -1 && range.by === 'rank') return LIMIT_NEEDS_BY
  if (range.withScores && range.by === 'lex') return NO_LEX_SCORES
  return undefined
}

function readBounds(req: Request, first: number): string | undefined {
  if (range.by === 'rank') {
    range.start = req.integer(first)
    range.stop = req.integer(first + 1)
    return Number.isNaN(range.start) || Number.isNaN(range.stop) ? NOT_AN_INTEGER : undefined
  }
  // The reversed forms give the higher bound first.
  const min = range.isReversed ? first + 1 : first
  const max = range.isReversed ? first : first + 1
  if (range.by === 'score') return readScoreBounds(req, min, max) ? undefined : MIN_OR_MAX_NOT_FLOAT
  return readLexBounds(req, min, max) ? undefined : MIN_OR_MAX_NOT_STRING_RANGE
}

/** Finds the ranks of `range` in a set, LIMIT applied. */
export function findRanks(m: Memory, entry: EntryRef): void {
  if (range.by === 'rank') {
    const count = zsetLength(m, entry)
    const ranks = clampRanks(range.start, range.stop, count)
    range.from = range.isReversed ? count - ranks.to : ranks.from
    range.to = range.isReversed ? count - ranks.from : ranks.to
    return
  }
  if (range.by === 'score') {
    range.from = zsetScoreFrom(m, entry, scoreBounds)
    range.to = zsetScoreTo(m, entry, scoreBounds)
  } else {
    zsetLexRanks(m, entry, lexBounds, range.isReversed)
    range.from = lexRanks.from
    range.to = lexRanks.to
  }
  let count = Math.max(0, range.to - range.from)
  // Skipping a negative number of members never comes to an end.
  const offset = range.offset < 0 ? count : Math.min(range.offset, count)
  count -= offset
  if (range.limit >= 0) count = Math.min(count, range.limit)
  if (range.isReversed) {
    range.to -= offset
    range.from = range.to - count
  } else {
    range.from += offset
    range.to = range.from + count
  }
}

/** How many members the command in `req` returns. In small sets, not worth the looking up, it may be all. */
export function rangeCost(
  shard: Shard,
  req: Request,
  key: number,
  by: By | undefined,
  isReversed: boolean | undefined,
): number {
  const owner = shard.ofKey(req, key)
  const entry = owner.peek(req, key)
  if (entry === 0 || entryType(owner.m, entry) !== TYPE.ZSET) return 0
  const count = zsetLength(owner.m, entry)
  if (count <= SMALL) return count
  const error = readOptions(req, key + 3, by, isReversed, false) ?? readBounds(req, key + 1)
  if (error !== undefined) return 0
  findRanks(owner.m, entry)
  return range.to - range.from
}
