// Many clients at once, over real connections: transactions, WATCH, blocking and plain commands, with one shard and
// several, one router and two, also while keys expire and shards are busy.
//
// SKEP_CONCURRENCY=1000000 makes about that many operations in all; SKEP_SEED repeats a run's choices.

import { afterAll, beforeAll, describe, test } from 'vitest'
import { chooseSeed } from '../support/random.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { compareAndSet, counters, histories, noise, queues, type Scene, transfers, type Workload } from './workloads.ts'

const OPERATIONS = Number(process.env.SKEP_CONCURRENCY ?? 24_000)
const SHAPES = [1, 2, 7].flatMap(shards => [1, 2].map(routers => ({ shards, routers })))
const WORKLOADS: readonly (readonly [name: string, workload: Workload, share: number])[] = [
  ['transfers keep the sum, for whoever looks', transfers, 0.25],
  ['no raise under WATCH is lost or refused for nothing', compareAndSet, 0.2],
  ['counters count', counters, 0.2],
  ['every element that is pushed, moved and popped arrives once', queues, 0.15],
  ['histories of appends and reads are strictly serializable', histories, 0.2],
]
const MS_MAX = 60_000 + OPERATIONS * 2

describe.each(SHAPES)('with $shards shard(s) and $routers router(s)', ({ shards, routers }) => {
  let server: TestServer
  const seed = chooseSeed()

  beforeAll(async () => {
    server = await startServer('skep', { shards, args: ['--routers', String(routers)], readyMsMax: 60_000 })
  }, 70_000)
  afterAll(async () => {
    await server?.stop()
  })

  const scene = (operations: number): Scene => ({ connect: () => server.connect(), operations, clients: 12, seed })

  test.each(WORKLOADS)(
    `%s (seed ${seed})`,
    async (_, workload, share) => {
      await workload(scene(Math.ceil((OPERATIONS * share) / SHAPES.length)))
    },
    MS_MAX,
  )

  test(
    `all of it at once, while keys expire and shards are busy (seed ${seed})`,
    async () => {
      const client = await server.connect()
      await client.must('FLUSHALL')
      await client.close()
      const stop = await noise(scene(0))
      try {
        await Promise.all(WORKLOADS.map(([, workload]) => workload(scene(Math.ceil(OPERATIONS / SHAPES.length / 25)))))
      } finally {
        await stop()
      }
    },
    MS_MAX,
  )
})
