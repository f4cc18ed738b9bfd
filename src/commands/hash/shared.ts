// What commands on hashes have in common: finding the hash and its fields, making and dropping the key, replying.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { ENCODING, type EntryRef, entryType, TYPE } from '../../store/entry.ts'
import { hashLive } from '../../store/hash-expire.ts'
import { entryExpiry, expiryCount, expiryNext } from '../../store/hash-expiry.ts'
import { type FieldPlace, hashCount, hashExpireAt, hashFind, hashReadValue } from '../../store/hash-value.ts'
import { LISTPACK_EMPTY_BYTES, ListpackElement } from '../../store/listpack.ts'
import { listpackCreate } from '../../store/listpack-edit.ts'
import { type Shard, WRONG } from '../../store/shard.ts'

/** A new listpack gets room for what comes first, but not for more than this. */
const LISTPACK_HINT_MAX = 1024

const value = new ListpackElement()

/**
 * The hash in argument 1, for a command that reads it, all of it if `isWhole`. WRONG, which means to return at once,
 * after replying that it is none, or because it is so large that the shard's owner is to run the command.
 */
export function findHash(shard: Shard, req: Request, reply: Reply, isWhole = false): EntryRef | 0 | typeof WRONG {
  const entry = shard.typed(req, 1, TYPE.HASH, reply)
  if (entry === WRONG || entry === 0) return entry
  return defers(shard, entry, isWhole) ? WRONG : hashLive(shard, req.db, entry)
}

/** As findHash, for a command that changes it. */
export function findHashForWrite(shard: Shard, req: Request, reply: Reply): EntryRef | 0 | typeof WRONG {
  const entry = shard.typedForWrite(req, 1, TYPE.HASH, reply)
  if (entry === WRONG || entry === 0) return entry
  return defers(shard, entry, false) ? WRONG : hashLive(shard, req.db, entry)
}

/** Whether what there is to read, or to expire first, is too much for a thread with others to serve. */
function defers({ m, engine }: Shard, entry: EntryRef, isWhole: boolean): boolean {
  if (isWhole && engine.defers(hashCount(m, entry))) return true
  const expiry = entryExpiry(m, entry)
  // How many fields are due is not known without looking at them: it may be all that expire.
  return expiry !== 0 && expiryNext(m, expiry) <= engine.now && engine.defers(expiryCount(m, expiry))
}

/** Adds the key in argument 1 as an empty hash; `bytes` are about to be put in it. */
export function addHash(shard: Shard, req: Request, bytes: number): EntryRef {
  const room = LISTPACK_EMPTY_BYTES + Math.min(bytes, LISTPACK_HINT_MAX)
  return shard.add(req, 1, TYPE.HASH, ENCODING.LISTPACK, listpackCreate(shard.m, room))
}

/** When a field that is due is passed over although it is there: on a replica, which leaves it to its master's word. */
export const hideAt = (shard: Shard): number => (shard.engine.deletesExpired ? 0 : shard.engine.horizon)

/** Where the field in argument `i` is, for a command that reads it; 0 for nowhere. */
export function findField(shard: Shard, entry: EntryRef, req: Request, i: number): FieldPlace {
  const place = hashFind(shard.m, entry, req.u8, req.at[i], req.length[i])
  if (place === 0 || shard.engine.deletesExpired) return place
  const expireAt = hashExpireAt(shard.m, entry, place)
  return expireAt >= 0 && expireAt <= shard.engine.horizon ? 0 : place
}

/** Replies a field's value. */
export function replyValue(shard: Shard, entry: EntryRef, place: FieldPlace, reply: Reply): void {
  hashReadValue(shard.m, entry, place, value)
  reply.bulk(value.bytes, value.at, value.length)
}

/** Deletes the key in argument 1 if its last field has gone, and says so. */
export function discardIfEmpty(shard: Shard, req: Request, entry: EntryRef): void {
  if (hashCount(shard.m, entry) > 0) return
  shard.discard(req.db, entry, false)
  shard.engine.notify(NOTIFY.GENERIC, 'del', req.db, req.u8, req.at[1], req.length[1])
}

/** How many fields the hash in argument 1 has. */
export function hashEffort(shard: Shard, req: Request): number {
  const entry = shard.peek(req, 1)
  return entry === 0 || entryType(shard.m, entry) !== TYPE.HASH ? 0 : hashCount(shard.m, entry)
}
