// GEOSEARCH, GEOSEARCHSTORE and the GEORADIUS family: members of a geo set in a circle or a box.
//
// All take the same options; which of them, and where the centre is given, is what tells the commands apart.

import { type GeoShape, geohashLatitude, geohashLongitude } from '../../bytes/geohash.ts'
import { NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { type EntryRef, TYPE } from '../../store/entry.ts'
import type { Memory } from '../../store/memory.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { Draft } from '../../store/zset/draft.ts'
import { zsetScore } from '../../store/zset.ts'
import { type Command, DENY_OOM, MOVABLE_KEYS, oneKey, READONLY, WRITE } from '../command.ts'
import { removeTarget, storeDraft, zsetEffort } from '../sorted-set/shared.ts'
import { Found } from './found.ts'
import { position, readPosition, replyDistance, replyPosition, UNKNOWN_UNIT, unitMetres } from './position.ts'

const NO_MEMBER = 'ERR could not decode requested zset member'
const RADIUS_NOT_NUMERIC = 'ERR need numeric radius'
const RADIUS_NEGATIVE = 'ERR radius cannot be negative'
const WIDTH_NOT_NUMERIC = 'ERR need numeric width'
const HEIGHT_NOT_NUMERIC = 'ERR need numeric height'
const BOX_NEGATIVE = 'ERR height or width cannot be negative'
const COUNT_NOT_POSITIVE = 'ERR COUNT must be > 0'
const ANY_NEEDS_COUNT = 'ERR the ANY argument requires COUNT argument'
const STORE_WITH = 'is not compatible with WITHDIST, WITHHASH and WITHCOORD options'

/** What tells the commands apart. */
interface Kind {
  /** Argument with the key that is searched. */
  readonly source: 1 | 2
  /** Argument with the first option. */
  readonly options: number
  /** Where the centre of a GEORADIUS command is given: as a position, or as a member. */
  readonly centre?: 'position' | 'member'
  /** Whether STORE and STOREDIST name keys. */
  readonly mayStore: boolean
}

const SEARCH: Kind = { source: 1, options: 2, mayStore: false }
const SEARCH_STORE: Kind = { source: 2, options: 3, mayStore: false }
const RADIUS: Kind = { source: 1, options: 6, centre: 'position', mayStore: true }
const RADIUS_RO: Kind = { source: 1, options: 6, centre: 'position', mayStore: false }
const BY_MEMBER: Kind = { source: 1, options: 5, centre: 'member', mayStore: true }
const BY_MEMBER_RO: Kind = { source: 1, options: 5, centre: 'member', mayStore: false }

type Writable<T> = { -readonly [P in keyof T]: T[P] }

const shape: Writable<GeoShape> = { isBox: false, longitude: 0, latitude: 0, width: 0, height: 0, unitMetres: 1 }

/** The options of the command being run. */
const options = {
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

const found = new Found()
const draft = new Draft()

export const geosearch: Command = {
  name: 'GEOSEARCH',
  group: 'geo',
  since: '6.2.0',
  summary: 'Returns the members of a geo set that lie in a circle or a box.',
  complexity: 'O(N+log(M)), N being the members in the cells around the shape and M those in it',
  arity: -7,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  history: [['7.0.0', 'Units may be in upper case.']],
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    {
      name: 'from',
      type: 'oneof',
      args: [
        { name: 'member', type: 'string', token: 'FROMMEMBER' },
        {
          name: 'longitude_latitude',
          type: 'block',
          token: 'FROMLONLAT',
          args: [
            { name: 'longitude', type: 'double' },
            { name: 'latitude', type: 'double' },
          ],
        },
      ],
    },
    {
      name: 'by',
      type: 'oneof',
      args: [
        {
          name: 'circle',
          type: 'block',
          args: [
            { name: 'radius', type: 'double', token: 'BYRADIUS' },
            {
              name: 'unit',
              type: 'oneof',
              args: [
                { name: 'm', type: 'pure-token', token: 'M' },
                { name: 'km', type: 'pure-token', token: 'KM' },
                { name: 'ft', type: 'pure-token', token: 'FT' },
                { name: 'mi', type: 'pure-token', token: 'MI' },
              ],
            },
          ],
        },
        {
          name: 'box',
          type: 'block',
          args: [
            { name: 'width', type: 'double', token: 'BYBOX' },
            { name: 'height', type: 'double' },
            {
              name: 'unit',
              type: 'oneof',
              args: [
                { name: 'm', type: 'pure-token', token: 'M' },
                { name: 'km', type: 'pure-token', token: 'KM' },
                { name: 'ft', type: 'pure-token', token: 'FT' },
                { name: 'mi', type: 'pure-token', token: 'MI' },
              ],
            },
          ],
        },
      ],
    },
    {
      name: 'order',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'asc', type: 'pure-token', token: 'ASC' },
        { name: 'desc', type: 'pure-token', token: 'DESC' },
      ],
    },
    {
      name: 'count',
      type: 'block',
      flags: ['optional'],
      args: [
        { name: 'count', type: 'integer', token: 'COUNT' },
        { name: 'any', type: 'pure-token', token: 'ANY', flags: ['optional'] },
      ],
    },
    { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', flags: ['optional'] },
    { name: 'withdist', type: 'pure-token', token: 'WITHDIST', flags: ['optional'] },
    { name: 'withhash', type: 'pure-token', token: 'WITHHASH', flags: ['optional'] },
  ],
  cost: (shard, req) => zsetEffort(shard, req, 1),

  run: (shard, req, reply) => search(shard, req, reply, SEARCH),
}

