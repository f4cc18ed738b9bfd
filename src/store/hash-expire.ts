// Deleting fields of hashes whose time is up: all that are due when a command comes to the hash, and in steps between
// commands. Log and replicas are told by HDEL, and go by that alone.

import { type DictRef, dictCount } from './dict.ts'
import { NOTIFY } from './engine.ts'
import { type EntryRef, entryValue } from './entry.ts'
import { dueEntry, entryExpiry, expiryFirst, expiryNext, expiryRemove } from './hash-expiry.ts'
import { fieldExpireAt } from './hash-field.ts'
import { tableDelete } from './hash-value.ts'
import { itemKeyAt, itemKeyLength } from './item.ts'
import { keyspaceDatabase, keyspaceRoot, ROOT } from './keyspace.ts'
import { RefList } from './ref-list.ts'
import type { Shard } from './shard.ts'

const due = new RefList()

/** The hash without the fields that are due, 0 if that deletes it. On a replica the entry stays as it is. */
export function hashLive(shard: Shard, db: number, entry: EntryRef): EntryRef | 0 {
  const expiry = entryExpiry(shard.m, entry)
  if (expiry === 0 || expiryNext(shard.m, expiry) > shard.engine.horizon || !shard.engine.deletesExpired) return entry
  expireFields(shard, db, entry, Number.POSITIVE_INFINITY)
  return dictCount(shard.m, table(shard, entry)) > 0 ? entry : discardEmpty(shard, db, entry)
}

const table = (shard: Shard, entry: EntryRef): DictRef => entryValue<'dict'>(shard.m, entry)

/** Deletes up to `budget` fields that are due, of which there is one at least. Returns how many. */
function expireFields(shard: Shard, db: number, entry: EntryRef, budget: number): number {
  const { m, engine } = shard
  shard.changing(db, entry)
  const fields = table(shard, entry)
  due.clear()
  for (let expiry = entryExpiry(m, entry); expiry !== 0 && due.count < budget; expiry = entryExpiry(m, entry)) {
    const field = expiryFirst(m, expiry)
    if (fieldExpireAt(m, field) > engine.now) break
    expiryRemove(m, fields, field)
    due.push(field)
  }
  sayDeleted(shard, db, entry)
  const keyAt = itemKeyAt(m, entry)
  const keyLength = itemKeyLength(m, entry)
  if (m.u32[keyspaceRoot(m) * 2 + ROOT.MARKS / 4] !== 0)
    engine.invalidations.changed(shard, m.u8, keyAt, keyLength, true)
  engine.notify(NOTIFY.HASH, 'hexpired', db, m.u8, keyAt, keyLength)
  for (let i = 0; i < due.count; i++) tableDelete(m, fields, due.refs[i])
  return due.count
}

/** Tells log and replicas, before anything that the command does. */
function sayDeleted(shard: Shard, db: number, entry: EntryRef): void {
  const { m, engine } = shard
  const effects = engine.effects
  if (!effects.enabled) return
  effects.deletionOf(shard.index, db, 2 + due.count)
  effects.word('HDEL')
  effects.bytes(m.u8, itemKeyAt(m, entry), itemKeyLength(m, entry))
  for (let i = 0; i < due.count; i++) effects.bytes(m.u8, itemKeyAt(m, due.refs[i]), itemKeyLength(m, due.refs[i]))
}

function discardEmpty(shard: Shard, db: number, entry: EntryRef): 0 {
  const m = shard.m
  shard.engine.notify(NOTIFY.GENERIC, 'del', db, m.u8, itemKeyAt(m, entry), itemKeyLength(m, entry))
  shard.discard(db, entry, false)
  return 0
}

/**
 * Deletes up to `budget` fields that are due at engine.now, in whatever database. Returns whether there are more. Its
 * caller holds the shard's lock, has begun a command of the engine and passes its effects on; on a replica it does
 * not call.
 */
export function hashExpireStep(shard: Shard, budget: number): boolean {
  const m = shard.m
  let left = budget
  for (let db = 0; db < shard.databases; db++) {
    for (;;) {
      const entry = dueEntry(m, keyspaceDatabase(m, db), shard.engine.now)
      if (entry === 0) break
      if (left <= 0) return true
      left -= expireFields(shard, db, entry, left)
      if (dictCount(m, table(shard, entry)) === 0) discardEmpty(shard, db, entry)
    }
  }
  return false
}
