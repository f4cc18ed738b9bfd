// Consumer groups: what a group has been given, and which entries its consumers have yet to acknowledge.
//
// A group:
//
//   OFFSET  SIZE  FIELD         MEANING
//        0     8  -             head of a named record (stream-names.ts), KIND 2
//        8     8  ENTRIES_READ  f64, entries up to LAST_ID ever added, -1 = not known
//       16    16  LAST_ID       the last id delivered
//       32    16  PENDING       id tree of the pending entries
//       48     4  CONSUMERS     consumers by name, 0 = none
//       52     4  -             zero
//       56        the name
//
// A consumer:
//
//   OFFSET  SIZE  FIELD    MEANING
//        0     8  -        head of a named record, KIND 3
//        8     8  SEEN     f64, Unix ms, when it last asked for something
//       16     8  ACTIVE   f64, Unix ms, when it last got something, -1 = never
//       24    16  PENDING  id tree of its pending entries: the group's records
//       40        the name
//
// A pending entry:
//
//   OFFSET  SIZE  FIELD     MEANING
//        0     4  CONSUMER  whose it is, 0 only while it is being made
//        4     4  COUNT     deliveries; stays at 2^32 - 1
//        8     8  TIME      f64, Unix ms of the last delivery
//       16

import { allocate, release } from './arena.ts'
import type { Memory, Ref } from './memory.ts'
import { STREAM, type StreamRef } from './stream.ts'
import { StreamId } from './stream-id.ts'
import {
  type IdTreeRef,
  idTreeAdd,
  idTreeCount,
  idTreeFind,
  idTreeRelease,
  idTreeRemove,
  idTreeShift,
} from './stream-id-tree.ts'
import {
  type NamesRef,
  nameAt,
  namedCreate,
  nameLength,
  namesAt,
  namesCount,
  namesFind,
  namesInsert,
  namesRemove,
  namesSearch,
} from './stream-names.ts'

export type GroupRef = Ref<'consumer group'>
export type ConsumerRef = Ref<'consumer'>
export type PendingRef = Ref<'pending entry'>

export const GROUP = { ENTRIES_READ: 8, LAST_ID: 16, PENDING: 32, CONSUMERS: 48, SIZE: 56 } as const
export const CONSUMER = { SEEN: 8, ACTIVE: 16, PENDING: 24, SIZE: 40 } as const
export const PENDING = { CONSUMER: 0, COUNT: 4, TIME: 8, SIZE: 16 } as const

const GROUP_KIND = 2
const CONSUMER_KIND = 3
/** ENTRIES_READ of a group whose place in the stream is not known. */
export const UNKNOWN_READ = -1
const COUNT_MAX = 0xffffffff

const shifted = new StreamId()

// ---- groups

export const streamGroups = (m: Memory, stream: StreamRef): NamesRef | 0 =>
  m.u32[stream * 2 + STREAM.GROUPS / 4] as NamesRef | 0

function setGroups(m: Memory, stream: StreamRef, groups: NamesRef | 0): void {
  m.u32[stream * 2 + STREAM.GROUPS / 4] = groups
}

export const streamGroupCount = (m: Memory, stream: StreamRef): number => namesCount(m, streamGroups(m, stream))
/** The group at `index` in the order of names. */
export const streamGroupAt = (m: Memory, stream: StreamRef, index: number): GroupRef =>
  namesAt(m, streamGroups(m, stream) as NamesRef, index) as GroupRef

/** The group with this name, 0 if there is none. */
export const groupFind = (m: Memory, stream: StreamRef, name: Uint8Array, at: number, length: number): GroupRef | 0 =>
  namesFind(m, streamGroups(m, stream), name, at, length) as GroupRef | 0