export const geosearchstore: Command = {
  name: 'GEOSEARCHSTORE',
  group: 'geo',
  since: '6.2.0',
  summary: 'Stores the members of a geo set that lie in a circle or a box in another key.',
  complexity: 'O(N+log(M)), N being the members in the cells around the shape and M those in it',
  arity: -8,
  flags: WRITE | DENY_OOM,
  keys: [
    { flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
  ],
  history: [['7.0.0', 'Units may be in upper case.']],
  args: [
    { name: 'destination', type: 'key', keySpec: 0 },
    { name: 'source', type: 'key', keySpec: 1 },
    {
      name: 'from',
      type: 'oneof',
      args: [
        { name: 'member', type: 'string', token: 'FROMMEMBER' },
        {
          name: 'longitude_latitude',
          type: 'block',
          token: 'FROMLONLAT',
          args: [
            { name: 'longitude', type: 'double' },
            { name: 'latitude', type: 'double' },
          ],
        },
      ],
    },
    {
      name: 'by',
      type: 'oneof',
      args: [
        {
          name: 'circle',
          type: 'block',
          args: [
            { name: 'radius', type: 'double', token: 'BYRADIUS' },
            {
              name: 'unit',
              type: 'oneof',
              args: [
                { name: 'm', type: 'pure-token', token: 'M' },
                { name: 'km', type: 'pure-token', token: 'KM' },
                { name: 'ft', type: 'pure-token', token: 'FT' },
                { name: 'mi', type: 'pure-token', token: 'MI' },
              ],
            },
          ],
        },
        {
          name: 'box',
          type: 'block',
          args: [
            { name: 'width', type: 'double', token: 'BYBOX' },
            { name: 'height', type: 'double' },
            {
              name: 'unit',
              type: 'oneof',
              args: [
                { name: 'm', type: 'pure-token', token: 'M' },
                { name: 'km', type: 'pure-token', token: 'KM' },
                { name: 'ft', type: 'pure-token', token: 'FT' },
                { name: 'mi', type: 'pure-token', token: 'MI' },
              ],
            },
          ],
        },
      ],
    },
    {
      name: 'order',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'asc', type: 'pure-token', token: 'ASC' },
        { name: 'desc', type: 'pure-token', token: 'DESC' },
      ],
    },
    {
      name: 'count',
      type: 'block',
      flags: ['optional'],
      args: [
        { name: 'count', type: 'integer', token: 'COUNT' },
        { name: 'any', type: 'pure-token', token: 'ANY', flags: ['optional'] },
      ],
    },
    { name: 'storedist', type: 'pure-token', token: 'STOREDIST', flags: ['optional'] },
  ],
  cost: (shard, req) => zsetEffort(shard, req, 2),

  run: (shard, req, reply) => search(shard, req, reply, SEARCH_STORE),
}

