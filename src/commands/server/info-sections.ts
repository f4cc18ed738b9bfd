// The sections of INFO with all their fields, in Redis's names and order; skep's own come last.

import os from 'node:os'
import { supervision } from '../../config/supervision.ts'
import { REDIS_VERSION, SKEP_VERSION } from '../../config/version.ts'
import { PERSISTENCE } from '../../shared/persistence-block.ts'
import { STAT } from '../../shared/statistics.ts'
import { lruClock } from '../../store/access.ts'
import { arenaHeld, arenaUsed } from '../../store/arena.ts'
import { ROOT, rootCounter } from '../../store/keyspace.ts'
import { trackedCount, trackedItems } from '../../store/tracked.ts'
import { entries } from '../table.ts'
import type { InfoFacts } from './info-facts.ts'
import { MEMORY_FIELDS } from './info-memory.ts'
import { persistenceLines } from './info-persistence.ts'
import { replicationLines, treeLines } from './info-replication.ts'
import { percentileOf } from './percentiles.ts'

/** A line of INFO: its name and how to find its value. */
export type InfoField = readonly [name: string, value: (facts: InfoFacts) => string | number]

/** A section of INFO. */
export interface InfoSection {
  /** As clients ask for it, lower case. */
  readonly name: string
  readonly title: string
  /** Part of INFO without arguments. */
  readonly isDefault: boolean
  /** The lines, without line ends. */
  lines(facts: InfoFacts): string[]
}

const section = (title: string, fields: readonly InfoField[], isDefault = true): InfoSection => ({
  name: title.toLowerCase(),
  title,
  isDefault,
  lines: facts => fields.map(([name, value]) => `${name}:${value(facts)}`),
})

const uptime = ({ now, router }: InfoFacts): number => Math.floor((now - router.facts.startedAt) / 1000)
const constant = (value: string | number) => (): string | number => value

const SERVER: readonly InfoField[] = [
  ['redis_version', constant(REDIS_VERSION)],
  ['redis_git_sha1', constant('00000000')],
  ['redis_git_dirty', constant(0)],
  ['redis_build_id', constant('0')],
  ['redis_mode', constant('standalone')],
  ['os', constant(`${os.type()} ${os.release()} ${os.machine()}`)],
  ['arch_bits', constant(64)],
  ['monotonic_clock', constant('performance.now')],
  ['multiplexing_api', constant('libuv')],
  ['atomicvar_api', constant('ecmascript')],
  ['gcc_version', constant('0.0.0')],
  ['process_id', constant(process.pid)],
  ['process_supervised', facts => supervision(facts.config('supervised'))],
  ['run_id', ({ router }) => router.facts.runId],
  ['tcp_port', facts => facts.config('port')],
  ['server_time_usec', ({ now }) => now * 1000],
  ['uptime_in_seconds', uptime],
  ['uptime_in_days', facts => Math.floor(uptime(facts) / 86400)],
  ['hz', facts => facts.config('hz')],
  ['configured_hz', facts => facts.config('hz')],
  ['lru_clock', ({ now }) => lruClock(now)],
  ['executable', ({ router }) => router.facts.executable],
  ['config_file', ({ router }) => router.facts.configFile],
  ['io_threads_active', constant(0)],
  ['skep_version', constant(SKEP_VERSION)],
  ['node_version', constant(process.versions.node)],
]

/** While a shutdown waits for replicas: how long it will wait still. */
function shutdownLines({ now, router }: InfoFacts): string[] {
  const at = router.persistence.get(PERSISTENCE.SHUTDOWN_AT)
  return at === 0 ? [] : [`shutdown_in_milliseconds:${Math.max(0, at - now)}`]
}

const CLIENTS: readonly InfoField[] = [
  ['connected_clients', facts => facts.stat(STAT.CLIENTS) - facts.router.replication.block.rows().length],
  ['cluster_connections', constant(0)],
  ['maxclients', facts => facts.config('maxclients')],
  ['client_recent_max_input_buffer', facts => facts.statMax(STAT.MAX_INPUT)],
  ['client_recent_max_output_buffer', facts => facts.statMax(STAT.MAX_OUTPUT)],
  ['blocked_clients', facts => facts.stat(STAT.BLOCKED_CLIENTS)],
  ['tracking_clients', facts => facts.stat(STAT.TRACKING_CLIENTS)],
  ['clients_in_timeout_table', facts => facts.stat(STAT.CLIENTS_WITH_TIMEOUT)],
]

