// Runs one command on a shard whose lock is held. Where the command runs (router or shard thread), who counts it and
// who passes its effects on are the caller's matters; what happens to the keys is decided here and below.

import { SETTING } from '../config/settings.ts'
import { OUT_OF_MEMORY } from '../protocol/errors.ts'
import type { Reply } from '../protocol/reply.ts'
import { type Request, SENDER } from '../protocol/request.ts'
import { arenaIsTight } from '../store/arena.ts'
import type { Engine } from '../store/engine.ts'
import type { Shard } from '../store/shard.ts'
import { DENY_OOM, READONLY, type ShardCommand, WRITE } from './command.ts'

/**
 * Whose commands are not the occasion to evict: a transaction or script was let in as a whole, and what a master or a
 * log says was decided there.
 */
const MEMORY_DECIDED = SENDER.DENY_BLOCKING | SENDER.MASTER | SENDER.LOADING

/** Whether `argc` arguments suit a command of this arity. */
export const arityFits = (arity: number, argc: number): boolean => (arity >= 0 ? argc === arity : argc >= -arity)

/** Runs `command` at time `now`. Returns false if it was refused for want of memory, which has been replied. */
export function execute(
  engine: Engine,
  command: ShardCommand,
  shard: Shard,
  req: Request,
  reply: Reply,
  now: number,
): boolean {
  engine.begin(now)
  // A master says when keys end: until then its commands find them.
  if ((req.sender.flags & (SENDER.MASTER | SENDER.LOADING)) !== 0) engine.horizon = 0
  engine.overrules = engine.horizon !== 0 && engine.isReplica && (command.flags & WRITE) !== 0
  // A client that keeps copies is to hear what must go before it reads on; for others, the next write is early enough.
  if ((command.flags & (WRITE | DENY_OOM)) !== 0 || (req.sender.flags & SENDER.TRACKS) !== 0) {
    if (isRefused(engine, command, shard, req)) {
      reply.error(OUT_OF_MEMORY)
      return false
    }
  }
  engine.reads = (command.flags & READONLY) !== 0
  command.run(shard, req, reply)
  engine.reads = false
  return true
}

/** Makes room for a command that may take memory. Returns whether it must be refused for want of it. */
function isRefused(engine: Engine, command: ShardCommand, shard: Shard, req: Request): boolean {
  const sender = req.sender.flags
  const takesMemory = (command.flags & DENY_OOM) !== 0
  if (engine.settings[SETTING.maxmemory] > 0) {
    if ((sender & MEMORY_DECIDED) === 0) {
      const hasRoom = engine.makeRoom(shard)
      // Clients hear of what was evicted before the command's own reply.
      if (engine.invalidations.length > 0) engine.invalidations.passOnEarly?.()
      if (!hasRoom && takesMemory) return true
    }
  } else {
    shard.m.tableBytesMax = Number.POSITIVE_INFINITY
  }
  return takesMemory && arenaIsTight(shard.m) && (sender & (SENDER.MASTER | SENDER.LOADING)) === 0
}
