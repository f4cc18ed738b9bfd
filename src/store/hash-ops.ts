// What value.ts asks of a hash that is a table, and its checks.

import { assert } from '../bytes/assert.ts'
import {
  type DictRef,
  dictBytes,
  dictCount,
  dictCreate,
  dictDrain,
  dictRelease,
  dictReserve,
  dictSetOwn,
} from './dict.ts'
import { DictWalk, dictCheck } from './dict-walk.ts'
import type { EntryRef } from './entry.ts'
import { expiryCheck, expiryCount, expiryRelease, tableExpiry } from './hash-expiry.ts'
import { fieldBytes, fieldExpireAt, fieldExpires, fieldIsSound, fieldRelease, fieldValue } from './hash-field.ts'
import { hashCount, hashIsTable, hashListpack, hashTable, tableAdd } from './hash-value.ts'
import { HashWalk } from './hash-walk.ts'
import { itemKeyAt, itemKeyLength } from './item.ts'
import { ListpackElement, listpackCount } from './listpack.ts'
import { listpackCheck } from './listpack-check.ts'
import type { Memory } from './memory.ts'
import { RefList } from './ref-list.ts'
import type { ValueOps } from './value.ts'

const walk = new DictWalk()
const drained = new RefList()

/** Frees what is known of the fields' expiries. */
function releaseExpiry(m: Memory, table: DictRef): void {
  const expiry = tableExpiry(m, table)
  if (expiry === 0) return
  expiryRelease(m, expiry)
  dictSetOwn(m, table, 0)
}

/** A hash that is a table. */
export const hashTableOps: ValueOps = {
  effort: (m, value) => dictCount(m, value as DictRef),
  release(m, value) {
    releaseExpiry(m, value as DictRef)
    walk.start(m, value as DictRef)
    // The walk reads a bucket's refs one by one; a field is freed after its ref was read.
    for (let field = walk.next(); field !== 0; field = walk.next()) fieldRelease(m, field)
    dictRelease(m, value as DictRef)
  },
  releaseStep(m, value, budget) {
    releaseExpiry(m, value as DictRef)
    for (let left = budget; left > 0; left -= drained.count) {
      drained.clear()
      if (!dictDrain(m, value as DictRef, drained)) {
        dictRelease(m, value as DictRef)
        return true
      }
      for (let i = 0; i < drained.count; i++) fieldRelease(m, drained.refs[i])
    }
    return false
  },
  copy(from, value, to) {
    const table = dictCreate(to)
    const count = dictCount(from, value as DictRef)
    if (count > 0) dictReserve(to, table, count)
    const source = new DictWalk()
    const text = new ListpackElement()
    source.start(from, value as DictRef)
    for (let field = source.next(); field !== 0; field = source.next()) {
      fieldValue(from, field, text)
      const at = itemKeyAt(from, field)
      const length = itemKeyLength(from, field)
      tableAdd(to, table, from.u8, at, length, text.bytes, text.at, text.length, fieldExpireAt(from, field))
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
    for (let field = walk.next(); field !== 0 && seen < wanted; field = walk.next(), seen++)
      bytes += fieldBytes(m, field)
    return dictBytes(m, dict) + (seen === 0 ? 0 : (bytes / seen) * count)
  },
}

/** Walks every invariant of a hash that is in a database. For tests and DEBUG. */
export function hashCheck(m: Memory, entry: EntryRef): void {
  assert(hashCount(m, entry) > 0, 'a hash has fields')
  if (!hashIsTable(m, entry)) {
    listpackCheck(m, hashListpack(m, entry))
    assert(listpackCount(m, hashListpack(m, entry)) % 2 === 0, 'every field has a value')
    return
  }
  const table = hashTable(m, entry)
  dictCheck(m, table)
  let expiring = 0
  const fields = new DictWalk()
  fields.start(m, table)
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    assert(fieldIsSound(m, field), 'a field fits its blocks')
    if (fieldExpires(m, field)) expiring++
  }
  const expiry = tableExpiry(m, table)
  if (expiry !== 0) expiryCheck(m, expiry, entry)
  assert(expiring === (expiry === 0 ? 0 : expiryCount(m, expiry)), 'the fields that expire are in the heap')
}

/** All fields in the order of a walk, for tests and DEBUG. */
export function hashDump(m: Memory, entry: EntryRef): string {
  const text = ({ bytes, at, length }: ListpackElement): string =>
    Buffer.from(bytes.slice(at, at + length)).toString('latin1')
  const fields: string[] = []
  const all = new HashWalk()
  all.start(m, entry, 0)
  while (all.next()) {
    all.readName()
    all.readValue()
    const expireAt = hashIsTable(m, entry) ? fieldExpireAt(m, all.place) : -1
    fields.push(`${text(all.name)}=${text(all.value)}${expireAt < 0 ? '' : `@${expireAt}`}`)
  }
  return `${hashIsTable(m, entry) ? 'table' : 'listpack'} [${fields.join(' ')}]`
}
