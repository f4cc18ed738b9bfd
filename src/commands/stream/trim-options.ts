// MAXLEN, MINID and LIMIT, which XADD and XTRIM share, and what goes before and behind them.

import { SETTING } from '../../config/settings.ts'
import { NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import { type Request, SENDER } from '../../protocol/request.ts'
import type { Effects } from '../../store/effects.ts'
import type { Memory } from '../../store/memory.ts'
import type { Shard } from '../../store/shard.ts'
import { type StreamRef, streamLength } from '../../store/stream.ts'
import { streamTrim } from '../../store/stream-edit.ts'
import { StreamId } from '../../store/stream-id.ts'
import { streamEdge } from '../../store/stream-walk.ts'
import type { Argument } from '../command.ts'
import { BAD_ID, effectArgument, effectId, isId, NO_ID, OPEN_ID, readId, WHOLE_ID } from './ids.ts'

const TWO_STRATEGIES = 'ERR syntax error, MAXLEN and MINID options at the same time are not compatible'
const LIMIT_ALONE = 'ERR syntax error, LIMIT cannot be used without specifying a trimming strategy'
const NO_STRATEGY = 'ERR syntax error, XTRIM must be called with a trimming strategy'
const LIMIT_EXACT = 'ERR syntax error, LIMIT cannot be used without the special ~ option'
const NEGATIVE_MAXLEN = 'ERR The MAXLEN argument must be >= 0.'
const NEGATIVE_LIMIT = 'ERR The LIMIT argument must be >= 0.'

const STAR = 0x2a
const TILDE = 0x7e
const EQUALS = 0x3d

/** Nodes an approximate trim looks at, unless LIMIT says otherwise. */
const NODES_MAX = 100
const LIMIT_DEFAULT = 10000
const LIMIT_MAX = 1000000

const NO_TRIM = 0
const BY_LENGTH = 1
const BY_ID = 2

/** The options of one XADD or XTRIM; reused. */
export class TrimOptions {
  strategy: number = NO_TRIM
  isApproximate = false
  maxLength = 0
  readonly minId = new StreamId()
  limit = 0
  /** Argument index of the threshold. */
  thresholdAt = 0
  makesNoStream = false
  /** The id given to XADD: NO_ID for `*`, WHOLE_ID, or OPEN_ID. */
  idKind: number = NO_ID
  readonly id = new StreamId()

  /** Reads the options from argument 2 on. Returns the index of XADD's id, or XTRIM's argc; -1 after replying an error. */
  read(shard: Shard, req: Request, reply: Reply, isAdd: boolean): number {
    this.strategy = NO_TRIM
    this.isApproximate = false
    this.limit = 0
    this.makesNoStream = false
    this.idKind = NO_ID
    let limitGiven = false
    let i = 2
    for (; i < req.argc; i++) {
      const hasMore = i + 1 < req.argc
      if (isAdd && req.isByte(i, STAR)) break
      if (hasMore && (req.is(i, 'MAXLEN') || req.is(i, 'MINID'))) {
        i = this.#readStrategy(req, i, reply)
        if (i < 0) return -1
      } else if (hasMore && req.is(i, 'LIMIT')) {
        this.limit = req.integer(++i)
        limitGiven = true
        if (Number.isNaN(this.limit)) return fail(reply, NOT_AN_INTEGER)
        if (this.limit < 0) return fail(reply, NEGATIVE_LIMIT)
      } else if (isAdd && req.is(i, 'NOMKSTREAM')) {
        this.makesNoStream = true
      } else if (isAdd) {
        this.idKind = readId(req, i, this.id, false, 0, true)
        if (this.idKind === NO_ID) return fail(reply, BAD_ID)
        break
      } else return fail(reply, SYNTAX)
    }
    if (this.limit > 0 && this.strategy === NO_TRIM) return fail(reply, LIMIT_ALONE)
    if (!isAdd && this.strategy === NO_TRIM) return fail(reply, NO_STRATEGY)
    if ((req.sender.flags & (SENDER.MASTER | SENDER.LOADING)) !== 0) {
      // The threshold was made exact when it was passed on.
      this.limit = 0
    } else if (limitGiven) {
      if (!this.isApproximate) return fail(reply, LIMIT_EXACT)
    } else if (this.isApproximate) {
      const limit = NODES_MAX * shard.engine.settings[SETTING.streamNodeMaxEntries]
      this.limit = limit <= 0 ? LIMIT_DEFAULT : Math.min(limit, LIMIT_MAX)
    }
    return i
  }

  /** Reads the strategy at argument `i`; returns the index of its threshold, or -1 after replying an error. */
  #readStrategy(req: Request, i: number, reply: Reply): number {
    if (this.strategy !== NO_TRIM) return fail(reply, TWO_STRATEGIES)
    this.strategy = req.is(i, 'MAXLEN') ? BY_LENGTH : BY_ID
    this.isApproximate = false
    i++
    if (i + 1 < req.argc && (req.isByte(i, TILDE) || req.isByte(i, EQUALS))) this.isApproximate = req.isByte(i++, TILDE)
    this.thresholdAt = i
    if (this.strategy === BY_LENGTH) {
      this.maxLength = req.integer(i)
      if (Number.isNaN(this.maxLength)) return fail(reply, NOT_AN_INTEGER)
      if (this.maxLength < 0) return fail(reply, NEGATIVE_MAXLEN)
    } else if (!isId(req, i, this.minId)) return fail(reply, BAD_ID)
    return i
  }

  get trims(): boolean {
    return this.strategy !== NO_TRIM
  }

  get hasWholeId(): boolean {
    return this.idKind === WHOLE_ID
  }

  get hasOpenId(): boolean {
    return this.idKind === OPEN_ID
  }

  /** Trims; returns how many entries went. */
  apply(m: Memory, stream: StreamRef): number {
    const minId = this.strategy === BY_ID ? this.minId : undefined
    return streamTrim(m, stream, this.maxLength, minId, this.isApproximate, this.limit)
  }

  /**
   * Passes the command on with an exact threshold, the one that the trimming arrived at, and at `idAt` > 0 with the id
   * that the entry got: log and replicas must do the same, whatever their nodes look like.
   */
  passOn(effects: Effects, req: Request, m: Memory, stream: StreamRef, idAt: number, id: StreamId): void {
    effects.instead()
    if (!effects.enabled) return
    effects.command(req.argc)
    for (let i = 0; i < req.argc; i++) {
      if (i === idAt && idAt > 0) effectId(effects, id)
      else if (!this.trims || !this.isApproximate) effectArgument(effects, req, i)
      else if (i === this.thresholdAt - 1) effects.word('=')
      else if (i !== this.thresholdAt) effectArgument(effects, req, i)
      else if (this.strategy === BY_LENGTH) effects.integer(streamLength(m, stream))
      else effectId(effects, streamEdge(m, stream, true, true, first))
    }
  }
}

const first = new StreamId()

function fail(reply: Reply, text: string): -1 {
  reply.error(text)
  return -1
}

/** The trimming options in COMMAND DOCS. */
export const TRIM_ARGUMENTS: readonly Argument[] = [
  {
    name: 'strategy',
    type: 'oneof',
    args: [
      { name: 'maxlen', type: 'pure-token', token: 'MAXLEN' },
      { name: 'minid', type: 'pure-token', token: 'MINID', since: '6.2.0' },
    ],
  },
  {
    name: 'operator',
    type: 'oneof',
    flags: ['optional'],
    args: [
      { name: 'equal', type: 'pure-token', token: '=' },
      { name: 'approximately', type: 'pure-token', token: '~' },
    ],
  },
  { name: 'threshold', type: 'string' },
  { name: 'count', type: 'integer', token: 'LIMIT', since: '6.2.0', flags: ['optional'] },
]
