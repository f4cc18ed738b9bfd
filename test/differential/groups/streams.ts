// Streams: ids on the edges of their halves, small nodes, tombstones, trimming; consumer groups and what they keep.

import type { Argument } from '../../support/client.ts'
import type { Random } from '../../support/random.ts'
import { command, type Group, KEYS } from '../sequence.ts'
import { several, value } from './values.ts'

/** Few streams, so that each gets a history. */
const STREAM_KEYS = KEYS.slice(0, 4)
const GROUPS = ['g1', 'g2', 'grupo']
const CONSUMERS = ['alice', 'bob', 'carol', 'al']

const EDGES = [
  '0-0',
  '0-1',
  '18446744073709551615-18446744073709551615',
  '18446744073709551615-18446744073709551614',
  '18446744073709551614-18446744073709551615',
  '18446744073709551615',
  '9007199254740993-1',
  '1-18446744073709551615',
  '4294967296-4294967295',
]
const NO_IDS = ['x', '1-', '-1', '1-x', '1-2-3', '', '18446744073709551616', '1--1', '$', '>', '-', '+', '(1', '01-01']

function id(random: Random): string {
  const kind = random.fraction()
  if (kind < 0.9) return random.chance(0.2) ? `${random.int(0, 40)}` : `${random.int(0, 40)}-${random.int(0, 4)}`
  return kind < 0.95 ? random.pick(EDGES) : random.pick(NO_IDS)
}

/** Ids for XADD, never the clock's: mostly rising over a sequence, since an id below the last is refused. */
function newId(random: Random): string {
  const kind = random.fraction()
  if (kind < 0.99) return `${random.int(0, 60)}-${random.pick(['*', '*', '0', '1', '2', '3'])}`
  return kind < 0.997 ? random.pick(NO_IDS) : random.pick(EDGES)
}

function bound(random: Random): string {
  const kind = random.fraction()
  if (kind < 0.3) return random.pick(['-', '+'])
  return kind < 0.4 ? `(${id(random)}` : id(random)
}

const count = (random: Random): Argument[] =>
  random.chance(0.4) ? ['COUNT', random.chance(0.9) ? random.int(0, 5) : random.pick(['-1', 'x', '100'])] : []

function trimming(random: Random): Argument[] {
  const strategy = random.chance(0.5) ? ['MAXLEN', random.int(0, 12)] : ['MINID', id(random)]
  const operator = random.pick([[], ['='], ['~']])
  const limit = random.chance(0.3) ? ['LIMIT', random.pick(['0', '5', '30', '-1', 'x'])] : []
  return [strategy[0], ...operator, strategy[1], ...limit]
}

function pairs(random: Random): Argument[] {
  const kind = random.fraction()
  // Mostly the same fields, so that they are stored once.
  if (kind < 0.6) return ['field', value(random), 'other', random.int(-5000, 5000)]
  if (kind < 0.7) return ['field', value(random)]
  if (kind < 0.75) return ['long', 'x'.repeat(random.pick([63, 64, 200, 4095, 4096]))]
  return several(random, 1, 6, () => value(random))
}

const group = (random: Random): string => random.pick(GROUPS)
const consumer = (random: Random): string => random.pick(CONSUMERS)

function streams(random: Random, key: () => string, ids: () => string): Argument[] {
  const n = random.weighted([
    { weight: 8, n: 1 },
    { weight: 2, n: 2 },
    { weight: 1, n: 3 },
  ]).n
  return ['STREAMS', ...several(random, n, n, key), ...several(random, n, n, ids)]
}

function claimOptions(random: Random): Argument[] {
  const options: Argument[] = []
  if (random.chance(0.3)) options.push('FORCE')
  if (random.chance(0.3)) options.push('JUSTID')
  if (random.chance(0.2)) options.push('IDLE', random.pick(['0', '1000', 'x']))
  if (random.chance(0.3)) options.push('RETRYCOUNT', random.pick(['0', '5', '-1', 'x']))
  if (random.chance(0.2)) options.push('LASTID', id(random))
  if (random.chance(0.05)) options.push('TIME', random.pick(['0', '99999999999999', 'x']))
  if (random.chance(0.03)) options.push('NOPE')
  return options
}

