// The pool of threads for work on disk: writing, syncing, loading and deleting files never stops a thread that serves.
// Piscina is loaded with the first task, and so are its threads.

import { realpathSync } from 'node:fs'
import type { Piscina } from 'piscina'

const THREADS_MAX = 12
const IDLE_MS = 10_000
/** What tasks throw away is small. */
const YOUNG_MEGABYTES = 4

export class Pool {
  readonly #worker: URL
  #piscina: Promise<Piscina> | undefined

  /** `worker` is the address of the threads' entry (worker.ts). */
  constructor(worker: URL) {
    this.#worker = worker
  }

  /** Runs the task of this name on one of the threads. */
  async run<Result>(task: object, options: { readonly name: string }): Promise<Result> {
    // Without a working folder Node.js starts no thread, and the task would wait for ever.
    realpathSync.native('.')
    this.#piscina ??= this.#open()
    return (await this.#piscina).run(task, options)
  }

  async #open(): Promise<Piscina> {
    const { Piscina } = await import('piscina')
    const piscina = new Piscina({
      filename: this.#worker.href,
      minThreads: 0,
      maxThreads: THREADS_MAX,
      idleTimeout: IDLE_MS,
      // Tasks block: one at a time.
      concurrentTasksPerWorker: 1,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
    })
    // Whoever gave the task is told; a thread that could not start is nobody's.
    piscina.on('error', () => undefined)
    return piscina
  }

  /** Ends the threads, whatever they do. */
  async end(): Promise<void> {
    await (await this.#piscina)?.destroy()
  }
}
