import { describe, expect, test } from 'vitest'
import { allocate, arenaCreate } from '../../src/store/arena.ts'
import { itemHash, itemKeyAt, itemKeyIs, itemKeyLength, itemWrite, keyBytes, keyHash } from '../../src/store/item.ts'

const MEGABYTE = 2 ** 20

describe('item', () => {
  const m = arenaCreate(64 * MEGABYTE, 1, 2)

  test.each([0, 1, 3, 44, 255, 256, 65533, 65534, 65535, 65536, 200_000])('a key of %i bytes comes back', length => {
    const key = new Uint8Array(length).map((_, i) => (i * 7 + length) & 255)
    for (const keyOffset of [4, 12, 24, 60]) {
      const item = allocate(m, keyOffset + keyBytes(length))
      itemWrite(m, item, 5, 3, keyOffset, key, 0, length)
      expect(itemKeyLength(m, item)).toBe(length)
      const at = itemKeyAt(m, item)
      expect(Buffer.compare(m.u8.slice(at, at + length), key)).toBe(0)
      expect(m.u8[item * 8]).toBe(5)
      expect(m.u8[item * 8 + 1] & 0xf).toBe(3)
      expect(itemKeyIs(m, item, key, 0, length)).toBe(true)
      expect(itemHash(m, item)).toBe(keyHash(m, key, 0, length))
      if (length === 0) continue
      expect(itemKeyIs(m, item, key, 0, length - 1)).toBe(false)
      key[length - 1] ^= 1
      expect(itemKeyIs(m, item, key, 0, length)).toBe(false)
      key[length - 1] ^= 1
    }
  })

  test('the bytes of a short and of a long key’s head', () => {
    const item = allocate(m, 100)
    itemWrite(m, item, 0x21, 0, 12, new Uint8Array([97, 98, 99]), 0, 3)
    expect(Buffer.from(m.u8.slice(item * 8, item * 8 + 4)).toString('hex')).toBe('21300300')
    const long = allocate(m, 12 + keyBytes(70_000))
    itemWrite(m, long, 0x21, 0, 12, new Uint8Array(70_000), 0, 70_000)
    expect(Buffer.from(m.u8.slice(long * 8, long * 8 + 4)).toString('hex')).toBe('2130ffff')
    expect(Buffer.from(m.u8.slice(long * 8 + 12, long * 8 + 16)).toString('hex')).toBe('70110100')
  })

  test('a key that lies behind other bytes is written from where it lies', () => {
    const bytes = new Uint8Array(Buffer.from('SET key value'))
    const item = allocate(m, 100)
    itemWrite(m, item, 1, 0, 4, bytes, 4, 3)
    expect(itemKeyIs(m, item, new Uint8Array(Buffer.from('xkey')), 1, 3)).toBe(true)
  })
})
