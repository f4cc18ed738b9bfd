import { describe, expect, test } from 'vitest'
import { RespClient } from './client.ts'
import { errorReply } from './frame.ts'
import { launch, redisVersion, startServer } from './server.ts'

describe.skipIf(redisVersion() === undefined)('a redis-server started for a test', () => {
  test('serves values, errors, pushes and large replies, and ends when stopped', async () => {
    const server = await startServer('redis')
    const client = await server.connect()
    expect(await client.call('SET', 'k', 'ä')).toBe('OK')
    expect(await client.call('GET', 'k')).toBe('ä')
    expect(await client.callBinary('GET', 'k')).toEqual(Buffer.from('ä'))
    expect(await client.call('GET')).toEqual(errorReply("ERR wrong number of arguments for 'get' command"))
    await expect(client.must('INCR', 'k')).rejects.toThrow('not an integer')

    const large = Buffer.alloc(3_000_000, 'a\r\n')
    await client.must('SET', 'large', large)
    expect(large.equals((await client.callBinary('GET', 'large')) as Buffer)).toBe(true)

    await client.must('HELLO', 3)
    client.send('SUBSCRIBE', 'news')
    expect(await client.nextPush()).toEqual(['subscribe', 'news', 1])
    expect(await client.call('PING')).toBe('PONG')
    await expect(client.next(50)).rejects.toThrow('no reply within 50 ms')

    const end = await server.stop()
    expect(end).toEqual({ code: 0, signal: null })
    await expect(client.call('PING')).rejects.toThrow(/closed|EPIPE|ECONNRESET/)
    await expect(RespClient.connect({ port: server.port })).rejects.toThrow('ECONNREFUSED')
  })

  test('that refuses its options ends, and its reason can be read', async () => {
    const server = await launch('redis', { args: ['--no-such-option', '1'] })
    expect((await server.ended).code).toBe(1)
    expect(server.output()).toContain('Bad directive')
    await server.stop()
    await expect(startServer('redis', { args: ['--no-such-option', '1'] })).rejects.toThrow('Bad directive')
  })
})
