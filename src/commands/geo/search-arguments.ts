// The arguments of the geo searches as COMMAND DOCS tells them; the commands share most of them.

import type { Argument } from '../command.ts'

export const KEY: Argument = { name: 'key', type: 'key', keySpec: 0 }
export const MEMBER: Argument = { name: 'member', type: 'string' }
export const LONGITUDE: Argument = { name: 'longitude', type: 'double' }
export const LATITUDE: Argument = { name: 'latitude', type: 'double' }
export const RADIUS: Argument = { name: 'radius', type: 'double' }

export const UNIT: Argument = {
  name: 'unit',
  type: 'oneof',
  args: [
    { name: 'm', type: 'pure-token', token: 'M' },
    { name: 'km', type: 'pure-token', token: 'KM' },
    { name: 'ft', type: 'pure-token', token: 'FT' },
    { name: 'mi', type: 'pure-token', token: 'MI' },
  ],
}

/** The centre of a GEOSEARCH. */
export const FROM: Argument = {
  name: 'from',
  type: 'oneof',
  args: [
    { name: 'member', type: 'string', token: 'FROMMEMBER' },
    { name: 'longitude_latitude', type: 'block', token: 'FROMLONLAT', args: [LONGITUDE, LATITUDE] },
  ],
}

/** The shape of a GEOSEARCH. */
export const BY: Argument = {
  name: 'by',
  type: 'oneof',
  args: [
    { name: 'circle', type: 'block', args: [{ name: 'radius', type: 'double', token: 'BYRADIUS' }, UNIT] },
    {
      name: 'box',
      type: 'block',
      args: [{ name: 'width', type: 'double', token: 'BYBOX' }, { name: 'height', type: 'double' }, UNIT],
    },
  ],
}

export const ORDER: Argument = {
  name: 'order',
  type: 'oneof',
  flags: ['optional'],
  args: [
    { name: 'asc', type: 'pure-token', token: 'ASC' },
    { name: 'desc', type: 'pure-token', token: 'DESC' },
  ],
}

const COUNT_NUMBER: Argument = { name: 'count', type: 'integer', token: 'COUNT' }
const ANY: Argument = { name: 'any', type: 'pure-token', token: 'ANY', flags: ['optional'] }

/** COUNT of commands that always had ANY. */
export const COUNT_6_2: Argument = { name: 'count', type: 'block', flags: ['optional'], args: [COUNT_NUMBER, ANY] }
/** COUNT of commands that were there before ANY. */
export const COUNT: Argument = { ...COUNT_6_2, args: [COUNT_NUMBER, { ...ANY, since: '6.2.0' }] }

export const EXTRAS: readonly Argument[] = [
  { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', flags: ['optional'] },
  { name: 'withdist', type: 'pure-token', token: 'WITHDIST', flags: ['optional'] },
  { name: 'withhash', type: 'pure-token', token: 'WITHHASH', flags: ['optional'] },
]

export const STORE: readonly Argument[] = [
  { name: 'key', type: 'key', token: 'STORE', keySpec: 1, flags: ['optional'] },
  { name: 'key', type: 'key', token: 'STOREDIST', keySpec: 2, flags: ['optional'] },
]