/** Makes a group; 0 if there is one of that name. */
export function groupCreate(
  m: Memory,
  stream: StreamRef,
  name: Uint8Array,
  at: number,
  length: number,
  lastId: StreamId,
  entriesRead: number,
): GroupRef | 0 {
  const index = namesSearch(m, streamGroups(m, stream), name, at, length)
  if (index >= 0) return 0
  const group = namedCreate(m, GROUP_KIND, GROUP.SIZE, name, at, length) as GroupRef
  lastId.store(m, groupLastIdWord(group))
  groupSetEntriesRead(m, group, entriesRead)
  setGroups(m, stream, namesInsert(m, streamGroups(m, stream), -1 - index, group))
  return group
}

/** Deletes a group with all it knows. */
export function groupDestroy(m: Memory, stream: StreamRef, group: GroupRef): void {
  const groups = streamGroups(m, stream) as NamesRef
  setGroups(m, stream, namesRemove(m, groups, namesSearch(m, groups, m.u8, nameAt(m, group), nameLength(m, group))))
  groupRelease(m, group)
}

export const groupLastIdWord = (group: GroupRef): number => group * 2 + GROUP.LAST_ID / 4
export const groupEntriesRead = (m: Memory, group: GroupRef): number => m.f64[group + GROUP.ENTRIES_READ / 8]
export const groupPending = (group: GroupRef): IdTreeRef => (group + GROUP.PENDING / 8) as number as IdTreeRef
export const groupConsumers = (m: Memory, group: GroupRef): NamesRef | 0 =>
  m.u32[group * 2 + GROUP.CONSUMERS / 4] as NamesRef | 0
export const groupConsumerCount = (m: Memory, group: GroupRef): number => namesCount(m, groupConsumers(m, group))
export const groupConsumerAt = (m: Memory, group: GroupRef, index: number): ConsumerRef =>
  namesAt(m, groupConsumers(m, group) as NamesRef, index) as ConsumerRef

export function groupSetEntriesRead(m: Memory, group: GroupRef, entriesRead: number): void {
  m.f64[group + GROUP.ENTRIES_READ / 8] = entriesRead
}

/** Frees up to `budget` pending entries and, when none is left, the group; returns whether it is all gone. */
export function groupReleaseStep(m: Memory, group: GroupRef, budget: number): boolean {
  const pending = groupPending(group)
  for (; budget > 0 && idTreeCount(m, pending) > 0; budget--) release(m, idTreeShift(m, pending, shifted))
  if (idTreeCount(m, pending) > 0) return false
  const consumers = groupConsumers(m, group)
  const count = namesCount(m, consumers)
  for (let i = 0; i < count; i++) consumerFree(m, groupConsumerAt(m, group, i))
  if (consumers !== 0) release(m, consumers)
  release(m, group)
  return true
}

function groupRelease(m: Memory, group: GroupRef): void {
  groupReleaseStep(m, group, Number.POSITIVE_INFINITY)
}

// ---- consumers

/** The consumer with this name, 0 if there is none. */
export const consumerFind = (
  m: Memory,
  group: GroupRef,
  name: Uint8Array,
  at: number,
  length: number,
): ConsumerRef | 0 => namesFind(m, groupConsumers(m, group), name, at, length) as ConsumerRef | 0

/** Makes a consumer that was just seen; 0 if there is one of that name. */
export function consumerCreate(
  m: Memory,
  group: GroupRef,
  name: Uint8Array,
  at: number,
  length: number,
  seen: number,
): ConsumerRef | 0 {
  const index = namesSearch(m, groupConsumers(m, group), name, at, length)
  if (index >= 0) return 0
  const consumer = namedCreate(m, CONSUMER_KIND, CONSUMER.SIZE, name, at, length) as ConsumerRef
  consumerSetSeen(m, consumer, seen)
  consumerSetActive(m, consumer, -1)
  const consumers = namesInsert(m, groupConsumers(m, group), -1 - index, consumer)
  m.u32[group * 2 + GROUP.CONSUMERS / 4] = consumers
  return consumer
}

