import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RespClient } from '../support/client.ts'
import { until } from '../support/until.ts'
import { type HttpTestServer, startWithHttp } from './gateway.ts'

let http: HttpTestServer
let client: RespClient

beforeAll(async () => {
  http = await startWithHttp()
  client = await http.server.connect()
})

afterAll(async () => {
  await client?.close()
  await http?.server.stop()
})

beforeEach(async () => {
  await client.call('FLUSHALL')
})

const outcome = async (path: string, body?: unknown, headers?: Record<string, string>) => {
  const { status, json } = await http.ask(path, body, headers)
  return [status, json]
}

describe('a command in the body', () => {
  test('is run, and its reply comes as JSON', async () => {
    expect(await outcome('/', ['SET', 'key', 'välue "1"\n'])).toEqual([200, { result: 'OK' }])
    expect(await outcome('/', ['GET', 'key'])).toEqual([200, { result: 'välue "1"\n' }])
    expect(await client.call('GET', 'key')).toBe('välue "1"\n')
    expect(await outcome('/', ['GET', 'nothing'])).toEqual([200, { result: null }])
    expect(await outcome('/', ['RPUSH', 'list', 'a', 2, true])).toEqual([200, { result: 3 }])
    expect(await outcome('/', ['LRANGE', 'list', 0, -1])).toEqual([200, { result: ['a', '2', 'true'] }])
    expect(await outcome('/', ['SCAN', 0, 'COUNT', 100])).toEqual([
      200,
      { result: ['0', expect.arrayContaining(['key'])] },
    ])
  })

  test('needs no content type', async () => {
    expect(await outcome('/', '["ECHO","x"]', { 'content-type': 'application/x-www-form-urlencoded' })).toEqual([
      200,
      { result: 'x' },
    ])
  })

  test('fails with status 400 and the error that Redis replies', async () => {
    expect(await outcome('/', ['GET'])).toEqual([400, { error: "ERR wrong number of arguments for 'get' command" }])
    await outcome('/', ['SET', 'key', 'text'])
    expect(await outcome('/', ['INCR', 'key'])).toEqual([400, { error: 'ERR value is not an integer or out of range' }])
  })

  test('that is none is refused and leaves the connection usable', async () => {
    for (const body of ['', 'SET a b', '{"a":1}', '"GET"', '[]', '[["GET","a"]]', '[null]', '[{"a":1}]']) {
      const { status, json } = await http.ask('/', body)
      expect([body, status, json]).toEqual([body, 400, { error: expect.stringMatching(/^ERR /) }])
    }
    expect(await outcome('/', ['PING'])).toEqual([200, { result: 'PONG' }])
  })

  test('that would outlive the request is refused, under any name', async () => {
    const commands = [['SUBSCRIBE', 'a'], ['MONITOR'], ['multi'], ['WATCH', 'a'], ['SELECT', 1], ['QUIT'], ['RESET']]
    for (const words of [...commands, ['CLIENT', 'REPLY', 'OFF'], ['HELLO', 3], ['AUTH', 'x']]) {
      const { status, json } = await http.ask('/', words)
      expect([words, status, json]).toEqual([words, 400, { error: expect.stringContaining('not available over HTTP') }])
    }
  })

  test('may be larger than any buffer, and so may its reply', async () => {
    const value = 'x'.repeat(5_000_000)
    expect(await outcome('/', ['SET', 'large', value])).toEqual([200, { result: 'OK' }])
    expect((await http.ask('/', ['GET', 'large'])).json).toEqual({ result: value })
    const many = Array.from({ length: 50_000 }, (_, i) => `element:${i}`)
    await outcome('/', ['RPUSH', 'many', ...many])
    expect((await http.ask('/', ['LRANGE', 'many', 0, -1])).json).toEqual({ result: many })
  })
})

describe('Upstash-Encoding: base64', () => {
  const base64 = { 'Upstash-Encoding': 'base64' }
  const encoded = (text: string): string => Buffer.from(text).toString('base64')

  test('encodes strings at any depth, not numbers, nil, OK or errors', async () => {
    expect(await outcome('/', ['SET', 'key', 'OK'], base64)).toEqual([200, { result: 'OK' }])
    expect(await outcome('/', ['GET', 'key'], base64)).toEqual([200, { result: encoded('OK') }])
    expect(await outcome('/', ['MGET', 'key', 'none'], base64)).toEqual([200, { result: [encoded('OK'), null] }])
    expect(await outcome('/', ['TYPE', 'key'], base64)).toEqual([200, { result: encoded('string') }])
    expect(await outcome('/', ['STRLEN', 'key'], base64)).toEqual([200, { result: 2 }])
    expect(await outcome('/', ['FOO'], base64)).toEqual([400, { error: expect.stringContaining('unknown command') }])
    expect(await outcome('/pipeline', [['GET', 'key'], ['FOO']], base64)).toEqual([
      200,
      [{ result: encoded('OK') }, { error: expect.stringContaining('unknown command') }],
    ])
  })

  test('keeps bytes that are no text', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    await http.ask('/set/bytes', bytes)
    expect((await http.ask('/', ['GET', 'bytes'], base64)).json).toEqual({ result: bytes.toString('base64') })
  })
})

