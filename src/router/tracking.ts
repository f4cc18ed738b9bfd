// A router's clients that keep copies of keys (CLIENT TRACKING), and telling them what has changed.
//
// Which client is to be told of which key is known where the key is (store/tracked.ts): a write that meets no tracked
// key costs nothing here, and whoever writes finds out whom it concerns under the lock that it holds anyway. Word of
// changes comes from this thread's own commands, and by mail from shards' owners, who pass on other routers' words too.
// A client hears of a change behind every reply that was due to it then, so an old value never comes after the news.

import type { Entry } from '../commands/table.ts'
import { SETTING } from '../config/settings.ts'
import { Reply } from '../protocol/reply.ts'
import { SENDER } from '../protocol/request.ts'
import { MAIL } from '../shard/mail.ts'
import { lockWord } from '../shared/control.ts'
import { lockTry, unlock } from '../shared/lock.ts'
import { STAT } from '../shared/statistics.ts'
import { CHANGE, RECORD, recordBytes } from '../store/invalidations.ts'
import { type Memory, memoryRefresh } from '../store/memory.ts'
import { ROUTERS_MAX, setBroadcast, trackedCount } from '../store/tracked.ts'
import { Broadcasts } from './broadcasts.ts'
import type { Connection } from './connection.ts'
import type { Post } from './post.ts'
import type { Router } from './router.ts'

/** Keys given up at a time when too many are tracked. */
const GIVE_UP = 1000
const CHANNEL = '__redis__:invalidate'

/** A message for a client of another router, which one of this router's redirects its own to. */
interface Redirected {
  readonly from: number
  readonly to: number
  /** The keys, as an array in RESP; undefined: all of them. */
  readonly keys: Uint8Array | undefined
}

export class RouterTracking {
  readonly #router: Router
  readonly #post: Post
  readonly #control: Int32Array
  readonly #clients = new Set<Connection>()
  readonly #broadcasts = new Broadcasts()
  readonly #keys = new Reply(1024)
  #errand = new Uint8Array(ROUTERS_MAX + 1024)
  #isListening = false

