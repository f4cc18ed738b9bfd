// The arguments of XREAD and XREADGROUP, read and checked: what a client that blocks waits for, too.

import { NEGATIVE_TIMEOUT, NOT_A_TIMEOUT, NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { entryValue, TYPE } from '../../store/entry.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { lastIdWord, type StreamRef } from '../../store/stream.ts'
import { StreamId } from '../../store/stream-id.ts'
import { findGroup } from './group-arguments.ts'
import { BAD_ID, isId } from './ids.ts'

const GROUP_IN_XREAD = 'ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.'
const NOACK_IN_XREAD = 'ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.'
const NEW_IN_XREAD =
  'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.'
const LAST_IN_GROUP =
  'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.'
// The same for both commands, as in Redis.
const UNBALANCED = "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."
const NO_GROUP = 'ERR Missing GROUP option for XREADGROUP'

const DOLLAR = 0x24
const GREATER = 0x3e
const NEVER = -1

/** One XREAD or XREADGROUP; reused. */
export class ReadPlan {
  isGroup = false
  /** Entries of each stream at most; 0 = all. */
  count = 0
  /** How long to wait for entries, ms; 0 = forever, -1 = not at all. */
  blockMs = NEVER
  noAck = false
  /** Argument indexes of the group and the consumer. */
  groupAt = 0
  consumerAt = 0
  /** Argument index of the first stream's key, and how many there are; their ids follow the keys. */
  keysAt = 0
  streams = 0
  /** By stream, the id to read after; the highest one for `>`. */
  readonly ids: StreamId[] = []

  /** Whether what stream `i` asks for is new entries for a group, not a consumer's own. */
  asksForNew(i: number): boolean {
    return this.isGroup && this.ids[i].isMax()
  }

  /** Reads the options; false after replying an error. */
  parse(req: Request, reply: Reply, isGroup: boolean): boolean {
    this.isGroup = isGroup
    const error = this.#parse(req)
    if (error !== '') reply.error(error)
    return error === ''
  }

  #parse(req: Request): string {
    this.count = 0
    this.blockMs = NEVER
    this.noAck = false
    this.groupAt = 0
    this.keysAt = 0
    for (let i = 1; i < req.argc && this.keysAt === 0; i++) {
      const more = req.argc - i - 1
      if (more > 0 && req.is(i, 'BLOCK')) {
        this.blockMs = req.integer(++i)
        if (Number.isNaN(this.blockMs)) return NOT_A_TIMEOUT
        if (this.blockMs < 0) return NEGATIVE_TIMEOUT
      } else if (more > 0 && req.is(i, 'COUNT')) {
        this.count = req.integer(++i)
        if (Number.isNaN(this.count)) return NOT_AN_INTEGER
        if (this.count < 0) this.count = 0
      } else if (more > 0 && req.is(i, 'STREAMS')) {
        if (more % 2 !== 0) return UNBALANCED
        this.keysAt = i + 1
        this.streams = more / 2
      } else if (more > 1 && req.is(i, 'GROUP')) {
        if (!this.isGroup) return GROUP_IN_XREAD
        this.groupAt = i + 1
        this.consumerAt = i + 2
        i += 2
      } else if (req.is(i, 'NOACK')) {
        if (!this.isGroup) return NOACK_IN_XREAD
        this.noAck = true
      } else return SYNTAX
    }
    if (this.keysAt === 0) return SYNTAX
    return this.isGroup && this.groupAt === 0 ? NO_GROUP : ''
  }

  /** Sets `ids`, checking that keys hold streams and that the group is there; false after replying an error. */
  resolve(shard: Shard, req: Request, reply: Reply): boolean {
    while (this.ids.length < this.streams) this.ids.push(new StreamId())
    for (let i = 0; i < this.streams; i++) {
      const key = this.keysAt + i
      const home = shard.ofKey(req, key)
      const error = this.isGroup
        ? this.#resolveForGroup(home, req, reply, i, key)
        : this.#resolve(home, req, reply, i, key)
      if (error === undefined) return false
      if (error !== '') {
        reply.error(error)
        return false
      }
    }
    return true
  }

  /** An error, the empty text if there is none, undefined if it has been replied. */
  #resolve(home: Shard, req: Request, reply: Reply, i: number, key: number): string | undefined {
    const entry = home.typed(req, key, TYPE.STREAM, reply)
    if (entry === WRONG) return undefined
    const at = key + this.streams
    if (req.isByte(at, DOLLAR)) {
      if (entry === 0) this.ids[i].setMin()
      else this.ids[i].load(home.m, lastIdWord(entryValue(home.m, entry) as StreamRef))
      return ''
    }
    if (req.isByte(at, GREATER)) return NEW_IN_XREAD
    return isId(req, at, this.ids[i]) ? '' : BAD_ID
  }

  #resolveForGroup(home: Shard, req: Request, reply: Reply, i: number, key: number): string | undefined {
    const has = findGroup(home, req, reply, key, this.groupAt)
    if (has === WRONG) return undefined
    if (!has) {
      const names = `No such key '${req.text(key)}' or consumer group '${req.text(this.groupAt)}'`
      return `NOGROUP ${names} in XREADGROUP with GROUP option`
    }
    const at = key + this.streams
    if (req.isByte(at, DOLLAR)) return LAST_IN_GROUP
    if (req.isByte(at, GREATER)) {
      this.ids[i].setMax()
      return ''
    }
    return isId(req, at, this.ids[i]) ? '' : BAD_ID
  }
}
