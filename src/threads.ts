// Starts the threads: the routers before anybody knows what they will work on, so that they load their code while the main
// thread loads its own and makes the memory that all will share.

import { type MessagePort, Worker } from 'node:worker_threads'
import type { ConfigValues } from './config/values.ts'

/** What threads throw away is short-lived and small: a young generation of this size keeps their resident memory down. */
const YOUNG_MEGABYTES = 4
/** A request over HTTP leaves some kilobytes behind: with the small one, collecting takes an eighth of the router's time. */
const YOUNG_MEGABYTES_HTTP = 32

/** How many threads of each kind, and whether the routers take HTTP from the start. */
export interface ThreadPlan {
  readonly routers: number
  readonly shards: number
  readonly servesHttp: boolean
}

export const threadPlan = (config: ConfigValues): ThreadPlan => ({
  routers: config.number('routers'),
  shards: config.number('shards'),
  servesHttp: config.number('http-port') !== 0,
})

/** `node --input-type=… -e` runs a program that has no file; threads, which have one, would not start with that flag. */
const hasTypedInput = process.execArgv.some(word => word.startsWith('--input-type'))

/** Hears of a thread that has ended. */
export type EndListener = (thread: string, cause: Error | undefined) => void

/** The address of a thread's entry, which is compiled in the package and as written in development. */
export function entryUrl(path: string): URL {
  return new URL(import.meta.url.endsWith('.ts') ? path : path.replace(/\.ts$/, '.js'), import.meta.url)
}

export class Threads {
  readonly routers: readonly Worker[]
  /** None until they are started. */
  shards: readonly Worker[] = []
  readonly #plan: ThreadPlan
  #onEnd: EndListener | undefined
  /** Threads that ended before anybody listened. */
  readonly #ended: [thread: string, cause: Error | undefined][] = []

  /** Starts the routers. */
  constructor(plan: ThreadPlan) {
    this.#plan = plan
    const young = plan.servesHttp ? YOUNG_MEGABYTES_HTTP : YOUNG_MEGABYTES
    this.routers = this.#startSeveral(plan.routers, 'router', './http/worker.ts', young)
  }

  startShards(): readonly Worker[] {
    this.shards = this.#startSeveral(this.#plan.shards, 'shard', './shard/worker.ts', YOUNG_MEGABYTES)
    return this.shards
  }

  #startSeveral(count: number, name: string, path: string, young: number): Worker[] {
    return Array.from({ length: count }, (_, i) => this.#start(`${name} ${i}`, path, young))
  }

  #start(name: string, path: string, maxYoungGenerationSizeMb: number): Worker {
    const worker = new Worker(entryUrl(path), {
      name,
      stderr: false,
      stdout: false,
      ...(hasTypedInput ? { execArgv: [] } : {}),
      resourceLimits: { maxYoungGenerationSizeMb },
    })
    let cause: Error | undefined
    worker.on('error', (error: Error) => {
      cause = error
    })
    worker.on('exit', () => {
      if (this.#onEnd === undefined) this.#ended.push([name, cause])
      else this.#onEnd(name, cause)
    })
    return worker
  }

  /** Registers who hears of threads that end, at once if one has. */
  onEnd(listener: EndListener): void {
    this.#onEnd = listener
    for (const [name, cause] of this.#ended.splice(0)) listener(name, cause)
  }

  /** Ends them all, for a server that cannot be made. */
  async terminate(): Promise<void> {
    await Promise.all([...this.routers, ...this.shards].map(thread => thread.terminate()))
  }
}

/** Gives a thread its work, which it waits for once it has loaded its code. */
export function giveWork<Data>(thread: Worker, data: Data, ports: MessagePort[]): void {
  thread.postMessage(data, ports)
}
