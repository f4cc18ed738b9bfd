import { expect, test } from 'vitest'
import { bitAnd, bitNot, bitOr, bitXor, countBitRange, countBits, findBit } from '../../src/bytes/bits.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

const bytes = new Uint8Array(new SharedArrayBuffer(256))
const words = new Uint32Array(bytes.buffer)

/** The bits of a string as 0s and 1s, first bit first. */
const show = (at: number, length: number): string =>
  Array.from(bytes.subarray(at, at + length), byte => byte.toString(2).padStart(8, '0')).join('')

test('counting agrees with the bits written out in strings long enough to be counted in groups', () => {
  const random = randomFrom(chooseSeed())
  const long = new Uint8Array(4096)
  const longWords = new Uint32Array(long.buffer)
  for (let round = 0; round < 200; round++) {
    long.set(random.bytes(long.length))
    const at = random.int(0, 20)
    const length = random.int(100, 4000)
    let expected = 0
    for (let i = at; i < at + length; i++) expected += long[i].toString(2).replaceAll('0', '').length
    expect(countBits(long, longWords, at, length), `seed ${random.seed}, round ${round}`).toBe(expected)
  }
})

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

test('BITOP kernels give what byte by byte gives, whatever the lengths and alignments, and touch nothing else', () => {
  const random = randomFrom(chooseSeed())
  const other = new Uint8Array(256)
  const otherWords = new Uint32Array(other.buffer)
  for (let round = 0; round < 2000; round++) {
    bytes.set(random.bytes(256))
    other.set(random.bytes(256))
    const step = random.pick([1, 4])
    const at = random.int(0, 10) * step
    const otherAt = random.int(0, 10) * step
    const length = random.int(0, 100)
    const otherLength = random.int(0, 100)
    const before = [...bytes]
    const kernel = random.pick(['and', 'or', 'xor', 'not'] as const)
    if (kernel === 'and') bitAnd(bytes, words, at, length, other, otherWords, otherAt, otherLength)
    else if (kernel === 'or') bitOr(bytes, words, at, length, other, otherWords, otherAt, otherLength)
    else if (kernel === 'xor') bitXor(bytes, words, at, length, other, otherWords, otherAt, otherLength)
    else bitNot(bytes, words, at, length)
    const expected = before.map((byte, i) => {
      if (i < at || i >= at + length) return byte
      const operand = i - at < otherLength ? other[otherAt + i - at] : 0
      if (kernel === 'not') return ~byte & 0xff
      return kernel === 'and' ? byte & operand : kernel === 'or' ? byte | operand : byte ^ operand
    })
    expect([...bytes], `seed ${random.seed}, round ${round}: ${kernel}`).toEqual(expected)
  }
})
