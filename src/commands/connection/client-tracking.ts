// CLIENT TRACKING, CACHING, TRACKINGINFO and GETREDIR: the modes of client-side caching that a client has chosen.
// What follows from them is the router's business, which is told by `trackingChanged`.

import { NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Request } from '../../protocol/request.ts'
import type { Client, Question, Router } from '../client.ts'
import { LOADING, NOSCRIPT, type RouterCommand, STALE } from '../command.ts'
import { Tracking } from '../tracking.ts'

const SWITCH_BROADCAST =
  "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a " +
  'different mode.'
const SWITCH_OPTION =
  "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a " +
  'different mode.'

/** Whether a client is one of the router's. */
export const existsQuestion: Question<number, boolean> = {
  name: 'client-exists',
  answer: (router, id) => router.clients.has(id),
}

export const tracking: RouterCommand = {
  name: 'TRACKING',
  group: 'connection',
  since: '6.0.0',
  summary: "Turns the server's help with a client-side cache on or off.",
  complexity: 'O(1), and more with some options',
  arity: -3,
  flags: NOSCRIPT | LOADING | STALE,
  args: [
    {
      name: 'status',
      type: 'oneof',
      args: [
        { name: 'on', type: 'pure-token', token: 'ON' },
        { name: 'off', type: 'pure-token', token: 'OFF' },
      ],
    },
    { name: 'client-id', type: 'integer', token: 'REDIRECT', flags: ['optional'] },
    { name: 'prefix', type: 'string', token: 'PREFIX', flags: ['optional', 'multiple', 'multiple_token'] },
    { name: 'bcast', type: 'pure-token', token: 'BCAST', flags: ['optional'] },
    { name: 'optin', type: 'pure-token', token: 'OPTIN', flags: ['optional'] },
    { name: 'optout', type: 'pure-token', token: 'OPTOUT', flags: ['optional'] },
    { name: 'noloop', type: 'pure-token', token: 'NOLOOP', flags: ['optional'] },
  ],
  serve(client, req, reply, router) {
    const wanted = readOptions(req)
    if (typeof wanted === 'string') return reply.error(wanted)
    if (req.is(2, 'OFF')) {
      client.tracking.reset()
      router.trackingChanged(client)
      return reply.ok()
    }
    if (!req.is(2, 'ON')) return reply.error(SYNTAX)
    const problem = conflict(client.tracking, wanted)
    if (problem !== undefined) return reply.error(problem)
    // Shards are told of broadcasts under their locks: a shard that a script has could not be before this is answered.
    if (wanted.isBroadcast) router.withShards(() => undefined)
    if (wanted.redirect === 0 || router.clients.has(wanted.redirect)) {
      start(client, wanted, router)
      return reply.ok()
    }
    if (router.count === 1) return reply.error(NO_REDIRECT)
    const later = client.later()
    router.askRouters(existsQuestion, wanted.redirect).then(answers =>
      later(out => {
        if (!answers.includes(true)) return out.error(NO_REDIRECT)
        start(client, wanted, router)
        out.ok()
      }),
    )
  },
}

const NO_REDIRECT = 'ERR The client ID you want redirect to does not exist'

/** What the options ask for, or the error to reply. */
function readOptions(req: Request): Tracking | string {
  const wanted = new Tracking()
  wanted.isOn = true
  for (let i = 3; i < req.argc; i++) {
    const hasMore = i + 1 < req.argc
    if (req.is(i, 'REDIRECT') && hasMore) {
      if (wanted.redirect !== 0) return 'ERR A client can only redirect to a single other client'
      wanted.redirect = req.integer(++i)
      if (!Number.isFinite(wanted.redirect)) return NOT_AN_INTEGER
    } else if (req.is(i, 'BCAST')) wanted.isBroadcast = true
    else if (req.is(i, 'OPTIN')) wanted.isOptIn = true
    else if (req.is(i, 'OPTOUT')) wanted.isOptOut = true
    else if (req.is(i, 'NOLOOP')) wanted.noLoop = true
    else if (req.is(i, 'PREFIX') && hasMore) wanted.prefixes.push(req.text(++i))
    else return SYNTAX
  }
  return wanted
}

/** Why these modes cannot be, together or after the present ones. */
function conflict(present: Tracking, wanted: Tracking): string | undefined {
  if (!wanted.isBroadcast && wanted.prefixes.length > 0) return 'ERR PREFIX option requires BCAST mode to be enabled'
  if (present.isOn && present.isBroadcast !== wanted.isBroadcast) return SWITCH_BROADCAST
  if (wanted.isBroadcast && (wanted.isOptIn || wanted.isOptOut)) {
    return 'ERR OPTIN and OPTOUT are not compatible with BCAST'
  }
  if (wanted.isOptIn && wanted.isOptOut) return "ERR You can't specify both OPTIN mode and OPTOUT mode"
  if ((wanted.isOptIn && present.isOptOut) || (wanted.isOptOut && present.isOptIn)) return SWITCH_OPTION
  return wanted.isBroadcast ? overlap(present.prefixes, wanted.prefixes) : undefined
}

