import { describe, expect, test } from 'vitest'
import { arenaCheck, arenaCreate, arenaUsed, blockRoom } from '../../src/store/arena.ts'
import {
  ENCODING,
  ENCODING_NAMES,
  ENTRY_FLAG,
  entryAccess,
  entryBytes,
  entryCreate,
  entryEncoding,
  entryExpireAt,
  entryExpires,
  entryFlags,
  entryRelease,
  entrySetAccess,
  entrySetEncoding,
  entrySetValue,
  entryType,
  entryValue,
  TYPE,
  TYPE_NAMES,
} from '../../src/store/entry.ts'
import { itemKeyAt, itemKeyIs, itemKeyLength } from '../../src/store/item.ts'
import { keyOf } from '../support/items.ts'

const m = arenaCreate(64 * 2 ** 20, 1, 2)
const hex = (ref: number, length: number): string => Buffer.from(m.u8.slice(ref * 8, ref * 8 + length)).toString('hex')

describe('entry', () => {
  test('tells what it was made with, for every type, encoding and expiry', () => {
    for (const type of Object.values(TYPE)) {
      for (const encoding of Object.values(ENCODING)) {
        for (const expireAt of [-1, 0, 1_700_000_000_123, 2 ** 53 - 1]) {
          const key = keyOf(`key:${type}:${encoding}`)
          const entry = entryCreate(m, type, encoding, ENTRY_FLAG.OUTLINE, 0, expireAt, key, 0, key.length)
          entrySetValue(m, entry, 0xfffffff0)
          entrySetAccess(m, entry, 0xabcdef)
          expect(entryType(m, entry)).toBe(type)
          expect(entryEncoding(m, entry)).toBe(encoding)
          expect(entryExpires(m, entry)).toBe(expireAt >= 0)
          expect(entryExpireAt(m, entry)).toBe(expireAt)
          expect(entryFlags(m, entry)).toBe(ENTRY_FLAG.OUTLINE | (expireAt >= 0 ? ENTRY_FLAG.EXPIRES : 0))
          expect(entryValue(m, entry)).toBe(0xfffffff0)
          expect(entryAccess(m, entry)).toBe(0xabcdef)
          expect(itemKeyIs(m, entry, key, 0, key.length)).toBe(true)
          entrySetEncoding(m, entry, ENCODING.QUICKLIST)
          expect(entryType(m, entry)).toBe(type)
          expect(entryEncoding(m, entry)).toBe(ENCODING.QUICKLIST)
        }
      }
    }
    arenaCheck(m)
  })

  test('its bytes', () => {
    const key = keyOf('abc')
    const entry = entryCreate(m, TYPE.STRING, ENCODING.INT, 0, 5, -1, key, 0, 3)
    expect(hex(entry, 15)).toBe(['21300300', '00000000', '00000000', '616263'].join(''))
    const expiring = entryCreate(m, TYPE.HASH, ENCODING.LISTPACK, 0, 0, 1_700_000_000_000, key, 0, 3)
    expect(hex(expiring, 27)).toBe(
      ['35610300', '00000000', '00000000', '00000000', '00008056febc7842', '616263'].join(''),
    )
  })

  test('an inline string has room behind the key', () => {
    for (const [length, inline, expireAt] of [
      [0, 0, -1],
      [16, 16, -1],
      [16, 16, 5],
      [70_000, 0, 5],
    ]) {
      const key = new Uint8Array(length).fill(120)
      const entry = entryCreate(m, TYPE.STRING, ENCODING.RAW, 0, inline, expireAt, key, 0, length)
      const end = itemKeyAt(m, entry) + itemKeyLength(m, entry) + inline - entry * 8
      expect(end).toBe(entryBytes(length, inline, expireAt >= 0))
      expect(blockRoom(m, entry)).toBeGreaterThanOrEqual(end)
      entryRelease(m, entry)
    }
  })

  test('a key and a value of 16 bytes take 48 bytes', () => {
    const before = arenaUsed(m)
    entryCreate(m, TYPE.STRING, ENCODING.EMBSTR, 0, 16, -1, new Uint8Array(16), 0, 16)
    expect(arenaUsed(m) - before).toBe(48)
  })

  test('every type and encoding has its name', () => {
    expect(TYPE_NAMES[TYPE.ZSET]).toBe('zset')
    expect(TYPE_NAMES).toHaveLength(Object.keys(TYPE).length + 1)
    expect(ENCODING_NAMES[ENCODING.SKIPLIST]).toBe('skiplist')
    for (const [name, encoding] of Object.entries(ENCODING)) expect(ENCODING_NAMES[encoding]).toBe(name.toLowerCase())
  })
})
