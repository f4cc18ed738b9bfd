// A server inside another program, for its tests or as its cache: it takes no signals, does not touch the process's
// title or folder, and leaves nothing behind when it is closed.
//
// What is imported here is little, so that importing skep costs little; the server's code is loaded by `start`, while
// its threads load theirs.

import { EventEmitter } from 'node:events'
import { loadConfig } from './config/load.ts'
import { quote, toByteString } from './config/split-args.ts'
import { Remote, type Word } from './remote.ts'
import type { Server } from './server.ts'
import { Threads, threadPlan } from './threads.ts'

/** Directives by name, as in redis.conf; a list gives several values. What is undefined is not said. */
export type Options = Readonly<Record<string, string | number | boolean | readonly (string | number)[] | undefined>>

/** What a server tells its program. */
export interface ServerEvents {
  /** It takes connections. */
  ready: []
  /** One of its threads has died, and nothing works any more. Thrown as an uncaught error if nobody listens. */
  died: [error: Error]
  /** It has ended: by `close`, by the command SHUTDOWN, or because a thread has died. */
  end: []
}

/** A command with its arguments: `['ZADD', 'board', 7, 'ann']`. */
export type Command = readonly [name: string, ...args: Word[]]

/** A string, or by its shape a list, a set, or a hash. Other types are made by commands. */
export type SeedValue =
  | Word
  | readonly Word[]
  | ReadonlySet<Word>
  | ReadonlyMap<Word, Word>
  | { readonly [field: string]: Word }

/** What `seed` takes: values by key, or commands. */
export type Seed = Readonly<Record<string, SeedValue>> | readonly Command[]

/** Where an embedded server differs from one of the command line, unless its options say otherwise. */
const DEFAULTS: Options = { bind: '127.0.0.1', loglevel: 'warning', save: '', shards: 1, routers: 1 }

