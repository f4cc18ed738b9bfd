// Hashes: with values of all sizes, and small ones that stay listpacks, whose order is part of the reply.

import type { Argument } from '../../support/client.ts'
import type { Step } from '../../support/differential.ts'
import type { Random } from '../../support/random.ts'
import { command, type Group, KEYS, type Maker } from '../sequence.ts'
import { float, integer, several, value } from './values.ts'

const FIELDS = ['f', 'g', 'name', '1', '2', '-7', '128', '40000', '9007199254740993', '', 'field:1', 'field:2']

const field = (random: Random): Argument => random.pick(FIELDS)
const anyField = (random: Random): Argument => (random.chance(0.85) ? field(random) : value(random))
/** Short enough for a listpack. */
const short = (random: Random): Argument =>
  random.chance(0.7) ? random.pick(['', 'a', 'value', 'x'.repeat(63), 'x'.repeat(64)]) : integerText(random)
const integerText = (random: Random): Argument => random.pick(['0', '-1', '127', '4096', '70000', '-2147483649', '007'])

/** Now and then more fields than a listpack may have. */
function manyPairs(random: Random, name: (r: Random) => Argument, content: (r: Random) => Argument): Argument[] {
  if (random.chance(0.98)) return several(random, 1, 5, () => [name(random), content(random)]).flat()
  const count = random.pick([500, 512, 513, 600])
  return Array.from({ length: count }, (_, i) => [`n${i}`, i]).flat()
}

function makers(
  name: (r: Random) => Argument,
  content: (r: Random) => Argument,
  pairs: (r: Random) => Argument[],
  order: Step['compare'],
  paired: Step['compare'],
): Maker[] {
  return [
    command('HSET', 20, (r, key) => [key(), ...pairs(r)]),
    command('HMSET', 3, (r, key) => [key(), ...pairs(r)]),
    command('HSETNX', 4, (r, key) => [key(), name(r), content(r)]),
    command('HGET', 6, (r, key) => [key(), name(r)]),
    command('HMGET', 5, (r, key) => [key(), ...several(r, 1, 5, () => name(r))]),
    command('HDEL', 10, (r, key) => [key(), ...several(r, 1, 4, () => name(r))]),
    command('HLEN', 3, (_, key) => [key()]),
    command('HSTRLEN', 3, (r, key) => [key(), name(r)]),
    command('HEXISTS', 3, (r, key) => [key(), name(r)]),
    command('HGETALL', 5, (_, key) => [key()], paired),
    command('HKEYS', 3, (_, key) => [key()], order),
    command('HVALS', 3, (_, key) => [key()], order),
    command('HINCRBY', 8, (r, key) => [key(), name(r), integer(r)]),
    command('HINCRBYFLOAT', 6, (r, key) => [key(), name(r), float(r)]),
    command('HRANDFIELD', 3, (r, key) => [key(), ...picks(r)], 'type'),
    command('HSCAN', 4, (r, key) => [key(), 0, 'COUNT', 5000, ...scanOptions(r)], order),
    command('OBJECT ENCODING', 5, (_, key) => [key()]),
    command('DEL', 2, (r, key) => several(r, 1, 2, key)),
  ]
}

function picks(random: Random): Argument[] {
  const count = random.pick([0, 1, 2, 3, 100, -4, 'x', '-9223372036854775808'])
  return random.pick<Argument[]>([[], [count], [count], [count, 'WITHVALUES'], [count, 'withvalues'], [count, 'x']])
}

function scanOptions(random: Random): Argument[] {
  return random.pick<Argument[]>([[], ['MATCH', '*'], ['MATCH', 'f*'], ['match', '[0-4]*'], ['MATCH'], ['COUNT', 0]])
}

function look(order: Step['compare'], paired: Step['compare']): Group['look'] {
  return key => [
    { args: ['TYPE', key] },
    { args: ['OBJECT', 'ENCODING', key] },
    { args: ['HLEN', key] },
    { args: ['HKEYS', key], compare: order },
    { args: ['HGETALL', key], compare: paired },
  ]
}

export const hashes: Group = {
  name: 'hashes',
  keys: KEYS,
  makers: [
    ...makers(anyField, value, r => manyPairs(r, anyField, value), 'unordered', 'pairs'),
    command('SET', 1, (r, key) => [key(), value(r)]),
    command('DEL', 2, (r, key) => several(r, 1, 2, key)),
  ],
  look: look('unordered', 'pairs'),
}

/** Few fields and short values: every hash stays a listpack, and lists its fields as they came. */
export const smallHashes: Group = {
  name: 'small-hashes',
  keys: KEYS,
  makers: makers(field, short, r => several(r, 1, 5, () => [field(r), short(r)]).flat(), 'exact', 'exact')
    // Its sums can be too long for a listpack.
    .filter(maker => maker.name !== 'HINCRBYFLOAT')
    .map(maker => ({ ...maker, whole: true })),
  look: look('exact', 'exact'),
}
