// One request and the replies that it waits for. What its body looks like depends on what was asked: one command, a
// pipeline, or a transaction.

import { errorAt, type JsonWriter, NOT_WHOLE } from './json-writer.ts'

/** Takes a body that is complete. */
export type Finish = (status: number, body: string | Buffer) => void

/** What an exchange is to a session. */
export interface Exchange {
  /** Takes one reply from `bytes` at `at`. Returns the index behind it or NOT_WHOLE. */
  take(bytes: Buffer, at: number): number
  /** Whether all replies have come. */
  readonly isComplete: boolean
  /** All replies at hand have been taken, and more will come: what was written so far must be kept elsewhere. */
  pause(): void
  /** Sends the response. */
  finish(): void
  /** The connection ends before the replies have come. */
  abandon(): void
}

/** One command: `{"result":…}` or `{"error":…}`. */
export class SingleExchange implements Exchange {
  readonly #writer: JsonWriter
  readonly #base64: boolean
  readonly #finish: Finish
  isComplete = false
  #status = 200
  #body: string | Buffer = ''

  constructor(writer: JsonWriter, base64: boolean, finish: Finish) {
    this.#writer = writer
    this.#base64 = base64
    this.#finish = finish
  }

  take(bytes: Buffer, at: number): number {
    const writer = this.#writer
    writer.begin(this.#base64)
    const end = writeOutcome(writer, bytes, at)
    if (end === NOT_WHOLE) return NOT_WHOLE
    if (errorAt(bytes, at) !== undefined) this.#status = 400
    this.#body = writer.text()
    this.isComplete = true
    return end
  }

  pause(): void {}

  finish(): void {
    this.#finish(this.#status, this.#body)
  }

  abandon(): void {
    this.#finish(503, ENDED)
  }
}

/** Commands one after the other: an array of what a single command gives. */
export class PipelineExchange implements Exchange {
  readonly #writer: JsonWriter
  readonly #base64: boolean
  readonly #finish: Finish
  /** By command: why it was not sent, where it was not. */
  readonly #refusals: readonly (string | undefined)[]
  readonly #parts: Buffer[] = []
  #next = 0
  #isWriting = false

  constructor(writer: JsonWriter, base64: boolean, refusals: readonly (string | undefined)[], finish: Finish) {
    this.#writer = writer
    this.#base64 = base64
    this.#refusals = refusals
    this.#finish = finish
    this.#skipRefused()
    // Replies come later, and other requests before them.
    this.pause()
  }

  get isComplete(): boolean {
    return this.#next === this.#refusals.length
  }

  take(bytes: Buffer, at: number): number {
    this.#write()
    const before = this.#writer.length
    if (this.#next > 0) this.#writer.raw(',')
    const end = writeOutcome(this.#writer, bytes, at)
    if (end === NOT_WHOLE) {
      this.#writer.length = before
      return NOT_WHOLE
    }
    this.#next++
    this.#skipRefused()
    return end
  }

  #skipRefused(): void {
    for (; this.#next < this.#refusals.length; this.#next++) {
      const refusal = this.#refusals[this.#next]
      if (refusal === undefined) return
      this.#write()
      if (this.#next > 0) this.#writer.raw(',')
      writeError(this.#writer, refusal)
    }
  }

  /** The writer serves all requests: it is this one's from its first reply at hand to the last. */
  #write(): void {
    if (this.#isWriting) return
    this.#isWriting = true
    this.#writer.begin(this.#base64)
  }

  pause(): void {
    if (!this.#isWriting) return
    this.#isWriting = false
    this.#parts.push(this.#writer.copy())
  }

  finish(): void {
    this.pause()
    this.#finish(200, Buffer.concat([Buffer.from('['), ...this.#parts, Buffer.from(']')]))
  }

  abandon(): void {
    this.#finish(503, ENDED)
  }
}

/** MULTI, commands, EXEC: an array as of a pipeline, or one error if nothing has happened. */
export class TransactionExchange implements Exchange {
  readonly #writer: JsonWriter
  readonly #base64: boolean
  readonly #finish: Finish
  /** Replies to come before EXEC's. */
  #left: number
  /** What was wrong with the first command that could not be queued. */
  #cause: string | undefined
  isComplete = false
  #status = 200
  #body: string | Buffer = ''

  constructor(writer: JsonWriter, base64: boolean, commands: number, finish: Finish) {
    this.#writer = writer
    this.#base64 = base64
    this.#left = commands + 1
    this.#finish = finish
  }

  take(bytes: Buffer, at: number): number {
    const writer = this.#writer
    writer.begin(this.#base64)
    if (this.#left > 0) {
      const end = writer.reply(bytes, at)
      if (end === NOT_WHOLE) return NOT_WHOLE
      this.#cause ??= errorAt(bytes, at)
      this.#left--
      return end
    }
    const end = this.#exec(bytes, at)
    if (end === NOT_WHOLE) return NOT_WHOLE
    this.#body = writer.text()
    this.isComplete = true
    return end
  }

  #exec(bytes: Buffer, at: number): number {
    const writer = this.#writer
    const end = writer.reply(bytes, at)
    if (end === NOT_WHOLE) return NOT_WHOLE
    writer.begin(this.#base64)
    const error = errorAt(bytes, at)
    if (error !== undefined) {
      this.#status = 400
      writeError(
        writer,
        this.#cause === undefined ? error : `EXECABORT Transaction discarded because of: ${this.#cause}`,
      )
      return end
    }
    writer.raw('[')
    const first = bytes.indexOf(10, at) + 1
    for (let item = first; item < end; ) {
      if (item > first) writer.raw(',')
      item = writeOutcome(writer, bytes, item)
    }
    writer.raw(']')
    return end
  }

  pause(): void {}

  finish(): void {
    this.#finish(this.#status, this.#body)
  }

  abandon(): void {
    this.#finish(503, ENDED)
  }
}

const ENDED = '{"error":"ERR the connection has been closed by the server"}'

/** Writes what became of a command. */
function writeOutcome(writer: JsonWriter, bytes: Buffer, at: number): number {
  const before = writer.length
  writer.raw(bytes[at] === MINUS ? '{"error":' : '{"result":')
  const end = writer.reply(bytes, at)
  if (end === NOT_WHOLE) writer.length = before
  else writer.raw('}')
  return end
}

/** Writes why a command could not be run. */
export function writeError(writer: JsonWriter, text: string): void {
  writer.raw('{"error":')
  writer.string(text)
  writer.raw('}')
}

const MINUS = 45
