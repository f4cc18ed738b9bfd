import { expect, test } from 'vitest'
import {
  GEO_RANGES_LENGTH,
  geoDistance,
  geoDistanceWithin,
  geohashEncode,
  geohashLatitude,
  geohashLongitude,
  geohashText,
  geoSearchRanges,
} from '../../src/bytes/geohash.ts'

// The two towns of Redis's documentation, and what redis-server replies for them.
const PALERMO = geohashEncode(13.361389, 38.115556)
const CATANIA = geohashEncode(15.087269, 37.502669)

test('positions have the scores, coordinates and geohashes of Redis', () => {
  expect(PALERMO).toBe(3479099956230698)
  expect(CATANIA).toBe(3479447370796909)
  expect([geohashLongitude(PALERMO), geohashLatitude(PALERMO)]).toEqual([13.361389338970184, 38.1155563954963])
  expect([geohashText(PALERMO), geohashText(CATANIA)]).toEqual(['sqc8b49rny0', 'sqdtr74hyu0'])
})

test('the distance is the one GEODIST gives', () => {
  const distance = geoDistance(
    geohashLongitude(PALERMO),
    geohashLatitude(PALERMO),
    geohashLongitude(CATANIA),
    geohashLatitude(CATANIA),
  )
  expect(distance.toFixed(4)).toBe('166274.1516')
  expect(geoDistance(5, 10, 5, 11)).toBeCloseTo(111226.3, 1)
})

test('the corners of the map lie beyond the grid by one step, and come back inside', () => {
  const corner = geohashEncode(180, 85.05112878)
  expect(corner).toBe(2 ** 52 + 2 ** 53)
  expect([geohashLongitude(corner), geohashLatitude(corner)]).toEqual([180, 85.05112878])
  expect(geohashEncode(-180, -85.05112878)).toBe(0)
})

test('a search for a small circle looks at up to nine cells round its centre, the centre first', () => {
  const shape = { isBox: false, longitude: 15, latitude: 37, width: 200, height: 0, unitMetres: 1000 }
  const ranges = new Float64Array(GEO_RANGES_LENGTH)
  const count = geoSearchRanges(shape, ranges)
  expect(count).toBeGreaterThan(1)
  expect(count).toBeLessThanOrEqual(9)
  const centre = geohashEncode(15, 37)
  expect(ranges[0] <= centre && centre < ranges[1]).toBe(true)
  const sizes = Array.from({ length: count }, (_, i) => ranges[2 * i + 1] - ranges[2 * i])
  expect(new Set(sizes).size).toBe(1)
  const holds = (score: number): boolean => sizes.some((_, i) => ranges[2 * i] <= score && score < ranges[2 * i + 1])
  expect(holds(PALERMO) && holds(CATANIA)).toBe(true)
})

test('inside and outside are told by distance for circles, by sides for boxes', () => {
  const circle = { isBox: false, longitude: 0, latitude: 0, width: 100, height: 0, unitMetres: 1000 }
  expect(geoDistanceWithin(circle, 0.5, 0.5)).toBeCloseTo(geoDistance(0, 0, 0.5, 0.5), 6)
  expect(geoDistanceWithin(circle, 0.8, 0.8)).toBe(-1)
  const box = { isBox: true, longitude: 0, latitude: 0, width: 200, height: 20, unitMetres: 1000 }
  expect(geoDistanceWithin(box, 0.8, 0.05)).toBeGreaterThan(0)
  expect(geoDistanceWithin(box, 0.8, 0.1)).toBe(-1)
  expect(geoDistanceWithin(box, 1, 0)).toBe(-1)
})
