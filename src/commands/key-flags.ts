// What a command does with each of its keys, given its arguments: what COMMAND GETKEYSANDFLAGS and ACL ask.

import type { Request } from '../protocol/request.ts'
import type { Command, KeySpec } from './command.ts'
import { findKeys, specKeys } from './keys.ts'

/** Flags about a specification rather than about a key. */
const ABOUT_SPEC = ['not_key', 'incomplete', 'variable_flags']

/**
 * Appends the argument indexes of the command's keys to `found`, and the flags of each to `flags`. Returns false when
 * the arguments make no sense.
 */
export function findKeysAndFlags(
  command: Command,
  req: Request,
  found: number[],
  flags: (readonly string[])[],
): boolean {
  if (command.variableFlags !== undefined) {
    if (!findKeys(command, req, found)) return false
    const all = command.variableFlags(req)
    for (let i = flags.length; i < found.length; i++) flags.push(all)
    return true
  }
  const specs = command.keys ?? []
  if ('findKeys' in command && command.findKeys !== undefined) {
    if (!command.findKeys(req, found)) return false
    // Such commands have a key or keys first and, at most, one to store to behind them.
    for (let i = flags.length; i < found.length; i++) flags.push(keyFlags(specs[i === 0 ? 0 : specs.length - 1]))
    return true
  }
  for (const spec of specs) {
    if (!specKeys(spec, req, found)) return false
    const ofSpec = keyFlags(spec)
    while (flags.length < found.length) flags.push(ofSpec)
  }
  return true
}

const keyFlags = (spec: KeySpec | undefined): readonly string[] =>
  (spec?.flags ?? []).filter(flag => !ABOUT_SPEC.includes(flag))

/** Whether the command can have keys at all. */
export function hasKeys(command: Command): boolean {
  if ('findKeys' in command && command.findKeys !== undefined) return true
  return (command.keys ?? []).some(spec => !spec.flags.includes('not_key'))
}
