// What the commands on consumer groups share: finding the group and the consumer, and what is passed on of a claim.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { entryValue, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import type { StreamRef } from '../../store/stream.ts'
import {
  type ConsumerRef,
  consumerCreate,
  consumerFind,
  consumerSetSeen,
  type GroupRef,
  groupEntriesRead,
  groupFind,
  groupLastIdWord,
  type PendingRef,
  pendingConsumer,
  pendingCount,
  pendingTime,
} from '../../store/stream-group.ts'
import { StreamId } from '../../store/stream-id.ts'
import { nameAt, nameLength } from '../../store/stream-names.ts'
import { effectArgument, effectId } from './ids.ts'

/** The stream and the group that `findGroup` found. */
export const found = { stream: 0 as StreamRef, group: 0 as GroupRef }

const last = new StreamId()

/** Finds the group named in argument `at` of the stream in argument `key`. WRONG after replying; 0 if one is missing. */
export function findGroup(shard: Shard, req: Request, reply: Reply, key: number, at: number): boolean | typeof WRONG {
  const entry = shard.typed(req, key, TYPE.STREAM, reply)
  if (entry === WRONG) return WRONG
  if (entry === 0) return false
  found.stream = entryValue(shard.m, entry)
  const group = groupFind(shard.m, found.stream, req.u8, req.at[at], req.length[at])
  if (group === 0) return false
  found.group = group
  return true
}

/** What is said when the key or the group is not there. */
export const noGroup = (req: Request, key: number, group: number): string =>
  `NOGROUP No such key '${req.text(key)}' or consumer group '${req.text(group)}'`

/** What is said when the key is there but the group is not. */
export const noGroupFor = (req: Request, key: number, group: number): string =>
  `NOGROUP No such consumer group '${req.text(group)}' for key name '${req.text(key)}'`

/** The consumer named in argument `i`, who has just been seen; made if missing. `key` is the stream's argument. */
export function seenConsumer(shard: Shard, req: Request, key: number, group: GroupRef, i: number): ConsumerRef {
  const { u8, at, length } = req
  const now = shard.engine.now
  const consumer = consumerFind(shard.m, group, u8, at[i], length[i])
  if (consumer !== 0) {
    consumerSetSeen(shard.m, consumer, now)
    return consumer
  }
  const made = consumerCreate(shard.m, group, u8, at[i], length[i], now) as ConsumerRef
  shard.touched(req, key, NOTIFY.STREAM, 'xgroup-createconsumer')
  return made
}

/**
 * Passes on whose a pending entry is now, as an XCLAIM that leads to the same state wherever it is run. `key` and `name`
 * are the arguments of the stream and the group.
 */
export function passOnClaim(
  shard: Shard,
  req: Request,
  key: number,
  name: number,
  group: GroupRef,
  id: StreamId,
  entry: PendingRef,
): void {
  const { m, engine } = shard
  const effects = engine.effects
  if (!effects.enabled) return
  const consumer = pendingConsumer(m, entry)
  effects.command(14)
  effects.word('XCLAIM')
  effectArgument(effects, req, key)
  effectArgument(effects, req, name)
  effects.bytes(m.u8, nameAt(m, consumer), nameLength(m, consumer))
  effects.word('0')
  effectId(effects, id)
  effects.word('TIME')
  effects.integer(pendingTime(m, entry))
  effects.word('RETRYCOUNT')
  effects.integer(pendingCount(m, entry))
  effects.word('FORCE')
  effects.word('JUSTID')
  effects.word('LASTID')
  effectId(effects, last.load(m, groupLastIdWord(group)))
}

/** Passes on how far a group has come. */
export function passOnProgress(shard: Shard, req: Request, key: number, name: number, group: GroupRef): void {
  const { m, engine } = shard
  const effects = engine.effects
  if (!effects.enabled) return
  effects.command(7)
  effects.word('XGROUP')
  effects.word('SETID')
  effectArgument(effects, req, key)
  effectArgument(effects, req, name)
  effectId(effects, last.load(m, groupLastIdWord(group)))
  effects.word('ENTRIESREAD')
  effects.integer(groupEntriesRead(m, group))
}

/** Passes on that a consumer is there. */
export function passOnConsumer(shard: Shard, req: Request, key: number, name: number, consumer: number): void {
  const effects = shard.engine.effects
  effects.command(5)
  effects.word('XGROUP')
  effects.word('CREATECONSUMER')
  effectArgument(effects, req, key)
  effectArgument(effects, req, name)
  effectArgument(effects, req, consumer)
}
