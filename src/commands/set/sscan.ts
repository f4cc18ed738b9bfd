// SSCAN: a set in pages. An intset is one page.

import { TYPE } from '../../store/entry.ts'
import { itemKeyAt, itemKeyLength } from '../../store/item.ts'
import { RefList } from '../../store/ref-list.ts'
import { SetWalk, setIsTable, setTable } from '../../store/set.ts'
import { WRONG } from '../../store/shard.ts'
import { type Command, oneKey, READONLY } from '../command.ts'
import { emptyScan, scanCursor, scanOptions, scanPage } from '../scan-options.ts'

const page = new RefList()
const walk = new SetWalk()

export const sscan: Command = {
  name: 'SSCAN',
  group: 'set',
  since: '2.8.0',
  summary: 'Returns a page of the members of a set, and the cursor of the next page.',
  complexity: 'O(1) a call, O(N) for all pages, N being the size of the set',
  arity: -3,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  tips: ['nondeterministic_output'],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'cursor', type: 'integer' },
    { name: 'pattern', type: 'pattern', token: 'MATCH', flags: ['optional'] },
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
  ],

  run(shard, req, reply) {
    const cursor = scanCursor(req, 2, reply)
    if (cursor < 0) return
    const m = shard.m
    const entry = shard.typed(req, 1, TYPE.SET, reply)
    if (entry === WRONG) return
    if (entry === 0) return emptyScan(reply)
    const options = scanOptions(req, 3, reply)
    if (options === undefined) return
    page.clear()
    const next = setIsTable(m, entry) ? scanPage(m, setTable(m, entry), cursor, options.count, page) : 0
    reply.array(2)
    reply.bulkInteger(next)
    const begun = reply.begin()
    let count = 0
    for (let i = 0; i < page.count; i++) {
      const at = itemKeyAt(m, page.refs[i])
      const length = itemKeyLength(m, page.refs[i])
      if (!options.matches(m.u8, at, length)) continue
      reply.bulk(m.u8, at, length)
      count++
    }
    if (!setIsTable(m, entry)) {
      walk.start(m, entry)
      while (walk.next()) {
        const member = walk.member
        if (!options.matches(member.bytes, member.at, member.length)) continue
        reply.bulk(member.bytes, member.at, member.length)
        count++
      }
    }
    reply.finishArray(begun, count)
  },
}
