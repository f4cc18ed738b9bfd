// PFCOUNT and PFMERGE: what one HyperLogLog, or the union of several on any shards, comes to.

import {
  hllCacheCount,
  hllCachedBigCount,
  hllCachedCount,
  hllCount,
  hllCountRegisters,
  hllInvalidate,
  hllIsDense,
  hllMerge,
} from '../../bytes/hll.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { ENCODING, entrySetEncoding } from '../../store/entry.ts'
import type { Shard } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { type Command, DENY_OOM, READONLY, WRITE } from '../command.ts'
import { CORRUPT, changedEntry, createHll, DAMAGED, isHll, makeDense, REGISTERS, raiseRegister } from './value.ts'

/** The registers of a union, a byte each. One per thread. */
const registers = new Uint8Array(REGISTERS)
/** Registers merged as fast as one element of another type is visited. */
const REGISTERS_PER_EFFORT = 32

const effort = (_: Shard, req: Request): number =>
  req.argc > 2 ? ((req.argc - 1) * REGISTERS) / REGISTERS_PER_EFFORT : 0

// What `gather` met.
let someDense = false

/** Merges the values of the keys from argument `from` on into `registers`; false after replying an error. */
function gather(shard: Shard, req: Request, reply: Reply, from: number): boolean {
  registers.fill(0)
  someDense = false
  for (let i = from; i < req.argc; i++) {
    const home = shard.ofKey(req, i)
    const entry = home.find(req, i)
    if (entry === 0) continue
    if (!isHll(home, entry, reply)) return false
    const m = home.m
    if (hllIsDense(m.u8, stringAt(m, entry))) someDense = true
    if (!hllMerge(m.u8, stringAt(m, entry), stringLength(m, entry), registers)) {
      reply.error(CORRUPT)
      return false
    }
  }
  return true
}

export const pfcount: Command = {
  name: 'PFCOUNT',
  group: 'hyperloglog',
  since: '2.8.9',
  summary: 'Estimates how many different elements a HyperLogLog, or several together, have counted.',
  complexity: 'O(1) for one key, whose last count is kept; O(N) and much slower for N keys',
  arity: -2,
  flags: READONLY,
  keys: [
    {
      flags: ['RW', 'access'],
      notes: 'RW since the count is kept in the value, and passed on to replicas',
      begin: { index: 1 },
      find: { last: -1, step: 1, limit: 0 },
    },
  ],
  args: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],
  cost: effort,

  run(shard, req, reply) {
    if (req.argc === 2) return countOne(shard, req, reply)
    if (gather(shard, req, reply, 1)) reply.integer(hllCountRegisters(registers))
  },
}

function countOne(shard: Shard, req: Request, reply: Reply): void {
  const entry = shard.find(req, 1)
  if (entry === 0) return reply.integer(0)
  if (!isHll(shard, entry, reply)) return
  const m = shard.m
  const at = stringAt(m, entry)
  const cached = hllCachedCount(m.u8, at)
  if (cached > Number.MAX_SAFE_INTEGER) return reply.bigInteger(hllCachedBigCount(m.u8, at))
  if (cached >= 0) return reply.integer(cached)
  const count = hllCount(m.u8, at, stringLength(m, entry))
  if (count < 0) return reply.error(CORRUPT)
  shard.changing(req.db, entry)
  hllCacheCount(m.u8, at, count)
  // The value has changed, but for subscribers nothing has happened.
  shard.touched(req, 1, 0, '')
  reply.integer(count)
}

export const pfmerge: Command = {
  name: 'PFMERGE',
  group: 'hyperloglog',
  since: '2.8.9',
  summary: 'Merges HyperLogLogs into one, which counts what any of them has counted.',
  complexity: 'O(N) for N keys, with a large constant',
  arity: -2,
  flags: WRITE | DENY_OOM,
  keys: [
    { flags: ['RW', 'access', 'insert'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { last: -1, step: 1, limit: 0 } },
  ],
  args: [
    { name: 'destkey', type: 'key', keySpec: 0 },
    { name: 'sourcekey', type: 'key', keySpec: 1, flags: ['multiple'] },
  ],
  cost: effort,

  run(shard, req, reply) {
    if (!gather(shard, req, reply, 1)) return
    const home = shard.ofKey(req, 1)
    let entry = home.findForWrite(req, 1)
    if (entry === 0) entry = createHll(home, req, 1)
    else entrySetEncoding(home.m, entry, ENCODING.RAW)
    if (someDense) {
      const dense = makeDense(home, req.db, entry)
      if (dense === 0) return reply.error(CORRUPT)
      entry = dense
    }
    for (let register = 0; register < REGISTERS; register++) {
      if (registers[register] === 0) continue
      const outcome = raiseRegister(home, req.db, entry, register, registers[register])
      entry = changedEntry
      if (outcome === DAMAGED) return reply.error(CORRUPT)
    }
    hllInvalidate(home.m.u8, stringAt(home.m, entry))
    home.touched(req, 1, NOTIFY.STRING, 'pfadd')
    reply.ok()
  },
}