const STATS: readonly InfoField[] = [
  ['total_connections_received', facts => facts.stat(STAT.CONNECTIONS)],
  ['total_commands_processed', facts => facts.stat(STAT.COMMANDS)],
  ['instantaneous_ops_per_sec', ({ router }) => Math.round(router.rates.perSecond(STAT.COMMANDS))],
  ['total_net_input_bytes', facts => facts.stat(STAT.NET_INPUT)],
  ['total_net_output_bytes', facts => facts.stat(STAT.NET_OUTPUT)],
  ['total_net_repl_input_bytes', ({ router }) => router.replication.block.number('NET_INPUT')],
  ['total_net_repl_output_bytes', ({ router }) => router.replication.block.number('NET_OUTPUT')],
  ['instantaneous_input_kbps', ({ router }) => (router.rates.perSecond(STAT.NET_INPUT) / 1024).toFixed(2)],
  ['instantaneous_output_kbps', ({ router }) => (router.rates.perSecond(STAT.NET_OUTPUT) / 1024).toFixed(2)],
  ['instantaneous_input_repl_kbps', constant('0.00')],
  ['instantaneous_output_repl_kbps', constant('0.00')],
  ['rejected_connections', facts => facts.stat(STAT.REJECTED_CONNECTIONS)],
  ['sync_full', ({ router }) => router.replication.block.number('SYNC_FULL')],
  ['sync_partial_ok', ({ router }) => router.replication.block.number('SYNC_PARTIAL')],
  ['sync_partial_err', ({ router }) => router.replication.block.number('SYNC_REFUSED')],
  ['expired_keys', facts => facts.root(ROOT.EXPIRED)],
  ['expired_stale_perc', facts => (facts.root(ROOT.STALE_PERCENT) / facts.router.engine.shards.length).toFixed(2)],
  ['expired_time_cap_reached_count', facts => facts.root(ROOT.CAP_REACHED)],
  ['expire_cycle_cpu_milliseconds', facts => Math.floor(facts.root(ROOT.EXPIRE_CYCLE) / 1000)],
  ['evicted_keys', facts => facts.root(ROOT.EVICTED)],
  ['evicted_clients', facts => facts.stat(STAT.EVICTED_CLIENTS)],
  ['total_eviction_exceeded_time', constant(0)],
  ['current_eviction_exceeded_time', constant(0)],
  ['keyspace_hits', facts => facts.root(ROOT.HITS)],
  ['keyspace_misses', facts => facts.root(ROOT.MISSES)],
  ['pubsub_channels', facts => facts.stat(STAT.PUBSUB_CHANNELS)],
  ['pubsub_patterns', facts => facts.stat(STAT.PUBSUB_PATTERNS)],
  ['pubsubshard_channels', facts => facts.stat(STAT.PUBSUB_SHARD_CHANNELS)],
  ['latest_fork_usec', constant(0)],
  ['total_forks', ({ router }) => router.persistence.get(PERSISTENCE.SNAPSHOTS)],
  ['migrate_cached_sockets', facts => facts.stat(STAT.MIGRATE_SOCKETS)],
  ['slave_expires_tracked_keys', constant(0)],
  ['active_defrag_hits', constant(0)],
  ['active_defrag_misses', constant(0)],
  ['active_defrag_key_hits', constant(0)],
  ['active_defrag_key_misses', constant(0)],
  ['total_active_defrag_time', constant(0)],
  ['current_active_defrag_time', constant(0)],
  ['tracking_total_keys', facts => facts.shards(trackedCount)],
  ['tracking_total_items', facts => facts.shards(trackedItems)],
  ['tracking_total_prefixes', facts => facts.stat(STAT.TRACKING_PREFIXES)],
  ['unexpected_error_replies', constant(0)],
  ['total_error_replies', facts => facts.stat(STAT.ERROR_REPLIES)],
  ['dump_payload_sanitizations', facts => facts.stat(STAT.DUMP_SANITIZATIONS)],
  ['total_reads_processed', facts => facts.stat(STAT.READS)],
  ['total_writes_processed', facts => facts.stat(STAT.WRITES)],
  ['io_threaded_reads_processed', constant(0)],
  ['io_threaded_writes_processed', constant(0)],
  ['reply_buffer_shrinks', facts => facts.stat(STAT.REPLY_ROOM_SHRINKS)],
  ['reply_buffer_expands', facts => facts.stat(STAT.REPLY_ROOM_GROWTHS)],
  ['acl_access_denied_auth', facts => facts.stat(STAT.ACL_DENIED_AUTH)],
]

