// Commands on positions: what a comparison of replies would not show, and distances, whose last bits differ by platform.

import { expect, test } from 'vitest'
import { SETTING } from '../../../src/config/settings.ts'
import { NOTIFY } from '../../../src/store/engine.ts'
import { errorReply } from '../../support/frame.ts'
import { testKeyspace } from '../../support/keyspace.ts'

const SICILY = [13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania'] as const

test('GEOADD is passed on as a ZADD of geohashes, and is one to subscribers', () => {
  const k = testKeyspace()
  k.engine.settings[SETTING.notifyKeyspaceEvents] = NOTIFY.ZSET
  expect(k.call('GEOADD', 'g', 'CH', ...SICILY)).toBe(2)
  expect(k.effects()).toEqual(['zadd g CH 3479099956230698 Palermo 3479447370796909 Catania'])
  expect(k.engine.notices.map(({ event }) => event)).toEqual(['zadd'])
  k.call('GEOADD', 'g', ...SICILY)
  expect(k.effects()).toEqual([])
})

test('GEOADD adds none of its members when one position is off the earth', () => {
  const k = testKeyspace()
  const error = errorReply('ERR invalid longitude,latitude pair 181.000000,2.000000')
  expect(k.call('GEOADD', 'g', 1, 2, 'a', 181, 2, 'b')).toEqual(error)
  expect(k.call('EXISTS', 'g')).toBe(0)
})

test('GEOSEARCHSTORE STOREDIST scores by distance in the unit asked for', () => {
  const k = testKeyspace(3)
  k.engine.settings[SETTING.notifyKeyspaceEvents] = NOTIFY.ZSET
  k.call('GEOADD', 'g', ...SICILY)
  const search = ['FROMLONLAT', 15, 37, 'BYRADIUS', 200, 'km', 'STOREDIST'] as const
  expect(k.call('GEOSEARCHSTORE', 'd', 'g', ...search)).toBe(2)
  expect(k.engine.dirty).toBe(2)
  expect(k.engine.notices.map(({ event }) => event)).toEqual(['geosearchstore'])
  const [near, nearBy, far, farBy] = k.call('ZRANGE', 'd', 0, -1, 'WITHSCORES') as string[]
  expect([near, far]).toEqual(['Catania', 'Palermo'])
  expect(Number(nearBy)).toBeCloseTo(56.4412578701582, 9)
  expect(Number(farBy)).toBeCloseTo(190.44242984775784, 9)
})

test('GEORADIUS STORE of nothing deletes what was there', () => {
  const k = testKeyspace(2)
  k.call('GEOADD', 'g', ...SICILY)
  k.call('SET', 'd', 'x')
  expect(k.call('GEORADIUS', 'g', 0, 0, 1, 'm', 'STORE', 'd')).toBe(0)
  expect(k.call('EXISTS', 'd')).toBe(0)
})

test('a search of a large set finds what a look at every member finds', () => {
  const k = testKeyspace()
  const members: { name: string; metres: number }[] = []
  for (let i = 0; i < 3000; i++) {
    const [longitude, latitude] = [10 + ((i * 7919) % 3000) / 1000, 50 + ((i * 104729) % 3000) / 1000]
    k.call('GEOADD', 'g', longitude, latitude, `m${i}`)
  }
  k.call('GEOADD', 'g', 11.5, 51.5, 'centre')
  for (let i = 0; i < 3000; i++) {
    members.push({ name: `m${i}`, metres: Number(k.call('GEODIST', 'g', 'centre', `m${i}`)) })
  }
  for (const radius of [500, 5_000, 60_000, 400_000]) {
    const expected = members.filter(({ metres }) => metres <= radius).map(({ name }) => name)
    const found = k.call('GEOSEARCH', 'g', 'FROMMEMBER', 'centre', 'BYRADIUS', radius, 'm') as string[]
    expect(found.filter(name => name !== 'centre').toSorted()).toEqual(expected.toSorted())
  }
})
