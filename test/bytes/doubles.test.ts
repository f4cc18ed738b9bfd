import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatDouble17,
  formatFixed,
  formatHumanDouble,
  parseDouble,
  parseScoreBound,
  writeDouble17,
} from '../../src/bytes/doubles.ts'

const parse = (text: string): number => {
  const bytes = Buffer.from(`1${text}1`, 'latin1')
  return parseDouble(bytes, 1, bytes.length - 2)
}
const bound = (text: string): number => {
  const bytes = Buffer.from(`1${text}1`, 'latin1')
  return parseScoreBound(bytes, 1, bytes.length - 2)
}
const written = (value: number): string => {
  const bytes = Buffer.alloc(40, '#')
  const length = writeDouble17(bytes, 5, value)
  expect(length).toBeLessThanOrEqual(24)
  expect(bytes.toString('latin1', 5 + length, 6 + length)).toBe('#')
  return bytes.toString('latin1', 5, 5 + length)
}

// Each line: a double's bits in hex, what C's printf writes for it with %.17g, and with %.4f (0.0000 beyond 1e15).
const printed = readFileSync(new URL('./fixtures/doubles.txt', import.meta.url), 'latin1')
  .trim()
  .split('\n')
  .map(line => {
    const [bits, general, fixed] = line.split(' ')
    return { value: Buffer.from(bits, 'hex').readDoubleBE(), general, fixed }
  })

describe('writing', () => {
  test('%.17g is what C prints, through strings and without', () => {
    expect(printed.length).toBeGreaterThan(1500)
    for (const { value, general } of printed) {
      expect(formatDouble17(value)).toBe(general)
      expect(written(value)).toBe(general)
    }
  })

  test('both ways of writing %.17g agree, and read back', () => {
    const check = (value: number): void => {
      expect(written(value)).toBe(formatDouble17(value))
      if (!Number.isNaN(value)) expect(parse(written(value))).toBe(value)
    }
    fc.assert(fc.property(fc.double(), check))
    fc.assert(fc.property(fc.double({ min: 1e-5, max: 1e16 }), check))
    fc.assert(fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 60 }), (n, shift) => check(n / 2 ** shift)))
  })

  test('ties go to the even digit, as in C', () => {
    expect(formatDouble17(1e15 + 0.25)).toBe('1000000000000000.2')
    expect(formatDouble17(1e15 + 0.75)).toBe('1000000000000000.8')
    expect(written(1e15 + 0.25)).toBe('1000000000000000.2')
    expect(written(-(1e15 + 0.75))).toBe('-1000000000000000.8')
    expect(formatFixed(0.03125, 4)).toBe('0.0312')
    expect(formatFixed(0.09375, 4)).toBe('0.0938')
    expect(formatFixed(-2.5, 0)).toBe('-2')
  })

  test.each([
    [0, '0'],
    [-0, '-0'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NEGATIVE_INFINITY, '-inf'],
    [Number.NaN, 'nan'],
    [0.1, '0.10000000000000001'],
    [1e17, '1e+17'],
    [-1e300, '-1.0000000000000001e+300'],
    [123456789012345680, '1.2345678901234568e+17'],
    [0.0001, '0.0001'],
    [0.00001, '1.0000000000000001e-05'],
    [5e-324, '4.9406564584124654e-324'],
    [9.9999999999999982, '9.9999999999999982'],
    [0.99999999999999989, '0.99999999999999989'],
  ])('%d is written as %s', (value, text) => {
    expect(formatDouble17(value)).toBe(text)
    expect(written(value)).toBe(text)
  })

  test('fixed decimals are what C prints', () => {
    for (const { value, fixed } of printed) {
      if (Math.abs(value) <= 1e15) expect(formatFixed(value, 4)).toBe(fixed)
    }
  })

  test('human friendly numbers lose their trailing zeros and the sign of zero', () => {
    expect(formatHumanDouble(3)).toBe('3')
    expect(formatHumanDouble(-0)).toBe('0')
    expect(formatHumanDouble(-1e-20)).toBe('0')
    expect(formatHumanDouble(13.361389338970184)).toBe('13.36138933897018433')
    expect(formatHumanDouble(1e22)).toBe('10000000000000000000000')
  })
})

describe('reading', () => {
  test.each([
    ['0', 0],
    ['-0', -0],
    ['12.5', 12.5],
    ['.5', 0.5],
    ['5.', 5],
    ['-.25', -0.25],
    ['+1', 1],
    ['1e5', 1e5],
    ['1E+5', 1e5],
    ['00012', 12],
    ['0e-999', 0],
    ['0x10', 16],
    ['0X1.8p1', 3],
    ['0x.8', 0.5],
    ['-0x1p-1074', -5e-324],
    ['0x20000000000001', 2 ** 53],
    ['0x20000000000003', 2 ** 53 + 4],
    ['0x1.fffffffffffff7p1023', Number.MAX_VALUE],
    ['0x0p9999', 0],
    ['9007199254740993', 2 ** 53],
    ['inf', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['+INF', Number.POSITIVE_INFINITY],
    ['4.9e-324', 5e-324],
    ['1.7976931348623158e308', Number.MAX_VALUE],
  ])('%j is a float', (text, value) => {
    expect(parse(text)).toBe(value)
  })

  test.each([
    '',
    ' 1',
    '\t1',
    '1 ',
    '1\0',
    '-',
    '.',
    '-.',
    '1e',
    '1e+',
    'e1',
    '1.2.3',
    '--1',
    '1,5',
    '0x',
    '0x.',
    '0x1p',
    '0x1.g',
    'nan',
    '-nan',
    'nan(1)',
    'infinit',
    '1e400',
    '-1e400',
    '1e-400',
    '0x1p1024',
    '0x1p-1075',
    '0x1.fffffffffffff8p1023',
    '2.4e-324',
  ])('%j is not a float', text => {
    expect(parse(text)).toBeNaN()
  })

  test('digits without an exponent read as the engine reads them, however many', () => {
    const check = (text: string): void => {
      const value = parse(text)
      expect(Object.is(value, Number(text)), text).toBe(true)
    }
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 33 })
    fc.assert(
      fc.property(digits, fc.nat(33), fc.boolean(), (all, place, negative) => {
        const text = `${negative ? '-' : ''}${all.slice(0, place)}.${all.slice(place)}`
        if (/\d/.test(text)) check(text)
      }),
      { numRuns: 3000 },
    )
    fc.assert(
      fc.property(fc.double({ min: 1e-4, max: 1e17 }), value => check(formatDouble17(value))),
      { numRuns: 2000 },
    )
  })

  test('ties and near ties between two doubles go the right way', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 2n ** 52n, max: 2n ** 53n - 1n }),
        fc.nat(30),
        fc.integer({ min: -1, max: 1 }),
        (n, up, off) => {
          // (2n + 1) 2^up lies half way between two doubles.
          const text = (((2n * n + 1n) << BigInt(up)) + BigInt(off)).toString()
          expect(parse(text)).toBe(Number(text))
        },
      ),
    )
  })

  test('score bounds take leading blanks, nothing at all, and numbers out of range', () => {
    expect(bound('')).toBe(0)
    expect(bound('  5')).toBe(5)
    expect(bound('1e400')).toBe(Number.POSITIVE_INFINITY)
    expect(bound('1e-400')).toBe(0)
    expect(bound('-inf')).toBe(Number.NEGATIVE_INFINITY)
    expect(bound('5 ')).toBeNaN()
    expect(bound('nan')).toBeNaN()
    expect(bound(' ')).toBeNaN()
  })
})
