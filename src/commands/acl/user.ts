// A user: passwords, whether it may log in, and what its selectors allow. Passwords are kept as SHA-256 only.

import { hashBytes } from '../../bytes/crypto.ts'
import { fromByteString, splitArgs } from '../../config/split-args.ts'
import type { Request } from '../../protocol/request.ts'
import type { Entry } from '../table.ts'
import { describeSelector } from './describe.ts'
import { DENIED, RULE_ERROR, Selector, type Verdict } from './selector.ts'

const BAD_HASH = 'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters'
const NO_SUCH_PASSWORD = 'The password you are trying to remove from the user does not exist'

/** The hash of a password given as a byte string. */
const passwordHash = (password: string): string => hashBytes('sha256', fromByteString(password)).toString('hex')

export class User {
  readonly name: string
  enabled = false
  /** Any password will do. */
  noPassword = false
  sanitizesPayload = true
  /** Hashes. */
  passwords: string[] = []
  root = new Selector()
  selectors: Selector[] = []

  constructor(name: string) {
    this.name = name
  }

  /** The user that there always is, who may do everything without a password unless somebody says otherwise. */
  static default(): User {
    const user = new User('default')
    for (const rule of ['on', 'nopass', '~*', '&*', '+@all']) user.rule(rule, false)
    return user
  }

  copy(): User {
    const copy = new User(this.name)
    copy.enabled = this.enabled
    copy.noPassword = this.noPassword
    copy.sanitizesPayload = this.sanitizesPayload
    copy.passwords = [...this.passwords]
    copy.root = this.root.copy()
    copy.selectors = this.selectors.map(selector => selector.copy())
    return copy
  }

  /** Nothing is forbidden to it. */
  get isUnrestricted(): boolean {
    return this.root.allowsAll
  }

  /** Whether a password lets it in. */
  accepts(password: string): boolean {
    if (!this.enabled) return false
    return this.noPassword || this.passwords.includes(passwordHash(password))
  }

  // ---- rules

  /** Obeys a rule; `opensChannels` is what a reset leaves. Returns why it cannot. */
  rule(text: string, opensChannels: boolean): string | undefined {
    switch (text.toLowerCase()) {
      case 'on':
        this.enabled = true
        return undefined
      case 'off':
        this.enabled = false
        return undefined
      case 'nopass':
        this.noPassword = true
        this.passwords = []
        return undefined
      case 'resetpass':
        this.noPassword = false
        this.passwords = []
        return undefined
      case 'sanitize-payload':
        this.sanitizesPayload = true
        return undefined
      case 'skip-sanitize-payload':
        this.sanitizesPayload = false
        return undefined
      case 'clearselectors':
        this.selectors = []
        return undefined
      case 'reset':
        this.#reset(opensChannels)
        return undefined
      default:
    }
    if (text.startsWith('>')) return this.#addPassword(passwordHash(text.slice(1)))
    if (text.startsWith('#')) return isHash(text.slice(1)) ? this.#addPassword(text.slice(1)) : BAD_HASH
    if (text.startsWith('<')) return this.#removePassword(passwordHash(text.slice(1)))
    if (text.startsWith('!')) return isHash(text.slice(1)) ? this.#removePassword(text.slice(1)) : BAD_HASH
    if (text.startsWith('(')) return this.#addSelector(text)
    return this.root.rule(text)
  }

  #reset(opensChannels: boolean): void {
    for (const rule of [
      'resetpass',
      'resetkeys',
      'resetchannels',
      'off',
      'sanitize-payload',
      'clearselectors',
      '-@all',
    ]) {
      this.rule(rule, opensChannels)
    }
    if (opensChannels) this.root.setAllChannels()
  }

  #addPassword(hashed: string): undefined {
    if (!this.passwords.includes(hashed)) this.passwords.push(hashed)
    this.noPassword = false
    return undefined
  }

  #removePassword(hashed: string): string | undefined {
    if (!this.passwords.includes(hashed)) return NO_SUCH_PASSWORD
    this.passwords = this.passwords.filter(each => each !== hashed)
    return undefined
  }

  #addSelector(text: string): string | undefined {
    if (!text.endsWith(')')) return RULE_ERROR.SYNTAX
    const words = splitArgs(text.slice(1, -1))
    if (words === undefined) return RULE_ERROR.SYNTAX
    const selector = new Selector()
    for (const word of words) {
      const problem = selector.rule(word)
      if (problem !== undefined) return problem
    }
    this.selectors.push(selector)
    return undefined
  }

  // ---- checks

  /** Whether the user may run this; if not, `verdict` says why. */
  allows(entry: Entry, req: Request, verdict: Verdict): boolean {
    if (this.root.allows(entry, req, verdict)) return true
    // Of several refusals the one that got furthest is told.
    let { denied, argument } = verdict
    for (const selector of this.selectors) {
      if (selector.allows(entry, req, verdict)) return true
      if (verdict.denied > denied || (verdict.denied === denied && verdict.argument > argument)) {
        denied = verdict.denied
        argument = verdict.argument
      }
    }
    verdict.denied = denied
    verdict.argument = argument
    return false
  }

  /** Whether some selector lets it read every key. */
  get readsAllKeys(): boolean {
    return [this.root, ...this.selectors].some(selector => selector.readsAllKeys)
  }

  /** Whether it may listen to a channel, or to exactly this pattern. */
  allowsChannel(channel: Uint8Array, isPattern: boolean): boolean {
    const all = [this.root, ...this.selectors]
    return all.some(selector => selector.allowsChannel(channel, 0, channel.length, isPattern))
  }

  // ---- telling

  flags(): string[] {
    const flags = [this.enabled ? 'on' : 'off']
    if (this.noPassword) flags.push('nopass')
    if (!this.sanitizesPayload) flags.push('skip-sanitize-payload')
    return flags
  }

  /** Rules that make the user again, beginning with its name: a line of ACL LIST behind `user`. */
  describe(): string {
    const parts = [this.name, ...this.flags(), ...this.passwords.map(each => `#${each}`), describeSelector(this.root)]
    for (const selector of this.selectors) parts.push(`(${describeSelector(selector)})`)
    return parts.join(' ')
  }
}

const isHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text)

export { DENIED }
