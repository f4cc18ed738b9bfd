// The server: configuration, log, threads, listening. The command line runs one by run.ts, programs by embedded.ts.

import type { Logger } from 'pino'
import { AccessControl } from './access.ts'
import { answers } from './answers.ts'
import { httpUrl } from './banner.ts'
import { randomBytes } from './bytes/crypto.ts'
import { pauseQuestion } from './commands/connection/client-pause.ts'
import { PAUSE } from './commands/pause.ts'
import type { ShutdownOptions } from './commands/server/shutdown.ts'
import { entries, renameCommands } from './commands/table.ts'
import type { Config } from './config/config.ts'
import type { LaterLine } from './config/load.ts'
import { fromByteString } from './config/split-args.ts'
import { SKEP_VERSION } from './config/version.ts'
import { createLog, logLevel } from './log.ts'
import type { Pool } from './persist/pool.ts'
import type { ReloadOptions } from './persist/reload.ts'
import type { Snapshots } from './persist/snapshots.ts'
import { Persistence } from './persistence.ts'
import { IS_LOADING } from './protocol/errors.ts'
import { ReplicationHub } from './replication.ts'
import type { Places } from './router/listener.ts'
import type { ListenArgs, Listening } from './router/messages.ts'
import { ringsAreEmpty } from './shared/ring.ts'
import { STAT, Statistics } from './shared/statistics.ts'
import { Shutdown } from './shutdown.ts'
import { SlowCommands } from './slow-commands.ts'
import { Supervisor } from './supervisor.ts'
import type { Threads } from './threads.ts'

export { createLog }

export class Server {
  readonly config: Config
  readonly log: Logger
  readonly supervisor: Supervisor
  /** The port it listens on, 0 if none. */
  port = 0
  /** The port of its HTTP gateway, 0 if there is none. */
  httpPort = 0
  /** Listen on whatever port is free (for programs that embed a server: to Redis, `port 0` means no port at all). */
  anyPort = false
  /** The configuration's `rename-command` lines. */
  renameLines: readonly LaterLine[] = []
  /** The configuration's `user` lines. */
  userLines: readonly LaterLine[] = []
  /** Told when clients can connect; data may still be loaded. */
  onListening: () => void = () => undefined
  /** Told when SHUTDOWN or a signal has ended everything: what is left is to end the process. */
  onEnd: () => void = () => undefined
  /** Whether data files that lie in `dir` are loaded. */
  loadsData = true
  /** The process is the server's own: `dir` is its working folder. */
  ownsProcess = false
  /** Descriptors of sockets that the service manager has opened; they take the place of `bind`, `port` and `unixsocket`. */
  inherited: readonly number[] = []
  readonly replication: ReplicationHub
  readonly slowCommands: SlowCommands
  readonly access: AccessControl
  readonly persistence: Persistence
  readonly shutdowns = new Shutdown(this)
  /** DEBUG PAUSE-CRON: what comes by itself, such as the end that a signal asked for, waits. */
  isCronPaused = false
  #stopped: Promise<void> | undefined

