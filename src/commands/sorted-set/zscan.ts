// ZSCAN: a sorted set in pages. A small one is one page. Scores are bulk strings, in RESP3 too.

import { writeDouble17 } from '../../bytes/doubles.ts'
import { writeBigInteger, writeInteger } from '../../bytes/integers.ts'
import { TYPE } from '../../store/entry.ts'
import { RefList } from '../../store/ref-list.ts'
import { WRONG } from '../../store/shard.ts'
import { isPack, zsetDict } from '../../store/zset.ts'
import { ZsetPick } from '../../store/zset-pick.ts'
import { ZsetWalk } from '../../store/zset-walk.ts'
import { type Command, oneKey, READONLY } from '../command.ts'
import { emptyScan, scanCursor, scanOptions, scanPage } from '../scan-options.ts'
import { zsetEffort } from './shared.ts'

const page = new RefList()
const walk = new ZsetWalk()
const pick = new ZsetPick()
const digits = new Uint8Array(32)
/** Redis takes no larger score for a whole one. */
const WHOLE_MAX = 2 ** 62

export const zscan: Command = {
  name: 'ZSCAN',
  group: 'sorted-set',
  since: '2.8.0',
  summary: 'Returns a page of the members of a sorted set with their scores, and the cursor of the next page.',
  complexity: 'O(1) a call, O(N) for all pages, N being the size of the sorted set',
  arity: -3,
  flags: READONLY,
  tips: ['nondeterministic_output'],
  keys: oneKey('RO', 'access'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'cursor', type: 'integer' },
    { name: 'pattern', type: 'pattern', token: 'MATCH', flags: ['optional'] },
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
  ],
  cost: (shard, req) => (req.argc > 3 ? zsetEffort(shard, req, 1) : 1),

  run(shard, req, reply) {
    const cursor = scanCursor(req, 2, reply)
    if (cursor < 0) return
    const m = shard.m
    const entry = shard.typed(req, 1, TYPE.ZSET, reply)
    if (entry === WRONG) return
    if (entry === 0) return emptyScan(reply)
    const options = scanOptions(req, 3, reply)
    if (options === undefined) return
    page.clear()
    const next = isPack(m, entry) ? 0 : scanPage(m, zsetDict(m, entry), cursor, options.count, page)
    reply.array(2)
    reply.bulkInteger(next)
    const begun = reply.begin()
    let count = 0
    for (let i = 0; i < page.count; i++) {
      pick.item(m, page.refs[i])
      if (!options.matches(pick.u8, pick.at, pick.length)) continue
      reply.bulk(pick.u8, pick.at, pick.length)
      reply.bulk(digits, 0, writeDouble17(digits, 0, pick.score))
      count += 2
    }
    if (isPack(m, entry)) {
      walk.start(m, entry, 0, false)
      while (walk.next()) {
        if (!options.matches(walk.u8, walk.at, walk.length)) continue
        reply.bulk(walk.u8, walk.at, walk.length)
        reply.bulk(digits, 0, writePacked(walk.score))
        count += 2
      }
    }
    reply.finishArray(begun, count)
  },
}

/** Writes the score of a small set to `digits` and returns its length: Redis has whole ones there as integers. */
function writePacked(score: number): number {
  if (Number.isSafeInteger(score)) return writeInteger(digits, 0, score)
  if (Number.isInteger(score) && Math.abs(score) <= WHOLE_MAX) return writeBigInteger(digits, 0, BigInt(score))
  return writeDouble17(digits, 0, score)
}
