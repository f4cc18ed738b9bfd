// The bench's suites by name; each is one file with its question in the header.

import type { Report } from '../support/report.ts'
import type { Settings } from '../support/servers.ts'
import { big } from './big.ts'
import { busy } from './busy.ts'
import { handover } from './handover.ts'
import { http } from './http.ts'
import { idle } from './idle.ts'
import { log } from './log.ts'
import { memory } from './memory.ts'
import { publish } from './publish.ts'
import { replication } from './replication.ts'
import { scripts } from './scripts.ts'
import { sessions } from './sessions.ts'
import { snapshot } from './snapshot.ts'
import { stall } from './stall.ts'
import { start } from './start.ts'
import { strings } from './strings.ts'
import { transactions } from './transactions.ts'
import { types } from './types.ts'
import { unions } from './unions.ts'
import { verified } from './verified.ts'
import { workloads } from './workloads.ts'

/** A set of measurements that answers one question. */
export type Suite = {
  readonly name: string
  readonly question: string
  run(settings: Settings): Promise<Report>
}

export const SUITES: readonly Suite[] = [
  strings,
  types,
  unions,
  sessions,
  memory,
  idle,
  start,
  big,
  stall,
  busy,
  transactions,
  publish,
  handover,
  scripts,
  workloads,
  replication,
  log,
  snapshot,
  verified,
  http,
]
