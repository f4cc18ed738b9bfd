// The class of redis-memory-server, as programs that move to skep use it.

import { createServer } from 'node:net'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import Default, { RedisMemoryServer } from '../src/memory-server.ts'

async function ping(host: string, port: number): Promise<string> {
  const client = new Redis(port, host, { retryStrategy: () => null })
  try {
    return await client.ping()
  } finally {
    client.disconnect()
  }
}

describe('RedisMemoryServer', () => {
  test('starts with the first question for host or port, and answers', async () => {
    expect(Default).toBe(RedisMemoryServer)
    const server = new RedisMemoryServer()
    expect(server.getInstanceInfo()).toBe(false)
    const [host, ip, port] = [await server.getHost(), await server.getIp(), await server.getPort()]
    expect([host, ip]).toEqual(['127.0.0.1', '127.0.0.1'])
    expect(await ping(host, port)).toBe('PONG')
    expect(server.getInstanceInfo()).toMatchObject({ ip, port })
    expect(await server.stop()).toBe(true)
    expect(server.getInstanceInfo()).toBe(false)
    expect(await server.stop()).toBe(true)
  })

  test('create starts at once if asked to, and only then', async () => {
    const idle = await RedisMemoryServer.create()
    expect(idle.getInstanceInfo()).toBe(false)
    const server = await RedisMemoryServer.create({ autoStart: true })
    const info = server.getInstanceInfo()
    expect(info).not.toBe(false)
    expect(await server.ensureInstance()).toBe(info)
    await expect(server.start()).rejects.toThrow(/running/)
    await server.stop()
  })

  test('comes back on the port it had', async () => {
    const server = new RedisMemoryServer({ autoStart: true })
    const port = await server.getPort()
    await server.stop()
    expect(await server.start()).toBe(true)
    expect(await server.getPort()).toBe(port)
    await server.stop()
  })

  test('takes another port if the wanted one is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    const server = new RedisMemoryServer({ instance: { port } })
    try {
      expect(await server.getPort()).not.toBe(port)
      expect(await ping(await server.getHost(), await server.getPort())).toBe('PONG')
    } finally {
      taken.close()
      await server.stop()
    }
  })

  test("takes redis-server's arguments, and options about binaries for what they are", async () => {
    const server = new RedisMemoryServer({
      instance: { args: ['--requirepass', 'secret', '--maxmemory', '20mb'] },
      binary: { version: '6.0.10' },
    })
    const client = new Redis(await server.getPort(), { password: 'secret' })
    expect(JSON.stringify(await client.config('GET', 'maxmemory'))).toMatch(/20971520/)
    client.disconnect()
    await server.stop()
  })
})
