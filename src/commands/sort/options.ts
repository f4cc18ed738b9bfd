// The options of SORT and SORT_RO.

import { NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import { type Request, SENDER } from '../../protocol/request.ts'
import { reachesKeys } from './pattern.ts'

/** What the arguments say. BY and STORE are argument indexes, 0 for none. */
export class SortOptions {
  isDescending = false
  isAlphabetic = false
  offset = 0
  /** Below 0: no limit. */
  count = -1
  by = 0
  store = 0
  /** Argument indexes of the GET patterns. */
  readonly gets: number[] = []

  /** Reads the options from argument 2 on. False after replying that they make no sense. */
  read(req: Request, mayStore: boolean, reply: Reply): boolean {
    this.isDescending = false
    this.isAlphabetic = false
    this.offset = 0
    this.count = -1
    this.by = 0
    this.store = 0
    this.gets.length = 0
    for (let i = 2; i < req.argc; i++) {
      const left = req.argc - i - 1
      if (req.is(i, 'ASC')) this.isDescending = false
      else if (req.is(i, 'DESC')) this.isDescending = true
      else if (req.is(i, 'ALPHA')) this.isAlphabetic = true
      else if (req.is(i, 'LIMIT') && left >= 2) {
        this.offset = req.integer(i + 1)
        this.count = req.integer(i + 2)
        if (Number.isNaN(this.offset) || Number.isNaN(this.count)) {
          reply.error(NOT_AN_INTEGER)
          return false
        }
        i += 2
      } else if (mayStore && req.is(i, 'STORE') && left >= 1) this.store = ++i
      else if (req.is(i, 'BY') && left >= 1) {
        this.by = ++i
        if (reachesKeys(req, i) && !mayReadAll(req)) return denied(reply, 'BY')
      } else if (req.is(i, 'GET') && left >= 1) {
        this.gets.push(++i)
        if (!mayReadAll(req)) return denied(reply, 'GET')
      } else {
        reply.error(SYNTAX)
        return false
      }
    }
    return true
  }
}

const mayReadAll = (req: Request): boolean => (req.sender.flags & SENDER.SOME_KEYS) === 0

function denied(reply: Reply, option: string): false {
  reply.error(`ERR ${option} option of SORT denied due to insufficient ACL permissions.`)
  return false
}

/** Pushes the arguments that are keys: the one to sort and the last STORE. */
export function sortKeys(req: Request, found: number[]): boolean {
  if (req.argc < 2) return false
  found.push(1)
  let store = 0
  for (let i = 2; i < req.argc; i++) {
    if (req.is(i, 'LIMIT')) i += 2
    else if (req.is(i, 'BY') || req.is(i, 'GET')) i++
    else if (req.is(i, 'STORE') && i + 1 < req.argc) store = ++i
  }
  if (store > 0) found.push(store)
  return true
}

/** Which locks it takes: all when a pattern may lead to any key. */
export function sortLocks(req: Request): 'keys' | 'all' {
  for (let i = 2; i + 1 < req.argc; i++) {
    if (req.is(i, 'LIMIT')) i += 2
    else if (req.is(i, 'STORE')) i++
    else if (req.is(i, 'BY') || req.is(i, 'GET')) {
      if (reachesKeys(req, ++i)) return 'all'
    }
  }
  return 'keys'
}
