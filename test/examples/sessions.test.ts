// Login cookies, shopping carts and the clean-up of both.

import { describe, expect, test } from 'vitest'
import { ITEMS_KEPT, itemsViewed, noteVisit, userOf } from '../../examples/login-cookies.ts'
import { keepClean, removeOldest } from '../../examples/session-cleanup.ts'
import { cart, setItem } from '../../examples/shopping-cart.ts'
import { SERVERS, useServer } from '../support/each-server.ts'

describe.each(SERVERS)('sessions on %s', kind => {
  const server = useServer(kind)

  test('a token leads to its user', async () => {
    await noteVisit(server.redis, 't1', 'ada', undefined, 100)
    expect(await userOf(server.redis, 't1')).toBe('ada')
    expect(await userOf(server.redis, 't2')).toBe(null)
    expect(await server.redis.zscore('recent:', 't1')).toBe('100')
    expect(await itemsViewed(server.redis, 't1')).toEqual([])
  })

  test('the latest 25 items are remembered, and all views counted', async () => {
    for (let i = 0; i < 40; i++) await noteVisit(server.redis, 't1', 'ada', `item:${i}`, i)
    await noteVisit(server.redis, 't2', 'ben', 'item:39', 50)
    const viewed = await itemsViewed(server.redis, 't1')
    expect(viewed.length).toBe(ITEMS_KEPT)
    expect(viewed.slice(0, 2)).toEqual(['item:39', 'item:38'])
    expect(viewed.at(-1)).toBe('item:15')
    expect(await server.redis.zrange('viewed:', 0, '0', 'WITHSCORES')).toEqual(['item:39', '-2'])
    expect(await server.redis.zcard('viewed:')).toBe(40)
  })

  test('a cart has what was put in last', async () => {
    await setItem(server.redis, 't1', 'honey', 2)
    await setItem(server.redis, 't1', 'candle', 1)
    await setItem(server.redis, 't1', 'honey', 5)
    await setItem(server.redis, 't1', 'candle', 0)
    await setItem(server.redis, 't1', 'never there', 0)
    expect(await cart(server.redis, 't1')).toEqual(new Map([['honey', 5]]))
    await setItem(server.redis, 't1', 'honey', 0)
    expect(await server.redis.exists('cart:t1')).toBe(0)
  })

  test('clean-up removes the oldest with all that is theirs, and nothing else', async () => {
    for (let i = 0; i < 250; i++) {
      await noteVisit(server.redis, `t${i}`, `user${i}`, 'honey', i)
      await setItem(server.redis, `t${i}`, 'honey', 1)
    }
    expect(await removeOldest(server.redis, 120)).toBe(100)
    expect(await removeOldest(server.redis, 120)).toBe(30)
    expect(await removeOldest(server.redis, 120)).toBe(0)
    expect(await server.redis.zcard('recent:')).toBe(120)
    expect(await server.redis.hlen('login:')).toBe(120)
    expect(await server.redis.exists('viewed:t129', 'cart:t129')).toBe(0)
    expect(await server.redis.exists('viewed:t130', 'cart:t130')).toBe(2)
    expect(await userOf(server.redis, 't129')).toBe(null)
    expect(await userOf(server.redis, 't130')).toBe('user130')
    // viewed: and 120 each of viewed:… and cart:…, recent: and login:
    expect(await server.redis.dbsize()).toBe(3 + 2 * 120)
  })

  test('clean-up that goes on keeps up with new sessions and ends when told', async () => {
    const stop = new AbortController()
    const cleaning = keepClean(server.redis, 10, stop.signal)
    for (let i = 0; i < 300; i++) await noteVisit(server.redis, `t${i}`, `user${i}`, undefined, i)
    await expect.poll(() => server.redis.zcard('recent:'), { timeout: 10_000 }).toBe(10)
    stop.abort()
    expect(await cleaning).toBe(290)
    expect(await server.redis.zrange('recent:', 0, '0')).toEqual(['t290'])
  })
})
