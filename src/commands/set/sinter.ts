// SINTER, SINTERSTORE and SINTERCARD: members that all of several sets have.
//
// The smallest set is walked and each member looked up in the others, smallest first, in whatever shard they lie.

import { SETTING } from '../../config/settings.ts'
import { LIMIT_NEGATIVE, NUMKEYS_NOT_POSITIVE, NUMKEYS_TOO_LARGE, SYNTAX } from '../../protocol/errors.ts'
import { SetWalk, setAdd } from '../../store/set.ts'
import type { SetMember } from '../../store/set-member.ts'
import { type Command, DENY_OOM, MOVABLE_KEYS, READONLY, WRITE } from '../command.ts'
import { replyMembers, setEffort } from './shared.ts'
import { removeTarget, resultCreate, resultStore, sources } from './sources.ts'

const walk = new SetWalk()

/** Starts going over the sources' intersection; none of them may be missing. */
function intersectionStart(): void {
  sources.sort(0, true)
  walk.start(sources.memories[0], sources.entries[0] || assertSource())
}

function assertSource(): never {
  throw new TypeError('every set of an intersection exists')
}

/** The next member of the intersection, undefined at the end. */
function intersectionNext(): SetMember | undefined {
  const member = walk.member
  while (walk.next()) {
    let i = 1
    while (i < sources.count && (sources.same(0, i) || sources.has(i, member))) i++
    if (i === sources.count) return member
  }
  return undefined
}

export const sinter: Command = {
  name: 'SINTER',
  group: 'set',
  since: '1.0.0',
  summary: 'Returns the members that all of several sets have.',
  complexity: 'O(N*M) at worst, N being the size of the smallest set and M the number of sets',
  arity: -2,
  flags: READONLY,
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  tips: ['nondeterministic_output_order'],
  args: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],
  cost: (shard, req) => setEffort(shard, req, 1, req.argc - 1),

  run(shard, req, reply) {
    if (!sources.find(shard, req, 1, req.argc - 1, reply)) return
    if (!sources.complete) return reply.set(0)
    if (sources.count === 1) return replyMembers(sources.memories[0], sources.entries[0] || assertSource(), reply)
    const begun = reply.begin()
    let count = 0
    intersectionStart()
    for (let member = intersectionNext(); member !== undefined; member = intersectionNext()) {
      reply.bulk(member.bytes, member.at, member.length)
      count++
    }
    reply.finishSet(begun, count)
  },
}

export const sinterstore: Command = {
  name: 'SINTERSTORE',
  group: 'set',
  since: '1.0.0',
  summary: 'Stores the members that all of several sets have in a key, and returns how many those are.',
  complexity: 'O(N*M) at worst, N being the size of the smallest set and M the number of sets',
  arity: -3,
  flags: WRITE | DENY_OOM,
  keys: [
    { flags: ['RW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { last: -1, step: 1, limit: 0 } },
  ],
  args: [
    { name: 'destination', type: 'key', keySpec: 0 },
    { name: 'key', type: 'key', keySpec: 1, flags: ['multiple'] },
  ],
  cost: (shard, req) => setEffort(shard, req, 2, req.argc - 1),

  run(shard, req, reply) {
    if (!sources.find(shard, req, 2, req.argc - 1, reply)) return
    const target = shard.ofKey(req, 1)
    if (!sources.complete) return removeTarget(target, req, reply)
    const result = resultCreate(target, req, 1)
    const intsetMax = target.engine.settings[SETTING.setMaxIntsetEntries]
    intersectionStart()
    for (let member = intersectionNext(); member !== undefined; member = intersectionNext()) {
      setAdd(target.m, result, member, intsetMax)
    }
    resultStore(target, req, result, 'sinterstore', reply)
  },
}

export const sintercard: Command = {
  name: 'SINTERCARD',
  group: 'set',
  since: '7.0.0',
  summary: 'Returns how many members all of several sets have, counting no further than a limit.',
  complexity: 'O(N*M) at worst, N being the size of the smallest set and M the number of sets',
  arity: -3,
  flags: READONLY | MOVABLE_KEYS,
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { countAt: 0, first: 1, step: 1 } }],
  args: [
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] },
    { name: 'limit', type: 'integer', token: 'LIMIT', flags: ['optional'] },
  ],
  cost: (shard, req) => setEffort(shard, req, 2, 1 + req.integer(1)),

  run(shard, req, reply) {
    const keys = req.integer(1)
    if (!(keys > 0)) return reply.error(NUMKEYS_NOT_POSITIVE)
    if (keys > req.argc - 2) return reply.error(NUMKEYS_TOO_LARGE)
    let limit = 0
    for (let i = 2 + keys; i < req.argc; i += 2) {
      if (!req.is(i, 'LIMIT') || i + 1 === req.argc) return reply.error(SYNTAX)
      limit = req.integer(i + 1)
      if (!(limit >= 0)) return reply.error(LIMIT_NEGATIVE)
    }
    if (!sources.find(shard, req, 2, 1 + keys, reply)) return
    reply.integer(sources.complete ? countIntersection(limit) : 0)
  },
}

/** Counts the intersection's members, up to `limit` unless that is 0. */
function countIntersection(limit: number): number {
  let count = 0
  intersectionStart()
  while (intersectionNext() !== undefined) {
    count++
    if (count === limit) break
  }
  return count
}
