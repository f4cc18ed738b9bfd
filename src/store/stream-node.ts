// A node of a stream: a listpack of entries, exactly as Redis lays it out, since RDB and DUMP carry it as it is.
//
// The node's id in the tree is its master id; entries store their ids as differences from it. Elements, in order:
//
//   master entry   count of live entries, count of deleted ones, number of fields, the fields, 0
//   each entry     flags, ms difference, seq difference,
//                  then with SAME_FIELDS the values, else number of fields and fields and values in turn,
//                  then how many elements the entry had so far
//
// Always: flags are one byte, so an entry is marked as deleted in place. Deleted entries stay until their node goes.

import { assert } from '../bytes/assert.ts'
import { allocate, blockBytes, blockRoom, release } from './arena.ts'
import { LISTPACK, type ListpackRef, listpackBytes, setCount } from './listpack.ts'
import { listpackReplaceInteger } from './listpack-edit.ts'
import {
  END,
  element,
  elementBigInteger,
  elementIs,
  elementRead,
  integerOf,
  wholeBytes,
  wholeBytesBefore,
} from './listpack-element.ts'
import { planInteger, planText, writePlanned } from './listpack-encode.ts'
import type { Memory } from './memory.ts'
import type { StreamId } from './stream-id.ts'

export const ENTRY_DELETED = 1
export const ENTRY_SAME_FIELDS = 2

/** Bytes an element can take beyond those of its text: the longest head and the longest way back. */
const ELEMENT_OVERHEAD = 10
/** Elements of an entry that are neither fields nor values, at most, and those of a master entry. */
const ENTRY_ELEMENTS = 5
const MASTER_ELEMENTS = 4
const INTEGER_BYTES = 11
const GROW_TO = 4096
const COUNT_UNKNOWN = 65535

/** Fields and values to be stored: pairs of arguments from index `first` on. */
export interface Pairs {
  readonly u8: Uint8Array
  readonly at: Int32Array
  readonly length: Int32Array
  readonly first: number
  readonly count: number
}

/** The integer element at index `p` of `u8`. */
export function integerAt(u8: Uint8Array, p: number): number {
  const byte = u8[p]
  if (byte < 0x80) return byte
  elementRead(u8, p)
  assert(element.isInteger, 'an element of a stream node that must be an integer is one')
  return element.integer
}

/** Live entries of a node. */
export const nodeEntries = (m: Memory, lp: ListpackRef): number => integerAt(m.u8, lp * 8 + LISTPACK.ELEMENTS)

/** Entries of a node that are marked as deleted. */
export function nodeDeleted(m: Memory, lp: ListpackRef): number {
  const p = lp * 8 + LISTPACK.ELEMENTS
  return integerAt(m.u8, p + wholeBytes(m.u8, p))
}

/** Adds to the counts of live and deleted entries. Returns the node, which may have moved. */
export function nodeCountEntries(m: Memory, lp: ListpackRef, live: number, deleted: number): ListpackRef {
  const count = nodeEntries(m, lp) + live
  if (count < 128 && count - live < 128) m.u8[lp * 8 + LISTPACK.ELEMENTS] = count
  else lp = listpackReplaceInteger(m, lp, LISTPACK.ELEMENTS, count)
  if (deleted === 0) return lp
  const offset = LISTPACK.ELEMENTS + wholeBytes(m.u8, lp * 8 + LISTPACK.ELEMENTS)
  return listpackReplaceInteger(m, lp, offset, nodeDeleted(m, lp) + deleted)
}

// ---- writing

const digits = new Uint8Array(24)

function putText(u8: Uint8Array, p: number, bytes: Uint8Array, at: number, length: number): number {
  const whole = planText(bytes, at, length)
  writePlanned(u8, p, bytes, at, length)
  return p + whole
}

function putInteger(u8: Uint8Array, p: number, value: number): number {
  const whole = planInteger(value)
  writePlanned(u8, p, u8, 0, 0)
  return p + whole
}

/** Puts high·2^32 + low, modulo 2^64, as a signed integer. */
function putLarge(u8: Uint8Array, p: number, high: number, low: number): number {
  const value = BigInt.asIntN(64, (BigInt(high) << 32n) + BigInt(low))
  const text = value.toString()
  for (let i = 0; i < text.length; i++) digits[i] = text.charCodeAt(i)
  return putText(u8, p, digits, 0, text.length)
}

/** Puts the difference of two halves; id is not below master in order, but its sequence alone may be. */
function putDifference(
  u8: Uint8Array,
  p: number,
  high: number,
  low: number,
  fromHigh: number,
  fromLow: number,
): number {
  const value = (high - fromHigh) * 2 ** 32 + (low - fromLow)
  return Number.isSafeInteger(value) ? putInteger(u8, p, value) : putLarge(u8, p, high - fromHigh, low - fromLow)
}

