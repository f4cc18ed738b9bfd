// The kinds of directive: how a value is read, checked, and written back by CONFIG REWRITE.
//
// A value is kept as the text that CONFIG GET answers with. `parse` brings whatever was typed into that one form
// ('1GB' is '1073741824', 'YES' is 'yes'), so two values are equal exactly when their texts are.

import { quote } from './split-args.ts'

/** What became of the arguments of a directive. */
export type Parsed = { readonly value: string } | { readonly refused: string }

/** The lines CONFIG REWRITE writes for a directive; unforced ones only take the place of lines that are there. */
export type RewriteLine = { readonly text: string; readonly force: boolean }

/** A kind of directive. */
export interface Kind {
  /** For the manual: what may stand here. */
  readonly form: string
  /** Takes several arguments; its value in one argument is split at blanks. */
  readonly multiple: boolean
  /** Checks the arguments. `current` is the value so far; `again` is true for a file's second and later mention. */
  parse(args: readonly string[], current: string, again: boolean): Parsed
  rewrite(name: string, value: string, initial: string): RewriteLine[]
  /** The value as a number, for directives that are shared with all threads. */
  toNumber?(value: string): number
}

export const I32_MAX = 2n ** 31n - 1n
export const U32_MAX = 2n ** 32n - 1n
export const I64_MAX = 2n ** 63n - 1n
export const U64_MAX = 2n ** 64n - 1n

const I64_MIN = -(2n ** 63n)

/** What `parse` answers for a good value, in the form that CONFIG GET shows. */
export function accepted(value: string): Parsed {
  return { value }
}

/** What it answers for a bad one. */
export function refused(reason: string): Parsed {
  return { refused: reason }
}

/** `name value`, needed only where the value is not the initial one. */
export function rewriteWord(name: string, value: string, initial: string): RewriteLine[] {
  return [{ text: `${name} ${value}`, force: value !== initial }]
}

/** yes or no. `refuseYes` is the reason why yes is not to be had, if so. */
export function bool(refuseYes?: string): Kind {
  return {
    form: refuseYes === undefined ? 'yes, no' : 'no',
    multiple: false,
    parse([arg]) {
      const value = arg.toLowerCase()
      if (value !== 'yes' && value !== 'no') return refused("argument must be 'yes' or 'no'")
      return value === 'yes' && refuseYes !== undefined ? refused(refuseYes) : accepted(value)
    },
    rewrite: rewriteWord,
    toNumber: value => (value === 'yes' ? 1 : 0),
  }
}

/** One of some words. `synonyms` maps words that are read to the ones that are kept. */
export function oneOf(words: readonly string[], synonyms: Readonly<Record<string, string>> = {}): Kind {
  return {
    form: words.join(', '),
    multiple: false,
    parse([arg]) {
      const word = arg.toLowerCase()
      return words.includes(word) ? accepted(synonyms[word] ?? word) : notAmong(words)
    },
    rewrite: rewriteWord,
    toNumber: value => words.indexOf(value),
  }
}

/** Any of some words together; the first of them means none. */
export function anyOf(words: readonly string[], refuse: (chosen: readonly string[]) => string | undefined): Kind {
  return {
    form: `any of ${words.join(', ')}`,
    multiple: true,
    parse(args) {
      const lower = args.map(arg => arg.toLowerCase())
      if (lower.length === 0 || lower.some(word => !words.includes(word))) return notAmong(words)
      const chosen = words.slice(1).filter(word => lower.includes(word))
      const reason = refuse(chosen)
      if (reason !== undefined) return refused(reason)
      return accepted(chosen.length === 0 ? words[0] : chosen.join(' '))
    },
    rewrite: rewriteWord,
  }
}

function notAmong(words: readonly string[]): Parsed {
  return refused(`argument(s) must be one of the following: ${words.join(', ')}`)
}

/** What sets an integer directive apart. */
export interface IntegerTraits {
  /** `memory` takes units; `percent` memory or a percentage; `octal` digits up to 7. */
  readonly unit?: 'memory' | 'percent' | 'octal'
  /** Kept unsigned by Redis, which shows in the limits it prints. */
  readonly unsigned?: boolean
  /** Values beyond these are read and then moved to the nearer end. */
  readonly clamp?: readonly [bigint, bigint]
}

/** An integer within limits. */
export function integer(min: bigint, max: bigint, traits: IntegerTraits = {}): Kind {
  const { unit, unsigned = false, clamp } = traits
  const show = (n: bigint): string => n.toString(unit === 'octal' ? 8 : 10)
  return {
    form: integerForm(min, max, traits),
    multiple: false,
    parse([arg]) {
      const read = readInteger(arg, unit)
      if (typeof read === 'string') return refused(read)
      // Percentages are kept as negative numbers, beside which the upper limit of memory does not count.
      if (unit === 'percent' && read < 0n) {
        return read < min ? refused(`percentage argument must be less or equal to ${-min}`) : accepted(`${-read}%`)
      }
      const n = unsigned ? BigInt.asUintN(64, read) : read
      if (n < min || n > max) return refused(`argument must be between ${show(min)} and ${show(max)} inclusive`)
      if (clamp !== undefined && n < clamp[0]) return accepted(show(clamp[0]))
      if (clamp !== undefined && n > clamp[1]) return accepted(show(clamp[1]))
      return accepted(show(n))
    },
    rewrite(name, value, initial) {
      const inUnits = (unit === 'memory' || unit === 'percent') && !value.endsWith('%')
      return [{ text: `${name} ${inUnits ? formatMemory(BigInt(value)) : value}`, force: value !== initial }]
    },
    toNumber(value) {
      if (value.endsWith('%')) return -Number(value.slice(0, -1))
      return unit === 'octal' ? Number.parseInt(value, 8) : Number(value)
    },
  }
}

