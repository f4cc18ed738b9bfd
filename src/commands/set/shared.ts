// What commands on sets have in common: making and dropping the key, replying members, guessing effort.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { type EntryRef, entryType, TYPE } from '../../store/entry.ts'
import type { Memory } from '../../store/memory.ts'
import { SetWalk, setCount, setEncodingFor, setValueFor } from '../../store/set.ts'
import type { SetMember } from '../../store/set-member.ts'
import type { Shard } from '../../store/shard.ts'

const walk = new SetWalk()

/** Adds the key in argument `i` as an empty set fit for `member`, which the caller adds next. */
export function addSet(shard: Shard, req: Request, i: number, member: SetMember): EntryRef {
  return shard.add(req, i, TYPE.SET, setEncodingFor(member), setValueFor(shard.m, member))
}

/** Deletes the key in argument `i`, whose last member has gone, and says so. */
export function discardEmpty(shard: Shard, req: Request, i: number, entry: EntryRef): void {
  shard.discard(req.db, entry, false)
  shard.engine.notify(NOTIFY.GENERIC, 'del', req.db, req.u8, req.at[i], req.length[i])
}

/** Replies all members. */
export function replyMembers(m: Memory, entry: EntryRef, reply: Reply): void {
  reply.set(setCount(m, entry))
  walk.start(m, entry)
  const member = walk.member
  while (walk.next()) reply.bulk(member.bytes, member.at, member.length)
}

/** How many members the sets in arguments `first` to `last` have together. */
export function setEffort(shard: Shard, req: Request, first: number, last: number): number {
  let effort = 0
  for (let i = first; i <= last && i < req.argc; i++) {
    const owner = shard.ofKey(req, i)
    const entry = owner.peek(req, i)
    if (entry !== 0 && entryType(owner.m, entry) === TYPE.SET) effort += setCount(owner.m, entry)
  }
  return effort
}
