// What commands on sorted sets have in common: members with scores in a reply, storing a result, dropping what is empty.

import { SETTING } from '../../config/settings.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { type EntryRef, entryCreate, entrySetValue, entryType, TYPE } from '../../store/entry.ts'
import type { Shard } from '../../store/shard.ts'
import { valueRelease } from '../../store/value.ts'
import type { Draft } from '../../store/zset/draft.ts'
import { zsetLength } from '../../store/zset.ts'

/** Starts a reply of `count` members, with scores if wanted: pairs in RESP3, a flat array in RESP2. */
export function beginMembers(reply: Reply, count: number, withScores: boolean): void {
  reply.array(withScores && reply.resp === 2 ? 2 * count : count)
}

/** A member of a reply that beginMembers started. */
export function replyMember(
  reply: Reply,
  bytes: Uint8Array,
  at: number,
  length: number,
  score: number,
  withScores: boolean,
): void {
  if (withScores && reply.resp === 3) reply.array(2)
  reply.bulk(bytes, at, length)
  if (withScores) reply.double(score)
}

/** Deletes the key in argument `i`, whose last member has gone, and says so. */
export function discardEmpty(shard: Shard, req: Request, i: number, entry: EntryRef): void {
  shard.discard(req.db, entry, false)
  shard.engine.notify(NOTIFY.GENERIC, 'del', req.db, req.u8, req.at[i], req.length[i])
}

/**
 * Puts the set that `draft` holds, made in the arena of `target`, in the place of whatever the key in argument `i`
 * holds; nothing if it is empty. `changes` is what a stored set counts. Replies its size.
 */
export function storeDraft(
  target: Shard,
  req: Request,
  i: number,
  draft: Draft,
  event: string,
  reply: Reply,
  changes = 1,
): void {
  const count = draft.count
  if (count === 0) {
    draft.drop()
    removeTarget(target, req, i, reply)
    return
  }
  const m = target.m
  const value = draft.finish(target.engine.settings)
  const made = entryCreate(m, TYPE.ZSET, draft.encoding, 0, 0, -1, req.u8, req.at[i], req.length[i])
  entrySetValue(m, made, value)
  const old = target.findKey(req.db, req.u8, req.at[i], req.length[i])
  if (old === 0) target.link(req.db, made)
  else {
    valueRelease(m, old)
    target.replaceEntry(req.db, old, made)
  }
  target.touched(req, i, NOTIFY.ZSET, event, changes)
  reply.integer(count)
}

/** Deletes the key in argument `i`, since there is nothing to store in it. Replies 0. */
export function removeTarget(target: Shard, req: Request, i: number, reply: Reply): void {
  const old = target.findKey(req.db, req.u8, req.at[i], req.length[i])
  if (old !== 0) {
    target.discard(req.db, old, target.engine.settings[SETTING.lazyfreeLazyServerDel] !== 0)
    target.touched(req, i, NOTIFY.GENERIC, 'del')
  }
  reply.integer(0)
}

/** Members of the sorted set under the key in argument `i`, 0 if there is none: for `cost`. */
export function zsetEffort(shard: Shard, req: Request, i: number): number {
  if (i >= req.argc) return 0
  const owner = shard.ofKey(req, i)
  const entry = owner.peek(req, i)
  return entry !== 0 && entryType(owner.m, entry) === TYPE.ZSET ? zsetLength(owner.m, entry) : 0
}
