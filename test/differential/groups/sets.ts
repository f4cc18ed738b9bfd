// Sets: members of all kinds in any order, and sets of integers alone, whose order is part of the reply.

import type { Argument } from '../../support/client.ts'
import type { Step } from '../../support/differential.ts'
import type { Random } from '../../support/random.ts'
import { command, type Group, KEYS, type Maker } from '../sequence.ts'
import { integer, several, value } from './values.ts'

const EXTREMES = [
  '32767',
  '32768',
  '-32768',
  '-32769',
  '2147483647',
  '2147483648',
  '-2147483648',
  '-2147483649',
  '9007199254740992',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
]

/** An integer as an intset holds it: mostly a few small ones, so that sets have members in common. */
const number = (random: Random): Argument => (random.chance(0.85) ? random.int(-5, 40) : random.pick(EXTREMES))

/** Now and then so many that an intset outgrows its limit. */
function numbers(random: Random): Argument[] {
  if (random.chance(0.97)) return several(random, 1, 8, () => number(random))
  const first = random.int(-600, 600)
  return Array.from({ length: random.pick([400, 511, 512, 513, 600]) }, (_, i) => first + i)
}

const anything = (random: Random): Argument => (random.chance(0.6) ? number(random) : value(random))
const anythings = (random: Random): Argument[] =>
  random.chance(0.6) ? numbers(random) : several(random, 1, 6, () => anything(random))

/** The commands, with `many` and `one` to make members and `order` to compare replies that list them. */
function makers(many: (r: Random) => Argument[], one: (r: Random) => Argument, order: Step['compare']): Maker[] {
  return [
    command('SADD', 20, (r, key) => [key(), ...many(r)]),
    command('SREM', 10, (r, key) => [key(), ...many(r)]),
    command('SMEMBERS', 5, (_, key) => [key()], order),
    command('SCARD', 3, (_, key) => [key()]),
    command('SISMEMBER', 4, (r, key) => [key(), one(r)]),
    command('SMISMEMBER', 3, (r, key) => [key(), ...many(r)]),
    command('SMOVE', 8, (r, key) => [key(), key(), one(r)]),
    command('SINTER', 4, (r, key) => several(r, 1, 4, key), order),
    command('SINTERSTORE', 4, (r, key) => [key(), ...several(r, 1, 3, key)]),
    command('SINTERCARD', 4, (r, key) => cardinality(r, several(r, 1, 3, key))),
    command('SUNION', 4, (r, key) => several(r, 1, 4, key), order),
    command('SUNIONSTORE', 3, (r, key) => [key(), ...several(r, 1, 3, key)]),
    command('SDIFF', 4, (r, key) => several(r, 1, 4, key), order),
    command('SDIFFSTORE', 4, (r, key) => [key(), ...several(r, 1, 3, key)]),
    command('SRANDMEMBER', 2, (r, key) => [key(), r.pick([0, 1, 2, 5, -3, 2000, 'x', '-9223372036854775808'])], 'type'),
    command('SPOP', 1, (r, key) => [key(), r.pick([0, 5000, -1, 'x', '9223372036854775807'])], order, true),
    command('SSCAN', 3, (r, key) => [key(), 0, 'COUNT', 5000, ...scanOptions(r)], order),
    command(
      'SSCAN',
      1,
      (r, key) => [key(), r.pick(['x', '-1', '', ' 1', '18446744073709551616']), 'COUNT', 5000],
      'skip',
    ),
    command('OBJECT ENCODING', 5, (_, key) => [key()]),
    command('DEL', 1, (r, key) => several(r, 1, 2, key)),
  ]
}

function cardinality(random: Random, keys: Argument[]): Argument[] {
  const options = random.pick<Argument[]>([[], [], ['LIMIT', random.int(0, 5)], ['limit', -1], ['LIMIT'], ['FOO', 1]])
  return [random.chance(0.9) ? keys.length : random.pick([0, -1, 'x', 9]), ...keys, ...options]
}

function scanOptions(random: Random): Argument[] {
  return random.pick<Argument[]>([[], ['MATCH', '*'], ['MATCH', '1*'], ['match', '[0-4]'], ['MATCH'], ['TYPE', 'set']])
}

function look(order: Step['compare']): Group['look'] {
  return key => [
    { args: ['TYPE', key] },
    { args: ['OBJECT', 'ENCODING', key] },
    { args: ['SCARD', key] },
    { args: ['SMEMBERS', key], compare: order },
  ]
}

export const sets: Group = {
  name: 'sets',
  keys: KEYS,
  makers: [
    ...makers(anythings, anything, 'unordered'),
    command('SET', 1, (r, key) => [key(), integer(r)]),
    command('DEL', 2, (r, key) => several(r, 1, 2, key)),
  ],
  look: look('unordered'),
}

/** No member but small integers, and few of them: every set stays an intset, and lists its members in order. */
export const intsets: Group = {
  name: 'intsets',
  keys: KEYS,
  makers: makers(r => several(r, 1, 8, () => number(r)), number, 'exact').map(maker => ({ ...maker, whole: true })),
  look: look('exact'),
}
