// What the server knows about a command, beside the function that runs it. Dispatch, COMMAND, ACL and the docs read
// this and nothing else.

import type { Reply } from '../protocol/reply.ts'
import type { Request } from '../protocol/request.ts'
import type { Shard } from '../store/shard.ts'
import type { Client, Router } from './client.ts'

/** Command flags, as COMMAND INFO names them. */
export const WRITE = 1 << 0
export const READONLY = 1 << 1
export const DENY_OOM = 1 << 2
export const ADMIN = 1 << 3
export const PUBSUB = 1 << 4
export const NOSCRIPT = 1 << 5
export const BLOCKING = 1 << 6
export const LOADING = 1 << 7
export const STALE = 1 << 8
export const SKIP_MONITOR = 1 << 9
export const SKIP_SLOWLOG = 1 << 10
export const ASKING = 1 << 11
export const FAST = 1 << 12
export const NO_AUTH = 1 << 13
export const MAY_REPLICATE = 1 << 14
export const NO_MULTI = 1 << 15
export const MOVABLE_KEYS = 1 << 16
export const ALLOW_BUSY = 1 << 17
export const NO_ASYNC_LOADING = 1 << 18
export const NO_MANDATORY_KEYS = 1 << 19
export const PROTECTED = 1 << 20
/** Runs a script, which may do whatever a command may. Not among Redis's flags. */
export const RUNS_SCRIPT = 1 << 23
/** Takes no longer than those that are FAST, though Redis does not call it that. Not among Redis's flags. */
export const BRIEF = 1 << 24

/** Flags in the order COMMAND INFO lists them, with its names. */
export const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [WRITE, 'write'],
  [READONLY, 'readonly'],
  [DENY_OOM, 'denyoom'],
  [ADMIN, 'admin'],
  [PUBSUB, 'pubsub'],
  [NOSCRIPT, 'noscript'],
  [BLOCKING, 'blocking'],
  [LOADING, 'loading'],
  [STALE, 'stale'],
  [SKIP_MONITOR, 'skip_monitor'],
  [SKIP_SLOWLOG, 'skip_slowlog'],
  [ASKING, 'asking'],
  [FAST, 'fast'],
  [NO_AUTH, 'no_auth'],
  [MAY_REPLICATE, 'may_replicate'],
  [NO_MANDATORY_KEYS, 'no_mandatory_keys'],
  [NO_ASYNC_LOADING, 'no_async_loading'],
  [NO_MULTI, 'no_multi'],
  [MOVABLE_KEYS, 'movablekeys'],
  [ALLOW_BUSY, 'allow_busy'],
]

/** Where a command's keys are among its arguments, as COMMAND's key specifications say. */
export interface KeySpec {
  /** Flag names: RO, RW, OW, RM, access, update, insert, delete, not_key, incomplete, variable_flags. */
  readonly flags: readonly string[]
  readonly notes?: string
  /** Where to begin: an argument's index, or the argument behind a keyword searched from an index on. */
  readonly begin: { readonly index: number } | { readonly keyword: string; readonly from: number } | 'unknown'
  /** How to find them: a range relative to the beginning, a count in an argument, or not at all. */
  readonly find:
    | { readonly last: number; readonly step: number; readonly limit: number }
    | { readonly countAt: number; readonly first: number; readonly step: number }
    | 'unknown'
}

/** One argument in COMMAND DOCS. */
export interface Argument {
  readonly name: string
  readonly type: 'string' | 'integer' | 'double' | 'key' | 'pattern' | 'unix-time' | 'pure-token' | 'oneof' | 'block'
  readonly token?: string
  readonly since?: string
  readonly summary?: string
  readonly deprecated?: string
  readonly keySpec?: number
  /** Among: optional, multiple, multiple_token. */
  readonly flags?: readonly string[]
  readonly args?: readonly Argument[]
}

interface Described {
  /** Upper case; a subcommand's own word only. */
  readonly name: string
  readonly group: string
  readonly since: string
  readonly summary: string
  readonly complexity: string
  /** Arguments, the name included; negative: at least so many. */
  readonly arity: number
  readonly flags: number
  /** ACL categories beyond those that follow from flags and group; `-keyspace` takes one of those away. */
  readonly categories?: readonly string[]
  readonly keys?: readonly KeySpec[]
  /** For keys marked variable_flags: what these arguments make the command do with them. */
  readonly variableFlags?: (req: Request) => readonly string[]
  readonly args?: readonly Argument[]
  readonly tips?: readonly string[]
  readonly history?: readonly (readonly [string, string])[]
  readonly deprecated?: { readonly since: string; readonly replacement: string }
  /** Marks in COMMAND DOCS beside `deprecated`: syscmd, for the server's own use. */
  readonly docFlags?: readonly string[]
}

/** Runs on a shard whose lock is held, on whichever thread that is. */
export type Run = (shard: Shard, req: Request, reply: Reply) => void

/** Runs on the router, with no shard locked. */
export type Serve = (client: Client, req: Request, reply: Reply, router: Router) => void

/** A command that reads or writes keys. */
export interface ShardCommand extends Described {
  readonly run: Run
  /**
   * Which locks it needs: those of its keys' shards (the default), or all shards', for commands that reach keys they
   * don't name or the whole keyspace; a function where the arguments decide. With more than one lock, `run` gets the
   * first key's shard, or the first shard.
   */
  readonly locks?: 'keys' | 'all' | ((req: Request) => 'keys' | 'all')
  /**
   * About how many elements it will touch, asked under the lock; above a limit the command is mailed to the owner, so
   * that the router is not held up. Without it a command is taken to be short.
   */
  readonly cost?: (shard: Shard, req: Request) => number
  /** Finds keys where `keys` cannot: pushes argument indexes. Returns false when the arguments make no sense. */
  readonly findKeys?: (req: Request, found: number[]) => boolean
  readonly subcommands?: undefined
  /** For commands that may make their client wait (store/waits.ts): how it is served later. */
  readonly waiting?: Waiting
}

/** How a client that waits is served, once a key that it waits for has changed. */
export interface Waiting {
  /** Whether it can be served from the key in argument `arg`. Changes nothing. */
  isReady(shard: Shard, req: Request, arg: number): boolean
  /** Serves it, after `isReady` said so: as if the command ran now, with that key alone. */
  serve(shard: Shard, req: Request, reply: Reply, arg: number): void
  /** It is also served, with an error, once the key is gone: looked at even when nothing is there to be had. */
  readonly mindsLoss?: boolean
}

/** A command about the connection or the server. */
export interface RouterCommand extends Described {
  readonly serve: Serve
  readonly findKeys?: (req: Request, found: number[]) => boolean
  readonly subcommands?: undefined
}

/** A command that has subcommands. */
export interface ContainerCommand extends Described {
  readonly subcommands: readonly (ShardCommand | RouterCommand)[]
  /** What it does without one; most are nothing then. */
  readonly serve?: Serve
}

export type Command = ShardCommand | RouterCommand | ContainerCommand

/** One key, the first argument: `keys` of most commands. */
export const oneKey = (...flags: string[]): readonly KeySpec[] => [
  { flags, begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
]

/** Keys from the first argument to the last, every `step`th argument being one. */
export const everyKey = (flags: readonly string[], step = 1): readonly KeySpec[] => [
  { flags, begin: { index: 1 }, find: { last: -1, step, limit: 0 } },
]
