// HSCAN: a hash in pages. A listpack is one page.

import { hashIsTable, hashReadName, hashTable } from '../../store/hash-value.ts'
import { HashWalk, isOver } from '../../store/hash-walk.ts'
import { ListpackElement } from '../../store/listpack.ts'
import { RefList } from '../../store/ref-list.ts'
import { WRONG } from '../../store/shard.ts'
import { type Command, oneKey, READONLY } from '../command.ts'
import { emptyScan, scanCursor, scanOptions, scanPage } from '../scan-options.ts'
import { findHash, hideAt, replyValue } from './shared.ts'

const page = new RefList()
const walk = new HashWalk()
const name = new ListpackElement()

export const hscan: Command = {
  name: 'HSCAN',
  group: 'hash',
  since: '2.8.0',
  summary: 'Returns a page of the fields and values of a hash, and the cursor of the next page.',
  complexity: 'O(1) a call, O(N) for all pages, N being the size of the hash',
  arity: -3,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  tips: ['nondeterministic_output'],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'cursor', type: 'integer' },
    { name: 'pattern', type: 'pattern', token: 'MATCH', flags: ['optional'] },
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
    { name: 'novalues', type: 'pure-token', token: 'NOVALUES', since: '7.4.0', flags: ['optional'] },
  ],

  run(shard, req, reply) {
    const cursor = scanCursor(req, 2, reply)
    if (cursor < 0) return
    const m = shard.m
    const entry = findHash(shard, req, reply)
    if (entry === WRONG) return
    if (entry === 0) return emptyScan(reply)
    const options = scanOptions(req, 3, reply, false, true)
    if (options === undefined) return
    page.clear()
    let next = 0
    if (hashIsTable(m, entry)) {
      next = scanPage(m, hashTable(m, entry), cursor, options.count, page)
    } else {
      walk.start(m, entry, 0)
      while (walk.next()) page.push(walk.place)
    }
    reply.array(2)
    reply.bulkInteger(next)
    const hidden = hideAt(shard)
    const begun = reply.begin()
    let count = 0
    for (let i = 0; i < page.count; i++) {
      const place = page.refs[i]
      if (hidden > 0 && hashIsTable(m, entry) && isOver(m, place, hidden)) continue
      hashReadName(m, entry, place, name)
      if (!options.matches(name.bytes, name.at, name.length)) continue
      reply.bulk(name.bytes, name.at, name.length)
      count++
      if (options.noValues) continue
      replyValue(shard, entry, place, reply)
      count++
    }
    reply.finishArray(begun, count)
  },
}