function overlap(present: readonly string[], wanted: readonly string[]): string | undefined {
  const overlaps = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)
  for (const [i, prefix] of wanted.entries()) {
    const old = present.find(other => other !== prefix && overlaps(other, prefix))
    if (old !== undefined) {
      return `ERR Prefix '${prefix}' overlaps with an existing prefix '${old}'. Prefixes for a single client must not overlap.`
    }
    const other = wanted.slice(i + 1).find(candidate => overlaps(candidate, prefix))
    if (other !== undefined) {
      return `ERR Prefix '${prefix}' overlaps with another provided prefix '${other}'. Prefixes for a single client must not overlap.`
    }
  }
  return undefined
}

function start(client: Client, wanted: Tracking, router: Router): void {
  const { tracking } = client
  const prefixes = wanted.prefixes.length > 0 ? wanted.prefixes : ['']
  tracking.prefixes = wanted.isBroadcast ? [...new Set([...tracking.prefixes, ...prefixes])] : []
  tracking.isOn = true
  tracking.isBroadcast = wanted.isBroadcast
  tracking.isOptIn = wanted.isOptIn
  tracking.isOptOut = wanted.isOptOut
  tracking.noLoop = wanted.noLoop
  tracking.redirect = wanted.redirect
  tracking.isRedirectBroken = false
  router.trackingChanged(client)
}

export const caching: RouterCommand = {
  name: 'CACHING',
  group: 'connection',
  since: '6.0.0',
  summary: 'Tells whether to track the keys of the next command.',
  complexity: 'O(1)',
  arity: 3,
  flags: NOSCRIPT | LOADING | STALE,
  args: [
    {
      name: 'mode',
      type: 'oneof',
      args: [
        { name: 'yes', type: 'pure-token', token: 'YES' },
        { name: 'no', type: 'pure-token', token: 'NO' },
      ],
    },
  ],
  serve(client, req, reply, router) {
    const { tracking } = client
    if (!tracking.isOn || !(tracking.isOptIn || tracking.isOptOut)) {
      return reply.error(
        'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
      )
    }
    if (req.is(2, 'YES')) {
      if (!tracking.isOptIn) {
        return reply.error('ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.')
      }
      tracking.caching = 'yes'
    } else if (req.is(2, 'NO')) {
      if (!tracking.isOptOut) {
        return reply.error('ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.')
      }
      tracking.caching = 'no'
    } else {
      return reply.error(SYNTAX)
    }
    router.trackingChanged(client)
    reply.ok()
  },
}

export const getredir: RouterCommand = {
  name: 'GETREDIR',
  group: 'connection',
  since: '6.0.0',
  summary: 'Returns the id of the client that invalidations are redirected to.',
  complexity: 'O(1)',
  arity: 2,
  flags: NOSCRIPT | LOADING | STALE,
  serve({ tracking }, _req, reply) {
    reply.integer(tracking.isOn ? tracking.redirect : -1)
  },
}

export const trackinginfo: RouterCommand = {
  name: 'TRACKINGINFO',
  group: 'connection',
  since: '6.2.0',
  summary: "Describes the connection's use of client-side caching.",
  complexity: 'O(1)',
  arity: 2,
  flags: NOSCRIPT | LOADING | STALE,
  serve({ tracking }, _req, reply) {
    const flags: string[] = [tracking.isOn ? 'on' : 'off']
    if (tracking.isBroadcast) flags.push('bcast')
    if (tracking.isOptIn) flags.push('optin')
    if (tracking.isOptIn && tracking.caching === 'yes') flags.push('caching-yes')
    if (tracking.isOptOut) flags.push('optout')
    if (tracking.isOptOut && tracking.caching === 'no') flags.push('caching-no')
    if (tracking.noLoop) flags.push('noloop')
    if (tracking.isRedirectBroken) flags.push('broken_redirect')
    reply.map(3)
    reply.latin1('flags')
    reply.set(flags.length)
    for (const flag of flags) reply.latin1(flag)
    reply.latin1('redirect')
    reply.integer(tracking.isOn ? tracking.redirect : -1)
    reply.latin1('prefixes')
    reply.array(tracking.prefixes.length)
    for (const prefix of tracking.prefixes) reply.latin1(prefix)
  },
}
