// Login cookies and what their owners looked at: a shop's most frequent write.
//
//   login:            hash        token -> user
//   recent:           sorted set  token -> when it was last seen
//   viewed:TOKEN      sorted set  item -> when this visitor last looked at it; the latest ITEMS_KEPT
//   viewed:           sorted set  item -> minus the number of views, so that the most viewed come first
//
//     npx node examples/login-cookies.ts

import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { demonstrate } from './support/demonstrate.ts'

/** How many items are remembered of each visitor. */
export const ITEMS_KEPT = 25

/** Whose token this is; null when nobody's. */
export function userOf(redis: Redis, token: string): Promise<string | null> {
  return redis.hget('login:', token)
}

/** Notes that the visitor was here and, if so, what was looked at: five commands in one round trip. */
export async function noteVisit(redis: Redis, token: string, user: string, item: string | undefined, now: number) {
  const pipeline = redis.pipeline().hset('login:', token, user).zadd('recent:', now, token)
  if (item !== undefined) {
    pipeline
      .zadd(`viewed:${token}`, now, item)
      .zremrangebyrank(`viewed:${token}`, 0, -ITEMS_KEPT - 1)
      .zincrby('viewed:', -1, item)
  }
  await pipeline.exec()
}

/** What the visitor looked at, latest first. */
export function itemsViewed(redis: Redis, token: string): Promise<string[]> {
  return redis.zrevrange(`viewed:${token}`, 0, -1)
}

if (import.meta.main) {
  await demonstrate(async redis => {
    const token = randomUUID()
    const started = performance.now()
    const views = 5000
    const inFlight = 50
    for (let i = 0; i < views; i += inFlight) {
      await Promise.all(
        Array.from({ length: inFlight }, (_, j) =>
          noteVisit(redis, token, 'ada', `item:${(i + j) % 100}`, Date.now() / 1000 + j / 1e6),
        ),
      )
    }
    const seconds = (performance.now() - started) / 1000
    console.log(`${token} belongs to ${await userOf(redis, token)}`)
    console.log(`last viewed: ${(await itemsViewed(redis, token)).slice(0, 5).join(' ')} …`)
    console.log(`${Math.round(views / seconds).toLocaleString('en-US')} item views a second over one connection`)
  })
}
