// What a command that runs on the router may ask of its client and of the server. The router implements it; commands
// know no sockets.

import type { ConfigValues } from '../config/values.ts'
import type { Reply } from '../protocol/reply.ts'
import type { Request, Sender } from '../protocol/request.ts'
import type { PersistenceFacts } from '../shared/persistence-block.ts'
import type { Statistics } from '../shared/statistics.ts'
import type { Engine } from '../store/engine.ts'
import type { Users } from './acl/users.ts'
import type { MigrateOrder } from './generic/migrate.ts'
import type { Pause } from './pause.ts'
import type { Subscriptions } from './pubsub/registry.ts'
import type { ReplicaFacts, Replication } from './replication/replication.ts'
import type { Scripts } from './scripting/script.ts'
import type { DebugSwitch } from './server/debug-switches.ts'
import type { LogFacts } from './server/info-log.ts'
import type { Rates } from './server/rates.ts'
import type { Tracking } from './tracking.ts'

/** Writes a reply that could not be given at once. */
export type WriteReply = (reply: Reply) => void

/** Which replies CLIENT REPLY lets through: `skip-next` is the command itself, `skip` the one behind it. */
export type ReplyMode = 'on' | 'off' | 'skip-next' | 'skip'

/** The classes of client, by Redis's names. */
export type ClientType = 'normal' | 'master' | 'replica' | 'pubsub'

/** A connected client. */
export interface Client extends Sender {
  readonly id: number
  /** Where it comes from, `127.0.0.1:51234`; for a Unix socket its path and `:0`. */
  readonly address: string
  readonly localAddress: string
  readonly isUnix: boolean
  readonly fd: number
  /** Unix ms. */
  readonly createdAt: number
  readonly lastActive: number
  readonly lastCommand: string
  /** Bytes, one character each, as are the two after it. */
  name: string
  libraryName: string
  libraryVersion: string
  user: string
  db: number
  resp: 2 | 3
  authenticated: boolean
  replyMode: ReplyMode
  /** CLIENT NO-EVICT. */
  keepsConnection: boolean
  readonly closing: boolean
  /** The link to the master. */
  readonly isMaster: boolean
  /** What it has said of itself as a replica. */
  replica: ReplicaFacts | undefined
  readonly isMonitor: boolean
  readonly isBlocked: boolean
  /** Channels, patterns and shard channels it listens to. */
  readonly channelCount: number
  readonly patternCount: number
  readonly shardChannelCount: number
  /** Commands queued by MULTI, -1 outside of it; and their bytes. */
  readonly queuedCount: number
  /** Whether EXEC is running its commands. */
  readonly isInExec: boolean
  readonly queuedBytes: number
  /** About how many bytes the keys it watches take. */
  readonly watchedBytes: number
  /** Whether a key it watches has changed. */
  readonly isDirty: boolean
  readonly tracking: Tracking
  /** Bytes of commands not yet run, the room beyond them as it counts, and what is really held for them. */
  readonly inputBytes: number
  readonly inputRoom: number
  readonly inputHeld: number
  /** Room for replies as it counts, and how much of it was used lately. */
  readonly replyRoom: number
  readonly replyPeak: number
  /** Bytes of replies not yet sent. */
  readonly outputBytes: number
  /**
   * Holds back the client's further commands until the function it returns is called with what writes the reply.
   * Anything already written to the current Reply goes out first.
   */
  later(): (write: WriteReply) => void
  /** Ends the connection once what was replied has been sent. */
  closeAfterReply(): void
  /** RESET: as if it had just connected. */
  reset(): void
  /** MULTI: commands are queued from now on. */
  multi(): void
  /** DISCARD: drops what is queued, and all watches. */
  discard(): void
  /** UNWATCH: watches nothing any more. */
  unwatch(): void
  /** CLIENT UNBLOCK: ends its wait. Returns whether it was waiting. */
  unblock(asError: boolean): boolean
}

/** A question to every router, for what each knows of its own clients. */
export interface Question<Args, Answer> {
  readonly name: string
  answer(router: Router, args: Args): Answer
}

