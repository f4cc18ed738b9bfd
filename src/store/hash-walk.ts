// Going over the fields of a hash.

import { DictWalk } from './dict-walk.ts'
import type { EntryRef } from './entry.ts'
import { FIELD, fieldExpires, fieldValue } from './hash-field.ts'
import { hashIsTable, hashListpack, hashTable } from './hash-value.ts'
import { itemKeyAt, itemKeyLength } from './item.ts'
import { ListpackElement, type ListpackRef, listpackFirst, listpackNext, listpackText } from './listpack.ts'
import type { Memory } from './memory.ts'

/**
 * A walk over all fields; `name` and `value` are each in turn, once asked for by readName and readValue.
 *
 *     walk.start(m, entry, 0)
 *     while (walk.next()) { walk.readName(); … walk.name … }
 *
 * The hash stays as it is meanwhile.
 */
export class HashWalk {
  readonly name = new ListpackElement()
  readonly value = new ListpackElement()
  /** The field of a table, the offset in a listpack. */
  place = 0
  #m!: Memory
  #isTable = false
  #lp = 0 as ListpackRef
  #hideAt = 0
  readonly #items = new DictWalk()

  /** Starts a walk that passes over fields which expire at `hideAt` or before: a replica's, whose master will delete them. */
  start(m: Memory, entry: EntryRef, hideAt: number): void {
    this.#m = m
    this.#isTable = hashIsTable(m, entry)
    this.#hideAt = hideAt
    this.place = 0
    if (this.#isTable) this.#items.start(m, hashTable(m, entry))
    else this.#lp = hashListpack(m, entry)
  }

  /** Goes on to the next field; false at the end. */
  next(): boolean {
    const m = this.#m
    if (this.#isTable) {
      do this.place = this.#items.next()
      while (this.place !== 0 && this.#hideAt > 0 && isOver(m, this.place, this.#hideAt))
      return this.place !== 0
    }
    const lp = this.#lp
    this.place = this.place === 0 ? listpackFirst(m, lp) : listpackNext(m, lp, listpackNext(m, lp, this.place))
    return this.place !== 0
  }

  readName(): void {
    const m = this.#m
    if (!this.#isTable) {
      listpackText(m, this.#lp, this.place, this.name)
      return
    }
    this.name.bytes = m.u8
    this.name.at = itemKeyAt(m, this.place)
    this.name.length = itemKeyLength(m, this.place)
  }

  readValue(): void {
    const m = this.#m
    if (this.#isTable) fieldValue(m, this.place, this.value)
    else listpackText(m, this.#lp, listpackNext(m, this.#lp, this.place), this.value)
  }
}

/** Whether a field's time is up at `now`. */
export const isOver = (m: Memory, field: number, now: number): boolean =>
  fieldExpires(m, field) && m.f64[field + FIELD.EXPIRE / 8] <= now
