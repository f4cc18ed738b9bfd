// What of the past is on this machine's disk: the append-only files of all shards, as WAITAOF and a master ask.

import type { LogBlock } from '../shared/log-block.ts'

/** A moment in the append-only files. */
export type LogMoment = readonly number[]

export class Durability {
  readonly #blocks: readonly LogBlock[]
  /** A moment that is waited for, and the offset of the stream then. */
  #moment: LogMoment | undefined
  #offset = -1
  /** Everything up to this offset of the stream is on disk, -1 = nothing is known to be. */
  offset = -1

  constructor(blocks: readonly LogBlock[]) {
    this.#blocks = blocks
  }

  /** Whether there is a log at all. */
  get isOn(): boolean {
    return this.#blocks.every(block => block.fd >= 0)
  }

  /** Now. */
  moment(): LogMoment {
    return this.#blocks.map(block => block.appended)
  }

  /** Whether all that was logged by then is on disk. */
  isSynced(moment: LogMoment): boolean {
    return this.#blocks.every((block, shard) => block.isSynced(moment[shard]))
  }

  /** Looks how far the disk has come, the stream being applied up to `end`. */
  look(end: number): void {
    if (!this.isOn) {
      this.#moment = undefined
      this.offset = -1
      return
    }
    if (this.#moment !== undefined && this.isSynced(this.#moment)) {
      this.offset = this.#offset
      this.#moment = undefined
    }
    if (this.#moment !== undefined || this.offset === end) return
    this.#offset = end
    this.#moment = this.moment()
    if (!this.isSynced(this.#moment)) return
    this.offset = end
    this.#moment = undefined
  }
}
