// Commands on sorted sets.

import type { Command } from '../command.ts'
import { bzmpop, bzpopmax, bzpopmin } from './blocking.ts'
import { zadd, zincrby } from './zadd.ts'
import { zmpop, zpopmax, zpopmin } from './zpop.ts'
import { zrandmember } from './zrandmember.ts'
import {
  zrange,
  zrangebylex,
  zrangebyscore,
  zrangestore,
  zrevrange,
  zrevrangebylex,
  zrevrangebyscore,
} from './zrange.ts'
import { zrem, zremrangebylex, zremrangebyrank, zremrangebyscore } from './zrem.ts'
import { zscan } from './zscan.ts'
import { zcard, zcount, zlexcount, zmscore, zrank, zrevrank, zscore } from './zscore.ts'
import { zdiff, zdiffstore, zinter, zintercard, zinterstore, zunion, zunionstore } from './zunion.ts'

export const sortedSetCommands: readonly Command[] = [
  zadd,
  zincrby,
  zrem,
  zremrangebyrank,
  zremrangebyscore,
  zremrangebylex,
  zcard,
  zscore,
  zmscore,
  zrank,
  zrevrank,
  zcount,
  zlexcount,
  zrange,
  zrevrange,
  zrangebyscore,
  zrevrangebyscore,
  zrangebylex,
  zrevrangebylex,
  zrangestore,
  zpopmin,
  zpopmax,
  zmpop,
  bzpopmin,
  bzpopmax,
  bzmpop,
  zrandmember,
  zscan,
  zunion,
  zinter,
  zdiff,
  zunionstore,
  zinterstore,
  zdiffstore,
  zintercard,
]
