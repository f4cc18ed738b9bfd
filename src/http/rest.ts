// The REST form of commands, as @upstash/redis and curl speak it:
//
//   POST /                      ["SET", "key", "value"]       {"result":"OK"} or, with status 400, {"error":"ERR …"}
//   POST /pipeline              [["SET", …], ["GET", …]]      [{"result":"OK"}, {"error":"ERR …"}]
//   POST /multi-exec            the same, all or nothing      the same; {"error":…} if nothing has happened
//   GET or POST /set/key/value  the words in the path; then the body, if there is one, and the query's names and values
//
// With `Upstash-Encoding: base64` strings come in base64. `Upstash-Sync-Token` changes with every write.

import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Router } from '../router/router.ts'
import { ROOT, rootCounter } from '../store/keyspace.ts'
import type { Admission, Refusal } from './admission.ts'
import { CommandBuffer } from './command-buffer.ts'
import { PipelineExchange, SingleExchange, TransactionExchange, writeError } from './exchange.ts'
import { JsonWriter } from './json-writer.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'

const MULTI = ['MULTI']
const EXEC = ['EXEC']
export const BAD_PATH = 'ERR failed to decode the path'
const NO_BODY = Buffer.alloc(0)

export class Rest {
  readonly #router: Router
  readonly #sessions: Sessions
  readonly #admission: Admission
  readonly #commands = new CommandBuffer()
  readonly #writer = new JsonWriter()
  readonly #tokenPrefix: string

  constructor(router: Router, sessions: Sessions, admission: Admission) {
    this.#router = router
    this.#sessions = sessions
    this.#admission = admission
    this.#tokenPrefix = `${router.facts.runId.slice(0, 8)}-`
  }

