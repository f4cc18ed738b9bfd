// All users: on the main thread, where they are changed, and as a copy on every router, which asks them.

import { mergeSelectors } from './merge.ts'
import { User } from './user.ts'

/** What went wrong with a rule. */
export interface RuleFault {
  /** The rule, as far as one is to blame. */
  readonly rule: string
  readonly text: string
}

export class Users {
  #users = new Map<string, User>([['default', User.default()]])

  get(name: string): User | undefined {
    return this.#users.get(name)
  }

  /** By name. */
  all(): User[] {
    return [...this.#users.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  }

  names(): string[] {
    return this.all().map(user => user.name)
  }

  /**
   * Obeys rules for a user, which is made if there is none; all of them or none. `opensChannels` is what
   * acl-pubsub-default says of new users.
   */
  set(name: string, rules: readonly string[], opensChannels: boolean): RuleFault | undefined {
    const merged = mergeSelectors(rules)
    if ('unmatched' in merged) {
      return { rule: '', text: `Unmatched parenthesis in acl selector starting at '${merged.unmatched}'.` }
    }
    const user = this.#users.get(name)?.copy() ?? newUser(name, opensChannels)
    for (const rule of merged.rules) {
      const text = user.rule(rule, opensChannels)
      if (text !== undefined) return { rule, text }
    }
    this.#users.set(name, user)
    return undefined
  }

  delete(name: string): boolean {
    return this.#users.delete(name)
  }

  /** Takes over others' users. */
  replace(other: Users): void {
    this.#users = new Map(other.#users)
  }

  /** One line a user: what `load` makes the same users from. */
  lines(): string[] {
    return this.all().map(user => user.describe())
  }

  /** The users of lines that `lines` made. */
  static of(lines: readonly (readonly [name: string, rules: readonly string[]])[]): Users {
    const users = new Users()
    for (const [name, rules] of lines) {
      users.delete(name)
      users.set(name, rules, false)
    }
    return users
  }
}

function newUser(name: string, opensChannels: boolean): User {
  const user = new User(name)
  user.rule('reset', opensChannels)
  return user
}
