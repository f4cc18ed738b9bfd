// How MONITOR shows a command.

import { escapeForLog } from '../../bytes/text.ts'
import type { Request } from '../../protocol/request.ts'
import { ADMIN, RUNS_SCRIPT, SKIP_MONITOR } from '../command.ts'
import { redactedFrom } from '../redaction.ts'
import { argumentEnd } from '../scripting/arguments.ts'
import { commandByName, type Entry } from '../table.ts'

const BY_SHA = new Set([commandByName('evalsha'), commandByName('evalsha_ro')])

/**
 * The line for a command in database `db` on behalf of `who`, an address or `lua`; undefined for a command that is not
 * shown. `sha` is what EVALSHA named.
 */
export function monitorLine(entry: Entry, req: Request, db: number, who: string, sha = ''): string | undefined {
  const { flags } = entry.command
  const runsScript = (flags & RUNS_SCRIPT) !== 0
  // Scripts are shown where they come in, before what they call.
  if ((flags & (ADMIN | SKIP_MONITOR)) !== 0 && !runsScript) return undefined
  const now = Date.now()
  const hidden = redactedFrom(entry.fullName, req)
  const end = runsScript ? argumentEnd(req) : req.argc
  let line = `+${Math.floor(now / 1000)}.${String(now % 1000).padStart(3, '0')}000 [${db} ${who}]`
  for (let i = 0; i < end; i++) {
    if (i === 1 && BY_SHA.has(entry)) line += ` ${escapeForLog(Buffer.from(sha, 'latin1'), 0, sha.length)}`
    else line += hidden(i) ? ' "(redacted)"' : ` ${escapeForLog(req.u8, req.at[i], req.length[i])}`
  }
  return `${line}\r\n`
}
