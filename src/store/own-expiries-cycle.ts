// Ends the keys that clients of a replica have given an end, when it has come (own-expiries.ts): the owner's, under the
// shard's lock. Each run goes on where the last one stopped.

import { dictFind } from './dict.ts'
import { dictScan } from './dict-walk.ts'
import { type EntryRef, entryExpireAt, entryExpires } from './entry.ts'
import { type ItemRef, itemHash, itemKeyAt, itemKeyLength } from './item.ts'
import { databaseKeys, keyspaceDatabase } from './keyspace.ts'
import { ownExpiries, ownExpiryRemove } from './own-expiries.ts'
import { RefList } from './ref-list.ts'
import type { Shard } from './shard.ts'

export class OwnExpiries {
  readonly #shard: Shard
  readonly #found = new RefList()
  #database = 0
  #cursor = 0

  constructor(shard: Shard) {
    this.#shard = shard
  }

  /** Looks at every name, or at those that there is time for until `deadline` (performance.now); `now` is Unix ms. */
  run(now: number, deadline: number): void {
    const { databases } = this.#shard
    for (let visits = 0; visits < databases; visits++) {
      if (!this.#visit(this.#database, now, deadline)) return
      this.#database = (this.#database + 1) % databases
    }
  }

  /** Goes on with one database. Returns whether it has come to its end. */
  #visit(db: number, now: number, deadline: number): boolean {
    const { m } = this.#shard
    const names = ownExpiries(m, keyspaceDatabase(m, db))
    if (names === 0) return true
    do {
      this.#found.clear()
      this.#cursor = dictScan(m, names, this.#cursor, this.#found)
      for (let i = 0; i < this.#found.count; i++) {
        const name = this.#found.refs[i] as ItemRef
        if (this.#endIfDue(db, name, now)) ownExpiryRemove(m, names, name)
      }
    } while (this.#cursor !== 0 && performance.now() < deadline)
    return this.#cursor === 0
  }

  /** Ends the key of a name if its time has come. Returns whether the name is of no use any more. */
  #endIfDue(db: number, name: ItemRef, now: number): boolean {
    const { m } = this.#shard
    const keys = databaseKeys(m, keyspaceDatabase(m, db))
    const at = itemKeyAt(m, name)
    const entry = dictFind(m, keys, itemHash(m, name), m.u8, at, itemKeyLength(m, name)) as number as EntryRef | 0
    if (entry === 0 || !entryExpires(m, entry)) return true
    if (entryExpireAt(m, entry) > now) return false
    this.#shard.expire(db, entry)
    return true
  }
}
