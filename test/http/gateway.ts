// A skep with an HTTP gateway, for tests, and requests to it.

import { freePort, type ServerOptions, startServer, type TestServer } from '../support/server.ts'

export interface HttpTestServer {
  readonly server: TestServer
  readonly port: number
  readonly url: string
  /** A request whose answer is JSON; a body that is not a string or bytes is sent as JSON. */
  ask(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly json: unknown
}

export async function startWithHttp({ args = [], ...options }: ServerOptions = {}): Promise<HttpTestServer> {
  const port = await freePort()
  const server = await startServer('skep', { shards: 2, ...options, args: ['--http-port', String(port), ...args] })
  const url = `http://127.0.0.1:${port}`
  return { server, port, url, ask: (path, body, headers) => ask(url + path, body, headers) }
}

export async function ask(
  url: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const isRaw = body === undefined || typeof body === 'string' || body instanceof Uint8Array
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    body: isRaw ? (body as string | undefined) : JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, json: await response.json() }
}
