// HRANDFIELD: fields at random, each as likely as any other.

import { SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { EntryRef } from '../../store/entry.ts'
import { type FieldPlace, hashCount, hashIsTable, hashRandom, hashReadName } from '../../store/hash-value.ts'
import { HashWalk } from '../../store/hash-walk.ts'
import { ListpackElement } from '../../store/listpack.ts'
import { RefSet } from '../../store/ref-set.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { type Command, oneKey, READONLY } from '../command.ts'
import { randomCount } from '../random-count.ts'
import { findHash, hashEffort, replyValue } from './shared.ts'

/** From a third of a table on, a walk that leaves some out beats picking one by one. */
const WALK_FACTOR = 3

const name = new ListpackElement()
const walk = new HashWalk()
const picked = new RefSet()

export const hrandfield: Command = {
  name: 'HRANDFIELD',
  group: 'hash',
  since: '6.2.0',
  summary: 'Returns random fields of a hash: different ones, or with a negative count, any.',
  complexity: 'O(N), N being the number of fields returned',
  arity: -2,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  tips: ['nondeterministic_output'],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    {
      name: 'options',
      type: 'block',
      flags: ['optional'],
      args: [
        { name: 'count', type: 'integer' },
        { name: 'withvalues', type: 'pure-token', token: 'WITHVALUES', flags: ['optional'] },
      ],
    },
  ],
  cost: (shard, req) => (req.argc < 3 ? 1 : Math.max(-req.integer(2), hashEffort(shard, req))),

  run(shard, req, reply) {
    if (req.argc > 2) return pickSeveral(shard, req, reply)
    const entry = findHash(shard, req, reply)
    if (entry === WRONG) return
    if (entry === 0) return reply.nil()
    replyField(shard, entry, hashRandom(shard.m, entry), false, reply)
  },
}

function replyField(shard: Shard, entry: EntryRef, place: FieldPlace, withValue: boolean, reply: Reply): void {
  if (withValue && reply.resp === 3) reply.array(2)
  hashReadName(shard.m, entry, place, name)
  reply.bulk(name.bytes, name.at, name.length)
  if (withValue) replyValue(shard, entry, place, reply)
}

function pickSeveral(shard: Shard, req: Request, reply: Reply): void {
  const wanted = randomCount(req, 2, reply)
  if (Number.isNaN(wanted)) return
  const withValues = req.argc === 4 && req.is(3, 'WITHVALUES')
  if (req.argc > 4 || (req.argc === 4 && !withValues)) return reply.error(SYNTAX)
  const entry = findHash(shard, req, reply)
  if (entry === WRONG) return
  if (entry === 0 || wanted === 0) return reply.emptyArray()
  const m = shard.m
  const size = hashCount(m, entry)
  const count = wanted < 0 ? -wanted : Math.min(wanted, size)
  reply.array(withValues && reply.resp === 2 ? count * 2 : count)
  if (wanted > 0 && (count * WALK_FACTOR > size || !hashIsTable(m, entry))) {
    walk.start(m, entry, 0)
    // Each field has the chance of what is still wanted among those still to come: all subsets are as likely.
    for (let left = size, missing = count; missing > 0 && walk.next(); left--) {
      if (missing < left && Math.random() * left >= missing) continue
      missing--
      replyField(shard, entry, walk.place, withValues, reply)
    }
    return
  }
  if (wanted > 0) picked.start(count)
  for (let i = 0; i < count; ) {
    const place = hashRandom(m, entry)
    if (wanted > 0 && !picked.add(place)) continue
    replyField(shard, entry, place, withValues, reply)
    i++
  }
}
