// Runs one command on a shard whose lock is held. Where the command runs (router or shard thread), who counts it and
// who passes its effects on are the caller's matters; what happens to the keys is decided here and below.

import { SETTING } from '../config/settings.ts'
import { OUT_OF_MEMORY } from '../protocol/errors.ts'
import type { Reply } from '../protocol/reply.ts'
import type { Request } from '../protocol/request.ts'
import type { Engine } from '../store/engine.ts'
import type { Shard } from '../store/shard.ts'
import { DENY_OOM, type ShardCommand } from './command.ts'

/** Whether `argc` arguments suit a command of this arity. */
export const arityFits = (arity: number, argc: number): boolean => (arity >= 0 ? argc === arity : argc >= -arity)

/** Runs `command` at time `now`. */
export function execute(
  engine: Engine,
  command: ShardCommand,
  shard: Shard,
  req: Request,
  reply: Reply,
  now: number,
): void {
  engine.begin(now)
  if ((command.flags & DENY_OOM) !== 0 && engine.settings[SETTING.maxmemory] > 0 && engine.isOutOfMemory()) {
    reply.error(OUT_OF_MEMORY)
    return
  }
  command.run(shard, req, reply)
}
