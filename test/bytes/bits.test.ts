import { expect, test } from 'vitest'
import { bitAnd, bitNot, bitOr, bitXor, countBitRange, countBits, findBit } from '../../src/bytes/bits.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

const bytes = new Uint8Array(new SharedArrayBuffer(256))
const words = new Uint32Array(bytes.buffer)

/** The bits of a string as 0s and 1s, first bit first. */
const show = (at: number, length: number): string =>
  Array.from(bytes.subarray(at, at + length), byte => byte.toString(2).padStart(8, '0')).join('')

test('counting and searching agree with the bits written out, at any alignment', () => {
  const random = randomFrom(chooseSeed())
  for (let round = 0; round < 3000; round++) {
    const dull = random.pick([0, 0xff, -1])
    bytes.set(dull < 0 ? random.bytes(256) : Buffer.alloc(256, dull))
    for (let i = random.int(0, 2); i > 0; i--) bytes[random.int(0, 120)] ^= 1 << random.int(0, 7)
    const at = random.int(0, 12)
    const length = random.int(1, 100)
    const text = show(at, length)
    const note = `seed ${random.seed}, round ${round}`
    expect(countBits(bytes, words, at, length), note).toBe(text.replaceAll('0', '').length)
    const first = random.int(0, length * 8 - 1)
    const last = random.int(0, length * 8 - 1)
    const range = text.slice(first, last + 1)
    expect(countBitRange(bytes, words, at, first, last), note).toBe(first > last ? 0 : range.replaceAll('0', '').length)
    for (const bit of [0, 1]) {
      const found = first > last ? -1 : range.indexOf(String(bit))
      expect(findBit(bytes, words, at, first, last, bit), note).toBe(found < 0 ? -1 : first + found)
    }
  }
})

test('nothing is counted in nothing', () => {
  bytes.fill(0xff)
  expect(countBits(bytes, words, 5, 0)).toBe(0)
  expect(countBits(bytes, words, 8, 0)).toBe(0)
  expect(findBit(bytes, words, 0, 7, 6, 1)).toBe(-1)
})

test('a shorter source counts as zeros beyond its end, and nothing beyond the target changes', () => {
  const target = (): Uint8Array => Uint8Array.of(0xaa, 0b1100, 0xf0, 0xff, 0xaa)
  const source = Uint8Array.of(0x55, 0b1010, 0x0f)
  const results = [bitAnd, bitOr, bitXor].map(kernel => {
    const out = target()
    kernel(out, 1, 3, source, 1, 2)
    return [...out]
  })
  expect(results).toEqual([
    [0xaa, 0b1000, 0x00, 0x00, 0xaa],
    [0xaa, 0b1110, 0xff, 0xff, 0xaa],
    [0xaa, 0b0110, 0xff, 0xff, 0xaa],
  ])
  const longer = target()
  bitOr(longer, 1, 1, source, 0, 3)
  expect([...longer]).toEqual([0xaa, 0b1100 | 0x55, 0xf0, 0xff, 0xaa])
  const inverted = target()
  bitNot(inverted, 1, 3)
  expect([...inverted]).toEqual([0xaa, 0xf3, 0x0f, 0x00, 0xaa])
})
