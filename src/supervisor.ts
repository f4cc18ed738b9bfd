// The main thread's part: makes the shared memory, starts the threads, passes on what they ask of each other, and ends
// everything in order. If a thread dies, so does the process: what it held locked could never be trusted again.

import { EventEmitter } from 'node:events'
import { totalmem } from 'node:os'
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { randomBytes } from './bytes/crypto.ts'
import { entries } from './commands/table.ts'
import type { Config } from './config/config.ts'
import { mallocAsksForHugePages } from './huge-pages.ts'
import { streamPagesCreate } from './replica/stream.ts'
import type { FromRouter, ToRouter } from './router/messages.ts'
import type { FromThread, ScriptRefusal, SlowCommand } from './shard/sink.ts'
import type { ProcessFacts, RouterData, ShardData, SharedMemory } from './shard/thread-data.ts'
import { claimsCreate } from './shared/claims.ts'
import { CONTROL, controlCreate, controlSet, lockWord, type Shape, shardBellWord } from './shared/control.ts'
import { doorbellRing } from './shared/doorbell.ts'
import { infoCreate } from './shared/info-block.ts'
import { unlock } from './shared/lock.ts'
import { logCreate, logsCreate } from './shared/log-block.ts'
import { logFiguresCreate } from './shared/log-figures.ts'
import { persistenceCreate } from './shared/persistence-block.ts'
import { reachingCreate } from './shared/reaching.ts'
import { replicationBlockCreate } from './shared/replication-block.ts'
import { ringCreate } from './shared/ring.ts'
import { oldBlockCreate, runBlockCreate } from './shared/snapshot-block.ts'
import { statisticsBytes } from './shared/statistics.ts'
import { TextBlock, textBlockCreate } from './shared/text-block.ts'
import { arenaCreate } from './store/arena.ts'
import { keyspaceCreate } from './store/keyspace.ts'
import { ARENA_BYTES_MAX, type Memory } from './store/memory.ts'
import { giveWork, type Threads } from './threads.ts'

const RING_BYTES = 1 << 20
/** Room for what a turn appends to a shard's log. */
const LOG_BYTES = 1 << 20
/** The rings of a snapshot; where shards are many, less for each. */
const SNAPSHOT_RING_BYTES = 1 << 22
const SNAPSHOT_RING_BYTES_OF_MANY = 1 << 20
const MANY_SHARDS = 5
/** The system refuses to give out more addresses at once than it has memory; an arena keeps below. */
const PART_OF_MEMORY = 0.9
/** How long a stopping thread may take before it is ended. */
const STOP_MS = 5000

/** What is heard of the threads. */
export interface SupervisorEvents {
  /** A thread has died; nothing works any more. */
  died: [thread: string, error: Error | undefined]
  slow: [command: SlowCommand]
  refused: [refusal: ScriptRefusal]
}

/** Creates the memory that all threads share. */
function createSharedMemory(shape: Shape, databases: number): { memory: SharedMemory; arenas: Memory[] } {
  const seeds = randomBytes(8)
  const isWhole = mallocAsksForHugePages(process.env)
  const bytesMax = isWhole ? Math.min(ARENA_BYTES_MAX, totalmem() * PART_OF_MEMORY) : ARENA_BYTES_MAX
  const arenas = Array.from({ length: shape.shards }, () => {
    const m = arenaCreate(bytesMax, seeds.readUInt32LE(0), seeds.readUInt32LE(4), isWhole)
    keyspaceCreate(m, databases)
    return m
  })
  const ringsBetween = (): SharedArrayBuffer[][] =>
    Array.from({ length: shape.routers }, () => Array.from({ length: shape.shards }, () => ringCreate(RING_BYTES)))
  const threads = shape.routers + shape.shards
  return {
    arenas,
    memory: {
      shape,
      control: controlCreate(shape),
      arenas: arenas.map(m => m.buffer),
      claims: Array.from({ length: shape.routers }, claimsCreate),
      statistics: Array.from({ length: threads }, () => new SharedArrayBuffer(statisticsBytes(entries.length))),
      beside: new SharedArrayBuffer(8 * shape.routers),
      reaching: reachingCreate(),
      snapshot: {
        run: runBlockCreate(),
        old: arenas.map(() => oldBlockCreate(shape.shards)),
        rings: arenas.map(() =>
          ringCreate(arenas.length < MANY_SHARDS ? SNAPSHOT_RING_BYTES : SNAPSHOT_RING_BYTES_OF_MANY),
        ),
      },
      persistence: persistenceCreate(),
      functions: textBlockCreate(),
      config: textBlockCreate(),
      info: infoCreate(),
      replication: { block: replicationBlockCreate(), pages: streamPagesCreate() },
      log: {
        logs: logsCreate(),
        blocks: arenas.map(() => logCreate(LOG_BYTES)),
        figures: logFiguresCreate(shape.shards),
      },
      requests: ringsBetween(),
      replies: ringsBetween(),
    },
  }
}

