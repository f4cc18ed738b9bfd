// Commands on lists.

import type { Command } from '../command.ts'
import { blmove, blmpop, blpop, brpop, brpoplpush } from './blocking.ts'
import { linsert, lrem, lset } from './change.ts'
import { lpos } from './lpos.ts'
import { lmove, rpoplpush } from './move.ts'
import { lmpop, lpop, rpop } from './pop.ts'
import { lpush, lpushx, rpush, rpushx } from './push.ts'
import { lindex, llen, lrange, ltrim } from './range.ts'

export const listCommands: readonly Command[] = [
  lpush,
  rpush,
  lpushx,
  rpushx,
  lpop,
  rpop,
  lmpop,
  llen,
  lindex,
  lrange,
  ltrim,
  lset,
  linsert,
  lrem,
  lpos,
  lmove,
  rpoplpush,
  blpop,
  brpop,
  blmpop,
  blmove,
  brpoplpush,
]