  constructor(config: Config, log: Logger, threads: Threads) {
    this.config = config
    this.log = log
    const facts = {
      startedAt: Date.now(),
      runId: randomBytes(20).toString('hex'),
      configFile: config.file ?? '',
      executable: process.argv[1] ?? process.execPath,
    }
    this.supervisor = new Supervisor(config, log, facts, threads)
    this.slowCommands = new SlowCommands(config, this.supervisor)
    this.access = new AccessControl(config, log, this.supervisor)
    this.persistence = new Persistence(config, log, this.supervisor)
    this.replication = new ReplicationHub(this)
    config.whileLoading = () => (this.persistence.isLoading || this.replication.isLoading ? IS_LOADING : undefined)
    const answer = answers(this)
    this.supervisor.onAsk = (router, op, args) => answer(op, args, router)
    config.onApply(['port'], () => this.#listenAnew('Unable to listen on this port. Check server logs.'))
    config.onApply(['bind'], () => this.#listenAnew('Failed to bind to specified addresses.'))
    config.onApply(['http-port', 'http-token', 'bind'], () => this.#listenHttpAnew())
    config.onApply(['dir'], () => (this.ownsProcess ? changeFolder(config) : undefined))
    config.onChange(update => {
      if ('loglevel' in update) log.level = logLevel(config)
    })
  }

  get snapshots(): Snapshots {
    return this.persistence.snapshots
  }

  get pool(): Pool {
    return this.persistence.pool
  }

  /** Starts the threads, listens, loads the data; throws a readable error if it cannot. */
  async start(): Promise<void> {
    const { config, log } = this
    const { shards, routers } = this.supervisor.memory.shape
    log.info(`skep ${SKEP_VERSION} is starting: ${routers} router thread(s), ${shards} shard thread(s)`)
    for (const { name, inert } of config.inertInUse()) log.warn(`${name} has no effect here: ${inert}`)
    this.supervisor.renames = this.renameLines.map(({ args }): readonly [string, string] => [args[0], args[1]])
    const fault = renameCommands(this.supervisor.renames) ?? this.access.begin(this.userLines)
    if (fault !== undefined) throw new Error(fault)
    // Nobody may find the data half there, nor write to what is about to be loaded.
    if (this.loadsData) this.persistence.loads.expectBrief()
    await this.supervisor.start()
    await this.access.push()
    const failure = await this.#listen()
    if (failure !== undefined) throw new Error(`Failed listening on port ${config.get('port')}: ${failure}`)
    if (this.anyPort) await this.#settlePort()
    const httpFailure = await this.#listenHttp()
    if (httpFailure !== undefined)
      throw new Error(`Failed listening on http-port ${config.get('http-port')}: ${httpFailure}`)
    this.onListening()
    log.info('Server initialized')
    this.persistence.ownsProcess = this.ownsProcess
    this.persistence.loads.letGo = () => void this.#letGo()
    if (this.loadsData) await this.persistence.load(() => this.supervisor.startShards())
    else this.supervisor.startShards()
    this.persistence.start()
    await this.replication.start()
    log.info(`Ready to accept connections${this.port > 0 ? ` on port ${this.port}` : ''}`)
  }

  /** The port that was free is the configured one from now on, before clients can ask for it. */
  async #settlePort(): Promise<void> {
    this.anyPort = false
    this.config.put('port', String(this.port))
    await this.check()
  }

  /** After CONFIG SET. The log has the reason, the client gets `failure`. */
  async #listenAnew(failure: string): Promise<string | undefined> {
    if (this.inherited.length > 0) return 'The sockets come from the service manager.'
    const problem = await this.#listen()
    if (problem === undefined) return undefined
    this.log.warn(`Failed listening on port ${this.config.get('port')}: ${problem}`)
    return failure
  }

  /**
   * Accepts on sockets that were handed to the process, instead of opening any. One router does it: a descriptor that two
   * threads close at the end might be another file's by then.
   */
  async #inherit(): Promise<string | undefined> {
    const answer = (await this.supervisor.ask(0, 'inherit', this.inherited)) as Listening
    this.port = answer.port
    return answer.error === '' ? undefined : `inherited sockets: ${answer.error}`
  }

