// Starts the threads, before anybody knows what they will work on: while each loads its code, the main thread loads
// its own and makes the memory that they will share.

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
  readonly shards: readonly Worker[]
  #onEnd: EndListener | undefined
  /** Threads that ended before anybody listened. */
  readonly #ended: [thread: string, cause: Error | undefined][] = []

  constructor({ routers, shards, servesHttp }: ThreadPlan) {
    const young = servesHttp ? YOUNG_MEGABYTES_HTTP : YOUNG_MEGABYTES
    // Routers first: they have more to load.
    this.routers = Array.from({ length: routers }, (_, i) => this.#start(`router ${i}`, './http/worker.ts', young))
    this.shards = Array.from({ length: shards }, (_, i) =>
      this.#start(`shard ${i}`, './shard/worker.ts', YOUNG_MEGABYTES),
    )
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
