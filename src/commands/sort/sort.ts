// SORT and SORT_RO: the elements of a list, set or sorted set in another order, perhaps with what other keys say of them.
//
// All elements are copied out first; then nothing depends on the arenas staying as they are.

import { parseDouble } from '../../bytes/doubles.ts'
import { WRONG_TYPE } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { type EntryRef, entryType, TYPE } from '../../store/entry.ts'
import { ListpackElement } from '../../store/listpack-element.ts'
import type { Memory } from '../../store/memory.ts'
import { cursor, cursorNext, cursorPrevious, cursorSeek, cursorText } from '../../store/quicklist-cursor.ts'
import { quicklistCount } from '../../store/quicklist-record.ts'
import { SetWalk, setCount } from '../../store/set.ts'
import type { Shard } from '../../store/shard.ts'
import { zsetLength } from '../../store/zset.ts'
import { ZsetWalk } from '../../store/zset-walk.ts'
import { type Argument, DENY_OOM, MOVABLE_KEYS, READONLY, type ShardCommand, WRITE } from '../command.ts'
import { listOf } from '../list/shared.ts'
import { SortOptions, sortKeys, sortLocks } from './options.ts'
import { lookUp, starAt } from './pattern.ts'
import { BytePool } from './pool.ts'
import { storeResult } from './store.ts'

const NOT_DOUBLES = "ERR One or more scores can't be converted into double"
/** Below this a double has lost digits: strtod reports that, and Redis takes it for an error here. */
const NORMAL_MIN = 2.2250738585072014e-308

const ARGS: readonly Argument[] = [
  { name: 'key', type: 'key', keySpec: 0 },
  { name: 'pattern', type: 'pattern', token: 'BY', keySpec: 1, flags: ['optional'] },
  {
    name: 'offset_count',
    type: 'block',
    token: 'LIMIT',
    flags: ['optional'],
    args: [
      { name: 'offset', type: 'integer' },
      { name: 'count', type: 'integer' },
    ],
  },
  {
    name: 'pattern',
    type: 'pattern',
    token: 'GET',
    keySpec: 1,
    flags: ['optional', 'multiple', 'multiple_token'],
  },
  {
    name: 'order',
    type: 'oneof',
    flags: ['optional'],
    args: [
      { name: 'asc', type: 'pure-token', token: 'ASC' },
      { name: 'desc', type: 'pure-token', token: 'DESC' },
    ],
  },
  { name: 'sorting', type: 'pure-token', token: 'ALPHA', flags: ['optional'] },
]

const traits = {
  group: 'generic',
  complexity: 'O(N*log(N)+M), N being the number of elements and M the number returned; O(N) if they stay in order',
  arity: -2,
  categories: ['set', 'sortedset', 'list', 'dangerous', '-keyspace'],
  findKeys: sortKeys,
  locks: sortLocks,
  cost,
} as const

export const sort: ShardCommand = {
  ...traits,
  name: 'SORT',
  since: '1.0.0',
  summary:
    'Sorts the elements of a list, set or sorted set, and returns or stores them or what other keys say of them.',
  flags: WRITE | DENY_OOM | MOVABLE_KEYS,
  keys: [
    { flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['RO', 'access'], begin: 'unknown', find: 'unknown' },
    { flags: ['OW', 'update'], begin: 'unknown', find: 'unknown' },
  ],
  args: [...ARGS, { name: 'destination', type: 'key', token: 'STORE', keySpec: 2, flags: ['optional'] }],
  run(shard, req, reply) {
    run(shard, req, true, reply)
  },
}

export const sortRo: ShardCommand = {
  ...traits,
  name: 'SORT_RO',
  since: '7.0.0',
  summary: 'As SORT, but cannot store.',
  flags: READONLY | MOVABLE_KEYS,
  keys: [
    { flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['RO', 'access'], begin: 'unknown', find: 'unknown' },
  ],
  args: ARGS,
  run(shard, req, reply) {
    run(shard, req, false, reply)
  },
}

function cost(shard: Shard, req: Request): number {
  const source = shard.ofKey(req, 1)
  return countOf(source.m, source.peek(req, 1))
}

const options = new SortOptions()
const elements = new BytePool()
/** What BY ... ALPHA compares, one for each element. */
const weights = new BytePool()
/** Otherwise: what is compared, a number for each element. */
let scores = new Float64Array(64)
const found = new ListpackElement()
const setWalk = new SetWalk()
const zsetWalk = new ZsetWalk()

function run(shard: Shard, req: Request, mayStore: boolean, reply: Reply): void {
  if (!options.read(req, mayStore, reply)) return
  const source = shard.ofKey(req, 1)
  const entry = source.find(req, 1)
  const type = entry === 0 ? TYPE.LIST : entryType(source.m, entry)
  if (type !== TYPE.LIST && type !== TYPE.SET && type !== TYPE.ZSET) return reply.error(WRONG_TYPE)
  let by = options.by
  let isAlphabetic = options.isAlphabetic
  // A pattern without a star says the same of every element: they stay in the order they have.
  let stays = by > 0 && starAt(req, by) < 0
  if (stays && type === TYPE.SET && (options.store > 0 || shard.engine.runsScript)) {
    // A set has no order of its own, and what is stored, or a script sees, must be the same on every replica.
    stays = false
    isAlphabetic = true
    by = 0
  }
  const count = countOf(source.m, entry)
  const first = Math.min(Math.max(options.offset, 0), count)
  const limit = options.count < 0 ? count : Math.min(count, first + options.count)
  const isRange = stays && type !== TYPE.SET
  elements.clear()
  if (entry !== 0 && !isRange) load(source.m, entry, 0, count, false)
  else if (entry !== 0 && first < limit) load(source.m, entry, first, limit - first, options.isDescending)
  let order: Uint32Array | undefined
  if (!stays) {
    if (isAlphabetic && by > 0) weigh(shard, req, by)
    else if (!isAlphabetic && !score(shard, req, by)) return reply.error(NOT_DOUBLES)
    order = sorted(isAlphabetic, by > 0)
  }
  if (options.store > 0) {
    storeResult(shard, req, options, elements, order, isRange ? 0 : first, limit - first, reply)
  } else {
    replyResult(shard, req, order, isRange ? 0 : first, limit - first, reply)
  }
  elements.clear()
  weights.clear()
}

