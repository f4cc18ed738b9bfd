// MIGRATE on one router: sends keys to another server and deletes those that it has taken.
//
// In Redis everybody waits meanwhile, so that what is deleted is what was sent. Here only the client waits. A key that is
// on its way is watched, as WATCH does: it is deleted only if nothing has changed it since it was read. If something has,
// it is sent again in its new state; if it is gone, it is deleted there as well. So whatever others do meanwhile, the
// outcome is one of having moved the keys before or after that. As in Redis, one MIGRATE runs at a time (those that only copy
// aside): of two that move the same key to the same place, the second would otherwise find it gone and delete it there, too.

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { keySlot } from '../bytes/crc16.ts'
import type { MigrateOrder } from '../commands/generic/migrate.ts'
import type { Journal } from '../commands/journal.ts'
import { PAUSE } from '../commands/pause.ts'
import { SETTING } from '../config/settings.ts'
import { Reply } from '../protocol/reply.ts'
import { READ_ONLY } from '../replica/refusals.ts'
import { CONTROL, controlClaim, controlSet, SCRIPT, scriptState } from '../shared/control.ts'
import { STAT } from '../shared/statistics.ts'
import { type Engine, NOTIFY } from '../store/engine.ts'
import { entryExpireAt } from '../store/entry.ts'
import { payloadOf } from '../store/rdb/payload.ts'
import { watchEnd, watchHolds, watchKey } from '../store/watches.ts'
import { type Peer, PeerFailure, Peers } from './peers.ts'
import type { Router } from './router.ts'

/** How often keys that change meanwhile are sent anew. */
const ROUNDS_MAX = 32
/** How often busy shards are tried before they are waited for. */
const TRIES_MAX = 100
const TRY_MS = 1
const UNSETTLED =
  'TRYAGAIN Keys were changed again and again while they were sent. They are here and, perhaps outdated, at the target'

/** A key on its way. */
interface Sent {
  readonly key: Uint8Array
  /** Who watches it, 0 = nobody. */
  readonly watcher: number
}

/** What has become of keys that the target has taken. */
interface Settled {
  readonly changed: Uint8Array[]
  readonly gone: Uint8Array[]
}

export class Migrations {
  readonly #router: Router
  readonly #control: Int32Array
  readonly #peers: Peers

  constructor(router: Router, control: Int32Array) {
    this.#router = router
    this.#control = control
    this.#peers = new Peers(count => router.statistics.set(STAT.MIGRATE_SOCKETS, count))
  }

  /** Moves keys. Resolves to the reply: an error, or a plus and a simple string. */
  async run(order: MigrateOrder): Promise<string> {
    if (order.copies) return this.#run(order)
    while (!controlClaim(this.#control, CONTROL.MIGRATES)) await sleep(TRY_MS)
    try {
      return await this.#run(order)
    } finally {
      controlSet(this.#control, CONTROL.MIGRATES, 0)
    }
  }

  async #run(order: MigrateOrder): Promise<string> {
    let found = false
    await this.#locked(order.keys, engine => {
      found = order.keys.some(key => find(engine, order.db, key) !== 0)
    })
    if (!found) return '+NOKEY'
    // A connection that was kept may have ended: once, and if nothing was heard of it, another is tried.
    for (let mayRetry = true; ; mayRetry = false) {
      const transfer = new Transfer(order)
      try {
        return await this.#attempt(order, transfer)
      } catch (error) {
        if (!(error instanceof PeerFailure)) throw error
        if (!mayRetry || error.timedOut || transfer.hasHeard) return `IOERR ${error.message}`
      }
    }
  }

