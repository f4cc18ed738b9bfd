// The figures for Prometheus, read from INFO's tables and the threads' statistics when they are asked for. Those that
// redis_exporter has bear its names, so that dashboards made for it show them; skep's own begin with skep_.

import { Counter, Gauge, Registry } from 'prom-client'
import { InfoFacts } from '../commands/server/info-facts.ts'
import { entries } from '../commands/table.ts'
import type { Router } from '../router/router.ts'
import { STAT } from '../shared/statistics.ts'
import { arenaHeld, arenaUsed } from '../store/arena.ts'
import { ROOT, rootCounter } from '../store/keyspace.ts'
import { infoValues, pairsOf } from './info-values.ts'
import { CommandLatency } from './latency.ts'

/** Metrics that are a field of INFO. */
type Row = readonly [name: string, field: string, help: string]

const GAUGES: readonly Row[] = [
  ['redis_uptime_in_seconds', 'uptime_in_seconds', 'Seconds since the start.'],
  ['redis_connected_clients', 'connected_clients', 'Clients that are connected.'],
  ['redis_blocked_clients', 'blocked_clients', 'Clients that wait in a command.'],
  ['redis_tracking_clients', 'tracking_clients', 'Clients that keep copies of keys.'],
  ['redis_max_clients', 'maxclients', 'How many clients may be connected.'],
  ['redis_memory_used_bytes', 'used_memory', 'Memory that counts against maxmemory.'],
  ['redis_memory_used_rss_bytes', 'used_memory_rss', 'Resident memory of the process.'],
  ['redis_memory_used_peak_bytes', 'used_memory_peak', 'The most memory used so far.'],
  ['redis_memory_used_dataset_bytes', 'used_memory_dataset', 'Memory of the data.'],
  ['redis_memory_max_bytes', 'maxmemory', 'The limit of memory, 0 for none.'],
  ['redis_mem_fragmentation_ratio', 'mem_fragmentation_ratio', 'Resident memory by used memory.'],
  ['redis_loading_dump_file', 'loading', 'Whether the data set is being loaded.'],
  ['redis_rdb_changes_since_last_save', 'rdb_changes_since_last_save', 'Changes since the last snapshot.'],
  ['redis_rdb_bgsave_in_progress', 'rdb_bgsave_in_progress', 'Whether a snapshot is being written.'],
  ['redis_rdb_last_save_timestamp_seconds', 'rdb_last_save_time', 'When the last snapshot was written.'],
  ['redis_rdb_last_bgsave_duration_sec', 'rdb_last_bgsave_time_sec', 'How long the last snapshot took.'],
  ['redis_aof_enabled', 'aof_enabled', 'Whether there is an append-only file.'],
  ['redis_aof_rewrite_in_progress', 'aof_rewrite_in_progress', 'Whether the append-only file is being rewritten.'],
  ['redis_aof_last_rewrite_duration_sec', 'aof_last_rewrite_time_sec', 'How long the last rewrite took.'],
  ['redis_aof_current_size_bytes', 'aof_current_size', 'Size of the append-only files.'],
  ['redis_aof_base_size_bytes', 'aof_base_size', 'Their size after the last rewrite.'],
  ['redis_aof_pending_bio_fsync', 'aof_pending_bio_fsync', 'Syncs of the append-only file under way.'],
  ['redis_connected_slaves', 'connected_slaves', 'Replicas that are connected.'],
  ['redis_master_repl_offset', 'master_repl_offset', 'Bytes of the replication stream so far.'],
  ['redis_slave_repl_offset', 'slave_repl_offset', 'Bytes of it that this replica has.'],
  ['redis_master_last_io_seconds_ago', 'master_last_io_seconds_ago', 'Since when the master is silent.'],
  ['redis_repl_backlog_is_active', 'repl_backlog_active', 'Whether there is a backlog.'],
  ['redis_replication_backlog_bytes', 'repl_backlog_size', 'Size of the backlog.'],
  ['redis_pubsub_channels', 'pubsub_channels', 'Channels somebody listens to.'],
  ['redis_pubsub_patterns', 'pubsub_patterns', 'Patterns somebody listens to.'],
]

