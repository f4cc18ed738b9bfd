// MEMORY's subcommands about the server as a whole.

import { STAT } from '../../shared/statistics.ts'
import { arenaHeld, arenaUsed } from '../../store/arena.ts'
import { dictBytes } from '../../store/dict.ts'
import { databaseExpires, databaseKeys, keyspaceDatabase } from '../../store/keyspace.ts'
import type { Router } from '../client.ts'
import type { RouterCommand } from '../command.ts'
import { humanBytes } from './human.ts'
import { InfoFacts } from './info-facts.ts'

/** With less data than this nothing can be said. */
const LITTLE_BYTES = 5 * 1024 * 1024
const FRAGMENTATION_MAX = 1.4
const FRAGMENTATION_BYTES = 10 * 1024 * 1024
const PEAK_FACTOR = 1.5

interface Tables {
  readonly db: number
  readonly main: number
  readonly expires: number
}

function tablesOf(router: Router): Tables[] {
  const facts = new InfoFacts(router)
  const tables: Tables[] = []
  const { shards } = router.engine
  for (let db = 0; db < shards[0].databases; db++) {
    if (facts.database(db).keys === 0) continue
    let main = 0
    let expires = 0
    for (const { m } of shards) {
      main += dictBytes(m, databaseKeys(m, keyspaceDatabase(m, db)))
      expires += dictBytes(m, databaseExpires(m, keyspaceDatabase(m, db)))
    }
    tables.push({ db, main, expires })
  }
  return tables
}

export const stats: RouterCommand = {
  name: 'STATS',
  group: 'server',
  since: '4.0.0',
  summary: 'Tells what memory is used for.',
  complexity: 'O(1)',
  arity: 2,
  flags: 0,
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  serve(_client, _req, reply, router) {
    const facts = new InfoFacts(router)
    const { shards } = router.engine
    const tables = tablesOf(router)
    const allocated = shards.reduce((sum, { m }) => sum + arenaUsed(m), 0)
    const active = shards.reduce((sum, { m }) => sum + arenaHeld(m), 0)
    const { rss } = facts.process
    const total = facts.usedBytes
    const startup = router.rates.startupBytes
    const peak = Math.max(router.rates.peakBytes, total)
    const clients = facts.stat(STAT.CLIENT_BYTES)
    const overhead = startup + clients + tables.reduce((sum, { main, expires }) => sum + main + expires, 0)
    let keys = 0
    for (let db = 0; db < shards[0].databases; db++) keys += facts.database(db).keys
    const dataset = Math.max(0, total - overhead)

    const begun = reply.begin()
    let pairs = 0
    const integer = (name: string, value: number): void => {
      reply.latin1(name)
      reply.integer(Math.floor(value))
      pairs++
    }
    const double = (name: string, value: number): void => {
      reply.latin1(name)
      reply.double(value)
      pairs++
    }
    integer('peak.allocated', peak)
    integer('total.allocated', total)
    integer('startup.allocated', startup)
    integer('replication.backlog', 0)
    integer('clients.slaves', 0)
    integer('clients.normal', clients)
    integer('cluster.links', 0)
    integer('aof.buffer', 0)
    integer('lua.caches', 0)
    integer('functions.caches', 0)
    for (const { db, main, expires } of tables) {
      reply.latin1(`db.${db}`)
      reply.map(3)
      reply.latin1('overhead.hashtable.main')
      reply.integer(main)
      reply.latin1('overhead.hashtable.expires')
      reply.integer(expires)
      reply.latin1('overhead.hashtable.slot-to-keys')
      reply.integer(0)
      pairs++
    }
    integer('overhead.total', overhead)
    integer('keys.count', keys)
    integer('keys.bytes-per-key', keys === 0 ? 0 : Math.max(0, total - startup) / keys)
    integer('dataset.bytes', dataset)
    double('dataset.percentage', (dataset * 100) / Math.max(1, total - startup))
    double('peak.percentage', (total * 100) / peak)
    integer('allocator.allocated', allocated)
    integer('allocator.active', active)
    integer('allocator.resident', rss)
    double('allocator-fragmentation.ratio', active / allocated)
    integer('allocator-fragmentation.bytes', active - allocated)
    double('allocator-rss.ratio', rss / active)
    integer('allocator-rss.bytes', rss - active)
    double('rss-overhead.ratio', 1)
    integer('rss-overhead.bytes', 0)
    double('fragmentation', rss / total)
    integer('fragmentation.bytes', rss - total)
    reply.finishMap(begun, pairs)
  },
}

export const doctor: RouterCommand = {
  name: 'DOCTOR',
  group: 'server',
  since: '4.0.0',
  summary: 'Says in words what is remarkable about memory.',
  complexity: 'O(1)',
  arity: 2,
  flags: 0,
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  serve(_client, _req, reply, router) {
    reply.verbatim('txt', diagnosis(router))
  },
}

function diagnosis(router: Router): string {
  const facts = new InfoFacts(router)
  const total = facts.usedBytes
  if (total < LITTLE_BYTES) {
    return "Hi Sam, this instance is empty or is using very little memory, my issues detector can't be used in these conditions.\n"
  }
  const problems: string[] = []
  const peak = Math.max(router.rates.peakBytes, total)
  if (peak > total * PEAK_FACTOR) {
    problems.push(
      `Peak memory: ${humanBytes(peak)} were in use once, ${humanBytes(total)} are now. Arenas keep their pages, so the process stays as large as it was.`,
    )
  }
  for (const { m, index } of router.engine.shards) {
    const held = arenaHeld(m)
    const used = arenaUsed(m)
    if (held > used * FRAGMENTATION_MAX && held - used > FRAGMENTATION_BYTES) {
      problems.push(`Fragmentation: shard ${index} holds ${humanBytes(held)} for ${humanBytes(used)} of data.`)
    }
  }
  if (problems.length === 0) return "Hi Sam, I can't find any memory issue in your instance.\n"
  return `Sam, I detected a few issues in this Redis instance memory implants:\n\n${problems.map(text => ` * ${text}\n`).join('')}`
}

export const mallocStats: RouterCommand = {
  name: 'MALLOC-STATS',
  group: 'server',
  since: '4.0.0',
  summary: "Tells what the shards' allocators hold.",
  complexity: 'O(N), N being the number of shards',
  arity: 2,
  flags: 0,
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  serve(_client, _req, reply, router) {
    const lines = router.engine.shards.map(
      ({ m, index }) => `shard ${index}: held ${arenaHeld(m)} bytes, handed out ${arenaUsed(m)} bytes`,
    )
    reply.verbatim('txt', `skep arenas\n${lines.join('\n')}\n`)
  },
}

export const purge: RouterCommand = {
  name: 'PURGE',
  group: 'server',
  since: '4.0.0',
  summary: 'Asks for unused memory to be given back; arenas keep theirs for new data.',
  complexity: 'O(1)',
  arity: 2,
  flags: 0,
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  serve(_client, _req, reply) {
    reply.ok()
  },
}
