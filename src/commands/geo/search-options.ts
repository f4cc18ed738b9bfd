// The options of the geo searches: reading the centre, the shape and everything else from the arguments.
//
// All searches share them; a Kind tells which of them a command takes. What is read goes to one object each, which
// serves a command at a time. The reading functions return the error's text if something is wrong.

import { type GeoShape, geohashLatitude, geohashLongitude } from '../../bytes/geohash.ts'
import { COUNT_OPTION_NOT_POSITIVE, NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Request } from '../../protocol/request.ts'
import type { EntryRef } from '../../store/entry.ts'
import type { Memory } from '../../store/memory.ts'
import { zsetScore } from '../../store/zset.ts'
import { position, readPosition, UNKNOWN_UNIT, unitMetres } from './position.ts'

const NO_MEMBER = 'ERR could not decode requested zset member'
const RADIUS_NOT_NUMERIC = 'ERR need numeric radius'
const RADIUS_NEGATIVE = 'ERR radius cannot be negative'
const WIDTH_NOT_NUMERIC = 'ERR need numeric width'
const HEIGHT_NOT_NUMERIC = 'ERR need numeric height'
const BOX_NEGATIVE = 'ERR height or width cannot be negative'
const ANY_NEEDS_COUNT = 'ERR the ANY argument requires COUNT argument'
const STORE_WITH = 'is not compatible with WITHDIST, WITHHASH and WITHCOORD options'

/** What tells the commands apart. */
export interface Kind {
  /** Argument with the key that is searched. */
  readonly source: 1 | 2
  /** Argument with the first option. */
  readonly options: number
  /** Where the centre of a GEORADIUS command is given: as a position, or as a member. */
  readonly centre?: 'position' | 'member'
  /** Whether STORE and STOREDIST name keys. */
  readonly mayStore: boolean
}

export const SEARCH: Kind = { source: 1, options: 2, mayStore: false }
export const SEARCH_STORE: Kind = { source: 2, options: 3, mayStore: false }
export const AROUND_POSITION: Kind = { source: 1, options: 6, centre: 'position', mayStore: true }
export const AROUND_POSITION_RO: Kind = { source: 1, options: 6, centre: 'position', mayStore: false }
export const AROUND_MEMBER: Kind = { source: 1, options: 5, centre: 'member', mayStore: true }
export const AROUND_MEMBER_RO: Kind = { source: 1, options: 5, centre: 'member', mayStore: false }

type Writable<T> = { -readonly [P in keyof T]: T[P] }

/** What is searched. */
export const shape: Writable<GeoShape> = { isBox: false, longitude: 0, latitude: 0, width: 0, height: 0, unitMetres: 1 }

/** The options of the command being run. */
export const options = {
  withDistance: false,
  withHash: false,
  withPosition: false,
  hasCentre: '' as '' | 'member' | 'position',
  hasShape: '' as '' | 'circle' | 'box',
  order: '' as '' | 'asc' | 'desc',
  isAny: false,
  /** 0: all. */
  count: 0,
  /** Argument with the key to store to, 0 for none. */
  target: 0,
  storesDistance: false,
}

/** Reads all arguments of a search of the set that is `entry`, 0 if there is none. */
export const readSearch = (m: Memory, entry: EntryRef | 0, req: Request, kind: Kind): string | undefined =>
  readCentre(m, entry, req, kind) ?? readOptions(m, entry, req, kind) ?? contradiction(req, kind)

/** Reads centre and radius of the GEORADIUS commands. */
function readCentre(m: Memory, entry: EntryRef | 0, req: Request, kind: Kind): string | undefined {
  shape.isBox = false
  shape.height = 0
  if (kind.centre === undefined) return undefined
  if (kind.centre === 'position') return readCentrePosition(req, 2) ?? readRadius(req, 4)
  // Without a key there is no member either: what matters then is only whether to reply or to store nothing.
  if (entry === 0) return undefined
  return readCentreMember(m, entry, req, 2) ?? readRadius(req, 3)
}

function readCentrePosition(req: Request, i: number): string | undefined {
  const error = readPosition(req, i)
  shape.longitude = position.longitude
  shape.latitude = position.latitude
  return error
}

function readCentreMember(m: Memory, entry: EntryRef, req: Request, i: number): string | undefined {
  const score = zsetScore(m, entry, req.u8, req.at[i], req.length[i])
  if (Number.isNaN(score)) return NO_MEMBER
  shape.longitude = geohashLongitude(score)
  shape.latitude = geohashLatitude(score)
  return undefined
}

