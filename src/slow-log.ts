// The slow log: the last commands that took long, newest first.

import type { SlowCommand } from './shard/sink.ts'

/** An entry as SLOWLOG GET shows it. */
export interface SlowLogEntry {
  readonly id: number
  /** Unix seconds. */
  readonly at: number
  readonly microseconds: number
  readonly args: readonly Uint8Array[]
  address: string
  clientName: string
}

export class SlowLog {
  #entries: SlowLogEntry[] = []
  #nextId = 0

  add(command: SlowCommand, max: number): SlowLogEntry {
    const { at, microseconds, args, address, clientName } = command
    const entry: SlowLogEntry = {
      id: this.#nextId++,
      at: Math.floor(at / 1000),
      microseconds: Math.floor(microseconds),
      args,
      address,
      clientName,
    }
    this.#entries.unshift(entry)
    this.trim(max)
    return entry
  }

  /** Forgets the oldest entries beyond `max`. */
  trim(max: number): void {
    if (this.#entries.length > max) this.#entries.length = max
  }

  /** The newest `count` entries, all if it is -1. */
  newest(count: number): readonly SlowLogEntry[] {
    return count < 0 ? this.#entries : this.#entries.slice(0, count)
  }

  get length(): number {
    return this.#entries.length
  }

  reset(): void {
    this.#entries = []
  }
}