const COUNTERS: readonly Row[] = [
  ['redis_connections_received_total', 'total_connections_received', 'Connections so far.'],
  ['redis_rejected_connections_total', 'rejected_connections', 'Connections turned away.'],
  ['redis_commands_processed_total', 'total_commands_processed', 'Commands run.'],
  ['redis_net_input_bytes_total', 'total_net_input_bytes', 'Bytes of commands received.'],
  ['redis_net_output_bytes_total', 'total_net_output_bytes', 'Bytes of replies sent.'],
  ['redis_keyspace_hits_total', 'keyspace_hits', 'Lookups that found a key.'],
  ['redis_keyspace_misses_total', 'keyspace_misses', 'Lookups that found none.'],
  ['redis_expired_keys_total', 'expired_keys', 'Keys deleted because their time was up.'],
  ['redis_evicted_keys_total', 'evicted_keys', 'Keys deleted to make room.'],
  ['redis_aof_delayed_fsync_total', 'aof_delayed_fsync', 'Syncs of the append-only file that were late.'],
  ['redis_replica_resyncs_full_total', 'sync_full', 'Full synchronisations with replicas.'],
  ['redis_replica_partial_resync_accepted_total', 'sync_partial_ok', 'Partial ones.'],
  ['redis_cpu_user_seconds_total', 'used_cpu_user', 'Processor time in user mode.'],
  ['redis_cpu_sys_seconds_total', 'used_cpu_sys', 'Processor time in the kernel.'],
]

/** Metrics that are 1 where a field has this value. */
const FLAGS: readonly (readonly [name: string, field: string, value: string, help: string])[] = [
  ['redis_rdb_last_bgsave_status', 'rdb_last_bgsave_status', 'ok', 'Whether the last snapshot went well.'],
  ['redis_aof_last_bgrewrite_status', 'aof_last_bgrewrite_status', 'ok', 'Whether the last rewrite went well.'],
  ['redis_aof_last_write_status', 'aof_last_write_status', 'ok', 'Whether the append-only file can be written.'],
  ['redis_master_link_up', 'master_link_status', 'up', 'Whether this replica hears its master.'],
]

const SECTIONS_READ = ['server', 'clients', 'memory', 'persistence', 'stats', 'replication', 'cpu', 'keyspace']

/** All the metrics there are, for one router's gateway; whichever router is asked, they are the whole server's. */
export class Metrics {
  readonly registry = new Registry()
  #facts: InfoFacts
  #info = new Map<string, string>()

