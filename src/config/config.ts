// The configuration of the process, on the main thread: loading and CONFIG SET change it here and nowhere else.
//
// Always: a CONFIG SET happens fully or not at all, one after the other; other threads see values once it has succeeded,
// the shared settings first, the update message after.

import { assert } from '../bytes/assert.ts'
import type { Directive } from './directive.ts'
import { SKEP } from './directives/network.ts'
import { DIRECTIVES, findDirective } from './directives.ts'
import { rewriteFile } from './rewrite.ts'
import { createSettings, writeSettings } from './settings.ts'
import { systemErrorText } from './special-kinds.ts'
import { type ConfigSnapshot, type ConfigUpdate, ConfigValues } from './values.ts'

/** Puts new values to work; the answer, if any, is why that cannot be. Called again with the old ones to go back. */
export type ApplyHook = (context: SetContext) => string | undefined | Promise<string | undefined>

/** Hears of values that have come to stay. */
export type ChangeListener = (update: ConfigUpdate) => void

/** Who sends CONFIG SET. */
export interface SetContext {
  /** The client is on this machine: on loopback or the Unix socket. */
  readonly local: boolean
  /** It is part of a transaction. */
  readonly isInExec?: boolean
}

type Assignment = { readonly directive: Directive; readonly name: string; readonly value: string }

export class Config extends ConfigValues {
  /** The file it was read from, as an absolute path of bytes; CONFIG REWRITE writes there. */
  file: string | undefined
  /** What to reply while data is loaded, where loading would trip over a new value; undefined when it is not. */
  whileLoading: () => string | undefined = () => undefined
  private readonly hooks = new Map<string, ApplyHook[]>()
  private readonly listeners: ChangeListener[] = []
  private lastSet: Promise<unknown> = Promise.resolve()

  constructor() {
    const cwd = Buffer.from(process.cwd(), 'utf8').toString('latin1')
    super(
      DIRECTIVES.map(({ name, initial }) => [name, name === 'dir' ? cwd : initial]),
      createSettings(),
    )
    writeSettings(this.settings, this)
  }

  /** Registers what must be done, and may fail, when one of these directives changes. Run once per CONFIG SET. */
  onApply(names: readonly string[], hook: ApplyHook): void {
    for (const name of names) this.hooks.set(name, [...(this.hooks.get(name) ?? []), hook])
  }

  /** Registers a listener for values that have come to stay: to tell other threads, say. */
  onChange(listener: ChangeListener): void {
    this.listeners.push(listener)
  }

  /** What a new thread needs for its ConfigCopy. */
  snapshot(): ConfigSnapshot {
    return { values: Object.fromEntries(this.values), settings: this.settings.buffer }
  }

  /** Sets one directive at the start, before any hook matters; the answer is why it cannot be. */
  assign(directive: Directive, args: readonly string[], again: boolean): string | undefined {
    const parsed = directive.kind.parse(args, this.get(directive.name), again)
    if ('refused' in parsed) return parsed.refused
    this.values.set(directive.name, parsed.value)
    writeSettings(this.settings, this)
    return undefined
  }

  /**
   * Gives a directive a value that nobody has set, in the form that CONFIG GET shows: a command has decided it
   * (REPLICAOF), or it has come about by itself (the port that was free).
   */
  put(name: string, value: string): void {
    this.values.set(name, value)
    writeSettings(this.settings, this)
    for (const listener of this.listeners) listener({ [name]: value })
  }

  /** CONFIG SET with its arguments, names and values in turn; the answer is the error to reply, if any. */
  set(args: readonly string[], context: SetContext): Promise<string | undefined> {
    const result = this.lastSet.then(() => this.setNow(args, context))
    this.lastSet = result.catch(() => undefined)
    return result
  }

  private async setNow(args: readonly string[], context: SetContext): Promise<string | undefined> {
    const assignments = this.checkNames(args, context)
    if (typeof assignments === 'string') return assignments

    const before = new Map<string, string>()
    for (const { directive } of assignments) before.set(directive.name, this.get(directive.name))
    for (const { directive, name, value } of assignments) {
      const values = !directive.kind.multiple ? [value] : value === '' ? [] : value.split(' ')
      const parsed = directive.kind.parse(values, this.get(directive.name), false)
      if ('refused' in parsed) {
        this.restore(before)
        return failure(name.toLowerCase(), parsed.refused)
      }
      this.values.set(directive.name, parsed.value)
    }

    const changed = assignments.filter(({ directive: { name } }) => this.get(name) !== before.get(name))
    const begun = new Set<ApplyHook>()
    for (const { directive, name } of changed) {
      for (const hook of this.hooks.get(directive.name) ?? []) {
        if (begun.has(hook)) continue
        begun.add(hook)
        const reason = await hook(context)
        if (reason === undefined) continue
        this.restore(before)
        // There is nothing left to go back to if the old values fail as well: the first reason is what counts.
        for (const done of begun) await done(context)
        return failure(name.toLowerCase(), reason)
      }
    }

    if (changed.length === 0) return undefined
    writeSettings(this.settings, this)
    const update = Object.fromEntries(changed.map(({ directive: { name } }) => [name, this.get(name)]))
    for (const listener of this.listeners) listener(update)
    return undefined
  }

  /** Everything that can be said against a CONFIG SET before values are looked at. */
  private checkNames(args: readonly string[], { local }: SetContext): Assignment[] | string {
    assert(args.length % 2 === 0, 'every name comes with a value')
    const assignments: Assignment[] = []
    for (let at = 0; at < args.length; at += 2) {
      const name = args[at]
      const directive = findDirective(name)
      if (directive === undefined) return `ERR Unknown option or number of arguments for CONFIG SET - '${name}'`
      if (directive.immutable && !this.isOwnAndSame(directive, args[at + 1])) {
        return failure(name, "can't set immutable config")
      }
      if (directive.guarded && !this.allowsGuarded(local)) return failure(name, "can't set protected config")
      const refusal = directive.denyLoading ? this.whileLoading() : undefined
      if (refusal !== undefined) return refusal
      if (assignments.some(earlier => earlier.name.toLowerCase() === name.toLowerCase())) {
        return failure(name, 'duplicate parameter')
      }
      assignments.push({ directive, name, value: args[at + 1] })
    }
    return assignments
  }

  /** Tools set all that CONFIG GET shows to what it is: of skep's own directives that must not fail. */
  private isOwnAndSame(directive: Directive, value: string): boolean {
    return SKEP.directives.includes(directive) && value === this.get(directive.name)
  }

  private allowsGuarded(local: boolean): boolean {
    const allowed = this.get('enable-protected-configs')
    return allowed === 'yes' || (allowed === 'local' && local)
  }

  private restore(before: ReadonlyMap<string, string>): void {
    for (const [name, value] of before) this.values.set(name, value)
  }

  /**
   * CONFIG REWRITE; the answer is the error to reply, if any. `users` are the ACL rules to write as `user` lines, each
   * beginning with the name; without them such lines stay as they are.
   */
  rewrite(users?: readonly string[]): string | undefined {
    if (this.file === undefined) return 'ERR The server is running without a config file'
    try {
      rewriteFile(this.file, this.values, users)
      return undefined
    } catch (error) {
      return `ERR Rewriting config file: ${systemErrorText(error)}`
    }
  }
}

function failure(name: string, reason: string): string {
  const text = `ERR CONFIG SET failed (possibly related to argument '${name}')`
  return reason === '' ? text : `${text} - ${reason}`
}
