// Keys that clients may keep copies of (CLIENT TRACKING): by name, whatever the database, which clients are to be told
// when the key changes. A client is told once; it must read the key again to be told again.
//
// Everything a shard knows about them begins in one record, made when it is first needed and never freed, so that its
// counts may be read without the lock:
//
//   OFFSET  SIZE  FIELD         MEANING
//        0     4  KEYS          dict of the tracked keys
//        4     4  COUNT         tracked keys
//        8     4  ITEMS         clients over all of them
//       12     4  BROADCASTING  how many of BROADCASTS are 1
//       16    64  BROADCASTS    u8 a router, 1 = it has clients that are told of every change (BCAST)
//       80
//
// A tracked key, an item (item.ts):
//
//   OFFSET  SIZE  FIELD    MEANING
//        0     4  -        KIND 13, FLAGS, KEY_LENGTH as in item.ts
//        4     4  CLIENTS  intset of their ids
//        8        the key
//
// Each tracked key counts as one of ROOT.MARKS, and so does each router that broadcasts.

import { assert } from '../bytes/assert.ts'
import { allocate, allocateZeroed, release } from './arena.ts'
import { type DictRef, dictAdd, dictCount, dictCreate, dictFind, dictRelease, dictRemoveItem } from './dict.ts'
import { DictWalk, dictCheck, dictRandom } from './dict-walk.ts'
import { int64 } from './int64.ts'
import { type IntsetRef, intsetCount, intsetCreate, intsetFind, intsetGet, intsetInsert } from './intset.ts'
import { itemHash, itemWrite, keyBytes, keyHash } from './item.ts'
import { keyspaceRoot, ROOT } from './keyspace.ts'
import type { Memory, Ref } from './memory.ts'

export type TrackingRef = Ref<'tracking'>
export type TrackedRef = Ref<'tracked key'>

export const TRACKING = { KEYS: 0, COUNT: 4, ITEMS: 8, BROADCASTING: 12, BROADCASTS: 16, SIZE: 80 } as const
export const TRACKED = { CLIENTS: 4, KEY: 8 } as const
export const ROUTERS_MAX = TRACKING.SIZE - TRACKING.BROADCASTS
const TRACKED_KIND = 13

/** The shard's record about tracking, 0 if it never needed one. */
const trackingOf = (m: Memory): TrackingRef | 0 => m.u32[keyspaceRoot(m) * 2 + ROOT.TRACKING / 4] as TrackingRef | 0

function trackingMake(m: Memory): TrackingRef {
  const found = trackingOf(m)
  if (found !== 0) return found
  const tracking = allocateZeroed(m, TRACKING.SIZE) as TrackingRef
  const keys = dictCreate(m)
  m.u32[tracking * 2] = keys
  m.u32[keyspaceRoot(m) * 2 + ROOT.TRACKING / 4] = tracking
  return tracking
}

const keysOf = (m: Memory, tracking: TrackingRef): DictRef => m.u32[tracking * 2] as DictRef
const clientsOf = (m: Memory, tracked: TrackedRef): IntsetRef => m.u32[tracked * 2 + TRACKED.CLIENTS / 4] as IntsetRef

function marksAdd(m: Memory, amount: number): void {
  m.u32[keyspaceRoot(m) * 2 + ROOT.MARKS / 4] += amount
}

/** How many keys are tracked. Needs no lock, and is out of date at once without it. */
export function trackedCount(m: Memory): number {
  const tracking = trackingOf(m)
  return tracking === 0 ? 0 : m.u32[tracking * 2 + TRACKING.COUNT / 4]
}

/** How many clients over all keys; as `trackedCount`. */
export function trackedItems(m: Memory): number {
  const tracking = trackingOf(m)
  return tracking === 0 ? 0 : m.u32[tracking * 2 + TRACKING.ITEMS / 4]
}

/** A client has read a key. */
export function trackedAdd(m: Memory, key: Uint8Array, at: number, length: number, client: number): void {
  const tracking = trackingMake(m)
  const hash = keyHash(m, key, at, length)
  const found = dictFind(m, keysOf(m, tracking), hash, key, at, length) as number as TrackedRef | 0
  const tracked = found !== 0 ? found : trackedCreate(m, tracking, hash, key, at, length)
  const clients = clientsOf(m, tracked)
  const place = intsetFind(m, clients, 0, client)
  if (place >= 0) return
  const grown = intsetInsert(m, clients, -1 - place, 0, client)
  m.u32[tracked * 2 + TRACKED.CLIENTS / 4] = grown
  m.u32[tracking * 2 + TRACKING.ITEMS / 4]++
}

