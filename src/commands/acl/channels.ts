// Which arguments of a command are channels that ACLs guard. Unsubscribing is always allowed.

import type { Request } from '../../protocol/request.ts'
import type { Entry } from '../table.ts'

/** Arguments from `first` to before `end`. */
export interface ArgumentRange {
  readonly first: number
  readonly end: number
}

/** The channels among the arguments, undefined if the command has none. */
export function channelsOf({ fullName }: Entry, req: Request): ArgumentRange | undefined {
  switch (fullName) {
    case 'publish':
    case 'spublish':
      return { first: 1, end: 2 }
    case 'subscribe':
    case 'ssubscribe':
    case 'psubscribe':
      return { first: 1, end: req.argc }
    default:
      return undefined
  }
}

/** Whether they are patterns. */
export const isChannelPattern = ({ fullName }: Entry): boolean => fullName === 'psubscribe'
