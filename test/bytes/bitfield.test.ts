import { expect, test } from 'vitest'
import {
  FAIL,
  fitBigField,
  fitField,
  getBigField,
  getField,
  getSignedField,
  SATURATE,
  setBigField,
  setField,
  WRAP,
} from '../../src/bytes/bitfield.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

const show = (bytes: Uint8Array): string => Array.from(bytes, byte => byte.toString(2).padStart(8, '0')).join('')

test('fields of every width are read and written where the bits written out say', () => {
  const random = randomFrom(chooseSeed())
  for (let round = 0; round < 3000; round++) {
    const bytes = new Uint8Array(random.bytes(24))
    const width = random.int(1, 64)
    const offset = random.int(0, 18 * 8 - width)
    const note = `seed ${random.seed}, round ${round}`
    const before = show(bytes.subarray(2))
    const expected = BigInt(`0b${before.slice(offset, offset + width)}`)
    expect(getBigField(bytes, 2, 20, offset, width, false), note).toBe(expected)
    expect(getBigField(bytes, 2, 20, offset, width, true), note).toBe(BigInt.asIntN(width, expected))
    const value = BigInt.asIntN(64, random.bytes(8).readBigInt64LE())
    if (width <= 53) {
      expect(getField(bytes, 2, 20, offset, width), note).toBe(Number(expected))
      expect(getSignedField(bytes, 2, 20, offset, width), note).toBe(Number(BigInt.asIntN(width, expected)))
      setField(bytes, 2, offset, width, Number(BigInt.asIntN(53, value)))
    } else {
      setBigField(bytes, 2, offset, width, value)
    }
    const bits = BigInt.asUintN(width, width <= 53 ? BigInt.asIntN(53, value) : value)
    const written = bits.toString(2).padStart(width, '0')
    expect(show(bytes.subarray(2)), note).toBe(before.slice(0, offset) + written + before.slice(offset + width))
  }
})

test('reading beyond the end of the string reads zeros, whatever lies there', () => {
  const bytes = Uint8Array.of(0xff, 0xff, 0xff, 0xff)
  expect(getField(bytes, 0, 2, 8, 16)).toBe(0xff00)
  expect(getField(bytes, 0, 2, 100, 8)).toBe(0)
  expect(getBigField(bytes, 0, 1, 4, 64, false)).toBe(0xfn << 60n)
})

test('a field may lie beyond bit 2^31', () => {
  const bytes = new Uint8Array(2 ** 28 + 8)
  setField(bytes, 0, 2 ** 31 + 3, 10, 0x2a5)
  expect(getField(bytes, 0, bytes.length, 2 ** 31 + 3, 10)).toBe(0x2a5)
})

test('overflow wraps, saturates or fails', () => {
  expect(fitField(255, 8, false, FAIL)).toBe(255)
  expect(fitField(256, 8, false, WRAP)).toBe(0)
  expect(fitField(-1, 8, false, WRAP)).toBe(255)
  expect(fitField(-1, 8, false, SATURATE)).toBe(0)
  expect(fitField(300, 8, false, SATURATE)).toBe(255)
  expect(fitField(300, 8, false, FAIL)).toBeNaN()
  expect(fitField(128, 8, true, WRAP)).toBe(-128)
  expect(fitField(-129, 8, true, WRAP)).toBe(127)
  expect(fitField(-129, 8, true, SATURATE)).toBe(-128)
  expect(fitBigField(2n ** 63n, 64, true, WRAP)).toBe(-(2n ** 63n))
  expect(fitBigField(2n ** 63n, 64, true, SATURATE)).toBe(2n ** 63n - 1n)
  expect(fitBigField(-1n, 63, false, SATURATE)).toBe(0n)
  expect(fitBigField(2n ** 63n, 63, false, SATURATE)).toBe(2n ** 63n - 1n)
  expect(fitBigField(2n ** 63n, 64, true, FAIL)).toBeUndefined()
})

test('numbers and bigints overflow alike', () => {
  const random = randomFrom(chooseSeed())
  for (let round = 0; round < 3000; round++) {
    const width = random.int(1, 53)
    const value = random.int(-(2 ** random.int(1, 52)), 2 ** random.int(1, 52))
    const isSigned = random.chance(0.5)
    for (const overflow of [WRAP, SATURATE, FAIL] as const) {
      const big = fitBigField(BigInt(value), width, isSigned, overflow)
      const note = `seed ${random.seed}: ${value} in ${isSigned ? 'i' : 'u'}${width}, ${overflow}`
      expect(fitField(value, width, isSigned, overflow), note).toBe(big === undefined ? Number.NaN : Number(big))
    }
  }
})