export class Supervisor extends EventEmitter<SupervisorEvents> {
  readonly memory: SharedMemory
  readonly arenas: readonly Memory[]
  readonly #config: Config
  readonly #log: Logger
  readonly #facts: ProcessFacts
  readonly #threads: Threads
  /** By shard, then by router: for large frames. */
  #shardPorts: MessagePort[][] = []
  readonly #waiting = new Map<number, (value: unknown) => void>()
  #nextId = 1
  #started = false
  #stopping = false
  /** A thread has died, perhaps with locks that others wait for. */
  #isBroken = false
  /** rename-command: old names and new ones. */
  renames: readonly (readonly [from: string, to: string])[] = []
  /** Answers what a router asks of the main thread. */
  onAsk: (router: number, op: string, args: unknown) => unknown = () => undefined

  constructor(config: Config, log: Logger, facts: ProcessFacts, threads: Threads) {
    super()
    this.#threads = threads
    this.#config = config
    this.#log = log
    this.#facts = facts
    const shape = { shards: config.number('shards'), routers: config.number('routers') }
    const { memory, arenas } = createSharedMemory(shape, config.number('databases'))
    this.memory = memory
    this.arenas = arenas
    config.onChange(update => {
      this.#writeConfig()
      for (const router of this.#routers) router.postMessage({ what: 'config', update } satisfies ToRouter)
    })
  }

  get #routers(): readonly Worker[] {
    return this.#threads.routers
  }

