// Replication on the main thread: who is master and who follows whom, when a full copy is made, and what happens every
// second. The link to a master is router 0's, replicas are clients of whichever router they came to.

import type { Logger } from 'pino'
import { randomBytes } from './bytes/crypto.ts'
import { pauseQuestion } from './commands/connection/client-pause.ts'
import { LISTENER } from './commands/journal.ts'
import { PAUSE } from './commands/pause.ts'
import type { Config } from './config/config.ts'
import { Barrier } from './persist/barrier.ts'
import type { CopyLoaded, CopyTask } from './persist/load-copy.ts'
import type { LoadedSnapshot } from './persist/loads.ts'
import { type AuxFields, rdbHeader, standardAux } from './persist/rdb-frame.ts'
import { Failover, type FailoverHost } from './replica/failover.ts'
import { ReplicationStream } from './replica/stream.ts'
import { StreamWaker } from './replica/waker.ts'
import type { CopyOrder, CopyResult } from './router/full-copy.ts'
import type { LoadResult } from './router/master-link.ts'
import type { LogLine } from './router/replication.ts'
import type { Server } from './server.ts'
import { CONTROL, controlFlag, controlSet } from './shared/control.ts'
import { PERSISTENCE, persistenceView } from './shared/persistence-block.ts'
import {
  CAPABILITY,
  LOADING_COPY,
  NO_ID,
  NO_POSITION,
  REPLICA_STATE,
  ReplicationBlock,
  ROLE,
} from './shared/replication-block.ts'
import { Libraries } from './store/libraries.ts'

const PING = Buffer.from('*1\r\n$4\r\nPING\r\n')
const GETACK = Buffer.from('*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n')
const SECOND_MS = 1000

export class ReplicationHub implements FailoverHost {
  readonly block: ReplicationBlock
  readonly stream: ReplicationStream
  readonly #server: Server
  readonly #config: Config
  readonly #log: Logger
  readonly #waker: StreamWaker
  readonly #libraries: Libraries
  readonly #control: Int32Array
  readonly #barrier: Barrier
  readonly failover: Failover
  readonly #figures: Float64Array
  #timer: NodeJS.Timeout | undefined
  /** Since when replicas wait for a copy, Unix ms, 0 = none do. */
  #waitingSince = 0
  #isCopying = false
  #seconds = 0
  #lastChange: Promise<unknown> = Promise.resolve()
  #isClosingBacklog = false
  /** Ends what waits for a copy to take the data's place. */
  #copyIsIn: () => void = () => undefined

  constructor(server: Server) {
    const { config, log, supervisor } = server
    const { memory } = supervisor
    this.#libraries = new Libraries(memory.functions)
    this.#server = server
    this.#config = config
    this.#log = log
    this.block = new ReplicationBlock(memory.replication.block)
    this.stream = new ReplicationStream(this.block, memory.replication.pages, () => config.number('repl-backlog-size'))
    this.#control = new Int32Array(memory.control)
    this.#waker = new StreamWaker(this.stream, this.#control, memory.shape)
    this.#barrier = new Barrier(this.#control, memory.shape.shards)
    this.#figures = persistenceView(memory.persistence)
    this.block.id = newId()
    this.failover = new Failover(this)
    const { saves, snapshots } = server.persistence
    saves.moreAux = () => this.#history()
    // A replica leaves it to its master what has expired.
    server.persistence.loads.dropsExpired = config.master() === undefined
    snapshots.standStill = () => this.#quiet()
  }

  /** Begins: follows the master that the configuration names. Data has been loaded. */
  async start(): Promise<void> {
    const { loaded } = this.#server.persistence
    if (loaded !== undefined) await this.#resume(loaded)
    this.#timer = setInterval(() => this.#second(), SECOND_MS)
    this.#timer.unref()
    const master = this.#config.master()
    if (master === undefined) return
    await this.#becomeReplica(master.host, master.port)
    void this.#ask0('master-follow', master)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #ask0(op: string, args: unknown): Promise<unknown> {
    return this.#server.supervisor.ask(0, op, args)
  }

