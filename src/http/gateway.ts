// The HTTP gateway of a router's thread: commands in the REST form, event streams, health, metrics, and the status page.
//
// It runs where the router runs, so that a request's command is dispatched without a hop to another thread. What is told
// about the server is read from shared memory: it is answered while shards are busy.

import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Router } from '../router/router.ts'
import { Admission } from './admission.ts'
import { CommandBuffer } from './command-buffer.ts'
import { EventStream } from './event-stream.ts'
import { healthProblem } from './health.ts'
import { Metrics } from './metrics.ts'
import { assets } from './page.ts'
import { BAD_PATH, queryOf, Rest, wordsOfPath } from './rest.ts'
import type { Session } from './session.ts'
import { Sessions } from './sessions.ts'
import { statusOf } from './status.ts'

/** As long as load balancers keep connections, and a little longer. */
const KEEP_ALIVE_MS = 75_000
/** The page loads nothing from elsewhere; its icon is an empty one. */
const PAGE_POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"
/** What Redis lets a client send as one argument before it has logged in. */
const STRANGER_BYTES_MAX = 16 * 1024
const STREAMS = ['subscribe', 'psubscribe', 'monitor']

/** Whether more comes with a request than a stranger may send. */
function isLarge({ headers }: FastifyRequest): boolean {
  const length = headers['content-length']
  if (length === undefined) return headers['transfer-encoding'] !== undefined
  return Number(length) > STRANGER_BYTES_MAX
}

/** What fastify itself has against a request, in the form of any other error. */
const failed = (error: Error & { statusCode?: number }, _request: FastifyRequest, reply: FastifyReply): void => {
  reply.code(error.statusCode ?? 500).send({ error: `ERR ${error.message}` })
}

export class Gateway {
  readonly #router: Router
  readonly #sessions: Sessions
  readonly #admission: Admission
  readonly #rest: Rest
  readonly #commands = new CommandBuffer()
  readonly #app: FastifyInstance
  #metrics: Metrics | undefined

  constructor(router: Router) {
    this.#router = router
    this.#sessions = new Sessions(router)
    this.#admission = new Admission(router)
    this.#rest = new Rest(router, this.#sessions, this.#admission)
    this.#app = fastify({
      logger: false,
      exposeHeadRoutes: false,
      bodyLimit: router.config.number('proto-max-bulk-len'),
      routerOptions: { maxParamLength: 1 << 20 },
      frameworkErrors: failed,
    })
    this.#register()
  }

  /** Resolves once servers may be made. */
  async ready(): Promise<void> {
    await this.#app.ready()
  }

  /** A server that has the gateway answer; it need only listen. */
  server(): HttpServer {
    return createServer({ noDelay: true, keepAliveTimeout: KEEP_ALIVE_MS }, this.#app.routing)
  }

  #register(): void {
    const app = this.#app
    // A body is bytes, whatever it is called.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    app.setErrorHandler(failed)
    // Who may not use it at all sends no gigabytes either. Everything else is decided when the body is there.
    app.addHook('onRequest', (request, reply, done) => {
      if (!isLarge(request) || this.#rest.session(request, reply.raw) !== undefined) done()
      else reply.hijack()
    })
    app.setNotFoundHandler((_request, reply) => reply.code(405).send({ error: 'ERR method not allowed' }))
    app.get('/health', (_request, reply) => {
      const reason = healthProblem(this.#router)
      reply
        .code(reason === undefined ? 200 : 503)
        .send(reason === undefined ? { status: 'ok' } : { status: 'unavailable', reason })
    })
    app.get('/metrics', async (request, reply) => {
      if (this.#reader(request, reply.raw) === undefined) return reply.hijack()
      this.#metrics ??= new Metrics(this.#router)
      return reply.type(this.#metrics.contentType).send(await this.#metrics.text())
    })
    app.get('/status.json', (request, reply) => {
      if (this.#reader(request, reply.raw) === undefined) return reply.hijack()
      return reply.header('cache-control', 'no-store').send(statusOf(this.#router))
    })
    for (const { path, type, read } of assets) {
      app.get(path, async (_request, reply) => {
        reply.headers({ 'content-type': type, 'cache-control': 'no-cache', 'content-security-policy': PAGE_POLICY })
        return reply.send(await read())
      })
    }
    for (const name of STREAMS) {
      const path = name === 'monitor' ? '/monitor' : `/${name}/*`
      for (const method of ['get', 'post'] as const) {
        app[method](path, (request, reply) => {
          reply.hijack()
          this.#stream(request, reply.raw)
        })
      }
    }
    this.#rest.register(app)
  }

  /** The session of a request that may read about the server; undefined once another has been answered. */
  #reader(request: FastifyRequest, response: ServerResponse): Session | undefined {
    const session = this.#sessions.of(request.raw.socket)
    if (typeof session === 'string') return this.#rest.fail(response, 503, session)
    const refusal = this.#admission.refuseReader(session, request.raw, queryOf(request))
    return refusal === undefined ? session : this.#rest.refuse(response, refusal)
  }

  #stream(request: FastifyRequest, response: ServerResponse): void {
    const session = this.#rest.session(request, response)
    if (session === undefined) return
    const words = wordsOfPath((request.raw.url ?? '').split('?', 1)[0])
    if (words === undefined) return this.#rest.fail(response, 400, BAD_PATH)
    const refuse = (status: number, error: string): void => this.#rest.fail(response, status, error)
    const stream = EventStream.open(this.#router, request.raw, response, session.client, refuse)
    if (typeof stream === 'string') return this.#rest.fail(response, 503, stream)
    this.#commands.begin()
    this.#commands.pushOwn(words)
    stream.run(this.#commands)
  }
}
