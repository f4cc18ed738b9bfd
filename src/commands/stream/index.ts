// Commands on streams.

import type { Command } from '../command.ts'
import { xadd, xtrim } from './xadd.ts'
import { xautoclaim, xclaim } from './xclaim.ts'
import { xdel, xlen, xsetid } from './xdel.ts'
import { xgroup } from './xgroup.ts'
import { xinfo } from './xinfo.ts'
import { xack, xpending } from './xpending.ts'
import { xrange, xrevrange } from './xrange.ts'
import { xread, xreadgroup } from './xread.ts'

export const streamCommands: readonly Command[] = [
  xadd,
  xtrim,
  xlen,
  xdel,
  xsetid,
  xrange,
  xrevrange,
  xread,
  xreadgroup,
  xack,
  xpending,
  xclaim,
  xautoclaim,
  xgroup,
  xinfo,
]
