// MIGRATE between whole servers, skep and Redis each way, and what others do to a key while it is on its way.

import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RespClient } from '../support/client.ts'
import { SERVERS } from '../support/each-server.ts'
import { ErrorReply } from '../support/frame.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'

const WAIT_MS_MAX = 10_000

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + WAIT_MS_MAX; !(await holds()); await sleep(5)) {
    if (Date.now() > end) throw new Error(`not ${what}`)
  }
}

for (const from of SERVERS) {
  for (const to of SERVERS.filter(kind => from === 'skep' || kind === 'skep')) {
    describe(`from ${from} to ${to}`, () => {
      let source: TestServer
      let target: TestServer
      let here: RespClient
      let there: RespClient
      beforeAll(async () => {
        ;[source, target] = await Promise.all([
          startServer(from, { shards: 3, readyMsMax: 60_000 }),
          startServer(to, { shards: 2, readyMsMax: 60_000, config: ['user migrant on >secret ~* +@all'] }),
        ])
        ;[here, there] = await Promise.all([source.connect(), target.connect()])
        await there.must('SELECT', 9)
      }, 120_000)
      afterAll(async () => {
        await Promise.all([source?.stop(), target?.stop()])
      })
      beforeEach(async () => {
        await Promise.all([here.must('FLUSHALL'), there.must('FLUSHALL')])
      })

      const migrate = (key: string, ...options: (string | number)[]) =>
        here.call('MIGRATE', '127.0.0.1', target.port, key, 9, 5000, ...options)

      test('moves a key of each type with its time to live', async () => {
        await here.must('SET', 'string', 'value', 'PX', 100_000)
        await here.must('RPUSH', 'list', ...Array.from({ length: 5000 }, (_, i) => `element ${i}`))
        await here.must('HSET', 'hash', 'field', 'value')
        await here.must('SADD', 'set', 'a', 'b')
        await here.must('ZADD', 'zset', 1.5, 'a', 2, 'b')
        await here.must('XADD', 'stream', '1-1', 'field', 'value')
        for (const key of ['string', 'list', 'hash', 'set', 'zset', 'stream']) expect(await migrate(key)).toBe('OK')
        expect(await here.must('DBSIZE')).toBe(0)
        expect(await there.must('GET', 'string')).toBe('value')
        expect(await there.must('PTTL', 'string')).toBeGreaterThan(80_000)
        expect(await there.must('LINDEX', 'list', 4999)).toBe('element 4999')
        expect(await there.must('TTL', 'list')).toBe(-1)
        expect(await there.must('HGETALL', 'hash')).toEqual(['field', 'value'])
        expect(await there.must('SCARD', 'set')).toBe(2)
        expect(await there.must('ZSCORE', 'zset', 'a')).toBe('1.5')
        expect(await there.must('XLEN', 'stream')).toBe(1)
      })

      test('moves those of several keys that are there, and deletes only those that were taken', async () => {
        await here.must('MSET', 'a', 1, 'b', 2, 'c', 3)
        await there.must('SET', 'b', 'taken')
        expect(await migrate('', 'KEYS', 'a', 'none', 'b', 'c')).toEqual(
          new ErrorReply('ERR Target instance replied with error: BUSYKEY Target key name already exists.'),
        )
        expect(await here.must('KEYS', '*')).toEqual(['b'])
        expect(await there.must('MGET', 'a', 'b', 'c')).toEqual(['1', 'taken', '3'])
        expect(await migrate('', 'COPY', 'REPLACE', 'KEYS', 'b')).toBe('OK')
        expect(await here.must('GET', 'b')).toBe('2')
        expect(await there.must('GET', 'b')).toBe('2')
        expect(await migrate('', 'KEYS', 'a', 'none')).toBe('NOKEY')
      })

      test('authenticates', async () => {
        await here.must('SET', 'k', 'v')
        expect(await migrate('k', 'AUTH2', 'migrant', 'wrong')).toEqual(
          new ErrorReply(
            'ERR Target instance replied with error: WRONGPASS invalid username-password pair or user is disabled.',
          ),
        )
        expect(await here.must('EXISTS', 'k')).toBe(1)
        expect(await migrate('k', 'REPLACE', 'AUTH2', 'migrant', 'secret')).toBe('OK')
        expect(await there.must('GET', 'k')).toBe('v')
      })

      test('tells what is wrong', async () => {
        await here.must('SET', 'k', 'v')
        const port = await freePort()
        expect(await here.call('MIGRATE', '127.0.0.1', port, 'k', 0, 500)).toEqual(
          new ErrorReply('IOERR error or timeout writing to target instance'),
        )
        expect(await here.call('MIGRATE', '127.0.0.1', target.port, 'k', 99, 500)).toEqual(
          new ErrorReply('ERR Target instance replied with error: ERR DB index is out of range'),
        )
        expect(await migrate('k', 'KEYS', 'k')).toEqual(
          new ErrorReply('ERR When using MIGRATE KEYS option, the key argument must be set to the empty string'),
        )
        expect(await migrate('k', 'AUTH')).toEqual(new ErrorReply('ERR syntax error'))
        expect(await migrate('k', 'NOW')).toEqual(new ErrorReply('ERR syntax error'))
        expect(await here.call('MIGRATE', 'h', 1, 'k', 'x', 5)).toEqual(
          new ErrorReply('ERR value is not an integer or out of range'),
        )
        expect(await here.must('GET', 'k')).toBe('v')
      })

      test('names its keys', async () => {
        const keys = (...args: (string | number)[]) => here.call('COMMAND', 'GETKEYS', 'MIGRATE', 'h', 1, ...args)
        expect(await keys('k', 0, 1)).toEqual(['k'])
        expect(await keys('', 0, 1, 'KEYS', 'a', 'b')).toEqual(['a', 'b'])
        expect(await keys('', 0, 1, 'AUTH2', 'KEYS', 'KEYS', 'KEYS', 'a')).toEqual(['a'])
      })
    })
  }
}

