// FAILOVER: writes pause, a replica catches up to the last byte, then this master asks it to take over and follows it.

import type { FailoverArgs } from '../commands/replication/failover.ts'
import { FAILOVER_STATE, REPLICA_STATE, type ReplicationBlock } from '../shared/replication-block.ts'

/** What a failover does to the server. */
export interface FailoverHost {
  readonly block: ReplicationBlock
  /** Holds back writes on all routers, or lets them go on. */
  pauseWrites(on: boolean): Promise<unknown>
  /** Has the replicas say at once how far they are. */
  askForAcknowledgements(): void
  /** Follows the target, which is asked to take over. */
  handOver(host: string, port: number): Promise<void>
  /** Is a master again. */
  takeBack(): Promise<void>
  info(text: string): void
}

const LOOK_MS = 100

export class Failover {
  readonly #host: FailoverHost
  #target: FailoverArgs['target']
  #isForced = false
  /** Unix ms, 0 = never. */
  #endsAt = 0
  #timer: NodeJS.Timeout | undefined

  constructor(host: FailoverHost) {
    this.#host = host
  }

  get #state(): number {
    return this.#host.block.word('FAILOVER')
  }

  get isOn(): boolean {
    return this.#state !== FAILOVER_STATE.NONE
  }

  /** FAILOVER. Returns an error to reply. */
  async command({ target, isForced, timeoutMs, isAbort }: FailoverArgs): Promise<string | undefined> {
    const { block } = this.#host
    if (isAbort) {
      if (!this.isOn) return 'ERR No failover in progress.'
      await this.abort('Failover manually aborted')
      return undefined
    }
    if (this.isOn) return 'ERR FAILOVER already in progress.'
    if (block.isReplica) return 'ERR FAILOVER is not valid when server is a replica.'
    if (block.rows().length === 0) return 'ERR FAILOVER requires connected replicas.'
    if (isForced && (timeoutMs === 0 || target === undefined)) {
      return 'ERR FAILOVER with force option requires both a timeout and target HOST and IP.'
    }
    if (target !== undefined) {
      const row = this.#rowOf(target.host, target.port)
      if (row < 0) return 'ERR FAILOVER target HOST and PORT is not a replica.'
      if (block.state(row) !== REPLICA_STATE.ONLINE) return 'ERR FAILOVER target replica is not online.'
    }
    this.#target = target
    this.#isForced = isForced
    this.#endsAt = timeoutMs === 0 ? 0 : Date.now() + timeoutMs
    this.#host.info(
      target === undefined ? 'FAILOVER requested.' : `FAILOVER requested to ${target.host}:${target.port}.`,
    )
    block.setWord('FAILOVER', FAILOVER_STATE.WAITS)
    await this.#host.pauseWrites(true)
    this.#host.askForAcknowledgements()
    this.#timer = setInterval(() => void this.#look(), LOOK_MS)
    return undefined
  }

  #rowOf(host: string, port: number): number {
    const { block } = this.#host
    return block.rows().find(row => block.address(row) === host && block.rowWord(row, 'PORT') === port) ?? -1
  }

  async #look(): Promise<void> {
    const { block } = this.#host
    if (this.#state !== FAILOVER_STATE.WAITS) return
    if (this.#endsAt > 0 && Date.now() >= this.#endsAt) {
      if (!this.#isForced || this.#target === undefined) return this.abort('Replica never caught up before timeout')
      this.#host.info(`Failover to ${this.#target.host}:${this.#target.port} time out exceeded, failing over.`)
      return this.#handOver()
    }
    const end = block.number('END')
    const isSynced = (row: number): boolean =>
      block.state(row) === REPLICA_STATE.ONLINE && block.rowNumber(row, 'ACK') === end
    const row =
      this.#target === undefined
        ? (block.rows().find(isSynced) ?? -1)
        : this.#rowOf(this.#target.host, this.#target.port)
    if (row < 0 || !isSynced(row)) return
    this.#target = { host: block.address(row), port: block.rowWord(row, 'PORT') }
    this.#host.info(`Failover target ${this.#target.host}:${this.#target.port} is synced, failing over.`)
    await this.#handOver()
  }

  async #handOver(): Promise<void> {
    const { host, port } = this.#target as { host: string; port: number }
    this.#host.block.setWord('FAILOVER', FAILOVER_STATE.HANDS_OVER)
    await this.#host.handOver(host, port)
  }

  /** The target has taken over. */
  async done(): Promise<void> {
    if (!this.isOn) return
    await this.#clear()
  }

  async abort(why: string): Promise<void> {
    if (!this.isOn) return
    const handsOver = this.#state === FAILOVER_STATE.HANDS_OVER
    this.#host.info(
      this.#target === undefined
        ? `Aborting failover. ${why}`
        : `Aborting FAILOVER to ${this.#target.host}:${this.#target.port}. ${why}`,
    )
    if (handsOver) await this.#host.takeBack()
    await this.#clear()
  }

  async #clear(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#target = undefined
    this.#endsAt = 0
    this.#isForced = false
    this.#host.block.setWord('FAILOVER', FAILOVER_STATE.NONE)
    await this.#host.pauseWrites(false)
  }
}