const seconds = (microseconds: number): string => (microseconds / 1e6).toFixed(6)

const CPU: readonly InfoField[] = [
  ['used_cpu_sys', () => seconds(process.cpuUsage().system)],
  ['used_cpu_user', () => seconds(process.cpuUsage().user)],
  ['used_cpu_sys_children', constant(seconds(0))],
  ['used_cpu_user_children', constant(seconds(0))],
  ['used_cpu_sys_main_thread', () => seconds(process.threadCpuUsage().system)],
  ['used_cpu_user_main_thread', () => seconds(process.threadCpuUsage().user)],
]

const COMMAND_STATISTICS: InfoSection = {
  name: 'commandstats',
  title: 'Commandstats',
  isDefault: false,
  lines(facts) {
    const lines: string[] = []
    for (const entry of entries) {
      const { calls, microseconds, rejected, failed } = facts.command(entry)
      if (calls === 0 && rejected === 0 && failed === 0) continue
      const each = calls === 0 ? 0 : microseconds / calls
      lines.push(
        `cmdstat_${entry.fullName}:calls=${calls},usec=${Math.round(microseconds)},` +
          `usec_per_call=${each.toFixed(2)},rejected_calls=${rejected},failed_calls=${failed}`,
      )
    }
    return lines
  },
}

const ERROR_STATISTICS: InfoSection = {
  name: 'errorstats',
  title: 'Errorstats',
  isDefault: true,
  lines: facts => [...facts.errors()].sort().map(([code, count]) => `errorstat_${code}:count=${count}`),
}

const LATENCY_STATISTICS: InfoSection = {
  name: 'latencystats',
  title: 'Latencystats',
  isDefault: false,
  lines(facts) {
    const percentiles = facts.router.config.words('latency-tracking-info-percentiles')
    const lines: string[] = []
    if (!facts.router.config.bool('latency-tracking')) return lines
    for (const entry of entries) {
      const buckets = facts.histogram(entry)
      if (buckets.every(count => count === 0)) continue
      const values = percentiles.map(p => `p${Number(p)}=${percentileOf(buckets, Number(p)).toFixed(3)}`)
      lines.push(`latency_percentiles_usec_${entry.fullName}:${values.join(',')}`)
    }
    return lines
  },
}

const KEYSPACE: InfoSection = {
  name: 'keyspace',
  title: 'Keyspace',
  isDefault: true,
  lines(facts) {
    const lines: string[] = []
    for (let db = 0; db < facts.router.engine.shards[0].databases; db++) {
      const { keys, expires, averageTtl } = facts.database(db)
      if (keys > 0) lines.push(`db${db}:keys=${keys},expires=${expires},avg_ttl=${averageTtl}`)
    }
    return lines
  },
}

const SKEP: InfoSection = {
  name: 'skep',
  title: 'Skep',
  isDefault: true,
  lines(facts) {
    const { count, engine } = facts.router
    const lines = [`skep_routers:${count}`, `skep_shards:${engine.shards.length}`]
    for (const { m, index, databases } of engine.shards) {
      let keys = 0
      for (let db = 0; db < databases; db++) keys += engine.shards[index].size(db)
      lines.push(
        `skep_shard${index}:keys=${keys},used_memory=${arenaUsed(m)},held_memory=${arenaHeld(m)},` +
          `hits=${rootCounter(m, ROOT.HITS)},misses=${rootCounter(m, ROOT.MISSES)}`,
      )
    }
    return lines
  },
}

/** All sections, in the order of the reply. */
export const SECTIONS: readonly InfoSection[] = [
  {
    ...section('Server', SERVER),
    lines: facts => [...section('Server', SERVER).lines(facts), ...shutdownLines(facts)],
  },
  section('Clients', CLIENTS),
  section('Memory', MEMORY_FIELDS),
  { name: 'persistence', title: 'Persistence', isDefault: true, lines: persistenceLines },
  section('Stats', STATS),
  { name: 'replication', title: 'Replication', isDefault: true, lines: replicationLines },
  { name: 'replication_tree', title: 'Replication_tree', isDefault: false, lines: treeLines },
  section('CPU', CPU),
  section('Modules', []),
  COMMAND_STATISTICS,
  ERROR_STATISTICS,
  LATENCY_STATISTICS,
  section('Cluster', [['cluster_enabled', constant(0)]]),
  KEYSPACE,
  SKEP,
]
