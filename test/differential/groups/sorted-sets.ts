// Sorted sets: scores of every kind, small and large sets, and sets of one score, whose members are a range themselves.

import type { Argument } from '../../support/client.ts'
import type { Random } from '../../support/random.ts'
import { command, type Group, KEYS, type Maker } from '../sequence.ts'
import { float, several, value } from './values.ts'

const BOUNDS = ['-inf', '+inf', 'inf', '(1', '(-inf', '(3', '', '(', ' 1', 'x', '0x10', '1e400', '(1.5', 'nan']

/** A few small ones, so that scores meet; at times an extreme one or none at all. */
function score(random: Random): Argument {
  if (random.chance(0.6)) return random.int(-3, 12)
  if (random.chance(0.3)) return random.int(-300, 70000)
  return random.chance(0.9) ? float(random) : random.pick(['inf', '-inf', '-0', '0', '1e308', 'nan', 'x'])
}

const member = (random: Random): Argument => (random.chance(0.93) ? `m${random.int(0, 30)}` : value(random))

/** Now and then so many that a listpack outgrows its limit. */
function pairs(random: Random): Argument[] {
  if (random.chance(0.96)) return several(random, 1, 5, () => [score(random), member(random)]).flat()
  const first = random.int(0, 300)
  const count = random.pick([100, 127, 128, 129, 200])
  return Array.from({ length: count }, (_, i) => [random.int(0, 20), `n${first + i}`]).flat()
}

const scoreBound = (random: Random): Argument =>
  random.chance(0.5) ? random.int(-3, 12) : random.chance(0.7) ? score(random) : random.pick(BOUNDS)
const rank = (random: Random): Argument =>
  random.chance(0.9)
    ? random.int(-12, 14)
    : random.pick([-200, 200, '9223372036854775807', '-9223372036854775808', 'x'])
const limit = (random: Random): Argument[] =>
  random.chance(0.5) ? [] : ['LIMIT', random.pick([0, 1, 2, 5, -1, 'x']), random.pick([-1, 0, 1, 3, 10, -5, 'x'])]
const withScores = (random: Random): Argument[] => (random.chance(0.5) ? ['WITHSCORES'] : [])
const putOptions = (random: Random): Argument[] =>
  random.chance(0.5) ? [] : several(random, 1, 2, () => random.pick(['NX', 'XX', 'GT', 'LT', 'CH', 'incr']))
const popCount = (random: Random): Argument[] => (random.chance(0.5) ? [] : [random.pick([0, 1, 2, 3, 100, -1, 'x'])])

const lexBound = (random: Random): Argument =>
  random.chance(0.15) ? random.pick(['-', '+']) : random.pick(['[', '(']) + lexMember(random)
const lexMember = (random: Random): string =>
  random.pick(['', 'a', 'aa', 'ab', 'b', 'c', 'ca', 'd', '\xff']) + (random.chance(0.5) ? random.int(0, 20) : '')
const wrongLexBound = (random: Random): Argument =>
  random.chance(0.97) ? lexBound(random) : random.pick(['a', '', '++', '-x', '1'])

function sources(random: Random, key: () => string): Argument[] {
  const keys = several(random, 1, 3, key)
  return [random.chance(0.97) ? keys.length : random.pick([0, 4, -1, 'x']), ...keys]
}

function algebraOptions(random: Random, count: number): Argument[] {
  const options: Argument[] = []
  if (random.chance(0.4))
    options.push('WEIGHTS', ...several(random, count, count, () => random.pick([1, 2, -1, 0, 0.5, 'inf'])))
  if (random.chance(0.4)) options.push('AGGREGATE', random.pick(['SUM', 'MIN', 'MAX', 'max', 'X']))
  return options
}

function algebra(random: Random, key: () => string): Argument[] {
  const from = sources(random, key)
  return [...from, ...algebraOptions(random, from.length - 1)]
}

function rangeBy(random: Random): Argument[] {
  if (random.chance(0.5)) return [rank(random), rank(random), ...(random.chance(0.3) ? ['REV'] : [])]
  return [scoreBound(random), scoreBound(random), 'BYSCORE', ...(random.chance(0.4) ? ['REV'] : []), ...limit(random)]
}

const look: Group['look'] = key => [
  { args: ['TYPE', key] },
  { args: ['OBJECT', 'ENCODING', key] },
  { args: ['ZCARD', key] },
  { args: ['ZRANGE', key, 0, -1, 'WITHSCORES'] },
  { args: ['ZREVRANGE', key, 0, -1] },
  { args: ['TTL', key], compare: { near: 5 } },
]

const COMMON: readonly Maker[] = [
  command('ZREM', 6, (r, key) => [key(), ...several(r, 1, 4, () => member(r))]),
  command('ZCARD', 2, (_, key) => [key()]),
  command('ZPOPMIN', 3, (r, key) => [key(), ...popCount(r)]),
  command('ZPOPMAX', 3, (r, key) => [key(), ...popCount(r)]),
  command('DEL', 1, (_, key) => [key()]),
]

