// A pipeline's commands take effect in their order, whichever of them run on the router, go to one shard's owner or
// concern several shards, and while others keep the shards busy.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RespClient } from '../support/client.ts'
import { chooseSeed, type Random, randomFrom } from '../support/random.ts'
import { startServer, type TestServer } from '../support/server.ts'

const seed = chooseSeed()
const ROUNDS = 5
const COMMANDS = 200
const APPEND_BOTH = "return {redis.call('append', KEYS[1], ARGV[1]), redis.call('append', KEYS[2], ARGV[1])}"
const READ_UNDECLARED = "return redis.call('strlen', ARGV[1])"

/** A command, and what it does to the model and replies. */
type Step = { readonly command: readonly (string | number)[]; run(model: Map<string, string>): unknown }

function chooseStep(random: Random, keys: readonly string[], i: number): Step {
  const [key, other] = [random.pick(keys), random.pick(keys)]
  const append = (model: Map<string, string>, name: string): number => {
    model.set(name, (model.get(name) ?? '') + i)
    return model.get(name)?.length ?? 0
  }
  return random.pick<Step>([
    { command: ['APPEND', key, i], run: model => append(model, key) },
    { command: ['GET', key], run: model => model.get(key) ?? null },
    {
      command: ['MSET', key, `${i},`, other, `${i};`],
      run: model => {
        model.set(key, `${i},`)
        model.set(other, `${i};`)
        return 'OK'
      },
    },
    { command: ['MGET', key, other], run: model => [model.get(key) ?? null, model.get(other) ?? null] },
    {
      command: ['DEL', key, other],
      run: model => Number(model.delete(key)) + Number(model.delete(other)),
    },
    {
      command: ['EVAL', APPEND_BOTH, 2, key, other, i],
      run: model => [append(model, key), append(model, other)],
    },
    { command: ['EVAL', READ_UNDECLARED, 1, key, other], run: model => (model.get(other) ?? '').length },
    { command: ['PING'], run: () => 'PONG' },
  ])
}

describe.each([
  { shards: 1, routers: 1 },
  { shards: 4, routers: 1 },
  { shards: 4, routers: 2 },
])('with $shards shard(s) and $routers router(s)', ({ shards, routers }) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer('skep', { shards, args: ['--routers', `${routers}`] })
    // A script that reaches keys which it does not declare takes effect in its turn once it is known to.
    const client = await server.connect()
    for (let i = 0; i < 20; i++) await client.must('EVAL', READ_UNDECLARED, 1, 'key', `key:${i}`)
    await client.close()
  })
  afterAll(async () => {
    await server?.stop()
  })

  /** Keeps locks busy until it is told to stop. */
  async function disturb(client: RespClient, goesOn: () => boolean): Promise<void> {
    const loop = "for i = 1, 200 do redis.call('incr', KEYS[1]) redis.call('incr', KEYS[2]) end"
    while (goesOn()) await client.must('EVAL', loop, 2, 'busy:1', 'busy:2')
  }

  test(`replies are those of a plain model (SKEP_SEED=${seed})`, async () => {
    const random = randomFrom(seed)
    const clients = await Promise.all(Array.from({ length: 3 }, () => server.connect()))
    const others = await Promise.all(Array.from({ length: 2 }, () => server.connect()))
    let isBusy = true
    const disturbing = others.map(other => disturb(other, () => isBusy))
    await Promise.all(
      clients.map(async (client, number) => {
        const keys = Array.from({ length: 6 }, (_, i) => `key:${number}:${i}`)
        const model = new Map<string, string>()
        for (let round = 0; round < ROUNDS; round++) {
          const steps = Array.from({ length: COMMANDS }, (_, i) => chooseStep(random, keys, i))
          const replies = await Promise.all(steps.map(({ command }) => client.must(...command)))
          for (const [i, { command, run }] of steps.entries()) {
            expect(replies[i], `round ${round}, command ${i}: ${command.join(' ')}`).toEqual(run(model))
          }
        }
      }),
    )
    isBusy = false
    await Promise.all(disturbing)
    for (const client of [...clients, ...others]) await client.close()
  })
})
