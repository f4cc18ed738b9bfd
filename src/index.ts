// The public API: a server inside a program.

import { loadConfig } from './config/load.ts'
import { quote, toByteString } from './config/split-args.ts'
import { createLog } from './log.ts'
import { Server } from './server.ts'

/** Directives by name, as in redis.conf; a list gives several values, or several lines for `save`. */
export type Options = Readonly<Record<string, string | number | boolean | readonly (string | number)[]>>

export interface RunningServer extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** `redis://host:port` */
  readonly url: string
  /** Stops the threads and frees the memory; resolves when nothing is left. */
  close(): Promise<void>
}

/**
 * Starts a server and resolves when it takes connections. Without `port`, or with `port: 0`, it picks a free one; it
 * listens on 127.0.0.1 and logs warnings only, unless told otherwise. Throws an Error that names a wrong option.
 */
export async function startServer(options: Options = {}): Promise<RunningServer> {
  const given: Options = { bind: '127.0.0.1', loglevel: 'warning', save: '', ...options }
  const anyPort = given.port === undefined || Number(given.port) === 0
  const lines = Object.entries({ ...given, port: anyPort ? 0 : given.port }).map(([name, value]) => {
    const values = Array.isArray(value) ? value : [value]
    return [name, ...values.map(part => quote(toByteString(plainValue(part))))].join(' ')
  })
  const result = loadConfig({ options: lines.join('\n') })
  if ('fatal' in result) throw new Error(result.fatal.text.trim())
  const { config } = result.loaded
  const server = new Server(config, createLog(config))
  server.userLines = result.loaded.users
  server.anyPort = anyPort
  await server.start()
  const host = config.words('bind')[0]?.replace(/^-/, '') ?? '127.0.0.1'
  return {
    host,
    port: server.port,
    url: `redis://${host}:${server.port}`,
    close: () => server.stop(),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

function plainValue(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return String(value)
}
