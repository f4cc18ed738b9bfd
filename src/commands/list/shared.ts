// What commands on lists have in common: making and dropping the key, positions, guessing effort.

import { SETTING } from '../../config/settings.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { ENCODING, type EntryRef, entryType, entryValue, TYPE } from '../../store/entry.ts'
import type { Memory } from '../../store/memory.ts'
import { type QuicklistRef, quicklistCount, quicklistCreate, quicklistNodes } from '../../store/quicklist-record.ts'
import type { Shard } from '../../store/shard.ts'
import type { Argument } from '../command.ts'

/** An end of a list. */
export const LEFT = 0
export const RIGHT = 1
/** What endAt returns for an argument that names no end. */
export const NO_END = -1
export type End = typeof LEFT | typeof RIGHT

export const LEFT_OR_RIGHT: readonly Argument[] = [
  { name: 'left', type: 'pure-token', token: 'LEFT' },
  { name: 'right', type: 'pure-token', token: 'RIGHT' },
]

/** The end that argument `i` names. */
export function endAt(req: Request, i: number): End | typeof NO_END {
  if (req.is(i, 'LEFT')) return LEFT
  return req.is(i, 'RIGHT') ? RIGHT : NO_END
}

/** The list of an entry that holds one. */
export const listOf = (m: Memory, entry: EntryRef): QuicklistRef => entryValue(m, entry)

/** Adds the key in argument `i` as an empty list, to which the caller adds next. */
export function addList(shard: Shard, req: Request, i: number): QuicklistRef {
  const list = createList(shard)
  shard.add(req, i, TYPE.LIST, ENCODING.QUICKLIST, list)
  return list
}

/** An empty list that is in no table yet, under the settings in force. */
export function createList(shard: Shard): QuicklistRef {
  const settings = shard.engine.settings
  return quicklistCreate(shard.m, settings[SETTING.listMaxListpackSize], settings[SETTING.listCompressDepth])
}

/** Deletes the key in argument `i` if its list is empty by now, and says so. */
export function discardIfEmpty(shard: Shard, req: Request, i: number, entry: EntryRef): void {
  if (quicklistCount(shard.m, listOf(shard.m, entry)) > 0) return
  shard.discard(req.db, entry, false)
  shard.engine.notify(NOTIFY.GENERIC, 'del', req.db, req.u8, req.at[i], req.length[i])
}

/** The list under the key in argument `i` before the command runs, 0 if there is none: for `cost`. */
function peekList(shard: Shard, req: Request, i: number): QuicklistRef | 0 {
  const entry = shard.peek(req, i)
  return entry !== 0 && entryType(shard.m, entry) === TYPE.LIST ? listOf(shard.m, entry) : 0
}

/** How many elements the list in argument `i` has. */
export function listEffort(shard: Shard, req: Request, i: number): number {
  const list = peekList(shard, req, i)
  return list === 0 ? 0 : quicklistCount(shard.m, list)
}

/** How many nodes a walk over the list in argument `i` passes. */
export function walkEffort(shard: Shard, req: Request, i: number): number {
  const list = peekList(shard, req, i)
  return list === 0 ? 0 : quicklistNodes(shard.m, list)
}
