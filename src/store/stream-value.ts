// What value.ts asks of streams: freeing them in steps, copying, measuring; and checking them whole.

import { assert } from '../bytes/assert.ts'
import { blockRoom, release } from './arena.ts'
import type { ListpackRef } from './listpack.ts'
import { listpackCheck } from './listpack-check.ts'
import { listpackCopy } from './listpack-edit.ts'
import type { Memory } from './memory.ts'
import {
  firstIdWord,
  lastIdWord,
  maxDeletedWord,
  STREAM,
  STREAM_KIND,
  type StreamRef,
  streamAdded,
  streamCreate,
  streamLength,
  streamNodes,
  streamSetAdded,
  streamSetLength,
} from './stream.ts'
import {
  type ConsumerRef,
  consumerActive,
  consumerCreate,
  consumerFind,
  consumerPending,
  consumerSeen,
  consumerSetActive,
  type GroupRef,
  groupConsumerAt,
  groupConsumerCount,
  groupConsumers,
  groupCreate,
  groupEntriesRead,
  groupLastIdWord,
  groupPending,
  groupReleaseStep,
  type PendingRef,
  pendingConsumer,
  pendingCount,
  pendingCreate,
  pendingGive,
  pendingTime,
  streamGroupAt,
  streamGroupCount,
  streamGroups,
} from './stream-group.ts'
import { StreamId } from './stream-id.ts'
import {
  IdCursor,
  idTreeAdd,
  idTreeBytes,
  idTreeCheck,
  idTreeCount,
  idTreeFind,
  idTreeShift,
} from './stream-id-tree.ts'
import { type NamesRef, nameAt, nameLength, namesRemove } from './stream-names.ts'
import { nodeDeleted, nodeEntries } from './stream-node.ts'
import { StreamWalk } from './stream-walk.ts'
import type { ValueOps } from './value.ts'

/** Bytes that a pending entry takes: its record and a place in two trees. */
const PENDING_BYTES = 16 + 2 * 24

const cursor = new IdCursor()
const id = new StreamId()

export const streamOps: ValueOps = {
  effort(m, value) {
    const stream = value as StreamRef
    let effort = 1 + idTreeCount(m, streamNodes(stream))
    for (let i = 0; i < streamGroupCount(m, stream); i++) {
      effort += 1 + idTreeCount(m, groupPending(streamGroupAt(m, stream, i)))
    }
    return effort
  },

  release(m, value) {
    streamReleaseStep(m, value as StreamRef, Number.POSITIVE_INFINITY)
  },

  releaseStep: (m, value, budget) => streamReleaseStep(m, value as StreamRef, budget),

  copy: (from, value, to) => streamCopy(from, value as StreamRef, to),

  bytes: (m, value, samples) => streamBytes(m, value as StreamRef, samples),
}

/** Frees about `budget` nodes and pending entries; returns whether the stream is all gone. */
function streamReleaseStep(m: Memory, stream: StreamRef, budget: number): boolean {
  const nodes = streamNodes(stream)
  for (; budget > 0 && idTreeCount(m, nodes) > 0; budget--) release(m, idTreeShift(m, nodes, id))
  while (budget > 0 && streamGroupCount(m, stream) > 0) {
    const last = streamGroupCount(m, stream) - 1
    const group = streamGroupAt(m, stream, last)
    const pending = idTreeCount(m, groupPending(group))
    if (!groupReleaseStep(m, group, budget)) return false
    m.u32[stream * 2 + STREAM.GROUPS / 4] = namesRemove(m, streamGroups(m, stream) as NamesRef, last)
    budget -= pending + 1
  }
  if (budget <= 0 && (idTreeCount(m, nodes) > 0 || streamGroupCount(m, stream) > 0)) return false
  release(m, stream)
  return true
}

function streamCopy(from: Memory, stream: StreamRef, to: Memory): StreamRef {
  const copy = streamCreate(to)
  streamSetLength(to, copy, streamLength(from, stream))
  streamSetAdded(to, copy, streamAdded(from, stream))
  id.load(from, lastIdWord(stream)).store(to, lastIdWord(copy))
  id.load(from, firstIdWord(stream)).store(to, firstIdWord(copy))
  id.load(from, maxDeletedWord(stream)).store(to, maxDeletedWord(copy))
  const nodes = new IdCursor()
  for (nodes.first(from, streamNodes(stream)); nodes.isOn(); nodes.next(from)) {
    const node = listpackCopy(from, nodes.value(from) as ListpackRef, to)
    idTreeAdd(to, streamNodes(copy), nodes.id(from, id), node)
  }
  for (let i = 0; i < streamGroupCount(from, stream); i++) copyGroup(from, streamGroupAt(from, stream, i), to, copy)
  return copy
}