describe('a command in the path', () => {
  test('has its words between slashes, decoded', async () => {
    expect(await outcome('/set/foo/bar')).toEqual([200, { result: 'OK' }])
    expect(await outcome('/get/foo')).toEqual([200, { result: 'bar' }])
    expect(await outcome('/set/a%2Fb/c%20d%C3%A4')).toEqual([200, { result: 'OK' }])
    expect(await client.call('GET', 'a/b')).toBe('c dä')
    expect(await outcome('/get')).toEqual([400, { error: "ERR wrong number of arguments for 'get' command" }])
    expect(await outcome('/get/%ff')).toEqual([400, { error: expect.stringContaining('not a valid url') }])
  })

  test('takes the body as its last word, the query behind it', async () => {
    expect(await outcome('/set/foo', '["not","a","command"]')).toEqual([200, { result: 'OK' }])
    expect(await client.call('GET', 'foo')).toBe('["not","a","command"]')
    expect(await outcome('/set/foo?EX=100&_token=whatever', 'value')).toEqual([200, { result: 'OK' }])
    expect(await client.call('TTL', 'foo')).toBe(100)
    expect(await outcome('/set/foo?NX', 'other')).toEqual([200, { result: null }])
  })
})

describe('a pipeline', () => {
  test('gives a result or an error for each command, in order', async () => {
    const commands = [['SET', 'a', 1], ['INCR', 'a'], ['SUBSCRIBE', 'x'], ['LPUSH', 'a', 1], [], ['GET', 'a'], ['FOO']]
    expect(await outcome('/pipeline', commands)).toEqual([
      200,
      [
        { result: 'OK' },
        { result: 2 },
        { error: expect.stringContaining('not available') },
        { error: expect.stringMatching(/^WRONGTYPE/) },
        { error: 'ERR empty command' },
        { result: '2' },
        { error: expect.stringContaining('unknown command') },
      ],
    ])
    expect(await outcome('/pipeline', [['MONITOR'], ['MONITOR']])).toMatchObject([200, [{}, {}]])
  })

  test('may be long and go to all shards', async () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `key:${i}`)
    const set = await http.ask(
      '/pipeline',
      keys.map(key => ['SET', key, key]),
    )
    expect(set.json).toEqual(keys.map(() => ({ result: 'OK' })))
    const got = await http.ask('/pipeline', [...keys.map(key => ['GET', key]), ['DBSIZE']])
    expect(got.json).toEqual([...keys.map(key => ({ result: key })), { result: keys.length }])
  })

  test('is not mixed up with requests that come at the same time, whatever is refused in them', async () => {
    await client.call('SET', 'a', 'value')
    const requests = Array.from({ length: 200 }, (_, i) => {
      if (i % 3 === 0) return http.ask('/pipeline', [['MONITOR'], ['ECHO', `${i}`], ['WATCH', 'a'], ['GET', 'a']])
      return i % 3 === 1 ? http.ask('/', ['ECHO', `${i}`]) : http.ask('/', ['MONITOR'])
    })
    const refused = (name: string) => ({ error: `ERR ${name} is not available over HTTP` })
    for (const [i, { json }] of (await Promise.all(requests)).entries()) {
      if (i % 3 === 0) {
        expect(json).toEqual([refused('MONITOR'), { result: `${i}` }, refused('WATCH'), { result: 'value' }])
      } else expect(json).toEqual(i % 3 === 1 ? { result: `${i}` } : refused('MONITOR'))
    }
  })

  test('that is none is refused', async () => {
    for (const body of ['[]', '["GET","a"]', '{}', 'x']) {
      expect(await outcome('/pipeline', body)).toEqual([400, { error: expect.stringMatching(/^ERR /) }])
    }
  })
})

