// LPOP, RPOP, LMPOP: taking elements from an end. popInto and popFirst are what blocking commands are made of too.

import {
  COUNT_NOT_POSITIVE,
  NOT_POSITIVE,
  NUMKEYS_NOT_POSITIVE,
  SYNTAX,
  wrongArguments,
} from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { type EntryRef, TYPE } from '../../store/entry.ts'
import type { Memory } from '../../store/memory.ts'
import { quicklistDeleteRange, quicklistDropHead, quicklistDropTail } from '../../store/quicklist.ts'
import { cursor, cursorNext, cursorPrevious, cursorReply, cursorSeek } from '../../store/quicklist-cursor.ts'
import { type QuicklistRef, quicklistCount } from '../../store/quicklist-record.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { type Argument, type Command, FAST, MOVABLE_KEYS, oneKey, type ShardCommand, WRITE } from '../command.ts'
import { discardIfEmpty, type End, endAt, LEFT, LEFT_OR_RIGHT, listEffort, listOf, NO_END, RIGHT } from './shared.ts'

const POP_ARGS: readonly Argument[] = [
  { name: 'key', type: 'key', keySpec: 0 },
  { name: 'count', type: 'integer', since: '6.2.0', flags: ['optional'] },
]

const traits = {
  group: 'list',
  since: '1.0.0',
  complexity: 'O(N), N being the number of elements returned',
  arity: -2,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'access', 'delete'),
  history: [['6.2.0', 'Takes a `count`.']],
  args: POP_ARGS,
  cost: (shard: Shard, req: Request) => (req.argc < 3 ? 1 : Math.min(req.integer(2), listEffort(shard, req, 1))),
} as const

export const lpop: ShardCommand = {
  ...traits,
  name: 'LPOP',
  summary: 'Takes the first element, or some, off a list; the key goes with the last one.',
  run(shard, req, reply) {
    pop(shard, req, reply, LEFT)
  },
}

export const rpop: ShardCommand = {
  ...traits,
  name: 'RPOP',
  summary: 'Takes the last element, or some, off a list; the key goes with the last one.',
  run(shard, req, reply) {
    pop(shard, req, reply, RIGHT)
  },
}