function copyGroup(from: Memory, group: GroupRef, to: Memory, stream: StreamRef): void {
  id.load(from, groupLastIdWord(group))
  const entriesRead = groupEntriesRead(from, group)
  const copy = groupCreate(to, stream, from.u8, nameAt(from, group), nameLength(from, group), id, entriesRead)
  assert(copy !== 0, 'group names are unique')
  for (let i = 0; i < groupConsumerCount(from, group); i++) {
    const consumer = groupConsumerAt(from, group, i)
    const name = nameAt(from, consumer)
    const made = consumerCreate(to, copy, from.u8, name, nameLength(from, consumer), consumerSeen(from, consumer))
    assert(made !== 0, 'consumer names are unique')
    consumerSetActive(to, made, consumerActive(from, consumer))
  }
  for (cursor.first(from, groupPending(group)); cursor.isOn(); cursor.next(from)) {
    const entry = cursor.value(from) as PendingRef
    const owner = pendingConsumer(from, entry) as ConsumerRef
    const consumer = consumerFind(to, copy, from.u8, nameAt(from, owner), nameLength(from, owner))
    cursor.id(from, id)
    const made = pendingCreate(to, copy, id, pendingTime(from, entry), pendingCount(from, entry))
    assert(consumer !== 0, 'the owner of a pending entry is a consumer of the group')
    pendingGive(to, made, id, consumer)
  }
}

/** Counts all groups, but of the nodes only `samples` (0 = all), taking the rest to be as large. */
function streamBytes(m: Memory, stream: StreamRef, samples: number): number {
  const nodes = streamNodes(stream)
  const count = idTreeCount(m, nodes)
  let bytes = STREAM.SIZE + idTreeBytes(m, nodes)
  let sampled = 0
  let sampledBytes = 0
  for (cursor.first(m, nodes); cursor.isOn() && (samples === 0 || sampled < samples); cursor.next(m)) {
    sampledBytes += blockRoom(m, cursor.value(m))
    sampled++
  }
  if (sampled > 0) bytes += (sampledBytes / sampled) * count
  const groups = streamGroups(m, stream)
  if (groups !== 0) bytes += blockRoom(m, groups)
  for (let i = 0; i < streamGroupCount(m, stream); i++) {
    const group = streamGroupAt(m, stream, i)
    bytes += blockRoom(m, group) + idTreeCount(m, groupPending(group)) * PENDING_BYTES
    const consumers = groupConsumers(m, group)
    if (consumers !== 0) bytes += blockRoom(m, consumers)
    for (let j = 0; j < groupConsumerCount(m, group); j++) bytes += blockRoom(m, groupConsumerAt(m, group, j))
  }
  return Math.round(bytes)
}

const MIN = new StreamId().setMin()
const MAX = new StreamId().setMax()

/** Holds a whole stream against what the headers of the stream files promise. For tests and DEBUG. */
export function streamCheck(m: Memory, stream: StreamRef): void {
  assert((m.u32[stream * 2] & 0xff) === STREAM_KIND, 'a stream has its kind')
  const nodes = streamNodes(stream)
  idTreeCheck(m, nodes)
  let live = 0
  for (cursor.first(m, nodes); cursor.isOn(); cursor.next(m)) listpackCheck(m, cursor.value(m) as ListpackRef)
  const walk = new StreamWalk()
  const before = new StreamId()
  const first = new StreamId()
  let all = 0
  walk.start(m, stream, MIN, MAX, false, true)
  for (; walk.next(m); all++) {
    assert(all === 0 || before.compare(walk.id) < 0, 'entries are in the order of their ids')
    before.copy(walk.id)
    if (!walk.reader.isDeleted() && live++ === 0) first.copy(walk.id)
  }
  let counted = 0
  for (cursor.first(m, nodes); cursor.isOn(); cursor.next(m)) {
    const node = cursor.value(m) as ListpackRef
    counted += nodeEntries(m, node) + nodeDeleted(m, node)
  }
  assert(counted === all, 'nodes count their entries')
  assert(live === streamLength(m, stream), 'LENGTH counts the live entries')
  assert(all === 0 || before.compareAt(m, lastIdWord(stream)) <= 0, 'no entry is above LAST_ID')
  assert(first.compareAt(m, firstIdWord(stream)) === 0, 'FIRST_ID is the first live entry')
  for (let i = 0; i < streamGroupCount(m, stream); i++) checkGroup(m, streamGroupAt(m, stream, i))
}

function checkGroup(m: Memory, group: GroupRef): void {
  idTreeCheck(m, groupPending(group))
  let owned = 0
  for (let i = 0; i < groupConsumerCount(m, group); i++) {
    const consumer = groupConsumerAt(m, group, i)
    idTreeCheck(m, consumerPending(consumer))
    for (cursor.first(m, consumerPending(consumer)); cursor.isOn(); cursor.next(m)) {
      const entry = cursor.value(m) as PendingRef
      assert(pendingConsumer(m, entry) === consumer, 'a pending entry names its consumer')
      assert(idTreeFind(m, groupPending(group), cursor.id(m, id)) === entry, 'the group knows it too')
      owned++
    }
  }
  assert(owned === idTreeCount(m, groupPending(group)), 'every pending entry has a consumer')
}

/** One line about a stream, for tests and DEBUG. */
export function streamDump(m: Memory, stream: StreamRef): string {
  const last = id.load(m, lastIdWord(stream)).text()
  const nodes = idTreeCount(m, streamNodes(stream))
  return `stream @${stream} length=${streamLength(m, stream)} nodes=${nodes} last=${last} groups=${streamGroupCount(m, stream)}`
}
