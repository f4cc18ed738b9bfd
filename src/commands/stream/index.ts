// Commands on streams.

import type { Command } from '../command.ts'
import { xadd, xtrim } from './xadd.ts'
import { xdel, xlen, xsetid } from './xdel.ts'
import { xrange, xrevrange } from './xrange.ts'

export const streamCommands: readonly Command[] = [xadd, xtrim, xlen, xdel, xsetid, xrange, xrevrange]
