// Has a router's thread take HTTP. The gateway and its libraries are loaded only when there is a place to listen on.

import type { Server as HttpServer } from 'node:http'
import { listenTcp, type Places } from '../router/listener.ts'
import type { Listening } from '../router/messages.ts'
import type { Router } from '../router/router.ts'
import type { Gateway } from './gateway.ts'

export class HttpListener {
  readonly #router: Router
  #gateway: Gateway | undefined
  #servers: readonly HttpServer[] = []

  constructor(router: Router) {
    this.#router = router
    router.link.onAsk('listen-http', places => this.#listen(places as Places))
  }

  /** Listens on new places; those of before are given up only when that has succeeded. */
  async #listen(places: Places): Promise<Listening> {
    const before = this.#servers
    try {
      this.#servers = places.port === 0 ? [] : await this.#open(places)
      for (const server of before) {
        server.close()
        server.closeIdleConnections()
      }
      const address = this.#servers[0]?.address()
      return { port: typeof address === 'object' && address !== null ? address.port : 0, error: '' }
    } catch (error) {
      return { port: 0, error: (error as Error).message }
    }
  }

  async #open(places: Places): Promise<HttpServer[]> {
    this.#gateway ??= new (await import('./gateway.ts')).Gateway(this.#router)
    await this.#gateway.ready()
    const gateway = this.#gateway
    return listenTcp(places, () => gateway.server())
  }
}
