// What a thread counts, for INFO, in memory that all threads read.
//
//   OFFSET            SIZE  FIELD       WRITER      MEANING
//        0        8 * 64    COUNTERS    its thread  f64 each, by STAT
//      512       40 * 128   ERRORS      its thread  error codes seen: u8 length, 31 bytes of name, f64 count
//     5632   32 * commands  COMMANDS    its thread  per command id, f64 each: calls, microseconds, rejected, failed
//        …  384 * commands  HISTOGRAMS  its thread  per command id, 96 x u32: how many calls took how long
//
// One block a thread. A reader sums over the blocks; CONFIG RESETSTAT zeroes them all, and may lose what is counted in
// that moment.

import { assert } from '../bytes/assert.ts'

export const STAT = {
  COMMANDS: 0,
  CONNECTIONS: 1,
  REJECTED_CONNECTIONS: 2,
  NET_INPUT: 3,
  NET_OUTPUT: 4,
  CLIENTS: 5,
  BLOCKED_CLIENTS: 6,
  ERROR_REPLIES: 7,
  READS: 10,
  WRITES: 11,
  CLIENT_BYTES: 12,
  MAX_INPUT: 13,
  MAX_OUTPUT: 14,
  PUBSUB_CHANNELS: 15,
  PUBSUB_PATTERNS: 16,
  PUBSUB_SHARD_CHANNELS: 17,
  TRACKING_CLIENTS: 18,
  EVICTED_CLIENTS: 19,
  ACL_DENIED_AUTH: 20,
  DUMP_SANITIZATIONS: 21,
  OUTPUT_LIMIT_DISCONNECTIONS: 22,
  QUERY_LIMIT_DISCONNECTIONS: 23,
  TRACKING_PREFIXES: 27,
  CLIENTS_WITH_TIMEOUT: 28,
  REPLY_ROOM_SHRINKS: 29,
  REPLY_ROOM_GROWTHS: 30,
  MIGRATE_SOCKETS: 31,
} as const

/** What stands for how things are now, and so outlives CONFIG RESETSTAT. */
const LEVELS: readonly number[] = [
  STAT.CLIENTS,
  STAT.BLOCKED_CLIENTS,
  STAT.CLIENT_BYTES,
  STAT.PUBSUB_CHANNELS,
  STAT.PUBSUB_PATTERNS,
  STAT.PUBSUB_SHARD_CHANNELS,
  STAT.TRACKING_CLIENTS,
  STAT.TRACKING_PREFIXES,
  STAT.MIGRATE_SOCKETS,
]

const COUNTERS = 64
const ERRORS_MAX = 128
const ERROR_BYTES = 40
const ERROR_NAME_BYTES = 31
const ERRORS_AT = 8 * COUNTERS
const COMMANDS_AT = ERRORS_AT + ERROR_BYTES * ERRORS_MAX
const COMMAND_WORDS = 4
export const HISTOGRAM_BUCKETS = 96

/** The four figures of a command. */
export const CALLS = 0
export const MICROSECONDS = 1
export const REJECTED = 2
export const FAILED = 3

export const statisticsBytes = (commands: number): number =>
  COMMANDS_AT + commands * (8 * COMMAND_WORDS + 4 * HISTOGRAM_BUCKETS)

export class Statistics {
  readonly #commands: number
  readonly #f64: Float64Array
  readonly #u8: Uint8Array
  readonly #histograms: Uint32Array

  constructor(buffer: SharedArrayBuffer, commands: number) {
    assert(buffer.byteLength === statisticsBytes(commands), 'the block is for this many commands')
    this.#commands = commands
    const histogramsAt = COMMANDS_AT + commands * 8 * COMMAND_WORDS
    this.#f64 = new Float64Array(buffer, 0, histogramsAt / 8)
    this.#u8 = new Uint8Array(buffer, 0, COMMANDS_AT)
    this.#histograms = new Uint32Array(buffer, histogramsAt)
  }

  /** Adds to a counter of STAT. */
  add(stat: number, amount: number): void {
    this.#f64[stat] += amount
  }

  /** Sets a counter of STAT that is a level rather than a sum. */
  set(stat: number, value: number): void {
    this.#f64[stat] = value
  }

