// Arguments that hold secrets: MONITOR, the slow log and the log show `(redacted)` in their place.

import { findDirective } from '../config/directives.ts'
import type { Request } from '../protocol/request.ts'

const nothing = (): boolean => false

/** Tells of each argument of this command whether it is to be hidden. */
export function redactedFrom(fullName: string, req: Request): (i: number) => boolean {
  switch (fullName) {
    case 'auth':
    case 'acl|setuser':
    case 'acl|deluser':
    case 'acl|getuser':
      return i => i >= (fullName === 'auth' ? 1 : 2)
    case 'hello':
      return after(req, 'AUTH', 2, 2)
    case 'migrate': {
      const one = after(req, 'AUTH', 6, 1)
      const two = after(req, 'AUTH2', 6, 2)
      return i => one(i) || two(i)
    }
    case 'config|set':
      return i => i >= 3 && i % 2 === 1 && findDirective(req.text(i - 1))?.sensitive === true
    default:
      return nothing
  }
}

/** The `count` arguments behind a keyword, searched from `first` on. */
function after(req: Request, keyword: string, first: number, count: number): (i: number) => boolean {
  for (let i = first; i < req.argc; i++) {
    if (req.is(i, keyword)) return at => at > i && at <= i + count
  }
  return nothing
}
