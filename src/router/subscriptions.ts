// A router's subscribers: who listens to which channel or pattern, and sending them messages.
//
// A message is encoded once for each protocol in use and copied to the subscribers' outputs; the sockets are written at
// the end of the turn, as with replies.

import { globMatch } from '../bytes/glob.ts'
import type { Client } from '../commands/client.ts'
import type { Space, Subscriptions } from '../commands/pubsub/registry.ts'
import { EVENT } from '../config/keyspace-events.ts'
import { SETTING } from '../config/settings.ts'
import { Reply } from '../protocol/reply.ts'
import { STAT, type Statistics } from '../shared/statistics.ts'
import type { Notice } from '../store/engine.ts'
import type { Connection } from './connection.ts'
import type { Router } from './router.ts'

const FRAME_BYTES = 1024
/** A frame's buffer stays for the next message unless it is 16 times this: a new one for each megabyte is work to collect. */
const FRAME_BYTES_KEPT = 1 << 18

/** Byte strings to who listens; and by client what it listens to. */
interface Register {
  readonly listeners: Map<string, Set<Connection>>
  readonly names: Map<Client, Set<string>>
  readonly stat: number
}

const register = (stat: number): Register => ({ listeners: new Map(), names: new Map(), stat })

export class RouterSubscriptions implements Subscriptions {
  readonly #router: Router
  readonly #statistics: Statistics
  readonly #registers: Readonly<Record<Space, Register>> = {
    channel: register(STAT.PUBSUB_CHANNELS),
    pattern: register(STAT.PUBSUB_PATTERNS),
    shard: register(STAT.PUBSUB_SHARD_CHANNELS),
  }
  /** Patterns as bytes, for matching. */
  readonly #patternBytes = new Map<string, Uint8Array>()
  readonly #frame2 = new Reply(FRAME_BYTES)
  readonly #frame3 = new Reply(FRAME_BYTES)

  constructor(router: Router) {
    this.#router = router
    this.#statistics = router.statistics
    this.#frame3.resp = 3
  }

  add(client: Client, space: Space, name: string): void {
    const { listeners, names, stat } = this.#registers[space]
    const own = names.get(client) ?? new Set()
    names.set(client, own)
    own.add(name)
    const all = listeners.get(name) ?? new Set()
    listeners.set(name, all)
    all.add(client as Connection)
    if (space === 'pattern') this.#patternBytes.set(name, Buffer.from(name, 'latin1'))
    this.#statistics.set(stat, listeners.size)
    setCount(client as Connection, space, own.size)
  }

  remove(client: Client, space: Space, name: string): boolean {
    const { listeners, names, stat } = this.#registers[space]
    const own = names.get(client)
    if (own === undefined || !own.delete(name)) return false
    if (own.size === 0) names.delete(client)
    const all = listeners.get(name)
    all?.delete(client as Connection)
    if (all?.size === 0) {
      listeners.delete(name)
      if (space === 'pattern') this.#patternBytes.delete(name)
    }
    this.#statistics.set(stat, listeners.size)
    setCount(client as Connection, space, own.size)
    return true
  }

  /** The client is gone, or has been RESET. */
  removeAll(client: Client): void {
    for (const space of ['channel', 'pattern', 'shard'] as const) {
      for (const name of this.namesOf(client, space)) this.remove(client, space, name)
    }
  }

  namesOf(client: Client, space: Space): readonly string[] {
    return [...(this.#registers[space].names.get(client) ?? [])]
  }

  names(space: Space): readonly string[] {
    return [...this.#registers[space].listeners.keys()]
  }

  count(space: 'channel' | 'shard', name: string): number {
    return this.#registers[space].listeners.get(name)?.size ?? 0
  }

  publish(space: 'channel' | 'shard', name: string, message: Uint8Array): number {
    let receivers = 0
    const listeners = this.#registers[space].listeners.get(name)
    if (listeners !== undefined) {
      receivers += this.#sendAll(listeners, space === 'shard' ? 'smessage' : 'message', undefined, name, message)
    }
    if (space === 'shard' || this.#patternBytes.size === 0) return receivers
    const channel = Buffer.from(name, 'latin1')
    for (const [pattern, bytes] of this.#patternBytes) {
      if (!globMatch(bytes, 0, bytes.length, channel, 0, channel.length, false)) continue
      const matched = this.#registers.pattern.listeners.get(pattern) as Set<Connection>
      receivers += this.#sendAll(matched, 'pmessage', pattern, name, message)
    }
    return receivers
  }

  #sendAll(
    listeners: ReadonlySet<Connection>,
    word: string,
    pattern: string | undefined,
    name: string,
    message: Uint8Array,
  ): number {
    this.#frame2.reset(FRAME_BYTES_KEPT)
    this.#frame3.reset(FRAME_BYTES_KEPT)
    for (const client of listeners) {
      const frame = client.resp === 3 ? this.#frame3 : this.#frame2
      // Encoded once for all, and not at all in a protocol that no listener speaks: a message may be long.
      if (frame.length === 0) encode(frame, word, pattern, name, message)
      this.#router.outputFor(client).raw(frame.u8, 0, frame.length)
    }
    return listeners.size
  }

  /** Publishes keyspace events to this router's subscribers. */
  notices(notices: readonly Notice[]): void {
    if (this.#registers.channel.listeners.size === 0 && this.#patternBytes.size === 0) return
    const wanted = this.#router.engine.settings[SETTING.notifyKeyspaceEvents]
    for (const { event, db, key } of notices) {
      if ((wanted & EVENT.KEYSPACE) !== 0) {
        const name = Buffer.from(key).toString('latin1')
        this.publish('channel', `__keyspace@${db}__:${name}`, Buffer.from(event, 'latin1'))
      }
      if ((wanted & EVENT.KEYEVENT) !== 0) this.publish('channel', `__keyevent@${db}__:${event}`, key)
    }
  }
}

function setCount(client: Connection, space: Space, count: number): void {
  if (space === 'channel') client.channelCount = count
  else if (space === 'pattern') client.patternCount = count
  else client.shardChannelCount = count
}

function encode(frame: Reply, word: string, pattern: string | undefined, name: string, message: Uint8Array): void {
  frame.push(pattern === undefined ? 3 : 4)
  frame.latin1(word)
  if (pattern !== undefined) frame.latin1(pattern)
  frame.latin1(name)
  frame.bulk(message, 0, message.length)
}
