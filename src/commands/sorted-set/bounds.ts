// The bounds of ranges as arguments give them: `1`, `(1`, `-inf` for scores, `[a`, `(a`, `-`, `+` for members.
//
// What is read goes to one object each, which serves a command at a time.

import type { Request } from '../../protocol/request.ts'
import type { LexBound, LexRange, ScoreRange } from '../../store/zset.ts'

const OPEN = 0x28
const CLOSED = 0x5b
const PLUS = 0x2b
const MINUS = 0x2d

/** What readScoreBounds read. */
export const scoreBounds: ScoreRange = { min: 0, max: 0, excludesMin: false, excludesMax: false }

/** Reads scores from arguments `min` and `max`. Returns false if one is none. */
export function readScoreBounds(req: Request, min: number, max: number): boolean {
  scoreBounds.excludesMin = req.firstByte(min) === OPEN
  scoreBounds.excludesMax = req.firstByte(max) === OPEN
  scoreBounds.min = req.scoreBound(min, scoreBounds.excludesMin ? 1 : 0)
  scoreBounds.max = req.scoreBound(max, scoreBounds.excludesMax ? 1 : 0)
  return !Number.isNaN(scoreBounds.min) && !Number.isNaN(scoreBounds.max)
}

const lexBound = (): LexBound => ({ kind: 'bytes', excludes: false, bytes: new Uint8Array(0), at: 0, length: 0 })

/** What readLexBounds read; its bytes are the request's. */
export const lexBounds: LexRange = { min: lexBound(), max: lexBound() }

/** Reads bounds of members from arguments `min` and `max`. Returns false if one is none. */
export const readLexBounds = (req: Request, min: number, max: number): boolean =>
  readLexBound(req, min, lexBounds.min) && readLexBound(req, max, lexBounds.max)

function readLexBound(req: Request, i: number, bound: LexBound): boolean {
  const byte = req.firstByte(i)
  if (byte === OPEN || byte === CLOSED) {
    bound.kind = 'bytes'
    bound.excludes = byte === OPEN
    bound.bytes = req.u8
    bound.at = req.at[i] + 1
    bound.length = req.length[i] - 1
    return true
  }
  // A NUL ends the text here, as in C.
  if ((byte !== PLUS && byte !== MINUS) || (req.length[i] > 1 && req.u8[req.at[i] + 1] !== 0)) return false
  bound.kind = byte === PLUS ? 'highest' : 'lowest'
  return true
}

const ranks = { from: 0, to: 0 }

/** The ranks that `start` and `stop`, negative ones counted from the end, mean in a set of `count`. Reused. */
export function clampRanks(start: number, stop: number, count: number): { readonly from: number; readonly to: number } {
  if (start < 0) start = Math.max(0, start + count)
  if (stop < 0) stop += count
  const isEmpty = start > stop || start >= count
  ranks.from = isEmpty ? 0 : start
  ranks.to = isEmpty ? 0 : Math.min(stop + 1, count)
  return ranks
}
