// INFO's fields on the append-only log: Redis's, and for several shards a line for each.

import type { LogBlock, LogsBlock } from '../../shared/log-block.ts'
import { LOGS } from '../../shared/log-block.ts'
import { basePlace, LOG_FIGURE } from '../../shared/log-figures.ts'
import type { InfoFacts } from './info-facts.ts'
import type { InfoField } from './info-sections.ts'

/** The log as a router sees it. */
export interface LogFacts {
  readonly logs: LogsBlock
  readonly blocks: readonly LogBlock[]
  readonly figures: Float64Array
}

const figure =
  (place: number) =>
  ({ router }: InfoFacts): number =>
    router.log.figures[place]

const status = (hasFailed: boolean): string => (hasFailed ? 'err' : 'ok')

export const LOG_FIELDS: readonly InfoField[] = [
  ['aof_enabled', figure(LOG_FIGURE.ENABLED)],
  ['aof_rewrite_in_progress', figure(LOG_FIGURE.REWRITING)],
  ['aof_rewrite_scheduled', figure(LOG_FIGURE.SCHEDULED)],
  ['aof_last_rewrite_time_sec', figure(LOG_FIGURE.LAST_SECONDS)],
  [
    'aof_current_rewrite_time_sec',
    ({ router, now }) =>
      router.log.figures[LOG_FIGURE.REWRITING] === 0
        ? -1
        : Math.floor(now / 1000 - router.log.figures[LOG_FIGURE.BEGAN]),
  ],
  ['aof_last_bgrewrite_status', ({ router }) => status(router.log.figures[LOG_FIGURE.HAS_FAILED] !== 0)],
  ['aof_rewrites', figure(LOG_FIGURE.REWRITES)],
  ['aof_rewrites_consecutive_failures', figure(LOG_FIGURE.FAILURES)],
  ['aof_last_write_status', ({ router }) => status(router.log.logs.get(LOGS.FAILING) > 0)],
  ['aof_last_cow_size', () => 0],
]

const sizeOf = ({ blocks, figures }: LogFacts, shard: number): number => figures[basePlace(shard)] + blocks[shard].size

/** The lines about files, which are there while the log is on. */
export function logLines({ router }: InfoFacts): string[] {
  const { log } = router
  const { logs, blocks, figures } = log
  if (figures[LOG_FIGURE.ENABLED] === 0) return []
  const sum = (of: (block: LogBlock, shard: number) => number): number =>
    blocks.reduce((total, block, shard) => total + of(block, shard), 0)
  const lines = [
    `aof_current_size:${sum((_, shard) => sizeOf(log, shard))}`,
    `aof_base_size:${figures[LOG_FIGURE.BASE_SIZE]}`,
    `aof_pending_rewrite:${figures[LOG_FIGURE.SCHEDULED]}`,
    `aof_buffer_length:${sum(block => block.pending)}`,
    `aof_pending_bio_fsync:${sum(block => (block.isUnsynced ? 1 : 0))}`,
    `aof_delayed_fsync:${logs.get(LOGS.DELAYED)}`,
  ]
  if (blocks.length === 1) return lines
  for (const [shard, block] of blocks.entries()) {
    const facts = `size=${sizeOf(log, shard)},pending=${block.pending},unsynced=${block.isUnsynced ? 1 : 0}`
    lines.push(`aof_shard${shard}:${facts},error=${block.error}`)
  }
  return lines
}
