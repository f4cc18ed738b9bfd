// On a replica that clients may write to (replica-read-only no), the names of the keys whose end they have set: the master
// knows nothing of them, so the replica ends them itself (own-expiries-cycle.ts). A dict a database, made with the first.
//
// A name, an item (item.ts):
//
//   OFFSET  SIZE  FIELD   MEANING
//        0     4  -       KIND 14, FLAGS, KEY_LENGTH as in item.ts
//        4        the key
//
// A name says no more than that the key is worth a look: it may have been given another end since, or be gone.

import { allocate, release } from './arena.ts'
import { type DictRef, dictAdd, dictCreate, dictFind, dictRemoveItem } from './dict.ts'
import type { EntryRef } from './entry.ts'
import { type ItemRef, itemHash, itemKeyAt, itemKeyLength, itemWrite, keyBytes } from './item.ts'
import { DATABASE, type DatabaseRef } from './keyspace.ts'
import type { Memory } from './memory.ts'

const NAME_KIND = 14
const KEY_AT = 4

/** The dict of a database's names, 0 if there never were any. */
export const ownExpiries = (m: Memory, database: DatabaseRef): DictRef | 0 =>
  m.u32[database * 2 + DATABASE.OWN / 4] as DictRef | 0

/** Notes the name of an entry, whose hash is `hash`. */
export function ownExpiryAdd(m: Memory, database: DatabaseRef, hash: number, entry: EntryRef): void {
  if (ownExpiries(m, database) === 0) {
    const made = dictCreate(m)
    m.u32[database * 2 + DATABASE.OWN / 4] = made
  }
  const names = ownExpiries(m, database) as DictRef
  const at = itemKeyAt(m, entry)
  const length = itemKeyLength(m, entry)
  if (dictFind(m, names, hash, m.u8, at, length) !== 0) return
  // The key is read from the arena while memory is allocated there: m.u8 may be remade, its bytes stay.
  const key = m.u8
  const name = allocate(m, KEY_AT + keyBytes(length))
  itemWrite(m, name, NAME_KIND, 0, KEY_AT, key, at, length)
  dictAdd(m, names, hash, name)
}

/** Forgets a name. */
export function ownExpiryRemove(m: Memory, names: DictRef, name: ItemRef): void {
  dictRemoveItem(m, names, itemHash(m, name), name)
  release(m, name)
}
