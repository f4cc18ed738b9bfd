// LMOVE and RPOPLPUSH: an element from an end of one list to an end of another, or of the same one.

import { copyBytes } from '../../bytes/copy.ts'
import { SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { type EntryRef, TYPE } from '../../store/entry.ts'
import { ListpackElement } from '../../store/listpack-element.ts'
import type { Memory } from '../../store/memory.ts'
import { cursor, cursorSeek, cursorText } from '../../store/quicklist-cursor.ts'
import type { QuicklistRef } from '../../store/quicklist-record.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { type Command, DENY_OOM, type KeySpec, WRITE } from '../command.ts'
import { dropAt, popped } from './pop.ts'
import { pushAt } from './push.ts'
import { addList, type End, endAt, LEFT, LEFT_OR_RIGHT, listOf, NO_END, RIGHT } from './shared.ts'

/** Room for an element on its way beyond this is not kept. */
const HELD_BYTES_KEPT = 65536

const moved = new ListpackElement()
let held = new Uint8Array(256)

export const MOVE_KEYS: readonly KeySpec[] = [
  { flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
  { flags: ['RW', 'insert'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
]

export const lmove: Command = {
  name: 'LMOVE',
  group: 'list',
  since: '6.2.0',
  summary: 'Moves an element from an end of a list to an end of another and returns it.',
  complexity: 'O(1)',
  arity: 5,
  flags: WRITE | DENY_OOM,
  keys: MOVE_KEYS,
  args: [
    { name: 'source', type: 'key', keySpec: 0 },
    { name: 'destination', type: 'key', keySpec: 1 },
    { name: 'wherefrom', type: 'oneof', args: LEFT_OR_RIGHT },
    { name: 'whereto', type: 'oneof', args: LEFT_OR_RIGHT },
  ],

  run(shard, req, reply) {
    const from = endAt(req, 3)
    const to = endAt(req, 4)
    if (from === NO_END || to === NO_END) return reply.error(SYNTAX)
    if (!moveElement(shard, req, from, to, reply)) reply.nil()
  },
}

export const rpoplpush: Command = {
  name: 'RPOPLPUSH',
  group: 'list',
  since: '1.2.0',
  summary: 'Moves the last element of a list to the start of another and returns it.',
  complexity: 'O(1)',
  arity: 3,
  flags: WRITE | DENY_OOM,
  keys: MOVE_KEYS,
  deprecated: { since: '6.2.0', replacement: '`LMOVE` with the `RIGHT` and `LEFT` arguments' },
  args: [
    { name: 'source', type: 'key', keySpec: 0 },
    { name: 'destination', type: 'key', keySpec: 1 },
  ],

  run(shard, req, reply) {
    if (!moveElement(shard, req, RIGHT, LEFT, reply)) reply.nil()
  },
}

/**
 * Moves an element of the list in argument 1 to the one in argument 2 and replies it. False if there is no list to take
 * it from: nothing has been replied then. An error counts as done.
 */
export function moveElement(shard: Shard, req: Request, from: End, to: End, reply: Reply): boolean {
  const source = shard.ofKey(req, 1)
  const entry = source.typedForWrite(req, 1, TYPE.LIST, reply)
  if (entry === WRONG) return true
  if (entry === 0) return false
  const target = shard.ofKey(req, 2)
  const found = target.typedForWrite(req, 2, TYPE.LIST, reply)
  if (found === WRONG) return true
  const list = listOf(source.m, entry)
  cursorSeek(cursor, source.m, list, from === LEFT ? 0 : -1)
  cursorText(cursor, moved)
  reply.bulk(moved.bytes, moved.at, moved.length)
  if (found === entry && source === target) rotate(source.m, list, from, to)
  else {
    pushTo(target, req, found, to)
    dropAt(source.m, list, from)
  }
  target.touched(req, 2, NOTIFY.LIST, to === LEFT ? 'lpush' : 'rpush', 0)
  popped(source, req, 1, entry, from, 1)
  return true
}

/** Adds the moved element, which still lies in its old list, to the list in argument 2. */
function pushTo(target: Shard, req: Request, found: EntryRef | 0, to: End): void {
  const list = found === 0 ? addList(target, req, 2) : listOf(target.m, found)
  pushAt(target.m, list, to, moved.bytes, moved.at, moved.length)
}

/** Inside one list the element is held meanwhile: its node may move. */
function rotate(m: Memory, list: QuicklistRef, from: End, to: End): void {
  const length = moved.length
  if (held.length < length) held = new Uint8Array(length)
  copyBytes(held, 0, moved.bytes, moved.at, length)
  dropAt(m, list, from)
  pushAt(m, list, to, held, 0, length)
  if (held.length > HELD_BYTES_KEPT) held = new Uint8Array(256)
}
