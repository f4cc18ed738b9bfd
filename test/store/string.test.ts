import { describe, expect, test } from 'vitest'
import { defaultSettings } from '../../src/config/settings.ts'
import { arenaCheck, arenaCreate, arenaUsed } from '../../src/store/arena.ts'
import { Engine } from '../../src/store/engine.ts'
import { ENCODING, type EntryRef, entryEncoding, entryExpireAt } from '../../src/store/entry.ts'
import { itemKeyIs } from '../../src/store/item.ts'
import { keyspaceCreate } from '../../src/store/keyspace.ts'
import type { Shard } from '../../src/store/shard.ts'
import { stringAt, stringEncoding, stringIsInline, stringIsOutline, stringLength } from '../../src/store/string.ts'
import { resizeString, setString } from '../../src/store/string-entry.ts'
import { keyOf } from '../support/items.ts'
import { chooseSeed, type Random, randomFrom } from '../support/random.ts'

function oneShard(): Shard {
  const m = arenaCreate(512 * 2 ** 20, 1, 2)
  keyspaceCreate(m, 2)
  const engine = new Engine(defaultSettings(), [m])
  engine.begin(1_700_000_000_000)
  return engine.shards[0]
}

const bytesOf = ({ m }: Shard, entry: EntryRef): Buffer =>
  Buffer.from(m.u8.slice(stringAt(m, entry), stringAt(m, entry) + stringLength(m, entry)))

function someString(random: Random): Buffer {
  const kind = random.int(0, 9)
  if (kind < 2) return Buffer.from(String(random.int(-1e6, 1e6)))
  if (kind < 7) return random.bytes(random.int(0, 80))
  return random.bytes(random.int(0, kind < 9 ? 2000 : 40_000))
}

describe('string', () => {
  test.each([
    ['0', ENCODING.INT],
    ['-1', ENCODING.INT],
    ['9223372036854775807', ENCODING.INT],
    ['9223372036854775808', ENCODING.EMBSTR],
    ['-9223372036854775808', ENCODING.INT],
    ['-9223372036854775809', ENCODING.EMBSTR],
    ['01', ENCODING.EMBSTR],
    ['+1', ENCODING.EMBSTR],
    ['-0', ENCODING.EMBSTR],
    [' 1', ENCODING.EMBSTR],
    ['', ENCODING.EMBSTR],
    ['x'.repeat(44), ENCODING.EMBSTR],
    ['x'.repeat(45), ENCODING.RAW],
  ])('the encoding of %s', (text, encoding) => {
    const bytes = keyOf(text)
    expect(stringEncoding(bytes, 0, bytes.length)).toBe(encoding)
  })

  test('a string is inline while entry, key and string fit a kilobyte', () => {
    expect(stringIsInline(16, 984)).toBe(true)
    expect(stringIsInline(16, 985)).toBe(false)
    expect(stringIsInline(70_000, 0)).toBe(false)
  })

  const seed = chooseSeed()
  test(`setting, resizing and writing over does what a buffer does (SKEP_SEED=${seed})`, () => {
    const random = randomFrom(seed)
    const shard = oneShard()
    const { m } = shard
    const empty = arenaUsed(m)
    for (const keyLength of [0, 5, 200, 1100, 66_000]) {
      const key = new Uint8Array(random.bytes(keyLength))
      let model: Buffer | undefined
      let expireAt = -1
      for (let step = 0; step < 600; step++) {
        const found = shard.findKey(0, key, 0, keyLength)
        expect(found !== 0).toBe(model !== undefined)
        let entry: EntryRef
        if (found === 0 || model === undefined || random.chance(0.4)) {
          model = someString(random)
          expireAt = random.chance(0.3) ? 1_700_000_000_001 + step : -1
          entry = setString(shard, 0, found, key, 0, keyLength, new Uint8Array(model), 0, model.length, expireAt)
          expect(entryEncoding(m, entry)).toBe(stringEncoding(new Uint8Array(model), 0, model.length))
        } else if (random.chance(0.9)) {
          const length = random.chance(0.5) ? model.length + random.int(0, 300) : random.int(0, 5000)
          const resized = Buffer.alloc(length)
          model.copy(resized, 0, 0, Math.min(length, model.length))
          model = resized
          entry = resizeString(shard, 0, found, length)
          expect(entryEncoding(m, entry)).toBe(ENCODING.RAW)
          if (length > 0) {
            const at = random.int(0, length - 1)
            model[at] = 77
            m.u8[stringAt(m, entry) + at] = 77
          }
        } else {
          shard.discard(0, found, false)
          model = undefined
          continue
        }
        expect(shard.findKey(0, key, 0, keyLength)).toBe(entry)
        expect(bytesOf(shard, entry).equals(model)).toBe(true)
        expect(entryExpireAt(m, entry)).toBe(expireAt)
        expect(itemKeyIs(m, entry, key, 0, keyLength)).toBe(true)
        if (step % 50 === 0) arenaCheck(m)
      }
      const last = shard.findKey(0, key, 0, keyLength)
      if (last !== 0) shard.discard(0, last, false)
      expect(arenaUsed(m)).toBe(empty)
    }
  })

  test('a string that keeps growing has room to grow, at most its double or a megabyte', () => {
    const shard = oneShard()
    const key = keyOf('key')
    let entry = setString(shard, 0, 0, key, 0, 3, keyOf('x'.repeat(2000)), 0, 2000, -1)
    expect(stringIsOutline(shard.m, entry)).toBe(true)
    let moves = 0
    for (let length = 2001; length < 100_000; length += 10) {
      const before = stringAt(shard.m, entry)
      entry = resizeString(shard, 0, entry, length)
      if (stringAt(shard.m, entry) !== before) moves++
      expect(arenaUsed(shard.m)).toBeLessThan(2 * length + 20_000)
    }
    expect(moves).toBeLessThan(10)
    arenaCheck(shard.m)
  })
})
