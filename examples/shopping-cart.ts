// A shopping cart that lives with the session, not in the cookie: one hash for each session.
//
//   cart:SESSION      hash        item -> how many
//
//     npx node examples/shopping-cart.ts

import type { Redis } from 'ioredis'
import { demonstrate } from './support/demonstrate.ts'

/** Puts so many of the item into the cart, in place of what was there; none takes it out. */
export async function setItem(redis: Redis, session: string, item: string, count: number): Promise<void> {
  if (count > 0) await redis.hset(`cart:${session}`, item, count)
  else await redis.hdel(`cart:${session}`, item)
}

/** What is in the cart. */
export async function cart(redis: Redis, session: string): Promise<Map<string, number>> {
  const fields = await redis.hgetall(`cart:${session}`)
  return new Map(Object.entries(fields).map(([item, count]) => [item, Number(count)]))
}

if (import.meta.main) {
  await demonstrate(async redis => {
    await setItem(redis, 'ada', 'honey', 2)
    await setItem(redis, 'ada', 'candle', 1)
    await setItem(redis, 'ada', 'honey', 3)
    await setItem(redis, 'ada', 'candle', 0)
    console.log(await cart(redis, 'ada'))
  })
}
