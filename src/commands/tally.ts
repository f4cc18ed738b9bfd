// How long commands took, for statistics and the slow log.
//
// Reading the clock and filing the result costs as much as a lookup does. Commands flagged FAST or BRIEF that follow each
// other and are the same one are therefore timed as a group, the mean counting for each of them. A command that moved many
// bytes is timed by itself, and so are all while the slow log or LATENCY asks for times as short as a group's.

import { performance } from 'node:perf_hooks'
import { SETTING, type SettingsView } from '../config/settings.ts'
import type { Request } from '../protocol/request.ts'
import type { Statistics } from '../shared/statistics.ts'
import { BRIEF, FAST, SKIP_SLOWLOG } from './command.ts'
import type { Entry } from './table.ts'

/** Commands in a group at the most: some ten microseconds. */
const GROUP_MAX = 32
/** A command that moved more bytes than this closes its group. */
const BYTES_IN_GROUP = 4096
/** Nobody looks for times as short as this among groups. */
const LOGGED_ALONE_MICROSECONDS = 1000

/** Takes commands that were slow. */
export type SlowListener = (entry: Entry, req: Request, microseconds: number) => void

export class Tally {
  /** Where the last command's time ended: the next one's begins there when they follow at once. Milliseconds. */
  clock = 0
  /** Whether commands may be timed as groups: somebody sees to it that the last one is closed. */
  groups = false
  readonly #statistics: Statistics
  readonly #settings: SettingsView
  readonly #slow: SlowListener
  /** The group's command. */
  #entry: Entry | undefined
  #calls = 0
  #failed = 0

  constructor(statistics: Statistics, settings: SettingsView, slow: SlowListener) {
    this.#statistics = statistics
    this.#settings = settings
    this.#slow = slow
  }

  /** What follows begins now. */
  start(): void {
    this.clock = performance.now()
  }

  /** Before a command runs: a group of another one ends. */
  before(entry: Entry): void {
    if (this.#calls > 0 && this.#entry !== entry) this.close()
  }

  /** A command has run, and moved `bytes`. `before` was told of it. */
  ran(entry: Entry, req: Request, failed: boolean, bytes: number): void {
    if (!this.groups || (entry.command.flags & (FAST | BRIEF)) === 0 || bytes > BYTES_IN_GROUP || this.#isWatched()) {
      this.close()
      this.noteSlow(entry, req, this.alone(entry, failed))
      return
    }
    this.#entry = entry
    this.#calls++
    if (failed) this.#failed++
    if (this.#calls === GROUP_MAX) this.close()
  }

  #isWatched(): boolean {
    const settings = this.#settings
    const threshold = settings[SETTING.slowlogLogSlowerThan]
    return (threshold >= 0 && threshold < LOGGED_ALONE_MICROSECONDS) || settings[SETTING.latencyMonitorThreshold] > 0
  }

  /** Ends the group, if there is one: files its time. */
  close(): void {
    const calls = this.#calls
    if (calls === 0) return
    this.#calls = 0
    this.#file(this.#entry as Entry, calls, this.#failed)
    this.#failed = 0
  }

  /** Files the time of one command, which ends now. Returns it, in microseconds. */
  alone(entry: Entry, failed: boolean): number {
    return this.#file(entry, 1, failed ? 1 : 0)
  }

  #file(entry: Entry, calls: number, failed: number): number {
    const end = performance.now()
    const microseconds = (end - this.clock) * 1000
    this.clock = end
    this.#statistics.called(entry.id, calls, microseconds, failed)
    if (this.#settings[SETTING.latencyTracking] !== 0) this.#statistics.timed(entry.id, calls, microseconds / calls)
    return microseconds
  }

  /** Passes a command on that took long. */
  noteSlow(entry: Entry, req: Request, microseconds: number): void {
    const threshold = this.#settings[SETTING.slowlogLogSlowerThan]
    const watch = this.#settings[SETTING.latencyMonitorThreshold]
    const isSlow = threshold >= 0 && microseconds >= threshold && (entry.command.flags & SKIP_SLOWLOG) === 0
    if (isSlow || (watch > 0 && microseconds >= watch * 1000)) this.#slow(entry, req, microseconds)
  }
}
