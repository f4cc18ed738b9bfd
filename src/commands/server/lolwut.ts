// LOLWUT: a comb, and the version.

import { REDIS_VERSION, SKEP_VERSION } from '../../config/version.ts'
import { type Command, FAST, READONLY } from '../command.ts'

const COLUMNS_DEFAULT = 8
const COLUMNS_MAX = 40
const ROWS = 3

export const lolwut: Command = {
  name: 'LOLWUT',
  group: 'server',
  since: '5.0.0',
  summary: 'Draws something, and tells the version.',
  complexity: 'O(1)',
  arity: -1,
  flags: READONLY | FAST,
  args: [{ name: 'version', type: 'integer', token: 'VERSION', flags: ['optional'] }],
  serve(_client, req, reply) {
    const asked = req.argc > 3 ? req.integer(3) : req.argc === 2 ? req.integer(1) : Number.NaN
    const columns = asked >= 1 ? Math.min(asked, COLUMNS_MAX) : COLUMNS_DEFAULT
    reply.verbatim('txt', `${comb(columns)}\nRedis ver. ${REDIS_VERSION} (skep ${SKEP_VERSION})\n`)
  },
}

/** Cells of wax, some of them full. */
function comb(columns: number): string {
  let text = `${' __   '.repeat(columns)}\n`
  for (let row = 0; row < ROWS; row++) {
    let upper = ''
    for (let i = 0; i < columns; i++) upper += `/${Math.random() < 0.3 ? '##' : '  '}\\__`
    text += `${upper}\n${'\\__/  '.repeat(columns)}\n`
  }
  return text
}
