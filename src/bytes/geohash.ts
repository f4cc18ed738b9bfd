// 52-bit geohashes as Redis stores positions: the score of a sorted set's member.
//
// Longitude and latitude are cut into 2^26 steps each and their bits interleaved, longitude first. Latitudes end at
// ±85.05112878 (where Web Mercator is square), so a hash is not the usual geohash; geohashText() makes that one.
// Always: the same floating-point operations in the same order as Redis, because a last bit more puts a point in another
// cell. The edges 180° and 85.05112878° lie one step beyond the grid and give hashes above 2^52, as in Redis.

export const LONGITUDE_MAX = 180
export const LATITUDE_MAX = 85.05112878
const GEOHASH_STEPS = 26
const EARTH_RADIUS = 6372797.560856
const DEGREE = Math.PI / 180
/** Half the length of the equator in the projection, in metres. */
const MERCATOR_MAX = 20037726.37

const toRadians = (degrees: number): number => degrees * DEGREE
const toDegrees = (radians: number): number => radians / DEGREE

/** Puts a zero before each of 16 bits. */
function spread(half: number): number {
  let x = half
  x = (x | (x << 8)) & 0x00ff00ff
  x = (x | (x << 4)) & 0x0f0f0f0f
  x = (x | (x << 2)) & 0x33333333
  return (x | (x << 1)) & 0x55555555
}

/** Takes every other of 32 bits, beginning with the lowest. */
function gather(word: number): number {
  let x = word & 0x55555555
  x = (x | (x >>> 1)) & 0x33333333
  x = (x | (x >>> 2)) & 0x0f0f0f0f
  x = (x | (x >>> 4)) & 0x00ff00ff
  return (x | (x >>> 8)) & 0x0000ffff
}

/** Interleaves two cell numbers, the column's bits above the row's. Above 2^53 it is rounded as a score would be. */
function interleave(column: number, row: number): number {
  const low = spread(row & 0xffff) | (spread(column & 0xffff) << 1)
  const high = spread(row >>> 16) | (spread(column >>> 16) << 1)
  return (high >>> 0) * 2 ** 32 + (low >>> 0)
}

function cellNumber(value: number, limit: number, steps: number): number {
  return Math.floor(((value + limit) / (limit + limit)) * 2 ** steps)
}

/** The hash of a position: longitude within ±180, latitude within ±85.05112878. */
export function geohashEncode(longitude: number, latitude: number): number {
  return interleave(
    cellNumber(longitude, LONGITUDE_MAX, GEOHASH_STEPS),
    cellNumber(latitude, LATITUDE_MAX, GEOHASH_STEPS),
  )
}

function cellEdge(cell: number, limit: number, steps: number): number {
  return -limit + (cell / 2 ** steps) * (limit + limit)
}

function cellMiddle(cell: number, limit: number): number {
  const middle = (cellEdge(cell, limit, GEOHASH_STEPS) + cellEdge(cell + 1, limit, GEOHASH_STEPS)) / 2
  return middle > limit ? limit : middle < -limit ? -limit : middle
}

// A score that is no geohash is read as C on x86 casts it to an unsigned integer of 64 bits: negative ones wrap round,
// and what no such integer holds becomes 2^63 below and 0 above.

function scoreLow(score: number): number {
  if (score < -(2 ** 63) || score >= 2 ** 64) return 0
  return Math.trunc(score) >>> 0
}

function scoreHigh(score: number): number {
  if (score < -(2 ** 63)) return 0x80000000
  return score >= 2 ** 64 ? 0 : Math.floor(Math.trunc(score) / 2 ** 32) >>> 0
}

/** The longitude that a score stands for: the middle of its cell. */
export function geohashLongitude(score: number): number {
  const column = (gather(scoreLow(score) >>> 1) | (gather(scoreHigh(score) >>> 1) << 16)) >>> 0
  return cellMiddle(column, LONGITUDE_MAX)
}

/** The latitude that a score stands for. */
export function geohashLatitude(score: number): number {
  const row = (gather(scoreLow(score)) | (gather(scoreHigh(score)) << 16)) >>> 0
  return cellMiddle(row, LATITUDE_MAX)
}

const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz'

/** The usual geohash of a score's position, 11 characters: the last one is always 0, for 52 bits end with the tenth. */
export function geohashText(score: number): string {
  const column = cellNumber(geohashLongitude(score), LONGITUDE_MAX, GEOHASH_STEPS)
  const row = cellNumber(geohashLatitude(score), 90, GEOHASH_STEPS)
  const hash = interleave(column, row)
  let text = ''
  for (let i = 1; i <= 10; i++) text += ALPHABET[Math.floor(hash / 2 ** (52 - i * 5)) % 32]
  return `${text}0`
}

/** Metres between two positions on a sphere, by the haversine formula. */
export function geoDistance(longitude1: number, latitude1: number, longitude2: number, latitude2: number): number {
  const v = Math.sin((toRadians(longitude2) - toRadians(longitude1)) / 2)
  if (v === 0) return latitudeDistance(latitude1, latitude2)
  const latitude1r = toRadians(latitude1)
  const latitude2r = toRadians(latitude2)
  const u = Math.sin((latitude2r - latitude1r) / 2)
  const a = u * u + Math.cos(latitude1r) * Math.cos(latitude2r) * v * v
  return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(a))
}

function latitudeDistance(latitude1: number, latitude2: number): number {
  return EARTH_RADIUS * Math.abs(toRadians(latitude2) - toRadians(latitude1))
}

