// Arguments worth trying: numbers on the edges, text that almost is a number, lengths at which encodings change.

import type { Argument } from '../../support/client.ts'
import type { Random } from '../../support/random.ts'

const INTEGERS = [
  '0',
  '1',
  '-1',
  '7',
  '42',
  '9999',
  '10000',
  '2147483647',
  '-2147483648',
  '4294967296',
  '9007199254740991',
  '9007199254740993',
  '9223372036854775806',
  '9223372036854775807',
  '-9223372036854775808',
]

const ALMOST_INTEGERS = [
  '',
  ' 1',
  '1 ',
  '+1',
  '01',
  '-0',
  '0x10',
  '1.0',
  '1e2',
  'one',
  '9223372036854775808',
  '-9223372036854775809',
]

const FLOATS = [
  '0.1',
  '-0.1',
  '3.0',
  '1.5e3',
  '5e-324',
  '1e308',
  '0.30000000000000004',
  '3.14159265358979323846',
  '1e17',
  '123456789012345678',
]

const ALMOST_FLOATS = ['inf', '-inf', '+inf', 'nan', '1e400', 'e1', '1.5 ', '.', '0x1p4', '']

const TEXTS = ['', 'a', 'foo', 'foobar', 'ünïcode', '\0\x01\xff', 'with\r\nline end', ' ']

/** Lengths around which Redis changes the encoding of a value, or writes its length in another form. */
const LENGTHS = [1, 20, 21, 43, 44, 45, 63, 64, 65, 255, 256, 1000, 16_383, 16_384, 20_000]

/** An integer, usually a plain one, at times an extreme one or none at all. */
export function integer(random: Random): Argument {
  if (random.chance(0.6)) return random.int(-20, 100)
  return random.pick(random.chance(0.8) ? INTEGERS : ALMOST_INTEGERS)
}

/** A floating-point number or what might be taken for one. */
export function float(random: Random): Argument {
  if (random.chance(0.4)) return (random.int(-1000, 1000) / 8).toString()
  if (random.chance(0.3)) return integer(random)
  return random.pick(random.chance(0.8) ? FLOATS : ALMOST_FLOATS)
}

/** Any value: text, number, bytes, short or long. */
export function value(random: Random): Argument {
  const kind = random.int(0, 9)
  if (kind < 3) return random.pick(TEXTS)
  if (kind < 5) return integer(random)
  if (kind === 5) return float(random)
  if (kind === 6) return random.bytes(random.int(0, 40))
  const length = random.pick(random.chance(0.8) ? LENGTHS.slice(0, 9) : LENGTHS)
  // One letter over and over compresses, random bytes do not.
  return random.chance(0.5) ? random.pick(['x', 'abc']).repeat(length).slice(0, length) : random.bytes(length)
}

/** A place in a value: mostly near its start or end, at times far out. */
export function index(random: Random): Argument {
  if (random.chance(0.85)) return random.int(-12, 30)
  return random.pick(['0', '-1', '100', '1000', '-1000', '9223372036854775807', '-9223372036854775808', 'x'])
}

/** Between `low` and `high` arguments made by `make`. */
export function several<T>(random: Random, low: number, high: number, make: () => T): T[] {
  return Array.from({ length: random.int(low, high) }, make)
}
