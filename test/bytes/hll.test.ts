import { expect, test } from 'vitest'
import {
  HLL_CORRUPT,
  HLL_DENSE_LENGTH,
  HLL_EMPTY_LENGTH,
  HLL_HEADER,
  HLL_NEEDS_DENSE,
  HLL_UNCHANGED,
  hllAdd,
  hllCacheCount,
  hllCachedCount,
  hllCount,
  hllCountRegisters,
  hllCreate,
  hllInvalidate,
  hllIsDense,
  hllIsValid,
  hllMerge,
  hllPromote,
  hllSet,
} from '../../src/bytes/hll.ts'
import { hllPlace } from '../../src/bytes/murmur.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

const REGISTERS = 16384
const SPARSE_MAX = 3000

/** An empty value with room to become dense. */
function create(): Uint8Array {
  const bytes = new Uint8Array(HLL_DENSE_LENGTH + 8)
  hllCreate(bytes, 0)
  return bytes
}

/** MurmurHash64A as published, on bigints: what murmur.ts must equal. */
function murmurReference(bytes: Uint8Array): bigint {
  const mask = 2n ** 64n - 1n
  const m = 0xc6a4a7935bd1e995n
  let hash = 0xadc83b19n ^ ((BigInt(bytes.length) * m) & mask)
  const wholeEnd = bytes.length & ~7
  for (let at = 0; at < wholeEnd; at += 8) {
    let word = (Buffer.from(bytes).readBigUInt64LE(at) * m) & mask
    word = ((word ^ (word >> 47n)) * m) & mask
    hash = ((hash ^ word) * m) & mask
  }
  if (wholeEnd < bytes.length) {
    for (let i = wholeEnd; i < bytes.length; i++) hash ^= BigInt(bytes[i]) << BigInt(8 * (i - wholeEnd))
    hash = (hash * m) & mask
  }
  hash = ((hash ^ (hash >> 47n)) * m) & mask
  return hash ^ (hash >> 47n)
}

test('elements go to the register and run that MurmurHash64A gives', () => {
  const random = randomFrom(chooseSeed())
  for (let round = 0; round < 2000; round++) {
    const bytes = random.bytes(random.int(0, 40))
    const hash = murmurReference(bytes)
    const rest = (hash >> 14n) | (1n << 50n)
    let run = 1
    while (((rest >> BigInt(run - 1)) & 1n) === 0n) run++
    const place = hllPlace(bytes, 0, bytes.length)
    expect([place & 16383, place >>> 14], `seed ${random.seed}`).toEqual([Number(hash & 16383n), run])
  }
})

test('an empty value is one run of zeros with an up-to-date count of 0', () => {
  const bytes = create()
  expect(Buffer.from(bytes.subarray(0, HLL_EMPTY_LENGTH)).toString('hex')).toBe(
    '48594c4c01000000000000000000000' + '07fff',
  )
  expect(hllCachedCount(bytes, 0)).toBe(0)
  expect(hllCount(bytes, 0, HLL_EMPTY_LENGTH)).toBe(0)
})

test('sparse, dense and a plain array agree under random settings', () => {
  const random = randomFrom(chooseSeed())
  for (const settings of [20, 200, 900]) {
    const registers = new Uint8Array(REGISTERS)
    const sparse = create()
    let length = HLL_EMPTY_LENGTH
    const dense = new Uint8Array(HLL_DENSE_LENGTH)
    expect(hllPromote(sparse, 0, length, dense, 0)).toBe(true)
    const near = random.chance(0.5)
    for (let i = 0; i < settings; i++) {
      const index = random.chance(0.1) ? random.pick([0, 1, REGISTERS - 1]) : random.int(0, near ? 300 : REGISTERS - 1)
      const value = near ? random.int(1, 3) : random.int(1, 32)
      const result = hllSet(sparse, 0, length, index, value, SPARSE_MAX)
      expect(result, `seed ${random.seed}`).toBeGreaterThanOrEqual(HLL_UNCHANGED)
      expect(result === HLL_UNCHANGED).toBe(registers[index] >= value)
      expect(hllSet(dense, 0, HLL_DENSE_LENGTH, index, value, 0) > 0).toBe(result > 0)
      if (result > 0) length = result
      if (value > registers[index]) registers[index] = value
    }
    const fromSparse = new Uint8Array(REGISTERS)
    const fromDense = new Uint8Array(REGISTERS)
    expect(hllMerge(sparse, 0, length, fromSparse)).toBe(true)
    expect(hllMerge(dense, 0, HLL_DENSE_LENGTH, fromDense)).toBe(true)
    expect(Buffer.from(fromSparse).equals(registers), `seed ${random.seed}`).toBe(true)
    expect(Buffer.from(fromDense).equals(registers), `seed ${random.seed}`).toBe(true)
    const promoted = new Uint8Array(HLL_DENSE_LENGTH)
    expect(hllPromote(sparse, 0, length, promoted, 0)).toBe(true)
    expect(Buffer.from(promoted).equals(dense)).toBe(true)
    expect(hllCount(sparse, 0, length)).toBe(hllCountRegisters(registers))
    expect(hllCount(dense, 0, HLL_DENSE_LENGTH)).toBe(hllCountRegisters(registers))
  }
})