  async #attempt(order: MigrateOrder, transfer: Transfer): Promise<string> {
    const { host, port, timeoutMs } = order
    const peer = await this.#peers.take(host, port, userOf(order), timeoutMs)
    let isSound = false
    try {
      let keys = order.keys
      for (let round = 0; keys.length > 0 && transfer.error === '' && round < ROUNDS_MAX; round++) {
        keys = await this.#round(order, transfer, peer, keys, round > 0)
      }
      isSound = true
      if (transfer.error !== '') return transfer.error
      return keys.length > 0 ? UNSETTLED : '+OK'
    } finally {
      if (isSound) this.#peers.give(peer)
      else peer.close()
    }
  }

  /**
   * Sends keys as they are now, and deletes those that were taken and have not changed meanwhile. Returns those that have.
   * `isAgain` if the target has an earlier state of them.
   */
  async #round(
    order: MigrateOrder,
    transfer: Transfer,
    peer: Peer,
    keys: readonly Uint8Array[],
    isAgain: boolean,
  ): Promise<readonly Uint8Array[]> {
    const newId = order.copies ? undefined : () => this.#router.newId()
    let sent: Sent[] = []
    await this.#locked(keys, engine => {
      sent = transfer.pack(engine, peer, keys, isAgain || order.replaces, newId)
    })
    const { taken, failure } = await transfer.exchange(peer, sent)
    const settled: Settled = { changed: [], gone: [] }
    if (isAgain) for (const key of keys) if (!sent.some(each => each.key === key)) settled.gone.push(key)
    if (!order.copies && sent.length > 0) await this.#settle(order, transfer, sent, taken, settled)
    if (failure !== undefined) throw failure
    if (settled.gone.length > 0) await transfer.forget(peer, settled.gone)
    return settled.changed
  }

  /** Deletes what was taken, if it is as it was sent; watches nothing any more. */
  async #settle(
    order: MigrateOrder,
    transfer: Transfer,
    sent: readonly Sent[],
    taken: readonly Sent[],
    settled: Settled,
  ): Promise<void> {
    // Nothing changes during a pause.
    while (this.#router.pause.kind !== PAUSE.NONE) await sleep(TRY_MS)
    const keys = sent.map(({ key }) => key)
    await this.#locked(keys, (engine, journal) => {
      const mayDelete = !engine.isReplica || engine.settings[SETTING.replicaReadOnly] === 0
      if (!mayDelete && transfer.error === '') transfer.error = READ_ONLY
      const deleted: Uint8Array[] = []
      for (const { key, watcher } of mayDelete ? taken : []) {
        const shard = shardOf(engine, key)
        const holds = watchHolds(shard, watcher)
        const entry = find(engine, order.db, key)
        if (entry === 0) settled.gone.push(key)
        else if (!holds) settled.changed.push(key)
        else {
          shard.discard(order.db, entry, engine.settings[SETTING.lazyfreeLazyServerDel] !== 0)
          shard.touchedKey(order.db, key, 0, key.length, NOTIFY.GENERIC, 'del')
          deleted.push(key)
        }
      }
      for (const { key, watcher } of sent) watchEnd(shardOf(engine, key).m, watcher)
      if (deleted.length > 0) sayDeleted(engine, journal, order.db, deleted)
    })
  }

  /** Runs `work` with the shards of these keys locked: as soon as they are free, so that nobody waits for them. */
  async #locked(keys: readonly Uint8Array[], work: (engine: Engine, journal: Journal) => void): Promise<void> {
    for (let tries = 1; ; tries++) {
      // Not while a command is being run.
      await (tries === 1 ? nextTurn() : sleep(TRY_MS))
      const mayWait = tries > TRIES_MAX && !this.#runsScript()
      if (this.#router.withKeys(keys, mayWait, work)) break
    }
    this.#router.endTurnSoon()
  }

  /** Whether a script, which may take any time, has a shard. */
  #runsScript(): boolean {
    return this.#router.engine.shards.some(({ index }) => (scriptState(this.#control, index) & SCRIPT.RUNS) !== 0)
  }
}

/** One attempt to send an order's keys: what goes over the wire and what comes back. */
class Transfer {
  readonly #order: MigrateOrder
  /** Whether the target has answered anything about a key. */
  hasHeard = false
  /** The first error that the target has replied, as the client gets it. */
  error = ''
  readonly #out = new Reply(4096)
  #authenticates: boolean
  #selects = false

  constructor(order: MigrateOrder) {
    this.#order = order
    this.#authenticates = order.password !== undefined
  }

