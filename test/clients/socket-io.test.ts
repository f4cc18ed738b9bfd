// @socket.io/redis-adapter: two instances of a site, joined by publish/subscribe through skep.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { Server } from 'socket.io'
import { io, type Socket } from 'socket.io-client'
import { afterEach, describe, expect, test } from 'vitest'
import { SERVERS, useServer } from '../support/each-server.ts'

type Adapter = ReturnType<typeof createAdapter> | ReturnType<typeof createShardedAdapter>

describe.each(SERVERS)('socket.io on %s', kind => {
  const server = useServer(kind)
  const closers: (() => unknown)[] = []

  // Last opened, first closed: a site that closes unsubscribes through its clients.
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  async function withIoredis(): Promise<Adapter> {
    const publisher = new Redis(server.port)
    const subscriber = publisher.duplicate()
    closers.push(
      () => publisher.disconnect(),
      () => subscriber.disconnect(),
    )
    return createAdapter(publisher, subscriber)
  }

  async function withNodeRedis(make: typeof createAdapter | typeof createShardedAdapter): Promise<Adapter> {
    const publisher = createClient({ url: `redis://127.0.0.1:${server.port}` })
    const subscriber = publisher.duplicate()
    closers.push(
      () => publisher.close(),
      () => subscriber.close(),
    )
    await publisher.connect()
    await subscriber.connect()
    return make(publisher, subscriber)
  }

  async function openSite(adapter: Adapter): Promise<{ readonly site: Server; readonly url: string }> {
    const http = createServer()
    const site = new Server(http, { adapter: adapter as never })
    await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
    closers.push(() => site.close())
    return { site, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` }
  }

  async function visit(url: string): Promise<Socket> {
    const socket = io(url, { transports: ['websocket'] })
    closers.push(() => socket.disconnect())
    await new Promise<void>(resolve => socket.on('connect', resolve))
    return socket
  }

  test.each([
    ['ioredis', withIoredis],
    ['node-redis', () => withNodeRedis(createAdapter)],
    ['node-redis and sharded channels', () => withNodeRedis(createShardedAdapter)],
  ] as const)('with %s', async (_, adapter) => {
    const [first, second] = [await openSite(await adapter()), await openSite(await adapter())]
    const [ada, ben] = [await visit(first.url), await visit(second.url)]
    const heard: [string, string][] = []
    ada.on('news', text => heard.push(['ada', text]))
    ben.on('news', text => heard.push(['ben', text]))
    // Each instance has told the other that it is there.
    await expect.poll(async () => (await first.site.fetchSockets()).length, { timeout: 10_000 }).toBe(2)

    first.site.emit('news', 'to all')
    await expect.poll(() => heard.length).toBe(2)
    expect(new Set(heard.map(([who]) => who))).toEqual(new Set(['ada', 'ben']))

    heard.length = 0
    first.site.in(ben.id ?? '').socketsJoin('room')
    await expect.poll(async () => (await first.site.in('room').fetchSockets()).map(({ id }) => id)).toEqual([ben.id])
    first.site.to('room').emit('news', 'to the room')
    await expect.poll(() => heard).toEqual([['ben', 'to the room']])

    ben.on('question', answer => answer('forty-two'))
    const answers = await first.site.in('room').timeout(5000).emitWithAck('question')
    expect(answers).toEqual(['forty-two'])
  })
})
