// Streams in RDB form: nodes, ids and counters, groups with their consumers and pending entries. Written as type 19, read
// in that form, the one before (15) and the one after (21).

import { type EntryRef, entryValue } from '../entry.ts'
import type { ListpackRef } from '../listpack.ts'
import { listpackBytes } from '../listpack.ts'
import { listpackLoad } from '../listpack-edit.ts'
import type { Memory } from '../memory.ts'
import {
  firstIdWord,
  lastIdWord,
  maxDeletedWord,
  type StreamRef,
  streamAdded,
  streamLength,
  streamNodes,
  streamSetAdded,
  streamSetLength,
} from '../stream.ts'
import { streamFindFirst } from '../stream-edit.ts'
import {
  type ConsumerRef,
  consumerCreate,
  consumerPending,
  consumerSeen,
  consumerSetActive,
  consumerSetSeen,
  type GroupRef,
  groupConsumerAt,
  groupConsumerCount,
  groupCreate,
  groupEntriesRead,
  groupLastIdWord,
  groupPending,
  type PendingRef,
  pendingConsumer,
  pendingCount,
  pendingCreate,
  pendingFind,
  pendingGive,
  pendingTime,
  streamGroupAt,
  streamGroupCount,
  UNKNOWN_READ,
} from '../stream-group.ts'
import { ID_BYTES, StreamId } from '../stream-id.ts'
import { IdCursor, type IdTreeRef, idTreeAdd, idTreeCount, idTreeFind } from '../stream-id-tree.ts'
import { nameAt, nameLength } from '../stream-names.ts'
import { sound } from './damage.ts'
import type { TypeEncoder } from './encode.ts'
import { RDB_TYPE } from './format.ts'
import type { RdbSink } from './sink.ts'
import { type RdbSource, RdbString } from './source.ts'
import { entriesSound, nodeSound } from './stream-check.ts'

const TIME_MAX = Number.MAX_SAFE_INTEGER
const WORD_BITS = 32n
const WORD_MASK = 0xffff_ffffn

// ---- writing

const rawId = new Uint8Array(ID_BYTES)

/** The 16 bytes of an id, high ones first. */
function rawBytes(id: StreamId): Uint8Array {
  put(0, id.msHigh)
  put(4, id.msLow)
  put(8, id.seqHigh)
  put(12, id.seqLow)
  return rawId
}

function put(at: number, word: number): void {
  for (let i = 0; i < 4; i++) rawId[at + i] = word >>> (24 - 8 * i)
}

export class StreamEncoder implements TypeEncoder {
  #m!: Memory
  #sink!: RdbSink
  #parts: Iterator<void> = [][Symbol.iterator]()
  readonly #id = new StreamId()

  start(m: Memory, entry: EntryRef, sink: RdbSink): number {
    this.#m = m
    this.#sink = sink
    this.#parts = this.#write(entryValue<'stream'>(m, entry))
    return RDB_TYPE.STREAM_LISTPACKS_2
  }