export const streamGroup: Group = {
  name: 'streams',
  keys: STREAM_KEYS,
  makers: [
    command('XADD', 40, (r, key) => [key(), newId(r), ...pairs(r)]),
    command('XADD', 6, (r, key) => [
      key(),
      ...(r.chance(0.3) ? ['NOMKSTREAM'] : []),
      ...trimming(r),
      newId(r),
      ...pairs(r),
    ]),
    command('XLEN', 3, (_, key) => [key()]),
    command('XRANGE', 6, (r, key) => [key(), bound(r), bound(r), ...count(r)]),
    command('XREVRANGE', 6, (r, key) => [key(), bound(r), bound(r), ...count(r)]),
    command('XDEL', 8, (r, key) => [key(), ...several(r, 1, 5, () => id(r))]),
    command('XTRIM', 4, (r, key) => [key(), ...trimming(r)]),
    command('XSETID', 2, (r, key) => [
      key(),
      id(r),
      ...(r.chance(0.3) ? ['ENTRIESADDED', r.pick(['0', '10', '100', '-1', 'x'])] : []),
      ...(r.chance(0.3) ? ['MAXDELETEDID', id(r)] : []),
    ]),
    command('XREAD', 5, (r, key) => [...count(r), ...streams(r, key, () => (r.chance(0.1) ? '$' : id(r)))]),
    command('XGROUP CREATE', 6, (r, key) => [
      key(),
      group(r),
      r.chance(0.3) ? '$' : r.chance(0.4) ? '0' : id(r),
      ...(r.chance(0.3) ? ['MKSTREAM'] : []),
      ...(r.chance(0.2) ? ['ENTRIESREAD', r.pick(['0', '3', '-1', '-2', 'x'])] : []),
    ]),
    command('XGROUP SETID', 2, (r, key) => [
      key(),
      group(r),
      r.chance(0.3) ? '$' : id(r),
      ...(r.chance(0.3) ? ['ENTRIESREAD', r.pick(['0', '3', '-1', 'x'])] : []),
    ]),
    command('XGROUP DESTROY', 1, (r, key) => [key(), group(r)]),
    command('XGROUP CREATECONSUMER', 2, (r, key) => [key(), group(r), consumer(r)]),
    command('XGROUP DELCONSUMER', 2, (r, key) => [key(), group(r), consumer(r)]),
    command('XREADGROUP', 20, (r, key) => [
      'GROUP',
      group(r),
      consumer(r),
      ...count(r),
      ...(r.chance(0.15) ? ['NOACK'] : []),
      ...streams(r, key, () => (r.chance(0.75) ? '>' : id(r))),
    ]),
    command('XACK', 6, (r, key) => [key(), group(r), ...several(r, 1, 5, () => id(r))]),
    command('XPENDING', 4, (r, key) => [key(), group(r)]),
    command('XPENDING', 4, (r, key) => [key(), group(r), 'IDLE', '9999999', bound(r), bound(r), r.int(0, 9)]),
    command(
      'XPENDING',
      6,
      (r, key) => [key(), group(r), bound(r), bound(r), r.int(0, 9), ...(r.chance(0.4) ? [consumer(r)] : [])],
      'type',
    ),
    command('XCLAIM', 8, (r, key) => [
      key(),
      group(r),
      consumer(r),
      r.pick(['0', '0', '0', '99999', '-5', 'x']),
      ...several(r, 1, 4, () => id(r)),
      ...claimOptions(r),
    ]),
    command('XAUTOCLAIM', 5, (r, key) => [
      key(),
      group(r),
      consumer(r),
      r.pick(['0', '0', '0', '99999', 'x']),
      bound(r),
      ...(r.chance(0.5) ? ['COUNT', r.pick(['1', '2', '5', '0', 'x'])] : []),
      ...(r.chance(0.3) ? ['JUSTID'] : []),
    ]),
    command('XINFO STREAM', 3, (_, key) => [key()]),
    command('XINFO GROUPS', 4, (_, key) => [key()]),
    command('XINFO CONSUMERS', 2, (r, key) => [key(), group(r)], 'type'),
    command('XINFO STREAM', 1, (r, key) => [key(), 'FULL', ...count(r)], 'type'),
    command('COPY', 1, (_, key) => [key(), key(), 'REPLACE']),
    command('SET', 0.3, (r, key) => [key(), value(r)]),
    command('DEL', 1, (_, key) => [key()]),
  ],
  look: key => [
    { args: ['XRANGE', key, '-', '+'] },
    { args: ['XINFO', 'STREAM', key] },
    { args: ['XINFO', 'GROUPS', key] },
    ...GROUPS.map(name => ({ args: ['XPENDING', key, name] })),
    { args: ['OBJECT', 'ENCODING', key] },
  ],
}