/** Facts about the process that never change. */
export interface ServerFacts {
  readonly startedAt: number
  readonly runId: string
  readonly configFile: string
  readonly executable: string
}

/** Clients that wait. */
export interface Blocking {
  /** So many more wait for the end of the server, or fewer: INFO counts them. */
  endAwaited(change: number): void
}

/** The server around the client. */
export interface Router {
  readonly index: number
  /** How many routers there are. */
  readonly count: number
  readonly config: ConfigValues
  readonly engine: Engine
  /** The router's own counters. */
  readonly statistics: Statistics
  /** Those of all threads: the routers first, then the shards. */
  readonly allStatistics: readonly Statistics[]
  readonly facts: ServerFacts
  /** Where saving and loading stand. */
  readonly persistence: PersistenceFacts
  readonly log: LogFacts
  /** This router's clients. */
  readonly clients: ReadonlyMap<number, Client>
  readonly pause: Pause
  readonly blocking: Blocking
  readonly replication: Replication
  readonly subscriptions: Subscriptions
  readonly scripts: Scripts
  /** Where to put what a client gets beside its replies, which CLIENT REPLY does not hold back. */
  outputFor(client: Client): Reply
  readonly rates: Rates
  /**
   * Runs `work` while this thread holds every shard's lock, for which it waits: for commands that need not be fast. Ends
   * the command with an error if a script has had a shard for long: so before the command has changed anything.
   */
  withShards<T>(work: (engine: Engine) => T): T
  /** Moves keys to another server. Resolves to the reply: an error, or a plus and a simple string. */
  migrate(order: MigrateOrder): Promise<string>
  /** Evicts down to what maxmemory now is, if the policy lets it. */
  evict(): void
  /** DEBUG: switches a part of the server off or on again. */
  debugSwitch(name: DebugSwitch, on: boolean): void
  /** DEBUG REPLYBUFFER: how long a client's longest reply is remembered, Infinity = for ever. */
  debugReplyPeak(ms: number | undefined, resizes: boolean | undefined): void
  /** Asks the main thread. */
  ask(op: string, args: unknown): Promise<unknown>
  /** Asks all routers, this one included. */
  askRouters<Args, Answer>(question: Question<Args, Answer>, args: Args): Promise<Answer[]>
  /** Tells the other routers. */
  tell(topic: string, value: unknown): void
  /** Closes a connection at once. */
  kill(client: Client): void
  /** Sends the client every command from now on. */
  startMonitor(client: Client): void
  /** Makes the client that user if the password is right; a failure goes into ACL LOG with the command's name. */
  authenticate(client: Client, user: string, password: string, command: string): boolean
  /** Whether anybody is the default user without a password. */
  readonly hasOpenDefaultUser: boolean
  /** The users, as this router knows them. */
  readonly users: Users
  /** A client's tracking was turned on or off, or its mode changed. */
  trackingChanged(client: Client): void
}

/**
 * Asks all routers and replies from their answers: at once if this is the only one, so that nobody need wait.
 */
export function replyFromRouters<Args, Answer>(
  client: Client,
  reply: Reply,
  router: Router,
  question: Question<Args, Answer>,
  args: Args,
  write: (reply: Reply, answers: readonly Answer[]) => void,
): void {
  if (router.count === 1) {
    write(reply, [question.answer(router, args)])
    return
  }
  const later = client.later()
  router.askRouters(question, args).then(answers => later(out => write(out, answers)))
}

/** Asks the main thread and replies from its answer. */
export function replyFromMain(
  client: Client,
  router: Router,
  op: string,
  args: unknown,
  write: (reply: Reply, answer: unknown) => void,
): void {
  const later = client.later()
  router.ask(op, args).then(answer => later(out => write(out, answer)))
}

/** An answer of the main thread's that stands for an error, if it is one. */
export function failureOf(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return undefined
  return typeof answer.error === 'string' ? answer.error : undefined
}

/** All arguments from `first` on, as byte strings. */
export function textsFrom(req: Request, first: number): string[] {
  const texts: string[] = []
  for (let i = first; i < req.argc; i++) texts.push(req.text(i))
  return texts
}
