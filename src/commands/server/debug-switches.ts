// DEBUG subcommands that switch something off and on again.

import { globMatch } from '../../bytes/glob.ts'
import { parseMemory } from '../../config/kinds.ts'
import { NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { ROOT, rootAdd, rootCounter } from '../../store/keyspace.ts'
import { quicklistSetPackedMin } from '../../store/quicklist.ts'
import type { Client, Question, Router } from '../client.ts'
import { replyFromRouters } from '../client.ts'
import type { DebugCommand } from './debug.ts'

/** Switches that routers and shards look at; see Router.debugSwitch. */
export type DebugSwitch = 'active-expire' | 'cron' | 'deny-scripts'

interface Switched {
  readonly name: DebugSwitch
  readonly on: boolean
}

export const switchQuestion: Question<Switched, undefined> = {
  name: 'debug-switch',
  answer(router, { name, on }) {
    router.debugSwitch(name, on)
    return undefined
  },
}

/** A switch that `1` turns on, or off where `inverted`. */
const switching = (name: DebugSwitch, inverted: boolean): DebugCommand => ({
  least: 1,
  most: 1,
  run(client: Client, req: Request, reply: Reply, router: Router) {
    const isOne = Number.parseInt(req.text(2), 10) !== 0
    replyFromRouters(client, reply, router, switchQuestion, { name, on: isOne !== inverted }, out => out.ok())
  },
})

const packedThreshold: DebugCommand = {
  least: 1,
  most: 1,
  run(_client, req, reply, router) {
    const bytes = parseMemory(req.text(2))
    if (bytes === undefined) return reply.error('ERR argument must be a memory value')
    let fits = true
    router.withShards(engine => {
      for (const { m } of engine.shards) if (!quicklistSetPackedMin(m, Number(bytes))) fits = false
    })
    if (fits) reply.ok()
    else reply.error('ERR argument must be a memory value bigger than 1 and smaller than 4gb')
  },
}

const REPLY_PEAK_MS = 5000

interface ReplyRoomChange {
  readonly peakMs: number | undefined
  readonly resizes: boolean | undefined
}

export const replyRoomQuestion: Question<ReplyRoomChange, undefined> = {
  name: 'debug-reply-room',
  answer(router, { peakMs, resizes }) {
    router.debugReplyPeak(peakMs, resizes)
    return undefined
  },
}

/** How the room for replies that a client counts as having follows what it is sent. */
const replyBuffer: DebugCommand = {
  least: 2,
  most: 2,
  run(client, req, reply, router) {
    let peakMs: number | undefined
    let resizes: boolean | undefined
    if (req.is(2, 'RESIZING')) resizes = Number.parseInt(req.text(3), 10) !== 0
    else if (!req.is(2, 'PEAK-RESET-TIME')) return reply.error(SYNTAX)
    else if (req.is(3, 'NEVER')) peakMs = Number.POSITIVE_INFINITY
    else if (req.is(3, 'RESET')) peakMs = REPLY_PEAK_MS
    else {
      peakMs = req.integer(3)
      if (Number.isNaN(peakMs)) return reply.error(NOT_AN_INTEGER)
    }
    replyFromRouters(client, reply, router, replyRoomQuestion, { peakMs, resizes }, out => out.ok())
  },
}

const skipChecksum: DebugCommand = {
  least: 1,
  most: 1,
  run(_client, req, reply, router) {
    const skip = Number.parseInt(req.text(2), 10) !== 0 ? 1 : 0
    router.withShards(engine => {
      for (const { m } of engine.shards) rootAdd(m, ROOT.SKIP_CHECKSUM, skip - rootCounter(m, ROOT.SKIP_CHECKSUM))
    })
    reply.ok()
  },
}

const matchText: DebugCommand = {
  least: 2,
  most: 2,
  run(_client, req, reply) {
    const matches = globMatch(req.u8, req.at[2], req.length[2], req.u8, req.at[3], req.length[3], false)
    reply.integer(matches ? 1 : 0)
  },
}

export const debugSwitches: readonly (readonly [name: string, command: DebugCommand])[] = [
  ['SET-ACTIVE-EXPIRE', switching('active-expire', false)],
  ['PAUSE-CRON', switching('cron', true)],
  ['SET-SKIP-CHECKSUM-VALIDATION', skipChecksum],
  ['SET-DISABLE-DENY-SCRIPTS', switching('deny-scripts', true)],
  ['QUICKLIST-PACKED-THRESHOLD', packedThreshold],
  ['REPLYBUFFER', replyBuffer],
  ['STRINGMATCH-LEN', matchText],
]