/** Deletes a consumer, and the entries pending with it from the group's list too. */
export function consumerDelete(m: Memory, group: GroupRef, consumer: ConsumerRef): void {
  const own = consumerPending(consumer)
  while (idTreeCount(m, own) > 0) {
    release(m, idTreeShift(m, own, shifted))
    idTreeRemove(m, groupPending(group), shifted)
  }
  const consumers = groupConsumers(m, group) as NamesRef
  const index = namesSearch(m, consumers, m.u8, nameAt(m, consumer), nameLength(m, consumer))
  m.u32[group * 2 + GROUP.CONSUMERS / 4] = namesRemove(m, consumers, index)
  consumerFree(m, consumer)
}

function consumerFree(m: Memory, consumer: ConsumerRef): void {
  idTreeRelease(m, consumerPending(consumer))
  release(m, consumer)
}

export const consumerPending = (consumer: ConsumerRef): IdTreeRef =>
  (consumer + CONSUMER.PENDING / 8) as number as IdTreeRef
export const consumerSeen = (m: Memory, consumer: ConsumerRef): number => m.f64[consumer + CONSUMER.SEEN / 8]
export const consumerActive = (m: Memory, consumer: ConsumerRef): number => m.f64[consumer + CONSUMER.ACTIVE / 8]

export function consumerSetSeen(m: Memory, consumer: ConsumerRef, time: number): void {
  m.f64[consumer + CONSUMER.SEEN / 8] = time
}

export function consumerSetActive(m: Memory, consumer: ConsumerRef, time: number): void {
  m.f64[consumer + CONSUMER.ACTIVE / 8] = time
}

// ---- pending entries

export const pendingConsumer = (m: Memory, entry: PendingRef): ConsumerRef | 0 => m.u32[entry * 2] as ConsumerRef | 0
export const pendingCount = (m: Memory, entry: PendingRef): number => m.u32[entry * 2 + PENDING.COUNT / 4]
export const pendingTime = (m: Memory, entry: PendingRef): number => m.f64[entry + PENDING.TIME / 8]

/** Notes when the entry was delivered last, and how often it has been. */
export function pendingSet(m: Memory, entry: PendingRef, time: number, count: number): void {
  m.f64[entry + PENDING.TIME / 8] = time
  m.u32[entry * 2 + PENDING.COUNT / 4] = count < COUNT_MAX ? count : COUNT_MAX
}

export const pendingFind = (m: Memory, group: GroupRef, id: StreamId): PendingRef | 0 =>
  idTreeFind(m, groupPending(group), id) as PendingRef | 0

/** Makes an id pending that is not, and gives it to nobody yet: pendingGive must follow. */
export function pendingCreate(m: Memory, group: GroupRef, id: StreamId, time: number, count: number): PendingRef {
  const entry = allocate(m, PENDING.SIZE) as PendingRef
  m.u32[entry * 2] = 0
  pendingSet(m, entry, time, count)
  idTreeAdd(m, groupPending(group), id, entry)
  return entry
}

/** Gives a pending entry to a consumer, taking it from whoever has it. */
export function pendingGive(m: Memory, entry: PendingRef, id: StreamId, consumer: ConsumerRef): void {
  const before = pendingConsumer(m, entry)
  if (before === consumer) return
  if (before !== 0) idTreeRemove(m, consumerPending(before), id)
  m.u32[entry * 2] = consumer
  idTreeAdd(m, consumerPending(consumer), id, entry)
}

/** Forgets that an id is pending; false if it is not. */
export function pendingRemove(m: Memory, group: GroupRef, id: StreamId): boolean {
  const entry = idTreeRemove(m, groupPending(group), id) as PendingRef | 0
  if (entry === 0) return false
  const consumer = pendingConsumer(m, entry)
  if (consumer !== 0) idTreeRemove(m, consumerPending(consumer), id)
  release(m, entry)
  return true
}