export const georadius: Command = {
  name: 'GEORADIUS',
  group: 'geo',
  since: '3.2.0',
  summary: 'Returns or stores the members of a geo set that lie in a circle around a position.',
  complexity: 'O(N+log(M)), N being the members in the cells around the circle and M those in it',
  arity: -6,
  flags: WRITE | DENY_OOM | MOVABLE_KEYS,
  keys: [
    { flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['OW', 'update'], begin: { keyword: 'STORE', from: 6 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['OW', 'update'], begin: { keyword: 'STOREDIST', from: 6 }, find: { last: 0, step: 1, limit: 0 } },
  ],
  history: [
    ['6.2.0', '`COUNT` takes `ANY`.'],
    ['7.0.0', 'Units may be in upper case.'],
  ],
  deprecated: { since: '6.2.0', replacement: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument' },
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'longitude', type: 'double' },
    { name: 'latitude', type: 'double' },
    { name: 'radius', type: 'double' },
    {
      name: 'unit',
      type: 'oneof',
      args: [
        { name: 'm', type: 'pure-token', token: 'M' },
        { name: 'km', type: 'pure-token', token: 'KM' },
        { name: 'ft', type: 'pure-token', token: 'FT' },
        { name: 'mi', type: 'pure-token', token: 'MI' },
      ],
    },
    { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', flags: ['optional'] },
    { name: 'withdist', type: 'pure-token', token: 'WITHDIST', flags: ['optional'] },
    { name: 'withhash', type: 'pure-token', token: 'WITHHASH', flags: ['optional'] },
    {
      name: 'count',
      type: 'block',
      flags: ['optional'],
      args: [
        { name: 'count', type: 'integer', token: 'COUNT' },
        { name: 'any', type: 'pure-token', token: 'ANY', since: '6.2.0', flags: ['optional'] },
      ],
    },
    {
      name: 'order',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'asc', type: 'pure-token', token: 'ASC' },
        { name: 'desc', type: 'pure-token', token: 'DESC' },
      ],
    },
    { name: 'key', type: 'key', token: 'STORE', keySpec: 1, flags: ['optional'] },
    { name: 'key', type: 'key', token: 'STOREDIST', keySpec: 2, flags: ['optional'] },
  ],
  cost: (shard, req) => zsetEffort(shard, req, 1),

  run: (shard, req, reply) => search(shard, req, reply, RADIUS),
}

export const georadiusRo: Command = {
  name: 'GEORADIUS_RO',
  group: 'geo',
  since: '3.2.10',
  summary: 'Returns the members of a geo set that lie in a circle around a position.',
  complexity: 'O(N+log(M)), N being the members in the cells around the circle and M those in it',
  arity: -6,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  history: [['6.2.0', '`COUNT` takes `ANY`.']],
  deprecated: { since: '6.2.0', replacement: '`GEOSEARCH` with the `BYRADIUS` argument' },
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'longitude', type: 'double' },
    { name: 'latitude', type: 'double' },
    { name: 'radius', type: 'double' },
    {
      name: 'unit',
      type: 'oneof',
      args: [
        { name: 'm', type: 'pure-token', token: 'M' },
        { name: 'km', type: 'pure-token', token: 'KM' },
        { name: 'ft', type: 'pure-token', token: 'FT' },
        { name: 'mi', type: 'pure-token', token: 'MI' },
      ],
    },
    { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', flags: ['optional'] },
    { name: 'withdist', type: 'pure-token', token: 'WITHDIST', flags: ['optional'] },
    { name: 'withhash', type: 'pure-token', token: 'WITHHASH', flags: ['optional'] },
    {
      name: 'count',
      type: 'block',
      flags: ['optional'],
      args: [
        { name: 'count', type: 'integer', token: 'COUNT' },
        { name: 'any', type: 'pure-token', token: 'ANY', since: '6.2.0', flags: ['optional'] },
      ],
    },
    {
      name: 'order',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'asc', type: 'pure-token', token: 'ASC' },
        { name: 'desc', type: 'pure-token', token: 'DESC' },
      ],
    },
  ],
  cost: (shard, req) => zsetEffort(shard, req, 1),

  run: (shard, req, reply) => search(shard, req, reply, RADIUS_RO),
}

export const georadiusbymember: Command = {
  name: 'GEORADIUSBYMEMBER',
  group: 'geo',
  since: '3.2.0',
  summary: 'Returns or stores the members of a geo set that lie in a circle around one of them.',
  complexity: 'O(N+log(M)), N being the members in the cells around the circle and M those in it',
  arity: -5,
  flags: WRITE | DENY_OOM | MOVABLE_KEYS,
  keys: [
    { flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['OW', 'update'], begin: { keyword: 'STORE', from: 5 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['OW', 'update'], begin: { keyword: 'STOREDIST', from: 5 }, find: { last: 0, step: 1, limit: 0 } },
  ],
  history: [['7.0.0', 'Units may be in upper case.']],
  deprecated: {
    since: '6.2.0',
    replacement: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments',
  },
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'member', type: 'string' },
    { name: 'radius', type: 'double' },
    {
      name: 'unit',
      type: 'oneof',
      args: [
        { name: 'm', type: 'pure-token', token: 'M' },
        { name: 'km', type: 'pure-token', token: 'KM' },
        { name: 'ft', type: 'pure-token', token: 'FT' },
        { name: 'mi', type: 'pure-token', token: 'MI' },
      ],
    },
    { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', flags: ['optional'] },
    { name: 'withdist', type: 'pure-token', token: 'WITHDIST', flags: ['optional'] },
    { name: 'withhash', type: 'pure-token', token: 'WITHHASH', flags: ['optional'] },
    {
      name: 'count',
      type: 'block',
      flags: ['optional'],
      args: [
        { name: 'count', type: 'integer', token: 'COUNT' },
        { name: 'any', type: 'pure-token', token: 'ANY', flags: ['optional'] },
      ],
    },
    {
      name: 'order',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'asc', type: 'pure-token', token: 'ASC' },
        { name: 'desc', type: 'pure-token', token: 'DESC' },
      ],
    },
    { name: 'key', type: 'key', token: 'STORE', keySpec: 1, flags: ['optional'] },
    { name: 'key', type: 'key', token: 'STOREDIST', keySpec: 2, flags: ['optional'] },
  ],
  cost: (shard, req) => zsetEffort(shard, req, 1),

  run: (shard, req, reply) => search(shard, req, reply, BY_MEMBER),
}

