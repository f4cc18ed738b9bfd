// The client that an HTTP connection stands for: its requests' commands go to the router in the order in which they come,
// and replies come back in the same order. It lives as long as the connection.

import type { Socket } from 'node:net'
import type { Connection } from '../router/connection.ts'
import type { Router } from '../router/router.ts'
import type { Transport } from '../router/transport.ts'
import type { CommandBuffer } from './command-buffer.ts'
import type { Exchange } from './exchange.ts'
import { NOT_WHOLE } from './json-writer.ts'

const NO_BYTES = Buffer.alloc(0)

export class Session implements Transport {
  readonly #router: Router
  readonly #socket: Socket
  client!: Connection
  /** As whom the client is logged in: the words of the request that did it. */
  identity: string | undefined
  /** Requests that wait for replies, oldest first. */
  readonly #exchanges: Exchange[] = []
  /** The part that has come of a reply which is not whole. */
  #rest: Buffer = NO_BYTES
  /** What is written here is taken at once. */
  readonly unsent = 0
  writableEnded = false

  private constructor(router: Router, socket: Socket) {
    this.#router = router
    this.#socket = socket
  }

  /** The session of a new connection; the error to answer with if there are too many clients. */
  static open(router: Router, socket: Socket): Session | string {
    const session = new Session(router, socket)
    const { remoteAddress, remotePort, localAddress, localPort } = socket
    const client = router.admit(session, place(remoteAddress, remotePort), place(localAddress, localPort))
    if (typeof client === 'string') return client
    session.client = client
    socket.once('close', () => session.#closed())
    return session
  }

  /** Whether replies are awaited. */
  get isBusy(): boolean {
    return this.#exchanges.length > 0
  }

  /** Runs commands, whose replies `exchange` waits for. */
  run(commands: CommandBuffer, exchange: Exchange): void {
    if (this.writableEnded) {
      exchange.abandon()
      return
    }
    this.#exchanges.push(exchange)
    this.#router.feed(this.client, commands.u8, commands.length)
  }

  get destroyed(): boolean {
    return this.#socket.destroyed
  }

  send(bytes: Buffer, sent?: () => void): void {
    const whole = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    let at = 0
    while (at < whole.length) {
      const exchange = this.#exchanges[0]
      if (exchange === undefined) {
        // Nobody waits: words that the server says on its own account, such as why it closes.
        at = whole.length
        break
      }
      const next = exchange.take(whole, at)
      if (next === NOT_WHOLE) break
      at = next
      if (exchange.isComplete) {
        this.#exchanges.shift()
        exchange.finish()
      }
    }
    this.#exchanges[0]?.pause()
    this.#rest = at === whole.length ? NO_BYTES : Buffer.from(whole.subarray(at))
    sent?.()
  }

  /** Node goes on reading by itself. */
  resume(): void {}

  destroy(): void {
    this.#abandon()
    this.#socket.destroy()
  }

  /** The router has replied all that it will. */
  destroySoon(): void {
    if (this.writableEnded) return
    this.#abandon()
    this.#socket.destroySoon()
  }

  #abandon(): void {
    this.writableEnded = true
    for (const exchange of this.#exchanges.splice(0)) exchange.abandon()
  }

  #closed(): void {
    this.writableEnded = true
    this.#exchanges.length = 0
    this.#router.leave(this.client)
  }
}

/** An address as CLIENT LIST shows it. */
function place(address = '?', port = 0): string {
  if (address.startsWith('::ffff:')) return `${address.slice(7)}:${port}`
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
