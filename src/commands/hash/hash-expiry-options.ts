// The options of HGETEX and HSETEX before FIELDS: EX, PX, EXAT, PXAT, and PERSIST or KEEPTTL; for HSETEX FNX and FXX.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { Argument } from '../command.ts'
import { isExpiryOption } from '../expiry-options.ts'
import { fieldExpireTime } from './hexpire.ts'

const TIME_MISSING = 'ERR missing expire time'
const ONE_CONDITION = 'ERR Only one of FXX or FNX arguments can be specified'

/** The expiry options in COMMAND DOCS. */
export const EXPIRY_ARGUMENTS: readonly Argument[] = [
  { name: 'seconds', type: 'integer', token: 'EX' },
  { name: 'milliseconds', type: 'integer', token: 'PX' },
  { name: 'unix-time-seconds', type: 'unix-time', token: 'EXAT' },
  { name: 'unix-time-milliseconds', type: 'unix-time', token: 'PXAT' },
]

export class ExpiryOptions {
  /** Unix ms, -1 for none given. */
  expireAt = -1
  /** Whether the option without a time, PERSIST or KEEPTTL, was given. */
  kept = false
  onlyNew = false
  onlyOld = false
  readonly #command: string
  readonly #keepWord: string

  constructor(command: string, keepWord: 'PERSIST' | 'KEEPTTL') {
    this.#command = command
    this.#keepWord = keepWord
  }

  /** Reads options from argument `i` on; returns where FIELDS must be, 0 after replying an error. */
  read(req: Request, i: number, now: number, reply: Reply): number {
    this.expireAt = -1
    this.kept = false
    this.onlyNew = false
    this.onlyOld = false
    for (; i < req.argc && !req.is(i, 'FIELDS'); i++) {
      const hasConditions = this.#keepWord === 'KEEPTTL'
      if (hasConditions && (req.is(i, 'FNX') || req.is(i, 'FXX'))) {
        if (this.onlyNew || this.onlyOld) return refuse(reply, ONE_CONDITION)
        this.onlyNew = req.is(i, 'FNX')
        this.onlyOld = !this.onlyNew
        continue
      }
      const isTime = isExpiryOption(req, i)
      if (!isTime && !req.is(i, this.#keepWord)) return refuse(reply, `ERR unknown argument: ${req.text(i)}`)
      if (this.kept || this.expireAt >= 0) {
        return refuse(reply, `ERR Only one of EX, PX, EXAT, PXAT or ${this.#keepWord} arguments can be specified`)
      }
      if (!isTime) {
        this.kept = true
        continue
      }
      if (i + 1 >= req.argc) return refuse(reply, TIME_MISSING)
      const isSeconds = req.is(i, 'EX') || req.is(i, 'EXAT')
      const isRelative = req.is(i, 'EX') || req.is(i, 'PX')
      i++
      this.expireAt = fieldExpireTime(req, i, isSeconds ? 1000 : 1, isRelative ? now : 0, this.#command, reply)
      if (Number.isNaN(this.expireAt)) return 0
    }
    return i
  }
}

function refuse(reply: Reply, error: string): 0 {
  reply.error(error)
  return 0
}
