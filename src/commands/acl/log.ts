// What ACL LOG tells: refusals, newest first. One that repeats within a minute is counted, not told again.

export interface Refusal {
  readonly reason: 'command' | 'key' | 'channel' | 'auth'
  readonly context: 'toplevel' | 'multi' | 'lua'
  /** The command, key or channel, as bytes. */
  readonly object: string
  readonly user: string
  /** The client, as CLIENT LIST describes it. */
  readonly client: string
}

/** A refusal, and how often it was repeated. */
export interface LoggedRefusal extends Refusal {
  readonly count: number
  /** Unix ms, of the last one. */
  readonly at: number
}

const SAME_MS = 60_000

export class RefusalLog {
  #entries: LoggedRefusal[] = []

  add(refusal: Refusal, now: number, max: number): void {
    const same = this.#entries.findIndex(entry => isSame(entry, refusal) && now - entry.at <= SAME_MS)
    const count = same < 0 ? 1 : this.#entries.splice(same, 1)[0].count + 1
    this.#entries.unshift({ ...refusal, count, at: now })
    if (this.#entries.length > max) this.#entries.length = max
  }

  newest(count: number): readonly LoggedRefusal[] {
    return this.#entries.slice(0, count)
  }

  reset(): void {
    this.#entries = []
  }
}

const isSame = (a: Refusal, b: Refusal): boolean =>
  a.reason === b.reason && a.context === b.context && a.object === b.object && a.user === b.user
