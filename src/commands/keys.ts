// Which arguments of a command are keys: what routing, COMMAND GETKEYS and ACL ask.

import type { Request } from '../protocol/request.ts'
import type { Command, KeySpec } from './command.ts'

/** Appends the argument indexes of the command's keys to `found`. Returns false when the arguments make no sense. */
export function findKeys(command: Command, req: Request, found: number[]): boolean {
  if ('findKeys' in command && command.findKeys !== undefined) return command.findKeys(req, found)
  for (const spec of command.keys ?? []) if (!specKeys(spec, req, found)) return false
  return true
}

/** Appends the keys that one specification tells of. */
export function specKeys(spec: KeySpec, req: Request, found: number[]): boolean {
  // What only looks like a key, such as the channel of SPUBLISH.
  if (spec.flags[0] === 'not_key') return true
  if (spec.begin === 'unknown' || spec.find === 'unknown') return false
  const first = 'index' in spec.begin ? spec.begin.index : keywordIndex(spec.begin, req)
  // A missing keyword means that the option, and so its keys, is not there.
  if (first < 0) return true
  const find = spec.find
  if ('countAt' in find) {
    const count = req.integer(first + find.countAt)
    if (!(count >= 0)) return false
    const begin = first + find.first
    if (begin + (count - 1) * find.step >= req.argc) return false
    for (let i = 0; i < count; i++) found.push(begin + i * find.step)
    return true
  }
  let last = find.last >= 0 ? first + find.last : req.argc + find.last
  // A limit of n means: only the first 1/n of the arguments (as in XREAD's keys before as many ids).
  if (find.last === -1 && find.limit >= 2) last = first + Math.floor((req.argc - first) / find.limit) - 1
  if (last >= req.argc) return false
  for (let i = first; i <= last; i += find.step) found.push(i)
  return true
}

function keywordIndex(begin: { readonly keyword: string; readonly from: number }, req: Request): number {
  if (begin.from > 0) {
    for (let i = begin.from; i < req.argc; i++) if (req.is(i, begin.keyword)) return i + 1
  } else {
    for (let i = req.argc + begin.from; i > 0; i--) if (req.is(i, begin.keyword)) return i + 1
  }
  return -1
}
