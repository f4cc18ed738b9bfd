// Set values: an intset while all members are integers and few, a hash table for ever after, as in Redis 7.0.
//
// A table's item is the member and no more:
//
//   OFFSET  SIZE  FIELD       MEANING
//        0     1  KIND        1
//        1     1  FLAGS       high half: 1, the member starts at 4
//        2     2  KEY_LENGTH  as in item.ts
//        4        the member
//
// A set is told by its entry, which holds encoding and ref; an entry in no table yet will do (set algebra fills one).

import { assert } from '../bytes/assert.ts'
import { allocate, blockRoom, release } from './arena.ts'
import {
  type DictRef,
  dictAdd,
  dictBytes,
  dictCount,
  dictCreate,
  dictDrain,
  dictFind,
  dictRelease,
  dictRemove,
  dictReserve,
} from './dict.ts'
import { DictWalk, dictCheck, dictRandom } from './dict-walk.ts'
import { ENCODING, type EntryRef, entryEncoding, entrySetEncoding, entrySetValue, entryValue } from './entry.ts'
import { int64 } from './int64.ts'
import {
  type IntsetRef,
  intsetCheck,
  intsetCount,
  intsetCreate,
  intsetFind,
  intsetGet,
  intsetInsert,
  intsetRemove,
} from './intset.ts'
import { itemKeyAt, itemKeyLength, itemWrite, keyBytes } from './item.ts'
import type { Memory } from './memory.ts'
import { RefList } from './ref-list.ts'
import { SetMember } from './set-member.ts'
import type { ValueOps } from './value.ts'

const MEMBER_KIND = 1
const MEMBER_AT = 4
/** No intset has more members, whatever the setting says. */
const INTSET_MEMBERS_MAX = 2 ** 30

export const setIsTable = (m: Memory, entry: EntryRef): boolean => entryEncoding(m, entry) === ENCODING.HASHTABLE
/** The table of a set that is one. */
export const setTable = (m: Memory, entry: EntryRef): DictRef => entryValue<'dict'>(m, entry)
/** The intset of a set that is one. */
export const setIntset = (m: Memory, entry: EntryRef): IntsetRef => entryValue<'intset'>(m, entry)

export const setCount = (m: Memory, entry: EntryRef): number =>
  setIsTable(m, entry) ? dictCount(m, setTable(m, entry)) : intsetCount(m, setIntset(m, entry))

/** An empty value for a set whose first member is to be `member`; setEncodingFor tells its encoding. */
export const setValueFor = (m: Memory, member: SetMember): number =>
  member.isInteger() ? intsetCreate(m) : dictCreate(m)

export const setEncodingFor = (member: SetMember): typeof ENCODING.INTSET | typeof ENCODING.HASHTABLE =>
  member.isInteger() ? ENCODING.INTSET : ENCODING.HASHTABLE

// ---- members

export function setHas(m: Memory, entry: EntryRef, member: SetMember): boolean {
  if (setIsTable(m, entry)) {
    const table = setTable(m, entry)
    return dictFind(m, table, member.hash(m), member.bytes, member.at, member.length) !== 0
  }
  return member.isInteger() && intsetFind(m, setIntset(m, entry), member.high, member.low) >= 0
}

/** Adds a member; false if it was there. An intset of more than `intsetMax` members becomes a table. */
export function setAdd(m: Memory, entry: EntryRef, member: SetMember, intsetMax: number): boolean {
  if (setIsTable(m, entry)) {
    const table = setTable(m, entry)
    if (dictFind(m, table, member.hash(m), member.bytes, member.at, member.length) !== 0) return false
    addItem(m, table, member)
    return true
  }
  if (!member.isInteger()) {
    setToTable(m, entry)
    addItem(m, setTable(m, entry), member)
    return true
  }
  const set = setIntset(m, entry)
  const found = intsetFind(m, set, member.high, member.low)
  if (found >= 0) return false
  const grown = intsetInsert(m, set, -1 - found, member.high, member.low)
  entrySetValue(m, entry, grown)
  if (intsetCount(m, grown) > Math.min(intsetMax, INTSET_MEMBERS_MAX)) setToTable(m, entry)
  return true
}

/** Adds a member that is known not to be there, to a set that is a table. */
export const setAddNew = (m: Memory, entry: EntryRef, member: SetMember): void => addItem(m, setTable(m, entry), member)

/** Puts a member that is not there into a table. */
function addItem(m: Memory, table: DictRef, member: SetMember): void {
  const { bytes, at, length } = member
  const hash = member.hash(m)
  const item = allocate(m, MEMBER_AT + keyBytes(length))
  itemWrite(m, item, MEMBER_KIND, 0, MEMBER_AT, bytes, at, length)
  dictAdd(m, table, hash, item)
}

/** Takes a member out; false if it was not there. */
export function setRemove(m: Memory, entry: EntryRef, member: SetMember): boolean {
  if (setIsTable(m, entry)) {
    const table = setTable(m, entry)
    const item = dictRemove(m, table, member.hash(m), member.bytes, member.at, member.length)
    if (item === 0) return false
    release(m, item)
    return true
  }
  if (!member.isInteger()) return false
  const set = setIntset(m, entry)
  const found = intsetFind(m, set, member.high, member.low)
  if (found < 0) return false
  entrySetValue(m, entry, intsetRemove(m, set, found))
  return true
}

