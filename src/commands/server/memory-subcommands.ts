// MEMORY's subcommands about the server as a whole.

import type { Reply } from '../../protocol/reply.ts'
import { arenaHeld, arenaUsed } from '../../store/arena.ts'
import { dictBytes } from '../../store/dict.ts'
import { databaseExpires, databaseKeys, keyspaceDatabase } from '../../store/keyspace.ts'
import type { Router } from '../client.ts'
import type { RouterCommand } from '../command.ts'
import { humanBytes } from './human.ts'
import { InfoFacts } from './info-facts.ts'
import { active, allocated, backlog, clientBytes, overhead, peak, rss, startup, used } from './info-memory.ts'

/** With less data than this nothing can be said. */
const LITTLE_BYTES = 5 * 1024 * 1024
const FRAGMENTATION_MAX = 1.4
const FRAGMENTATION_BYTES = 10 * 1024 * 1024
const PEAK_FACTOR = 1.5

/** The hash tables of a database that has keys, in bytes. */
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

/** A row of MEMORY STATS, and whether it is a double. */
type Row = readonly [name: string, value: (facts: InfoFacts) => number, isDouble?: boolean]

const ROWS_BEFORE_TABLES: readonly Row[] = [
  ['peak.allocated', peak],
  ['total.allocated', used],
  ['startup.allocated', startup],
  ['replication.backlog', backlog],
  ['clients.slaves', () => 0],
  ['clients.normal', clientBytes],
  ['cluster.links', () => 0],
  ['aof.buffer', () => 0],
  ['lua.caches', ({ router }) => router.scripts.bytes],
  ['functions.caches', () => 0],
]

/** Those behind the tables, which take so many bytes, of so many keys. */
const rowsBehindTables = (tableBytes: number, keys: number): readonly Row[] => {
  const all = (facts: InfoFacts): number => overhead(facts) + tableBytes
  const data = (facts: InfoFacts): number => used(facts) - startup(facts)
  const dataset = (facts: InfoFacts): number => Math.max(0, used(facts) - all(facts))
  return [
    ['overhead.total', all],
    ['keys.count', () => keys],
    ['keys.bytes-per-key', facts => (keys === 0 ? 0 : Math.max(0, data(facts)) / keys)],
    ['dataset.bytes', dataset],
    ['dataset.percentage', facts => (dataset(facts) * 100) / Math.max(1, data(facts)), true],
    ['peak.percentage', facts => (used(facts) * 100) / peak(facts), true],
    ['allocator.allocated', allocated],
    ['allocator.active', active],
    ['allocator.resident', rss],
    ['allocator-fragmentation.ratio', facts => active(facts) / allocated(facts), true],
    ['allocator-fragmentation.bytes', facts => active(facts) - allocated(facts)],
    ['allocator-rss.ratio', facts => rss(facts) / active(facts), true],
    ['allocator-rss.bytes', facts => rss(facts) - active(facts)],
    ['rss-overhead.ratio', () => 1, true],
    ['rss-overhead.bytes', () => 0],
    ['fragmentation', facts => rss(facts) / used(facts), true],
    ['fragmentation.bytes', facts => rss(facts) - used(facts)],
  ]
}

function replyRows(reply: Reply, rows: readonly Row[], facts: InfoFacts): void {
  for (const [name, value, isDouble] of rows) {
    reply.latin1(name)
    if (isDouble === true) reply.double(value(facts))
    else reply.integer(Math.floor(value(facts)))
  }
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
    const tables = tablesOf(router)
    const tableBytes = tables.reduce((sum, { main, expires }) => sum + main + expires, 0)
    const behind = rowsBehindTables(
      tableBytes,
      tables.reduce((sum, { db }) => sum + facts.database(db).keys, 0),
    )
    reply.map(ROWS_BEFORE_TABLES.length + tables.length + behind.length)
    replyRows(reply, ROWS_BEFORE_TABLES, facts)
    for (const { db, main, expires } of tables) {
      reply.latin1(`db.${db}`)
      reply.map(3)
      reply.latin1('overhead.hashtable.main')
      reply.integer(main)
      reply.latin1('overhead.hashtable.expires')
      reply.integer(expires)
      reply.latin1('overhead.hashtable.slot-to-keys')
      reply.integer(0)
    }
    replyRows(reply, behind, facts)
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
  const most = peak(facts)
  if (most > total * PEAK_FACTOR) {
    problems.push(
      `Peak memory: ${humanBytes(most)} were in use once, ${humanBytes(total)} are now. Arenas keep their pages, so the process stays as large as it was.`,
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
