// Commands on HyperLogLogs.

import type { Command } from '../command.ts'
import { pfadd } from './pfadd.ts'
import { pfcount, pfmerge } from './pfcount.ts'
import { pfdebug, pfselftest } from './pfdebug.ts'

export const hyperloglogCommands: readonly Command[] = [pfadd, pfcount, pfmerge, pfdebug, pfselftest]
