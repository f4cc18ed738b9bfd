// SPOP and SRANDMEMBER: members at random, each as likely as any other.
//
// What chance took reaches log and replicas by name: SPOP as SREM, or as the key's deletion when it took them all.

import { SETTING } from '../../config/settings.ts'
import { NOT_POSITIVE, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import {
  type EntryRef,
  entryCreate,
  entryEncoding,
  entryRelease,
  entrySetEncoding,
  entrySetValue,
  entryValue,
  TYPE,
} from '../../store/entry.ts'
import { RefSet } from '../../store/ref-set.ts'
import { SetWalk, setAdd, setCount, setEncodingFor, setRandom, setRemove, setValueFor } from '../../store/set.ts'
import { SetMember } from '../../store/set-member.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { valueRelease } from '../../store/value.ts'
import { type Command, FAST, oneKey, READONLY, WRITE } from '../command.ts'
import { randomCount } from '../random-count.ts'
import { discardEmpty, replyMembers, setEffort } from './shared.ts'

/** Popping more than this many times what stays is done by picking what stays. */
const STAYING_FACTOR = 5
/** From a third of a set on, a walk that leaves some out beats picking one by one. */
const WALK_FACTOR = 3

const member = new SetMember()
const walk = new SetWalk()
const picked = new RefSet()

export const spop: Command = {
  name: 'SPOP',
  group: 'set',
  since: '1.0.0',
  summary: 'Removes random members from a set and returns them.',
  complexity: 'O(1) without a count, else O(N), N being the count',
  arity: -2,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'access', 'delete'),
  tips: ['nondeterministic_output'],
  history: [['3.2.0', 'Takes a count.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'count', type: 'integer', since: '3.2.0', flags: ['optional'] },
  ],
  cost: (shard, req) => (req.argc < 3 ? 1 : Math.min(req.integer(2), setEffort(shard, req, 1, 1))),

  run(shard, req, reply) {
    if (req.argc > 3) return reply.error(SYNTAX)
    if (req.argc === 3) return popSeveral(shard, req, reply)
    const entry = shard.typedForWrite(req, 1, TYPE.SET, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.nil()
    setRandom(shard.m, entry, member)
    shard.engine.effects.instead()
    popMember(shard, req, entry, reply)
    shard.touched(req, 1, NOTIFY.SET, 'spop')
    if (setCount(shard.m, entry) === 0) discardEmpty(shard, req, 1, entry)
  },
}

function popSeveral(shard: Shard, req: Request, reply: Reply): void {
  const wanted = req.integer(2)
  if (!(wanted >= 0)) return reply.error(NOT_POSITIVE)
  const entry = shard.typedForWrite(req, 1, TYPE.SET, reply)
  if (entry === WRONG) return
  if (entry === 0 || wanted === 0) return reply.set(0)
  const { m, engine } = shard
  const size = setCount(m, entry)
  engine.effects.instead()
  if (wanted >= size) {
    replyMembers(m, entry, reply)
    shard.touched(req, 1, NOTIFY.SET, 'spop', size)
    discardEmpty(shard, req, 1, entry)
    engine.effects.command(2)
    engine.effects.word(engine.settings[SETTING.lazyfreeLazyServerDel] !== 0 ? 'UNLINK' : 'DEL')
    engine.effects.bytes(req.u8, req.at[1], req.length[1])
    return
  }
  reply.set(wanted)
  shard.touched(req, 1, NOTIFY.SET, 'spop', wanted)
  if ((size - wanted) * STAYING_FACTOR > wanted) {
    for (let i = 0; i < wanted; i++) {
      setRandom(m, entry, member)
      popMember(shard, req, entry, reply)
    }
  } else popAllBut(shard, req, entry, size - wanted, reply)
}

/** Replies `member`, says that it goes, and takes it out. */
function popMember(shard: Shard, req: Request, entry: EntryRef, reply: Reply): void {
  reply.bulk(member.bytes, member.at, member.length)
  sayRemoved(shard, req, member)
  setRemove(shard.m, entry, member)
}

/** Moves `staying` random members to a new value and pops what is left of the old one. */
function popAllBut(shard: Shard, req: Request, entry: EntryRef, staying: number, reply: Reply): void {
  const { m, engine } = shard
  const intsetMax = engine.settings[SETTING.setMaxIntsetEntries]
  setRandom(m, entry, member)
  // The new value has an entry of its own, in no table, until it is whole.
  const made = entryCreate(m, TYPE.SET, setEncodingFor(member), 0, 0, -1, req.u8, req.at[1], 0)
  const value = setValueFor(m, member)
  entrySetValue(m, made, value)
  for (let i = 0; i < staying; i++) {
    setRandom(m, entry, member)
    setAdd(m, made, member, intsetMax)
    setRemove(m, entry, member)
  }
  walk.start(m, entry)
  while (walk.next()) {
    reply.bulk(walk.member.bytes, walk.member.at, walk.member.length)
    sayRemoved(shard, req, walk.member)
  }
  valueRelease(m, entry)
  entrySetEncoding(m, entry, entryEncoding(m, made))
  entrySetValue(m, entry, entryValue(m, made))
  entryRelease(m, made)
}

function sayRemoved(shard: Shard, req: Request, gone: SetMember): void {
  const effects = shard.engine.effects
  effects.command(3)
  effects.word('SREM')
  effects.bytes(req.u8, req.at[1], req.length[1])
  effects.bytes(gone.bytes, gone.at, gone.length)
}

export const srandmember: Command = {
  name: 'SRANDMEMBER',
  group: 'set',
  since: '1.0.0',
  summary: 'Returns random members of a set: different ones, or with a negative count, any.',
  complexity: 'O(1) without a count, else O(N), N being the absolute count',
  arity: -2,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  tips: ['nondeterministic_output'],
  history: [['2.6.0', 'Takes a count.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'count', type: 'integer', since: '2.6.0', flags: ['optional'] },
  ],
  cost: (shard, req) => (req.argc < 3 ? 1 : Math.max(-req.integer(2), setEffort(shard, req, 1, 1))),

  run(shard, req, reply) {
    if (req.argc > 3) return reply.error(SYNTAX)
    if (req.argc === 3) return pickSeveral(shard, req, reply)
    const entry = shard.typed(req, 1, TYPE.SET, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.nil()
    setRandom(shard.m, entry, member)
    reply.bulk(member.bytes, member.at, member.length)
  },
}

function pickSeveral(shard: Shard, req: Request, reply: Reply): void {
  const wanted = randomCount(req, 2, reply)
  if (Number.isNaN(wanted)) return
  const entry = shard.typed(req, 1, TYPE.SET, reply)
  if (entry === WRONG) return
  if (entry === 0 || wanted === 0) return reply.emptyArray()
  const m = shard.m
  const size = setCount(m, entry)
  const count = wanted < 0 ? -wanted : Math.min(wanted, size)
  reply.array(count)
  if (wanted > 0 && count * WALK_FACTOR > size) {
    walk.start(m, entry)
    // Each member has the chance of what is still wanted among those still to come: all subsets are as likely.
    for (let left = size, missing = count; missing > 0 && walk.next(); left--) {
      if (missing < left && Math.random() * left >= missing) continue
      missing--
      reply.bulk(walk.member.bytes, walk.member.at, walk.member.length)
    }
    return
  }
  if (wanted > 0) picked.start(count)
  for (let i = 0; i < count; ) {
    const place = setRandom(m, entry, member)
    if (wanted > 0 && !picked.add(place)) continue
    reply.bulk(member.bytes, member.at, member.length)
    i++
  }
}
