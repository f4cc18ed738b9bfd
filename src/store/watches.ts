// What clients WATCH on one shard: per client the marks of its keys, each with the version it had.
//
// A watch, an item with the client's id as its key:
//
//   OFFSET  SIZE  FIELD   MEANING
//        0     4  -       KIND 11, FLAGS, KEY_LENGTH as in item.ts
//        4     4  CLIENT  the key: u32
//        8     4  FIRST   the first of its keys
//       12
//
// A watched key:
//
//   OFFSET  SIZE  FIELD    MEANING
//        0     4  MARK
//        4     4  NEXT     the client's next one, 0 = none
//        8     4  VERSION  of the mark when the client began to watch
//       12     4  EXISTED  1 if there was such a key then
//       16

import { allocate, release } from './arena.ts'
import { type DictRef, dictAdd, dictFind, dictRemoveItem } from './dict.ts'
import { itemKeyAt, itemKeyLength, itemWrite, keyHash } from './item.ts'
import {
  MARK,
  type MarkRef,
  markDb,
  markingMake,
  markingOf,
  markingWatches,
  markMake,
  markRelease,
  markVersion,
} from './marks.ts'
import type { Memory, Ref } from './memory.ts'
import type { Shard } from './shard.ts'

type WatchRef = Ref<'watch'>
type WatchedRef = Ref<'watched key'>

export const WATCH = { CLIENT: 4, FIRST: 8, SIZE: 12 } as const
export const WATCHED = { MARK: 0, NEXT: 4, VERSION: 8, EXISTED: 12, SIZE: 16 } as const
const WATCH_KIND = 11

const id = new Uint8Array(4)
const idWord = new Uint32Array(id.buffer)

const watchFirst = (m: Memory, watch: WatchRef): WatchedRef | 0 => m.u32[watch * 2 + WATCH.FIRST / 4] as WatchedRef | 0
const watchedMark = (m: Memory, watched: WatchedRef): MarkRef => m.u32[watched * 2] as MarkRef
const watchedNext = (m: Memory, watched: WatchedRef): WatchedRef | 0 =>
  m.u32[watched * 2 + WATCHED.NEXT / 4] as WatchedRef | 0

function watchFind(m: Memory, client: number): WatchRef | 0 {
  const marking = markingOf(m)
  if (marking === 0) return 0
  idWord[0] = client
  return dictFind(m, markingWatches(m, marking), keyHash(m, id, 0, 4), id, 0, 4) as number as WatchRef | 0
}

/** Has a client watch a key from now on; one that it watches already stays as it is. */
export function watchKey(shard: Shard, client: number, db: number, key: Uint8Array, at: number, length: number): void {
  const m = shard.m
  const existed = shard.findKey(db, key, at, length) !== 0
  const mark = markMake(m, db, key, at, length)
  const watch = watchMake(m, client)
  for (let each = watchFirst(m, watch); each !== 0; each = watchedNext(m, each)) {
    if (watchedMark(m, each) === mark) return
  }
  const watched = allocate(m, WATCHED.SIZE) as WatchedRef
  const word = watched * 2
  m.u32[word] = mark
  m.u32[word + WATCHED.NEXT / 4] = watchFirst(m, watch)
  m.u32[word + WATCHED.VERSION / 4] = markVersion(m, mark)
  m.u32[word + WATCHED.EXISTED / 4] = existed ? 1 : 0
  m.u32[watch * 2 + WATCH.FIRST / 4] = watched
  m.u32[mark * 2 + MARK.WATCHERS / 4]++
}

function watchMake(m: Memory, client: number): WatchRef {
  const found = watchFind(m, client)
  if (found !== 0) return found
  const watch = allocate(m, WATCH.SIZE) as WatchRef
  idWord[0] = client
  itemWrite(m, watch, WATCH_KIND, 0, WATCH.CLIENT, id, 0, 4)
  m.u32[watch * 2 + WATCH.FIRST / 4] = 0
  dictAdd(m, markingWatches(m, markingMake(m)), keyHash(m, id, 0, 4), watch)
  return watch
}

/** Whether all that a client watches on this shard is as it was. Keys whose time is up are deleted first. */
export function watchHolds(shard: Shard, client: number): boolean {
  const m = shard.m
  const watch = watchFind(m, client)
  if (watch === 0) return true
  for (let each = watchFirst(m, watch); each !== 0; each = watchedNext(m, each)) {
    const mark = watchedMark(m, each)
    // Asked first: to delete what SWAPDB brought here when it had long expired is no change to one who watches.
    if (markVersion(m, mark) !== m.u32[each * 2 + WATCHED.VERSION / 4]) return false
    const exists = shard.findKey(markDb(m, mark), m.u8, itemKeyAt(m, mark), itemKeyLength(m, mark)) !== 0
    if (exists !== (m.u32[each * 2 + WATCHED.EXISTED / 4] !== 0)) return false
  }
  return true
}

/** Whether a key that a client watches on this shard has been changed since: expiry, which shows later, aside. */
export function watchChanged(m: Memory, client: number): boolean {
  const watch = watchFind(m, client)
  if (watch === 0) return false
  for (let each = watchFirst(m, watch); each !== 0; each = watchedNext(m, each)) {
    if (markVersion(m, watchedMark(m, each)) !== m.u32[each * 2 + WATCHED.VERSION / 4]) return true
  }
  return false
}

/** A client watches nothing on this shard any more. */
export function watchEnd(m: Memory, client: number): void {
  const watch = watchFind(m, client)
  if (watch === 0) return
  for (let each = watchFirst(m, watch); each !== 0; ) {
    const next = watchedNext(m, each)
    const mark = watchedMark(m, each)
    m.u32[mark * 2 + MARK.WATCHERS / 4]--
    markRelease(m, mark)
    release(m, each)
    each = next
  }
  const watches: DictRef = markingWatches(m, markingMake(m))
  idWord[0] = client
  dictRemoveItem(m, watches, keyHash(m, id, 0, 4), watch)
  release(m, watch)
}
