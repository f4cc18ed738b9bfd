// Whether the server does its work, for load balancers and watchdogs. It is told by the router alone, so the answer comes
// while shards are busy.

import { InfoFacts } from '../commands/server/info-facts.ts'
import type { Router } from '../router/router.ts'
import { infoValues } from './info-values.ts'

/** Why the server cannot be relied upon now; undefined if it can. */
export function healthProblem(router: Router): string | undefined {
  const info = infoValues(new InfoFacts(router), ['persistence', 'replication'])
  const { config } = router
  if (info.get('loading') === '1') return 'loading the data set'
  if (info.get('aof_enabled') === '1' && info.get('aof_last_write_status') !== 'ok') {
    return 'the append-only file cannot be written; writes are refused'
  }
  if (
    info.get('rdb_last_bgsave_status') !== 'ok' &&
    config.bool('stop-writes-on-bgsave-error') &&
    config.savePoints().length > 0
  ) {
    return 'the last snapshot failed; writes are refused'
  }
  if (info.get('master_link_status') === 'down' && !config.bool('replica-serve-stale-data')) {
    return 'the link to the master is down; stale data is not served'
  }
  return undefined
}