/** Bytes that the pairs can take in a node at most, without those of the entry's or the master's own elements. */
function pairBytesMax(pairs: Pairs): number {
  let bytes = 0
  const end = pairs.first + 2 * pairs.count
  for (let i = pairs.first; i < end; i++) bytes += pairs.length[i] + ELEMENT_OVERHEAD
  return bytes
}

/** Bytes of all fields and values, which decide whether a node is full. */
export function pairTextBytes(pairs: Pairs): number {
  let bytes = 0
  const end = pairs.first + 2 * pairs.count
  for (let i = pairs.first; i < end; i++) bytes += pairs.length[i]
  return bytes
}

/** A node for an entry with these fields, without any entry yet. */
export function nodeCreate(m: Memory, pairs: Pairs): ListpackRef {
  const needed = LISTPACK.ELEMENTS + 1 + pairBytesMax(pairs) + (MASTER_ELEMENTS + ENTRY_ELEMENTS) * INTEGER_BYTES
  const lp = allocate(m, needed) as ListpackRef
  const u8 = m.u8
  const start = lp * 8
  let p = start + LISTPACK.ELEMENTS
  p = putInteger(u8, p, 0)
  p = putInteger(u8, p, 0)
  p = putInteger(u8, p, pairs.count)
  for (let i = 0; i < pairs.count; i++) {
    const at = pairs.first + 2 * i
    p = putText(u8, p, pairs.u8, pairs.at[at], pairs.length[at])
  }
  p = putInteger(u8, p, 0)
  u8[p] = END
  m.u32[lp * 2] = p + 1 - start
  setCount(u8, lp, Math.min(pairs.count + MASTER_ELEMENTS, COUNT_UNKNOWN))
  return lp
}

/** Appends an entry. Returns the node, which may have moved. */
export function nodeAppend(m: Memory, lp: ListpackRef, master: StreamId, id: StreamId, pairs: Pairs): ListpackRef {
  lp = nodeCountEntries(m, lp, 1, 0)
  lp = reserve(m, lp, pairBytesMax(pairs) + ENTRY_ELEMENTS * INTEGER_BYTES)
  const u8 = m.u8
  const start = lp * 8
  const isSame = hasFields(u8, start, pairs)
  let p = start + listpackBytes(m, lp) - 1
  p = putInteger(u8, p, isSame ? ENTRY_SAME_FIELDS : 0)
  p = putDifference(u8, p, id.msHigh, id.msLow, master.msHigh, master.msLow)
  p = putDifference(u8, p, id.seqHigh, id.seqLow, master.seqHigh, master.seqLow)
  if (!isSame) p = putInteger(u8, p, pairs.count)
  const end = pairs.first + 2 * pairs.count
  for (let i = pairs.first + (isSame ? 1 : 0); i < end; i += isSame ? 2 : 1) {
    p = putText(u8, p, pairs.u8, pairs.at[i], pairs.length[i])
  }
  const elements = isSame ? pairs.count + 3 : 2 * pairs.count + 4
  p = putInteger(u8, p, elements)
  u8[p] = END
  m.u32[lp * 2] = p + 1 - start
  const count = m.u32[lp * 2 + 1] & 0xffff
  if (count !== COUNT_UNKNOWN) setCount(u8, lp, Math.min(count + elements + 1, COUNT_UNKNOWN))
  return lp
}

/** Whether the master entry has these very fields, in this order. */
function hasFields(u8: Uint8Array, start: number, pairs: Pairs): boolean {
  let p = start + LISTPACK.ELEMENTS
  p += wholeBytes(u8, p)
  p += wholeBytes(u8, p)
  if (integerAt(u8, p) !== pairs.count) return false
  for (let i = 0; i < pairs.count; i++) {
    p += wholeBytes(u8, p)
    const at = pairs.at[pairs.first + 2 * i]
    const length = pairs.length[pairs.first + 2 * i]
    if (!elementIs(u8, p, pairs.u8, at, length, integerOf(pairs.u8, at, length))) return false
  }
  return true
}

/** Makes room for `more` bytes behind the elements. A node grows to the usual size in doublings, later by a quarter. */
function reserve(m: Memory, lp: ListpackRef, more: number): ListpackRef {
  const bytes = listpackBytes(m, lp)
  const needed = bytes + more
  if (needed <= blockRoom(m, lp)) return lp
  const room = needed <= GROW_TO ? Math.min(2 * needed, GROW_TO) : Math.ceil(needed * 1.25)
  return move(m, lp, bytes, room)
}

function move(m: Memory, lp: ListpackRef, bytes: number, room: number): ListpackRef {
  const moved = allocate(m, room) as ListpackRef
  m.u8.copyWithin(moved * 8, lp * 8, lp * 8 + bytes)
  release(m, lp)
  return moved
}

/** Gives back the room that a full node no longer needs. Returns the node, which may have moved. */
export function nodeShrink(m: Memory, lp: ListpackRef): ListpackRef {
  const bytes = listpackBytes(m, lp)
  return blockBytes(bytes) < blockRoom(m, lp) ? move(m, lp, bytes, bytes) : lp
}