  step(budget: number): boolean {
    const sink = this.#sink
    for (const end = sink.effort + budget; sink.effort < end; sink.effort++) {
      if (this.#parts.next().done === true) return true
    }
    return false
  }

  /** Writes the stream and pauses after each node, group, consumer and pending entry. */
  *#write(stream: StreamRef): Generator<void, void> {
    const m = this.#m
    const sink = this.#sink
    const cursor = new IdCursor()
    const nodes = streamNodes(stream)
    sink.size(idTreeCount(m, nodes))
    for (cursor.first(m, nodes); cursor.isOn(); cursor.next(m)) {
      const lp = cursor.value(m) as ListpackRef
      sink.string(rawBytes(cursor.id(m, this.#id)), 0, ID_BYTES)
      sink.string(m.u8, lp * 8, listpackBytes(m, lp))
      yield
    }
    sink.size(streamLength(m, stream))
    this.#writeId(lastIdWord(stream))
    this.#writeId(firstIdWord(stream))
    this.#writeId(maxDeletedWord(stream))
    sink.size(streamAdded(m, stream))
    const groups = streamGroupCount(m, stream)
    sink.size(groups)
    for (let i = 0; i < groups; i++) yield* this.#writeGroup(streamGroupAt(m, stream, i))
  }

  /** An id as two counts. */
  #writeId(word: number): void {
    const id = this.#id.load(this.#m, word)
    this.#sink.size64(id.msHigh, id.msLow)
    this.#sink.size64(id.seqHigh, id.seqLow)
  }

  *#writeGroup(group: GroupRef): Generator<void, void> {
    const m = this.#m
    const sink = this.#sink
    sink.string(m.u8, nameAt(m, group), nameLength(m, group))
    this.#writeId(groupLastIdWord(group))
    const read = groupEntriesRead(m, group)
    if (read === UNKNOWN_READ) sink.size64(0xffff_ffff, 0xffff_ffff)
    else sink.size(read)
    yield* this.#writePending(groupPending(group), true)
    const consumers = groupConsumerCount(m, group)
    sink.size(consumers)
    for (let i = 0; i < consumers; i++) {
      const consumer = groupConsumerAt(m, group, i)
      sink.string(m.u8, nameAt(m, consumer), nameLength(m, consumer))
      sink.milliseconds(consumerSeen(m, consumer))
      yield* this.#writePending(consumerPending(consumer), false)
    }
  }

  /** The pending entries of a group, or of a consumer: those are told by their ids alone. */
  *#writePending(tree: IdTreeRef, isWhole: boolean): Generator<void, void> {
    const m = this.#m
    const sink = this.#sink
    const cursor = new IdCursor()
    sink.size(idTreeCount(m, tree))
    for (cursor.first(m, tree); cursor.isOn(); cursor.next(m)) {
      sink.raw(rawBytes(cursor.id(m, this.#id)), 0, ID_BYTES)
      if (isWhole) {
        const entry = cursor.value(m) as PendingRef
        sink.milliseconds(pendingTime(m, entry))
        sink.size(pendingCount(m, entry))
      }
      yield
    }
  }
}

// ---- reading

const string = new RdbString()
const id = new StreamId()

/** Fills an empty stream with what the source holds in the form of this RDB type. */
export function streamRead(m: Memory, stream: StreamRef, source: RdbSource, type: number): void {
  readNodes(m, stream, source)
  streamSetLength(m, stream, source.size())
  readId(source).store(m, lastIdWord(stream))
  const knowsMore = type !== RDB_TYPE.STREAM_LISTPACKS
  if (knowsMore) {
    readId(source) // the first id, which is found anew
    readId(source).store(m, maxDeletedWord(stream))
    streamSetAdded(m, stream, source.size())
  } else {
    streamSetAdded(m, stream, streamLength(m, stream))
  }
  entriesSound(m, stream)
  streamFindFirst(m, stream)
  const groups = source.count()
  for (let i = 0; i < groups; i++) readGroup(m, stream, source, type)
}

function readNodes(m: Memory, stream: StreamRef, source: RdbSource): void {
  const nodes = streamNodes(stream)
  const count = source.count(2)
  for (let i = 0; i < count; i++) {
    source.string(string)
    sound(string.length === ID_BYTES, 'Stream node key entry is not the size of a stream ID')
    loadRaw(string.u8, string.at)
    sound(idTreeFind(m, nodes, id) === 0, 'Listpack re-added with existing key')
    source.string(string)
    nodeSound(string.u8, string.at, string.length)
    const lp = listpackLoad(m, string.u8, string.at, string.length)
    idTreeAdd(m, nodes, id, lp)
  }
}

/** Reads 16 bytes into `id`. */
function loadRaw(u8: Uint8Array, at: number): StreamId {
  return id.set(word(u8, at), word(u8, at + 4), word(u8, at + 8), word(u8, at + 12))
}

const word = (u8: Uint8Array, at: number): number =>
  ((u8[at] << 24) | (u8[at + 1] << 16) | (u8[at + 2] << 8) | u8[at + 3]) >>> 0

/** Reads an id of two counts into `id`. */
function readId(source: RdbSource): StreamId {
  const ms = source.bigSize()
  const seq = source.bigSize()
  return id.set(Number(ms >> WORD_BITS), Number(ms & WORD_MASK), Number(seq >> WORD_BITS), Number(seq & WORD_MASK))
}

function readTime(source: RdbSource): number {
  const time = Number(source.bigInteger64())
  sound(time >= -1 && time <= TIME_MAX, 'Stream with an impossible time')
  return time
}

const name = new RdbString()

function readGroup(m: Memory, stream: StreamRef, source: RdbSource, type: number): void {
  source.string(name)
  readId(source)
  let read = type === RDB_TYPE.STREAM_LISTPACKS ? estimateRead(m, stream) : UNKNOWN_READ
  if (type !== RDB_TYPE.STREAM_LISTPACKS) {
    const told = source.bigSize()
    if (told <= BigInt(Number.MAX_SAFE_INTEGER)) read = Number(told)
  }
  const group = groupCreate(m, stream, name.u8, name.at, name.length, id, read)
  if (group === 0) return sound(false, 'Duplicated consumer group name')
  readPending(m, group, source)
  const consumers = source.count()
  for (let i = 0; i < consumers; i++) readConsumer(m, group, source, type)
  everyPendingHasConsumer(m, group)
}

/** How many entries up to `id` were ever added, for files that do not tell; see XINFO's lag. */
function estimateRead(m: Memory, stream: StreamRef): number {
  const added = streamAdded(m, stream)
  if (added === 0 || id.compareAt(m, lastIdWord(stream)) === 0) return added
  if (id.compareAt(m, lastIdWord(stream)) > 0) return UNKNOWN_READ
  if (streamLength(m, stream) === 0) return added
  const first = id.compareAt(m, firstIdWord(stream))
  return first > 0 ? UNKNOWN_READ : added - streamLength(m, stream) + (first === 0 ? 1 : 0)
}

function readPending(m: Memory, group: GroupRef, source: RdbSource): void {
  const count = source.count(ID_BYTES)
  for (let i = 0; i < count; i++) {
    source.need(ID_BYTES)
    loadRaw(source.u8, source.at)
    source.at += ID_BYTES
    const time = readTime(source)
    const deliveries = source.size()
    sound(pendingFind(m, group, id) === 0, 'Duplicated global PEL entry loading stream consumer group')
    pendingCreate(m, group, id, time, deliveries)
  }
}

function readConsumer(m: Memory, group: GroupRef, source: RdbSource, type: number): void {
  source.string(name)
  const consumer = consumerCreate(m, group, name.u8, name.at, name.length, 0) as ConsumerRef | 0
  if (consumer === 0) return sound(false, 'Duplicate stream consumer detected')
  consumerSetSeen(m, consumer, readTime(source))
  if (type === RDB_TYPE.STREAM_LISTPACKS_3) consumerSetActive(m, consumer, readTime(source))
  else consumerSetActive(m, consumer, consumerSeen(m, consumer))
  const count = source.count(ID_BYTES)
  for (let i = 0; i < count; i++) {
    source.need(ID_BYTES)
    loadRaw(source.u8, source.at)
    source.at += ID_BYTES
    const entry = pendingFind(m, group, id)
    if (entry === 0) return sound(false, 'Consumer entry not found in group global PEL')
    sound(pendingConsumer(m, entry) === 0, 'Duplicated consumer PEL entry loading a stream consumer group')
    pendingGive(m, entry, id, consumer)
  }
}

function everyPendingHasConsumer(m: Memory, group: GroupRef): void {
  const cursor = new IdCursor()
  const tree = groupPending(group)
  for (cursor.first(m, tree); cursor.isOn(); cursor.next(m)) {
    sound(pendingConsumer(m, cursor.value(m) as PendingRef) !== 0, 'NACK entry without consumer')
  }
}
