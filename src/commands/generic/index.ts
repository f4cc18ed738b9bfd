// Commands on keys whatever they hold, and on whole databases.

import type { Command } from '../command.ts'
import { exists, touch, type } from './about.ts'
import { dbsize, flushall, flushdb, swapdb } from './databases.ts'
import { del, unlink } from './delete.ts'
import { dump, restore, restoreAsking } from './dump.ts'
import { expire, expireat, persist, pexpire, pexpireat } from './expire.ts'
import { memory } from './memory.ts'
import { migrate } from './migrate.ts'
import { object } from './object.ts'
import { copy, move, rename, renamenx } from './rename.ts'
import { keys, randomkey, scan } from './scan.ts'
import { expiretime, pexpiretime, pttl, ttl } from './ttl.ts'

export const genericCommands: readonly Command[] = [
  del,
  unlink,
  exists,
  type,
  touch,
  rename,
  renamenx,
  copy,
  move,
  keys,
  scan,
  randomkey,
  expire,
  pexpire,
  expireat,
  pexpireat,
  persist,
  ttl,
  pttl,
  expiretime,
  pexpiretime,
  object,
  dump,
  restore,
  restoreAsking,
  migrate,
  memory,
  dbsize,
  flushdb,
  flushall,
  swapdb,
]
