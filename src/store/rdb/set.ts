// Sets in RDB form: an intset as its bytes (type 11), a table as its members (type 2); later versions'
// small sets, which are listpacks (type 20), are read.

import { SETTING } from '../../config/settings.ts'
import { dictCreate, dictReserve } from '../dict.ts'
import { DictWalk } from '../dict-walk.ts'
import { ENCODING, type EntryRef, entrySetEncoding, entrySetValue } from '../entry.ts'
import { intsetBytes, intsetCount, intsetCreate, intsetIsValid, intsetLoad } from '../intset.ts'
import { itemKeyAt, itemKeyLength } from '../item.ts'
import type { Memory } from '../memory.ts'
import { setAdd, setCount, setIntset, setIsTable, setTable, setToTable } from '../set.ts'
import { SetMember } from '../set-member.ts'
import { notEmpty, sound } from './damage.ts'
import type { TypeEncoder } from './encode.ts'
import { RDB_TYPE } from './format.ts'
import { PackedListpack } from './packed.ts'
import type { RdbSink } from './sink.ts'
import { type RdbSource, RdbString } from './source.ts'

/** However many members a file promises, room for no more than these is made beforehand. */
const RESERVE_MAX = 2 ** 24

const packed = new RdbString()
const string = new RdbString()
const member = new SetMember()

export class SetEncoder implements TypeEncoder {
  #m!: Memory
  #entry!: EntryRef
  #sink!: RdbSink
  #count = 0
  readonly #items = new DictWalk()

  start(m: Memory, entry: EntryRef, sink: RdbSink): number {
    this.#m = m
    this.#entry = entry
    this.#sink = sink
    if (!setIsTable(m, entry)) return RDB_TYPE.SET_INTSET
    this.#count = setCount(m, entry)
    this.#items.start(m, setTable(m, entry))
    return RDB_TYPE.SET
  }

  step(budget: number): boolean {
    const m = this.#m
    if (!setIsTable(m, this.#entry)) {
      const set = setIntset(m, this.#entry)
      this.#sink.string(m.u8, set * 8, intsetBytes(m, set))
      return true
    }
    if (this.#count > 0) this.#sink.size(this.#count)
    this.#count = 0
    const sink = this.#sink
    for (const end = sink.effort + budget; sink.effort < end; sink.effort++) {
      const item = this.#items.next()
      if (item === 0) return true
      this.#sink.string(m.u8, itemKeyAt(m, item), itemKeyLength(m, item))
    }
    return false
  }
}

/** Fills the entry of a set that has no value yet with what the source holds in the form of this RDB type. */
export function setRead(m: Memory, entry: EntryRef, settings: Float64Array, source: RdbSource, type: number): void {
  const intsetMax = settings[SETTING.setMaxIntsetEntries]
  if (type === RDB_TYPE.SET_INTSET) {
    source.string(string)
    sound(intsetIsValid(string.u8, string.at, string.length), 'Intset integrity check failed.')
    entrySetEncoding(m, entry, ENCODING.INTSET)
    entrySetValue(m, entry, intsetLoad(m, string.u8, string.at, string.length))
    if (intsetCount(m, setIntset(m, entry)) > intsetMax) setToTable(m, entry)
    return
  }
  let elements: PackedListpack | undefined
  if (type === RDB_TYPE.SET_LISTPACK) {
    source.string(packed)
    elements = new PackedListpack(packed, 'Set')
  }
  const count = elements === undefined ? source.count() : elements.count
  notEmpty(count > 0)
  if (count > intsetMax) {
    const table = dictCreate(m)
    entrySetEncoding(m, entry, ENCODING.HASHTABLE)
    entrySetValue(m, entry, table)
    dictReserve(m, table, Math.min(count, RESERVE_MAX))
  } else {
    const set = intsetCreate(m)
    entrySetEncoding(m, entry, ENCODING.INTSET)
    entrySetValue(m, entry, set)
  }
  for (let i = 0; i < count; i++) {
    if (elements === undefined) source.string(string)
    else elements.next(string)
    member.set(string.u8, string.at, string.length)
    sound(setAdd(m, entry, member, intsetMax), 'Duplicate set members detected')
  }
}
