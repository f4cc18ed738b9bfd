// A selector: commands together with the keys and channels that they may be used on. Every user has one of its own, the
// root, and may have more; a command is allowed if any one of them allows all of it.

import { globMatch } from '../../bytes/glob.ts'
import { equalsAnyCase, upperConstant } from '../../bytes/text.ts'
import { fromByteString } from '../../config/split-args.ts'
import type { Request } from '../../protocol/request.ts'
import { CATEGORIES, categoriesOf } from '../categories.ts'
import { NO_AUTH } from '../command.ts'
import { findKeysAndFlags, hasKeys } from '../key-flags.ts'
import { commandByName, type Entry, entries } from '../table.ts'
import { channelsOf, isChannelPattern } from './channels.ts'

export const PERMISSION_READ = 1
export const PERMISSION_WRITE = 2
const BOTH = PERMISSION_READ | PERMISSION_WRITE

/** Why a command is denied; the larger says more, since the command got further. */
export const DENIED = { NOTHING: 0, COMMAND: 1, KEY: 2, CHANNEL: 4 } as const

/** Why a rule is refused, in Redis's words. */
export const RULE_ERROR = {
  SYNTAX: 'Syntax error',
  UNKNOWN: 'Unknown command or category name in ACL',
  KEY_AFTER_ALL:
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. " +
    "Try 'resetkeys' to start with an empty list of patterns",
  CHANNEL_AFTER_ALL:
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. " +
    "Try 'resetchannels' to start with an empty list of channels",
  FIRST_ARG: 'Allowing first-arg of a subcommand is not supported',
} as const

interface KeyPattern {
  readonly text: string
  readonly bytes: Uint8Array
  /** PERMISSION bits. */
  readonly permission: number
}

interface ChannelPattern {
  readonly text: string
  readonly bytes: Uint8Array
}

/** What a check found: one of DENIED, and the argument it is about. */
export interface Verdict {
  denied: number
  argument: number
}

export class Selector {
  allKeys = false
  allChannels = false
  /** Every command, those to come included. */
  allCommands = false
  /** Commands that a newer version will have are allowed: `+@all` was given and no `-@all` since. */
  futureCommands = false
  keys: KeyPattern[] = []
  channels: ChannelPattern[] = []
  /** By command id. */
  readonly allowed = new Uint8Array(entries.length)
  /** First arguments that allow an otherwise forbidden command, upper case, by command id. */
  readonly firstArgs = new Map<number, string[]>()

  copy(): Selector {
    const copy = new Selector()
    copy.allKeys = this.allKeys
    copy.allChannels = this.allChannels
    copy.allCommands = this.allCommands
    copy.futureCommands = this.futureCommands
    copy.keys = [...this.keys]
    copy.channels = [...this.channels]
    copy.allowed.set(this.allowed)
    for (const [id, args] of this.firstArgs) copy.firstArgs.set(id, [...args])
    return copy
  }

  get allowsAll(): boolean {
    return this.allCommands && this.allKeys && this.allChannels
  }

  get readsAllKeys(): boolean {
    return (
      this.allKeys || this.keys.some(({ text, permission }) => text === '*' && (permission & PERMISSION_READ) !== 0)
    )
  }

  // ---- rules

  /** Obeys a rule. Returns why it cannot. */
  rule(text: string): string | undefined {
    const lower = text.toLowerCase()
    if (lower === 'allkeys' || text === '~*') this.setAllKeys()
    else if (lower === 'resetkeys') this.resetKeys()
    else if (lower === 'allchannels' || text === '&*') this.setAllChannels()
    else if (lower === 'resetchannels') this.resetChannels()
    else if (lower === 'allcommands' || lower === '+@all') this.setAllCommands(1)
    else if (lower === 'nocommands' || lower === '-@all') this.setAllCommands(0)
    else if (text.startsWith('~') || text.startsWith('%')) return this.#addKeys(text)
    else if (text.startsWith('&')) return this.#addChannel(text.slice(1))
    else if (lower.startsWith('+@') || lower.startsWith('-@')) return this.#category(lower.slice(2), lower[0] === '+')
    else if (text.startsWith('+')) return this.#addCommand(text.slice(1))
    else if (text.startsWith('-')) return this.#removeCommand(text.slice(1))
    else return RULE_ERROR.SYNTAX
    return undefined
  }

  setAllKeys(): void {
    this.allKeys = true
    this.keys = []
  }

  resetKeys(): void {
    this.allKeys = false
    this.keys = []
  }

  setAllChannels(): void {
    this.allChannels = true
    this.channels = []
  }

  resetChannels(): void {
    this.allChannels = false
    this.channels = []
  }

  setAllCommands(value: 0 | 1): void {
    this.allowed.fill(value)
    this.firstArgs.clear()
    this.allCommands = value === 1
    this.futureCommands = value === 1
  }

