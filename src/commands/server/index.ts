// Commands about the server.

import type { Command } from '../command.ts'
import { bgrewriteaof } from './bgrewriteaof.ts'
import { asking, cluster, readonly, readwrite } from './cluster.ts'
import { command } from './command.ts'
import { config } from './config.ts'
import { debug } from './debug.ts'
import { info } from './info.ts'
import { latency } from './latency.ts'
import { lolwut } from './lolwut.ts'
import { module } from './module.ts'
import { monitor } from './monitor.ts'
import { bgsave, lastsave, save } from './save.ts'
import { shutdown } from './shutdown.ts'
import { slowlog } from './slowlog.ts'
import { time } from './time.ts'

export const serverCommands: readonly Command[] = [
  bgrewriteaof,
  bgsave,
  asking,
  cluster,
  command,
  config,
  debug,
  info,
  lastsave,
  latency,
  lolwut,
  module,
  monitor,
  readonly,
  readwrite,
  save,
  shutdown,
  slowlog,
  time,
]