  /** Adds the routes. */
  register(app: FastifyInstance): void {
    app.post('/', (request, reply) => this.#single(request, reply, arrayOfBody(request)))
    app.post('/pipeline', (request, reply) => this.#pipeline(request, reply))
    app.post('/multi-exec', (request, reply) => this.#transaction(request, reply))
    const byPath = (request: FastifyRequest, reply: FastifyReply): void =>
      this.#single(request, reply, commandOfPath(request))
    app.get('/*', byPath)
    app.post('/*', byPath)
    app.put('/*', byPath)
  }

  /** The session of a request, logged in as it says; undefined once another answer has been sent. */
  session(request: FastifyRequest, response: ServerResponse): Session | undefined {
    const session = this.#sessions.of(request.raw.socket)
    if (typeof session === 'string') return this.fail(response, 503, session)
    const refusal = this.#admission.refuse(session, request.raw, queryOf(request))
    return refusal === undefined ? session : this.refuse(response, refusal)
  }

  #single(request: FastifyRequest, reply: FastifyReply, words: readonly unknown[] | string): void {
    reply.hijack()
    const response = reply.raw
    const session = this.session(request, response)
    if (session === undefined) return
    const commands = this.#commands
    commands.begin()
    const fault = typeof words === 'string' ? words : commands.push(words)
    if (fault !== undefined) return this.fail(response, 400, fault)
    const finish = (status: number, body: string | Buffer): void => this.#send(response, status, body)
    session.run(commands, new SingleExchange(this.#writer, wantsBase64(request), finish))
  }

  #pipeline(request: FastifyRequest, reply: FastifyReply): void {
    reply.hijack()
    const response = reply.raw
    const session = this.session(request, response)
    if (session === undefined) return
    const list = commandsOfBody(request)
    if (typeof list === 'string') return this.fail(response, 400, list)
    const commands = this.#commands
    commands.begin()
    const refusals = list.map(words => commands.push(words))
    const exchange = new PipelineExchange(this.#writer, wantsBase64(request), refusals, (status, body) =>
      this.#send(response, status, body),
    )
    if (exchange.isComplete) exchange.finish()
    else session.run(commands, exchange)
  }

  #transaction(request: FastifyRequest, reply: FastifyReply): void {
    reply.hijack()
    const response = reply.raw
    const session = this.session(request, response)
    if (session === undefined) return
    const list = commandsOfBody(request)
    if (typeof list === 'string') return this.fail(response, 400, list)
    const commands = this.#commands
    commands.begin()
    commands.pushOwn(MULTI)
    for (const words of list) {
      const refusal = commands.push(words)
      if (refusal !== undefined) return this.fail(response, 400, refusal)
    }
    commands.pushOwn(EXEC)
    const finish = (status: number, body: string | Buffer): void => this.#send(response, status, body)
    session.run(commands, new TransactionExchange(this.#writer, wantsBase64(request), list.length, finish))
  }

  /** Turns a request away. */
  refuse(response: ServerResponse, { status, error }: Refusal): undefined {
    if (status === 401) response.setHeader('www-authenticate', 'Bearer')
    this.fail(response, status, error)
  }

  fail(response: ServerResponse, status: number, error: string): undefined {
    this.#writer.begin(false)
    writeError(this.#writer, error)
    this.#send(response, status, this.#writer.text())
  }

  #send(response: ServerResponse, status: number, body: string | Buffer): void {
    if (response.destroyed) return
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': body.length,
      'upstash-sync-token': this.#syncToken(),
    })
    // A string is ASCII: see JsonWriter.text.
    if (typeof body === 'string') response.end(body, 'latin1')
    else response.end(body)
  }

  /** A different text after every write. Threads share the data, so there is nothing to wait for when one comes in. */
  #syncToken(): string {
    let changes = 0
    for (const { m } of this.#router.engine.shards) changes += rootCounter(m, ROOT.DIRTY)
    return this.#tokenPrefix + changes
  }
}

const wantsBase64 = ({ headers }: FastifyRequest): boolean => headers['upstash-encoding'] === 'base64'

/** What stands behind the question mark, undefined if there is none. */
export function queryOf({ raw }: FastifyRequest): string | undefined {
  const url = raw.url ?? ''
  const mark = url.indexOf('?')
  return mark < 0 ? undefined : url.slice(mark + 1)
}

const bodyOf = ({ body }: FastifyRequest): Buffer => (Buffer.isBuffer(body) ? body : NO_BODY)

/** The body, which is to be a JSON array. A string says what is wrong with it. */
function arrayOfBody(request: FastifyRequest): unknown[] | string {
  try {
    const value: unknown = JSON.parse(bodyOf(request).toString())
    return Array.isArray(value) ? value : 'ERR failed to parse the body: an array is needed'
  } catch (error) {
    return `ERR failed to parse the body: ${(error as Error).message}`
  }
}

function commandsOfBody(request: FastifyRequest): readonly (readonly unknown[])[] | string {
  const list = arrayOfBody(request)
  if (typeof list === 'string') return list
  if (list.length === 0) return 'ERR empty pipeline request'
  return list.every(each => Array.isArray(each)) ? list : 'ERR failed to parse the body: an array of arrays is needed'
}

/** The words of a path, then the body, then the query's names and values. */
function commandOfPath(request: FastifyRequest): readonly unknown[] | string {
  const url = request.raw.url ?? ''
  const query = queryOf(request)
  const words: unknown[] | undefined = wordsOfPath(query === undefined ? url : url.slice(0, url.indexOf('?')))
  if (words === undefined) return BAD_PATH
  const body = bodyOf(request)
  if (body.length > 0) words.push(body)
  if (query !== undefined) {
    for (const [name, value] of new URLSearchParams(query)) {
      if (name === '_token') continue
      words.push(name)
      if (value !== '') words.push(value)
    }
  }
  return words
}

/** The words of a path, each of which may hold an escaped slash; undefined if they are no UTF-8. */
export function wordsOfPath(path: string): string[] | undefined {
  try {
    return path.slice(1).split('/').map(decodeURIComponent)
  } catch {
    return undefined
  }
}
