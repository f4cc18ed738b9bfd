// Counting up and down from many connections, with and without MULTI.
//
// Without a transaction everybody sees what the others are in the middle of; with one, each counter goes from 0 to 1 and
// back as if nobody else were there.
//
//     npx node examples/counters.ts

import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { demonstrate } from './support/demonstrate.ts'

/** Adds one, works for a while, takes it away again. Returns what the counter was in between. */
export async function countAlone(redis: Redis, key: string, workMs: number): Promise<number> {
  const seen = await redis.incr(key)
  await sleep(workMs)
  await redis.decr(key)
  return seen
}

/** The same as one transaction. */
export async function countInTransaction(redis: Redis, key: string): Promise<number> {
  const replies = await redis.multi().incr(key).decr(key).exec()
  return Number(replies?.[0][1])
}

/** Runs `count` on so many connections at once, `rounds` times each. Returns all that was seen. */
export async function fromManyConnections(
  redis: Redis,
  connections: number,
  rounds: number,
  count: (redis: Redis) => Promise<number>,
): Promise<number[]> {
  const seen: number[] = []
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const own = redis.duplicate()
      try {
        for (let i = 0; i < rounds; i++) seen.push(await count(own))
      } finally {
        own.disconnect()
      }
    }),
  )
  return seen
}

if (import.meta.main) {
  await demonstrate(async redis => {
    const alone = await fromManyConnections(redis, 3, 1, one => countAlone(one, 'alone', 100))
    console.log('without a transaction:', alone)
    const together = await fromManyConnections(redis, 3, 1, one => countInTransaction(one, 'together'))
    console.log('with a transaction:   ', together)
  })
}
