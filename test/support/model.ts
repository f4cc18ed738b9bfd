// A plain model of a keyspace: strings, sets and lists in a Map, with expiry. It makes up random commands and knows
// their replies, so that a real keyspace can be held against it.

import type { Random } from './random.ts'

type ModelValue = string | Set<string> | string[]
type Known = { value: ModelValue; expireAt: number }

/** A command and the reply to expect: sets of members come in any order. */
export type Expectation = {
  readonly args: readonly string[]
  readonly reply: string | number | null | readonly (string | null)[]
  readonly anyOrder: boolean
}

const KEYS = 40
const MEMBERS = 900

export class Model {
  /** Unix ms; commands see it. */
  now: number
  readonly #random: Random
  readonly #known = new Map<string, Known>()

  constructor(random: Random, now: number) {
    this.#random = random
    this.now = now
  }

  get size(): number {
    return [...this.#known.keys()].filter(key => this.#live(key) !== undefined).length
  }

  #live(key: string): Known | undefined {
    const known = this.#known.get(key)
    if (known === undefined || known.expireAt > this.now) return known
    this.#known.delete(key)
    return undefined
  }

  #put(key: string, value: ModelValue, expireAt = this.#live(key)?.expireAt ?? Number.POSITIVE_INFINITY): void {
    const isEmpty = typeof value !== 'string' && (Array.isArray(value) ? value.length === 0 : value.size === 0)
    if (isEmpty) this.#known.delete(key)
    else this.#known.set(key, { value, expireAt })
  }

  /** The next command. Time goes on by itself now and then. */
  next(): Expectation {
    const random = this.#random
    if (random.chance(0.1)) this.now += random.int(1, 40)
    const kind = random.pick(['string', 'set', 'list'] as const)
    const key = `${kind}:${random.int(0, KEYS)}`
    if (random.chance(0.2)) return this.#generic(kind, key)
    if (kind === 'string') return this.#string(key)
    return kind === 'set' ? this.#set(key) : this.#list(key)
  }

  #generic(kind: string, key: string): Expectation {
    const random = this.#random
    const known = this.#live(key)
    switch (random.int(0, 6)) {
      case 0:
      case 1:
        this.#known.delete(key)
        return expect([random.pick(['DEL', 'UNLINK']), key], known === undefined ? 0 : 1)
      case 2: {
        const ms = random.int(1, 2000)
        if (known !== undefined) known.expireAt = this.now + ms
        return expect(['PEXPIRE', key, String(ms)], known === undefined ? 0 : 1)
      }
      case 3:
        return expect(['PTTL', key], ttl(known, this.now))
      case 4: {
        const expires = known !== undefined && known.expireAt < Number.POSITIVE_INFINITY
        if (known !== undefined) known.expireAt = Number.POSITIVE_INFINITY
        return expect(['PERSIST', key], expires ? 1 : 0)
      }
      case 5: {
        const other = `${kind}:${random.int(0, KEYS)}`
        if (known === undefined) return expect(['EXISTS', key, other], this.#live(other) === undefined ? 0 : 1)
        this.#known.delete(key)
        this.#known.set(other, known)
        return expect(['RENAME', key, other], 'OK')
      }
      default:
        return expect(['TYPE', key], known === undefined ? 'none' : kind)
    }
  }

  #string(key: string): Expectation {
    const random = this.#random
    const old = this.#live(key)?.value as string | undefined
    switch (random.int(0, 7)) {
      case 0:
      case 1: {
        const value = random.chance(0.3) ? String(random.int(-1000, 1000)) : 'v'.repeat(random.int(0, 1500))
        this.#put(key, value, Number.POSITIVE_INFINITY)
        return expect(['SET', key, value], 'OK')
      }
      case 2: {
        const ms = random.int(1, 500)
        this.#put(key, 'expiring', this.now + ms)
        return expect(['SET', key, 'expiring', 'PX', String(ms)], 'OK')
      }
      case 3: {
        const more = 'a'.repeat(random.int(0, 100))
        this.#put(key, (old ?? '') + more)
        return expect(['APPEND', key, more], (old ?? '').length + more.length)
      }
      case 4: {
        if (old !== undefined && !/^(0|-?[1-9]\d*)$/.test(old)) return expect(['STRLEN', key], old.length)
        const sum = Number(old ?? 0) + 1
        this.#put(key, String(sum))
        return expect(['INCR', key], sum)
      }
      case 5: {
        const other = `string:${random.int(0, KEYS)}`
        const value = this.#live(other)?.value as string | undefined
        return { args: ['MGET', key, other], reply: [old ?? null, value ?? null], anyOrder: false }
      }
      default:
        return expect(['GET', key], old ?? null)
    }
  }

  #set(key: string): Expectation {
    const random = this.#random
    const old = (this.#live(key)?.value as Set<string> | undefined) ?? new Set<string>()
    const isNumbers = key.endsWith('1')
    const member = (): string => (isNumbers ? String(random.int(0, MEMBERS)) : `m${random.int(0, MEMBERS)}`)
    switch (random.int(0, 4)) {
      case 0:
      case 1: {
        const members = Array.from({ length: random.int(1, 30) }, member)
        const after = old.union(new Set(members))
        this.#put(key, after)
        return expect(['SADD', key, ...members], after.size - old.size)
      }
      case 2: {
        const members = Array.from({ length: random.int(1, 30) }, member)
        const after = old.difference(new Set(members))
        if (old.size > 0) this.#put(key, after)
        return expect(['SREM', key, ...members], old.size - after.size)
      }
      case 3: {
        const wanted = member()
        return expect(['SISMEMBER', key, wanted], old.has(wanted) ? 1 : 0)
      }
      default:
        return { args: ['SMEMBERS', key], reply: [...old].sort(), anyOrder: true }
    }
  }

  #list(key: string): Expectation {
    const random = this.#random
    const old = (this.#live(key)?.value as string[] | undefined) ?? []
    switch (random.int(0, 4)) {
      case 0: {
        const values = Array.from({ length: random.int(1, 10) }, () => 'e'.repeat(random.int(0, 300)))
        this.#put(key, [...old, ...values])
        return expect(['RPUSH', key, ...values], old.length + values.length)
      }
      case 1: {
        const value = String(random.int(0, 1e9))
        this.#put(key, [value, ...old])
        return expect(['LPUSH', key, value], old.length + 1)
      }
      case 2: {
        if (old.length > 0) this.#put(key, old.slice(0, -1))
        return expect(['RPOP', key], old.at(-1) ?? null)
      }
      case 3: {
        const start = random.int(0, 20)
        if (old.length > 0) this.#put(key, old.slice(start, start + 100))
        return expect(['LTRIM', key, String(start), String(start + 99)], 'OK')
      }
      default:
        return { args: ['LRANGE', key, '0', '-1'], reply: old, anyOrder: false }
    }
  }
}

const expect = (args: readonly string[], reply: string | number | null): Expectation => ({
  args,
  reply,
  anyOrder: false,
})

function ttl(known: Known | undefined, now: number): number {
  if (known === undefined) return -2
  return known.expireAt === Number.POSITIVE_INFINITY ? -1 : known.expireAt - now
}

/** Whether a reply is the one expected. */
export function isExpected(expectation: Expectation, reply: unknown): boolean {
  const got = expectation.anyOrder && Array.isArray(reply) ? reply.toSorted() : reply
  return JSON.stringify(got) === JSON.stringify(expectation.reply)
}
