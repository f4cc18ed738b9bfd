// Subscriptions and MONITOR over HTTP: server-sent events, one for each message.
//
//   GET or POST /subscribe/CHANNEL…    data: subscribe,news,1      then   data: message,news,hello
//   GET or POST /psubscribe/PATTERN…   data: psubscribe,n*,1       then   data: pmessage,n*,news,hello
//   GET or POST /monitor               data: "OK"                  then   data: 1721284005.242090 [0 …] "GET" "k"
//
// Each stream is a client of its own, which ends with the response.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Connection } from '../router/connection.ts'
import type { Router } from '../router/router.ts'
import type { Transport } from '../router/transport.ts'
import type { CommandBuffer } from './command-buffer.ts'
import { errorAt } from './json-writer.ts'

/** Proxies close what is silent for long. */
const SILENCE_MS_MAX = 15_000
const NO_BYTES = Buffer.alloc(0)

/** Answers a request that does not become a stream. */
export type Refuse = (status: number, error: string) => void

export class EventStream implements Transport {
  readonly #router: Router
  readonly #response: ServerResponse
  readonly #refuse: Refuse
  client!: Connection
  #rest: Buffer = NO_BYTES
  #hasBegun = false
  #timer: NodeJS.Timeout | undefined

  private constructor(router: Router, response: ServerResponse, refuse: Refuse) {
    this.#router = router
    this.#response = response
    this.#refuse = refuse
  }

  /** Makes a client for the request, as whom `like` is logged in; the error if there are too many. */
  static open(
    router: Router,
    { socket }: IncomingMessage,
    response: ServerResponse,
    like: Connection,
    refuse: Refuse,
  ): EventStream | string {
    const stream = new EventStream(router, response, refuse)
    const client = router.admit(stream, like.address, like.localAddress)
    if (typeof client === 'string') return client
    stream.client = client
    client.user = like.user
    client.authenticated = like.authenticated
    router.access.apply(client)
    socket.setNoDelay(true)
    response.once('close', () => stream.#closed())
    return stream
  }

  /** Sends the commands that begin it. */
  run(commands: CommandBuffer): void {
    this.#router.feed(this.client, commands.u8, commands.length)
  }

  get unsent(): number {
    return this.#response.writableLength
  }

  get writableEnded(): boolean {
    return this.#response.writableEnded
  }

  get destroyed(): boolean {
    return this.#response.destroyed
  }

  send(bytes: Buffer, sent?: () => void): void {
    const whole = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    if (!this.#hasBegun && !this.#begin(whole)) return
    let text = ''
    let at = 0
    while (at < whole.length) {
      const read = readEvent(whole, at)
      if (read === undefined) break
      at = read.end
      text += eventText(read.data)
    }
    this.#rest = at === whole.length ? NO_BYTES : Buffer.from(whole.subarray(at))
    if (text !== '') this.#response.write(text)
    sent?.()
  }

  /** The first reply tells whether there will be events. */
  #begin(bytes: Buffer): boolean {
    const error = errorAt(bytes, 0)
    if (error !== undefined) {
      this.#refuse(400, error)
      return false
    }
    this.#hasBegun = true
    this.#response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    })
    this.#timer = setInterval(() => this.#response.write(':\n\n'), SILENCE_MS_MAX).unref()
    return true
  }

  resume(): void {}

  destroy(): void {
    this.#response.destroy()
  }

  destroySoon(): void {
    this.#response.end()
  }

  #closed(): void {
    clearInterval(this.#timer)
    this.#router.leave(this.client)
  }
}

/** A message's parts behind commas, or a line of MONITOR, and where it ends; undefined if it is not whole. */
function readEvent(bytes: Buffer, at: number): { data: string; end: number } | undefined {
  const lineEnd = bytes.indexOf('\r\n', at)
  if (lineEnd < 0) return undefined
  const line = bytes.toString('utf8', at + 1, lineEnd)
  const sign = String.fromCharCode(bytes[at])
  const next = lineEnd + 2
  if (sign === '+') return { data: line === 'OK' ? '"OK"' : line, end: next }
  if (sign === '$') {
    const length = Number(line)
    if (length < 0) return { data: '', end: next }
    const end = next + length + 2
    return end > bytes.length ? undefined : { data: bytes.toString('utf8', next, next + length), end }
  }
  if (sign !== '*') return { data: line, end: next }
  const parts: string[] = []
  let end = next
  for (let i = 0; i < Number(line); i++) {
    const part = readEvent(bytes, end)
    if (part === undefined) return undefined
    parts.push(part.data)
    end = part.end
  }
  return { data: parts.join(','), end }
}

/** An event; a message of several lines is several lines of data, which its reader joins again. */
const eventText = (data: string): string =>
  `${data
    .split(/\r\n|\r|\n/)
    .map(line => `data: ${line}\n`)
    .join('')}\n`
