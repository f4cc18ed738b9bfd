// Question: how many transactions of two INCRs a second, with both keys on one shard and with keys on two? 50
// connections, one transaction at a time each. The last answer is in ../RESULTS.md, section transactions.

import { addRows, drive, measureInTurn } from '../support/drive.ts'
import type { Row } from '../support/report.ts'
import { withAll } from '../support/servers.ts'
import { tagOn } from '../support/tags.ts'
import type { Suite } from './index.ts'

const SHARDS = 4
const CONNECTIONS = 50

const CASES = [
  { what: 'keys on one shard', tags: [tagOn(0, SHARDS), tagOn(0, SHARDS)], goal: '≥ 0.9' },
  { what: 'keys on two shards', tags: [tagOn(0, SHARDS), tagOn(SHARDS - 1, SHARDS)], goal: '≥ 0.6' },
] as const

export const transactions: Suite = {
  name: 'transactions',
  question: 'MULTI, INCR, INCR, EXEC in one write; 50 connections, each with keys of its own; 4 shards',

  async run(settings) {
    const speed: Row[] = []
    const cost: Row[] = []
    await withAll({ ...settings, shards: SHARDS }, async servers => {
      for (const { what, tags, goal } of CASES) {
        const figures = await measureInTurn(servers, settings, server =>
          drive(server, CONNECTIONS, settings.seconds, i => [
            ['MULTI'],
            ['INCR', `a${i}{${tags[0]}}`],
            ['INCR', `b${i}{${tags[1]}}`],
            ['EXEC'],
          ]),
        )
        addRows(speed, cost, { what, goal }, figures)
      }
    })
    return {
      tables: [
        { title: 'transactions a second', rows: speed },
        { title: 'processor time of the server for one', rows: cost },
      ],
      notes: [],
    }
  },
}