describe('while a key is on its way', () => {
  let server: TestServer
  let mover: RespClient
  let other: RespClient
  /** A target that answers when it is told to. */
  let target: Server
  let port: number
  let peer: Socket | undefined
  let heard = ''
  beforeAll(async () => {
    server = await startServer('skep', {
      shards: 3,
      args: ['--routers', '2', '--appendonly', 'yes'],
      readyMsMax: 60_000,
    })
    ;[mover, other] = await Promise.all([server.connect(), server.connect()])
    target = createServer(socket => {
      peer = socket
      socket.on('error', () => undefined)
      socket.on('data', bytes => {
        heard += bytes.toString('latin1')
      })
    })
    port = await new Promise(resolve =>
      target.listen(0, '127.0.0.1', () => resolve((target.address() as { port: number }).port)),
    )
  }, 120_000)
  afterAll(async () => {
    peer?.destroy()
    target?.close()
    await server?.stop()
  })
  beforeEach(async () => {
    await other.must('FLUSHALL')
    peer?.destroy()
    heard = ''
  })

  /** Waits until the target has been sent something that ends so, and has it answer. */
  async function answer(pattern: RegExp, reply: string): Promise<void> {
    await until(`sent ${pattern}`, async () => pattern.test(heard))
    heard = ''
    peer?.write(reply)
  }

  test('nobody waits but its client', async () => {
    await other.must('SET', 'k', 1)
    mover.send('MIGRATE', '127.0.0.1', port, 'k', 0, 10_000)
    await until('sent', async () => heard.includes('RESTORE'))
    expect(await other.must('GET', 'k')).toBe('1')
    await other.must('SET', 'another', 1)
    await answer(/RESTORE/, '+OK\r\n+OK\r\n')
    expect(await mover.next()).toBe('OK')
    expect(await other.must('EXISTS', 'k')).toBe(0)
  })

  test('a change is sent as well', async () => {
    await other.must('SET', 'k', 1)
    mover.send('MIGRATE', '127.0.0.1', port, 'k', 0, 10_000)
    await until('sent', async () => heard.includes('RESTORE'))
    expect(await other.must('INCR', 'k')).toBe(2)
    await answer(/RESTORE/, '+OK\r\n+OK\r\n')
    // Two, as an integer of eight bits, and instead of the first.
    await answer(/RESTORE\r\n\$1\r\nk\r\n\$1\r\n0\r\n\$13\r\n\0\xc0\x02[\s\S]*REPLACE/, '+OK\r\n')
    expect(await mover.next()).toBe('OK')
    expect(await other.must('EXISTS', 'k')).toBe(0)
  })

  test('a key that is deleted is deleted there, too', async () => {
    await other.must('MSET', 'k', 1, 'l', 2)
    mover.send('MIGRATE', '127.0.0.1', port, '', 0, 10_000, 'KEYS', 'k', 'l')
    await until('sent', async () => heard.includes('RESTORE'))
    expect(await other.must('DEL', 'k')).toBe(1)
    await answer(/\$1\r\nl\r\n/, '+OK\r\n+OK\r\n+OK\r\n')
    await answer(/\*2\r\n\$3\r\nDEL\r\n\$1\r\nk\r\n/, ':1\r\n')
    expect(await mover.next()).toBe('OK')
    expect(await other.must('DBSIZE')).toBe(0)
  })

  test('a target that falls silent leaves what it has not acknowledged', async () => {
    await other.must('MSET', 'k', 1, 'l', 2)
    mover.send('MIGRATE', '127.0.0.1', port, '', 0, 300, 'KEYS', 'k', 'l')
    await answer(/\$1\r\nl\r\n/, '+OK\r\n+OK\r\n')
    expect(await mover.next()).toEqual(new ErrorReply('IOERR error or timeout reading to target instance'))
    expect(await other.must('KEYS', '*')).toEqual(['l'])
  })

  test('what was moved stays away after a restart', async () => {
    await other.must('MSET', 'k', 1, 'l', 2, 'm', 3)
    mover.send('MIGRATE', '127.0.0.1', port, '', 0, 10_000, 'KEYS', 'k', 'l')
    await answer(/\$1\r\nl\r\n/, '+OK\r\n+OK\r\n+OK\r\n')
    expect(await mover.next()).toBe('OK')
    await other.must('DEBUG', 'LOADAOF')
    expect(await other.must('KEYS', '*')).toEqual(['m'])
  })

  test('writers of both routers lose nothing', async () => {
    const sink = await startServer('skep', { shards: 2, readyMsMax: 60_000 })
    const writers = await Promise.all(Array.from({ length: 4 }, () => server.connect()))
    const there = await sink.connect()
    let isOver = false
    const counts = writers.map(async writer => {
      let count = 0
      for (; !isOver; count++) await writer.must('INCR', 'counter')
      return count
    })
    let moved = 0
    for (let i = 0; i < 20; i++) {
      const reply = await mover.call('MIGRATE', '127.0.0.1', sink.port, 'counter', 0, 5000, 'REPLACE')
      if (reply === 'OK') moved += Number(await there.must('GETDEL', 'counter'))
      else expect(reply === 'NOKEY' || JSON.stringify(reply).includes('TRYAGAIN')).toBe(true)
    }
    isOver = true
    const written = (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
    expect(moved + Number((await other.must('GET', 'counter')) ?? 0)).toBe(written)
    await sink.stop()
  }, 120_000)
})
