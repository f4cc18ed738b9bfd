// Users on the main thread: made by configuration, ACL file and ACL SETUSER, and sent to every router when they change.

import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import type { Logger } from 'pino'
import { type LoggedRefusal, type Refusal, RefusalLog } from './commands/acl/log.ts'
import { mergeSelectors } from './commands/acl/merge.ts'
import { type RuleFault, Users } from './commands/acl/users.ts'
import type { Config } from './config/config.ts'
import { fromByteString, splitArgs } from './config/split-args.ts'
import type { UsersUpdate } from './router/access.ts'
import type { ScriptRefusal } from './shard/sink.ts'
import type { Supervisor } from './supervisor.ts'

const NO_CHANGE = 'WARNING: ACL errors detected, no change to the previously active ACL rules was performed'

export class AccessControl {
  readonly users = new Users()
  readonly #refusals = new RefusalLog()
  readonly #config: Config
  readonly #log: Logger
  readonly #supervisor: Supervisor
  /** Clients that were refused something in a script, and are being asked for. */
  readonly #asked = new Set<Promise<void>>()

  constructor(config: Config, log: Logger, supervisor: Supervisor) {
    this.#config = config
    this.#log = log
    this.#supervisor = supervisor
    supervisor.on('refused', refusal => this.#refusedInScript(refusal))
    config.onChange(update => {
      if ('requirepass' in update) this.#applyRequirePass()
    })
  }

  get #opensChannels(): boolean {
    return this.#config.get('acl-pubsub-default') === 'allchannels'
  }

  #applyRequirePass(): void {
    const password = this.#config.get('requirepass')
    this.users.set('default', password === '' ? ['nopass'] : ['resetpass', `>${password}`], this.#opensChannels)
  }