/** Reads a radius and its unit. */
function readRadius(req: Request, i: number): string | undefined {
  shape.isBox = false
  shape.width = req.double(i)
  if (Number.isNaN(shape.width)) return RADIUS_NOT_NUMERIC
  if (shape.width < 0) return RADIUS_NEGATIVE
  return readUnit(req, i + 1)
}

function readBox(req: Request, i: number): string | undefined {
  shape.isBox = true
  shape.width = req.double(i)
  if (Number.isNaN(shape.width)) return WIDTH_NOT_NUMERIC
  shape.height = req.double(i + 1)
  if (Number.isNaN(shape.height)) return HEIGHT_NOT_NUMERIC
  if (shape.width < 0 || shape.height < 0) return BOX_NEGATIVE
  return readUnit(req, i + 2)
}

function readUnit(req: Request, i: number): string | undefined {
  shape.unitMetres = unitMetres(req, i)
  return Number.isNaN(shape.unitMetres) ? UNKNOWN_UNIT : undefined
}

function readOptions(m: Memory, entry: EntryRef | 0, req: Request, kind: Kind): string | undefined {
  options.withDistance = false
  options.withHash = false
  options.withPosition = false
  options.hasCentre = ''
  options.hasShape = ''
  options.order = ''
  options.isAny = false
  options.count = 0
  options.target = kind === SEARCH_STORE ? 1 : 0
  options.storesDistance = false
  for (let i = kind.options; i < req.argc; i++) {
    const left = req.argc - i - 1
    if (req.is(i, 'WITHDIST')) options.withDistance = true
    else if (req.is(i, 'WITHHASH')) options.withHash = true
    else if (req.is(i, 'WITHCOORD')) options.withPosition = true
    else if (req.is(i, 'ANY')) options.isAny = true
    else if (req.is(i, 'ASC')) options.order = 'asc'
    else if (req.is(i, 'DESC')) options.order = 'desc'
    else if (left >= 1 && req.is(i, 'COUNT')) {
      options.count = req.integer(++i)
      if (Number.isNaN(options.count)) return NOT_AN_INTEGER
      if (options.count <= 0) return COUNT_OPTION_NOT_POSITIVE
    } else if (kind.mayStore && left >= 1 && (req.is(i, 'STORE') || req.is(i, 'STOREDIST'))) {
      options.storesDistance = req.is(i, 'STOREDIST')
      options.target = ++i
    } else if (kind === SEARCH_STORE && req.is(i, 'STOREDIST')) options.storesDistance = true
    else if (kind.centre !== undefined) return SYNTAX
    else {
      const taken = readSearchOption(m, entry, req, i, left)
      if (typeof taken === 'string') return taken
      i += taken
    }
  }
  return undefined
}

/** Reads the centre or the shape of a GEOSEARCH. Returns how many arguments that took beyond the first. */
function readSearchOption(m: Memory, entry: EntryRef | 0, req: Request, i: number, left: number): number | string {
  const { hasCentre, hasShape } = options
  if (left >= 1 && hasCentre !== 'position' && req.is(i, 'FROMMEMBER')) {
    options.hasCentre = 'member'
    // Without a key there is no member to look for, but the other arguments may still be wrong.
    return (entry === 0 ? undefined : readCentreMember(m, entry, req, i + 1)) ?? 1
  }
  if (left >= 2 && hasCentre !== 'member' && req.is(i, 'FROMLONLAT')) {
    options.hasCentre = 'position'
    return readCentrePosition(req, i + 1) ?? 2
  }
  if (left >= 2 && hasShape !== 'box' && req.is(i, 'BYRADIUS')) {
    options.hasShape = 'circle'
    return readRadius(req, i + 1) ?? 2
  }
  if (left >= 3 && hasShape !== 'circle' && req.is(i, 'BYBOX')) {
    options.hasShape = 'box'
    return readBox(req, i + 1) ?? 3
  }
  return SYNTAX
}

/** What is wrong with the options taken together. */
function contradiction(req: Request, kind: Kind): string | undefined {
  const hasExtras = options.withDistance || options.withHash || options.withPosition
  if (options.target !== 0 && hasExtras) {
    return `ERR ${kind === SEARCH_STORE ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS'} ${STORE_WITH}`
  }
  if (kind.centre === undefined) {
    const name = req.text(0)
    if (options.hasCentre === '') return `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${name}`
    if (options.hasShape === '') return `ERR exactly one of BYRADIUS and BYBOX can be specified for ${name}`
  }
  return options.isAny && options.count === 0 ? ANY_NEEDS_COUNT : undefined
}
