// SORT by numbers: of lists, sets and sorted sets, by themselves, by other keys, by fields of hashes.

import type { Argument } from '../../support/client.ts'
import type { Random } from '../../support/random.ts'
import { command, type Group } from '../sequence.ts'
import { several } from './values.ts'

const id = (random: Random): number => random.int(-9, 20)
const ODD = ['1.5', ' 3', '0x10', 'inf', '-inf', '1e3', '', 'abc', '5 ', 'nan', '-0', '9007199254740993']
const number = (random: Random): Argument =>
  random.chance(0.97) ? random.int(-1_000_000, 1_000_000) : random.pick(ODD)
const member = (random: Random): Argument => (random.chance(0.98) ? id(random) : random.pick(ODD))
const container = (random: Random): string => random.pick(['list', 'list2', 'set', 'zset', 'result', 'w_1'])

function order(random: Random): Argument[] {
  return random.chance(0.5) ? [] : [random.pick(['ASC', 'DESC', 'asc'])]
}

function rest(random: Random): Argument[] {
  const options = order(random)
  if (random.chance(0.4)) options.push('LIMIT', random.int(-2, 6), random.pick([-1, 0, 1, 3, 100, 'x']))
  const gets = random.pick([0, 0, 1, 2])
  for (let i = 0; i < gets; i++)
    options.push('GET', random.pick(['#', 'w_*', 'h_*->f', 'h_*->g', 'plain', 'list', 'h_*']))
  return options
}

/** Ways of sorting that leave no two elements unordered. */
function by(random: Random): Argument[] {
  if (random.chance(0.4)) return random.chance(0.5) ? [] : ['ALPHA']
  return ['BY', random.pick(['w_*', 'h_*->f', 'h_*->none', 'none_*', 'h_*->', 'w_*->f', '*'])]
}

export const sorting: Group = {
  name: 'sorting',
  keys: ['list', 'set', 'zset', 'result'],
  makers: [
    command('RPUSH', 10, r => [r.pick(['list', 'list2']), ...several(r, 1, 4, () => member(r))]),
    command('SADD', 5, r => ['set', ...several(r, 1, 4, () => member(r))]),
    command('ZADD', 5, r => ['zset', ...several(r, 1, 4, () => [r.int(-5, 5), member(r)]).flat()]),
    command('SET', 10, r => [`w_${id(r)}`, number(r)]),
    command('HSET', 10, r => [`h_${id(r)}`, 'f', number(r), 'g', 'x'.repeat(r.int(0, 100))]),
    command('DEL', 4, r => [r.pick(['list', 'set', 'zset', 'result', 'w_1', 'h_2'])]),
    command('SORT', 20, r => [container(r), ...by(r), ...rest(r)]),
    command('SORT_RO', 5, r => [container(r), ...by(r), ...rest(r)]),
    command('SORT', 6, r => [r.pick(['list', 'zset']), 'BY', 'nosort', ...rest(r)]),
    command('SORT', 2, r => ['set', 'BY', 'nosort', ...order(r)], 'unordered'),
    command('SORT', 8, r => [container(r), ...by(r), ...rest(r), 'STORE', r.chance(0.9) ? 'result' : container(r)]),
    command('SORT', 2, r => ['set', 'BY', 'nosort', ...rest(r), 'STORE', 'result']),
    command('SORT', 1, r => [container(r), r.pick(['BY', 'LIMIT', 'GET', 'STORE', 'FOO'])]),
  ],
  look: key => [{ args: ['TYPE', key] }, { args: ['SORT', key, 'ALPHA'] }],
}
