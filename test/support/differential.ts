// Says the same to redis-server and to skep, and compares what comes back byte for byte.
//
// Where Redis itself promises no order or no exact number, the command says so (`Compare`); everything else must be
// equal to the last byte, error texts included.

import type { Argument, RespClient } from './client.ts'
import { type Frame, showRaw } from './frame.ts'
import { type ServerOptions, startServer, type TestServer } from './server.ts'

/**
 * What must be equal in two replies:
 * - `exact`: all bytes;
 * - `unordered`: all bytes, the items in any order;
 * - `pairs`: as unordered, of a flat array of field and value in turn;
 * - `type`: the kind of reply and, of an array, its length (random picks);
 * - `near`: integers, up to a small difference (time to live);
 * - `skip`: nothing.
 */
export type Compare = 'exact' | 'unordered' | 'pairs' | 'type' | { readonly near: number } | 'skip'

/** A command and how its replies are compared. */
export type Step = { readonly args: readonly Argument[]; readonly compare?: Compare }

/** Undefined when the replies agree, else a line that says how they differ. */
export function difference(redis: Frame, skep: Frame, compare: Compare = 'exact'): string | undefined {
  if (compare === 'skip' || agree(redis, skep, compare)) return undefined
  return `redis ${showRaw(redis.raw)}\n    skep  ${showRaw(skep.raw)}`
}

function agree(a: Frame, b: Frame, compare: Compare): boolean {
  if (a.raw.equals(b.raw)) return true
  if (compare === 'exact' || a.type !== b.type) return false
  // Errors, nulls and numbers of another kind have no order that could differ.
  if (a.type === '-' || a.type === '!') return false
  if (compare === 'type')
    return (a.body === undefined) === (b.body === undefined) && a.items?.length === b.items?.length
  if (typeof compare === 'object') {
    if (a.type !== ':') return false
    const [x, y] = [Number(a.body), Number(b.body)]
    // -1 and -2 are answers of their own, not short times.
    return x >= 0 && y >= 0 && Math.abs(x - y) <= compare.near
  }
  if (a.items === undefined || b.items === undefined || a.items.length !== b.items.length) return false
  const size = compare === 'pairs' || a.type === '%' ? 2 : 1
  const [x, y] = [sortedGroups(a.items, size), sortedGroups(b.items, size)]
  return x.every((group, i) => group === y[i])
}

function sortedGroups(items: readonly Frame[], size: number): string[] {
  const groups: string[] = []
  for (let i = 0; i < items.length; i += size) {
    groups.push(
      items
        .slice(i, i + size)
        .map(item => item.raw.toString('latin1'))
        .join(''),
    )
  }
  return groups.sort()
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

/** A redis-server and a skep side by side, one connection to each. */
export class Pair {
  readonly redis: TestServer
  readonly skep: TestServer
  readonly #redisClient: RespClient
  readonly #skepClient: RespClient

  private constructor(redis: TestServer, skep: TestServer, redisClient: RespClient, skepClient: RespClient) {
    this.redis = redis
    this.skep = skep
    this.#redisClient = redisClient
    this.#skepClient = skepClient
  }

  /** Starts both with the same options. SKEP_DIFFERENTIAL=redis compares Redis with itself: is the test right? */
  static async start(options: ServerOptions = {}): Promise<Pair> {
    const second = process.env.SKEP_DIFFERENTIAL === 'redis' ? 'redis' : 'skep'
    const redis = await startServer('redis', options)
    try {
      const skep = await startServer(second, { shards: 4, ...options })
      return new Pair(redis, skep, await redis.connect(), await skep.connect())
    } catch (error) {
      await redis.stop()
      throw error
    }
  }

  /** Throws unless both give the same reply; returns skep's. */
  async same(args: readonly Argument[], compare: Compare = 'exact'): Promise<Frame> {
    const [redis, skep] = await Promise.all([this.#redisClient.exchange(args), this.#skepClient.exchange(args)])
    const differs = difference(redis, skep, compare)
    if (differs !== undefined) throw new Error(`${showStep({ args })}\n    ${differs}`)
    return skep
  }

  /** As `same` with commands written as text, words parted by blanks. */
  async sameLine(line: string, compare: Compare = 'exact'): Promise<Frame> {
    return this.same(line.split(' '), compare)
  }

  /** Sends the steps to both in one write each; the first that differs with its place, or undefined. */
  async firstDifference(steps: readonly Step[]): Promise<{ index: number; text: string } | undefined> {
    const commands = steps.map(step => step.args)
    const [redis, skep] = await Promise.all([this.#redisClient.pipeline(commands), this.#skepClient.pipeline(commands)])
    for (let index = 0; index < steps.length; index++) {
      const text = difference(redis[index], skep[index], steps[index].compare)
      if (text !== undefined) return { index, text }
    }
    return undefined
  }

  async stop(): Promise<void> {
    await Promise.all([this.#redisClient.close(), this.#skepClient.close()])
    await Promise.all([this.redis.stop(), this.skep.stop()])
  }
}
