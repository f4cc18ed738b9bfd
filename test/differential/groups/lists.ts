// Lists: both ends, the middle, moves between keys, and SORT over them.

import type { Argument } from '../../support/client.ts'
import type { Random } from '../../support/random.ts'
import { command, type Group, KEYS } from '../sequence.ts'
import { index, integer, several, value } from './values.ts'

/** Mostly one of few, so that elements meet their like. */
const element = (random: Random): Argument =>
  random.chance(0.6) ? random.pick(['x', 'y', 'z', '1', '22', '-1', '']) : value(random)
const elements = (random: Random): Argument[] => several(random, 1, random.chance(0.1) ? 40 : 5, () => element(random))

/** A position near either end, now and then elsewhere. */
const near = (random: Random): Argument => (random.chance(0.85) ? random.int(-6, 6) : index(random))
const end = (random: Random): Argument => random.pick(['LEFT', 'RIGHT', 'left', 'Right', 'LEFT', 'RIGHT', 'UP'])
const count = (random: Random): Argument[] =>
  random.chance(0.5) ? [] : [random.chance(0.8) ? random.int(0, 6) : integer(random)]

function lposOptions(random: Random): Argument[] {
  const options: Argument[] = []
  if (random.chance(0.5)) options.push('RANK', random.pick([1, 2, 3, -1, -2, 0, 'x', '9223372036854775807']))
  if (random.chance(0.5)) options.push('COUNT', random.pick([0, 1, 2, 5, -1, 'x']))
  if (random.chance(0.3)) options.push('maxlen', random.pick([0, 1, 3, 10, -1, 'x']))
  if (random.chance(0.03)) options.push(random.pick(['RANK', 'BOGUS']))
  return options
}

function popOptions(random: Random): Argument[] {
  const options = [end(random)]
  if (random.chance(0.5)) options.push('COUNT', random.pick([1, 2, 3, 100, 0, -1, 'x']))
  return options
}

/**
 * No BY with ALPHA: elements that weigh the same come in no particular order. No numbers by themselves: Redis takes a
 * number that overflows for a sign that later ones do, until another call resets C's errno; see sorting.ts.
 */
function sortOptions(random: Random): Argument[] {
  const options: Argument[] = []
  if (random.chance(0.3)) options.push('BY', random.pick(['nosort', '*', 'key:*', '#', 'none_*->f']))
  else options.push('ALPHA')
  if (random.chance(0.3)) options.push('LIMIT', near(random), near(random))
  if (random.chance(0.3)) options.push('GET', random.pick(['#', 'key:*', '*', 'none']))
  if (random.chance(0.4)) options.push(random.pick(['ASC', 'DESC', 'desc']))
  return options
}

export const lists: Group = {
  name: 'lists',
  keys: KEYS,
  makers: [
    command('LPUSH', 12, (r, key) => [key(), ...elements(r)]),
    command('RPUSH', 12, (r, key) => [key(), ...elements(r)]),
    command('LPUSHX', 2, (r, key) => [key(), ...elements(r)]),
    command('RPUSHX', 2, (r, key) => [key(), ...elements(r)]),
    command('LPOP', 6, (r, key) => [key(), ...count(r)]),
    command('RPOP', 6, (r, key) => [key(), ...count(r)]),
    command('LMPOP', 4, (r, key) => {
      const keys = several(r, 1, 3, key)
      return [r.chance(0.9) ? keys.length : integer(r), ...keys, ...popOptions(r)]
    }),
    command('LLEN', 3, (_, key) => [key()]),
    command('LINDEX', 5, (r, key) => [key(), index(r)]),
    command('LRANGE', 8, (r, key) => [key(), index(r), index(r)]),
    command('LTRIM', 2, (r, key) => [key(), near(r), near(r)]),
    command('LSET', 5, (r, key) => [key(), index(r), element(r)]),
    command('LINSERT', 8, (r, key) => [key(), r.pick(['BEFORE', 'after', 'INTO']), element(r), element(r)]),
    command('LREM', 6, (r, key) => [key(), near(r), element(r)]),
    command('LPOS', 6, (r, key) => [key(), element(r), ...lposOptions(r)]),
    command('LMOVE', 8, (r, key) => [key(), key(), end(r), end(r)]),
    command('RPOPLPUSH', 4, (_, key) => [key(), key()]),
    command('SORT', 3, (r, key) => [key(), ...sortOptions(r)]),
    command('SORT', 2, (r, key) => [key(), ...sortOptions(r), 'STORE', key()]),
    command('SORT_RO', 2, (r, key) => [key(), ...sortOptions(r)]),
    command('SET', 1, (r, key) => [key(), integer(r)]),
    command('DEL', 1, (r, key) => several(r, 1, 2, key)),
    command('OBJECT ENCODING', 1, (_, key) => [key()]),
  ],
  look: key => [
    { args: ['TYPE', key] },
    { args: ['LLEN', key] },
    { args: ['LRANGE', key, 0, -1] },
    { args: ['OBJECT', 'ENCODING', key] },
  ],
}