  constructor(router: Router, post: Post, control: Int32Array) {
    this.#router = router
    this.#post = post
    this.#control = control
    post.changes = (u8, at, length) => this.#hear(u8, at, length)
    router.engine.invalidations.passOnEarly = () => this.#passOnEarly()
    router.link.onTold('invalidate', message => this.#redirected(message as Redirected))
    router.link.onTold('redirect-broken', message => this.#broken(message as Redirected))
  }

  // ---- clients

  /** A client's tracking was turned on or off, or its mode changed. */
  changed(client: Connection): void {
    const { tracking } = client
    if (tracking.isOn) this.#clients.add(client)
    else this.#clients.delete(client)
    this.#setFlags(client)
    this.#broadcasts.set(client, tracking.isOn && tracking.isBroadcast ? tracking.prefixes : [])
    this.#levelsChanged()
    if (!tracking.isOn || this.#isListening) return
    // For good: what a client has read is remembered even when it has gone.
    this.#isListening = true
    this.#post.expect(1)
  }

  /** A client is gone. */
  remove(client: Connection): void {
    if (!this.#clients.delete(client)) return
    this.#broadcasts.set(client, [])
    this.#levelsChanged()
  }

  #levelsChanged(): void {
    const { statistics, index } = this.#router
    statistics.set(STAT.TRACKING_CLIENTS, this.#clients.size)
    statistics.set(STAT.TRACKING_PREFIXES, this.#broadcasts.prefixCount)
    const on = this.#broadcasts.prefixCount > 0
    if (on === this.#broadcasts.isOn) return
    this.#broadcasts.isOn = on
    void this.#router.withShardsSoon(({ shards }) => {
      for (const { m } of shards) setBroadcast(m, index, this.#broadcasts.isOn)
    })
  }

  /** Whether keys that the next command reads are remembered, as flags that go with it. */
  #setFlags(client: Connection): void {
    const { isOn, isBroadcast, isOptIn, isOptOut, caching } = client.tracking
    const tracks = isOn && !isBroadcast && (isOptIn ? caching === 'yes' : !isOptOut || caching !== 'no')
    client.flags &= ~(SENDER.TRACKS | SENDER.CACHING)
    if (tracks) client.flags |= SENDER.TRACKS
    if (caching !== undefined) client.flags |= SENDER.CACHING
  }

  /** A command has been given behind CLIENT CACHING, which holds for it alone; a whole transaction counts as one. */
  endCaching(client: Connection, entry: Entry): void {
    if (client.queue !== undefined || entry.fullName.startsWith('client|')) return
    client.tracking.caching = undefined
    this.#setFlags(client)
  }

  // ---- what has changed

  /** Passes on what commands that ran on this thread have changed. */
  passOn(): void {
    const { invalidations } = this.#router.engine
    const { u8, length, routers } = invalidations
    const { index } = this.#router
    let others = false
    for (let i = 0; i < routers.length; i++) if (i !== index && routers[i] === 1) others = true
    if (others) this.#mail(u8, length, routers, invalidations.shard)
    if (routers[index] === 1) this.#hear(u8, 0, length)
    invalidations.reset()
  }

  /** What was evicted for a command that has not run yet. */
  #passOnEarly(): void {
    this.passOn()
    this.#router.replyStart = this.#router.reply.length
  }

  #mail(u8: Uint8Array, length: number, routers: Uint8Array, shard: number): void {
    if (this.#errand.length < ROUTERS_MAX + length) this.#errand = new Uint8Array(2 * (ROUTERS_MAX + length))
    this.#errand.fill(0, 0, ROUTERS_MAX)
    this.#errand.set(routers)
    this.#errand[this.#router.index] = 0
    this.#errand.set(u8.subarray(0, length), ROUTERS_MAX)
    this.#post.errand(shard, MAIL.CHANGED, this.#errand, ROUTERS_MAX + length)
    this.#post.publish()
  }

  /** Tells this router's clients of a batch of changes. */
  #hear(u8: Uint8Array, at: number, length: number): void {
    if (this.#clients.size === 0) return
    const view = new DataView(u8.buffer, u8.byteOffset + at, length)
    for (let record = 0; record < length; record += recordBytes(view, record)) {
      if (view.getUint8(record + RECORD.KIND) === CHANGE.FLUSH) this.#flushed()
      else this.#keyChanged(view, record, u8, at)
    }
  }

  #flushed(): void {
    for (const client of this.#clients) this.#tell(client, undefined)
  }

  #keyChanged(view: DataView, record: number, u8: Uint8Array, at: number): void {
    const writer = view.getUint32(record + RECORD.WRITER, true)
    const length = view.getUint32(record + RECORD.LENGTH, true)
    const count = view.getUint32(record + RECORD.COUNT, true)
    const keyAt = at + record + RECORD.CLIENTS + 4 * count
    this.#keys.reset(1024)
    this.#keys.array(1)
    this.#keys.bulk(u8, keyAt, length)
    for (let i = 0; i < count; i++) {
      const client = this.#router.clients.get(view.getUint32(record + RECORD.CLIENTS + 4 * i, true))
      // A client that has turned to broadcasts hears nothing of what it read before.
      if (client === undefined || !client.tracking.isOn || client.tracking.isBroadcast) continue
      if (client.tracking.noLoop && client.id === writer) continue
      this.#tell(client, this.#keys)
    }
    if (view.getUint8(record + RECORD.TO_ALL) === 1 && this.#broadcasts.add(u8, keyAt, length, writer)) {
      this.#router.endTurnSoon()
    }
  }

  /** At the end of a turn: tells clients of changes of all keys with their prefixes, together. */
  broadcast(): void {
    if (this.#broadcasts.hasKeys) this.#broadcasts.send((client, keys) => this.#tell(client, keys))
  }

  // ---- messages

  /** Tells a client, or whom it redirects to, of changed keys: an array in RESP; undefined: all of them. */
  #tell(client: Connection, keys: Reply | undefined): void {
    const { redirect } = client.tracking
    if (redirect === 0) return this.#send(client, keys, keys?.length ?? 0, false)
    const { index, count, link } = this.#router
    const target = this.#open(redirect)
    if (target !== undefined) this.#send(target, keys, keys?.length ?? 0, true)
    else if ((redirect - 1) % count === index) this.#broken({ from: client.id, to: redirect })
    else {
      const message: Redirected = { from: client.id, to: redirect, keys: keys?.u8.slice(0, keys.length) }
      link.tell('invalidate', message)
    }
  }

  #redirected({ from, to, keys }: Redirected): void {
    const { index, count, link } = this.#router
    if ((to - 1) % count !== index) return
    const target = this.#open(to)
    if (target === undefined) return link.tell('redirect-broken', { from, to })
    this.#keys.reset(1024)
    if (keys !== undefined) this.#keys.raw(keys)
    this.#send(target, keys === undefined ? undefined : this.#keys, this.#keys.length, true)
  }

  /** A client of this router; one that has asked to be closed is as good as gone. */
  #open(id: number): Connection | undefined {
    const client = this.#router.clients.get(id)
    return client?.closing === true ? undefined : client
  }

