// connect-redis: sessions of Express kept in skep, through the middleware as a site has it.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RedisStore } from 'connect-redis'
import session, { type SessionData } from 'express-session'
import { createClient } from 'redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SERVERS, useServer } from '../support/each-server.ts'

declare module 'express-session' {
  interface SessionData {
    views: number
  }
}

const data = (views: number): SessionData => ({
  views,
  cookie: { maxAge: 60_000, originalMaxAge: 60_000, expires: new Date(Date.now() + 60_000) } as SessionData['cookie'],
})

describe.each(SERVERS)('connect-redis on %s', kind => {
  const server = useServer(kind)

  async function openStore(prefix = 'sess:'): Promise<RedisStore> {
    const client = createClient({ url: `redis://127.0.0.1:${server.port}` })
    onTestFinished(() => client.destroy())
    await client.connect()
    return new RedisStore({ client, prefix })
  }

  /** A site that counts each visitor's views. */
  async function openSite(store: RedisStore): Promise<(cookie?: string) => Promise<Response>> {
    const middleware = session({ store, secret: 'honey', resave: false, saveUninitialized: false })
    const site: Server = createServer((request, response) => {
      middleware(request as never, response as never, () => {
        const own = (request as unknown as { session: SessionData }).session
        own.views = (own.views ?? 0) + 1
        response.end(String(own.views))
      })
    })
    await new Promise<void>(resolve => site.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      site.close()
    })
    const { port } = site.address() as AddressInfo
    return cookie => fetch(`http://127.0.0.1:${port}/`, { headers: cookie === undefined ? {} : { cookie } })
  }

  test('a visitor is known again by the cookie, on any instance of the site', async () => {
    const first = await openSite(await openStore())
    const second = await openSite(await openStore())
    const answer = await first()
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
    expect(await answer.text()).toBe('1')
    expect(await (await second(cookie)).text()).toBe('2')
    expect(await (await first(cookie)).text()).toBe('3')
    expect(await (await second()).text()).toBe('1')
  })

  test('a session is stored as JSON that expires with its cookie', async () => {
    const store = await openStore('site:')
    await store.set('one', data(7))
    expect(JSON.parse((await server.redis.get('site:one')) ?? '')).toMatchObject({ views: 7 })
    const ttl = await server.redis.ttl('site:one')
    expect(ttl).toBeGreaterThan(30)
    expect(ttl).toBeLessThanOrEqual(60)
    await server.redis.expire('site:one', 5)
    await store.touch('one', data(7))
    expect(await server.redis.ttl('site:one')).toBeGreaterThan(30)
  })

  test('all sessions can be listed, counted and cleared, and nothing else is', async () => {
    const store = await openStore('site:')
    await server.redis.set('other', 'stays')
    for (let i = 0; i < 250; i++) await store.set(`s${i}`, data(i))
    expect(await store.length()).toBe(250)
    expect((await store.ids()).sort()).toEqual(Array.from({ length: 250 }, (_, i) => `s${i}`).sort())
    expect((await store.all()).length).toBe(250)
    await store.destroy('s0')
    expect(await store.get('s0')).toBeFalsy()
    expect(await store.get('s1')).toMatchObject({ views: 1 })
    await store.clear()
    expect(await store.length()).toBe(0)
    expect(await server.redis.keys('*')).toEqual(['other'])
  })
})
