// Bits of strings: single bits, counts, positions, operations over several keys, bit fields of every width.

import type { Argument } from '../../support/client.ts'
import type { Random } from '../../support/random.ts'
import { command, type Group, KEYS } from '../sequence.ts'
import { index, several, value } from './values.ts'

function offset(random: Random): Argument {
  if (random.chance(0.9)) return random.int(0, 200)
  return random.pick(['7', '8', '4095', '80000', '-1', 'x', '4294967296', '1.5'])
}

const bit = (random: Random): Argument => (random.chance(0.95) ? random.int(0, 1) : random.pick(['2', '-1', 'x']))

function range(random: Random): Argument[] {
  const shape = random.int(0, 4)
  if (shape === 0) return []
  if (shape === 1) return [index(random)]
  if (shape === 2) return [index(random), index(random)]
  return [index(random), index(random), random.pick(['BYTE', 'BIT', 'bit', 'NIBBLE'])]
}

function field(random: Random): Argument {
  if (random.chance(0.05)) return random.pick(['u64', 'i65', 'u0', 'x8', 'i', 'u-1'])
  return random.chance(0.5) ? `u${random.int(1, 63)}` : `i${random.int(1, 64)}`
}

function place(random: Random): Argument {
  if (random.chance(0.05)) return random.pick(['-1', '#x', '#-1', 'x', '#', '9223372036854775807'])
  return random.chance(0.3) ? `#${random.int(0, 6)}` : random.int(0, 150)
}

function amount(random: Random): Argument {
  if (random.chance(0.7)) return random.int(-300, 300)
  return random.pick(['9223372036854775807', '-9223372036854775808', '4611686018427387904', '1', '255', 'x', '1.5'])
}

function fieldOperation(random: Random): Argument[] {
  const kind = random.int(0, 9)
  if (kind < 3) return ['GET', field(random), place(random)]
  if (kind < 6) return ['SET', field(random), place(random), amount(random)]
  if (kind < 9) return ['incrby', field(random), place(random), amount(random)]
  return ['OVERFLOW', random.pick(['WRAP', 'sat', 'FAIL', 'BREAK'])]
}

export const bitmap: Group = {
  name: 'bitmap',
  keys: KEYS,
  makers: [
    command('SET', 4, (r, key) => [key(), value(r)]),
    command('SETBIT', 12, (r, key) => [key(), offset(r), bit(r)]),
    command('GETBIT', 6, (r, key) => [key(), offset(r)]),
    command('BITCOUNT', 8, (r, key) => [key(), ...range(r)]),
    command('BITPOS', 8, (r, key) => [key(), bit(r), ...range(r)]),
    command('BITOP', 6, (r, key) => [r.pick(['AND', 'or', 'XOR']), key(), ...several(r, 1, 4, key)]),
    command('BITOP', 3, (_, key) => ['NOT', key(), key()]),
    command('BITOP', 1, (r, key) => [r.pick(['NOT', 'NAND']), key(), key(), key()]),
    command('BITFIELD', 10, (r, key) => [key(), ...several(r, 1, 4, () => fieldOperation(r)).flat()]),
    command('BITFIELD_RO', 3, (r, key) => [key(), 'GET', field(r), place(r)]),
    command('BITFIELD_RO', 1, (r, key) => [key(), ...fieldOperation(r)]),
    command('GETRANGE', 2, (r, key) => [key(), index(r), index(r)]),
    command('DEL', 2, (_, key) => [key()]),
  ],
  look: key => [{ args: ['GET', key] }, { args: ['OBJECT', 'ENCODING', key] }, { args: ['BITCOUNT', key] }],
}