/** Makes a table of an intset. `count` is how many members are expected, if more than there are. */
export function setToTable(m: Memory, entry: EntryRef, count = 0): void {
  const set = setIntset(m, entry)
  const members = intsetCount(m, set)
  const table = dictCreate(m)
  if (Math.max(members, count) > 0) dictReserve(m, table, Math.max(members, count))
  for (let i = 0; i < members; i++) {
    intsetGet(m, set, i)
    converted.setInteger(int64.high, int64.low)
    addItem(m, table, converted)
  }
  release(m, set)
  entrySetEncoding(m, entry, ENCODING.HASHTABLE)
  entrySetValue(m, entry, table)
}

const converted = new SetMember()

/**
 * Sets `member` to one of the set's at random, each as likely as any other. Returns a number that stands for it among
 * the set's members, not 0. The set is not empty.
 */
export function setRandom(m: Memory, entry: EntryRef, member: SetMember): number {
  if (setIsTable(m, entry)) {
    const item = dictRandom(m, setTable(m, entry))
    member.set(m.u8, itemKeyAt(m, item), itemKeyLength(m, item))
    return item
  }
  const set = setIntset(m, entry)
  const index = Math.floor(Math.random() * intsetCount(m, set))
  intsetGet(m, set, index)
  member.setInteger(int64.high, int64.low)
  return index + 1
}

/**
 * A walk over all members: `member` is each in turn.
 *
 *     walk.start(m, entry)
 *     while (walk.next()) … walk.member …
 *
 * The set stays as it is meanwhile.
 */
export class SetWalk {
  readonly member = new SetMember()
  #m!: Memory
  #entry!: EntryRef
  #isTable = false
  #index = 0
  readonly #items = new DictWalk()

  start(m: Memory, entry: EntryRef): void {
    this.#m = m
    this.#entry = entry
    this.#isTable = setIsTable(m, entry)
    this.#index = 0
    if (this.#isTable) this.#items.start(m, setTable(m, entry))
  }

  /** Goes on to the next member; false at the end. */
  next(): boolean {
    const m = this.#m
    if (this.#isTable) {
      const item = this.#items.next()
      if (item === 0) return false
      this.member.set(m.u8, itemKeyAt(m, item), itemKeyLength(m, item))
      return true
    }
    const set = setIntset(m, this.#entry)
    if (this.#index === intsetCount(m, set)) return false
    intsetGet(m, set, this.#index++)
    this.member.setInteger(int64.high, int64.low)
    return true
  }
}

// ---- what value.ts asks

const walk = new DictWalk()
const drained = new RefList()

/** A set that is a table. */
export const setTableOps: ValueOps = {
  effort: (m, value) => dictCount(m, value as DictRef),
  release(m, value) {
    walk.start(m, value as DictRef)
    // The walk reads a bucket's refs one by one; an item is freed after its ref was read.
    for (let item = walk.next(); item !== 0; item = walk.next()) release(m, item)
    dictRelease(m, value as DictRef)
  },
  releaseStep(m, value, budget) {
    for (let left = budget; left > 0; left -= drained.count) {
      drained.clear()
      if (!dictDrain(m, value as DictRef, drained)) {
        dictRelease(m, value as DictRef)
        return true
      }
      for (let i = 0; i < drained.count; i++) release(m, drained.refs[i])
    }
    return false
  },
  copy(from, value, to) {
    const table = dictCreate(to)
    const count = dictCount(from, value as DictRef)
    if (count > 0) dictReserve(to, table, count)
    const source = new DictWalk()
    const member = new SetMember()
    source.start(from, value as DictRef)
    for (let item = source.next(); item !== 0; item = source.next()) {
      member.set(from.u8, itemKeyAt(from, item), itemKeyLength(from, item))
      addItem(to, table, member)
    }
    return table
  },
  bytes(m, value, samples) {
    const dict = value as DictRef
    const count = dictCount(m, dict)
    const wanted = samples === 0 ? count : Math.min(samples, count)
    let seen = 0
    let bytes = 0
    walk.start(m, dict)
    for (let item = walk.next(); item !== 0 && seen < wanted; item = walk.next(), seen++) bytes += blockRoom(m, item)
    return dictBytes(m, dict) + (seen === 0 ? 0 : (bytes / seen) * count)
  },
}

// ---- checking

/** Walks every invariant. For tests and DEBUG. */
export function setCheck(m: Memory, entry: EntryRef): void {
  assert(setCount(m, entry) > 0, 'a set has members')
  if (!setIsTable(m, entry)) {
    intsetCheck(m, setIntset(m, entry))
    return
  }
  const table = setTable(m, entry)
  const items = new DictWalk()
  dictCheck(m, table)
  items.start(m, table)
  for (let item = items.next(); item !== 0; item = items.next()) {
    assert((m.u32[item * 2] & 0xffff) === (MEMBER_KIND | ((MEMBER_AT / 4) << 12)), 'a member is an item of its kind')
    assert(MEMBER_AT + keyBytes(itemKeyLength(m, item)) <= blockRoom(m, item), 'a member fits its block')
  }
}

/** All members in the order of a walk, for tests and DEBUG. */
export function setDump(m: Memory, entry: EntryRef): string {
  const members: string[] = []
  const all = new SetWalk()
  all.start(m, entry)
  while (all.next()) {
    const { bytes, at, length } = all.member
    members.push(Buffer.from(bytes.slice(at, at + length)).toString('latin1'))
  }
  return `${setIsTable(m, entry) ? 'table' : 'intset'} [${members.join(' ')}]`
}
