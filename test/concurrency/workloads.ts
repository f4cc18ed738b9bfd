// What many clients do at once, each with what must hold while they do it and at the end. Every workload makes about as
// many operations as it is told, and throws when it sees what cannot be.

import { strict as assert } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RespClient } from '../support/client.ts'
import type { Value } from '../support/frame.ts'
import { type Random, randomFrom } from '../support/random.ts'
import { type Step, type Transaction, violation } from './history.ts'

/** Where a workload runs, and how much of it. */
export interface Scene {
  connect(): Promise<RespClient>
  readonly operations: number
  readonly clients: number
  readonly seed: number
}

export type Workload = (scene: Scene) => Promise<void>

/** Runs `work` on so many connections at once, each with a share of the operations and randomness of its own. */
async function inParallel(
  { connect, operations, clients, seed }: Scene,
  work: (client: RespClient, share: number, random: Random, index: number) => Promise<void>,
): Promise<void> {
  const share = Math.ceil(operations / clients)
  await Promise.all(
    Array.from({ length: clients }, async (_, index) => {
      const client = await connect()
      await work(client, share, randomFrom(seed * 1000 + index), index)
      await client.close()
    }),
  )
}

/** MULTI, the commands, EXEC in one write. Returns EXEC's reply. */
async function transact(client: RespClient, commands: readonly (readonly string[])[]): Promise<Value> {
  client.send('MULTI')
  for (const command of commands) client.send(...command)
  client.send('EXEC')
  for (let i = 0; i <= commands.length; i++) await client.next()
  return client.next()
}

const numbers = (value: Value): number[] => (value as Value[]).map(Number)

/** Money moves between accounts on all shards; whoever looks sees all of it, always. */
export const transfers: Workload = async scene => {
  const accounts = Array.from({ length: 20 }, (_, i) => `account:${i}`)
  const setup = await scene.connect()
  for (const account of accounts) await setup.must('SET', account, 1000)
  const total = 1000 * accounts.length
  await inParallel(scene, async (client, share, random) => {
    for (let i = 0; i < share; i++) {
      if (random.chance(0.2)) {
        const seen = random.chance(0.5)
          ? await client.must('MGET', ...accounts)
          : await transact(
              client,
              accounts.map(account => ['GET', account]),
            )
        assert.equal(
          numbers(seen).reduce((sum, each) => sum + each, 0),
          total,
          'money was made or lost',
        )
      } else {
        const amount = String(random.int(1, 50))
        await transact(client, [
          ['DECRBY', random.pick(accounts), amount],
          ['INCRBY', random.pick(accounts), amount],
        ])
      }
    }
  })
  const left = numbers(await setup.must('MGET', ...accounts))
  assert.equal(
    left.reduce((sum, each) => sum + each, 0),
    total,
  )
  await setup.close()
}

/** Counters raised by what was read, under WATCH: no raise is lost, and what nobody touched is not refused. */
export const compareAndSet: Workload = async scene => {
  const keys = Array.from({ length: 6 }, (_, i) => `watched:${i}`)
  const raises = new Map(keys.map(key => [key, 0]))
  await inParallel(scene, async (client, share, random, index) => {
    for (let i = 0; i < share; i++) {
      const [a, b] = [random.pick(keys), random.pick(keys)]
      await client.must('WATCH', a, b)
      const value = Number((await client.must('GET', a)) ?? 0)
      if (random.chance(0.1)) {
        await client.must('UNWATCH')
        continue
      }
      const done = await transact(client, [['SET', a, String(value + 1)]])
      if (done !== null) raises.set(a, (raises.get(a) ?? 0) + 1)
      // A key of this client's own never changes behind its back.
      await client.must('WATCH', `own:${index}`)
      assert.notEqual(await transact(client, [['INCR', `own:${index}`]]), null, 'an EXEC was refused for nothing')
    }
  })
  const client = await scene.connect()
  for (const key of keys)
    assert.equal(Number((await client.must('GET', key)) ?? 0), raises.get(key), `${key} lost a raise`)
  await client.close()
}

/** INCR from everywhere: nobody gets the same number twice, and numbers only grow. */
export const counters: Workload = async scene => {
  const keys = Array.from({ length: 8 }, (_, i) => `counter:${i}`)
  const seen = new Map(keys.map(key => [key, new Set<number>()]))
  await inParallel(scene, async (client, share, random) => {
    const last = new Map<string, number>()
    for (let i = 0; i < share; i += 4) {
      const batch = Array.from({ length: 4 }, () => random.pick(keys))
      const replies = await client.pipeline(batch.map(key => ['INCR', key]))
      for (const [n, key] of batch.entries()) {
        const value = Number(replies[n].body)
        assert(value > (last.get(key) ?? 0), `${key} went back`)
        last.set(key, value)
        assert(!seen.get(key)?.has(value), `${key} gave ${value} twice`)
        seen.get(key)?.add(value)
      }
    }
  })
  const client = await scene.connect()
  for (const key of keys) assert.equal(Number((await client.must('GET', key)) ?? 0), seen.get(key)?.size)
  await client.close()
}

/**
 * Elements are pushed to lists, moved on by BLMOVE twice over lists on several shards, and taken by BLPOP. Some of the
 * movers hang up whenever they like: what they move is still there. Every element arrives once.
 */