  /** Runs `work` while every shard is locked: see Barrier. */
  #locked(work: () => void): Promise<boolean> {
    return this.#barrier.at(work)
  }

  /** Whether this thread's changes go into the stream; every shard is locked. */
  #listen(on: boolean): void {
    const before = controlFlag(this.#control, CONTROL.JOURNAL)
    controlSet(this.#control, CONTROL.JOURNAL, on ? before | LISTENER.REPLICAS : before & ~LISTENER.REPLICAS)
  }

  // ---- roles

  /** REPLICAOF. Returns an error to reply. */
  async replicaof(address: { host: string; port: number } | undefined, who: string): Promise<string | undefined> {
    if (this.failover.isOn) return 'ERR REPLICAOF not allowed while failing over.'
    await this.#inTurn(async () => {
      if (address === undefined) {
        if (!this.block.isReplica) return
        await this.#becomeMaster()
        this.#log.info(`MASTER MODE enabled (user request from '${who}')`)
      } else {
        await this.#follow(address.host, address.port, false)
        this.#log.info(`REPLICAOF ${address.host}:${address.port} enabled (user request from '${who}')`)
      }
    })
    return undefined
  }

  /** Changes of the role wait for every shard's lock, and so for scripts; they keep their order meanwhile. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const changed = this.#lastChange.then(change)
    this.#lastChange = changed.catch(() => undefined)
    return changed
  }

  /** Follows a master from now on; with `takesOver` it is asked to hand over first: a failover. */
  follow(host: string, port: number, takesOver = false): Promise<void> {
    return this.#inTurn(() => this.#follow(host, port, takesOver))
  }

  async #follow(host: string, port: number, takesOver: boolean): Promise<void> {
    if (!(await this.#becomeReplica(host, port))) return
    await this.#ask0('master-follow', { host, port, takesOver })
    await this.#server.supervisor.askAll('role-changed', null)
  }

  /** Resolves with false if the server ends before. */
  #becomeReplica(host: string, port: number): Promise<boolean> {
    const { block } = this
    this.#config.put('replicaof', `${host} ${port}`)
    return this.#locked(() => {
      const wasReplica = block.isReplica
      block.lock()
      block.masterHost = host
      block.setWord('MASTER_PORT', port)
      if (!wasReplica) {
        // What was our own stream may be gone on with by whoever took over: it is known by our id.
        block.setNumber('HISTORY', this.stream.isActive ? 1 : block.number('HISTORY'))
        block.setNumber('LINK_DB', block.word('SELECTED'))
        block.setWord('ROLE', ROLE.REPLICA)
        this.#listen(false)
      }
      block.unlock()
    })
  }

  /** REPLICAOF NO ONE: what has come stays, under a new id; the old one is good for what was before. */
  becomeMaster(): Promise<void> {
    return this.#inTurn(() => this.#becomeMaster())
  }

  async #becomeMaster(): Promise<void> {
    const { block } = this
    await this.#ask0('master-leave', null)
    this.#config.put('replicaof', '')
    const isMaster = await this.#locked(() => {
      block.lock()
      block.rename(newId())
      this.#log.info(
        `Setting secondary replication ID to ${block.secondId}, valid up to offset: ${block.number('SECOND_END')}. New replication ID is ${block.id}`,
      )
      block.setWord('SELECTED', -1)
      block.masterHost = ''
      block.setWord('MASTER_PORT', 0)
      block.setWord('ROLE', ROLE.MASTER)
      this.#listen(this.stream.isActive)
      block.unlock()
    })
    if (!isMaster) return
    if (block.rows().length === 0) block.setNumber('NO_REPLICAS', Date.now())
    // They are to learn of the new id.
    await this.dropReplicas('the replication id has changed')
    await this.#server.supervisor.askAll('role-changed', null)
  }

  async dropReplicas(why: string): Promise<void> {
    await this.#server.supervisor.askAll('replicas-drop', why)
  }

  /** DEBUG CHANGE-REPL-ID. */
  changeId(): void {
    this.block.lock()
    this.block.id = newId()
    this.block.secondId = NO_ID
    this.block.setNumber('SECOND_END', -1)
    this.block.unlock()
  }

  // ---- failover

  pauseWrites(on: boolean): Promise<unknown> {
    const args = on ? { kind: PAUSE.WRITES, until: Number.MAX_SAFE_INTEGER } : { kind: PAUSE.NONE, until: 0 }
    return this.#server.supervisor.askAll(pauseQuestion.name, args)
  }

  askForAcknowledgements(): void {
    this.stream.append(GETACK, 0, GETACK.length)
    this.#waker.wake()
  }

  handOver(host: string, port: number): Promise<void> {
    return this.follow(host, port, true)
  }

  takeBack(): Promise<void> {
    return this.becomeMaster()
  }

  info(text: string): void {
    this.#log.info(text)
  }

  // ---- as a master: full copies

  #waiting(): number[] {
    return this.block.rows().filter(row => this.block.state(row) === REPLICA_STATE.WAITS)
  }

  /** A replica waits for a copy. */
  copyWanted(): void {
    if (this.#waitingSince === 0) this.#waitingSince = Date.now()
    this.#startCopyIfDue()
  }

  #startCopyIfDue(): void {
    const { snapshots } = this.#server.persistence
    const waiting = this.#waiting()
    if (waiting.length === 0) this.#waitingSince = 0
    if (waiting.length === 0 || this.#isCopying || snapshots.isBusy) return
    if (this.#waitingSince === 0) this.#waitingSince = Date.now()
    const config = this.#config
    const isDiskless = config.bool('repl-diskless-sync') && waiting.every(row => this.#takesEof(row))
    if (isDiskless) {
      const delayMs = config.number('repl-diskless-sync-delay') * 1000
      const enough = config.number('repl-diskless-sync-max-replicas')
      const isEnough = enough > 0 && waiting.length >= enough
      if (!isEnough && Date.now() - this.#waitingSince < delayMs) return
    }
    this.#copy(isDiskless)
  }

  #takesEof(row: number): boolean {
    return (this.block.rowWord(row, 'CAPA') & CAPABILITY.EOF) !== 0
  }

  /** Makes a copy for the waiting replicas of one router. */
  async #copy(isDiskless: boolean): Promise<void> {
    const { block, stream } = this
    const { supervisor } = this.#server
    const { snapshots } = this.#server.persistence
    const router = block.rowWord(this.#waiting()[0], 'ROUTER')
    const isOfRouter = (row: number): boolean => block.rowWord(row, 'ROUTER') === router
    const target = isDiskless ? 'replicas sockets' : 'disk'
    this.#isCopying = true
    this.#figures[PERSISTENCE.IS_SAVING] = 1
    this.#log.info(`Starting BGSAVE for SYNC with target: ${target}`)
    let rows: number[] = []
    let order: CopyOrder | undefined
    try {
      const result = await snapshots.take({
        atBarrier: () => {
          block.lock()
          if (!stream.isActive) this.#openBacklog()
          rows = this.#waiting().filter(isOfRouter)
          for (const row of rows) block.setPosition(row, stream.end)
          if (!block.isReplica) block.setWord('SELECTED', -1)
          const offset = stream.end
          const { id } = block
          block.unlock()
          order = { rows, id, offset, header: this.#header(), path: isDiskless ? '' : this.#path() }
        },
        consume: async () => {
          this.#waitingSince = 0
          this.#log.info(`Background RDB transfer started by pid ${process.pid}`)
          return (await supervisor.ask(router, 'copy', order)) as CopyResult
        },
      })
      if (result.ok) {
        this.#log.info(
          `Background RDB transfer terminated with success: ${result.bytes} bytes, ${result.replicas} replicas`,
        )
      } else this.#log.warn('Background transfer error')
    } catch (error) {
      this.#log.error({ err: error }, 'A full copy for replicas failed')
      await supervisor.ask(router, 'copy-failed', rows)
    }
    for (const row of rows)
      if (block.position(row) !== NO_POSITION && this.#isLeftBehind(row)) block.setPosition(row, NO_POSITION)
    this.#isCopying = false
    this.#figures[PERSISTENCE.IS_SAVING] = 0
    this.#startCopyIfDue()
  }

  /** The row is another replica's by now, or waits again. */
  #isLeftBehind(row: number): boolean {
    const state = this.block.state(row)
    return state === REPLICA_STATE.FREE || state === REPLICA_STATE.WAITS
  }

  /** Begins the backlog, with a history of its own. Every shard is locked, and so is the block. */
  #openBacklog(): void {
    const { block } = this
    if (!block.isReplica) {
      block.id = newId()
      block.secondId = NO_ID
      block.setNumber('SECOND_END', -1)
      this.#listen(true)
    }
    this.stream.activate()
  }

  #header(): Uint8Array {
    return rdbHeader([...standardAux(Date.now(), 0), ...this.#history(), ['aof-base', '0']], this.#libraries.codes())
  }

  #path(): string {
    return `temp-repl-${process.pid}.rdb`
  }

  /** On a replica, holds the master's stream still, so that the offset is that of the data. Returns how to go on. */
  #quiet(): Promise<() => void> | undefined {
    if (!this.block.isReplica) return undefined
    return this.#ask0('master-quiet', null).then(() => () => void this.#ask0('master-loud', null))
  }

  // ---- on disk

  /** Where the history stands, for the head of a snapshot file. Every shard is locked. */
  #history(): AuxFields {
    const { block } = this
    if (!this.stream.isActive) return []
    const db = block.isReplica ? block.number('LINK_DB') : block.word('SELECTED')
    return [
      ['repl-stream-db', String(Math.max(0, db))],
      ['repl-id', block.id],
      ['repl-offset', String(block.number('END'))],
    ]
  }

  #addDeletion(db: number, key: string): void {
    const command = Buffer.from(`*2\r\n$3\r\nDEL\r\n$${key.length}\r\n${key}\r\n`, 'latin1')
    this.stream.addInDatabase(db, command, 0, command.length)
  }

  /** Goes on with the history of the data that was loaded, if its file told. */
  async #resume({ aux, expiredKeys }: LoadedSnapshot): Promise<void> {
    const { block } = this
    const id = aux.get('repl-id')
    const offset = Number(aux.get('repl-offset') ?? Number.NaN)
    if (id?.length !== NO_ID.length || !Number.isSafeInteger(offset) || offset < 0) return
    const follows = this.#config.master() !== undefined
    await this.#locked(() => {
      block.lock()
      if (follows) {
        block.id = id
        block.setNumber('END', offset)
        block.setNumber('HISTORY', 1)
        block.setNumber('LINK_DB', Number(aux.get('repl-stream-db') ?? 0))
      } else {
        // Replicas may go on with what they had, under the id that they know.
        block.secondId = id
        block.setNumber('SECOND_END', offset + 1)
        this.stream.restart(offset)
        this.#listen(true)
        // They have what was left out here.
        for (const [db, key] of expiredKeys) this.#addDeletion(db, key)
        block.setNumber('NO_REPLICAS', Date.now())
      }
      block.unlock()
    })
  }

  // ---- as a replica: full copies

  /** Whether a full copy is being loaded. */
  get isLoading(): boolean {
    return this.block.word('ASYNC_LOADING') !== LOADING_COPY.NONE
  }

  /** Loads what comes through the pipe into the hidden databases. */
  async loadCopy(pipe: SharedArrayBuffer, isSame: boolean): Promise<LoadResult> {
    const { supervisor, log } = this.#server
    const { pool } = this.#server.persistence
    const { memory } = supervisor
    const isAsync = isSame && this.#config.get('repl-diskless-load') === 'swapdb'
    this.block.setWord('ASYNC_LOADING', isAsync ? LOADING_COPY.ASYNC : LOADING_COPY.PLAIN)
    log.info('MASTER <-> REPLICA sync: Loading DB in memory')
    const started = Date.now()
    try {
      const task: CopyTask = {
        pipe,
        arenas: memory.arenas,
        control: memory.control,
        settings: this.#config.snapshot().settings,
        routers: memory.shape.routers,
        checks: this.#config.bool('rdbchecksum'),
        delay: this.#config.number('key-load-delay'),
      }
      const loaded = (await pool.run(task, { name: 'loadCopy' })) as CopyLoaded
      for (const note of loaded.notes) log.warn(note)
      if (loaded.error !== '') {
        const why = loaded.error.replace(/\.$/, '')
        log.warn(`MASTER <-> REPLICA sync: Internal error in RDB: ${why}. The data set from before is kept`)
      } else {
        const seconds = ((Date.now() - started) / 1000).toFixed(3)
        log.info(`MASTER <-> REPLICA sync: ${loaded.keys} keys loaded in ${seconds} seconds`)
      }
      return { error: loaded.error, streamDb: loaded.streamDb, libraries: loaded.libraries }
    } catch (error) {
      return { error: (error as Error).message, streamDb: -1, libraries: [] }
    } finally {
      this.block.setWord('ASYNC_LOADING', LOADING_COPY.NONE)
    }
  }

  /** A copy is about to take the data's place: the log, which is of the old data, ends. Resolves when it may do so. */
  copyComes(): Promise<null> {
    return new Promise(resolve => {
      void this.#server.persistence.whileReplaced(() => {
        resolve(null)
        return new Promise(isIn => {
          this.#copyIsIn = isIn
        })
      })
    })
  }

  /** The copy has taken the old data's place, or will not do so after all. */
  copyIsIn(): null {
    this.#copyIsIn()
    return null
  }

  // ---- every second

  #second(): void {
    this.#seconds++
    const { block, stream } = this
    if (this.#waitingSince !== 0 || this.#waiting().length > 0) this.#startCopyIfDue()
    const rows = block.rows()
    const isOnline = rows.some(row => block.state(row) === REPLICA_STATE.ONLINE)
    const period = this.#config.number('repl-ping-replica-period')
    if (!block.isReplica && isOnline && this.#seconds % period === 0 && !this.failover.isOn) {
      stream.append(PING, 0, PING.length)
      this.#waker.wake()
    }
    if (this.#mayCloseBacklog) void this.#closeBacklog()
  }

  get #backlogTtlMs(): number {
    return this.#config.number('repl-backlog-ttl') * 1000
  }

  get #mayCloseBacklog(): boolean {
    const { block, stream } = this
    const since = block.number('NO_REPLICAS')
    const ttlMs = this.#backlogTtlMs
    if (block.rows().length > 0 || ttlMs === 0 || since === 0 || !stream.isActive || block.isReplica) return false
    return Date.now() - since > ttlMs
  }

  async #closeBacklog(): Promise<void> {
    if (this.#isClosingBacklog) return
    this.#isClosingBacklog = true
    const { block, stream } = this
    let isClosed = false
    await this.#locked(() => {
      // While a script held a lock somebody may have come.
      if (!this.#mayCloseBacklog) return
      isClosed = true
      block.lock()
      this.#listen(false)
      stream.deactivate()
      // Whoever comes back must not find this id and think that nothing has happened since.
      block.id = newId()
      block.secondId = NO_ID
      block.setNumber('SECOND_END', -1)
      block.setNumber('HISTORY', 0)
      block.unlock()
    })
    this.#isClosingBacklog = false
    if (!isClosed) return
    this.#log.info(`Replication backlog freed after ${this.#backlogTtlMs / 1000} seconds without connected replicas.`)
  }

  // ---- what routers ask

  /** Writes a line of a router's into the log. */
  log({ level, text }: LogLine): null {
    this.#log[level](text)
    return null
  }
}

const newId = (): string => randomBytes(20).toString('hex')
