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

  /**
   * Listens on new places. Those of before are given up first, since the new ones may overlap with them: whoever fails
   * asks for the old ones again. Connections that are busy stay.
   */
  async #listen(places: Places): Promise<Listening> {
    for (const server of this.#servers) {
      server.close()
      server.closeIdleConnections()
    }
    this.#servers = []
    try {
      if (places.port !== 0) this.#servers = await this.#open(places)
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
