// Commands on strings.

import type { Command } from '../command.ts'
import { get, getdel } from './get.ts'
import { getex } from './getex.ts'
import { decr, decrby, incr, incrby } from './incr.ts'
import { incrbyfloat } from './incrbyfloat.ts'
import { lcs } from './lcs.ts'
import { mget, mset, msetnx } from './multi.ts'
import { append, getrange, setrange, strlen, substr } from './range.ts'
import { getset, psetex, set, setex, setnx } from './set.ts'

export const stringCommands: readonly Command[] = [
  get,
  set,
  setnx,
  setex,
  psetex,
  getset,
  getdel,
  getex,
  mget,
  mset,
  msetnx,
  strlen,
  append,
  getrange,
  substr,
  setrange,
  incr,
  decr,
  incrby,
  decrby,
  incrbyfloat,
  lcs,
]
