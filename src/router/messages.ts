// What the supervisor and the routers say to each other. Rare things only: commands and replies go through the rings.

import type { ConfigUpdate } from '../config/values.ts'
import type { FromThread } from '../shard/sink.ts'
import type { Places } from './listener.ts'

/** The path of a Unix socket, and its mode in octal. */
export interface UnixPlace {
  readonly path: string
  readonly mode: string
}

/** What `listen` answers. */
export interface Listening {
  readonly port: number
  /** Why it failed, '' if it did not. */
  readonly error: string
}

/** What a router is told. */
export type ToRouter =
  | { readonly what: 'config'; readonly update: ConfigUpdate }
  /** A question; `listen` takes ListenArgs. */
  | { readonly what: 'ask'; readonly id: number; readonly op: string; readonly args: unknown }
  /** The answer to a router's question. */
  | { readonly what: 'answer'; readonly id: number; readonly value: unknown }
  /** News from another thread, by topic. */
  | { readonly what: 'told'; readonly topic: string; readonly value: unknown }

/** Where to listen. */
export interface ListenArgs {
  readonly places: Places
  readonly unix: UnixPlace | undefined
}

/** What a router tells. */
export type FromRouter =
  | { readonly what: 'ready' }
  | { readonly what: 'ask'; readonly id: number; readonly op: string; readonly args: unknown }
  | { readonly what: 'answer'; readonly id: number; readonly value: unknown }
  /** News for all other routers. */
  | { readonly what: 'tell'; readonly topic: string; readonly value: unknown }
  | FromThread
