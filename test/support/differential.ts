// Says the same to redis-server and to skep, and compares what comes back byte for byte.
//
// Where Redis itself promises no order or no exact number, the command says so (`Compare`); everything else must be
// equal to the last byte, error texts included.

import { type Argument, encodeCommand, type RespClient } from './client.ts'
import { type Frame, showRaw } from './frame.ts'
import { type ServerKind, type ServerOptions, startServer, type TestServer } from './server.ts'

/**
 * What must be equal in two replies:
 * - `exact`: all bytes;
 * - `unordered`: all bytes, the items (also of arrays within) in any order;
 * - `pairs`: as unordered, of a flat array of field and value in turn;
 * - `type`: the kind of reply and, of an array, its length (random picks);
 * - `near`: integers, up to a small difference (time to live);
 * - `each`: the items of an array in order, each in its own way (EXEC);
 * - `skip`: nothing.
 */
export type Compare =
  | 'exact'
  | 'unordered'
  | 'pairs'
  | 'type'
  | { readonly near: number }
  | { readonly each: readonly (Compare | undefined)[] }
  | 'skip'

/** A command and how its replies are compared. */
export type Step = { readonly args: readonly Argument[]; readonly compare?: Compare }

/** Undefined when the replies agree, else a line that says how they differ. */
export function difference(redis: Frame, skep: Frame, compare: Compare = 'exact'): string | undefined {
  if (agree(redis, skep, compare)) return undefined
  return `redis ${showRaw(redis.raw)}\n    skep  ${showRaw(skep.raw)}`
}

function agree(a: Frame, b: Frame, compare: Compare): boolean {
  if (a.raw.equals(b.raw)) return true
  if (compare === 'skip') return true
  if (compare === 'exact' || a.type !== b.type) return false
  // Errors, nulls and numbers of another kind have no order that could differ.
  if (a.type === '-' || a.type === '!') return false
  if (compare === 'type')
    return (a.body === undefined) === (b.body === undefined) && a.items?.length === b.items?.length
  if (typeof compare === 'object') {
    if ('each' in compare) return agreeEach(a, b, compare.each)
    if (a.type !== ':') return false
    const [x, y] = [Number(a.body), Number(b.body)]
    // -1 and -2 are answers of their own, not short times.
    return x >= 0 && y >= 0 && Math.abs(x - y) <= compare.near
  }
  if (a.items === undefined || b.items === undefined || a.items.length !== b.items.length) return false
  return sorted(a, compare === 'pairs') === sorted(b, compare === 'pairs')
}

function agreeEach(a: Frame, b: Frame, each: readonly (Compare | undefined)[]): boolean {
  const [x, y] = [a.items, b.items]
  if (x === undefined || y === undefined || x.length !== y.length) return false
  return x.every((item, i) => agree(item, y[i], each[i] ?? 'exact'))
}

/** The frame's bytes with the items of every aggregate in it sorted, pairs kept together. */
function sorted(frame: Frame, pairs: boolean): string {
  const items = frame.items
  if (items === undefined) return frame.raw.toString('latin1')
  const size = pairs || frame.type === '%' ? 2 : 1
  const groups: string[] = []
  for (let i = 0; i < items.length; i += size) {
    groups.push(
      items
        .slice(i, i + size)
        .map(item => sorted(item, pairs))
        .join(''),
    )
  }
  return `${frame.type}${groups.length}\n${groups.sort().join('')}`
}

/** A command as one line that can be read and typed again. */
export function showStep(step: Step): string {
  return step.args
    .map(arg => {
      const text = arg instanceof Uint8Array ? Buffer.from(arg).toString('latin1') : String(arg)
      return /^[\w:.{}()*+\-[\]]+$/.test(text) ? text : JSON.stringify(text)
    })
    .join(' ')
}

type Side = { server: TestServer; client: RespClient }

/** Where two servers first differed, and how. */
export type Difference = { readonly index: number; readonly text: string }

