// GEOSEARCH, GEOSEARCHSTORE and the GEORADIUS family: members of a geo set in a circle or a box.
//
// All take the same options; which of them, and where the centre is given, is what tells the commands apart.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { TYPE } from '../../store/entry.ts'
import type { Memory } from '../../store/memory.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { Draft } from '../../store/zset/draft.ts'
import { type Command, DENY_OOM, MOVABLE_KEYS, oneKey, READONLY, WRITE } from '../command.ts'
import { removeTarget, storeDraft, zsetEffort } from '../sorted-set/shared.ts'
import { Found } from './found.ts'
import { replyDistance, replyPosition } from './position.ts'
import {
  BY,
  COUNT,
  COUNT_6_2,
  EXTRAS,
  FROM,
  KEY,
  LATITUDE,
  LONGITUDE,
  MEMBER,
  ORDER,
  RADIUS,
  STORE,
  UNIT,
} from './search-arguments.ts'
import {
  AROUND_MEMBER,
  AROUND_MEMBER_RO,
  AROUND_POSITION,
  AROUND_POSITION_RO,
  type Kind,
  options,
  readSearch,
  SEARCH,
  SEARCH_STORE,
  shape,
} from './search-options.ts'

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
  args: [KEY, FROM, BY, ORDER, COUNT_6_2, ...EXTRAS],
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
    FROM,
    BY,
    ORDER,
    COUNT_6_2,
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
  args: [KEY, LONGITUDE, LATITUDE, RADIUS, UNIT, ...EXTRAS, COUNT, ORDER, ...STORE],
  cost: (shard, req) => zsetEffort(shard, req, 1),

  run: (shard, req, reply) => search(shard, req, reply, AROUND_POSITION),
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
  args: [KEY, LONGITUDE, LATITUDE, RADIUS, UNIT, ...EXTRAS, COUNT, ORDER],
  cost: (shard, req) => zsetEffort(shard, req, 1),

  run: (shard, req, reply) => search(shard, req, reply, AROUND_POSITION_RO),
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
  args: [KEY, MEMBER, RADIUS, UNIT, ...EXTRAS, COUNT_6_2, ORDER, ...STORE],
  cost: (shard, req) => zsetEffort(shard, req, 1),

  run: (shard, req, reply) => search(shard, req, reply, AROUND_MEMBER),
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
  args: [KEY, MEMBER, RADIUS, UNIT, ...EXTRAS, COUNT_6_2, ORDER],
  cost: (shard, req) => zsetEffort(shard, req, 1),

  run: (shard, req, reply) => search(shard, req, reply, AROUND_MEMBER_RO),
}

function search(shard: Shard, req: Request, reply: Reply, kind: Kind): void {
  const source = shard.ofKey(req, kind.source)
  const m = source.m
  const entry = source.typed(req, kind.source, TYPE.ZSET, reply)
  if (entry === WRONG) return
  const error = readSearch(m, entry, req, kind)
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
