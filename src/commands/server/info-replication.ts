// INFO's section on replication.

import type { InfoField } from './info-sections.ts'

const constant = (value: string | number) => (): string | number => value

export const REPLICATION_FIELDS: readonly InfoField[] = [
  ['role', constant('master')],
  ['connected_slaves', constant(0)],
  ['master_failover_state', constant('no-failover')],
  // The run id is as good a name as any for a history that nobody follows.
  ['master_replid', ({ router }) => router.facts.runId],
  ['master_replid2', constant('0'.repeat(40))],
  ['master_repl_offset', constant(0)],
  ['second_repl_offset', constant(-1)],
  ['repl_backlog_active', constant(0)],
  ['repl_backlog_size', facts => facts.config('repl-backlog-size')],
  ['repl_backlog_first_byte_offset', constant(0)],
  ['repl_backlog_histlen', constant(0)],
]
