// kill -9 at random moments, under load, while snapshots are taken and the log is written anew: after the restart nothing
// that was acknowledged is missing, and of every transaction over several shards there is all or nothing.
//
// Each client has keys of its own, so it knows what each must hold: what the last acknowledged command left, or what the
// one that was under way when the server died would have. Data lives on through all rounds of a run.
// SKEP_CRASH_ROUNDS sets how many rounds each run has; SKEP_SEED repeats the commands, though not the moments.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Argument, RespClient } from '../support/client.ts'
import { chooseSeed, type Random, randomFrom } from '../support/random.ts'
import { startServer, type TestServer } from '../support/server.ts'

const ROUNDS = Number(process.env.SKEP_CRASH_ROUNDS ?? 4)
const CLIENTS = 4
const KEYS = 12
const seed = chooseSeed()

/** What a client's keys hold, as it can be told from the replies. */
type Model = {
  /** Plain counters: key → value. */
  readonly counters: Map<string, number>
  readonly lists: Map<string, string[]>
  readonly sets: Map<string, Set<string>>
  readonly hashes: Map<string, Map<string, string>>
  readonly scores: Map<string, Map<string, number>>
  /** How many entries streams have. */
  readonly streams: Map<string, number>
  /** Counters that transactions raise together, over all shards. */
  together: number
}

const newModel = (): Model => ({
  counters: new Map(),
  lists: new Map(),
  sets: new Map(),
  hashes: new Map(),
  scores: new Map(),
  streams: new Map(),
  together: 0,
})

const copyOf = (model: Model): Model => structuredClone(model)

/** Commands of one step, sent in one write, and what they do to the model. */
type Step = { readonly commands: Argument[][]; apply(model: Model): void }

function makeStep(random: Random, client: number): Step {
  const name = (kind: string): string => `${kind}:${client}:${random.int(0, KEYS - 1)}`
  const word = `${random.int(0, 30)}`
  switch (random.int(0, 11)) {
    case 0: {
      const key = name('counter')
      const by = random.int(1, 5)
      return { commands: [['INCRBY', key, by]], apply: m => m.counters.set(key, (m.counters.get(key) ?? 0) + by) }
    }
    case 1: {
      const key = name('counter')
      return { commands: [['SET', key, 7]], apply: m => m.counters.set(key, 7) }
    }
    case 2: {
      const key = name('counter')
      return { commands: [['DEL', key]], apply: m => m.counters.delete(key) }
    }
    case 3:
    case 4: {
      const key = name('list')
      const isLeft = random.chance(0.5)
      return {
        commands: [[isLeft ? 'LPUSH' : 'RPUSH', key, word]],
        apply(m) {
          const list = m.lists.get(key) ?? []
          if (isLeft) list.unshift(word)
          else list.push(word)
          m.lists.set(key, list)
        },
      }
    }
    case 5: {
      const key = name('list')
      return {
        commands: [['LPOP', key]],
        apply(m) {
          const list = m.lists.get(key)
          list?.shift()
          if (list?.length === 0) m.lists.delete(key)
        },
      }
    }
    case 6: {
      const key = name('set')
      return { commands: [['SADD', key, word]], apply: m => m.sets.set(key, (m.sets.get(key) ?? new Set()).add(word)) }
    }
    case 7: {
      const key = name('hash')
      return {
        commands: [['HSET', key, word, 'v', 'last', word]],
        apply: m => m.hashes.set(key, (m.hashes.get(key) ?? new Map()).set(word, 'v').set('last', word)),
      }
    }
    case 8: {
      const key = name('scores')
      return {
        commands: [['ZINCRBY', key, 2, word]],
        apply(m) {
          const scores = m.scores.get(key) ?? new Map<string, number>()
          m.scores.set(key, scores.set(word, (scores.get(word) ?? 0) + 2))
        },
      }
    }
    case 9: {
      const key = name('stream')
      return {
        commands: [['XADD', key, '*', 'f', word]],
        apply: m => m.streams.set(key, (m.streams.get(key) ?? 0) + 1),
      }
    }
    default: {
      // The same number in as many keys as there are slots to spread them over.
      const commands: Argument[][] = [['MULTI']]
      for (let i = 0; i < 6; i++) commands.push(['INCR', `together:${client}:${i}`])
      commands.push(['EXEC'])
      return {
        commands,
        apply(m) {
          m.together++
        },
      }
    }
  }
}

/** A client that writes until the server dies. */
class Writer {
  /** What was acknowledged, and what would be if the step under way had happened as well. */
  sure = newModel()
  maybe = newModel()
  acknowledged = 0
  readonly #index: number
  readonly #random: Random

  constructor(index: number) {
    this.#index = index
    this.#random = randomFrom(seed + index)
  }