describe('a transaction', () => {
  test('gives what each of its commands gives', async () => {
    const commands = [
      ['SET', 'a', 'x'],
      ['INCR', 'a'],
      ['INCR', 'b'],
      ['MGET', 'a', 'b'],
      ['LRANGE', 'none', 0, -1],
    ]
    expect(await outcome('/multi-exec', commands)).toEqual([
      200,
      [
        { result: 'OK' },
        { error: 'ERR value is not an integer or out of range' },
        { result: 1 },
        { result: ['x', '1'] },
        { result: [] },
      ],
    ])
  })

  test('that cannot be queued whole does nothing', async () => {
    expect(await outcome('/multi-exec', [['SET', 'a', 1], ['GET']])).toEqual([
      400,
      { error: expect.stringMatching(/^EXECABORT .*wrong number of arguments/) },
    ])
    expect(
      await outcome('/multi-exec', [
        ['SET', 'a', 1],
        ['WATCH', 'b'],
      ]),
    ).toMatchObject([400, {}])
    expect(await client.call('EXISTS', 'a')).toBe(0)
    expect(await outcome('/', ['PING'])).toEqual([200, { result: 'PONG' }])
  })

  test('is not seen half done', async () => {
    const keys = ['x', 'y', 'z', 'other']
    const writer = async (): Promise<void> => {
      for (let i = 0; i < 50; i++)
        await http.ask(
          '/multi-exec',
          keys.map(key => ['INCR', key]),
        )
    }
    let isDone = false
    const reader = async (): Promise<void> => {
      while (!isDone) {
        const { json } = await http.ask('/', ['MGET', ...keys])
        expect(new Set((json as { result: string[] }).result).size).toBe(1)
      }
    }
    const written = Promise.all([writer(), writer()]).finally(() => {
      isDone = true
    })
    await Promise.all([written, reader()])
    expect(await client.call('GET', 'other')).toBe('100')
  })
})

describe('a connection', () => {
  /** Sends requests at once over one connection and returns the bodies of the answers. */
  async function pipelined(commands: readonly (readonly (string | number)[])[]): Promise<unknown[]> {
    const socket = connect(http.port, '127.0.0.1')
    let text = ''
    socket.on('data', chunk => {
      text += chunk
    })
    for (const words of commands) {
      const body = JSON.stringify(words)
      socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
    }
    const bodies = (): unknown[] =>
      [...text.matchAll(/\r\n\r\n(\{.*?\})(?=HTTP|$)/g)].map(match => JSON.parse(match[1]))
    await until('all is answered', () => bodies().length >= commands.length)
    socket.destroy()
    return bodies()
  }

  test('answers requests sent without waiting in their order, those that block as well', async () => {
    const answers = pipelined([
      ['SET', 'a', 1],
      ['BLPOP', 'queue', 10],
      ['INCR', 'a'],
      ['GET', 'a'],
    ])
    await until('it waits', async () => String(await client.call('CLIENT', 'LIST')).includes('cmd=blpop'))
    await client.call('RPUSH', 'queue', 'job')
    expect(await answers).toEqual([{ result: 'OK' }, { result: ['queue', 'job'] }, { result: 2 }, { result: '2' }])
  })

  test('is a client like any other, and gone when it ends', async () => {
    const socket = connect(http.port, '127.0.0.1')
    const body = '["BLPOP","nothing",0]'
    socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    const listed = async (): Promise<boolean> => String(await client.call('CLIENT', 'LIST')).includes('cmd=blpop')
    await until('it waits', listed)
    socket.destroy()
    await until('it is gone', async () => !(await listed()))
    await client.call('RPUSH', 'nothing', 'kept')
    expect(await client.call('LLEN', 'nothing')).toBe(1)
  })

  test('ends when its client is killed', async () => {
    const { json } = await http.ask('/', ['CLIENT', 'ID'])
    const { result: id } = json as { result: number }
    expect(await client.call('CLIENT', 'KILL', 'ID', id)).toBe(1)
    await until('it is gone', async () => !String(await client.call('CLIENT', 'LIST')).includes(`id=${id} `))
    // A request that takes the connection before it is known to be closed fails; those behind it go on.
    await expect.poll(() => outcome('/', ['PING'])).toEqual([200, { result: 'PONG' }])
  })
})

test('the sync token changes with every write and with nothing else', async () => {
  const token = async (...words: (string | number)[]): Promise<string | null> =>
    (await http.ask('/', words)).headers.get('upstash-sync-token')
  const first = await token('SET', 'a', 1)
  expect(first).toBeTruthy()
  expect(await token('GET', 'a')).toBe(first)
  const second = await token('INCR', 'a')
  expect(second).not.toBe(first)
  expect(await token('DEL', 'a')).not.toBe(second)
})

test('methods that mean nothing are refused', async () => {
  const response = await fetch(`${http.url}/get/a`, { method: 'DELETE' })
  expect([response.status, await response.json()]).toEqual([405, { error: 'ERR method not allowed' }])
})
