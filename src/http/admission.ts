// Who may use the gateway, and as which user.
//
// With http-token, whoever shows it is the default user. Without it only loopback is listened on, and a bearer token is
// taken for the default user's password, if it has one. `Authorization: Basic` names any user of the ACL. Pages of other
// sites in a browser on this machine reach loopback too: while no token is asked for, they are turned away.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { commandByName, type Entry } from '../commands/table.ts'
import { toByteString } from '../config/split-args.ts'
import { Request } from '../protocol/request.ts'
import type { Router } from '../router/router.ts'
import type { Session } from './session.ts'

/** Why a request is turned away. */
export interface Refusal {
  readonly status: 401 | 403
  readonly error: string
}

const UNAUTHORIZED: Refusal = { status: 401, error: 'Unauthorized' }
const BUSY: Refusal = { status: 403, error: "Forbidden: another user's requests are under way on this connection" }
const FOREIGN_PAGE: Refusal = {
  status: 403,
  error: 'Forbidden: without http-token, requests from other sites or by other names than loopback are refused',
}

const LOOPBACK_NAME = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i

const INFO = commandByName('info') as Entry

/** Of a byte string, as headers and the configuration have it. */
const digest = (text: string): Buffer => createHash('sha256').update(text, 'latin1').digest()

export class Admission {
  readonly #router: Router
  #token = ''
  #digest = digest('')
  /** Names that have passed as loopback's: all but ever the same one. */
  #localName: string | undefined
  /** INFO as somebody would send it. */
  readonly #info = new Request()

  constructor(router: Router) {
    this.#router = router
    this.#info.start(Buffer.from('info'))
    this.#info.push(0, 4)
  }

  /** Takes over the token in force. */
  #refresh(): void {
    const token = this.#router.config.get('http-token')
    if (token === this.#token) return
    this.#token = token
    this.#digest = digest(token)
  }

  /** Sees to it that the session's client is who the request says. Returns why it may not be. */
  refuse(session: Session, request: IncomingMessage, query: string | undefined): Refusal | undefined {
    this.#refresh()
    if (this.#token === '' && this.#isForeign(request)) return FOREIGN_PAGE
    const shown = credentials(request, query)
    // The token may have changed since; the users' changes reach the client by themselves.
    const identity = `${this.#token} ${shown ?? ''}`
    if (session.identity === identity) return undefined
    // What is under way would go on as somebody else.
    if (session.isBusy) return BUSY
    session.identity = undefined
    // Somebody may have come in while there was a token, or may be faster than the listeners follow.
    if (this.#token === '' && !isLoopback(request.socket.remoteAddress ?? '')) return UNAUTHORIZED
    this.#router.welcome(session.client)
    if (!this.#logIn(session, shown)) return UNAUTHORIZED
    session.identity = identity
    return undefined
  }

  /** As `refuse`, for what the gateway tells by itself: whoever may use INFO may read it. */
  refuseReader(session: Session, request: IncomingMessage, query: string | undefined): Refusal | undefined {
    const refusal = this.refuse(session, request, query)
    if (refusal !== undefined) return refusal
    const error = this.#router.access.refusal(session.client, INFO, this.#info)
    return error === undefined ? undefined : { status: 403, error }
  }

  /** Returns false if what is shown is wrong. */
  #logIn({ client }: Session, shown: string | undefined): boolean {
    const router = this.#router
    const basic = shown === undefined ? undefined : userAndPassword(shown)
    if (basic !== undefined) {
      const [user, password] = basic
      // The token would mean nothing if a user without a password did as well.
      if (this.#token !== '' && router.users.get(user)?.noPassword === true) return false
      return router.authenticate(client, user, password, 'auth')
    }
    const token = bearer(shown)
    if (this.#token === '') {
      if (!client.authenticated && token !== undefined) return router.authenticate(client, 'default', token, 'auth')
      return client.authenticated
    }
    if (!this.#isToken(token)) return false
    client.authenticated = true
    return true
  }

  #isToken(token: string | undefined): boolean {
    return token !== undefined && timingSafeEqual(digest(token), this.#digest)
  }

  /** Whether a browser sends this for a page that is not the gateway's own. */
  #isForeign({ headers }: IncomingMessage): boolean {
    const { host, origin } = headers
    if (host !== this.#localName) {
      if (host === undefined || !LOOPBACK_NAME.test(host)) return true
      this.#localName = host
    }
    if (origin !== undefined && origin !== `http://${host}`) return true
    const site = headers['sec-fetch-site']
    return site !== undefined && site !== 'same-origin' && site !== 'none'
  }
}

const isLoopback = (address: string): boolean => /^(?:::ffff:)?127\./.test(address) || address === '::1'

/** What the request shows, `Bearer …` or `Basic …`. */
function credentials({ headers }: IncomingMessage, query: string | undefined): string | undefined {
  if (headers.authorization !== undefined) return headers.authorization
  if (query === undefined || !query.includes('_token=')) return undefined
  const token = new URLSearchParams(query).get('_token')
  return token === null ? undefined : `Bearer ${toByteString(token)}`
}

const bearer = (shown: string | undefined): string | undefined =>
  shown !== undefined && /^bearer /i.test(shown) ? shown.slice(7).trim() : undefined

/** The two parts of `Basic …`, as byte strings. */
function userAndPassword(shown: string): readonly [user: string, password: string] | undefined {
  if (!/^basic /i.test(shown)) return undefined
  const text = Buffer.from(shown.slice(6), 'base64').toString('latin1')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : [text.slice(0, colon) || 'default', text.slice(colon + 1)]
}
