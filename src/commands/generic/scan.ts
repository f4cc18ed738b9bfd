// KEYS, SCAN and RANDOMKEY: looking through a database.
//
// SCAN goes through the shards one after the other. Its cursor is that of a shard's hash table, times the number of
// shards, plus the shard's index; a page that ends one shard goes on in the next, so a small database takes one call.
// What each hash table guarantees (dictScan) therefore holds for all of them.

import { globMatch } from '../../bytes/glob.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { dictCount } from '../../store/dict.ts'
import { DictWalk, dictRandom, dictScan } from '../../store/dict-walk.ts'
import type { Engine } from '../../store/engine.ts'
import { type EntryRef, entryType, TYPE_NAMES } from '../../store/entry.ts'
import { itemKeyAt, itemKeyLength } from '../../store/item.ts'
import { databaseKeys, keyspaceDatabase } from '../../store/keyspace.ts'
import { RefList } from '../../store/ref-list.ts'
import type { Shard } from '../../store/shard.ts'
import { type Command, READONLY } from '../command.ts'
import { type ScanOptions, scanCursor, scanOptions, VISITS_PER_ELEMENT } from '../scan-options.ts'

const STAR = 0x2a

const UPPER_TYPE_NAMES = TYPE_NAMES.map(name => name.toUpperCase())
/** How often RANDOMKEY draws again when it draws a key whose time is up but which it may not delete. */
const DRAWS_MAX = 100

const walk = new DictWalk()
const found = new RefList()
/** Where the keys found in each shard end in `found`. */
const ends: number[] = []

export const keys: Command = {
  name: 'KEYS',
  group: 'generic',
  since: '1.0.0',
  summary: 'Lists the keys that match a pattern.',
  complexity: 'O(N) for N keys in the database',
  arity: 2,
  flags: READONLY,
  categories: ['dangerous'],
  tips: ['request_policy:all_shards', 'nondeterministic_output_order'],
  args: [{ name: 'pattern', type: 'pattern' }],
  locks: 'all',
  cost: (shard, req) => total(shard.engine, req.db),

  run(shard, req, reply) {
    const begun = reply.begin()
    let count = 0
    for (const each of shard.engine.shards) count += replyMatching(each, req, reply)
    reply.finishArray(begun, count)
  },
}

export const scan: Command = {
  name: 'SCAN',
  group: 'generic',
  since: '2.8.0',
  summary: 'Lists the keys of the database page by page.',
  complexity: 'O(1) a page, O(N) for all N keys',
  arity: -2,
  flags: READONLY,
  tips: ['nondeterministic_output', 'request_policy:special'],
  history: [['6.0.0', 'Learned `TYPE`.']],
  args: [
    { name: 'cursor', type: 'integer' },
    { name: 'pattern', type: 'pattern', token: 'MATCH', flags: ['optional'] },
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
    { name: 'type', type: 'string', token: 'TYPE', since: '6.0.0', flags: ['optional'] },
  ],
  locks: 'all',

  run(shard, req, reply) {
    const cursor = scanCursor(req, 1, reply)
    if (cursor < 0) return
    const options = scanOptions(req, 2, reply, true)
    if (options === undefined) return
    const { engine } = shard
    if (engine.defers(Math.min(options.count, total(engine, req.db)))) return
    const next = collectPage(engine, req.db, cursor, options.count)
    reply.array(2)
    reply.bulkInteger(next)
    const begun = reply.begin()
    let count = 0
    for (let index = 0, i = 0; index < ends.length; index++) {
      for (; i < ends[index]; i++) {
        if (replyIfWanted(engine.shards[index], req, found.refs[i] as EntryRef, options, reply)) count++
      }
    }
    reply.finishArray(begun, count)
  },
}

export const randomkey: Command = {
  name: 'RANDOMKEY',
  group: 'generic',
  since: '1.0.0',
  summary: 'Returns a key at random.',
  complexity: 'O(1)',
  arity: 1,
  flags: READONLY,
  tips: ['request_policy:all_shards', 'nondeterministic_output'],
  locks: 'all',

  run({ engine }, req, reply) {
    for (let draws = 1; ; draws++) {
      const shard = randomShard(engine, req.db)
      if (shard === undefined) return reply.nil()
      const { m } = shard
      const entry = dictRandom(m, databaseKeys(m, keyspaceDatabase(m, req.db))) as number as EntryRef
      if (shard.isExpired(entry)) {
        if (engine.deletesExpired) {
          shard.expire(req.db, entry)
          continue
        }
        if (draws < DRAWS_MAX) continue
      }
      return reply.bulk(m.u8, itemKeyAt(m, entry), itemKeyLength(m, entry))
    }
  },
}

function replyMatching(shard: Shard, req: Request, reply: Reply): number {
  const { m } = shard
  // The glob would not match the empty key.
  const matchesAll = req.isByte(1, STAR)
  let count = 0
  walk.start(m, databaseKeys(m, keyspaceDatabase(m, req.db)))
  for (let item = walk.next(); item !== 0; item = walk.next()) {
    const at = itemKeyAt(m, item)
    const length = itemKeyLength(m, item)
    if (!matchesAll && !globMatch(req.u8, req.at[1], req.length[1], m.u8, at, length, false)) continue
    if (shard.isExpired(item as number as EntryRef)) continue
    reply.bulk(m.u8, at, length)
    count++
  }
  return count
}

/** Fills `found` and `ends` with about `count` entries from `cursor` on. Returns the cursor to go on with. */
function collectPage(engine: Engine, db: number, cursor: number, count: number): number {
  const { shards } = engine
  let index = cursor % shards.length
  let position = Math.floor(cursor / shards.length)
  let visits = count * VISITS_PER_ELEMENT
  found.clear()
  ends.length = 0
  while (ends.length < index) ends.push(0)
  for (;;) {
    const { m } = shards[index]
    position = dictScan(m, databaseKeys(m, keyspaceDatabase(m, db)), position, found)
    ends[index] = found.count
    if (position === 0) index++
    if (index === shards.length) return 0
    if (visits-- === 0 || found.count >= count) return position * shards.length + index
  }
}

/** Replies a key unless the options or its expiry forbid; an expired one is deleted. */
function replyIfWanted(shard: Shard, req: Request, entry: EntryRef, options: ScanOptions, reply: Reply): boolean {
  const { m } = shard
  const at = itemKeyAt(m, entry)
  const length = itemKeyLength(m, entry)
  if (!options.matches(m.u8, at, length)) return false
  if (shard.isExpired(entry)) {
    if (shard.engine.deletesExpired) shard.expire(req.db, entry)
    return false
  }
  if (options.type !== 0 && !req.is(options.type, UPPER_TYPE_NAMES[entryType(m, entry)])) return false
  reply.bulk(m.u8, at, length)
  return true
}

function total(engine: Engine, db: number): number {
  let count = 0
  for (const shard of engine.shards) count += shard.size(db)
  return count
}

/** A shard, as likely as it has keys; undefined if none has any. */
function randomShard(engine: Engine, db: number): Shard | undefined {
  let left = Math.floor(Math.random() * total(engine, db))
  for (const shard of engine.shards) {
    const { m } = shard
    const count = dictCount(m, databaseKeys(m, keyspaceDatabase(m, db)))
    if (left < count) return shard
    left -= count
  }
  return undefined
}