/** A redis-server and a skep side by side, one connection to each. */
export class Pair {
  readonly #redis: Side
  readonly #skep: Side
  readonly #options: ServerOptions

  private constructor(redis: Side, skep: Side, options: ServerOptions) {
    this.#redis = redis
    this.#skep = skep
    this.#options = options
  }

  /** Starts both with the same options. SKEP_DIFFERENTIAL=redis compares Redis with itself: is the test right? */
  static async start(options: ServerOptions = {}): Promise<Pair> {
    const all = { shards: 4, ...options }
    const redis = await startSide('redis', all)
    try {
      const skep = await startSide(process.env.SKEP_DIFFERENTIAL === 'redis' ? 'redis' : 'skep', all)
      return new Pair(redis, skep, all)
    } catch (error) {
      await redis.server.stop()
      throw error
    }
  }

  /** The two servers: redis-server, and the one that has to behave like it. */
  get servers(): readonly [redis: TestServer, skep: TestServer] {
    return [this.#redis.server, this.#skep.server]
  }

  /** Throws unless both give the same reply; returns skep's. */
  async same(args: readonly Argument[], compare: Compare = 'exact'): Promise<Frame> {
    const [redis, skep] = await Promise.all([this.#redis.client.exchange(args), this.#skep.client.exchange(args)])
    const differs = difference(redis, skep, compare)
    if (differs !== undefined) throw new Error(`${showStep({ args })}\n    ${differs}`)
    return skep
  }

  /** As `same` with a command written as text, words parted by blanks. */
  async sameLine(line: string, compare: Compare = 'exact'): Promise<Frame> {
    return this.same(line.split(' '), compare)
  }

  /** Sends the steps to both, `depth` in one write; tells the first reply that differs, or a connection lost. */
  async firstDifference(steps: readonly Step[], depth = steps.length): Promise<Difference | undefined> {
    for (let at = 0; at < steps.length; at += depth) {
      const batch = steps.slice(at, at + depth)
      const commands = batch.map(step => step.args)
      const [redis, skep] = await Promise.all([answers(this.#redis, commands), answers(this.#skep, commands)])
      for (let i = 0; i < batch.length; i++) {
        const [a, b] = [redis.frames[i], skep.frames[i]]
        const text =
          a !== undefined && b !== undefined
            ? difference(a, b, batch[i].compare)
            : `redis ${a ? showRaw(a.raw) : redis.failure}\n    skep  ${b ? showRaw(b.raw) : skep.failure}`
        if (text !== undefined) return { index: at + i, text }
      }
    }
    return undefined
  }

  /** Makes both answer again after a difference: fresh connections, and a fresh server where one died or hangs. */
  async renew(): Promise<void> {
    for (const side of [this.#redis, this.#skep]) {
      await side.client.close()
      try {
        side.client = await side.server.connect()
        side.client.send('PING')
        await side.client.next(2000)
      } catch {
        await side.server.stop('SIGKILL')
        Object.assign(side, await startSide(side.server.kind, this.#options))
      }
    }
  }

  async stop(): Promise<void> {
    for (const side of [this.#redis, this.#skep]) await side.client.close()
    await Promise.all([this.#redis.server.stop(), this.#skep.server.stop()])
  }
}

async function startSide(kind: ServerKind, options: ServerOptions): Promise<Side> {
  const server = await startServer(kind, options)
  return { server, client: await server.connect() }
}

/** The replies in order; fewer than the commands where the connection was lost or nothing more came. */
async function answers(
  side: Side,
  commands: readonly (readonly Argument[])[],
): Promise<{ frames: Frame[]; failure: string }> {
  const frames: Frame[] = []
  side.client.write(Buffer.concat(commands.map(encodeCommand)))
  try {
    while (frames.length < commands.length) frames.push(await side.client.nextFrame(5000))
  } catch (error) {
    return { frames, failure: `${String(error)}\n${side.server.output().slice(-2000)}` }
  }
  return { frames, failure: '' }
}
