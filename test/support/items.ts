// Items for tests of hash tables: a key and nothing else.

import { allocate, release } from '../../src/store/arena.ts'
import { type ItemRef, itemWrite, keyBytes, keyHash } from '../../src/store/item.ts'
import type { Memory } from '../../src/store/memory.ts'

const KEY_AT = 4

/** An item with these bytes as its key. */
export function makeItem(m: Memory, key: Uint8Array): ItemRef {
  const item = allocate(m, KEY_AT + keyBytes(key.length)) as ItemRef
  itemWrite(m, item, 1, 0, KEY_AT, key, 0, key.length)
  return item
}

export const freeItem = (m: Memory, item: number): void => release(m, item)

export const hashOf = (m: Memory, key: Uint8Array): number => keyHash(m, key, 0, key.length)

/** A key's bytes. */
export const keyOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
