// What commands on geo sets have in common: reading positions, units and distances, writing coordinates.

import { formatFixed, formatHumanDouble } from '../../bytes/doubles.ts'
import { geohashLatitude, geohashLongitude, LATITUDE_MAX, LONGITUDE_MAX } from '../../bytes/geohash.ts'
import { NOT_A_FLOAT } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'

export const UNKNOWN_UNIT = 'ERR unsupported unit provided. please use M, KM, FT, MI'

/** Metres in the unit that argument `i` names, NaN if it names none. */
export function unitMetres(req: Request, i: number): number {
  if (req.is(i, 'M')) return 1
  if (req.is(i, 'KM')) return 1000
  if (req.is(i, 'FT')) return 0.3048
  return req.is(i, 'MI') ? 1609.34 : Number.NaN
}

/** What readPosition read. */
export const position = { longitude: 0, latitude: 0 }

/** Reads longitude and latitude from argument `i` and the next. Returns the error's text if they are wrong. */
export function readPosition(req: Request, i: number): string | undefined {
  const longitude = req.double(i)
  const latitude = req.double(i + 1)
  if (Number.isNaN(longitude) || Number.isNaN(latitude)) return NOT_A_FLOAT
  if (Math.abs(longitude) > LONGITUDE_MAX || Math.abs(latitude) > LATITUDE_MAX) {
    return `ERR invalid longitude,latitude pair ${sixDecimals(longitude)},${sixDecimals(latitude)}`
  }
  position.longitude = longitude
  position.latitude = latitude
  return undefined
}

function sixDecimals(value: number): string {
  if (Number.isFinite(value)) return formatFixed(value, 6)
  return value > 0 ? 'inf' : '-inf'
}

/** The position that a score stands for, as two numbers. */
export function replyPosition(reply: Reply, score: number): void {
  reply.array(2)
  replyCoordinate(reply, geohashLongitude(score))
  replyCoordinate(reply, geohashLatitude(score))
}

function replyCoordinate(reply: Reply, degrees: number): void {
  const text = formatHumanDouble(degrees)
  if (reply.resp === 3) reply.raw(Buffer.from(`,${text}\r\n`, 'latin1'))
  else reply.latin1(text)
}

/** A distance, with four decimals. */
export function replyDistance(reply: Reply, distance: number): void {
  reply.latin1(formatFixed(distance, 4))
}
