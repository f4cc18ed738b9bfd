// SORT … STORE: the result as a list under another key.

import { SETTING } from '../../config/settings.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { ENCODING, entryCreate, entrySetValue, TYPE } from '../../store/entry.ts'
import { ListpackElement } from '../../store/listpack-element.ts'
import { quicklistPushTail } from '../../store/quicklist.ts'
import { type QuicklistRef, quicklistCount } from '../../store/quicklist-record.ts'
import type { Shard } from '../../store/shard.ts'
import { valueRelease } from '../../store/value.ts'
import { createList } from '../list/shared.ts'
import type { SortOptions } from './options.ts'
import { lookUp } from './pattern.ts'
import type { BytePool } from './pool.ts'

const found = new ListpackElement()

/** Stores `count` elements from the `first`th in `order` on, or what GET makes of them. Replies how many it stored. */
export function storeResult(
  shard: Shard,
  req: Request,
  options: SortOptions,
  elements: BytePool,
  order: Uint32Array | undefined,
  first: number,
  count: number,
  reply: Reply,
): void {
  const target = shard.ofKey(req, options.store)
  if (count <= 0) return removeTarget(target, req, options.store, reply)
  const m = target.m
  const list = createList(target)
  const { gets } = options
  for (let k = first; k < first + count; k++) {
    const i = order === undefined ? k : order[k]
    const { bytes, at, length } = elements
    if (gets.length === 0) quicklistPushTail(m, list, bytes, at[i], length[i])
    for (let g = 0; g < gets.length; g++) {
      // What is missing becomes an empty element: a list has no nil.
      const isThere = lookUp(shard, req, gets[g], bytes, at[i], length[i], found)
      quicklistPushTail(m, list, found.bytes, found.at, isThere ? found.length : 0)
    }
  }
  const stored = quicklistCount(m, list)
  replaceTarget(target, req, options.store, list)
  target.touched(req, options.store, NOTIFY.LIST, 'sortstore', stored)
  reply.integer(stored)
}

/** Puts the list in the place of whatever the key in argument `i` holds; it lasts from then on. */
function replaceTarget(target: Shard, req: Request, i: number, list: QuicklistRef): void {
  const m = target.m
  const entry = entryCreate(m, TYPE.LIST, ENCODING.QUICKLIST, 0, 0, -1, req.u8, req.at[i], req.length[i])
  entrySetValue(m, entry, list)
  const old = target.findKey(req.db, req.u8, req.at[i], req.length[i])
  if (old === 0) return target.link(req.db, entry)
  valueRelease(m, old)
  target.replaceEntry(req.db, old, entry)
}

/** Deletes the key in argument `i`, since there is nothing to store in it. Replies 0. */
function removeTarget(target: Shard, req: Request, i: number, reply: Reply): void {
  const old = target.findKey(req.db, req.u8, req.at[i], req.length[i])
  if (old !== 0) {
    target.discard(req.db, old, target.engine.settings[SETTING.lazyfreeLazyServerDel] !== 0)
    target.touched(req, i, NOTIFY.GENERIC, 'del')
  }
  reply.integer(0)
}