  /** Writes the commands for those keys that are there, which `newId` has watched. */
  pack(
    engine: Engine,
    peer: Peer,
    keys: readonly Uint8Array[],
    replaces: boolean,
    newId: (() => number) | undefined,
  ): Sent[] {
    const { db, password, targetDb, user } = this.#order
    const out = this.#out
    if (this.#authenticates) {
      out.array(user === undefined ? 2 : 3)
      out.latin1('AUTH')
      if (user !== undefined) out.latin1(user)
      out.latin1(password ?? '')
    }
    this.#selects = peer.db !== targetDb
    if (this.#selects) {
      out.array(2)
      out.latin1('SELECT')
      out.bulkInteger(targetDb)
    }
    const sent: Sent[] = []
    for (const key of keys) {
      const shard = shardOf(engine, key)
      const entry = find(engine, db, key)
      if (entry === 0) continue
      const expireAt = entryExpireAt(shard.m, entry)
      out.array(replaces ? 5 : 4)
      out.latin1('RESTORE')
      out.bulk(key, 0, key.length)
      out.bulkInteger(expireAt < 0 ? 0 : Math.max(1, expireAt - engine.now))
      const payload = payloadOf(shard.m, entry, engine.settings[SETTING.rdbcompression] !== 0)
      out.bulk(payload.u8, 0, payload.length)
      if (replaces) out.latin1('REPLACE')
      const watcher = newId?.() ?? 0
      if (watcher !== 0) watchKey(shard, watcher, db, key, 0, key.length)
      sent.push({ key, watcher })
    }
    return sent
  }

  /** Sends what was packed. Resolves to those keys that the target has taken, and to what went wrong. */
  async exchange(peer: Peer, sent: readonly Sent[]): Promise<{ taken: Sent[]; failure: PeerFailure | undefined }> {
    const taken: Sent[] = []
    try {
      await this.#exchange(peer, sent, taken)
    } catch (failure) {
      if (failure instanceof PeerFailure) return { taken, failure }
      throw failure
    }
    return { taken, failure: undefined }
  }

  async #exchange(peer: Peer, sent: readonly Sent[], taken: Sent[]): Promise<void> {
    const { targetDb, timeoutMs } = this.#order
    await peer.write(this.#out.take(4096), timeoutMs)
    if (this.#authenticates) this.#answered(await peer.line(timeoutMs))
    if (this.#selects) this.#answered(await peer.line(timeoutMs))
    const isIn = this.error === ''
    peer.db = isIn ? targetDb : -1
    this.#authenticates = !isIn
    for (const each of sent) {
      const line = await peer.line(timeoutMs)
      this.hasHeard = true
      if (this.#answered(line) && isIn) taken.push(each)
    }
  }

  /** Takes an answer. Returns whether it is a good one; the first that is not is what the client gets. */
  #answered(line: string): boolean {
    if (!line.startsWith('-')) return true
    if (this.error === '') this.error = `ERR Target instance replied with error: ${line.slice(1)}`
    return false
  }

  /** Deletes keys there that are gone here. */
  async forget(peer: Peer, keys: readonly Uint8Array[]): Promise<void> {
    const out = this.#out
    out.array(keys.length + 1)
    out.latin1('DEL')
    for (const key of keys) out.bulk(key, 0, key.length)
    await peer.write(out.take(4096), this.#order.timeoutMs)
    this.#answered(await peer.line(this.#order.timeoutMs))
  }
}

/** To the log and the replicas a MIGRATE is a DEL. */
function sayDeleted(engine: Engine, journal: Journal, db: number, keys: readonly Uint8Array[]): void {
  const { effects } = engine
  journal.begin(shardOf(engine, keys[0]), db, keys.length === 1)
  effects.command(keys.length + 1)
  effects.word('DEL')
  for (const key of keys) effects.bytes(key, 0, key.length)
}

const shardOf = (engine: Engine, key: Uint8Array) => engine.shardOfSlot(keySlot(key, 0, key.length))

const find = (engine: Engine, db: number, key: Uint8Array) => shardOf(engine, key).findKey(db, key, 0, key.length)

/** Who is somebody else there: a connection is kept for one. */
const userOf = ({ user, password }: MigrateOrder): string => (password === undefined ? '' : `as ${user ?? 'default'}`)
