// The end of a server: waits for its replicas, saves what is to be saved, ends the threads. Until the last of it has begun
// the shutdown can be called off, and an error calls it off, unless it was to end whatever happens.

import { PAUSE } from './commands/pause.ts'
import type { ShutdownOptions } from './commands/server/shutdown.ts'
import type { Server } from './server.ts'
import { PERSISTENCE } from './shared/persistence-block.ts'
import { REPLICA_STATE, REPLICAS_MAX } from './shared/replication-block.ts'

const LOOK_MS = 20
const FAILED = 'ERR Errors trying to SHUTDOWN. Check logs.'
const NONE_IN_PROGRESS = 'ERR No shutdown in progress.'

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

export class Shutdown {
  readonly #server: Server
  #running: Promise<string | undefined> | undefined
  #canAbort = false
  #isAborted = false

  constructor(server: Server) {
    this.#server = server
  }

  /** Ends the server; who asks a second time waits for the same end. Returns why it could not, an error to reply. */
  begin(options: ShutdownOptions): Promise<string | undefined> {
    this.#running ??= this.#run(options).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** SHUTDOWN ABORT. Returns the error to reply if there is nothing to abort. */
  abort(): string | undefined {
    if (!this.#canAbort) return NONE_IN_PROGRESS
    this.#isAborted = true
    this.#server.log.info('Shutdown manually aborted.')
    return undefined
  }

  async #run(options: ShutdownOptions): Promise<string | undefined> {
    const server = this.#server
    const { log } = server
    this.#isAborted = false
    this.#canAbort = true
    // No write is let in any more: it would be lost, though it was answered.
    await server.pauseClients(PAUSE.WRITES)
    if (!options.now) await this.#waitForReplicas()
    while (server.isCronPaused && !this.#isAborted) await sleep(LOOK_MS)
    this.#canAbort = false
    const failure = this.#isAborted ? FAILED : await this.#keep(options)
    if (failure !== undefined) {
      if (!this.#isAborted) log.warn('Errors trying to shut down the server. Check the logs for more information.')
      await server.pauseClients(PAUSE.NONE)
      return failure
    }
    await server.stop()
    log.info('skep is now ready to exit, bye bye...')
    server.onEnd()
    return undefined
  }

  /** Waits until all replicas have everything, for shutdown-timeout at most. */
  async #waitForReplicas(): Promise<void> {
    const { config, log, persistence } = this.#server
    const seconds = config.number('shutdown-timeout')
    if (seconds > 0 && this.#lagging().length > 0) {
      log.info('Waiting for replicas before shutting down.')
      const deadline = Date.now() + seconds * 1000
      persistence.figures[PERSISTENCE.SHUTDOWN_AT] = deadline
      while (this.#lagging().length > 0 && Date.now() < deadline && !this.#isAborted) await sleep(LOOK_MS)
      persistence.figures[PERSISTENCE.SHUTDOWN_AT] = 0
    }
    if (this.#isAborted) return
    const { block } = this.#server.replication
    const lagging = this.#lagging()
    for (const row of lagging) {
      const behind = block.number('END') - block.rowNumber(row, 'ACK')
      const isOnline = block.state(row) === REPLICA_STATE.ONLINE
      const lag = isOnline ? Math.floor((Date.now() - block.rowNumber(row, 'ACK_TIME')) / 1000) : 0
      log.info(
        `Lagging replica ${block.address(row)}:${block.rowWord(row, 'PORT')} reported offset ${behind} behind master, ` +
          `lag=${lag}, state=${isOnline ? 'online' : 'wait_bgsave'}.`,
      )
    }
    const count = this.#replicas().length
    if (count > 0) log.info(`${count - lagging.length} of ${count} replicas are in sync when shutting down.`)
  }

  #replicas(): number[] {
    const { block } = this.#server.replication
    return Array.from({ length: REPLICAS_MAX }, (_, row) => row).filter(row => block.state(row) !== REPLICA_STATE.FREE)
  }

  #lagging(): number[] {
    const { block } = this.#server.replication
    const end = block.number('END')
    return this.#replicas().filter(row => block.rowNumber(row, 'ACK') !== end)
  }

  /** Puts on disk what must not be lost. Returns the error to reply if that fails. */
  async #keep({ save, force }: ShutdownOptions): Promise<string | undefined> {
    const { config, log, persistence } = this.#server
    if (persistence.saves.isSaving) log.warn('There is a snapshot being saved. Giving it up!')
    await persistence.saves.cancel()
    if (persistence.appendOnly.isBeginning && !force) {
      log.warn("Writing initial AOF, can't exit")
      return FAILED
    }
    if (persistence.appendOnly.isBeginning) log.warn('Writing initial AOF. Exit anyway.')
    if (persistence.isLoading || !(save ?? config.savePoints().length > 0)) return undefined
    log.info('Saving the final RDB snapshot before exiting.')
    if ((await persistence.saves.saveNow()) === undefined) return undefined
    if (force) {
      log.warn('Error trying to save the DB, but shutting down anyway, as asked.')
      return undefined
    }
    log.warn("Error trying to save the DB, can't exit.")
    return FAILED
  }
}