  /** Has all routers listen where the configuration says. Returns why they could not. */
  async #listen(): Promise<string | undefined> {
    if (this.inherited.length > 0) return this.#inherit()
    const { config } = this
    const { routers } = this.supervisor.memory.shape
    const path = fromByteString(config.get('unixsocket')).toString()
    let port = this.anyPort ? -1 : config.number('port')
    for (let router = 0; router < routers; router++) {
      const backlog = config.number('tcp-backlog')
      const places: Places = { hosts: config.words('bind'), port, backlog, share: routers > 1 }
      const unix = router === 0 && path !== '' ? { path, mode: config.get('unixsocketperm') } : undefined
      const answer = (await this.supervisor.ask(router, 'listen', { places, unix } satisfies ListenArgs)) as Listening
      if (answer.error !== '') return answer.error
      // Where any port will do, all take the one that the first has found.
      if (router === 0) port = answer.port
    }
    this.port = port
    return undefined
  }

  async #listenHttpAnew(): Promise<string | undefined> {
    const problem = await this.#listenHttp()
    if (problem === undefined) return undefined
    this.log.warn(`Failed listening on http-port ${this.config.get('http-port')}: ${problem}`)
    return 'Unable to listen on the http-port. Check server logs.'
  }

  /** Has all routers take HTTP where the configuration says. Returns why they could not. */
  async #listenHttp(): Promise<string | undefined> {
    const { config } = this
    const port = config.number('http-port')
    if (port === 0 && this.httpPort === 0) return undefined
    const { routers } = this.supervisor.memory.shape
    const places: Places = {
      hosts: config.get('http-token') === '' ? LOOPBACK : config.words('bind'),
      port,
      backlog: config.number('tcp-backlog'),
      share: routers > 1,
    }
    for (let router = 0; router < routers; router++) {
      const answer = (await this.supervisor.ask(router, 'listen-http', places)) as Listening
      if (answer.error !== '') return answer.error
      this.httpPort = answer.port
    }
    if (port > 0) this.log.info(`The HTTP gateway and its status page are on ${httpUrl(port)}`)
    return undefined
  }

  async #letGo(): Promise<void> {
    await this.supervisor.askAll(pauseQuestion.name, { kind: PAUSE.NONE, until: 0 }).catch(() => undefined)
  }

  /** SHUTDOWN: ends everything in order. Returns why it could not, an error to reply. */
  shutdown(options: ShutdownOptions): Promise<string | undefined> {
    return this.shutdowns.begin(options)
  }

  /** DEBUG RELOAD. Returns why it failed, an error to reply. */
  async reload(options: ReloadOptions): Promise<string | undefined> {
    await this.pauseClients(PAUSE.ALL)
    try {
      return await this.persistence.reload(options)
    } finally {
      await this.pauseClients(PAUSE.NONE)
    }
  }

  /** Holds clients back, or lets them go on: resolves when what they had sent before has run, or takes too long to be waited for. */
  async pauseClients(kind: number): Promise<void> {
    const { supervisor } = this
    await supervisor.askAll(pauseQuestion.name, { kind, until: Number.MAX_SAFE_INTEGER })
    if (kind === PAUSE.NONE) return
    const { requests } = supervisor.memory
    const until = Date.now() + SETTLE_MS
    while (!ringsAreEmpty(requests.flat()) && Date.now() < until) await new Promise(resolve => setTimeout(resolve, 1))
  }

  /** Resolves once every router has answered: none of them hangs. */
  async check(): Promise<void> {
    await this.supervisor.askAll('check', null)
  }

  /** Clients that are connected. */
  get clients(): number {
    const { shape, statistics } = this.supervisor.memory
    const blocks = statistics.slice(0, shape.routers).map(block => new Statistics(block, entries.length))
    return blocks.reduce((sum, block) => sum + block.get(STAT.CLIENTS), 0)
  }

  /** Whether the threads have been told to end. */
  get isEnding(): boolean {
    return this.#stopped !== undefined
  }

  /** Ends all threads. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end()
    return this.#stopped
  }

  async #end(): Promise<void> {
    // While the shards still work: what they do for a snapshot is undone by themselves.
    await this.persistence.saves.end()
    await this.supervisor.stop()
    this.persistence.snapshots.end()
    await this.persistence.end()
  }
}

/** Commands that were let in before a pause have run after this, or are so long that nobody waits for them. */
const SETTLE_MS = 1000
/** Where the HTTP gateway listens while it asks for no token. */
const LOOPBACK = ['127.0.0.1', '-::1']

/** Makes `dir` the working folder. Returns why it cannot be. */
export function changeFolder(config: Config): string | undefined {
  try {
    process.chdir(fromByteString(config.get('dir')).toString())
    return undefined
  } catch (error) {
    return `Can't chdir to '${config.get('dir')}': ${(error as Error).message}`
  }
}