  constructor(router: Router) {
    this.#facts = new InfoFacts(router)
    this.#fields()
    this.#perDatabase()
    this.#perCommand()
    this.#perShard()
    this.#perThread()
    this.#perReplica()
    this.#gauge('redis_instance_info', 'What is running.', ['role', 'redis_version', 'skep_version'], add => {
      const { role, redis_version, skep_version } = Object.fromEntries(this.#info)
      add({ role, redis_version, skep_version }, 1)
    })
  }

  get contentType(): string {
    return this.registry.contentType
  }

  /** The text of a scrape. */
  text(): Promise<string> {
    this.#facts = new InfoFacts(this.#facts.router)
    this.#info = infoValues(this.#facts, SECTIONS_READ)
    return this.registry.metrics()
  }

  #gauge(name: string, help: string, labelNames: readonly string[], read: (add: Add) => void): void {
    const gauge: Gauge = new Gauge({
      ...this.#traits(name, help, labelNames),
      collect: () => readAnew(gauge, labelNames, () => read((labels, value) => gauge.set(labels, value))),
    })
  }

  #counter(name: string, help: string, labelNames: readonly string[], read: (add: Add) => void): void {
    const counter: Counter = new Counter({
      ...this.#traits(name, help, labelNames),
      collect: () => readAnew(counter, labelNames, () => read((labels, value) => counter.inc(labels, value))),
    })
  }

  #traits(name: string, help: string, labelNames: readonly string[]) {
    return { name, help, labelNames: [...labelNames], registers: [this.registry] }
  }

  #fields(): void {
    const read =
      (field: string) =>
      (add: Add): void => {
        const value = Number(this.#info.get(field) ?? Number.NaN)
        if (Number.isFinite(value)) add({}, value)
      }
    for (const [name, field, help] of GAUGES) this.#gauge(name, help, [], read(field))
    for (const [name, field, help] of COUNTERS) this.#counter(name, help, [], read(field))
    for (const [name, field, wanted, help] of FLAGS) {
      this.#gauge(name, help, [], add => {
        const value = this.#info.get(field)
        if (value !== undefined) add({}, value === wanted ? 1 : 0)
      })
    }
    this.#counter('redis_errors_total', 'Error replies, by their code.', ['err'], add => {
      for (const [err, count] of this.#facts.errors()) add({ err }, count)
    })
  }

  #perDatabase(): void {
    const each =
      (figure: string) =>
      (add: Add): void => {
        for (const [name, text] of this.#info) {
          if (/^db\d+$/.test(name)) add({ db: name }, Number(pairsOf(text).get(figure) ?? 0))
        }
      }
    this.#gauge('redis_db_keys', 'Keys in a database.', ['db'], each('keys'))
    this.#gauge('redis_db_keys_expiring', 'Keys in a database that expire.', ['db'], each('expires'))
  }

  #perCommand(): void {
    const each =
      (figure: 'calls' | 'rejected' | 'failed') =>
      (add: Add): void => {
        for (const entry of entries) {
          const figures = this.#facts.command(entry)
          if (figures.calls > 0 || figures.rejected > 0) add({ cmd: entry.fullName }, figures[figure])
        }
      }
    this.#counter('redis_commands_total', 'Calls of a command.', ['cmd'], each('calls'))
    this.#counter('redis_commands_rejected_calls_total', 'Calls refused before they ran.', ['cmd'], each('rejected'))
    this.#counter('redis_commands_failed_calls_total', 'Calls that failed.', ['cmd'], each('failed'))
    new CommandLatency(
      'redis_commands_latencies_seconds',
      'How long calls of a command took.',
      this.registry,
      () => this.#facts,
    )
  }

  #perShard(): void {
    const each =
      (figure: (shard: InfoFacts['router']['engine']['shards'][number]) => number) =>
      (add: Add): void => {
        for (const shard of this.#facts.router.engine.shards) add({ shard: String(shard.index) }, figure(shard))
      }
    const root = (field: number) => each(({ m }) => rootCounter(m, field))
    this.#gauge('skep_shard_keys', 'Keys of a shard, in all databases.', ['shard'], each(keysOf))
    this.#gauge(
      'skep_shard_memory_used_bytes',
      'Memory in use in a shard.',
      ['shard'],
      each(({ m }) => arenaUsed(m)),
    )
    this.#gauge(
      'skep_shard_memory_held_bytes',
      'Memory a shard has taken.',
      ['shard'],
      each(({ m }) => arenaHeld(m)),
    )
    this.#counter('skep_shard_hits_total', 'Lookups in a shard that found a key.', ['shard'], root(ROOT.HITS))
    this.#counter('skep_shard_misses_total', 'Lookups in a shard that found none.', ['shard'], root(ROOT.MISSES))
    this.#counter('skep_shard_changes_total', 'Changes of a shard.', ['shard'], root(ROOT.DIRTY))
    this.#counter('skep_shard_expired_total', 'Keys of a shard that expired.', ['shard'], root(ROOT.EXPIRED))
    this.#counter('skep_shard_evicted_total', 'Keys of a shard that were evicted.', ['shard'], root(ROOT.EVICTED))
  }

  #perThread(): void {
    this.#counter('skep_thread_commands_total', 'Commands that a thread has run.', ['thread'], add => {
      const { router } = this.#facts
      for (const [i, block] of router.allStatistics.entries()) {
        const thread = i < router.count ? `router ${i}` : `shard ${i - router.count}`
        add({ thread }, block.get(STAT.COMMANDS))
      }
    })
  }

  #perReplica(): void {
    const each =
      (figure: string) =>
      (add: Add): void => {
        for (const [name, text] of this.#info) {
          if (!/^slave\d+$/.test(name)) continue
          const pairs = pairsOf(text)
          add({ replica: `${pairs.get('ip')}:${pairs.get('port')}` }, Number(pairs.get(figure) ?? 0))
        }
      }
    this.#gauge('redis_connected_slave_offset_bytes', 'Bytes a replica has confirmed.', ['replica'], each('offset'))
    this.#gauge('redis_connected_slave_lag_seconds', 'Since when a replica is silent.', ['replica'], each('lag'))
  }
}

type Add = (labels: Record<string, string>, value: number) => void

/** Drops the values of the last scrape, and reads those of now. */
function readAnew(metric: Gauge | Counter, labelNames: readonly string[], read: () => void): void {
  metric.reset()
  // Without labels, a metric that nothing is known of would be told as 0.
  if (labelNames.length === 0) metric.remove({})
  read()
}

function keysOf(shard: InfoFacts['router']['engine']['shards'][number]): number {
  let keys = 0
  for (let db = 0; db < shard.databases; db++) keys += shard.size(db)
  return keys
}
