import { expect, test } from 'vitest'
import { byteArray } from '../../src/bytes/byte-array.ts'
import { LZF_OFFSET_MAX, lzfCompress, lzfDecompress } from '../../src/bytes/lzf.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

/** Compresses amid bytes that must stay; undefined when it does not get smaller. */
function compress(plain: Uint8Array, max = plain.length - 4): Uint8Array | undefined {
  const target = new Uint8Array(plain.length + 10).fill(0x7e)
  const length = lzfCompress(plain, 0, plain.length, target, 5, max)
  expect(target.subarray(0, 5).every(byte => byte === 0x7e)).toBe(true)
  expect(target.subarray(5 + Math.max(max, 0)).every(byte => byte === 0x7e)).toBe(true)
  return length === 0 ? undefined : target.slice(5, 5 + length)
}

/** Decompresses byte by byte, and word by word where there are views; both must come to the same. */
function decompress(packed: Uint8Array, length: number): Uint8Array | undefined {
  const inBytes = decompressTo(new Uint8Array(length + 2), packed, length)
  const words = byteArray(packed.length)
  words.set(packed)
  const inWords = decompressTo(byteArray(length + 2), words, length)
  expect(inWords === undefined).toBe(inBytes === undefined)
  if (inBytes !== undefined) expect(Buffer.compare(inBytes, inWords ?? new Uint8Array(0))).toBe(0)
  return inBytes
}

function decompressTo(target: Uint8Array, packed: Uint8Array, length: number): Uint8Array | undefined {
  target.fill(0x7e)
  const isWhole = lzfDecompress(packed, 0, packed.length, target, 1, length)
  expect([target[0], target[length + 1]]).toEqual([0x7e, 0x7e])
  return isWhole ? target.slice(1, length + 1) : undefined
}

test('what repeats gets smaller and comes back, near and far, short and long', () => {
  const random = randomFrom(chooseSeed())
  let compressed = 0
  for (let round = 0; round < 300; round++) {
    const plain = random.bytes(random.int(0, 12000))
    for (let i = random.int(0, 30); i > 0 && plain.length > 1; i--) {
      const from = random.int(0, plain.length - 1)
      plain.copyWithin(random.int(0, plain.length - 1), from, from + random.int(0, 2000))
    }
    if (random.chance(0.5)) for (let i = 0; i < plain.length; i++) plain[i] &= 3
    const packed = compress(plain)
    if (packed === undefined) continue
    compressed++
    expect(packed.length).toBeLessThanOrEqual(plain.length - 4)
    expect(Buffer.from(decompress(packed, plain.length) ?? []).equals(plain), `seed ${random.seed}`).toBe(true)
  }
  expect(compressed).toBeGreaterThan(50)
})

test('a run of one letter takes about a hundredth', () => {
  const plain = new Uint8Array(10000).fill(97)
  expect(compress(plain)?.length).toBeLessThan(130)
})

test('noise, and what is too short, does not compress', () => {
  expect(compress(Uint8Array.from({ length: 250 }, (_, i) => i))).toBeUndefined()
  expect(compress(Buffer.from('aaaa'))).toBeUndefined()
  expect(compress(new Uint8Array(0), 0)).toBeUndefined()
})

test('the result never passes the room it is given', () => {
  const plain = Buffer.from('abcabcabcabcabcabcxyzabcabc'.repeat(4))
  const best = compress(plain)?.length ?? 0
  expect(best).toBeGreaterThan(0)
  for (let max = 0; max <= best + 2; max++) expect(compress(plain, max)?.length).toBe(max < best ? undefined : best)
})

test('items of every kind are read', () => {
  const packed = Uint8Array.of(2, 97, 98, 99, 0x20, 2, 0xe0, 1, 0, 0x00, 33)
  expect(Buffer.from(decompress(packed, 3 + 3 + 10 + 1) ?? []).toString()).toBe('abcabccccccccccc!')
})

test('damaged input is refused and nothing outside is touched', () => {
  const plain = Buffer.from('abcabcabcabcabcabcabcdefdefdef'.repeat(20))
  const packed = compress(plain) ?? new Uint8Array(0)
  for (let end = 0; end < packed.length; end++)
    expect(decompress(packed.subarray(0, end), plain.length)).toBeUndefined()
  expect(decompress(packed, plain.length - 1)).toBeUndefined()
  expect(decompress(packed, plain.length + 1)).toBeUndefined()
  expect(decompress(Uint8Array.of(0x20, 0), 3)).toBeUndefined() // copies from before the start
  const random = randomFrom(chooseSeed())
  for (let round = 0; round < 2000; round++) {
    const noise = Uint8Array.from(packed)
    noise[random.int(0, noise.length - 1)] = random.int(0, 255)
    decompress(noise, plain.length) // checks its guard bytes
  }
})

test('what is compressed in pieces, each behind the one before, comes back as one', () => {
  const random = randomFrom(chooseSeed())
  for (let round = 0; round < 60; round++) {
    const words = Array.from({ length: random.int(1, 40) }, () => random.bytes(random.int(1, 60)))
    const plain = Buffer.concat(Array.from({ length: random.int(1, 1500) }, () => random.pick(words)))
    const pieces: Uint8Array[] = []
    for (let at = 0; at < plain.length; ) {
      const length = Math.min(plain.length - at, random.int(1, 20_000))
      const target = new Uint8Array(2 * length + 10)
      const size = lzfCompress(plain, at, length, target, 0, target.length, Math.min(at, LZF_OFFSET_MAX))
      pieces.push(target.subarray(0, size))
      at += length
    }
    expect(
      Buffer.from(decompress(Buffer.concat(pieces), plain.length) ?? []).equals(plain),
      `seed ${random.seed}`,
    ).toBe(true)
  }
})
