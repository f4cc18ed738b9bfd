// XREAD and XREADGROUP with BLOCK: clients that wait for entries. Each is served from the one stream that changed, by
// the command it sent, narrowed to that stream.

import { Reply } from '../../protocol/reply.ts'
import { Request, requestOf } from '../../protocol/request.ts'
import { entryType, entryValue, TYPE } from '../../store/entry.ts'
import type { Shard } from '../../store/shard.ts'
import { type StreamRef, streamLength } from '../../store/stream.ts'
import { groupFind, groupLastIdWord } from '../../store/stream-group.ts'
import { StreamId } from '../../store/stream-id.ts'
import { streamEdge } from '../../store/stream-walk.ts'
import { waitFor } from '../blocking.ts'
import type { Waiting } from '../command.ts'
import { ReadPlan } from './read-plan.ts'

/** Replies with what the streams of a plan have; false if there is nothing. */
type ReadStreams = (shard: Shard, req: Request, reply: Reply, plan: ReadPlan) => boolean

const STREAM_GONE = 'UNBLOCKED the stream key no longer exists'
const GROUP_GONE = 'NOGROUP the consumer group this client was blocked on no longer exists'

const plan = new ReadPlan()
const narrow = new Request()
const unused = new Reply(256)
const edge = new StreamId()
const last = new StreamId()

/** Whether the stream has an entry behind `id`. */
export function hasAfter(home: Shard, stream: StreamRef, id: StreamId): boolean {
  return streamLength(home.m, stream) > 0 && streamEdge(home.m, stream, false, false, edge).compare(id) > 0
}

/** Has the client of a plan, which has been resolved and found nothing, wait if it wants to. */
export function waitForEntries(shard: Shard, req: Request, wanted: ReadPlan): boolean {
  if (wanted.blockMs < 0) return false
  const { keysAt, streams, blockMs } = wanted
  return waitFor(shard, wanted.isGroup ? req : withIds(req, wanted), keysAt, streams, 0, blockMs)
}

/** The request with the ids in full: `$` means the end of the stream as it is now. */
function withIds(req: Request, { keysAt, streams, ids }: ReadPlan): Request {
  const args: (string | Uint8Array)[] = []
  for (let i = 0; i < keysAt + streams; i++) args.push(req.copy(i))
  for (let i = 0; i < streams; i++) args.push(ids[i].text())
  const full = requestOf(args)
  full.db = req.db
  full.resp = req.resp
  full.sender = req.sender
  return full
}

/** The request as if it asked for the stream in argument `arg` only. */
function narrowTo(req: Request, arg: number, isGroup: boolean): Request {
  plan.parse(req, unused, isGroup)
  const { keysAt, streams } = plan
  narrow.start(req.u8)
  for (let i = 0; i < keysAt; i++) narrow.push(req.at[i], req.length[i])
  narrow.push(req.at[arg], req.length[arg])
  narrow.push(req.at[arg + streams], req.length[arg + streams])
  narrow.db = req.db
  narrow.resp = req.resp
  narrow.sender = req.sender
  return narrow
}

/** How XREAD, or XREADGROUP, waits for entries. */
export function entriesWaiting(isGroup: boolean, readStreams: ReadStreams): Waiting {
  return {
    mindsLoss: isGroup,

    isReady(shard, req, arg) {
      const entry = shard.findKey(req.db, req.u8, req.at[arg], req.length[arg])
      const { m } = shard
      if (entry === 0 || entryType(m, entry) !== TYPE.STREAM) return isGroup
      const stream = entryValue<'stream'>(m, entry)
      const one = narrowTo(req, arg, isGroup)
      plan.parse(one, unused, isGroup)
      if (!isGroup) return plan.resolve(shard, one, unused) && hasAfter(shard, stream, plan.ids[0])
      const group = groupFind(m, stream, one.u8, one.at[plan.groupAt], one.length[plan.groupAt])
      return group === 0 || hasAfter(shard, stream, last.load(m, groupLastIdWord(group)))
    },

    serve(shard, req, reply, arg) {
      const entry = shard.findKey(req.db, req.u8, req.at[arg], req.length[arg])
      const { m } = shard
      if (entry === 0 || entryType(m, entry) !== TYPE.STREAM) return reply.error(STREAM_GONE)
      const one = narrowTo(req, arg, isGroup)
      plan.parse(one, unused, isGroup)
      const { groupAt } = plan
      if (isGroup && groupFind(m, entryValue<'stream'>(m, entry), one.u8, one.at[groupAt], one.length[groupAt]) === 0) {
        return reply.error(GROUP_GONE)
      }
      if (plan.resolve(shard, one, reply)) readStreams(shard, one, reply, plan)
    },
  }
}
