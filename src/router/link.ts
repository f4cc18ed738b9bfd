// A router's link to the main thread, and through it to the other routers: questions, answers, news.

import type { Server } from 'node:net'
import type { MessagePort } from 'node:worker_threads'
import { listenInherited } from './inherited.ts'
import { listenTcp, listenUnix, portOf, tcpServer } from './listener.ts'
import type { FromRouter, ListenArgs, Listening, ToRouter } from './messages.ts'
import type { Router } from './router.ts'

/** Answers a question of the main thread's. */
export type Answer = (args: unknown) => unknown

export class Link {
  readonly #port: MessagePort
  readonly #router: Router
  readonly #waiting = new Map<number, (value: unknown) => void>()
  readonly #answers = new Map<string, Answer>()
  readonly #topics = new Map<string, (value: unknown) => void>()
  #nextId = 1
  #servers: Server[] = []
  #unix: Server | undefined

  constructor(router: Router, port: MessagePort) {
    this.#router = router
    this.#port = port
    this.onAsk('listen', args => this.#listen(args as ListenArgs))
    this.onAsk('inherit', args => this.#inherit(args as readonly number[]))
    port.on('message', (message: ToRouter) => this.#received(message))
  }

  #received(message: ToRouter): void {
    if (message.what === 'config') this.#router.configChanged(message.update)
    else if (message.what === 'answer') {
      this.#waiting.get(message.id)?.(message.value)
      this.#waiting.delete(message.id)
    } else if (message.what === 'told') this.#topics.get(message.topic)?.(message.value)
    else this.#answer(message.id, message.op, message.args)
  }

  async #answer(id: number, op: string, args: unknown): Promise<void> {
    const value = await this.#answers.get(op)?.(args)
    this.#post({ what: 'answer', id, value })
  }

  #post(message: FromRouter): void {
    this.#port.postMessage(message)
  }

  /** Asks the main thread. */
  ask(op: string, args: unknown): Promise<unknown> {
    const id = this.#nextId++
    return new Promise(resolve => {
      this.#waiting.set(id, resolve)
      this.#post({ what: 'ask', id, op, args })
    })
  }

  /** Tells all other routers. */
  tell(topic: string, value: unknown): void {
    this.#post({ what: 'tell', topic, value })
  }

  /** Registers who answers a question. */
  onAsk(op: string, answer: Answer): void {
    this.#answers.set(op, answer)
  }

  /** Registers who hears of a topic. */
  onTold(topic: string, listener: (value: unknown) => void): void {
    this.#topics.set(topic, listener)
  }

  ready(): void {
    this.#post({ what: 'ready' })
  }

  /** Listens on sockets that were handed to the process, besides any other places. */
  async #inherit(fds: readonly number[]): Promise<Listening> {
    try {
      const made = await listenInherited(fds, this.#router.accept.bind(this.#router))
      return { port: portOf(made), error: '' }
    } catch (error) {
      return { port: 0, error: (error as Error).message }
    }
  }

  /** Listens on new places; those of before are given up only when that has succeeded. */
  async #listen({ places, unix }: ListenArgs): Promise<Listening> {
    const accept = this.#router.accept.bind(this.#router)
    const before = this.#servers
    try {
      const made = await listenTcp(places, () => tcpServer(accept))
      // The Unix socket never moves, and closing its server would remove it.
      if (unix !== undefined) this.#unix ??= await listenUnix(unix.path, unix.mode, places.backlog, accept)
      // Clients that are connected stay when the places change.
      for (const old of before) old.close()
      this.#servers = made
      return { port: portOf(made), error: '' }
    } catch (error) {
      return { port: 0, error: (error as Error).message }
    }
  }
}