/** A number of bytes, with units. */
export function memory(min: bigint, max: bigint, traits: Omit<IntegerTraits, 'unit'> = {}): Kind {
  return integer(min, max, { ...traits, unit: 'memory' })
}

function integerForm(min: bigint, max: bigint, { unit, clamp }: IntegerTraits): string {
  const [low, high] = clamp ?? [min, max]
  const name = unit === 'memory' || unit === 'percent' ? 'bytes' : unit === 'octal' ? 'octal' : 'integer'
  const range =
    unit === 'octal'
      ? `${low.toString(8)}–${high.toString(8)}`
      : high >= I32_MAX
        ? low < -1000n
          ? ''
          : `≥ ${low}`
        : `${low}–${high}`
  return `${name}${unit === 'percent' ? ' or percent' : range === '' ? '' : ` ${range}`}`
}

/** Reads an integer of 64 bits; a string is the reason why it is none. */
function readInteger(text: string, unit: IntegerTraits['unit']): bigint | string {
  if (unit === 'octal') {
    const match = /^[ \t\n\v\f\r]*([+-]?)([0-7]*)$/.exec(text)
    if (match === null || match[2].length > 21) return "argument couldn't be parsed as an octal number"
    return BigInt(`0o${match[2] || '0'}`) * (match[1] === '-' ? -1n : 1n)
  }
  if (unit === undefined) return parseDecimal(text) ?? "argument couldn't be parsed into an integer"
  const bytes = parseMemory(text)
  if (bytes !== undefined) return BigInt.asIntN(64, bytes)
  if (unit === 'memory') return 'argument must be a memory value'
  const percent = text.endsWith('%') ? parseDecimal(text.slice(0, -1)) : undefined
  return percent !== undefined && percent >= 0n ? -percent : 'argument must be a memory or percent value'
}

/** Strict decimal notation of a signed 64-bit integer: no blanks, no plus, no leading zeros. */
function parseDecimal(text: string): bigint | undefined {
  if (text.length > 20 || !/^(?:0|-?[1-9][0-9]*)$/.test(text)) return undefined
  const n = BigInt(text)
  return n >= I64_MIN && n <= I64_MAX ? n : undefined
}

/** The loose notation of C's strtoll: leading blanks and signs pass, nothing at all is 0, overflow is the limit. */
export function parseLooseDecimal(text: string): bigint | undefined {
  if (text === '') return 0n
  const match = /^[ \t\n\v\f\r]*([+-]?[0-9]+)$/.exec(text)
  if (match === null) return undefined
  const n = BigInt(match[1].replace('+', ''))
  return n > I64_MAX ? I64_MAX : n < I64_MIN ? I64_MIN : n
}

const MEMORY_UNITS: Readonly<Record<string, bigint | undefined>> = {
  '': 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1000n ** 2n,
  mb: 1024n ** 2n,
  g: 1000n ** 3n,
  gb: 1024n ** 3n,
}

/** Bytes written with a unit: k is 1000, kb is 1024. Unsigned 64 bits, wrapping when the unit takes it past them. */
export function parseMemory(text: string): bigint | undefined {
  const match = /^([0-9]{0,127})([a-zA-Z]*)$/.exec(text)
  const unit = match === null ? undefined : MEMORY_UNITS[match[2].toLowerCase()]
  if (match === null || unit === undefined) return undefined
  const digits = BigInt(match[1] || '0')
  return BigInt.asUintN(64, (digits > U64_MAX ? U64_MAX : digits) * unit)
}

/** The shortest exact notation: 1048576 is 1mb. */
export function formatMemory(bytes: bigint): string {
  for (const unit of ['gb', 'mb', 'kb']) {
    const size = MEMORY_UNITS[unit] ?? 1n
    if (bytes !== 0n && bytes % size === 0n) return `${bytes / size}${unit}`
  }
  return `${bytes}`
}

/** What sets a text directive apart. */
export interface TextTraits {
  /** Empty means "not set" and CONFIG REWRITE leaves no line for it. */
  readonly emptyIsNone?: boolean
  /** The reason why a value will not do. */
  readonly refuse?: (value: string) => string | undefined
  readonly form?: string
}

/** Any text. */
export function text({ emptyIsNone = false, refuse, form = 'text' }: TextTraits = {}): Kind {
  return {
    form,
    multiple: false,
    parse([arg]) {
      const reason = refuse?.(arg)
      return reason === undefined ? accepted(arg) : refused(reason)
    },
    rewrite(name, value, initial) {
      if (emptyIsNone && value === '') return []
      return [{ text: `${name} ${quote(value)}`, force: value !== initial }]
    },
  }
}
