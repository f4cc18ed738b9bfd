// `FIELDS numfields field …`, with which the commands on fields that expire end, and what they reply of a field.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { Argument } from '../command.ts'

const FIELDS_MISSING = 'ERR Mandatory argument FIELDS is missing or not at the right position'
const COUNT_WRONG = 'ERR The `numfields` parameter must match the number of arguments'
export const NUMFIELDS_NOT_POSITIVE = 'ERR Parameter `numFields` should be greater than 0'
export const COUNT_NOT_POSITIVE = 'ERR Number of fields must be a positive integer'

/** What is replied of a field instead of a time. */
export const FIELD_REPLY = {
  NO_FIELD: -2,
  NO_EXPIRY: -1,
  CONDITION_NOT_MET: 0,
  DONE: 1,
  DELETED: 2,
} as const

/**
 * The argument where the fields begin if FIELDS is argument `i` and the last option, 0 after replying an error.
 * `words` is how many arguments each field takes; `notPositive` the error for a number of fields below 1.
 */
export function fieldsFrom(req: Request, i: number, words: number, notPositive: string, reply: Reply): number {
  const error = fieldsError(req, i, words, notPositive)
  if (error === undefined) return i + 2
  reply.error(error)
  return 0
}

function fieldsError(req: Request, i: number, words: number, notPositive: string): string | undefined {
  if (i + 1 >= req.argc || !req.is(i, 'FIELDS')) return FIELDS_MISSING
  const count = req.integer(i + 1)
  if (!(count >= 1)) return notPositive
  return count * words === req.argc - i - 2 ? undefined : COUNT_WRONG
}

/** The option in COMMAND DOCS. */
export const FIELDS_ARGUMENT: Argument = {
  name: 'fields',
  type: 'block',
  token: 'FIELDS',
  args: [
    { name: 'numfields', type: 'integer' },
    { name: 'field', type: 'string', flags: ['multiple'] },
  ],
}