  #addKeys(text: string): string | undefined {
    if (this.allKeys) return RULE_ERROR.KEY_AFTER_ALL
    let permission = BOTH
    let at = 1
    if (text[0] === '%') {
      permission = 0
      for (; at < text.length && text[at] !== '~'; at++) {
        const letter = text[at].toUpperCase()
        const bit = letter === 'R' ? PERMISSION_READ : letter === 'W' ? PERMISSION_WRITE : 0
        if (bit === 0 || (permission & bit) !== 0) return RULE_ERROR.SYNTAX
        permission |= bit
      }
      if (permission === 0 || text[at] !== '~') return RULE_ERROR.SYNTAX
      at++
    }
    const pattern = text.slice(at)
    if (hasBlank(pattern)) return RULE_ERROR.SYNTAX
    if (permission === BOTH && pattern === '*') {
      this.setAllKeys()
      return undefined
    }
    const same = this.keys.findIndex(key => key.text === pattern)
    const added = { text: pattern, bytes: fromByteString(pattern), permission }
    if (same < 0) this.keys.push(added)
    else this.keys[same] = { ...added, permission: permission | this.keys[same].permission }
    return undefined
  }

  #addChannel(pattern: string): string | undefined {
    if (this.allChannels) return RULE_ERROR.CHANNEL_AFTER_ALL
    if (hasBlank(pattern)) return RULE_ERROR.SYNTAX
    if (this.channels.every(channel => channel.text !== pattern)) {
      this.channels.push({ text: pattern, bytes: fromByteString(pattern) })
    }
    return undefined
  }

  #category(name: string, allow: boolean): string | undefined {
    if (!(CATEGORIES as readonly string[]).includes(name)) return RULE_ERROR.UNKNOWN
    for (const entry of entries) {
      if ((categoriesOf(entry) as readonly string[]).includes(name)) this.setCommand(entry, allow)
    }
    return undefined
  }

  #addCommand(name: string): string | undefined {
    const bar = name.lastIndexOf('|')
    if (bar < 0) {
      const entry = commandByName(name)
      if (entry === undefined) return RULE_ERROR.UNKNOWN
      this.setCommand(entry, true)
      return undefined
    }
    const entry = commandByName(name.slice(0, bar))
    if (entry === undefined) return RULE_ERROR.UNKNOWN
    if (entry.parent !== undefined) return RULE_ERROR.FIRST_ARG
    const word = name.slice(bar + 1)
    if (word === '') return RULE_ERROR.SYNTAX
    if (entry.subcommands.length > 0) {
      const sub = commandByName(name)
      if (sub === undefined) return RULE_ERROR.UNKNOWN
      this.setCommand(sub, true)
      return undefined
    }
    const args = this.firstArgs.get(entry.id) ?? []
    if (!args.includes(word.toUpperCase())) this.firstArgs.set(entry.id, [...args, word.toUpperCase()])
    return undefined
  }

  #removeCommand(name: string): string | undefined {
    const entry = commandByName(name)
    if (entry === undefined) return RULE_ERROR.UNKNOWN
    this.setCommand(entry, false)
    return undefined
  }

  /** Allows or forbids a command and its subcommands. */
  setCommand(entry: Entry, allow: boolean): void {
    this.allowed[entry.id] = allow ? 1 : 0
    this.firstArgs.delete(entry.id)
    if (!allow) this.allCommands = false
    for (const sub of entry.subcommands) this.setCommand(sub, allow)
  }

  // ---- checks

  /** Whether a command with these arguments is allowed; if not, `verdict` says why. */
  allows(entry: Entry, req: Request, verdict: Verdict): boolean {
    verdict.argument = 0
    verdict.denied = DENIED.COMMAND
    if (!this.#allowsCommand(entry, req)) return false
    verdict.denied = DENIED.KEY
    if (!this.allKeys && hasKeys(entry.command) && !this.#allowsKeys(entry, req, verdict)) return false
    verdict.denied = DENIED.CHANNEL
    if (!this.allChannels && !this.#allowsChannels(entry, req, verdict)) return false
    verdict.denied = DENIED.NOTHING
    return true
  }

  #allowsCommand(entry: Entry, req: Request): boolean {
    if (this.allCommands || (entry.command.flags & NO_AUTH) !== 0 || this.allowed[entry.id] === 1) return true
    const args = this.firstArgs.get(entry.id)
    if (args === undefined || req.argc < 2) return false
    return args.some(word => equalsAnyCase(req.u8, req.at[1], req.length[1], upperConstant(word)))
  }

  #allowsKeys(entry: Entry, req: Request, verdict: Verdict): boolean {
    const found: number[] = []
    const flags: (readonly string[])[] = []
    findKeysAndFlags(entry.command, req, found, flags)
    for (const [i, argument] of found.entries()) {
      if (this.#allowsKey(req, argument, permissionFor(flags[i] ?? []))) continue
      verdict.argument = argument
      return false
    }
    return true
  }

  #allowsKey(req: Request, i: number, needed: number): boolean {
    for (const { bytes, permission } of this.keys) {
      if ((permission & needed) !== needed) continue
      if (globMatch(bytes, 0, bytes.length, req.u8, req.at[i], req.length[i], false)) return true
    }
    return false
  }

  #allowsChannels(entry: Entry, req: Request, verdict: Verdict): boolean {
    const range = channelsOf(entry, req)
    if (range === undefined) return true
    const isPattern = isChannelPattern(entry)
    for (let i = range.first; i < range.end; i++) {
      if (this.allowsChannel(req.u8, req.at[i], req.length[i], isPattern)) continue
      verdict.argument = i
      return false
    }
    return true
  }

  /** A pattern to subscribe to must be one of those allowed as it stands; a channel must match one. */
  allowsChannel(u8: Uint8Array, at: number, length: number, isPattern: boolean): boolean {
    if (this.allChannels) return true
    return this.channels.some(({ bytes }) =>
      isPattern
        ? Buffer.compare(bytes, u8.subarray(at, at + length)) === 0
        : globMatch(bytes, 0, bytes.length, u8, at, length, false),
    )
  }
}

const hasBlank = (pattern: string): boolean => /[\s\0]/.test(pattern)

function permissionFor(flags: readonly string[]): number {
  let needed = 0
  if (flags.includes('access')) needed |= PERMISSION_READ
  if (flags.includes('insert') || flags.includes('delete') || flags.includes('update')) needed |= PERMISSION_WRITE
  return needed
}
