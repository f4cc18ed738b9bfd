// `skep/memory-server`: the class that programs know from the package redis-memory-server, in its place in an import.
// Nothing is downloaded or compiled; the options about that are accepted and mean nothing here.

import { parseCommandLine } from './config/command-line.ts'
import { SkepServer } from './embedded.ts'

/** What a RedisMemoryServer is made with. */
export interface RedisMemoryServerOptions {
  readonly instance?: {
    /** Preferred; another one if it is taken. Without it, any. */
    readonly port?: number | null
    /** Addresses to listen on, parted by commas. */
    readonly ip?: string
    /** More of redis-server's command line. */
    readonly args?: readonly string[]
  }
  /** Whether to start at once; without it, the first question for host or port starts the server. */
  readonly autoStart?: boolean
  /** Which redis-server to fetch: there is none to be fetched. */
  readonly binary?: object
  /** How to start its process: there is none. */
  readonly spawn?: object
}

/** A running server. */
export interface RedisInstanceData {
  readonly port: number
  readonly ip: string
  readonly instance: SkepServer
}

export class RedisMemoryServer {
  readonly opts: RedisMemoryServerOptions
  runningInstance: Promise<RedisInstanceData> | null = null
  instanceInfoSync: RedisInstanceData | null = null
  /** A server that is started again comes back where it was. */
  #lastPort: number | undefined

  constructor(opts: RedisMemoryServerOptions = {}) {
    this.opts = opts
    // Whoever asks for the host or the port hears of a failure.
    if (opts.autoStart === true) this.start().catch(() => undefined)
  }

  /** Makes one, and waits for its start if that is asked for. */
  static async create(opts: RedisMemoryServerOptions = {}): Promise<RedisMemoryServer> {
    const server = new RedisMemoryServer({ ...opts, autoStart: false })
    if (opts.autoStart === true) await server.start()
    return server
  }

  /** Starts the server; throws if that has been done. */
  async start(): Promise<boolean> {
    if (this.runningInstance !== null) throw new Error('the server is running, or has failed to start')
    this.runningInstance = this.#startInstance()
    this.instanceInfoSync = await this.runningInstance
    return true
  }

  async #startInstance(): Promise<RedisInstanceData> {
    const { ip = '127.0.0.1', port, args = [] } = this.opts.instance ?? {}
    const command = parseCommandLine(args)
    if (command.action !== 'run') throw new Error(`instance.args do not start a server: ${args.join(' ')}`)
    const start = (at: number): Promise<SkepServer> =>
      new SkepServer({ bind: ip.split(','), port: at }, command.options).start()
    const wanted = this.#lastPort ?? port ?? 0
    const instance = await start(wanted).catch(error => {
      // Another program may have the port: any other will do.
      if (wanted !== 0 && String(error).includes('Failed listening')) return start(0)
      throw error
    })
    return { port: instance.port, ip, instance }
  }

  /** Stops the server, if it runs. */
  async stop(): Promise<boolean> {
    if (this.runningInstance === null) return true
    const { instance, port } = await this.runningInstance
    await instance.close()
    this.runningInstance = null
    this.instanceInfoSync = null
    this.#lastPort = port
    return true
  }

  /** The running server, or false. */
  getInstanceInfo(): RedisInstanceData | false {
    return this.instanceInfoSync ?? false
  }

  /** The running server, which is started if need be. */
  async ensureInstance(): Promise<RedisInstanceData> {
    if (this.runningInstance === null) await this.start()
    return this.runningInstance as Promise<RedisInstanceData>
  }

  async getHost(): Promise<string> {
    return this.getIp()
  }

  async getIp(): Promise<string> {
    return (await this.ensureInstance()).ip
  }

  async getPort(): Promise<number> {
    return (await this.ensureInstance()).port
  }
}

export default RedisMemoryServer
