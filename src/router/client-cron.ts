// What a router does for its clients from time to time: closes those that are idle too long, that leave too much unread,
// or that together take too much memory, and samples what INFO shows as rates.

import { clientBytes, clientHeldBytes, clientType } from '../commands/connection/client-line.ts'
import { SETTING } from '../config/settings.ts'
import { INFO_FIGURE } from '../shared/info-block.ts'
import { STAT } from '../shared/statistics.ts'
import type { Connection } from './connection.ts'
import type { Router } from './router.ts'
import { replyRoomRules } from './share.ts'

const PERIOD_MS = 100

export class ClientCron {
  isPaused = false
  readonly replyRoom = replyRoomRules()
  readonly #router: Router
  /** Bytes of all clients, when they were last counted. */
  #bytes = 0
  /** INFO_FIGURE. */
  readonly #figures: Float64Array

  constructor(router: Router) {
    this.#router = router
    this.#figures = new Float64Array(router.data.memory.info)
    setInterval(() => this.#run(), PERIOD_MS).unref()
  }

  #run(): void {
    const router = this.#router
    router.rates.sample()
    if (router.index === 0) this.#share()
    if (this.isPaused) return
    router.tracking.limit()
    const now = Date.now()
    const timeoutMs = router.engine.settings[SETTING.timeout] * 1000
    const limits = router.config.outputBufferLimits()
    let bytes = 0
    let held = 0
    let maxInput = 0
    let maxOutput = 0
    for (const client of router.clients.values()) {
      if (timeoutMs > 0 && now - client.lastActive > timeoutMs && isIdle(client)) {
        router.drop(client)
        continue
      }
      const type = clientType(client)
      const { soft, softSeconds } = limits[type === 'pubsub' ? 'pubsub' : type === 'replica' ? 'slave' : 'normal']
      if (this.#isOverSoft(client, soft, softSeconds, now)) {
        router.statistics.add(STAT.OUTPUT_LIMIT_DISCONNECTIONS, 1)
        router.drop(client)
        continue
      }
      const change = client.share.adapt(now, now - client.lastActive, this.replyRoom)
      if (change !== 0) router.statistics.add(change < 0 ? STAT.REPLY_ROOM_SHRINKS : STAT.REPLY_ROOM_GROWTHS, 1)
      client.countedBytes = clientBytes(client)
      client.countedHeld = clientHeldBytes(client)
      bytes += client.countedBytes
      held += client.countedHeld
      maxInput = Math.max(maxInput, client.inputBytes)
      maxOutput = Math.max(maxOutput, client.outputBytes)
    }
    router.statistics.set(STAT.CLIENT_BYTES, bytes)
    router.engine.bytesBeside[router.index] = held
    router.statistics.set(STAT.MAX_INPUT, maxInput)
    router.statistics.set(STAT.MAX_OUTPUT, maxOutput)
    this.#bytes = bytes
    this.#evict(bytes)
  }

  /** Leaves word of what is sampled for threads that tell INFO themselves. */
  #share(): void {
    const { rates, scripts } = this.#router
    const figures = this.#figures
    figures[INFO_FIGURE.STARTUP_BYTES] = rates.startupBytes
    figures[INFO_FIGURE.PEAK_BYTES] = rates.peakBytes
    figures[INFO_FIGURE.COMMANDS] = rates.perSecond(STAT.COMMANDS)
    figures[INFO_FIGURE.NET_INPUT] = rates.perSecond(STAT.NET_INPUT)
    figures[INFO_FIGURE.NET_OUTPUT] = rates.perSecond(STAT.NET_OUTPUT)
    figures[INFO_FIGURE.SCRIPTS] = scripts.count
    figures[INFO_FIGURE.SCRIPT_BYTES] = scripts.bytes
  }

  /** Whether a client has left more than `soft` bytes unread for longer than it may. */
  #isOverSoft(client: Connection, soft: number, softSeconds: number, now: number): boolean {
    if (soft === 0 || client.outputBytes <= soft) {
      client.overSoftLimitSince = 0
      return false
    }
    if (client.overSoftLimitSince === 0) client.overSoftLimitSince = now
    return now - client.overSoftLimitSince > softSeconds * 1000
  }

  /** What a client that is gone had is free at once, not when all are counted again. */
  gone(client: Connection): void {
    this.#router.engine.bytesBeside[this.#router.index] -= client.countedHeld
    this.#bytes -= client.countedBytes
    client.countedHeld = 0
    client.countedBytes = 0
  }

  /** A client takes more memory than before: if that is too much for all, some are closed at once. */
  grown(client: Connection): void {
    if (this.#router.engine.settings[SETTING.maxmemoryClients] === 0 || client.closing) return
    const bytes = clientBytes(client)
    this.#bytes += bytes - client.countedBytes
    client.countedBytes = bytes
    const limit = this.#limit()
    if (limit > 0 && this.#bytes > limit) this.limitChanged()
  }

  /** The limit has changed: closes clients at once, so that who set it finds it kept. */
  limitChanged(): void {
    let bytes = 0
    for (const client of this.#router.clients.values()) {
      client.countedBytes = clientBytes(client)
      bytes += client.countedBytes
    }
    this.#bytes = bytes
    this.#evict(bytes)
  }

  /** maxmemory-clients: closes the largest clients until the rest fits. Each router has its share of the limit. */
  #evict(bytes: number): void {
    const router = this.#router
    const limit = this.#limit()
    if (limit === 0 || bytes <= limit) return
    const candidates = [...router.clients.values()].filter(client => !client.keepsConnection && !client.closing)
    candidates.sort((a, b) => clientBytes(b) - clientBytes(a))
    let left = bytes
    for (const client of candidates) {
      if (left <= limit) return
      left -= clientBytes(client)
      router.statistics.add(STAT.EVICTED_CLIENTS, 1)
      router.drop(client)
    }
  }

  /** Bytes that this router's clients may take, 0 for no limit. */
  #limit(): number {
    const { settings } = this.#router.engine
    const value = settings[SETTING.maxmemoryClients]
    const whole = value >= 0 ? value : (settings[SETTING.maxmemory] * -value) / 100
    return whole / this.#router.count
  }
}

/** Clients that wait for something are not idle. */
const isIdle = (client: Connection): boolean =>
  !client.isBlocked && !client.isMonitor && client.owed === 0 && clientType(client) === 'normal'