  get(stat: number): number {
    return this.#f64[stat]
  }

  /** Counts calls that took this long together. */
  called(command: number, calls: number, microseconds: number, failed: number): void {
    const at = COMMANDS_AT / 8 + command * COMMAND_WORDS
    const f64 = this.#f64
    f64[STAT.COMMANDS] += calls
    f64[at] += calls
    f64[at + MICROSECONDS] += microseconds
    if (failed > 0) f64[at + FAILED] += failed
  }

  /** Counts a failure of a call that has been counted already. */
  failedLate(command: number): void {
    this.#f64[COMMANDS_AT / 8 + command * COMMAND_WORDS + FAILED]++
  }

  /** Files calls that took this long each in the command's histogram. */
  timed(command: number, calls: number, microseconds: number): void {
    this.#histograms[command * HISTOGRAM_BUCKETS + latencyBucket(microseconds)] += calls
  }

  /** Counts a call that was refused before it ran. */
  rejected(command: number): void {
    this.#f64[COMMANDS_AT / 8 + command * COMMAND_WORDS + REJECTED]++
  }

  /** One of a command's four figures. */
  commandFigure(command: number, figure: number): number {
    return this.#f64[COMMANDS_AT / 8 + command * COMMAND_WORDS + figure]
  }

  /** How many calls of a command fell into each bucket; a view, not a copy. */
  histogram(command: number): Uint32Array {
    return this.#histograms.subarray(command * HISTOGRAM_BUCKETS, (command + 1) * HISTOGRAM_BUCKETS)
  }

  /** Counts an error reply by its code, the first word. */
  failedWith(code: string): void {
    this.#f64[STAT.ERROR_REPLIES]++
    const name = Buffer.from(code.slice(0, ERROR_NAME_BYTES), 'latin1')
    for (let i = 0; i < ERRORS_MAX; i++) {
      const at = ERRORS_AT + i * ERROR_BYTES
      const length = this.#u8[at]
      if (length === 0) {
        this.#u8.set(name, at + 1)
        this.#u8[at] = name.length
      } else if (length !== name.length || Buffer.compare(this.#u8.subarray(at + 1, at + 1 + length), name) !== 0) {
        continue
      }
      this.#f64[(at + 32) / 8]++
      return
    }
  }

  /** Error codes with their counts. */
  errors(): Map<string, number> {
    const errors = new Map<string, number>()
    for (let i = 0; i < ERRORS_MAX; i++) {
      const at = ERRORS_AT + i * ERROR_BYTES
      const length = this.#u8[at]
      if (length === 0) break
      const name = Buffer.from(this.#u8.slice(at + 1, at + 1 + length)).toString('latin1')
      errors.set(name, this.#f64[(at + 32) / 8])
    }
    return errors
  }

  /** CONFIG RESETSTAT: all but the levels. */
  reset(): void {
    const levels = LEVELS.map(level => this.get(level))
    this.#f64.fill(0)
    for (const [i, level] of LEVELS.entries()) this.set(level, levels[i])
    this.resetHistograms()
  }

  /** LATENCY RESET of histograms: of one command, or of all. */
  resetHistograms(command = -1): void {
    if (command >= 0) this.histogram(command).fill(0)
    else this.#histograms.fill(0)
  }

  get commands(): number {
    return this.#commands
  }
}

/**
 * The histogram bucket of a time: whole µs up to 4, then four buckets to a doubling, of equal width. Shifts only: it is
 * worked out for every command.
 */
export function latencyBucket(microseconds: number): number {
  const whole = microseconds | 0
  if (whole < 4) return whole < 0 ? HISTOGRAM_BUCKETS - 1 : whole
  const doubling = 31 - Math.clz32(whole)
  const bucket = (doubling - 1) * 4 + ((whole >>> (doubling - 2)) & 3)
  return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1
}

/** The first µs beyond a bucket. */
export function bucketLimit(bucket: number): number {
  if (bucket < 4) return bucket + 1
  const doubling = (bucket >>> 2) + 1
  return (5 + (bucket & 3)) * 2 ** (doubling - 2)
}
