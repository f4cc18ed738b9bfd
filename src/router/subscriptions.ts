// A router's subscribers: who listens to which channel or pattern, and sending them messages.
//
// A message is encoded once for each protocol in use, and all subscribers are sent the same bytes (handout.ts), at the end
// of the turn, as with replies.

import { globMatch } from '../bytes/glob.ts'
import type { Client } from '../commands/client.ts'
import type { Space, Subscriptions } from '../commands/pubsub/registry.ts'
import { EVENT } from '../config/keyspace-events.ts'
import { SETTING } from '../config/settings.ts'
import type { Reply } from '../protocol/reply.ts'
import { STAT, type Statistics } from '../shared/statistics.ts'
import type { Notice } from '../store/engine.ts'
import type { Connection } from './connection.ts'
import { Handout } from './handout.ts'
import type { Router } from './router.ts'

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
  readonly #handout2 = new Handout(2)
  readonly #handout3 = new Handout(3)

  constructor(router: Router) {
    this.#router = router
    this.#statistics = router.statistics
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
    const start2 = this.#handout2.messages.length
    const start3 = this.#handout3.messages.length
    for (const client of listeners) {
      const handout = client.resp === 3 ? this.#handout3 : this.#handout2
      const start = client.resp === 3 ? start3 : start2
      const { messages } = handout
      // Encoded once for all, and not at all in a protocol that no listener speaks: a message may be long.
      if (messages.length === start) encode(messages, word, pattern, name, message)
      this.#router.hand(client, handout, start, messages.length)
    }
    return listeners.size
  }

  /** What was published has been sent. */
  sent(): void {
    this.#handout2.clear()
    this.#handout3.clear()
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
