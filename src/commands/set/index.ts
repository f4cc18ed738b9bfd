// Commands on sets.

import type { Command } from '../command.ts'
import { sadd, scard, sismember, smembers, smismember, srem } from './members.ts'
import { spop, srandmember } from './random.ts'
import { sinter, sintercard, sinterstore } from './sinter.ts'
import { smove } from './smove.ts'
import { sscan } from './sscan.ts'
import { sdiff, sdiffstore, sunion, sunionstore } from './sunion.ts'

export const setCommands: readonly Command[] = [
  sadd,
  srem,
  sismember,
  smismember,
  scard,
  smembers,
  smove,
  spop,
  srandmember,
  sinter,
  sinterstore,
  sintercard,
  sunion,
  sunionstore,
  sdiff,
  sdiffstore,
  sscan,
]