function countOf(m: Memory, entry: EntryRef | 0): number {
  if (entry === 0) return 0
  const type = entryType(m, entry)
  if (type === TYPE.LIST) return quicklistCount(m, listOf(m, entry))
  if (type === TYPE.SET) return setCount(m, entry)
  return type === TYPE.ZSET ? zsetLength(m, entry) : 0
}

/** Copies `count` elements out, from the `first`th on, counted from the end if `isBackward`. */
function load(m: Memory, entry: EntryRef, first: number, count: number, isBackward: boolean): void {
  const type = entryType(m, entry)
  if (type === TYPE.LIST) {
    cursorSeek(cursor, m, listOf(m, entry), isBackward ? -1 - first : first)
    for (let left = count; left > 0; left--) {
      cursorText(cursor, found)
      elements.push(found.bytes, found.at, found.length)
      if (isBackward) cursorPrevious(cursor, m)
      else cursorNext(cursor, m)
    }
  } else if (type === TYPE.ZSET) {
    zsetWalk.start(m, entry, isBackward ? zsetLength(m, entry) - 1 - first : first, isBackward)
    for (let left = count; left > 0 && zsetWalk.next(); left--) {
      elements.push(zsetWalk.u8, zsetWalk.at, zsetWalk.length)
    }
  } else {
    setWalk.start(m, entry)
    while (setWalk.next()) elements.push(setWalk.member.bytes, setWalk.member.at, setWalk.member.length)
  }
}

/** Looks up the text that each element is sorted by. */
function weigh(shard: Shard, req: Request, by: number): void {
  weights.clear()
  for (let i = 0; i < elements.count; i++) {
    if (lookUp(shard, req, by, elements.bytes, elements.at[i], elements.length[i], found)) {
      weights.push(found.bytes, found.at, found.length)
    } else weights.pushNone()
  }
}

/** Finds the number that each element is sorted by: its own, or that of the key it leads to. False if one is none. */
function score(shard: Shard, req: Request, by: number): boolean {
  if (scores.length < elements.count) scores = new Float64Array(elements.count)
  let areNumbers = true
  for (let i = 0; i < elements.count; i++) {
    if (by === 0) scores[i] = scoreOf(elements.bytes, elements.at[i], elements.length[i])
    else if (lookUp(shard, req, by, elements.bytes, elements.at[i], elements.length[i], found)) {
      scores[i] = scoreOf(found.bytes, found.at, found.length)
    } else scores[i] = 0
    if (Number.isNaN(scores[i])) areNumbers = false
  }
  return areNumbers
}

/** The number in a text, read as C's strtod does: blanks may lead, and no text is 0. NaN if it is none. */
function scoreOf(bytes: Uint8Array, at: number, length: number): number {
  if (length === 0) return 0
  let blanks = 0
  while (blanks < length && (bytes[at + blanks] === 32 || (bytes[at + blanks] >= 9 && bytes[at + blanks] <= 13)))
    blanks++
  const value = parseDouble(bytes, at + blanks, length - blanks)
  return value !== 0 && Math.abs(value) < NORMAL_MIN ? Number.NaN : value
}

/** The elements' indexes in order. */
function sorted(isAlphabetic: boolean, hasWeights: boolean): Uint32Array {
  const order = new Uint32Array(elements.count)
  for (let i = 0; i < order.length; i++) order[i] = i
  const sign = options.isDescending ? -1 : 1
  if (isAlphabetic) {
    const pool = hasWeights ? weights : elements
    // What is stored must not depend on a locale; Redis compares bytes then.
    const isText = options.store === 0
    return order.sort((i, j) => sign * pool.compare(i, j, isText))
  }
  return order.sort((i, j) => {
    if (scores[i] !== scores[j]) return scores[i] < scores[j] ? -sign : sign
    return sign * elements.compare(i, j, false)
  })
}

function replyResult(
  shard: Shard,
  req: Request,
  order: Uint32Array | undefined,
  first: number,
  count: number,
  reply: Reply,
): void {
  const { gets } = options
  const length = Math.max(0, count)
  reply.array(length * Math.max(1, gets.length))
  for (let k = first; k < first + length; k++) {
    const i = order === undefined ? k : order[k]
    const { bytes, at, length: lengths } = elements
    if (gets.length === 0) reply.bulk(bytes, at[i], lengths[i])
    for (let g = 0; g < gets.length; g++) {
      if (lookUp(shard, req, gets[g], bytes, at[i], lengths[i], found)) reply.bulk(found.bytes, found.at, found.length)
      else reply.nil()
    }
  }
}