  async run(server: TestServer): Promise<void> {
    const client = await server.connect()
    try {
      for (;;) {
        const step = makeStep(this.#random, this.#index)
        this.maybe = copyOf(this.sure)
        step.apply(this.maybe)
        for (const frame of await client.pipeline(step.commands)) {
          if (frame.type === '-') throw new Error(`${step.commands.join(' ')}: ${frame.body?.toString()}`)
        }
        this.sure = this.maybe
        this.acknowledged++
      }
    } catch (error) {
      if (!/closed|ECONN|EPIPE/.test(String(error))) throw error
    }
  }

  /** Compares what the server has; the model becomes that. */
  async check(client: RespClient, context: string): Promise<void> {
    const found = await readModel(client, this.#index, context)
    const isSure = equals(found, this.sure)
    const isMaybe = equals(found, this.maybe)
    if (!isSure && !isMaybe) {
      expect(plain(found), `${context}: client ${this.#index} has lost what was acknowledged`).toEqual(plain(this.sure))
    }
    this.sure = found
    this.maybe = copyOf(found)
  }
}

const plain = (model: Model): unknown =>
  JSON.parse(
    JSON.stringify(model, (_, value) =>
      value instanceof Map ? [...value].sort() : value instanceof Set ? [...value].sort() : value,
    ),
  )
const equals = (a: Model, b: Model): boolean => JSON.stringify(plain(a)) === JSON.stringify(plain(b))

async function readModel(client: RespClient, index: number, context: string): Promise<Model> {
  const model = newModel()
  for (let i = 0; i < KEYS; i++) {
    const key = (kind: string): string => `${kind}:${index}:${i}`
    const counter = await client.must('GET', key('counter'))
    if (counter !== null) model.counters.set(key('counter'), Number(counter))
    const list = (await client.must('LRANGE', key('list'), 0, -1)) as string[]
    if (list.length > 0) model.lists.set(key('list'), list)
    const set = (await client.must('SMEMBERS', key('set'))) as string[]
    if (set.length > 0) model.sets.set(key('set'), new Set(set))
    const hash = pairs((await client.must('HGETALL', key('hash'))) as string[])
    if (hash.size > 0) model.hashes.set(key('hash'), hash)
    const scores = pairs((await client.must('ZRANGE', key('scores'), 0, -1, 'WITHSCORES')) as string[])
    if (scores.size > 0) model.scores.set(key('scores'), new Map([...scores].map(([k, v]) => [k, Number(v)])))
    const length = Number(await client.must('XLEN', key('stream')))
    if (length > 0) model.streams.set(key('stream'), length)
  }
  const together: number[] = []
  for (let i = 0; i < 6; i++) together.push(Number((await client.must('GET', `together:${index}:${i}`)) ?? 0))
  expect(new Set(together).size, `${context}: half a transaction of client ${index}: ${together}`).toBe(1)
  model.together = together[0]
  return model
}

function pairs(flat: readonly string[]): Map<string, string> {
  const map = new Map<string, string>()
  for (let i = 0; i < flat.length; i += 2) map.set(flat[i], flat[i + 1])
  return map
}

/** Has the server take snapshots and write its log anew, at random moments. */
async function disturb(server: TestServer, random: Random): Promise<void> {
  const client = await server.connect()
  try {
    for (;;) {
      await sleep(random.int(5, 120))
      await client.call(random.chance(0.7) ? 'BGREWRITEAOF' : 'BGSAVE')
    }
  } catch {
    // It is dead.
  }
}

for (const shards of [1, 4]) {
  for (const policy of ['everysec', 'always']) {
    test(
      `${policy}, ${shards} shard(s): ${ROUNDS} crashes lose nothing that was acknowledged (SKEP_SEED=${seed})`,
      async () => {
        const dir = mkdtempSync(join(tmpdir(), 'skep-crash-'))
        const random = randomFrom(seed + shards * 7)
        const writers = Array.from({ length: CLIENTS }, (_, i) => new Writer(i))
        const args = ['--appendonly', 'yes', '--appendfsync', policy, '--auto-aof-rewrite-percentage', '0']
        try {
          for (let round = 0; round < ROUNDS; round++) {
            const server = await startServer('skep', { shards, dir, args, readyMsMax: 90_000 })
            const context = `round ${round}`
            const client = await server.connect()
            for (const writer of writers) await writer.check(client, context)
            await client.close()
            const load = writers.map(writer => writer.run(server))
            const disturbance = disturb(server, random)
            await sleep(random.int(20, 600))
            await server.stop('SIGKILL')
            await Promise.all([...load, disturbance])
          }
          const server = await startServer('skep', { shards, dir, args, readyMsMax: 90_000 })
          const client = await server.connect()
          for (const writer of writers) await writer.check(client, 'at the end')
          await server.stop()
          expect(writers.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBeGreaterThan(ROUNDS * CLIENTS)
        } finally {
          rmSync(dir, { recursive: true, force: true })
        }
      },
      120_000 + ROUNDS * 30_000,
    )
  }
}
