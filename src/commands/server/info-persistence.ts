// INFO's section on snapshots and the append-only file.

import { ROOT } from '../../store/keyspace.ts'
import type { InfoField } from './info-sections.ts'

const constant = (value: string | number) => (): string | number => value

export const PERSISTENCE_FIELDS: readonly InfoField[] = [
  ['loading', constant(0)],
  ['async_loading', constant(0)],
  ['current_cow_peak', constant(0)],
  ['current_cow_size', constant(0)],
  ['current_cow_size_age', constant(0)],
  ['current_fork_perc', constant('0.00')],
  ['current_save_keys_processed', constant(0)],
  ['current_save_keys_total', constant(0)],
  ['rdb_changes_since_last_save', facts => facts.root(ROOT.DIRTY)],
  ['rdb_bgsave_in_progress', constant(0)],
  ['rdb_last_save_time', ({ router }) => Math.floor(router.facts.startedAt / 1000)],
  ['rdb_last_bgsave_status', constant('ok')],
  ['rdb_last_bgsave_time_sec', constant(-1)],
  ['rdb_current_bgsave_time_sec', constant(-1)],
  ['rdb_saves', constant(0)],
  ['rdb_last_cow_size', constant(0)],
  ['rdb_last_load_keys_expired', constant(0)],
  ['rdb_last_load_keys_loaded', constant(0)],
  ['aof_enabled', constant(0)],
  ['aof_rewrite_in_progress', constant(0)],
  ['aof_rewrite_scheduled', constant(0)],
  ['aof_last_rewrite_time_sec', constant(-1)],
  ['aof_current_rewrite_time_sec', constant(-1)],
  ['aof_last_bgrewrite_status', constant('ok')],
  ['aof_rewrites', constant(0)],
  ['aof_rewrites_consecutive_failures', constant(0)],
  ['aof_last_write_status', constant('ok')],
  ['aof_last_cow_size', constant(0)],
  ['module_fork_in_progress', constant(0)],
  ['module_fork_last_cow_size', constant(0)],
]
