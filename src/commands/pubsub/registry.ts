// What commands ask of a router's subscriptions. The router implements it.

import type { Reply } from '../../protocol/reply.ts'
import type { Client } from '../client.ts'

/** What one subscribes to. Shard channels are a space of names of their own. */
export type Space = 'channel' | 'pattern' | 'shard'

/** A router's subscribers. Names are byte strings. */
export interface Subscriptions {
  /** Subscribes; nothing happens if it is so already. */
  add(client: Client, space: Space, name: string): void
  /** Returns whether the client was subscribed. */
  remove(client: Client, space: Space, name: string): boolean
  /** What a client is subscribed to. */
  namesOf(client: Client, space: Space): readonly string[]
  /** Sends a message to this router's subscribers. Returns how many got it; one that matches twice counts twice. */
  publish(space: 'channel' | 'shard', name: string, message: Uint8Array): number
  /** Names with subscribers here. */
  names(space: Space): readonly string[]
  /** Subscribers of a channel here. */
  count(space: 'channel' | 'shard', name: string): number
}

/** How many names a client's replies count: channels and patterns together, shard channels by themselves. */
export const countOf = (client: Client, space: Space): number =>
  space === 'shard' ? client.shardChannelCount : client.channelCount + client.patternCount

/** The confirmation of a change; without a name it is nil. */
export function confirm(reply: Reply, word: string, name: string | undefined, count: number): void {
  reply.push(3)
  reply.latin1(word)
  if (name === undefined) reply.nil()
  else reply.latin1(name)
  reply.integer(count)
}
