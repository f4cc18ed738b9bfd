import { expect, test } from 'vitest'
import { addLongDoubles, formatLongDouble, isFiniteLongDouble, parseLongDouble } from '../../src/bytes/long-double.ts'

const parse = (text: string) => {
  const bytes = Buffer.from(`1${text}1`, 'latin1')
  return parseLongDouble(bytes, 1, bytes.length - 2)
}
const add = (a: string, b: string): string | undefined => {
  const [x, y] = [parse(a), parse(b)]
  const sum = x !== undefined && y !== undefined ? addLongDoubles(x, y) : undefined
  return sum === undefined ? undefined : formatLongDouble(sum)
}

// What INCRBYFLOAT of redis-server 7.0.15 on x86-64 replies.
test.each([
  ['10.50', '0.1', '10.6'],
  ['5.0e3', '2.0e2', '5200'],
  ['0', '-0', '0'],
  ['0', '-1e-4940', '0'],
  ['0.1', '0.2', '0.3'],
  ['3.0', '1.5', '4.5'],
  ['0', '0x1p-1', '0.5'],
  ['18446744073709551615', '0', '18446744073709551615'],
  ['18446744073709551617', '0', '18446744073709551616'],
  ['18446744073709551616', '1', '18446744073709551616'],
  ['18446744073709551616', '3', '18446744073709551620'],
  ['-1', '1', '0'],
  ['0', '0.000000000000000005', '0'],
  ['0', '0.00000000000000001', '0.00000000000000001'],
])('%s + %s is %s', (a, b, sum) => {
  expect(add(a, b)).toBe(sum)
})

test.each([
  '',
  ' 1',
  '1 ',
  '1\0',
  '.',
  '1e',
  '0x',
  '0x.',
  'nan',
  'infin',
  '1e4933',
  '1e-4952',
  '0x1p16384',
  '0x1p-16447',
])('%j is not a long double', text => {
  expect(parse(text)).toBeUndefined()
})

test('what is longer than the buffer of Redis is refused', () => {
  expect(parse('0'.repeat(5119))).toBeDefined()
  expect(parse('0'.repeat(5120))).toBeUndefined()
})

test('infinity is read, but is no result', () => {
  const infinite = parse('-inf')
  expect(infinite && isFiniteLongDouble(infinite)).toBe(false)
  expect(infinite && formatLongDouble(infinite)).toBe('-inf')
  expect(add('inf', '1')).toBeUndefined()
  expect(add('inf', '-inf')).toBeUndefined()
  expect(add('1e4932', '1e4932')).toBeUndefined()
})

test('the largest value has all its digits', () => {
  expect(add('1e4932', '0')?.length).toBe(4933)
})
