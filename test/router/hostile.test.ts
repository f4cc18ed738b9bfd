// Clients that mean no good, or no longer listen: the server stays healthy and nobody else notices.

import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chooseSeed, randomFrom } from '../support/random.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer('skep', { shards: 2 })
})
afterAll(async () => {
  await server.stop()
})

/** Opens a plain socket and gathers what comes. */
function open(): Promise<{ socket: Socket; received: () => string; length: () => number; closed: Promise<void> }> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1')
    let text = ''
    let length = 0
    socket.on('data', data => {
      length += data.length
      if (text.length < 1000) text += data.toString('latin1')
    })
    const closed = new Promise<void>(done => socket.once('close', () => done()))
    socket.on('error', reject)
    socket.once('connect', () => {
      socket.on('error', () => undefined)
      resolve({ socket, received: () => text, length: () => length, closed })
    })
  })
}

async function expectHealthy(): Promise<void> {
  const client = await server.connect()
  expect(await client.call('SET', 'healthy', 'yes')).toBe('OK')
  expect(await client.call('GET', 'healthy')).toBe('yes')
  await client.end()
}

describe('hostile clients', () => {
  test.each([
    ['*1\r\n$2147483648\r\n', 'invalid bulk length'],
    ['*-5000000000000000000000\r\n', 'invalid multibulk length'],
    ['*3\r\n$3\r\nSET\r\n$1\r\nk\r\n!oops\r\n', "expected '$', got '!'"],
  ])('%j gets a protocol error and the connection ends', async (bytes, reason) => {
    const { socket, received, closed } = await open()
    socket.write(bytes)
    await closed
    expect(received()).toBe(`-ERR Protocol error: ${reason}\r\n`)
    await expectHealthy()
  })

  test('random bytes never bring the server down', async () => {
    const seed = chooseSeed()
    const random = randomFrom(seed)
    const words = [
      '*3\r\n',
      '$3\r\nSET\r\n',
      '$1\r\nk\r\n',
      '$-1\r\n',
      'PING\r\n',
      '*\r\n',
      '\0\xff',
      '"',
      '$99999999\r\n',
    ]
    for (let round = 0; round < 60; round++) {
      const { socket, closed } = await open()
      for (let i = random.int(1, 12); i > 0; i--) {
        socket.write(random.chance(0.3) ? random.bytes(random.int(1, 200)) : Buffer.from(random.pick(words), 'latin1'))
      }
      if (random.chance(0.5)) socket.end()
      else socket.destroy()
      socket.resume()
      await closed
    }
    await expectHealthy()
  })

  test('a command whose rest never comes holds up nobody', async () => {
    const half = await Promise.all(Array.from({ length: 20 }, open))
    for (const { socket } of half) socket.write('*2\r\n$3\r\nGET\r\n$1000\r\nabc')
    await expectHealthy()
    for (const { socket } of half) socket.destroy()
  })

  test('an unknown command of binary junk is named in the error, cut short', async () => {
    const client = await server.connect()
    const reply = await client.call(Buffer.from(Array.from({ length: 300 }, (_, i) => i & 255)), 'x')
    expect(String((reply as { text: string }).text)).toMatch(/^ERR unknown command '/)
    expect(await client.call('PING')).toBe('PONG')
    await client.end()
  })

  test('a million arguments are one command', async () => {
    const client = await server.connect()
    await client.call('FLUSHALL')
    const pairs = Array.from({ length: 500_000 }, (_, i) => `$9\r\nkey:${10_000 + (i % 50_000)}\r\n$1\r\nv\r\n`)
    client.write(`*1000001\r\n$4\r\nMSET\r\n${pairs.join('')}`)
    expect(await client.next()).toBe('OK')
    expect(await client.call('DBSIZE')).toBe(50_000)
    await client.call('FLUSHALL')
    await client.end()
  })

  test('a client that never reads is no longer listened to, and others go on', async () => {
    const writer = await server.connect()
    await writer.call('SET', 'large', 'x'.repeat(1_000_000))
    const deaf = await open()
    deaf.socket.pause()
    for (let i = 0; i < 200; i++) deaf.socket.write('*2\r\n$3\r\nGET\r\n$5\r\nlarge\r\n')
    for (let i = 0; i < 50; i++) expect(await writer.call('INCR', 'steps')).toBe(i + 1)
    const expected = 200 * (1_000_000 + '$1000000\r\n\r\n'.length)
    deaf.socket.resume()
    await expect.poll(() => deaf.length(), { timeout: 20_000 }).toBe(expected)
    deaf.socket.destroy()
    await writer.end()
  })
})
