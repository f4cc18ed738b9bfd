// The sessions of the HTTP connections that have sent commands.

import type { Socket } from 'node:net'
import type { Router } from '../router/router.ts'
import { Session } from './session.ts'

export class Sessions {
  readonly #router: Router
  readonly #sessions = new WeakMap<Socket, Session>()

  constructor(router: Router) {
    this.#router = router
  }

  /** The session of a connection, which may be new; the error to answer with if there are too many clients. */
  of(socket: Socket): Session | string {
    const known = this.#sessions.get(socket)
    if (known !== undefined) return known
    const session = Session.open(this.#router, socket)
    if (typeof session !== 'string') this.#sessions.set(socket, session)
    return session
  }
}
