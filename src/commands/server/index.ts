// Commands about the server.

import type { Command } from '../command.ts'
import { command } from './command.ts'
import { config } from './config.ts'
import { debug } from './debug.ts'
import { info } from './info.ts'
import { latency } from './latency.ts'
import { lolwut } from './lolwut.ts'
import { monitor } from './monitor.ts'
import { shutdown } from './shutdown.ts'
import { slowlog } from './slowlog.ts'
import { time } from './time.ts'

export const serverCommands: readonly Command[] = [
  command,
  config,
  debug,
  info,
  latency,
  lolwut,
  monitor,
  shutdown,
  slowlog,
  time,
]
