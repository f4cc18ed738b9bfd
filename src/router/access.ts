// Who a router's clients are and what they may do. The users are copies of the main thread's, which sends them anew
// whenever they change; a client of a user that may do everything costs nothing to check.

import type { Refusal } from '../commands/acl/log.ts'
import { DENIED, type Verdict } from '../commands/acl/selector.ts'
import type { User } from '../commands/acl/user.ts'
import { Users } from '../commands/acl/users.ts'
import { clientLine } from '../commands/connection/client-line.ts'
import type { Entry } from '../commands/table.ts'
import type { Request } from '../protocol/request.ts'
import { SENDER } from '../protocol/request.ts'
import type { Connection } from './connection.ts'
import type { Router } from './router.ts'

/** The users, and whose connections must end. */
export interface UsersUpdate {
  readonly users: readonly (readonly [name: string, rules: readonly string[]])[]
  readonly gone: readonly string[]
  /** The client that asked for it: it still gets its reply. */
  readonly asking: number
}

const RULES_CHANGED =
  'NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. ' +
  'This command is no longer allowed for the following reason: '

export class Access {
  users = new Users()
  /** The rules of each, a line each. */
  readonly #rules = new Map<string, string>()
  readonly #router: Router
  readonly #verdict: Verdict = { denied: DENIED.NOTHING, argument: 0 }

  constructor(router: Router) {
    this.#router = router
    router.link.onAsk('acl-users', args => this.#update(args as UsersUpdate))
  }

  #update({ users, gone, asking }: UsersUpdate): null {
    this.users = Users.of(users)
    this.#rules.clear()
    for (const [name, rules] of users) this.#rules.set(name, rules.join('\n'))
    for (const client of [...this.#router.clients.values()]) {
      if (gone.includes(client.user) && client.authenticated) {
        if (client.id === asking) client.closeAfterReply()
        else this.#router.drop(client)
      } else {
        this.apply(client)
        if (client.restrictedTo !== undefined && this.#listensInSecret(client, client.restrictedTo)) {
          if (client.id === asking) client.closeAfterReply()
          else this.#router.drop(client)
        }
      }
    }
    return null
  }

  /** Whether a client listens to something that its user may not, or no longer. */
  #listensInSecret(client: Connection, user: User): boolean {
    return (['channel', 'pattern', 'shard'] as const).some(space =>
      this.#router.subscriptions
        .namesOf(client, space)
        .some(name => !user.allowsChannel(Buffer.from(name, 'latin1'), space === 'pattern')),
    )
  }

  /** Looks up what a client's user forbids. */
  apply(client: Connection): void {
    const user = this.users.get(client.user)
    client.restrictedTo = user === undefined || user.isUnrestricted ? undefined : user
    if (client.restrictedTo === undefined) client.flags &= ~SENDER.RESTRICTED
    else client.flags |= SENDER.RESTRICTED
    if (client.restrictedTo === undefined || client.restrictedTo.readsAllKeys) client.flags &= ~SENDER.SOME_KEYS
    else client.flags |= SENDER.SOME_KEYS
  }

  /** What makes a user what it is. */
  rulesOf(name: string): string {
    return this.#rules.get(name) ?? ''
  }

  get hasOpenDefault(): boolean {
    const user = this.users.get('default')
    return user?.enabled === true && user.noPassword
  }

  /** Makes a client that user if the password is right; logs a failure. */
  authenticate(client: Connection, name: string, password: string, command: string): boolean {
    if (this.users.get(name)?.accepts(password) !== true) {
      this.#log(client, { reason: 'auth', context: 'toplevel', object: command, user: name })
      return false
    }
    client.user = name
    client.authenticated = true
    this.apply(client)
    return true
  }

  /** Why a client's user may not run this, as an error to reply; undefined if it may. */
  refusal(client: Connection, entry: Entry, req: Request): string | undefined {
    const verdict = this.#verdict
    const user = client.restrictedTo
    if (user === undefined || user.allows(entry, req, verdict)) return undefined
    if (verdict.denied === DENIED.COMMAND) {
      return `NOPERM this user has no permissions to run the '${entry.fullName}' command`
    }
    const what = verdict.denied === DENIED.KEY ? 'keys' : 'channels'
    return `NOPERM this user has no permissions to access one of the ${what} used as arguments`
  }

  /** Why EXEC does not run a queued command that its user may no longer run, as an error; logged if so. */
  refusalOfQueued(client: Connection, entry: Entry, req: Request): string | undefined {
    const verdict = this.#verdict
    if (client.restrictedTo?.allows(entry, req, verdict) !== false) return undefined
    this.logRefusal(client, entry, req)
    const reason =
      verdict.denied === DENIED.COMMAND
        ? 'no permission to execute the command or subcommand'
        : verdict.denied === DENIED.KEY
          ? 'no permission to touch the specified keys'
          : 'no permission to access one of the channels used as arguments to the command'
    return `${RULES_CHANGED}${reason}`
  }

  /** Logs what `refusal` has just found. */
  logRefusal(client: Connection, entry: Entry, req: Request): void {
    const { denied, argument } = this.#verdict
    const reason = denied === DENIED.COMMAND ? 'command' : denied === DENIED.KEY ? 'key' : 'channel'
    const object = reason === 'command' ? entry.fullName : req.text(argument)
    const context = client.queue === undefined ? 'toplevel' : 'multi'
    client.lastCommand = entry.fullName
    this.#log(client, { reason, context, object, user: client.user })
  }

  #log(client: Connection, refusal: Omit<Refusal, 'client'>): void {
    this.#router.ask('acl-log-add', { ...refusal, client: clientLine(client, undefined, Date.now()) })
  }
}