// ---- reading

/** A walk over the entries of a node, deleted ones included. Made once and reused; the node must not change meanwhile. */
export class NodeReader {
  /** What the values are in: m.u8 as it was at start. */
  u8: Uint8Array = new Uint8Array(0)
  /** u8 index of the node's first byte. */
  start = 0
  /** u8 index of the entry's flags, 0 = on no entry. */
  entry = 0
  flags = 0
  /** Fields of the entry. */
  fields = 0
  /** Index of the entry's first field, or with SAME_FIELDS of its first value. */
  body = 0
  /** Fields of the master entry, and the index of the first. */
  masterFields = 0
  masterBody = 0
  /** Index of the first element behind the master entry: an entry's flags, or END. */
  entries = 0
  #msDifference = 0
  #seqDifference = 0

  /** Reads the master entry. The reader stands on no entry yet. */
  open(m: Memory, lp: ListpackRef): void {
    const u8 = m.u8
    this.u8 = u8
    this.start = lp * 8
    this.entry = 0
    let p = this.start + LISTPACK.ELEMENTS
    p += wholeBytes(u8, p)
    p += wholeBytes(u8, p)
    this.masterFields = integerAt(u8, p)
    p += wholeBytes(u8, p)
    this.masterBody = p
    for (let i = 0; i < this.masterFields; i++) p += wholeBytes(u8, p)
    this.entries = p + wholeBytes(u8, p)
  }

  /** Goes to the first entry; false if there is none. */
  first(): boolean {
    return this.#read(this.entries)
  }

  /** Goes to the last entry; false if there is none. */
  last(m: Memory): boolean {
    return this.#readBefore(this.start + m.u32[this.start / 4] - 1)
  }

  next(): boolean {
    const u8 = this.u8
    let p = this.body
    const isSame = (this.flags & ENTRY_SAME_FIELDS) !== 0
    for (let i = isSame ? this.fields : 2 * this.fields; i > 0; i--) p += wholeBytes(u8, p)
    return this.#read(p + wholeBytes(u8, p))
  }

  previous(): boolean {
    return this.#readBefore(this.entry)
  }

  /** Reads the entry that ends before index `end`. */
  #readBefore(end: number): boolean {
    if (end <= this.entries) {
      this.entry = 0
      return false
    }
    const u8 = this.u8
    let p = end - wholeBytesBefore(u8, end)
    for (let i = integerAt(u8, p); i > 0; i--) p -= wholeBytesBefore(u8, p)
    return this.#read(p)
  }

  #read(p: number): boolean {
    const u8 = this.u8
    if (u8[p] === END) {
      this.entry = 0
      return false
    }
    this.entry = p
    this.flags = u8[p]
    p += 2
    this.#msDifference = p
    p += wholeBytes(u8, p)
    this.#seqDifference = p
    p += wholeBytes(u8, p)
    if ((this.flags & ENTRY_SAME_FIELDS) !== 0) {
      this.fields = this.masterFields
    } else {
      this.fields = integerAt(u8, p)
      p += wholeBytes(u8, p)
    }
    this.body = p
    return true
  }

  isDeleted(): boolean {
    return (this.flags & ENTRY_DELETED) !== 0
  }

  /** The entry's id, in a node whose master id is `master`. */
  id(master: StreamId, into: StreamId): StreamId {
    addTo(master.msHigh, master.msLow, this.u8, this.#msDifference)
    const msHigh = sumHigh
    const msLow = sumLow
    addTo(master.seqHigh, master.seqLow, this.u8, this.#seqDifference)
    return into.set(msHigh, msLow, sumHigh, sumLow)
  }
}

let sumHigh = 0
let sumLow = 0

/** Adds the integer element at `p` to a number in two halves, modulo 2^64. */
function addTo(high: number, low: number, u8: Uint8Array, p: number): void {
  if (u8[p] === 0) {
    sumHigh = high
    sumLow = low
    return
  }
  const value = integerAt(u8, p)
  const sum = low + value
  if (!Number.isSafeInteger(value) || !Number.isSafeInteger(sum)) {
    addLarge(high, low, u8, p)
    return
  }
  const carry = Math.floor(sum / 2 ** 32)
  sumLow = sum >>> 0
  sumHigh = (high + carry) >>> 0
}

function addLarge(high: number, low: number, u8: Uint8Array, p: number): void {
  const sum = (BigInt(high) << 32n) + BigInt(low) + elementBigInteger(u8, p)
  sumHigh = Number(BigInt.asUintN(32, sum >> 32n))
  sumLow = Number(BigInt.asUintN(32, sum))
}

/** Marks the entry whose flags lie at index `p` as deleted. The node's counts are the caller's to change. */
export function entryMarkDeleted(m: Memory, p: number): void {
  m.u8[p] |= ENTRY_DELETED
}
