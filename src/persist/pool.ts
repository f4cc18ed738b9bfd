// The pool of threads for work on disk: writing, syncing, loading and deleting files never stops a thread that serves.
// Piscina is loaded with the first task, and so are its threads.
//
// A thread takes half a hundred milliseconds of processor time to start, which clients waited for at the beginning of a
// snapshot. So where a snapshot is to be expected, one is started ahead for those who write one, and stays.

import { realpathSync } from 'node:fs'
import type { Piscina } from 'piscina'

const THREADS_MAX = 12
/** Of those that write a snapshot: one writes, and the end of the one before may be at the disk still. */
const WRITERS_MAX = 2
const IDLE_MS = 10_000
/** What tasks throw away is small. */
const YOUNG_MEGABYTES = 4
/** Tasks that write a snapshot. */
const WRITES: ReadonlySet<string> = new Set(['writeFiles', 'writeBases', 'publishSnapshot'])

export class Pool {
  readonly #worker: URL
  #piscina: Promise<Piscina> | undefined
  /** The thread started ahead, and another while it is busy. */
  #writers: Promise<Piscina> | undefined
  /** Settled when the thread started ahead has loaded its code. */
  #ready: Promise<void> | undefined

  /** `worker` is the address of the threads' entry (worker.ts). */
  constructor(worker: URL) {
    this.#worker = worker
  }

  /** Runs the task of this name on one of the threads. */
  async run<Result>(task: object, options: { readonly name: string }): Promise<Result> {
    // Without a working folder Node.js starts no thread, and the task would wait for ever.
    realpathSync.native('.')
    if (this.#writers !== undefined && WRITES.has(options.name)) {
      // A thread that still loads its code counts as busy: another would be started beside it.
      await this.#ready
      return (await this.#writers).run(task, options)
    }
    this.#piscina ??= this.#open(0, THREADS_MAX)
    return (await this.#piscina).run(task, options)
  }

  /** Sees to it that a thread is ready to write a snapshot. */
  readyWriter(): void {
    if (this.#writers !== undefined) return
    try {
      realpathSync.native('.')
    } catch {
      return
    }
    this.#writers = this.#open(1, WRITERS_MAX)
    // That it cannot load its code is told with the first task that asks for it.
    this.#ready = this.#writers.then(piscina => piscina.run({}, { name: 'readyWriter' })).catch(() => undefined)
  }

  async #open(minThreads: number, maxThreads: number): Promise<Piscina> {
    const { Piscina } = await import('piscina')
    const piscina = new Piscina({
      filename: this.#worker.href,
      minThreads,
      maxThreads,
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
    await Promise.all([this.#piscina, this.#writers].map(async piscina => (await piscina)?.destroy()))
  }
}
