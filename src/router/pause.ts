// CLIENT PAUSE on one router: who is held back, and letting them go on when it ends. Replicas and the pausing command's
// own reply are not held back; a client is, as soon as it sends something that must wait.

import { MAY_REPLICATE, RUNS_SCRIPT, WRITE } from '../commands/command.ts'
import { PAUSE, type Pause } from '../commands/pause.ts'
import type { Entry } from '../commands/table.ts'
import { type Connection, HOLD } from './connection.ts'

export class RouterPause implements Pause {
  kind: number
  until = 0
  readonly #waiting: Connection[] = []
  #timer: NodeJS.Timeout | undefined
  /** Told when a pause begins and when it ends. */
  readonly #changed: (kind: number) => void

  /** `isBegun`: clients wait from the start, until they are let go. */
  constructor(isBegun: boolean, changed: (kind: number) => void) {
    this.kind = isBegun ? PAUSE.ALL : PAUSE.NONE
    this.#changed = changed
  }

  start(kind: number, until: number): void {
    this.kind = Math.max(this.kind, kind)
    this.until = Math.max(this.until, until)
    clearTimeout(this.#timer)
    // Node's timers take at most 2^31 - 1 ms: then it looks again.
    this.#timer = setTimeout(() => this.#due(), Math.min(this.until - Date.now(), 2 ** 31 - 1))
    this.#changed(this.kind)
  }

  #due(): void {
    if (Date.now() >= this.until) this.end()
    else this.start(this.kind, this.until)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.kind = PAUSE.NONE
    this.until = 0
    this.#changed(PAUSE.NONE)
    for (const client of this.#waiting.splice(0)) {
      client.isPaused = false
      client.router.unhold(client, HOLD.PAUSED)
    }
  }

  /** Whether a client that has not been let through yet must wait with this command. */
  holds(entry: Entry): boolean {
    return (
      this.kind === PAUSE.ALL ||
      (this.kind === PAUSE.WRITES && (entry.command.flags & (WRITE | MAY_REPLICATE | RUNS_SCRIPT)) !== 0)
    )
  }

  /** The client's command waits for the end of the pause. */
  wait(client: Connection): void {
    client.isPaused = true
    client.holds |= HOLD.PAUSED
    this.#waiting.push(client)
  }

  /** How many clients wait. */
  get waiting(): number {
    return this.#waiting.length
  }

  forget(client: Connection): void {
    const at = this.#waiting.indexOf(client)
    if (at >= 0) this.#waiting.splice(at, 1)
  }
}
