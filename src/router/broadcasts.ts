// Clients that are told of every change of keys with certain prefixes (CLIENT TRACKING BCAST), and the keys that have
// changed since they were last told. A prefix's keys go out together, in one message for all its clients; one that
// does not want its own changes back (NOLOOP) gets a message without them.

import { Reply } from '../protocol/reply.ts'
import type { Connection } from './connection.ts'

interface Prefix {
  readonly clients: Set<Connection>
  /** Keys that have changed, as byte strings, and who did it last. */
  readonly changed: Map<string, number>
}

/** Tells a client of changed keys, an array in RESP. */
export type TellKeys = (client: Connection, keys: Reply) => void

export class Broadcasts {
  readonly #prefixes = new Map<string, Prefix>()
  readonly #all = new Reply(1024)
  readonly #others = new Reply(1024)
  hasKeys = false
  /** Whether the shards know that there are such clients here. */
  isOn = false

  get prefixCount(): number {
    return this.#prefixes.size
  }

  /** A client wants to hear of keys with these prefixes, and no others. */
  set(client: Connection, wanted: readonly string[]): void {
    for (const [name, { clients }] of this.#prefixes) {
      if (clients.delete(client) && clients.size === 0) this.#prefixes.delete(name)
    }
    for (const name of wanted) {
      const prefix = this.#prefixes.get(name) ?? { clients: new Set(), changed: new Map() }
      prefix.clients.add(client)
      this.#prefixes.set(name, prefix)
    }
  }

  /** A key has changed. Returns whether anybody here is to be told. */
  add(u8: Uint8Array, at: number, length: number, writer: number): boolean {
    if (this.#prefixes.size === 0) return false
    const key = Buffer.from(u8.buffer, u8.byteOffset + at, length).toString('latin1')
    let wanted = false
    for (const [name, { changed }] of this.#prefixes) {
      if (!key.startsWith(name)) continue
      changed.set(key, writer)
      wanted = true
    }
    if (wanted) this.hasKeys = true
    return wanted
  }

  /** Sends all that has changed. */
  send(tell: TellKeys): void {
    this.hasKeys = false
    for (const { clients, changed } of this.#prefixes.values()) {
      if (changed.size === 0) continue
      encode(this.#all, [...changed.keys()])
      for (const client of clients) {
        const keys = client.tracking.noLoop ? this.#without(changed, client.id) : this.#all
        if (keys !== undefined) tell(client, keys)
      }
      changed.clear()
    }
  }

  /** The keys that others have changed, if there are any. */
  #without(changed: ReadonlyMap<string, number>, client: number): Reply | undefined {
    const keys: string[] = []
    for (const [key, writer] of changed) if (writer !== client) keys.push(key)
    if (keys.length === 0) return undefined
    encode(this.#others, keys)
    return this.#others
  }
}

function encode(reply: Reply, keys: readonly string[]): void {
  reply.reset(1024)
  reply.array(keys.length)
  for (const key of keys) reply.latin1(key)
}
