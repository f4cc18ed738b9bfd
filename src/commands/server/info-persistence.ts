// INFO's section on snapshots and the append-only file.

import { PERSISTENCE } from '../../shared/persistence-block.ts'
import { LOADING_COPY } from '../../shared/replication-block.ts'
import { ROOT } from '../../store/keyspace.ts'
import type { InfoFacts } from './info-facts.ts'
import { LOG_FIELDS, logLines } from './info-log.ts'
import type { InfoField } from './info-sections.ts'

const constant = (value: string | number) => (): string | number => value
const figure =
  (which: number) =>
  ({ router }: InfoFacts): number =>
    router.persistence.get(which)

const percent = (part: number, whole: number): string => ((100 * part) / Math.max(1, whole)).toFixed(2)
const secondsSince = (began: number, now: number): number => Math.max(0, Math.floor(now / 1000 - began))

function isLoading({ router }: InfoFacts): boolean {
  return router.persistence.isLoading || router.replication.block.word('ASYNC_LOADING') === LOADING_COPY.PLAIN
}

/** Fields that are there only while data is loaded. */
const LOADING_FIELDS: readonly InfoField[] = [
  ['loading_start_time', figure(PERSISTENCE.LOADING_BEGAN)],
  ['loading_total_bytes', figure(PERSISTENCE.LOADING_BYTES)],
  ['loading_rdb_used_mem', figure(PERSISTENCE.LOADING_USED)],
  ['loading_loaded_bytes', figure(PERSISTENCE.LOADING_DONE)],
  [
    'loading_loaded_perc',
    ({ router: { persistence } }) =>
      percent(persistence.get(PERSISTENCE.LOADING_DONE), persistence.get(PERSISTENCE.LOADING_BYTES)),
  ],
  ['loading_eta_seconds', etaSeconds],
]

function etaSeconds({ router: { persistence }, now }: InfoFacts): number {
  const done = persistence.get(PERSISTENCE.LOADING_DONE)
  const left = persistence.get(PERSISTENCE.LOADING_BYTES) - done
  const elapsed = secondsSince(persistence.get(PERSISTENCE.LOADING_BEGAN), now)
  return done === 0 ? 1 : Math.max(0, Math.floor((elapsed * left) / done))
}

const PERSISTENCE_FIELDS: readonly InfoField[] = [
  ['loading', facts => (isLoading(facts) ? 1 : 0)],
  ['async_loading', ({ router }) => (router.replication.block.word('ASYNC_LOADING') === LOADING_COPY.ASYNC ? 1 : 0)],
  ['current_cow_peak', ({ router }) => router.persistence.oldBytes],
  ['current_cow_size', ({ router }) => router.persistence.oldBytes],
  ['current_cow_size_age', constant(0)],
  ['current_fork_perc', ({ router: { persistence } }) => percent(persistence.saved, persistence.expected)],
  ['current_save_keys_processed', ({ router }) => router.persistence.saved],
  ['current_save_keys_total', ({ router }) => router.persistence.expected],
  [
    'rdb_changes_since_last_save',
    facts => facts.router.persistence.changes(facts.root(ROOT.DIRTY), facts.config('save') !== ''),
  ],
  ['rdb_bgsave_in_progress', figure(PERSISTENCE.IS_SAVING)],
  ['rdb_last_save_time', figure(PERSISTENCE.LAST_SAVE)],
  ['rdb_last_bgsave_status', facts => (figure(PERSISTENCE.HAS_FAILED)(facts) === 0 ? 'ok' : 'err')],
  ['rdb_last_bgsave_time_sec', figure(PERSISTENCE.LAST_SECONDS)],
  ['rdb_current_bgsave_time_sec', currentSeconds],
  ['rdb_saves', figure(PERSISTENCE.SAVES)],
  ['rdb_last_cow_size', figure(PERSISTENCE.LAST_OLD_BYTES)],
  ['rdb_last_load_keys_expired', figure(PERSISTENCE.KEYS_EXPIRED)],
  ['rdb_last_load_keys_loaded', figure(PERSISTENCE.KEYS_LOADED)],
  ...LOG_FIELDS,
  ['module_fork_in_progress', constant(0)],
  ['module_fork_last_cow_size', constant(0)],
]

function currentSeconds({ router: { persistence }, now }: InfoFacts): number {
  if (persistence.get(PERSISTENCE.IS_SAVING) === 0) return -1
  return secondsSince(persistence.get(PERSISTENCE.BEGAN), now)
}

/** The section's lines: with those of a load while one goes on, and of each shard while a snapshot is taken. */
export function persistenceLines(facts: InfoFacts): string[] {
  const { persistence } = facts.router
  const shown = (fields: readonly InfoField[]): string[] => fields.map(([name, value]) => `${name}:${value(facts)}`)
  const lines = [...shown(PERSISTENCE_FIELDS), ...logLines(facts)]
  if (isLoading(facts)) lines.push(...shown(LOADING_FIELDS))
  for (let shard = 0; shard < facts.router.engine.shards.length; shard++) {
    const saved = persistence.savedBy(shard)
    lines.push(`shard${shard}_snapshot:saving=${saved < 0 ? 0 : 1},saved_keys=${Math.max(0, saved)}`)
  }
  return lines
}
