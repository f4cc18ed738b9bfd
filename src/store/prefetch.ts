// Has the memory that the coming commands will want fetched before they run.
//
// A lookup waits for two cache lines that are usually far away: its bucket, and the entry that the bucket names. One
// command after the other waits for each in turn; here the lines of a whole batch are asked for at once, and the
// processor fetches several of them at the same time. A quarter of the time of a GET from 200,000 keys goes that way.
// A list, set, hash or sorted set has more behind its entry: the value's record, and the ends of a list or the buckets
// of a small table. They are fetched in the same way, each level once the one before it is there.
//
// No lock is held: what is read is a guess, it decides nothing, and a wrong one costs a line fetched in vain.

import { BUCKET, BUCKET_ITEMS, DICT, dictHint } from './dict.ts'
import { ENCODING, ENTRY } from './entry.ts'
import { databaseKeys, keyspaceDatabase } from './keyspace.ts'
import type { Memory } from './memory.ts'
import { NODE } from './quicklist-node.ts'
import { QUICKLIST } from './quicklist-record.ts'
import type { RefList } from './ref-list.ts'

const WORDS_OF_LINE = 16
const ITEMS_WORD = BUCKET.ITEMS / 4
const TAG_WORDS = BUCKET_ITEMS / 4
/** Tables of so many buckets are fetched whole. */
const SMALL_TABLE_LINES = 4

export class Prefetch {
  readonly #memories: Memory[] = []
  readonly #hashes: Int32Array
  readonly #buckets: Int32Array
  readonly #encodings: Uint8Array
  #count = 0
  /** Keeps the compiler from leaving out reads of which nothing comes. */
  seen = 0

  constructor(lookups: number) {
    this.#hashes = new Int32Array(lookups)
    this.#buckets = new Int32Array(lookups)
    this.#encodings = new Uint8Array(lookups)
  }

  /** Notes a key that will be looked up. */
  add(m: Memory, db: number, hash: number): void {
    this.#memories[this.#count] = m
    this.#hashes[this.#count] = hash
    this.#buckets[this.#count++] = dictHint(m, databaseKeys(m, keyspaceDatabase(m, db)), hash)
  }

  /** Fetches what has been noted. Each loop has nothing else to do, so that its reads are under way together. */
  fetch(): void {
    const count = this.#count
    const memories = this.#memories
    const buckets = this.#buckets
    let seen = 0
    for (let i = 0; i < count; i++) seen ^= peek(memories[i].u32, buckets[i])
    for (let i = 0; i < count; i++) buckets[i] = itemHint(memories[i].u32, buckets[i], this.#hashes[i])
    for (let i = 0; i < count; i++) {
      const { u32 } = memories[i]
      seen ^= peek(u32, buckets[i]) ^ peek(u32, buckets[i] + WORDS_OF_LINE)
    }
    this.seen = seen
    if (this.#fetchValues()) this.#fetchEnds()
    this.#count = 0
  }

  /** Fetches the values that lie outside their entries, and turns items into values. Returns whether there are such. */
  #fetchValues(): boolean {
    const count = this.#count
    const items = this.#buckets
    let seen = 0
    let found = 0
    for (let i = 0; i < count; i++) {
      const { u32 } = this.#memories[i]
      const kind = items[i] === 0 ? 0 : peek(u32, items[i]) & 0xff
      const isApart = kind >>> 4 >= ENCODING.LISTPACK
      const value = isApart ? peek(u32, items[i] + ENTRY.VALUE / 4) * 2 : 0
      this.#encodings[i] = isApart ? kind >>> 4 : 0
      items[i] = value
      found |= value
      seen ^= peek(u32, value)
    }
    this.seen ^= seen
    return found !== 0
  }

  /** Fetches where lists are pushed and popped, and the buckets of small tables. */
  #fetchEnds(): void {
    const count = this.#count
    const values = this.#buckets
    let seen = 0
    for (let i = 0; i < count; i++) {
      const { u32 } = this.#memories[i]
      const value = values[i]
      if (this.#encodings[i] === ENCODING.QUICKLIST) {
        const head = peek(u32, value + QUICKLIST.HEAD / 4) * 2
        values[i] = head
        seen ^= peek(u32, head) ^ peek(u32, peek(u32, value + QUICKLIST.TAIL / 4) * 2)
      } else if (this.#encodings[i] === ENCODING.HASHTABLE) {
        const table = peek(u32, value + DICT.TABLE / 4) * 2
        const lines = 1 << (peek(u32, value + DICT.BITS / 4) & 0xff)
        if (lines <= SMALL_TABLE_LINES) {
          for (let line = 0; line < lines; line++) seen ^= peek(u32, table + line * WORDS_OF_LINE)
        }
      }
    }
    for (let i = 0; i < count; i++) {
      if (this.#encodings[i] !== ENCODING.QUICKLIST) continue
      const { u32 } = this.#memories[i]
      const head = values[i]
      seen ^= peek(u32, head + (peek(u32, head + NODE.FIRST / 4) >>> 2) - 1)
    }
    this.seen ^= seen
  }
}

/**
 * Fetches the first two lines of each item of a list, for whoever is about to read them one after the other. Returns what
 * nobody needs, so that the reads are not left out.
 */
export function fetchItems(m: Memory, { refs, count }: RefList): number {
  const { u32 } = m
  let seen = 0
  for (let i = 0; i < count; i++) seen ^= u32[refs[i] * 2] ^ peek(u32, refs[i] * 2 + WORDS_OF_LINE)
  return seen
}

const peek = (u32: Uint32Array, word: number): number => (word < u32.length ? u32[word] : 0)

/** Word of the first item in the bucket at word `bucket` whose tag fits; 0 if none does. */
function itemHint(u32: Uint32Array, bucket: number, hash: number): number {
  if (bucket + WORDS_OF_LINE > u32.length) return 0
  const tags = Math.imul(hash >>> 24, 0x01010101)
  for (let word = 0; word < TAG_WORDS; word++) {
    const x = u32[bucket + word] ^ tags
    const marks = (x - 0x01010101) & ~x & 0x80808080
    if (marks !== 0) return u32[bucket + ITEMS_WORD + word * 4 + ((31 - Math.clz32(marks & -marks)) >>> 3)] * 2
  }
  return 0
}
