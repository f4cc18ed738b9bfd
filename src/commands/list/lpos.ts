// LPOS: where in a list an element is.

import { NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { TYPE } from '../../store/entry.ts'
import { integerOf } from '../../store/listpack-element.ts'
import type { Memory } from '../../store/memory.ts'
import { cursor, cursorIs, cursorNext, cursorPrevious, cursorSeek } from '../../store/quicklist-cursor.ts'
import { type QuicklistRef, quicklistCount } from '../../store/quicklist-record.ts'
import { WRONG } from '../../store/shard.ts'
import { type Command, oneKey, READONLY } from '../command.ts'
import { listEffort, listOf } from './shared.ts'

const RANK_ZERO =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
  'or use negative to start from the end of the list'
const COUNT_NEGATIVE = "ERR COUNT can't be negative"
const MAXLEN_NEGATIVE = "ERR MAXLEN can't be negative"
/** No COUNT was given: one index is replied, not an array. */
const ONE = -1

export const lpos: Command = {
  name: 'LPOS',
  group: 'list',
  since: '6.0.6',
  summary: 'Returns the index of the elements of a list that equal a value.',
  complexity:
    'O(N), N being the length of the list, less with MAXLEN or when the element is near the end searched from',
  arity: -3,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'element', type: 'string' },
    { name: 'rank', type: 'integer', token: 'RANK', flags: ['optional'] },
    { name: 'num-matches', type: 'integer', token: 'COUNT', flags: ['optional'] },
    { name: 'len', type: 'integer', token: 'MAXLEN', flags: ['optional'] },
  ],
  cost: (shard, req) => listEffort(shard, req, 1),

  run(shard, req, reply) {
    let rank = 1
    let count = ONE
    let lengthMax = 0
    for (let i = 3; i < req.argc; i += 2) {
      const value = i + 1 < req.argc ? req.integer(i + 1) : Number.NaN
      if (i + 1 >= req.argc) return reply.error(SYNTAX)
      if (req.is(i, 'RANK')) {
        if (Number.isNaN(value)) return reply.error(NOT_AN_INTEGER)
        if (value === 0) return reply.error(RANK_ZERO)
        rank = value
      } else if (req.is(i, 'COUNT')) {
        if (!(value >= 0)) return reply.error(COUNT_NEGATIVE)
        count = value
      } else if (req.is(i, 'MAXLEN')) {
        if (!(value >= 0)) return reply.error(MAXLEN_NEGATIVE)
        lengthMax = value
      } else return reply.error(SYNTAX)
    }
    const entry = shard.typed(req, 1, TYPE.LIST, reply)
    if (entry === WRONG) return
    if (entry === 0) return count === ONE ? reply.nil() : reply.emptyArray()
    const begun = reply.begin()
    const found = search(shard.m, listOf(shard.m, entry), req, rank, count, lengthMax, reply)
    if (count !== ONE) reply.finishArray(begun, found)
    else if (found === 0) reply.nil()
  },
}

/**
 * Replies the indexes of elements that equal argument 2, from the `rank`th match on, backwards if that is negative: at
 * most `count` (0 = all), looking at `lengthMax` elements (0 = all). Returns how many.
 */
function search(
  m: Memory,
  list: QuicklistRef,
  req: Request,
  rank: number,
  count: number,
  lengthMax: number,
  reply: Reply,
): number {
  const { u8 } = req
  const at = req.at[2]
  const length = req.length[2]
  const integer = integerOf(u8, at, length)
  const elements = quicklistCount(m, list)
  const most = lengthMax === 0 ? elements : Math.min(lengthMax, elements)
  const backwards = rank < 0
  let skip = Math.abs(rank) - 1
  let found = 0
  cursorSeek(cursor, m, list, backwards ? -1 : 0)
  for (let i = 0; i < most; i++) {
    if (cursorIs(cursor, u8, at, length, integer)) {
      if (skip > 0) skip--
      else {
        reply.integer(backwards ? elements - 1 - i : i)
        found++
        if (count === ONE || found === count) break
      }
    }
    if (backwards) cursorPrevious(cursor, m)
    else cursorNext(cursor, m)
  }
  return found
}
