// SUNION, SDIFF and their STORE forms: a set made of several. Without a target to store it in, it lives in the first
// key's shard until it has been replied.

import { SETTING } from '../../config/settings.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { EntryRef } from '../../store/entry.ts'
import { SetWalk, setAdd, setAddNew, setCount, setIsTable, setRemove, setToTable } from '../../store/set.ts'
import type { Shard } from '../../store/shard.ts'
import { type Argument, type Command, DENY_OOM, type KeySpec, READONLY, WRITE } from '../command.ts'
import { replyMembers, setEffort } from './shared.ts'
import { resultCreate, resultStore, sources } from './sources.ts'

const walk = new SetWalk()

/** Makes a result of the sources, into a set that is still empty. */
type Combine = (target: Shard, result: EntryRef) => void

function unite(target: Shard, result: EntryRef): void {
  const m = target.m
  const intsetMax = target.engine.settings[SETTING.setMaxIntsetEntries]
  reserve(target, result, intsetMax)
  for (let i = 0; i < sources.count; i++) {
    const entry = sources.entries[i]
    if (entry === 0) continue
    walk.start(sources.memories[i], entry)
    // The first members to come into a table cannot be there yet.
    if (setCount(m, result) === 0 && setIsTable(m, result)) while (walk.next()) setAddNew(m, result, walk.member)
    else while (walk.next()) setAdd(m, result, walk.member, intsetMax)
  }
}

/** Makes the result a table of the right size at once if it must become one. */
function reserve(target: Shard, result: EntryRef, intsetMax: number): void {
  let total = 0
  let largest = 0
  for (let i = 0; i < sources.count; i++) {
    const size = sources.size(i)
    total += size
    largest = Math.max(largest, size)
  }
  // Sets may have much in common, so no more is reserved than two disjoint ones would need.
  if (largest > intsetMax) setToTable(target.m, result, Math.min(total, 2 * largest))
}

/** As Redis, by whichever way is the less work; which one it was shows in the result's encoding. */
function subtract(target: Shard, result: EntryRef): void {
  const first = sources.entries[0]
  if (first === 0) return
  let all = 0
  let keys = 0
  for (let i = 0; i < sources.count; i++) {
    if (sources.entries[i] === 0) continue
    if (i > 0 && sources.same(0, i)) return
    keys++
    all += sources.size(i)
  }
  // A member looked up may end the search early, which is taken for half the work.
  if ((keys * sources.size(0)) / 2 <= all) keepMissing(target, result, first)
  else removeFound(target, result, first)
}

/** Adds the first set's members that no other set has. */
function keepMissing(target: Shard, result: EntryRef, first: EntryRef): void {
  const intsetMax = target.engine.settings[SETTING.setMaxIntsetEntries]
  // The largest set is the likeliest to have a member.
  sources.sort(1, false)
  walk.start(sources.memories[0], first)
  while (walk.next()) {
    let i = 1
    while (i < sources.count && !sources.has(i, walk.member)) i++
    if (i === sources.count) setAdd(target.m, result, walk.member, intsetMax)
  }
}

/** Adds all members of the first set, then removes those of the others. */
function removeFound(target: Shard, result: EntryRef, first: EntryRef): void {
  const m = target.m
  const intsetMax = target.engine.settings[SETTING.setMaxIntsetEntries]
  walk.start(sources.memories[0], first)
  while (walk.next()) setAdd(m, result, walk.member, intsetMax)
  for (let i = 1; i < sources.count; i++) {
    const entry = sources.entries[i]
    if (entry === 0) continue
    walk.start(sources.memories[i], entry)
    while (walk.next()) setRemove(m, result, walk.member)
    if (setCount(m, result) === 0) return
  }
}

function replyCombined(shard: Shard, req: Request, reply: Reply, combine: Combine): void {
  if (!sources.find(shard, req, 1, req.argc - 1, reply)) return
  const result = resultCreate(shard, req, 1)
  combine(shard, result)
  replyMembers(shard.m, result, reply)
  shard.free(result)
}

function storeCombined(shard: Shard, req: Request, reply: Reply, combine: Combine, event: string): void {
  if (!sources.find(shard, req, 2, req.argc - 1, reply)) return
  const target = shard.ofKey(req, 1)
  const result = resultCreate(target, req, 1)
  combine(target, result)
  resultStore(target, req, result, event, reply)
}

const READ_KEYS: readonly KeySpec[] = [
  { flags: ['RO', 'access'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } },
]
const STORE_KEYS: readonly KeySpec[] = [
  { flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
  { flags: ['RO', 'access'], begin: { index: 2 }, find: { last: -1, step: 1, limit: 0 } },
]
const READ_ARGS: readonly Argument[] = [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }]
const STORE_ARGS: readonly Argument[] = [
  { name: 'destination', type: 'key', keySpec: 0 },
  { name: 'key', type: 'key', keySpec: 1, flags: ['multiple'] },
]
const COMPLEXITY = 'O(N), N being the number of members in all the sets'

export const sunion: Command = {
  name: 'SUNION',
  group: 'set',
  since: '1.0.0',
  summary: 'Returns the members that any of several sets has.',
  complexity: COMPLEXITY,
  arity: -2,
  flags: READONLY,
  keys: READ_KEYS,
  tips: ['nondeterministic_output_order'],
  args: READ_ARGS,
  cost: (shard, req) => setEffort(shard, req, 1, req.argc - 1),
  run: (shard, req, reply) => replyCombined(shard, req, reply, unite),
}

export const sunionstore: Command = {
  name: 'SUNIONSTORE',
  group: 'set',
  since: '1.0.0',
  summary: 'Stores the members that any of several sets has in a key, and returns how many those are.',
  complexity: COMPLEXITY,
  arity: -3,
  flags: WRITE | DENY_OOM,
  keys: STORE_KEYS,
  args: STORE_ARGS,
  cost: (shard, req) => setEffort(shard, req, 2, req.argc - 1),
  run: (shard, req, reply) => storeCombined(shard, req, reply, unite, 'sunionstore'),
}

export const sdiff: Command = {
  name: 'SDIFF',
  group: 'set',
  since: '1.0.0',
  summary: 'Returns the members of a set that none of the others has.',
  complexity: COMPLEXITY,
  arity: -2,
  flags: READONLY,
  keys: READ_KEYS,
  tips: ['nondeterministic_output_order'],
  args: READ_ARGS,
  cost: (shard, req) => setEffort(shard, req, 1, req.argc - 1),
  run: (shard, req, reply) => replyCombined(shard, req, reply, subtract),
}

export const sdiffstore: Command = {
  name: 'SDIFFSTORE',
  group: 'set',
  since: '1.0.0',
  summary: 'Stores the members of a set that none of the others has in a key, and returns how many those are.',
  complexity: COMPLEXITY,
  arity: -3,
  flags: WRITE | DENY_OOM,
  keys: STORE_KEYS,
  args: STORE_ARGS,
  cost: (shard, req) => setEffort(shard, req, 2, req.argc - 1),
  run: (shard, req, reply) => storeCombined(shard, req, reply, subtract, 'sdiffstore'),
}
