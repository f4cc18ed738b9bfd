// SADD, SREM and what asks about members: SISMEMBER, SMISMEMBER, SCARD, SMEMBERS.

import { SETTING } from '../../config/settings.ts'
import { NOTIFY } from '../../store/engine.ts'
import { TYPE } from '../../store/entry.ts'
import { setAdd, setCount, setHas, setRemove } from '../../store/set.ts'
import { SetMember } from '../../store/set-member.ts'
import { WRONG } from '../../store/shard.ts'
import { type Command, DENY_OOM, FAST, oneKey, READONLY, WRITE } from '../command.ts'
import { addSet, discardEmpty, replyMembers } from './shared.ts'

const member = new SetMember()

export const sadd: Command = {
  name: 'SADD',
  group: 'set',
  since: '1.0.0',
  summary: 'Adds members to a set, which is made if need be.',
  complexity: 'O(N), N being the number of members given',
  arity: -3,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'insert'),
  history: [['2.4.0', 'Takes several members.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'member', type: 'string', flags: ['multiple'] },
  ],
  cost: (_, req) => req.argc,

  run(shard, req, reply) {
    const { m, engine } = shard
    const found = shard.typedForWrite(req, 1, TYPE.SET, reply)
    if (found === WRONG) return
    member.set(req.u8, req.at[2], req.length[2])
    const entry = found === 0 ? addSet(shard, req, 1, member) : found
    const intsetMax = engine.settings[SETTING.setMaxIntsetEntries]
    let added = setAdd(m, entry, member, intsetMax) ? 1 : 0
    for (let i = 3; i < req.argc; i++) {
      member.set(req.u8, req.at[i], req.length[i])
      if (setAdd(m, entry, member, intsetMax)) added++
    }
    if (added > 0) shard.touched(req, 1, NOTIFY.SET, 'sadd', added)
    reply.integer(added)
  },
}

export const srem: Command = {
  name: 'SREM',
  group: 'set',
  since: '1.0.0',
  summary: 'Removes members from a set; the key goes with the last one.',
  complexity: 'O(N), N being the number of members given',
  arity: -3,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'delete'),
  history: [['2.4.0', 'Takes several members.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'member', type: 'string', flags: ['multiple'] },
  ],
  cost: (_, req) => req.argc,

  run(shard, req, reply) {
    const m = shard.m
    const entry = shard.typedForWrite(req, 1, TYPE.SET, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.integer(0)
    let removed = 0
    for (let i = 2; i < req.argc; i++) {
      member.set(req.u8, req.at[i], req.length[i])
      if (!setRemove(m, entry, member)) continue
      removed++
      if (setCount(m, entry) === 0) break
    }
    if (removed > 0) {
      shard.touched(req, 1, NOTIFY.SET, 'srem', removed)
      if (setCount(m, entry) === 0) discardEmpty(shard, req, 1, entry)
    }
    reply.integer(removed)
  },
}

export const sismember: Command = {
  name: 'SISMEMBER',
  group: 'set',
  since: '1.0.0',
  summary: 'Tells whether a value is a member of a set.',
  complexity: 'O(1)',
  arity: 3,
  flags: READONLY | FAST,
  keys: oneKey('RO'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'member', type: 'string' },
  ],

  run(shard, req, reply) {
    const entry = shard.typed(req, 1, TYPE.SET, reply)
    if (entry === WRONG) return
    member.set(req.u8, req.at[2], req.length[2])
    reply.integer(entry !== 0 && setHas(shard.m, entry, member) ? 1 : 0)
  },
}

export const smismember: Command = {
  name: 'SMISMEMBER',
  group: 'set',
  since: '6.2.0',
  summary: 'Tells of each of several values whether it is a member of a set.',
  complexity: 'O(N), N being the number of values given',
  arity: -3,
  flags: READONLY | FAST,
  keys: oneKey('RO', 'access'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'member', type: 'string', flags: ['multiple'] },
  ],
  cost: (_, req) => req.argc,

  run(shard, req, reply) {
    const entry = shard.typed(req, 1, TYPE.SET, reply)
    if (entry === WRONG) return
    reply.array(req.argc - 2)
    for (let i = 2; i < req.argc; i++) {
      member.set(req.u8, req.at[i], req.length[i])
      reply.integer(entry !== 0 && setHas(shard.m, entry, member) ? 1 : 0)
    }
  },
}

export const scard: Command = {
  name: 'SCARD',
  group: 'set',
  since: '1.0.0',
  summary: 'Returns how many members a set has.',
  complexity: 'O(1)',
  arity: 2,
  flags: READONLY | FAST,
  keys: oneKey('RO'),
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const entry = shard.typed(req, 1, TYPE.SET, reply)
    if (entry === WRONG) return
    reply.integer(entry === 0 ? 0 : setCount(shard.m, entry))
  },
}

export const smembers: Command = {
  name: 'SMEMBERS',
  group: 'set',
  since: '1.0.0',
  summary: 'Returns all members of a set.',
  complexity: 'O(N), N being the size of the set',
  arity: 2,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  tips: ['nondeterministic_output_order'],
  args: [{ name: 'key', type: 'key', keySpec: 0 }],

  run(shard, req, reply) {
    const entry = shard.typed(req, 1, TYPE.SET, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.set(0)
    if (shard.engine.defers(setCount(shard.m, entry))) return
    replyMembers(shard.m, entry, reply)
  },
}
