// `appendfsync always` as clients see it: they are served while the disk is busy, and get every reply in its order, also
// those who have no more to say, and those who want no replies at all.

import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeCommand } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { until } from '../support/until.ts'

describe.each([1, 3])('with `appendfsync always` and %i shards', shards => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer('skep', { shards, args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  })
  afterAll(async () => {
    await server?.stop()
  })

  /** Sends these commands and nothing more. Returns all that comes back before the end. */
  const sendAndEnd = (commands: readonly string[][]): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
      let got = ''
      socket.on('data', bytes => {
        got += bytes.toString('latin1')
      })
      socket.on('end', () => socket.end())
      socket.on('close', () => resolve(got))
      socket.on('error', reject)
      socket.end(Buffer.concat(commands.map(command => encodeCommand(command))))
    })

  test('who has no more to say gets all replies, and is gone then', async () => {
    const client = await server.connect()
    const commands = Array.from({ length: 50 }, (_, i) => ['SET', `key:${i}`, `${i}`])
    const all = await Promise.all(Array.from({ length: 20 }, () => sendAndEnd(commands)))
    expect(new Set(all)).toEqual(new Set(['+OK\r\n'.repeat(50)]))
    expect(await sendAndEnd([['SET', 'a', '1'], ['QUIT'], ['SET', 'a', '2']])).toBe('+OK\r\n+OK\r\n')
    expect(await sendAndEnd([['CLIENT', 'REPLY', 'OFF'], ...commands])).toBe('')
    await until('all are gone', async () => /^connected_clients:1\r?$/m.test(`${await client.must('INFO', 'clients')}`))
    expect(await client.must('GET', 'a')).toBe('1')
    await client.close()
  })

  test('who wants no replies and has no more to say is gone when its last command is done', async () => {
    const client = await server.connect()
    // Long enough for the end of what it sends to be seen before.
    const script = "for i = 1, 2e7 do end redis.call('SET', KEYS[1], 'done')"
    const commands = ['CLIENT REPLY OFF'.split(' '), ['EVAL', script, '1', 'slow']]
    expect(await sendAndEnd(commands)).toBe('')
    expect(await client.must('GET', 'slow')).toBe('done')
    await client.close()
  })

  test('replies come in order, the large ones too, whatever is written meanwhile', async () => {
    const [client, other] = [await server.connect(), await server.connect()]
    const large = 'x'.repeat(300_000)
    const sent: (string | number)[] = []
    const replies: Promise<unknown>[] = []
    await client.must('SET', 'large', large)
    for (let i = 1; i <= 300; i++) {
      replies.push(client.must('INCR', 'count'))
      sent.push(i)
      if (i % 50 === 0) {
        replies.push(client.must('GET', 'large'))
        sent.push(large)
      }
      if (i % 10 === 0) replies.push(other.must('SET', `other:${i}`, 'x').then(() => i))
      if (i % 10 === 0) sent.push(i)
    }
    expect((await Promise.all(replies)).every((reply, i) => reply === sent[i])).toBe(true)
    await client.close()
    await other.close()
  })

  test('subscribers, transactions and blocked clients get what they wait for', async () => {
    const [client, subscriber, blocked] = [await server.connect(), await server.connect(), await server.connect()]
    await subscriber.must('SUBSCRIBE', 'news')
    const popped = blocked.must('BLPOP', 'queue', 0)
    await until('it waits', async () => /^blocked_clients:1\r?$/m.test(`${await client.must('INFO', 'clients')}`))
    await client.must('MULTI')
    await client.must('RPUSH', 'queue', 'a')
    await client.must('SET', 'b', '1')
    await client.must('PUBLISH', 'news', 'text')
    expect(await client.must('EXEC')).toEqual([1, 'OK', 1])
    expect(await popped).toEqual(['queue', 'a'])
    expect(await subscriber.next()).toEqual(['message', 'news', 'text'])
    for (const each of [client, subscriber, blocked]) await each.close()
  })

  test('nobody is left waiting when the policy changes', async () => {
    const [client, other] = [await server.connect(), await server.connect()]
    for (const policy of ['everysec', 'always', 'no', 'always']) {
      const replies = Array.from({ length: 100 }, (_, i) => other.must('SET', `key:${i}`, policy))
      expect(await client.must('CONFIG', 'SET', 'appendfsync', policy)).toBe('OK')
      expect(new Set(await Promise.all(replies))).toEqual(new Set(['OK']))
    }
    await client.close()
    await other.close()
  })
})