  get #shards(): readonly Worker[] {
    return this.#threads.shards
  }

  /** Gives the routers their work; resolves when all are ready. */
  async start(): Promise<void> {
    this.#started = true
    const died = new Promise<never>((_, reject) => {
      this.#threads.onEnd((thread, cause) => {
        if (this.#stopping) return
        this.#stopping = true
        this.#isBroken = true
        this.emit('died', thread, cause)
        reject(new Error(`The thread of ${thread} has died`, { cause }))
      })
    })
    const { shape } = this.memory
    const routerPorts: MessagePort[][] = Array.from({ length: shape.routers }, () => [])
    const shardPorts: MessagePort[][] = Array.from({ length: shape.shards }, () => [])
    for (let router = 0; router < shape.routers; router++) {
      for (let shard = 0; shard < shape.shards; shard++) {
        const { port1, port2 } = new MessageChannel()
        routerPorts[router].push(port1)
        shardPorts[shard].push(port2)
      }
    }
    const config = this.#config.snapshot()
    const ready: Promise<void>[] = []
    for (let index = 0; index < shape.routers; index++) {
      const data: RouterData = {
        index,
        memory: this.memory,
        config,
        ports: routerPorts[index],
        renames: this.renames,
        facts: this.#facts,
      }
      const worker = this.#routers[index]
      worker.on('message', (message: FromRouter) => this.#fromRouter(index, message))
      ready.push(new Promise(resolve => worker.once('message', () => resolve())))
      giveWork(worker, data, routerPorts[index])
    }
    this.#shardPorts = shardPorts
    await Promise.race([Promise.all(ready), died])
  }

  /**
   * Starts the shards' threads and gives them their work: last, for what clients ask first is run by routers in passing, and
   * until those are ready and data is read the machine's cores are busy enough.
   */
  startShards(): void {
    if (this.#stopping) return
    this.#writeConfig()
    const config = this.#config.snapshot()
    for (const [index, shard] of this.#threads.startShards().entries()) {
      const ports = this.#shardPorts[index]
      shard.on('message', (message: FromThread) => this.#fromThread(message))
      const data: ShardData = { index, memory: this.memory, config, ports, facts: this.#facts }
      giveWork(shard, data, ports)
    }
  }

  /** For the shards' threads, which hear of no updates. */
  #writeConfig(): void {
    new TextBlock(this.memory.config).write(JSON.stringify(this.#config.snapshot().values))
  }

  // ---- messages

  #fromRouter(index: number, message: FromRouter): void {
    if (message.what === 'ask') this.#answer(index, message)
    else if (message.what === 'answer') {
      this.#waiting.get(message.id)?.(message.value)
      this.#waiting.delete(message.id)
    } else if (message.what === 'tell')
      this.broadcast({ what: 'told', topic: message.topic, value: message.value }, index)
    else if (message.what !== 'ready') this.#fromThread(message)
  }

  #fromThread(message: FromThread): void {
    if (message.what === 'slow') this.emit('slow', message)
    else if (message.what === 'script-refused') this.emit('refused', message)
    else if (message.what === 'log') this.#log[message.level](message.text)
    else if (message.what === 'script-shown') this.broadcast({ what: 'told', topic: 'monitor', value: message.line })
    else if (message.what === 'script-publish' || message.what === 'script-slow')
      this.broadcast({ what: 'told', topic: message.what, value: message })
    else this.broadcast({ what: 'told', topic: 'notices', value: message.notices })
  }

  async #answer(index: number, { id, op, args }: Extract<FromRouter, { what: 'ask' }>): Promise<void> {
    let value: unknown
    try {
      value = await this.onAsk(index, op, args)
    } catch (error) {
      this.#log.error({ err: error, op }, 'A command failed on the main thread')
      value = { error: `ERR ${(error as Error).message}` }
    }
    this.#routers[index]?.postMessage({ what: 'answer', id, value } satisfies ToRouter)
  }

  /** Asks one router and waits for its answer. */
  ask(router: number, op: string, args: unknown): Promise<unknown> {
    const id = this.#nextId++
    return new Promise(resolve => {
      this.#waiting.set(id, resolve)
      this.#routers[router].postMessage({ what: 'ask', id, op, args } satisfies ToRouter)
    })
  }

  /** Asks all routers. */
  askAll(op: string, args: unknown): Promise<unknown[]> {
    return Promise.all(this.#routers.map((_, index) => this.ask(index, op, args)))
  }

  /** Sends a message to every router, but for one. */
  broadcast(message: ToRouter, except = -1): void {
    for (const [index, router] of this.#routers.entries()) if (index !== except) router.postMessage(message)
  }

  // ---- the end

  /** Stops all threads: routers first, so that no command is cut off halfway. */
  async stop(): Promise<void> {
    this.#stopping = true
    if (!this.#started || this.#isBroken) return this.#threads.terminate()
    const control = new Int32Array(this.memory.control)
    await Promise.all(this.#routers.map(router => router.terminate()))
    controlSet(control, CONTROL.STOPPING, 1)
    const ended = this.#shards.map((shard, index) => {
      const exit = new Promise<void>(resolve => shard.once('exit', () => resolve()))
      doorbellRing(control, shardBellWord(index))
      const timer = setTimeout(() => shard.terminate(), STOP_MS)
      return exit.then(() => clearTimeout(timer))
    })
    await Promise.all(ended)
    // One that was in the midst of a script has left its locks behind, and nobody else is there to have any.
    for (let index = 0; index < ended.length; index++) unlock(control, lockWord(index))
  }
}