/** What GEOSEARCH looks for: a circle (height 0, width its radius) or a box, in units of `unitMetres`. */
export interface GeoShape {
  readonly isBox: boolean
  readonly longitude: number
  readonly latitude: number
  /** Radius of a circle, width of a box. */
  readonly width: number
  readonly height: number
  readonly unitMetres: number
}

/** Metres from the shape's centre to a position inside it, or -1 when that is outside. */
export function geoDistanceWithin(shape: GeoShape, longitude: number, latitude: number): number {
  if (shape.isBox) {
    if (latitudeDistance(latitude, shape.latitude) > (shape.height * shape.unitMetres) / 2) return -1
    const across = geoDistance(longitude, latitude, shape.longitude, latitude)
    if (across > (shape.width * shape.unitMetres) / 2) return -1
    return geoDistance(shape.longitude, shape.latitude, longitude, latitude)
  }
  const distance = geoDistance(shape.longitude, shape.latitude, longitude, latitude)
  return distance > shape.width * shape.unitMetres ? -1 : distance
}

/** Steps of a grid whose cells are about as large as the radius. */
function stepsForRadius(radiusMetres: number, latitude: number): number {
  if (radiusMetres === 0) return GEOHASH_STEPS
  let steps = -1
  for (let reach = radiusMetres; reach < MERCATOR_MAX; reach *= 2) steps++
  // Towards the poles cells get narrower.
  if (latitude > 66 || latitude < -66) steps--
  if (latitude > 80 || latitude < -80) steps--
  return Math.min(Math.max(steps, 1), GEOHASH_STEPS)
}

/** Room for the ranges of geoSearchRanges: nine pairs. */
export const GEO_RANGES_LENGTH = 18

/**
 * Finds the cells that cover a shape. Writes pairs (score from, score up to but not including) to `ranges` and returns
 * how many; their order is the order of the replies of a search without ASC or DESC.
 */
export function geoSearchRanges(shape: GeoShape, ranges: Float64Array): number {
  const { longitude, latitude, unitMetres } = shape
  const halfWidth = unitMetres * (shape.isBox ? shape.width / 2 : shape.width)
  const halfHeight = unitMetres * (shape.isBox ? shape.height / 2 : shape.width)
  const north = latitude + toDegrees(halfHeight / EARTH_RADIUS)
  const south = latitude - toDegrees(halfHeight / EARTH_RADIUS)
  // The edge nearer to the pole spans the most degrees.
  const wideEdge = latitude < 0 ? south : north
  const longitudeDelta = toDegrees(halfWidth / EARTH_RADIUS / Math.cos(toRadians(wideEdge)))
  const west = longitude - longitudeDelta
  const east = longitude + longitudeDelta

  const radius = shape.isBox
    ? Math.sqrt((shape.width / 2) * (shape.width / 2) + (shape.height / 2) * (shape.height / 2))
    : shape.width
  let steps = stepsForRadius(radius * unitMetres, latitude)
  let column = cellNumber(longitude, LONGITUDE_MAX, steps)
  let row = cellNumber(latitude, LATITUDE_MAX, steps)
  // Nine cells must reach as far as the shape does; near a cell's edge they may not, and cells twice as large are taken.
  const last = 2 ** steps - 1
  const isTooSmall =
    cellEdge(((row + 1) & last) + 1, LATITUDE_MAX, steps) < north ||
    cellEdge((row - 1) & last, LATITUDE_MAX, steps) > south ||
    cellEdge(((column + 1) & last) + 1, LONGITUDE_MAX, steps) < east ||
    cellEdge((column - 1) & last, LONGITUDE_MAX, steps) > west
  if (steps > 1 && isTooSmall) {
    steps--
    column = cellNumber(longitude, LONGITUDE_MAX, steps)
    row = cellNumber(latitude, LATITUDE_MAX, steps)
  }

  // Leave out the neighbours on a side where the centre's own cell reaches beyond the shape.
  const skips = steps >= 2
  const skipSouth = skips && cellEdge(row, LATITUDE_MAX, steps) < south
  const skipNorth = skips && cellEdge(row + 1, LATITUDE_MAX, steps) > north
  const skipWest = skips && cellEdge(column, LONGITUDE_MAX, steps) < west
  const skipEast = skips && cellEdge(column + 1, LONGITUDE_MAX, steps) > east

  const mask = 2 ** steps - 1
  const scale = 4 ** (GEOHASH_STEPS - steps)
  let count = 0
  let previous = -1
  for (let i = 0; i < NEIGHBOURS.length; i += 2) {
    const right = NEIGHBOURS[i]
    const up = NEIGHBOURS[i + 1]
    if ((right > 0 && skipEast) || (right < 0 && skipWest) || (up > 0 && skipNorth) || (up < 0 && skipSouth)) continue
    const hash = interleave(right === 0 ? column : (column + right) & mask, up === 0 ? row : (row + up) & mask)
    // A huge shape wraps round, so neighbours may be one cell. Redis compares with the last one, but never with the centre.
    if (hash === previous) continue
    if (count > 0) previous = hash
    ranges[2 * count] = hash * scale
    ranges[2 * count + 1] = (hash + 1) * scale
    count++
  }
  return count
}

/** Columns and rows from the centre, in the order that Redis searches: centre, N, S, E, W, NE, NW, SE, SW. */
const NEIGHBOURS = [0, 0, 0, 1, 0, -1, 1, 0, -1, 0, 1, 1, -1, 1, 1, -1, -1, -1]
