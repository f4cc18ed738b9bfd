// LPUSH, RPUSH, LPUSHX, RPUSHX: adding elements at an end.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { TYPE } from '../../store/entry.ts'
import type { Memory } from '../../store/memory.ts'
import { quicklistPushHead, quicklistPushTail } from '../../store/quicklist.ts'
import { type QuicklistRef, quicklistCount } from '../../store/quicklist-record.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { type Argument, DENY_OOM, FAST, oneKey, type ShardCommand, WRITE } from '../command.ts'
import { addList, type End, LEFT, listOf, RIGHT } from './shared.ts'

const ARGS: readonly Argument[] = [
  { name: 'key', type: 'key', keySpec: 0 },
  { name: 'element', type: 'string', flags: ['multiple'] },
]

/** What the four have in common. */
const traits = {
  group: 'list',
  complexity: 'O(N), N being the number of elements given',
  arity: -3,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'insert'),
  args: ARGS,
  cost: (_: Shard, req: Request) => req.argc,
} as const

export const lpush: ShardCommand = {
  ...traits,
  name: 'LPUSH',
  since: '1.0.0',
  summary: 'Adds elements before the first of a list, which is made if need be.',
  history: [['2.4.0', 'Takes several elements.']],
  run(shard, req, reply) {
    push(shard, req, reply, LEFT, false)
  },
}

export const rpush: ShardCommand = {
  ...traits,
  name: 'RPUSH',
  since: '1.0.0',
  summary: 'Adds elements behind the last of a list, which is made if need be.',
  history: [['2.4.0', 'Takes several elements.']],
  run(shard, req, reply) {
    push(shard, req, reply, RIGHT, false)
  },
}

export const lpushx: ShardCommand = {
  ...traits,
  name: 'LPUSHX',
  since: '2.2.0',
  summary: 'Adds elements before the first of a list if there is one.',
  history: [['4.0.0', 'Takes several elements.']],
  run(shard, req, reply) {
    push(shard, req, reply, LEFT, true)
  },
}

export const rpushx: ShardCommand = {
  ...traits,
  name: 'RPUSHX',
  since: '2.2.0',
  summary: 'Adds elements behind the last of a list if there is one.',
  history: [['4.0.0', 'Takes several elements.']],
  run(shard, req, reply) {
    push(shard, req, reply, RIGHT, true)
  },
}

function push(shard: Shard, req: Request, reply: Reply, end: End, mustExist: boolean): void {
  const m = shard.m
  const entry = shard.typedForWrite(req, 1, TYPE.LIST, reply)
  if (entry === WRONG) return
  if (entry === 0 && mustExist) return reply.integer(0)
  const list = entry === 0 ? addList(shard, req, 1) : listOf(m, entry)
  for (let i = 2; i < req.argc; i++) pushAt(m, list, end, req.u8, req.at[i], req.length[i])
  shard.touched(req, 1, NOTIFY.LIST, end === LEFT ? 'lpush' : 'rpush', req.argc - 2)
  reply.integer(quicklistCount(m, list))
}

/** Adds an element at an end. */
export function pushAt(m: Memory, list: QuicklistRef, end: End, bytes: Uint8Array, at: number, length: number): void {
  if (end === LEFT) quicklistPushHead(m, list, bytes, at, length)
  else quicklistPushTail(m, list, bytes, at, length)
}
