// HyperLogLogs: their bytes, opcode for opcode, and their counts, through the change from sparse to dense.

import type { Argument } from '../../support/client.ts'
import type { Random } from '../../support/random.ts'
import { command, type Group, KEYS } from '../sequence.ts'
import { several, value } from './values.ts'

/** Elements from a small space, so that values meet in merges; now and then thousands, so that they become dense. */
function elements(random: Random): Argument[] {
  const count = random.chance(0.05) ? random.int(500, 3000) : random.int(0, 12)
  const space = random.pick([20, 5000, 1_000_000])
  return several(random, count, count, () => `e${random.int(0, space)}`)
}

export const hyperloglog: Group = {
  name: 'hyperloglog',
  keys: KEYS,
  makers: [
    command('PFADD', 20, (r, key) => [key(), ...elements(r)]),
    command('PFCOUNT', 8, (_, key) => [key()]),
    command('PFCOUNT', 5, (r, key) => several(r, 1, 4, key)),
    command('PFMERGE', 5, (r, key) => several(r, 1, 4, key)),
    command('PFDEBUG', 2, (r, key) => [r.pick(['ENCODING', 'decode', 'TODENSE', 'GETREG', 'x']), key()]),
    command('SET', 1, (r, key) => [
      key(),
      r.chance(0.5) ? value(r) : r.pick(['HYLL\x02aaaaaaaaaaaaaaaaaa', 'HYLL', 'HYLL\x00aaaaaaaaaaaaa']),
    ]),
    command('GET', 5, (_, key) => [key()]),
    command('DEL', 2, (_, key) => [key()]),
  ],
  look: key => [{ args: ['GET', key] }, { args: ['OBJECT', 'ENCODING', key] }, { args: ['PFCOUNT', key] }],
}
