// What is known about one directive. The tables are in directives/, the joined list in directives.ts.

import type { Kind } from './kinds.ts'

/** A directive: one source for parsing, CONFIG GET, SET and REWRITE, the shared settings, and the manual. */
export interface Directive extends DirectiveTraits {
  readonly name: string
  readonly kind: Kind
  /** The value when nobody says otherwise, as CONFIG GET shows it. */
  readonly initial: string
  /** One line for the manual. */
  readonly summary: string
}

/** What most directives do not have. */
export interface DirectiveTraits {
  /** A second name; CONFIG GET answers to both. */
  readonly alias?: string
  /** Fixed at start: CONFIG SET refuses it. */
  readonly immutable?: boolean
  /** For tests: patterns of CONFIG GET pass it over. */
  readonly hidden?: boolean
  /** Not to be shown in SLOWLOG, MONITOR or logs. */
  readonly sensitive?: boolean
  /** CONFIG SET refuses it unless enable-protected-configs allows. */
  readonly guarded?: boolean
  /** CONFIG SET refuses it while a data set is being loaded. */
  readonly denyLoading?: boolean
  /** Has a slot in the settings that all threads read; see settings.ts. */
  readonly shared?: boolean
  /** Why the directive is accepted and does nothing. Absent: it acts. */
  readonly inert?: string
  /** What the manual says of `initial` where that depends on the machine. */
  readonly initialText?: string
}

/** One row of a table. */
export function directive(
  name: string,
  kind: Kind,
  initial: string,
  summary: string,
  traits: DirectiveTraits = {},
): Directive {
  return { name, kind, initial, summary, ...traits }
}

/** A chapter of the manual: directives that belong together. */
export interface DirectiveGroup {
  readonly title: string
  readonly directives: readonly Directive[]
}
