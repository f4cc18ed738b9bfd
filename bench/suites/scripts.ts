// Question: how many scripts a second, a short one alone or in pipelines, and what does a command in a script cost? 50
// connections. The last answer is in ../RESULTS.md, section scripts.

import { randomUUID } from 'node:crypto'
import { addRows, drive, measureInTurn } from '../support/drive.ts'
import type { Row } from '../support/report.ts'
import { withAll } from '../support/servers.ts'
import type { Suite } from './index.ts'

const CONNECTIONS = 50
const CALLS = 100
const SHORT = "return redis.call('INCR', KEYS[1])"
const LIMITER = `local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {n, redis.call('PTTL', KEYS[1])}`
const LOOP = `for i = 1, ${CALLS} do redis.call('HSET', KEYS[1], 'field', i) redis.call('HGET', KEYS[1], 'field') end`

const CASES = [
  { what: 'one INCR, P=1', script: SHORT, pipeline: 1, args: [] },
  { what: 'one INCR, P=16', script: SHORT, pipeline: 16, args: [] },
  { what: 'a rate limiter of three commands, P=16', script: LIMITER, pipeline: 16, args: ['60000'] },
  { what: `HSET and HGET, ${CALLS} times, P=1`, script: LOOP, pipeline: 1, args: [] },
] as const

export const scripts: Suite = {
  name: 'scripts',
  question: 'EVAL, P scripts in one write; 50 connections, each with keys of its own',

  async run(settings) {
    const speed: Row[] = []
    const cost: Row[] = []
    await withAll(settings, async servers => {
      for (const { what, script, pipeline, args } of CASES) {
        const prefix = randomUUID()
        const figures = await measureInTurn(servers, settings, server =>
          drive(server, CONNECTIONS, settings.seconds, i =>
            Array.from({ length: pipeline }, () => ['EVAL', script, 1, `${prefix}:${i}`, ...args]),
          ),
        )
        addRows(speed, cost, { what, each: pipeline }, figures)
      }
    })
    return {
      tables: [
        { title: 'scripts a second', rows: speed },
        { title: 'processor time of the server for one', rows: cost },
      ],
      notes: [],
    }
  },
}