  /** The client that one of ours redirects to is gone. */
  #broken({ from, to }: Omit<Redirected, 'keys'>): void {
    const client = this.#router.clients.get(from)
    if (client === undefined || !client.tracking.isOn || client.tracking.redirect !== to) return
    client.tracking.isRedirectBroken = true
    if (client.resp < 3) return
    const out = client.outputBehindDue()
    out.push(2)
    out.latin1('tracking-redir-broken')
    out.integer(to)
  }

  #send(client: Connection, keys: Reply | undefined, length: number, isRedirected: boolean): void {
    const { resp } = client
    // In RESP2 a message can only be one of a channel, and that only for somebody else's client.
    if (resp < 3 && !(isRedirected && client.isSubscriber)) return
    const out = client.outputBehindDue()
    if (resp === 3) {
      out.push(2)
      out.latin1('invalidate')
    } else {
      out.array(3)
      out.latin1('message')
      out.latin1(CHANNEL)
    }
    if (keys === undefined) out.nil()
    else out.raw(keys.u8, 0, length)
  }

  // ---- tracking-table-max-keys

  /** Gives up keys at random while more are tracked than may be: their clients are told to forget them. */
  limit(): void {
    const { engine } = this.#router
    const max = engine.settings[SETTING.trackingTableMaxKeys]
    if (this.#clients.size === 0 || max === 0) return
    let total = 0
    for (const { m } of engine.shards) total += countOf(m)
    if (total > max) this.#giveUp(total, Math.min(total - max, GIVE_UP))
  }

  /** Draws the shards first, each as likely as it has keys, so that every lock is taken once. */
  #giveUp(total: number, excess: number): void {
    const { engine } = this.#router
    const left = engine.shards.map(({ m }) => countOf(m))
    const counts = left.slice()
    for (let i = 0; i < excess; i++) {
      let pick = Math.floor(Math.random() * (total - i))
      let shard = 0
      while (shard < left.length - 1 && pick >= left[shard]) pick -= left[shard++]
      left[shard]--
    }
    for (const [index, shard] of engine.shards.entries()) {
      const count = counts[index] - left[index]
      if (count === 0 || !lockTry(this.#control, lockWord(index))) continue
      memoryRefresh(shard.m)
      for (let i = 0; i < count && engine.invalidations.giveUp(shard); i++);
      unlock(this.#control, lockWord(index))
    }
    if (engine.invalidations.length > 0) this.passOn()
  }
}

/** The shard is not locked: its record may have been made beyond what this thread has seen of the arena. */
function countOf(m: Memory): number {
  memoryRefresh(m)
  return trackedCount(m)
}
