import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RespClient } from '../support/client.ts'
import { type HttpTestServer, startWithHttp } from './gateway.ts'

let http: HttpTestServer
let client: RespClient

beforeAll(async () => {
  http = await startWithHttp({ config: ['user ann on >pass ~* +@all resetchannels &open'] })
  client = await http.server.connect()
})

afterAll(async () => {
  await client?.close()
  await http?.server.stop()
})

/** The events of a stream as they come. */
async function open(path: string, headers: Record<string, string> = {}) {
  const end = new AbortController()
  const response = await fetch(http.url + path, { method: 'POST', body: '[]', headers, signal: end.signal })
  const events: string[] = []
  const reading = (async () => {
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      const whole = text.split('\n\n')
      text = whole.pop() ?? ''
      events.push(...whole)
    }
  })().catch(() => undefined)
  return {
    response,
    events,
    async until(count: number) {
      while (events.length < count) await sleep(5)
      return events.slice(0, count)
    },
    async close() {
      end.abort()
      await reading
    },
  }
}

test('a channel is a stream of events', async () => {
  const stream = await open('/subscribe/news/other%2Fchannel')
  expect(stream.response.headers.get('content-type')).toMatch('text/event-stream')
  expect(await stream.until(2)).toEqual(['data: subscribe,news,1', 'data: subscribe,other/channel,2'])
  expect(await client.call('PUBLISH', 'news', 'hällo, world')).toBe(1)
  await client.call('PUBLISH', 'other/channel', 'two\nlines')
  expect((await stream.until(4)).slice(2)).toEqual([
    'data: message,news,hällo, world',
    'data: message,other/channel,two\ndata: lines',
  ])
  await stream.close()
  while ((await client.call('PUBLISH', 'news', 'x')) !== 0) await sleep(5)
})

test('a pattern is, too', async () => {
  const stream = await open('/psubscribe/n*')
  await stream.until(1)
  await client.call('PUBLISH', 'news', '1')
  expect(await stream.until(2)).toEqual(['data: psubscribe,n*,1', 'data: pmessage,n*,news,1'])
  await stream.close()
})

test('MONITOR shows what is run', async () => {
  const stream = await open('/monitor')
  expect(await stream.until(1)).toEqual(['data: "OK"'])
  await client.call('SET', 'watched', 'x')
  while (!stream.events.some(event => event.includes('watched'))) await sleep(5)
  expect(stream.events.find(event => event.includes('watched'))).toMatch(
    /^data: \d+\.\d+ \[0 .*\] "SET" "watched" "x"$/,
  )
  await stream.close()
})

test('a channel that the user may not hear is refused with a status', async () => {
  const authorization = `Basic ${Buffer.from('ann:pass').toString('base64')}`
  const refused = await open('/subscribe/closed', { authorization })
  expect([refused.response.status, refused.response.headers.get('content-type')]).toEqual([400, 'application/json'])
  const allowed = await open('/subscribe/open', { authorization })
  expect(await allowed.until(1)).toEqual(['data: subscribe,open,1'])
  await allowed.close()
  await refused.close()
})

test('who does not read is cut off at the limit for subscribers, and harms nobody', async () => {
  await client.call('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 1mb 0 0')
  const end = new AbortController()
  const response = await fetch(`${http.url}/subscribe/flood`, { signal: end.signal })
  expect(response.status).toBe(200)
  const message = 'x'.repeat(100_000)
  let receivers = 1
  for (let i = 0; i < 500 && receivers > 0; i++) receivers = (await client.call('PUBLISH', 'flood', message)) as number
  expect(receivers).toBe(0)
  end.abort()
  expect(await http.ask('/ping')).toMatchObject({ status: 200 })
})
