// RENAME, RENAMENX, COPY and MOVE: a value under another key or in another database.
//
// The keys may lie on different shards; then the value is copied from arena to arena, else its ref is handed on.

import { SETTING } from '../../config/settings.ts'
import { DB_OUT_OF_RANGE, NO_SUCH_KEY, NOT_AN_INTEGER, SAME_OBJECT, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { type EntryRef, entryAccess, entryExpireAt, entrySetAccess } from '../../store/entry.ts'
import { entryCopy, entryRename } from '../../store/entry-copy.ts'
import type { Shard } from '../../store/shard.ts'
import { valueEffort } from '../../store/value.ts'
import { type Command, DENY_OOM, FAST, type KeySpec, oneKey, WRITE } from '../command.ts'

const INT_MAX = 2 ** 31 - 1
const INT_MIN = -(2 ** 31)
const NOT_AN_INT = `ERR value is out of range, value must between ${INT_MIN} and ${INT_MAX}`

/** A source in the first argument, a destination in the second. */
const fromTo = (from: readonly string[], to: readonly string[]): readonly KeySpec[] => [
  { flags: from, begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
  { flags: to, begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
]

export const rename: Command = {
  name: 'RENAME',
  group: 'generic',
  since: '1.0.0',
  summary: 'Gives a key another name, replacing what has that name.',
  complexity: 'O(1), or O(N) for N elements that move to another shard',
  arity: 3,
  flags: WRITE,
  keys: fromTo(['RW', 'access', 'delete'], ['OW', 'update']),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'newkey', type: 'key', keySpec: 1 },
  ],

  run(shard, req, reply) {
    renameKey(shard, req, reply, false)
  },
}

export const renamenx: Command = {
  name: 'RENAMENX',
  group: 'generic',
  since: '1.0.0',
  summary: 'Gives a key another name, if no key has it.',
  complexity: 'O(1), or O(N) for N elements that move to another shard',
  arity: 3,
  flags: WRITE | FAST,
  keys: fromTo(['RW', 'access', 'delete'], ['OW', 'insert']),
  history: [['3.2.0', 'Both names being the same is no error any more.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'newkey', type: 'key', keySpec: 1 },
  ],

  run(shard, req, reply) {
    renameKey(shard, req, reply, true)
  },
}

export const copy: Command = {
  name: 'COPY',
  group: 'generic',
  since: '6.2.0',
  summary: 'Copies the value of a key to another key, in this database or another.',
  complexity: 'O(N) for N elements, O(1) for strings',
  arity: -3,
  flags: WRITE | DENY_OOM,
  keys: fromTo(['RO', 'access'], ['OW', 'update']),
  args: [
    { name: 'source', type: 'key', keySpec: 0 },
    { name: 'destination', type: 'key', keySpec: 1 },
    { name: 'destination-db', type: 'integer', token: 'DB', flags: ['optional'] },
    { name: 'replace', type: 'pure-token', token: 'REPLACE', flags: ['optional'] },
  ],

  run(shard, req, reply) {
    let db = req.db
    let replaces = false
    for (let i = 3; i < req.argc; i++) {
      if (req.is(i, 'REPLACE')) replaces = true
      else if (req.is(i, 'DB') && i + 1 < req.argc) {
        db = databaseArgument(shard, req, ++i, reply)
        if (db < 0) return
      } else return reply.error(SYNTAX)
    }
    if (db === req.db && req.same(1, 2)) return reply.error(SAME_OBJECT)
    copyKey(shard, req, reply, db, replaces)
  },
}

export const move: Command = {
  name: 'MOVE',
  group: 'generic',
  since: '1.0.0',
  summary: 'Moves a key to another database, if that has no such key.',
  complexity: 'O(1)',
  arity: 3,
  flags: WRITE | FAST,
  keys: oneKey('RW', 'access', 'update'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'db', type: 'integer' },
  ],

  run(shard, req, reply) {
    const { u8, at, length, db: from } = req
    const to = databaseArgument(shard, req, 2, reply)
    if (to < 0) return
    if (to === from) return reply.error(SAME_OBJECT)
    const entry = shard.findForWrite(req, 1)
    if (entry === 0 || shard.findKey(to, u8, at[1], length[1]) !== 0) return reply.integer(0)
    const access = entryAccess(shard.m, entry)
    shard.unlink(from, entry)
    shard.link(to, entry)
    entrySetAccess(shard.m, entry, access)
    shard.touchedKey(from, u8, at[1], length[1], NOTIFY.GENERIC, 'move_from')
    shard.touchedKey(to, u8, at[1], length[1], NOTIFY.GENERIC, 'move_to', 0)
    reply.integer(1)
  },
}

/** The database that argument `i` names, -1 after replying the error. */
function databaseArgument(shard: Shard, req: Request, i: number, reply: Reply): number {
  const db = req.integer(i)
  if (db >= 0 && db < shard.databases) return db
  if (Number.isNaN(db)) reply.error(NOT_AN_INTEGER)
  else reply.error(db > INT_MAX || db < INT_MIN ? NOT_AN_INT : DB_OUT_OF_RANGE)
  return -1
}

function renameKey(first: Shard, req: Request, reply: Reply, onlyNew: boolean): void {
  const { u8, at, length, db } = req
  const from = first.ofKey(req, 1)
  const to = first.ofKey(req, 2)
  const entry = from.findForWrite(req, 1)
  if (entry === 0) return reply.error(NO_SUCH_KEY)
  if (req.same(1, 2)) return onlyNew ? reply.integer(0) : reply.ok()
  const lazy = first.engine.settings[SETTING.lazyfreeLazyServerDel] !== 0
  const replaced = to.findForWrite(req, 2)
  if (replaced !== 0 && onlyNew) return reply.integer(0)
  let effort = replaced === 0 || lazy ? 0 : valueEffort(to.m, replaced)
  if (from !== to) effort += valueEffort(from.m, entry)
  if (first.engine.defers(effort)) return
  if (replaced !== 0) to.discard(db, replaced, lazy)

  const access = entryAccess(from.m, entry)
  const expireAt = entryExpireAt(from.m, entry)
  let renamed: EntryRef
  if (from === to) {
    from.unlink(db, entry)
    renamed = entryRename(to.m, entry, u8, at[2], length[2], expireAt)
  } else {
    renamed = entryCopy(from.m, entry, to.m, u8, at[2], length[2], expireAt)
    from.discard(db, entry, lazy)
  }
  to.link(db, renamed)
  entrySetAccess(to.m, renamed, access)
  from.touched(req, 1, NOTIFY.GENERIC, 'rename_from')
  to.touched(req, 2, NOTIFY.GENERIC, 'rename_to', 0)
  if (onlyNew) reply.integer(1)
  else reply.ok()
}

function copyKey(first: Shard, req: Request, reply: Reply, db: number, replaces: boolean): void {
  const { u8, at, length } = req
  const from = first.ofKey(req, 1)
  const to = first.ofKey(req, 2)
  const entry = from.find(req, 1)
  if (entry === 0) return reply.integer(0)
  const replaced = to.findKey(db, u8, at[2], length[2])
  if (replaced !== 0 && !replaces) return reply.integer(0)
  if (first.engine.defers(valueEffort(from.m, entry))) return
  const made = entryCopy(from.m, entry, to.m, u8, at[2], length[2], entryExpireAt(from.m, entry))
  if (replaced !== 0) to.discard(db, replaced, first.engine.settings[SETTING.lazyfreeLazyServerDel] !== 0)
  to.link(db, made)
  to.touchedKey(db, u8, at[2], length[2], NOTIFY.GENERIC, 'copy_to')
  reply.integer(1)
}
