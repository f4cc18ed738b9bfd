// Keeps the number of sessions below a limit: the oldest go, with all that belongs to them.
//
// It works on what login-cookies.ts and shopping-cart.ts write: login:, recent:, viewed:TOKEN and cart:TOKEN.
//
//     npx node examples/session-cleanup.ts [LIMIT] [SESSIONS]

import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { noteVisit } from './login-cookies.ts'
import { demonstrate } from './support/demonstrate.ts'

export const SESSIONS_MAX = 10_000_000
const BATCH = 100

/** Removes the oldest sessions above the limit, at most a hundred. Returns how many. */
export async function removeOldest(redis: Redis, limit = SESSIONS_MAX): Promise<number> {
  const count = await redis.zcard('recent:')
  if (count <= limit) return 0
  const tokens = await redis.zrange('recent:', 0, String(Math.min(count - limit, BATCH) - 1))
  if (tokens.length === 0) return 0
  await redis
    .pipeline()
    .del(...tokens.flatMap(token => [`viewed:${token}`, `cart:${token}`]))
    .hdel('login:', ...tokens)
    .zrem('recent:', ...tokens)
    .exec()
  return tokens.length
}

/** Keeps removing until it is told to stop; looks again after a second when there was nothing to do. */
export async function keepClean(redis: Redis, limit: number, stop: AbortSignal): Promise<number> {
  let removed = 0
  while (!stop.aborted) {
    const now = await removeOldest(redis, limit)
    removed += now
    if (now === 0) await sleep(1000, undefined, { signal: stop }).catch(() => undefined)
  }
  return removed
}

if (import.meta.main) {
  await demonstrate(async redis => {
    const limit = Number(process.argv[2] ?? 1000)
    const sessions = Number(process.argv[3] ?? 20_000)
    for (let i = 0; i < sessions; i += 100) {
      await Promise.all(
        Array.from({ length: 100 }, (_, j) => noteVisit(redis, `token:${i + j}`, `user:${i + j}`, 'item:1', i + j)),
      )
    }
    const started = performance.now()
    let removed = 0
    for (let now = -1; now !== 0; removed += now) now = await removeOldest(redis, limit)
    const seconds = (performance.now() - started) / 1000
    console.log(`${removed} of ${sessions} sessions removed, ${await redis.hlen('login:')} left`)
    console.log(`${Math.round(removed / seconds).toLocaleString('en-US')} tokens a second`)
  })
}