function pop(shard: Shard, req: Request, reply: Reply, end: End): void {
  if (req.argc === 2) {
    const entry = shard.typedForWrite(req, 1, TYPE.LIST, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.nil()
    popInto(shard, req, 1, entry, end, reply)
    return
  }
  if (req.argc > 3) return reply.error(wrongArguments(end === LEFT ? 'lpop' : 'rpop'))
  const count = req.integer(2)
  if (!(count >= 0)) return reply.error(NOT_POSITIVE)
  const entry = shard.typedForWrite(req, 1, TYPE.LIST, reply)
  if (entry === WRONG) return
  if (entry === 0) return reply.nilArray()
  if (count === 0) return reply.emptyArray()
  popSome(shard, req, 1, entry, end, count, reply)
}

/** Replies the element at an end of the list in argument `i`, takes it off, and leaves word of it. */
export function popInto(shard: Shard, req: Request, i: number, entry: EntryRef, end: End, reply: Reply): void {
  const m = shard.m
  const list = listOf(m, entry)
  cursorSeek(cursor, m, list, end === LEFT ? 0 : -1)
  cursorReply(cursor, reply)
  dropAt(m, list, end)
  popped(shard, req, i, entry, end, 1)
}

/** As popInto, for up to `count` elements, replied as an array. Returns how many there were. */
function popSome(
  shard: Shard,
  req: Request,
  i: number,
  entry: EntryRef,
  end: End,
  count: number,
  reply: Reply,
): number {
  const m = shard.m
  const list = listOf(m, entry)
  const length = quicklistCount(m, list)
  const taken = Math.min(count, length)
  reply.array(taken)
  cursorSeek(cursor, m, list, end === LEFT ? 0 : -1)
  for (let left = taken; left > 0; left--) {
    cursorReply(cursor, reply)
    if (end === LEFT) cursorNext(cursor, m)
    else cursorPrevious(cursor, m)
  }
  quicklistDeleteRange(m, list, end === LEFT ? 0 : length - taken, taken)
  popped(shard, req, i, entry, end, taken)
  return taken
}

/** Deletes the element at an end. */
export function dropAt(m: Memory, list: QuicklistRef, end: End): void {
  if (end === LEFT) quicklistDropHead(m, list)
  else quicklistDropTail(m, list)
}

/** Leaves word of `count` elements taken off an end; deletes the key if none is left. */
export function popped(shard: Shard, req: Request, i: number, entry: EntryRef, end: End, count: number): void {
  shard.touched(req, i, NOTIFY.LIST, end === LEFT ? 'lpop' : 'rpop', count)
  discardIfEmpty(shard, req, i, entry)
}

export const lmpop: Command = {
  name: 'LMPOP',
  group: 'list',
  since: '7.0.0',
  summary: 'Takes elements off an end of the first of several lists that exists.',
  complexity: 'O(N+M), N being the number of keys and M the number of elements returned',
  arity: -4,
  flags: WRITE | MOVABLE_KEYS,
  keys: [{ flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { countAt: 0, first: 1, step: 1 } }],
  args: [
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
    { name: 'where', type: 'oneof', args: LEFT_OR_RIGHT },
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
  ],
  cost: (_, req) => popCount(req, 1),

  run(shard, req, reply) {
    const end = popOptions(req, 1, reply)
    if (end === NO_END) return
    if (!popFirst(shard, req, 2, req.integer(1), end, popCount(req, 1), reply)) reply.nilArray()
  },
}

/** Checks `numkeys key … LEFT|RIGHT [COUNT n]` from argument `i` on. Returns the end, NO_END after replying an error. */
export function popOptions(req: Request, i: number, reply: Reply): End | typeof NO_END {
  const keys = req.integer(i)
  if (!(keys >= 1)) return fail(reply, NUMKEYS_NOT_POSITIVE)
  const where = i + keys + 1
  if (where >= req.argc) return fail(reply, SYNTAX)
  const end = endAt(req, where)
  if (end === NO_END) return fail(reply, SYNTAX)
  if (req.argc === where + 1) return end
  if (!req.is(where + 1, 'COUNT') || where + 2 >= req.argc) return fail(reply, SYNTAX)
  if (!(req.integer(where + 2) >= 1)) return fail(reply, COUNT_NOT_POSITIVE)
  return req.argc > where + 3 ? fail(reply, SYNTAX) : end
}

function fail(reply: Reply, text: string): typeof NO_END {
  reply.error(text)
  return NO_END
}

/** The COUNT of arguments that popOptions approved, 1 if there is none. */
export function popCount(req: Request, i: number): number {
  const where = i + req.integer(i) + 1
  return req.argc > where + 2 ? req.integer(where + 2) : 1
}

/**
 * Takes up to `count` elements off the first of the lists in `keys` arguments from `first` on, and replies its key and
 * them. False if no list exists: nothing has been replied then. An error counts as done.
 */
export function popFirst(
  shard: Shard,
  req: Request,
  first: number,
  keys: number,
  end: End,
  count: number,
  reply: Reply,
): boolean {
  for (let i = first; i < first + keys; i++) {
    const owner = shard.ofKey(req, i)
    const entry = owner.typedForWrite(req, i, TYPE.LIST, reply)
    if (entry === WRONG) return true
    if (entry === 0) continue
    reply.array(2)
    reply.bulk(req.u8, req.at[i], req.length[i])
    const taken = popSome(owner, req, i, entry, end, count, reply)
    sayPop(owner, req, i, end, taken)
    return true
  }
  return false
}

/** The log and replicas learn which list it was. */
function sayPop(shard: Shard, req: Request, i: number, end: End, count: number): void {
  const effects = shard.engine.effects
  effects.instead()
  effects.command(3)
  effects.word(end === LEFT ? 'LPOP' : 'RPOP')
  effects.bytes(req.u8, req.at[i], req.length[i])
  effects.integer(count)
}