export const queues: Workload = async scene => {
  const sources = ['in:0', 'in:1', 'in:2']
  const middles = ['middle:0', 'middle:1']
  const outs = ['out:0', 'out:1', 'out:2']
  const arrived = new Set<string>()
  const count = scene.operations
  const random = randomFrom(scene.seed)
  let isDone = false

  const mover = async (
    from: readonly string[],
    to: readonly string[],
    own: Random,
    hangsUp: boolean,
  ): Promise<void> => {
    let client = await scene.connect()
    while (!isDone) {
      if (hangsUp && own.chance(0.05)) {
        client.send('BLMOVE', own.pick(from), own.pick(to), 'LEFT', 'RIGHT', '0')
        if (own.chance(0.5)) await sleep(own.int(0, 3))
        await client.close()
        client = await scene.connect()
      } else await client.must('BLMOVE', own.pick(from), own.pick(to), 'LEFT', 'RIGHT', String(own.int(5, 20) / 1000))
    }
    await client.close()
  }
  const consumer = async (own: Random): Promise<void> => {
    const client = await scene.connect()
    while (!isDone) {
      const order = own.chance(0.5) ? outs : [...outs].reverse()
      const reply = own.chance(0.7)
        ? await client.must('BLPOP', ...order, '0.03')
        : await client.must('BLMPOP', '0.03', String(order.length), ...order, 'LEFT', 'COUNT', '3')
      if (reply === null) continue
      const [, elements] = reply as [string, string | string[]]
      for (const element of typeof elements === 'string' ? [elements] : elements) {
        assert(!arrived.has(element), `${element} arrived twice`)
        arrived.add(element)
      }
      if (arrived.size === count) isDone = true
    }
    await client.close()
  }
  const producer = async (first: number, last: number, own: Random): Promise<void> => {
    const client = await scene.connect()
    for (let i = first; i < last; ) {
      const some = Array.from({ length: Math.min(own.int(1, 3), last - i) }, () => `element:${i++}`)
      if (own.chance(0.3))
        await transact(
          client,
          some.map(element => ['RPUSH', own.pick(sources), element]),
        )
      else await client.must('RPUSH', own.pick(sources), ...some)
    }
    await client.close()
  }
  const half = Math.floor(count / 2)
  const own = (): Random => randomFrom(random.int(0, 2 ** 31))
  const watchdog = (async () => {
    for (let size = -1; !isDone && size !== arrived.size; ) {
      size = arrived.size
      for (let i = 0; i < 100 && !isDone; i++) await sleep(100)
    }
    isDone = true
  })()
  await Promise.all([
    ...Array.from({ length: 4 }, (_, i) => mover(sources, middles, own(), i === 0)),
    ...Array.from({ length: 4 }, (_, i) => mover(middles, outs, own(), i === 0)),
    ...Array.from({ length: 4 }, () => consumer(own())),
    producer(0, half, own()),
    producer(half, count, own()),
    watchdog,
  ])
  assert.equal(arrived.size, count, 'elements were lost')
}

/** Appends and reads in transactions over several keys, whose history must be strictly serializable. */
export const histories: Workload = async scene => {
  // Lists stay short, so that reads do: a key's history ends when another takes its place.
  const rounds = Math.ceil(scene.operations / 4000)
  for (let round = 0; round < rounds; round++) {
    const keys = Array.from({ length: 12 }, (_, i) => `list:${round}:${i}`)
    const history: Transaction[] = []
    const part = { ...scene, operations: Math.ceil(scene.operations / rounds), seed: scene.seed + round }
    let element = 0
    await inParallel(part, async (client, share, random) => {
      for (let i = 0; i < share; ) {
        const commands = Array.from({ length: random.int(1, 4) }, () =>
          random.chance(0.5)
            ? ['RPUSH', random.pick(keys), String(++element)]
            : ['LRANGE', random.pick(keys), '0', '-1'],
        )
        i += commands.length
        const begun = performance.now()
        const replies = commands.length === 1 ? [await client.must(...commands[0])] : await transact(client, commands)
        const ended = performance.now()
        const steps = commands.map(([name, key, value], n): Step => {
          const reply = (replies as Value[])[n]
          return name === 'RPUSH'
            ? { kind: 'append', key, element: value, length: Number(reply) }
            : { kind: 'read', key, elements: reply as string[] }
        })
        history.push({ begun, ended, steps })
      }
    })
    assert.equal(violation(history), undefined)
    const client = await scene.connect()
    await client.must('DEL', ...keys)
    await client.close()
  }
}

/** Keeps shards busy until it is told to stop: keys that expire, long commands, databases flushed and exchanged. */
export async function noise(scene: Scene): Promise<() => Promise<void>> {
  let isOn = true
  const random = randomFrom(scene.seed)
  const client = await scene.connect()
  const large = Array.from({ length: 5000 }, (_, i) => String(i))
  await client.must('RPUSH', 'noise:list', ...large)
  await client.must('SADD', 'noise:set', ...large)
  const running = (async () => {
    while (isOn) {
      const key = `noise:${random.int(0, 50)}`
      await client.pipeline([
        ['SET', key, 'x', 'PX', random.int(1, 10)],
        ['GET', `noise:${random.int(0, 50)}`],
        ['LRANGE', 'noise:list', '0', '-1'],
        ['SUNIONSTORE', `noise:copy:${random.int(0, 5)}`, 'noise:set'],
      ])
      if (random.chance(0.2)) await client.must('SWAPDB', '5', '6')
      if (random.chance(0.1)) await transact(client, [['SELECT', '5'], ['SET', key, 'y'], ['FLUSHDB'], ['SELECT', '0']])
      await sleep(random.int(0, 5))
    }
    await client.close()
  })()
  return () => {
    isOn = false
    return running
  }
}
