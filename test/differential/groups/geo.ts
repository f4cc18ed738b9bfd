// Geo sets: positions all over the earth, many of them close together, and searches of every size.

import type { Argument } from '../../support/client.ts'
import type { Random } from '../../support/random.ts'
import { command, type Group, KEYS } from '../sequence.ts'
import { several, value } from './values.ts'

const UNITS = ['m', 'km', 'KM', 'ft', 'mi']
const EDGES = ['180', '-180', '85.05112878', '-85.05112878', '0', '-0', '181', '-86', 'x', 'nan', 'inf', '1e-300']

/** Positions with many digits, so that no two members are equally far from anywhere: Redis leaves their order open. */
const near = (random: Random, middle: number): Argument => (middle + (random.fraction() - 0.5) / 10).toString()
const longitude = (random: Random): Argument =>
  random.chance(0.5) ? near(random, 13.4) : random.chance(0.95) ? (random.fraction() - 0.5) * 360 : random.pick(EDGES)
const latitude = (random: Random): Argument =>
  random.chance(0.5) ? near(random, 52.5) : random.chance(0.95) ? (random.fraction() - 0.5) * 170 : random.pick(EDGES)
const member = (random: Random): Argument => (random.chance(0.97) ? `p${random.int(0, 40)}` : value(random))
const unit = (random: Random): Argument => (random.chance(0.97) ? random.pick(UNITS) : random.pick(['', 'x', 'miles']))

function distance(random: Random): Argument {
  if (random.chance(0.05)) return random.pick([0, -1, 'x', '1e7', '1e300'])
  return random.fraction() * random.pick([1, 10, 100, 1000, 10_000, 1_000_000])
}

function circle(random: Random): Argument[] {
  return [distance(random), unit(random)]
}

const centre = (random: Random): Argument[] =>
  random.chance(0.5) ? ['FROMMEMBER', member(random)] : ['FROMLONLAT', longitude(random), latitude(random)]
const shape = (random: Random): Argument[] =>
  random.chance(0.5) ? ['BYRADIUS', ...circle(random)] : ['BYBOX', distance(random), ...circle(random)]

function order(random: Random): Argument[] {
  const options: Argument[] = random.chance(0.5) ? [random.pick(['ASC', 'DESC'])] : []
  if (random.chance(0.3)) options.push('COUNT', random.pick([1, 2, 5, 100, 0, 'x']))
  if (random.chance(0.2)) options.push('ANY')
  return options
}

function extras(random: Random): Argument[] {
  return random.chance(0.4) ? several(random, 1, 3, () => random.pick(['WITHDIST', 'WITHCOORD', 'WITHHASH'])) : []
}

function store(random: Random, key: () => string): Argument[] {
  return random.chance(0.3) ? [random.pick(['STORE', 'STOREDIST']), key()] : []
}

const points = (random: Random, high: number): Argument[] =>
  several(random, 1, high, () => [longitude(random), latitude(random), member(random)]).flat()

export const geo: Group = {
  name: 'geo',
  keys: KEYS,
  makers: [
    command('GEOADD', 20, (r, key) => [
      key(),
      ...(r.chance(0.3) ? several(r, 1, 2, () => r.pick(['NX', 'XX', 'ch'])) : []),
      ...points(r, r.chance(0.9) ? 6 : 80),
    ]),
    command('GEOPOS', 4, (r, key) => [key(), ...several(r, 0, 4, () => member(r))]),
    command('GEOHASH', 4, (r, key) => [key(), ...several(r, 0, 4, () => member(r))]),
    command('GEODIST', 4, (r, key) => [key(), member(r), member(r), ...(r.chance(0.5) ? [unit(r)] : [])]),
    command('GEOSEARCH', 12, (r, key) => [key(), ...centre(r), ...shape(r), ...order(r), ...extras(r)]),
    command('GEOSEARCHSTORE', 6, (r, key) => [
      key(),
      key(),
      ...centre(r),
      ...shape(r),
      ...order(r),
      ...(r.chance(0.3) ? ['STOREDIST'] : []),
    ]),
    command('GEORADIUS', 6, (r, key) => [
      key(),
      longitude(r),
      latitude(r),
      ...circle(r),
      ...extras(r),
      ...order(r),
      ...store(r, key),
    ]),
    command('GEORADIUS_RO', 4, (r, key) => [key(), longitude(r), latitude(r), ...circle(r), ...extras(r), ...order(r)]),
    command('GEORADIUSBYMEMBER', 6, (r, key) => [
      key(),
      member(r),
      ...circle(r),
      ...extras(r),
      ...order(r),
      ...store(r, key),
    ]),
    command('GEORADIUSBYMEMBER_RO', 4, (r, key) => [key(), member(r), ...circle(r), ...extras(r), ...order(r)]),
    command('ZREM', 3, (r, key) => [key(), member(r)]),
    command('ZADD', 1, (r, key) => [key(), r.pick([-1, '1e16', 'inf', 12345, 0.5]), member(r)]),
    command('SET', 1, (r, key) => [key(), value(r)]),
    command('DEL', 2, (_, key) => [key()]),
  ],
  look: key => [
    { args: ['TYPE', key] },
    // Without scores: STOREDIST's differ in the last bit, for V8's sines are not the C library's.
    { args: ['ZRANGE', key, 0, -1] },
    { args: ['OBJECT', 'ENCODING', key] },
  ],
}
