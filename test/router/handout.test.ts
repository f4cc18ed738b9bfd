// Messages that many subscribers get are written down once: whatever else each of them listens to, and however it reads,
// it gets its own, whole and in their order.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RespClient } from '../support/client.ts'
import { SERVERS } from '../support/each-server.ts'
import { startServer, type TestServer } from '../support/server.ts'

describe.each(SERVERS)('messages to many subscribers on %s', kind => {
  let server: TestServer
  const clients: RespClient[] = []
  const connect = async (): Promise<RespClient> => {
    const client = await server.connect()
    clients.push(client)
    return client
  }

  beforeAll(async () => {
    server = await startServer(kind)
  })
  afterAll(async () => {
    await Promise.all(clients.map(client => client.close()))
    await server.stop()
  })

  test('each gets what it listens to, in the order of publishing', async () => {
    const wanted = [['x'], ['x', 'y'], ['x', 'y', 'z'], ['z'], ['y', 'z'], ['x'], ['z', 'x']]
    const subscribers: { client: RespClient; isPush: boolean; channels: string[] }[] = []
    for (const isPush of [false, true]) {
      for (const channels of wanted) {
        const client = await connect()
        if (isPush) await client.must('HELLO', 3)
        client.send('SUBSCRIBE', ...channels)
        for (const _ of channels) await (isPush ? client.nextPush() : client.next())
        subscribers.push({ client, isPush, channels })
      }
    }
    const publisher = await connect()
    const published: [string, string][] = []
    for (let i = 0; i < 300; i++) published.push(['xyz'[(i * i + (i >> 3)) % 3], `${i}${'-'.repeat((i * 37) % 200)}`])
    for (let at = 0; at < published.length; at += 50) {
      const replies = await publisher.pipeline(published.slice(at, at + 50).map(message => ['PUBLISH', ...message]))
      expect(replies.length).toBe(50)
    }
    for (const { client, isPush, channels } of subscribers) {
      for (const [channel, text] of published) {
        if (!channels.includes(channel)) continue
        expect(await (isPush ? client.nextPush() : client.next())).toEqual(['message', channel, text])
      }
    }
  })

  test('messages and replies to the same client keep their order', async () => {
    const both = await connect()
    const other = await connect()
    for (const client of [both, other]) {
      await client.must('HELLO', 3)
      client.send('SUBSCRIBE', 'own')
      await client.nextPush()
    }
    const texts = Array.from({ length: 20 }, (_, i) => `${i}`)
    const replies = await both.pipeline(
      texts.flatMap(text => [
        ['PUBLISH', 'own', text],
        ['ECHO', text],
      ]),
    )
    expect(replies.length).toBe(40)
    for (const client of [both, other]) {
      for (const text of texts) expect(await client.nextPush()).toEqual(['message', 'own', text])
    }
  })

  test('who stops reading for a while misses nothing', { timeout: 60_000 }, async () => {
    const [slow, quick, publisher] = [await connect(), await connect(), await connect()]
    for (const client of [slow, quick]) await client.must('SUBSCRIBE', 'bulk')
    slow.pause()
    const texts = Array.from({ length: 1500 }, (_, i) => `${i} `.repeat(2000))
    const bytes = texts.reduce((sum, text) => sum + text.length, 0)
    // More than sockets hold, less than the limit allows.
    expect(bytes).toBeGreaterThan(8 << 20)
    expect(bytes).toBeLessThan(24 << 20)
    for (const text of texts) {
      expect(await publisher.must('PUBLISH', 'bulk', text)).toBe(2)
      expect(((await quick.next()) as string[])[2] === text).toBe(true)
    }
    slow.resume()
    for (const text of texts) expect(((await slow.next()) as string[])[2] === text).toBe(true)
  })
})
