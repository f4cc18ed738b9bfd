// DEBUG DIGEST and DIGEST-VALUE: a number of 20 bytes that is the same for the same data, in whatever order and encoding
// it is kept. Tests compare servers by it, so it is computed exactly as Redis does.
//
// Two operations make it up: to `add` some bytes is to xor in their SHA-1, whatever the order; to `mix` them in is to add
// them and then to hash the digest itself, so that order counts.

import { hashBytes } from '../bytes/crypto.ts'
import { formatDouble17 } from '../bytes/doubles.ts'
import { DictWalk } from './dict-walk.ts'
import { type EntryRef, entryExpires, entryType, entryValue, TYPE } from './entry.ts'
import { HashWalk } from './hash-walk.ts'
import { itemKeyAt, itemKeyLength } from './item.ts'
import { databaseKeys, keyspaceDatabase } from './keyspace.ts'
import { ListpackElement } from './listpack.ts'
import { elementText, wholeBytes } from './listpack-element.ts'
import type { Memory } from './memory.ts'
import { cursorNext, cursorSeek, cursorText, ListCursor } from './quicklist-cursor.ts'
import { SetWalk } from './set.ts'
import type { Shard } from './shard.ts'
import { StreamId } from './stream-id.ts'
import { ENTRY_SAME_FIELDS } from './stream-node.ts'
import { StreamWalk } from './stream-walk.ts'
import { stringAt, stringLength } from './string.ts'
import { ZsetWalk } from './zset-walk.ts'

const DIGEST_BYTES = 20
const EXPIRES = new Uint8Array(Buffer.from('!!expire!!'))
/** Redis's numbers of the types. */
const TYPE_NUMBERS: Readonly<Record<number, number>> = {
  [TYPE.STRING]: 0,
  [TYPE.LIST]: 1,
  [TYPE.SET]: 2,
  [TYPE.ZSET]: 3,
  [TYPE.HASH]: 4,
  [TYPE.STREAM]: 6,
}

/** A digest in the making. */
export class Digest {
  bytes = new Uint8Array(DIGEST_BYTES)

  /** Adds bytes, whose place among others added does not count. */
  add(u8: Uint8Array, at = 0, length = u8.length): void {
    // What is hashed must not lie in shared memory.
    const sum = hashBytes('sha1', new Uint8Array(u8.subarray(at, at + length)))
    for (let i = 0; i < DIGEST_BYTES; i++) this.bytes[i] ^= sum[i]
  }

  /** Mixes bytes in behind those before. */
  mix(u8: Uint8Array, at = 0, length = u8.length): void {
    this.add(u8, at, length)
    this.bytes = new Uint8Array(hashBytes('sha1', this.bytes))
  }

  mixText(text: string): void {
    this.mix(Buffer.from(text, 'latin1'))
  }

  /** Mixes in a number of four bytes, high byte first. */
  mixNumber(value: number): void {
    this.mix(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value))
  }

  toString(): string {
    return Buffer.from(this.bytes).toString('hex')
  }
}

/** The digest of all keys of all databases, on all shards. */
export function datasetDigest(shards: readonly Shard[]): string {
  const digest = new Digest()
  const walk = new DictWalk()
  for (let db = 0; db < shards[0].databases; db++) {
    if (shards.every(shard => shard.size(db) === 0)) continue
    digest.mixNumber(db)
    for (const { m } of shards) {
      walk.start(m, databaseKeys(m, keyspaceDatabase(m, db)))
      for (let item = walk.next(); item !== 0; item = walk.next()) {
        const key = new Digest()
        key.mix(m.u8, itemKeyAt(m, item), itemKeyLength(m, item))
        mixValue(m, item as number as EntryRef, key)
        digest.add(key.bytes)
      }
    }
  }
  return digest.toString()
}

/** The digest of the value of an entry; zeros for 0, no entry. */
export function valueDigest(m: Memory, entry: EntryRef | 0): string {
  const digest = new Digest()
  if (entry !== 0) mixValue(m, entry, digest)
  return digest.toString()
}

function mixValue(m: Memory, entry: EntryRef, digest: Digest): void {
  const type = entryType(m, entry)
  digest.mixNumber(TYPE_NUMBERS[type])
  if (type === TYPE.STRING) digest.mix(m.u8, stringAt(m, entry), stringLength(m, entry))
  else if (type === TYPE.LIST) mixList(m, entry, digest)
  else if (type === TYPE.SET) mixSet(m, entry, digest)
  else if (type === TYPE.ZSET) mixZset(m, entry, digest)
  else if (type === TYPE.HASH) mixHash(m, entry, digest)
  else mixStream(m, entry, digest)
  if (entryExpires(m, entry)) digest.add(EXPIRES)
}

function mixList(m: Memory, entry: EntryRef, digest: Digest): void {
  const cursor = new ListCursor()
  const element = new ListpackElement()
  let found = cursorSeek(cursor, m, entryValue<'quicklist'>(m, entry), 0)
  for (; found; found = cursorNext(cursor, m)) {
    cursorText(cursor, element)
    digest.mix(element.bytes, element.at, element.length)
  }
}

function mixSet(m: Memory, entry: EntryRef, digest: Digest): void {
  const walk = new SetWalk()
  walk.start(m, entry)
  while (walk.next()) digest.add(walk.member.bytes, walk.member.at, walk.member.length)
}

function mixZset(m: Memory, entry: EntryRef, digest: Digest): void {
  const walk = new ZsetWalk()
  walk.start(m, entry, 0, false)
  while (walk.next()) {
    const pair = new Digest()
    pair.mix(walk.u8, walk.at, walk.length)
    pair.mixText(formatDouble17(walk.score))
    digest.add(pair.bytes)
  }
}

function mixHash(m: Memory, entry: EntryRef, digest: Digest): void {
  const walk = new HashWalk()
  walk.start(m, entry, 0)
  while (walk.next()) {
    const pair = new Digest()
    walk.readName()
    pair.mix(walk.name.bytes, walk.name.at, walk.name.length)
    walk.readValue()
    pair.mix(walk.value.bytes, walk.value.at, walk.value.length)
    digest.add(pair.bytes)
  }
}

function mixStream(m: Memory, entry: EntryRef, digest: Digest): void {
  const walk = new StreamWalk()
  const text = new ListpackElement()
  const mixElement = (p: number): number => {
    elementText(walk.reader.u8, p, text)
    digest.mix(text.bytes, text.at, text.length)
    return p + wholeBytes(walk.reader.u8, p)
  }
  walk.start(m, entryValue<'stream'>(m, entry), new StreamId().setMin(), new StreamId().setMax())
  while (walk.next(m)) {
    const { fields, flags, masterBody, body } = walk.reader
    digest.mixText(walk.id.text().replace('-', '.'))
    let value = body
    let field = masterBody
    for (let i = 0; i < fields; i++) {
      if ((flags & ENTRY_SAME_FIELDS) === 0) value = mixElement(value)
      else field = mixElement(field)
      value = mixElement(value)
    }
  }
}