  /** Makes the users that the configuration asks for; `lines` are its `user` lines. Returns why it cannot. */
  begin(lines: readonly { readonly args: readonly string[]; readonly line: string }[]): string | undefined {
    if (this.#config.get('requirepass') !== '') this.#applyRequirePass()
    const file = this.#config.get('aclfile')
    if (file !== '' && lines.length > 0) {
      return (
        'Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. ' +
        'This setup is very likely to lead to configuration errors and security holes, please define either an ACL ' +
        'file or declare users directly in your redis.conf, but not both.'
      )
    }
    const seen = new Set<string>()
    for (const { args } of lines) {
      const [name, ...rules] = args
      if (seen.has(name)) return `Duplicate user found. A user can only be defined once in config files: ${name}`
      seen.add(name)
      const fault = this.users.set(name, ['reset', ...rules], this.#opensChannels)
      if (fault !== undefined) return `Error in applying user '${name}': ${fault.rule} ${fault.text}`
    }
    if (file === '') return undefined
    const read = this.#read(file)
    if (typeof read === 'string') return `Aborting Redis startup because of ACL errors: ${read}`
    this.users.replace(read)
    return undefined
  }

  /** Sends the users to all routers; resolves when all of them know. */
  async push(gone: readonly string[] = [], asking = 0): Promise<void> {
    const users = this.users.lines().map((line): readonly [string, readonly string[]] => {
      const [name, ...rules] = line.split(' ')
      return [name, rules]
    })
    await this.#supervisor.askAll('acl-users', { users, gone, asking } satisfies UsersUpdate)
  }

  /** The `user` lines for CONFIG REWRITE; none where an ACL file has them. */
  linesToRewrite(): readonly string[] | undefined {
    return this.#config.get('aclfile') === '' ? this.users.lines() : undefined
  }

  /** ACL SETUSER. Returns the error to reply, if any. */
  async set(name: string, rules: readonly string[]): Promise<string | undefined> {
    const fault = this.users.set(name, rules, this.#opensChannels)
    if (fault !== undefined) return `ERR ${faultText(fault)}`
    await this.push()
    return undefined
  }

  /** ACL DELUSER. Returns how many there were, or the error to reply. */
  async delete(names: readonly string[], asking: number): Promise<number | string> {
    if (names.includes('default')) return "ERR The 'default' user cannot be removed"
    const gone = names.filter(name => this.users.delete(name))
    await this.push(gone, asking)
    return gone.length
  }

  /** ACL SAVE. Returns the error to reply, if any. */
  save(): string | undefined {
    const file = fromByteString(this.#config.get('aclfile')).toString()
    const temporary = `${file}.${process.pid}.tmp`
    try {
      const text = this.users
        .lines()
        .map(line => `user ${line}\n`)
        .join('')
      writeFileSync(temporary, fromByteString(text), { flush: true })
      renameSync(temporary, file)
      return undefined
    } catch (error) {
      try {
        unlinkSync(temporary)
      } catch {
        // It may never have come to be.
      }
      this.#log.warn({ err: error }, `Writing the ACL file ${file} failed`)
      return 'ERR There was an error trying to save the ACLs. Please check the server logs for more information'
    }
  }

  /** ACL LOAD. Returns the error to reply, if any. */
  async load(asking: number): Promise<string | undefined> {
    const read = this.#read(this.#config.get('aclfile'))
    if (typeof read === 'string') return `ERR ${read}${NO_CHANGE}`
    // Whoever was there by rules that may hold no more must log in anew; the default user's clients stay.
    const gone = this.users.names().filter(name => name !== 'default')
    this.users.replace(read)
    await this.push(gone, asking)
    return undefined
  }

  /** The users of an ACL file, or everything that is wrong with it. */
  #read(path: string): Users | string {
    const file = fromByteString(path).toString()
    let text: string
    try {
      text = readFileSync(file, 'latin1')
    } catch (error) {
      return `Error loading ACLs, opening file '${path}': ${(error as Error).message}`
    }
    const users = new Users()
    const seen = new Set<string>()
    let faults = ''
    for (const [at, raw] of text.split('\n').entries()) {
      const line = raw.trim()
      if (line === '' || line.startsWith('#')) continue
      const fault = this.#readLine(line, users, seen)
      if (fault !== undefined) faults += `${path}:${at + 1}: ${fault}. `
    }
    if (faults !== '') this.#log.warn(`${faults}${NO_CHANGE}`)
    return faults === '' ? users : faults
  }

  #readLine(line: string, users: Users, seen: Set<string>): string | undefined {
    const words = splitArgs(line)
    if (words === undefined) return 'unbalanced quotes in acl line'
    const [word, name, ...rules] = words
    if (word !== 'user' || name === undefined) {
      return `line should start with user keyword followed by the username. Found: '${word}'`
    }
    if (seen.has(name)) return `Duplicate user '${name}' found. A user can only be defined once`
    seen.add(name)
    const merged = mergeSelectors(rules)
    if ('unmatched' in merged) return `Unmatched parenthesis in acl selector starting at '${merged.unmatched}'`
    const fault = users.set(name, ['reset', ...rules], this.#opensChannels)
    return fault === undefined ? undefined : fault.text
  }

  /** Notes a refusal for ACL LOG. */
  refused(refusal: Refusal): void {
    this.#refusals.add(refusal, Date.now(), this.#config.number('acllog-max-len'))
  }

  /** A shard's thread knows the client's id only. */
  #refusedInScript({ client, reason, object }: ScriptRefusal): void {
    const { routers } = this.#supervisor.memory.shape
    const asked = this.#supervisor.ask((client - 1) % routers, 'client-who', client).then(answer => {
      const who = answer as { user: string; line: string } | undefined
      if (who !== undefined) this.refused({ reason, context: 'lua', object, user: who.user, client: who.line })
      this.#asked.delete(asked)
    })
    this.#asked.add(asked)
  }

  /** The newest, with those that shards' threads have reported by now. */
  async refusals(count: number): Promise<readonly LoggedRefusal[]> {
    await new Promise(resolve => setImmediate(resolve))
    await Promise.all(this.#asked)
    return this.#refusals.newest(count)
  }

  forgetRefusals(): void {
    this.#refusals.reset()
  }
}

/** A rule's fault as ACL SETUSER replies it. */
const faultText = ({ rule, text }: RuleFault): string =>
  rule === '' ? text : `Error in ACL SETUSER modifier '${rule}': ${text}`
