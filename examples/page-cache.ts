// Keeps rendered pages for five minutes: those of the most viewed items, and none that differ by visitor.
//
//   cache:HASH        string      the page, expires after CACHE_SECONDS
//   viewed:           sorted set  item -> minus the number of views (login-cookies.ts writes it, page-analytics.ts ages it)
//
//     npx node examples/page-cache.ts

import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { demonstrate } from './support/demonstrate.ts'

export const CACHE_SECONDS = 300
const ITEMS_CACHED = 10_000

/** Whether the page is one item's, the same for all, and the item among the most viewed. */
export async function isCacheable(redis: Redis, url: URL): Promise<boolean> {
  const item = url.searchParams.get('item')
  if (item === null || url.searchParams.has('_')) return false
  const rank = await redis.zrank('viewed:', item)
  return rank !== null && rank < ITEMS_CACHED
}

/** The page, from the cache if it is there, else rendered and, if it may be, kept. */
export async function page(redis: Redis, url: URL, render: (url: URL) => Promise<string>): Promise<string> {
  if (!(await isCacheable(redis, url))) return render(url)
  const key = `cache:${createHash('sha256').update(url.href).digest('base64url')}`
  const kept = await redis.get(key)
  if (kept !== null) return kept
  const fresh = await render(url)
  await redis.setex(key, CACHE_SECONDS, fresh)
  return fresh
}

/** A page as slow as pages are: 20 to 50 ms of database and templates. */
export async function slowPage(url: URL): Promise<string> {
  await sleep(20 + 30 * Math.random())
  return `<!doctype html><title>${url.searchParams.get('item')}</title>${'<p>honey</p>'.repeat(500)}`
}

if (import.meta.main) {
  await demonstrate(async redis => {
    await redis.zincrby('viewed:', -1, 'honey')
    const url = new URL('https://example.com/shop?item=honey')
    for (const visit of ['first', 'second', 'third']) {
      const started = performance.now()
      const text = await page(redis, url, slowPage)
      console.log(`${visit} visit: ${text.length} characters in ${(performance.now() - started).toFixed(2)} ms`)
    }
  })
}