export const sortedSets: Group = {
  name: 'sorted-sets',
  keys: KEYS,
  makers: [
    ...COMMON,
    command('ZADD', 30, (r, key) => [key(), ...putOptions(r), ...pairs(r)]),
    command('ZINCRBY', 6, (r, key) => [key(), score(r), member(r)]),
    command('ZSCORE', 3, (r, key) => [key(), member(r)]),
    command('ZMSCORE', 3, (r, key) => [key(), ...several(r, 1, 4, () => member(r))]),
    // Whole, for redis-server 7.0 knows no WITHSCORE: with one argument more it refuses to queue what skep queues.
    { ...command('ZRANK', 4, (r, key) => [key(), member(r)]), whole: true },
    { ...command('ZREVRANK', 4, (r, key) => [key(), member(r)]), whole: true },
    command('ZCOUNT', 4, (r, key) => [key(), scoreBound(r), scoreBound(r)]),
    command('ZRANGE', 8, (r, key) => [key(), ...rangeBy(r), ...withScores(r)]),
    command('ZREVRANGE', 4, (r, key) => [key(), rank(r), rank(r), ...withScores(r)]),
    command('ZRANGEBYSCORE', 5, (r, key) => [key(), scoreBound(r), scoreBound(r), ...withScores(r), ...limit(r)]),
    command('ZREVRANGEBYSCORE', 5, (r, key) => [key(), scoreBound(r), scoreBound(r), ...limit(r), ...withScores(r)]),
    command('ZRANGESTORE', 4, (r, key) => [key(), key(), ...rangeBy(r)]),
    command('ZREMRANGEBYRANK', 3, (r, key) => [key(), rank(r), rank(r)]),
    command('ZREMRANGEBYSCORE', 3, (r, key) => [key(), scoreBound(r), scoreBound(r)]),
    command('ZMPOP', 4, (r, key) => [
      ...sources(r, key),
      r.pick(['MIN', 'max', 'X']),
      ...(r.chance(0.4) ? ['COUNT', r.pick([1, 2, 50, 0])] : []),
    ]),
    command('ZRANDMEMBER', 2, (_, key) => [key()], 'type'),
    command('ZRANDMEMBER', 3, (r, key) => [key(), r.pick([0, 1, 5, -3, 100, 'x']), ...withScores(r)], 'type'),
    command('ZRANDMEMBER', 2, (r, key) => [key(), 100_000, ...withScores(r)], 'type'),
    command('ZSCAN', 3, (_, key) => [key(), 0, 'COUNT', 100_000], 'pairs'),
    command('ZSCAN', 2, (r, key) => [key(), 0, 'MATCH', r.pick(['m1*', '*', 'n?']), 'COUNT', 100_000], 'pairs'),
    command('ZUNION', 4, (r, key) => [...algebra(r, key), ...withScores(r)]),
    command('ZINTER', 4, (r, key) => [...algebra(r, key), ...withScores(r)]),
    command('ZDIFF', 4, (r, key) => [...sources(r, key), ...withScores(r)]),
    command('ZUNIONSTORE', 4, (r, key) => [key(), ...algebra(r, key)]),
    command('ZINTERSTORE', 4, (r, key) => [key(), ...algebra(r, key)]),
    command('ZDIFFSTORE', 3, (r, key) => [key(), ...sources(r, key)]),
    command('ZINTERCARD', 3, (r, key) => [
      ...sources(r, key),
      ...(r.chance(0.4) ? ['LIMIT', r.pick([0, 1, 3, -1, 'x'])] : []),
    ]),
    command('SADD', 4, (r, key) => [key(), ...several(r, 1, 6, () => member(r))]),
    command('SET', 1, (r, key) => [key(), value(r)]),
    command('OBJECT ENCODING', 3, (_, key) => [key()]),
  ],
  look,
}

/** Ranges of members mean something only where all scores are the same. */
export const lexSets: Group = {
  name: 'lex-sets',
  keys: KEYS,
  makers: [
    ...COMMON,
    // Whole, or a score might differ from the others': ranges by member mean nothing then.
    { ...command('ZADD', 20, (r, key) => [key(), ...several(r, 1, 6, () => [0, lexMember(r)]).flat()]), whole: true },
    {
      ...command('ZADD', 1, (r, key) => [
        key(),
        ...several(r, 150, 200, () => [0, `${lexMember(r)}${r.int(0, 99)}`]).flat(),
      ]),
      whole: true,
    },
    command('ZLEXCOUNT', 5, (r, key) => [key(), wrongLexBound(r), wrongLexBound(r)]),
    command('ZRANGEBYLEX', 6, (r, key) => [key(), wrongLexBound(r), wrongLexBound(r), ...limit(r)]),
    command('ZREVRANGEBYLEX', 6, (r, key) => [key(), wrongLexBound(r), wrongLexBound(r), ...limit(r)]),
    command('ZRANGE', 4, (r, key) => [
      key(),
      lexBound(r),
      lexBound(r),
      'BYLEX',
      ...limit(r),
      ...(r.chance(0.4) ? ['REV'] : []),
    ]),
    command('ZRANGESTORE', 4, (r, key) => [key(), key(), lexBound(r), lexBound(r), 'BYLEX', ...limit(r)]),
    command('ZREMRANGEBYLEX', 3, (r, key) => [key(), wrongLexBound(r), wrongLexBound(r)]),
    command('ZREMRANGEBYRANK', 2, (r, key) => [key(), rank(r), rank(r)]),
  ],
  look,
}
