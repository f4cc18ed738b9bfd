// Strings: SET with all its options, counters, ranges, several keys at once.

import type { Argument } from '../../support/client.ts'
import type { Random } from '../../support/random.ts'
import { command, type Group, KEYS } from '../sequence.ts'
import { float, index, integer, several, value } from './values.ts'

const NEAR_SECONDS = { near: 5 }

/** Times to live far enough away that nothing expires while a sequence runs. */
function expiryOption(random: Random): Argument[] {
  return random.pick([
    ['EX', random.int(1000, 2000)],
    ['PX', random.int(1_000_000, 2_000_000)],
    ['EXAT', 4_000_000_000],
    ['pxat', '4000000000000'],
    ['EX', 0],
    ['PX', -1],
    ['EX', 'soon'],
    ['EX', '9223372036854775807'],
    ['EXAT', 1],
    ['KEEPTTL'],
    ['EX'],
  ])
}

function setOptions(random: Random): Argument[] {
  const options: Argument[] = []
  if (random.chance(0.3)) options.push(random.pick(['NX', 'XX', 'nx', 'Xx']))
  if (random.chance(0.25)) options.push('GET')
  if (random.chance(0.3)) options.push(...expiryOption(random))
  if (random.chance(0.03)) options.push(random.pick(['NX', 'XX', 'BOGUS', 'KEEPTTL']))
  return options
}

function getexOption(random: Random): Argument[] {
  return random.chance(0.3) ? [] : random.pick([['PERSIST'], ['PERSIST', 'EX', 5], expiryOption(random)])
}

function pairs(random: Random, key: () => string): Argument[] {
  return several(random, 1, 4, () => [key(), value(random)]).flat()
}

export const strings: Group = {
  name: 'strings',
  keys: KEYS,
  makers: [
    command('SET', 12, (r, key) => [key(), value(r)]),
    command('SET', 8, (r, key) => [key(), value(r), ...setOptions(r)]),
    command('GET', 8, (_, key) => [key()]),
    command('GETSET', 2, (r, key) => [key(), value(r)]),
    command('GETDEL', 2, (_, key) => [key()]),
    command('GETEX', 3, (r, key) => [key(), ...getexOption(r)]),
    command('SETNX', 2, (r, key) => [key(), value(r)]),
    command('SETEX', 2, (r, key) => [key(), r.pick([1000, 0, -5, 'x']), value(r)]),
    command('PSETEX', 2, (r, key) => [key(), r.pick([1_000_000, 0, -5, 'x']), value(r)]),
    command('MSET', 4, (r, key) => pairs(r, key)),
    command('MSETNX', 3, (r, key) => pairs(r, key)),
    command('MGET', 4, (r, key) => several(r, 1, 5, key)),
    command('INCR', 4, (_, key) => [key()]),
    command('DECR', 3, (_, key) => [key()]),
    command('INCRBY', 4, (r, key) => [key(), integer(r)]),
    command('DECRBY', 4, (r, key) => [key(), integer(r)]),
    command('INCRBYFLOAT', 5, (r, key) => [key(), float(r)]),
    command('APPEND', 6, (r, key) => [key(), value(r)]),
    command('STRLEN', 3, (_, key) => [key()]),
    command('GETRANGE', 5, (r, key) => [key(), index(r), index(r)]),
    command('SUBSTR', 1, (r, key) => [key(), index(r), index(r)]),
    command('SETRANGE', 5, (r, key) => [key(), r.pick([0, 1, 5, 43, 100, -1, 'x', '536870912']), value(r)]),
    command('LCS', 2, (r, key) => [key(), key(), ...lcsOptions(r)]),
    command('DEL', 2, (r, key) => several(r, 1, 3, key)),
    command('OBJECT ENCODING', 3, (_, key) => [key()]),
    command('TTL', 3, (_, key) => [key()], NEAR_SECONDS),
  ],
  look: key => [
    { args: ['TYPE', key] },
    { args: ['GET', key] },
    { args: ['STRLEN', key] },
    { args: ['OBJECT', 'ENCODING', key] },
    { args: ['TTL', key], compare: NEAR_SECONDS },
  ],
}

function lcsOptions(random: Random): Argument[] {
  return random.pick<Argument[]>([
    [],
    ['LEN'],
    ['IDX'],
    ['IDX', 'MINMATCHLEN', 2, 'WITHMATCHLEN'],
    ['LEN', 'IDX'],
    ['X'],
  ])
}