/** Lines that ask for data in files. */
const KEEPS = /^ *(dir|dbfilename|appendonly|appenddirname|save +"?\d)/im

export class SkepServer extends EventEmitter<ServerEvents> implements AsyncDisposable {
  readonly #options: Options
  readonly #lines: string
  #server: Server | undefined
  #starting: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #hasEnded = false

  /** A server yet to be started. Options are directives; `lines`, as in redis.conf, are read after them. */
  constructor(options: Options = {}, lines = '') {
    super()
    this.#options = options
    this.#lines = lines
  }

  /** Starts it; resolves when it takes connections. Throws an Error that names a wrong option, or why it cannot be. */
  async start(): Promise<this> {
    if (this.#starting !== undefined) throw new Error('a server is started once')
    this.#starting = this.#start()
    await this.#starting
    this.emit('ready')
    return this
  }

  async #start(): Promise<void> {
    const said = Object.fromEntries(Object.entries(this.#options).filter(([, value]) => value !== undefined))
    const given: Options = { ...DEFAULTS, ...said }
    // To Redis port 0 means none; to a program that asks for a server it means any.
    const anyPort = given.port === undefined || Number(given.port) === 0
    const options = `${configLines({ ...given, port: anyPort ? 0 : given.port })}\n${this.#lines}`
    const result = loadConfig({ options })
    if ('fatal' in result) throw new Error(result.fatal.text.trim())
    const { config, users, renames } = result.loaded
    const threads = new Threads(threadPlan(config))
    const { createLog, Server } = await import('./server.ts')
    const server = new Server(config, createLog(config), threads)
    server.userLines = users
    server.renameLines = renames
    server.anyPort = anyPort
    // A dump.rdb in the program's folder is somebody else's, unless it is asked for.
    server.loadsData = KEEPS.test(`${configLines(said)}\n${this.#lines}`)
    server.onEnd = () => this.#ended()
    server.supervisor.on('died', (thread, cause) => this.#died(server, thread, cause))
    try {
      await server.start()
    } catch (error) {
      await server.stop()
      throw error
    }
    this.#server = server
  }

  #died(server: Server, thread: string, cause: Error | undefined): void {
    // While it starts, `start` says so.
    if (this.#server === undefined) return
    const error = new Error(`skep: the thread of ${thread} has died`, { cause })
    void server.stop().then(() => this.#ended())
    if (!this.emit('died', error)) throw error
  }

  #ended(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.emit('end')
  }

  get #running(): Server {
    if (this.#server === undefined) throw new Error('the server has not been started')
    return this.#server
  }

  /** The port it listens on. */
  get port(): number {
    return this.#running.port
  }

  /** The address that clients of this machine reach it at. */
  get host(): string {
    const [bound = '127.0.0.1'] = this.#running.config.words('bind')
    const host = bound.replace(/^-/, '')
    if (host === '*' || host === '0.0.0.0') return '127.0.0.1'
    return host === '::*' || host === '::' ? '::1' : host
  }

  /** `redis://host:port`, with the password if one is asked for: what clients take as an address. */
  get url(): string {
    const { host, port } = this
    const password = this.#password
    const login = password === undefined ? '' : `:${encodeURIComponent(password)}@`
    return `redis://${login}${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  get #password(): string | undefined {
    const password = Buffer.from(this.#running.config.get('requirepass'), 'latin1').toString()
    return password === '' ? undefined : password
  }

  /** Deletes all keys of all databases: between tests, say. */
  flush(): Promise<void> {
    return this.#run([['FLUSHALL', 'SYNC']])
  }

  /**
   * Puts data in place. Values by key become strings, lists (arrays), sets (Set) and hashes (Map or object), in the
   * place of what those keys held; commands do whatever they do. Throws the first error that the server replies.
   */
  seed(seed: Seed): Promise<void> {
    return this.#run(isCommands(seed) ? seed : Object.entries(seed).flatMap(([key, value]) => commandsFor(key, value)))
  }

  async #run(commands: readonly Command[]): Promise<void> {
    const { host, port } = this
    const remote = await Remote.open({ host, port: String(port), password: this.#password })
    try {
      await Promise.all(commands.map(command => remote.call(...command)))
    } finally {
      remote.close()
    }
  }

  /** Saves what is to be saved, stops the threads and frees the memory; resolves when nothing is left. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#starting?.catch(() => undefined)
    if (this.#server === undefined || this.#hasEnded) return
    // As SIGTERM ends a server of its own; whatever fails on the way, the threads do end.
    await this.#server.shutdown({ save: undefined, now: false, force: true })
    await this.#server.stop()
    this.#ended()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/**
 * Starts a server and resolves when it takes connections. Without `port`, or with `port: 0`, it picks a free one; it
 * listens on 127.0.0.1, has one shard, saves nothing and logs warnings only, unless told otherwise. Throws an Error that
 * names a wrong option.
 */
export function startServer(options: Options = {}): Promise<SkepServer> {
  return new SkepServer(options).start()
}

/** Options as lines of a configuration file. */
function configLines(options: Options): string {
  return Object.entries(options)
    .map(([name, value]) => {
      const values = Array.isArray(value) ? value : [value]
      return [name, ...values.map(part => quote(toByteString(plainValue(part))))].join(' ')
    })
    .join('\n')
}

function plainValue(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return String(value)
}

const isCommands = (seed: Seed): seed is readonly Command[] => Array.isArray(seed)

function commandsFor(key: string, value: SeedValue): Command[] {
  if (typeof value !== 'object' || value instanceof Uint8Array) return [['SET', key, value]]
  const make = (name: string, words: readonly Word[]): Command[] =>
    words.length === 0
      ? [['DEL', key]]
      : [
          ['DEL', key],
          [name, key, ...words],
        ]
  if (value instanceof Set) return make('SADD', [...value])
  if (value instanceof Map) return make('HSET', [...value].flat())
  if (Array.isArray(value)) return make('RPUSH', value)
  return make('HSET', Object.entries(value as Readonly<Record<string, Word>>).flat())
}