test('merging keeps the higher of two registers', () => {
  const registers = new Uint8Array(REGISTERS)
  registers[5] = 9
  registers[6] = 1
  const bytes = create()
  let length = hllSet(bytes, 0, HLL_EMPTY_LENGTH, 5, 4, SPARSE_MAX)
  length = hllSet(bytes, 0, length, 6, 4, SPARSE_MAX)
  expect(hllMerge(bytes, 0, length, registers)).toBe(true)
  expect([...registers.subarray(4, 8)]).toEqual([0, 9, 4, 0])
})

test('a value that no sparse opcode holds, or one opcode too many, asks for the dense form and changes nothing', () => {
  const bytes = create()
  const before = Buffer.from(bytes)
  expect(hllSet(bytes, 0, HLL_EMPTY_LENGTH, 100, 33, SPARSE_MAX)).toBe(HLL_NEEDS_DENSE)
  expect(hllSet(bytes, 0, HLL_EMPTY_LENGTH, 100, 3, HLL_EMPTY_LENGTH)).toBe(HLL_NEEDS_DENSE)
  expect(before.equals(bytes)).toBe(true)
  expect(hllIsDense(bytes, 0)).toBe(false)
})

test('the estimate of many elements is within 3 %', () => {
  const dense = new Uint8Array(HLL_DENSE_LENGTH)
  hllPromote(create(), 0, HLL_EMPTY_LENGTH, dense, 0)
  const element = new Uint8Array(4)
  for (let i = 0; i < 100000; i++) {
    new DataView(element.buffer).setUint32(0, i)
    hllAdd(dense, 0, HLL_DENSE_LENGTH, element, 0, 4, 0)
  }
  expect(Math.abs(hllCount(dense, 0, HLL_DENSE_LENGTH) / 100000 - 1)).toBeLessThan(0.03)
})

test('the cached count is kept in 63 bits and can be marked out of date', () => {
  const bytes = create()
  for (const count of [0, 1, 255, 2 ** 32 + 7, Number.MAX_SAFE_INTEGER]) {
    hllCacheCount(bytes, 0, count)
    expect(hllCachedCount(bytes, 0)).toBe(count)
    hllInvalidate(bytes, 0)
    expect(hllCachedCount(bytes, 0)).toBe(-1)
  }
})

test('only strings with the header, and dense ones of the right length, are HyperLogLogs', () => {
  const bytes = create()
  expect(hllIsValid(bytes, 0, HLL_EMPTY_LENGTH)).toBe(true)
  expect(hllIsValid(bytes, 0, HLL_HEADER - 1)).toBe(false)
  bytes[4] = 0
  expect(hllIsValid(bytes, 0, HLL_EMPTY_LENGTH)).toBe(false)
  expect(hllIsValid(bytes, 0, HLL_DENSE_LENGTH)).toBe(true)
  bytes[4] = 2
  expect(hllIsValid(bytes, 0, HLL_DENSE_LENGTH)).toBe(false)
  bytes[4] = 1
  bytes[0] = 0x68
  expect(hllIsValid(bytes, 0, HLL_EMPTY_LENGTH)).toBe(false)
})

test.each([
  ['too few registers', [0x7f, 0xfe]],
  ['too many registers', [0x7f, 0xff, 0x00]],
  ['half an opcode', [0x7f]],
  ['nothing', []],
])('damaged opcodes are noticed: %s', (_, opcodes) => {
  const bytes = new Uint8Array(HLL_HEADER + opcodes.length)
  const empty = create()
  bytes.set(empty.subarray(0, HLL_HEADER))
  bytes.set(opcodes, HLL_HEADER)
  expect(hllCount(bytes, 0, bytes.length)).toBe(-1)
  expect(hllMerge(bytes, 0, bytes.length, new Uint8Array(REGISTERS))).toBe(false)
  expect(hllPromote(bytes, 0, bytes.length, new Uint8Array(HLL_DENSE_LENGTH), 0)).toBe(false)
  if (opcodes.length < 2) expect(hllSet(bytes, 0, bytes.length, 16383, 1, SPARSE_MAX)).toBe(HLL_CORRUPT)
})