function trackedCreate(
  m: Memory,
  tracking: TrackingRef,
  hash: number,
  key: Uint8Array,
  at: number,
  length: number,
): TrackedRef {
  const tracked = allocate(m, TRACKED.KEY + keyBytes(length)) as TrackedRef
  itemWrite(m, tracked, TRACKED_KIND, 0, TRACKED.KEY, key, at, length)
  const clients = intsetCreate(m)
  m.u32[tracked * 2 + TRACKED.CLIENTS / 4] = clients
  dictAdd(m, keysOf(m, tracking), hash, tracked)
  m.u32[tracking * 2 + TRACKING.COUNT / 4]++
  marksAdd(m, 1)
  return tracked
}

/** A key if it is tracked, else 0. */
export function trackedFind(m: Memory, key: Uint8Array, at: number, length: number): TrackedRef | 0 {
  const tracking = trackingOf(m)
  if (tracking === 0 || m.u32[tracking * 2 + TRACKING.COUNT / 4] === 0) return 0
  return dictFind(m, keysOf(m, tracking), keyHash(m, key, at, length), key, at, length) as number as TrackedRef | 0
}

/** A tracked key at random, 0 if there is none. */
export function trackedRandom(m: Memory): TrackedRef | 0 {
  const tracking = trackingOf(m)
  return tracking === 0 ? 0 : (dictRandom(m, keysOf(m, tracking)) as number as TrackedRef | 0)
}

/** How many clients are to be told of a key. */
export const trackedClients = (m: Memory, tracked: TrackedRef): number => intsetCount(m, clientsOf(m, tracked))

/** The id of one of them. */
export function trackedClient(m: Memory, tracked: TrackedRef, index: number): number {
  intsetGet(m, clientsOf(m, tracked), index)
  return int64.low
}

/** A key is tracked no more. */
export function trackedRemove(m: Memory, tracked: TrackedRef): void {
  const tracking = trackingOf(m) as TrackingRef
  dictRemoveItem(m, keysOf(m, tracking), itemHash(m, tracked), tracked)
  m.u32[tracking * 2 + TRACKING.COUNT / 4]--
  m.u32[tracking * 2 + TRACKING.ITEMS / 4] -= trackedClients(m, tracked)
  marksAdd(m, -1)
  trackedRelease(m, tracked)
}

function trackedRelease(m: Memory, tracked: TrackedRef): void {
  release(m, clientsOf(m, tracked))
  release(m, tracked)
}

const walk = new DictWalk()

/** No key is tracked any more. */
export function trackedClear(m: Memory): void {
  const tracking = trackingOf(m)
  if (tracking === 0 || m.u32[tracking * 2 + TRACKING.COUNT / 4] === 0) return
  const keys = keysOf(m, tracking)
  walk.start(m, keys)
  for (let each = walk.next(); each !== 0; each = walk.next()) trackedRelease(m, each as number as TrackedRef)
  dictRelease(m, keys)
  const empty = dictCreate(m)
  m.u32[tracking * 2] = empty
  marksAdd(m, -m.u32[tracking * 2 + TRACKING.COUNT / 4])
  m.u32[tracking * 2 + TRACKING.COUNT / 4] = 0
  m.u32[tracking * 2 + TRACKING.ITEMS / 4] = 0
}

// ---- broadcasts

/** Whether any router's clients are told of every change. */
export function hasBroadcasts(m: Memory): boolean {
  const tracking = trackingOf(m)
  return tracking !== 0 && m.u32[tracking * 2 + TRACKING.BROADCASTING / 4] !== 0
}

/** Whether a router's are. */
export const broadcastsTo = (m: Memory, router: number): boolean =>
  m.u8[(trackingOf(m) as TrackingRef) * 8 + TRACKING.BROADCASTS + router] === 1

/** A router has clients that are told of every change, or has none any more. */
export function setBroadcast(m: Memory, router: number, on: boolean): void {
  assert(router < ROUTERS_MAX, 'the table has a place for every router')
  const tracking = trackingMake(m)
  if (broadcastsTo(m, router) === on) return
  m.u8[tracking * 8 + TRACKING.BROADCASTS + router] = on ? 1 : 0
  m.u32[tracking * 2 + TRACKING.BROADCASTING / 4] += on ? 1 : -1
  marksAdd(m, on ? 1 : -1)
}

/** Checks that the counts are right. */
export function trackedCheck(m: Memory): void {
  const tracking = trackingOf(m)
  if (tracking === 0) return
  const keys = keysOf(m, tracking)
  dictCheck(m, keys)
  assert(dictCount(m, keys) === m.u32[tracking * 2 + TRACKING.COUNT / 4], 'every tracked key is counted')
  let items = 0
  walk.start(m, keys)
  for (let each = walk.next(); each !== 0; each = walk.next()) {
    const clients = trackedClients(m, each as number as TrackedRef)
    assert(clients > 0, 'a key is tracked by somebody')
    items += clients
  }
  assert(items === m.u32[tracking * 2 + TRACKING.ITEMS / 4], 'every client of every key is counted')
}
