// Every directive there is: those of Redis 7.0.15, by its names and defaults, and skep's own.
//
// Always: no name or alias appears twice, and an initial value is what its own kind makes of it.
// To add one, put a row into a table of directives/; with `shared`, also a name into SETTING (settings.ts).

import type { Directive, DirectiveGroup } from './directive.ts'
import { CLUSTER, TESTING, TLS } from './directives/absent.ts'
import { ENCODINGS, MEMORY, OBSERVATION } from './directives/memory.ts'
import { CLIENTS, NETWORK, PROCESS, SKEP } from './directives/network.ts'
import { APPEND_ONLY, REPLICATION, SNAPSHOTS } from './directives/persistence.ts'

/** The directives in the chapters of the manual. */
export const DIRECTIVE_GROUPS: readonly DirectiveGroup[] = [
  SKEP,
  NETWORK,
  PROCESS,
  CLIENTS,
  MEMORY,
  SNAPSHOTS,
  APPEND_ONLY,
  REPLICATION,
  ENCODINGS,
  OBSERVATION,
  CLUSTER,
  TLS,
  TESTING,
]

/** All directives. */
export const DIRECTIVES: readonly Directive[] = DIRECTIVE_GROUPS.flatMap(group => group.directives)

const BY_NAME: ReadonlyMap<string, Directive> = new Map(
  DIRECTIVES.flatMap(directive => namesOf(directive).map(name => [name, directive] as const)),
)

/** The directive of that name or alias, in any case. */
export function findDirective(name: string): Directive | undefined {
  return BY_NAME.get(name.toLowerCase())
}

/** The names that a directive answers to, its own first. */
export function namesOf(directive: Directive): string[] {
  return directive.alias === undefined ? [directive.name] : [directive.name, directive.alias]
}

/**
 * Directives of older versions that a file may still hold, each with one argument.
 * `lua-replicate-commands` and the two of lists mean nothing any more.
 */
export const RETIRED: readonly string[] = [
  'list-max-ziplist-entries',
  'list-max-ziplist-value',
  'lua-replicate-commands',
]
