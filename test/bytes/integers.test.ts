import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  integerLength,
  parseBigInteger,
  parseBigUnsigned,
  parseInteger,
  parseUnsigned,
  writeBigInteger,
  writeInteger,
} from '../../src/bytes/integers.ts'

/** Calls a parser on the text amid bytes that must not be read. */
function on<T>(parse: (bytes: Uint8Array, at: number, length: number) => T, text: string): T {
  const bytes = Buffer.from(`7${text}7`, 'latin1')
  return parse(bytes, 1, bytes.length - 2)
}

test.each(['', '-', '-0', '00', '01', '-01', '+1', ' 1', '1 ', '1a', 'a', '1.0', '9223372036854775808', '--1', '1-'])(
  '%j is not an integer',
  text => {
    expect(on(parseInteger, text)).toBeNaN()
    expect(on(parseBigInteger, text)).toBeUndefined()
  },
)

test('what lies beyond int64 is not an integer', () => {
  for (const text of ['-9223372036854775809', '9999999999999999999', '10000000000000000000', '1'.repeat(40)]) {
    expect(on(parseInteger, text)).toBeNaN()
  }
})

test('integers beyond 2^53 are announced and left to the bigint', () => {
  expect(on(parseInteger, '9007199254740991')).toBe(2 ** 53 - 1)
  expect(on(parseInteger, '9007199254740992')).toBe(Number.POSITIVE_INFINITY)
  expect(on(parseInteger, '-9007199254740993')).toBe(Number.NEGATIVE_INFINITY)
  expect(on(parseBigInteger, '9223372036854775807')).toBe(2n ** 63n - 1n)
  expect(on(parseBigInteger, '-9223372036854775808')).toBe(-(2n ** 63n))
})

test('every int64 is read as its value', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.integer({ min: 0, max: 60 }),
      (wide, shift) => {
        const value = wide >> BigInt(shift)
        const isSafe = Number.isSafeInteger(Number(value))
        const number = on(parseInteger, value.toString())
        expect(number).toBe(isSafe ? Number(value) : value < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY)
        expect(on(parseBigInteger, value.toString())).toBe(value)
      },
    ),
  )
})

test('every safe integer is written as String() does, in the length announced', () => {
  const bytes = new Uint8Array(40)
  const check = (value: number): void => {
    bytes.fill(0x23)
    const length = writeInteger(bytes, 3, value)
    const text = String(value)
    expect(Buffer.from(bytes).toString('latin1', 0, length + 4)).toBe(`###${text}#`)
    expect(integerLength(value)).toBe(text.length)
  }
  for (let power = 1; power <= 1e15; power *= 10) {
    for (const value of [power - 1, power, power + 1, 9 * power]) {
      check(value)
      check(-value)
    }
  }
  for (let i = 1; i < 9007; i++) check(i * 1e9 - 1)
  fc.assert(fc.property(fc.maxSafeInteger(), check))
  check(Number.MAX_SAFE_INTEGER)
  check(Number.MIN_SAFE_INTEGER)
})

test('minus zero is written as 0', () => {
  const bytes = new Uint8Array(4)
  expect(writeInteger(bytes, 0, -0)).toBe(1)
  expect(bytes[0]).toBe(0x30)
})

test('bigints are written in full', () => {
  const bytes = Buffer.alloc(24)
  expect(bytes.toString('latin1', 1, 1 + writeBigInteger(bytes, 1, -(2n ** 63n)))).toBe('-9223372036854775808')
})

test('unsigned reading takes what strtoull takes, but no canonical negative', () => {
  const cases: [string, bigint | undefined][] = [
    ['0', 0n],
    ['18446744073709551615', 2n ** 64n - 1n],
    ['18446744073709551616', undefined],
    ['+5', 5n],
    ['007', 7n],
    ['  12', 12n],
    ['12 ', undefined],
    ['-5', undefined],
    ['-0', 0n],
    ['-18446744073709551615', 1n],
    ['', undefined],
    ['+', undefined],
    ['x', undefined],
    ['1x', undefined],
  ]
  for (const [text, expected] of cases) {
    expect(on(parseBigUnsigned, text), text).toBe(expected)
    const number =
      expected === undefined ? Number.NaN : expected < 2n ** 53n ? Number(expected) : Number.POSITIVE_INFINITY
    expect(on(parseUnsigned, text), text).toBe(number)
  }
})