export const georadiusbymemberRo: Command = {
  name: 'GEORADIUSBYMEMBER_RO',
  group: 'geo',
  since: '3.2.10',
  summary: 'Returns the members of a geo set that lie in a circle around one of them.',
  complexity: 'O(N+log(M)), N being the members in the cells around the circle and M those in it',
  arity: -5,
  flags: READONLY,
  keys: oneKey('RO', 'access'),
  deprecated: { since: '6.2.0', replacement: '`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments' },
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'member', type: 'string' },
    { name: 'radius', type: 'double' },
    {
      name: 'unit',
      type: 'oneof',
      args: [
        { name: 'm', type: 'pure-token', token: 'M' },
        { name: 'km', type: 'pure-token', token: 'KM' },
        { name: 'ft', type: 'pure-token', token: 'FT' },
        { name: 'mi', type: 'pure-token', token: 'MI' },
      ],
    },
    { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', flags: ['optional'] },
    { name: 'withdist', type: 'pure-token', token: 'WITHDIST', flags: ['optional'] },
    { name: 'withhash', type: 'pure-token', token: 'WITHHASH', flags: ['optional'] },
    {
      name: 'count',
      type: 'block',
      flags: ['optional'],
      args: [
        { name: 'count', type: 'integer', token: 'COUNT' },
        { name: 'any', type: 'pure-token', token: 'ANY', flags: ['optional'] },
      ],
    },
    {
      name: 'order',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'asc', type: 'pure-token', token: 'ASC' },
        { name: 'desc', type: 'pure-token', token: 'DESC' },
      ],
    },
  ],
  cost: (shard, req) => zsetEffort(shard, req, 1),

  run: (shard, req, reply) => search(shard, req, reply, BY_MEMBER_RO),
}

function search(shard: Shard, req: Request, reply: Reply, kind: Kind): void {
  const source = shard.ofKey(req, kind.source)
  const m = source.m
  const entry = source.typed(req, kind.source, TYPE.ZSET, reply)
  if (entry === WRONG) return
  const error = readCentre(m, entry, req, kind) ?? readOptions(m, entry, req, kind) ?? contradiction(req, kind)
  if (error !== undefined) return reply.error(error)
  const { target } = options
  if (entry === 0) return target === 0 ? reply.emptyArray() : removeTarget(shard.ofKey(req, target), req, target, reply)
  // The nearest are wanted when only some are, unless any will do.
  if (options.count > 0 && options.order === '' && !options.isAny) options.order = 'asc'
  found.search(m, entry, shape, options.isAny ? options.count : Number.POSITIVE_INFINITY)
  if (options.order !== '') found.sort(options.order === 'desc')
  const count = options.count > 0 ? Math.min(options.count, found.count) : found.count
  if (target === 0) replyFound(m, count, reply)
  else storeFound(m, shard.ofKey(req, target), req, count, kind, reply)
}

function replyFound(m: Memory, count: number, reply: Reply): void {
  const { withDistance, withHash, withPosition } = options
  const extras = (withDistance ? 1 : 0) + (withHash ? 1 : 0) + (withPosition ? 1 : 0)
  reply.array(count)
  for (let i = 0; i < count; i++) {
    if (extras > 0) reply.array(1 + extras)
    reply.bulk(m.u8, found.at(i), found.length(i))
    if (withDistance) replyDistance(reply, found.metres(i) / shape.unitMetres)
    if (withHash) reply.integer(Math.trunc(found.score(i)))
    if (withPosition) replyPosition(reply, found.score(i))
  }
}

function storeFound(m: Memory, target: Shard, req: Request, count: number, kind: Kind, reply: Reply): void {
  draft.start(target.m)
  for (let i = 0; i < count; i++) {
    const score = options.storesDistance ? found.metres(i) / shape.unitMetres : found.score(i)
    draft.add(score, m.u8, found.at(i), found.length(i))
  }
  const event = kind === SEARCH_STORE ? 'geosearchstore' : 'georadiusstore'
  storeDraft(target, req, options.target, draft, event, reply, count)
}

// ---- reading the arguments; all of these return the error's text if something is wrong

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
      if (options.count <= 0) return COUNT_NOT_POSITIVE
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
