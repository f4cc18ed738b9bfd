// The page cache, the row cache and the ranking that says which pages are worth keeping.

import { describe, expect, test } from 'vitest'
import { age, keepAging, mostViewed } from '../../examples/page-analytics.ts'
import { CACHE_SECONDS, isCacheable, page } from '../../examples/page-cache.ts'
import { cachedRow, keepFresh, renewNext, scheduleRow } from '../../examples/row-cache.ts'
import { SERVERS, useServer } from '../support/each-server.ts'

const url = (query: string): URL => new URL(`https://example.com/shop?${query}`)

describe.each(SERVERS)('caches on %s', kind => {
  const server = useServer(kind)

  test('a page is rendered once and then comes from the cache for five minutes', async () => {
    await server.redis.zincrby('viewed:', -1, 'honey')
    let rendered = 0
    const render = async (): Promise<string> => `page ${++rendered}`
    expect(await page(server.redis, url('item=honey'), render)).toBe('page 1')
    expect(await page(server.redis, url('item=honey'), render)).toBe('page 1')
    const [key] = await server.redis.keys('cache:*')
    expect(await server.redis.ttl(key)).toBeGreaterThan(CACHE_SECONDS - 60)
    await server.redis.del(key)
    expect(await page(server.redis, url('item=honey'), render)).toBe('page 2')
  })

  test('pages that differ by visitor, have no item or are seldom seen are not kept', async () => {
    const pipeline = server.redis.pipeline()
    for (let i = 0; i < 10_001; i++) pipeline.zincrby('viewed:', i - 20_000, `item:${i}`)
    await pipeline.exec()
    expect(await isCacheable(server.redis, url('item=item:9999'))).toBe(true)
    expect(await isCacheable(server.redis, url('item=item:10000'))).toBe(false)
    expect(await isCacheable(server.redis, url('item=item:0&_=123'))).toBe(false)
    expect(await isCacheable(server.redis, url('item=unknown'))).toBe(false)
    expect(await isCacheable(server.redis, url(''))).toBe(false)
    let rendered = 0
    const render = async (): Promise<string> => `page ${++rendered}`
    for (let i = 0; i < 2; i++) await page(server.redis, url('item=unknown'), render)
    expect(rendered).toBe(2)
    expect(await server.redis.keys('cache:*')).toEqual([])
  })

  test('a row is read when it is due, and not before', async () => {
    const reads: string[] = []
    const read = async (row: string): Promise<object> => {
      reads.push(row)
      return { row, read: reads.length }
    }
    await scheduleRow(server.redis, 'honey', 5, 100)
    await scheduleRow(server.redis, 'candle', 60, 101)
    expect(await renewNext(server.redis, read, 99)).toBe(false)
    expect(await renewNext(server.redis, read, 101)).toBe(true)
    expect(await renewNext(server.redis, read, 101)).toBe(true)
    expect(await renewNext(server.redis, read, 101)).toBe(false)
    expect(await renewNext(server.redis, read, 106)).toBe(true)
    expect(reads).toEqual(['honey', 'candle', 'honey'])
    expect(await cachedRow(server.redis, 'honey')).toEqual({ row: 'honey', read: 3 })
    expect(await cachedRow(server.redis, 'candle')).toEqual({ row: 'candle', read: 2 })
  })

  test('a row with no delay is forgotten', async () => {
    const read = async (): Promise<object> => ({})
    await scheduleRow(server.redis, 'honey', 5, 100)
    await renewNext(server.redis, read, 100)
    await scheduleRow(server.redis, 'honey', 0, 101)
    expect(await renewNext(server.redis, read, 101)).toBe(true)
    expect(await cachedRow(server.redis, 'honey')).toBe(undefined)
    expect(await server.redis.dbsize()).toBe(0)
  })

  test('rows are kept fresh until told to stop', async () => {
    const stop = new AbortController()
    let reads = 0
    const renewing = keepFresh(server.redis, async () => ({ reads: ++reads }), stop.signal)
    await scheduleRow(server.redis, 'honey', 0.01, Date.now() / 1000)
    await expect.poll(() => reads, { timeout: 10_000 }).toBeGreaterThan(3)
    stop.abort()
    await renewing
    const last = reads
    expect(await cachedRow(server.redis, 'honey')).toEqual({ reads: last })
  })

  test('aging halves all views and drops what few look at', async () => {
    const pipeline = server.redis.pipeline()
    for (let i = 1; i <= 200; i++) pipeline.zincrby('viewed:', -i, `item:${i}`)
    await pipeline.exec()
    await age(server.redis, 150)
    expect(await server.redis.zcard('viewed:')).toBe(150)
    expect(await mostViewed(server.redis, 2)).toEqual([
      ['item:200', 100],
      ['item:199', 99.5],
    ])
    expect(await server.redis.zscore('viewed:', 'item:50')).toBe(null)
    expect(await server.redis.zscore('viewed:', 'item:51')).toBe('-25.5')
  })

  test('aging goes on until told to stop', async () => {
    await server.redis.zincrby('viewed:', -1024, 'honey')
    const stop = new AbortController()
    const aging = keepAging(server.redis, stop.signal, 5)
    await expect.poll(async () => (await mostViewed(server.redis, 1))[0][1], { timeout: 10_000 }).toBeLessThan(200)
    stop.abort()
    await aging
  })
})
