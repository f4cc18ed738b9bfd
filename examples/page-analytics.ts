// Which items are popular now: counts of views that fade, so that last year's favourites make room.
//
//   viewed:           sorted set  item -> minus the number of views, so that the most viewed come first
//
// Every five minutes all but the first ITEMS_RANKED are dropped and all counts halved.
//
//     npx node examples/page-analytics.ts

import { setInterval } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { demonstrate } from './support/demonstrate.ts'

export const ITEMS_RANKED = 20_000
const EVERY_MS = 5 * 60_000

/** Drops the unpopular and halves the rest, in one step: nobody sees a half-aged ranking. */
export async function age(redis: Redis, itemsRanked = ITEMS_RANKED): Promise<void> {
  await redis
    .multi()
    .zremrangebyrank('viewed:', itemsRanked, -1)
    .zinterstore('viewed:', 1, 'viewed:', 'WEIGHTS', 0.5)
    .exec()
}

/** Ages the counts every five minutes until told to stop. */
export async function keepAging(redis: Redis, stop: AbortSignal, everyMs = EVERY_MS): Promise<void> {
  try {
    for await (const _ of setInterval(everyMs, undefined, { signal: stop })) await age(redis)
  } catch (error) {
    if (!stop.aborted) throw error
  }
}

/** The most viewed items with their counts. */
export async function mostViewed(redis: Redis, count: number): Promise<[item: string, views: number][]> {
  const flat = await redis.zrange('viewed:', 0, String(count - 1), 'WITHSCORES')
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], -Number(flat[2 * i + 1])])
}

if (import.meta.main) {
  await demonstrate(async redis => {
    const pipeline = redis.pipeline()
    // Item 1 is looked at most, item 2 half as often, and so on.
    for (let item = 1; item <= 30_000; item++) pipeline.zincrby('viewed:', -60_000 / item, `item:${item}`)
    await pipeline.exec()
    console.log('before:', await redis.zcard('viewed:'), 'items,', await mostViewed(redis, 3))
    await age(redis)
    console.log('after: ', await redis.zcard('viewed:'), 'items,', await mostViewed(redis, 3))
  })
}
