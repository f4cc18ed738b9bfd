import { request } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { freePort, type ServerOptions } from '../support/server.ts'
import { ask, type HttpTestServer, startWithHttp } from './gateway.ts'

const running: HttpTestServer[] = []

async function start(options: ServerOptions = {}): Promise<HttpTestServer> {
  const http = await startWithHttp(options)
  running.push(http)
  return http
}

afterEach(async () => {
  for (const { server } of running.splice(0)) await server.stop()
})

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})

/** As a browser would send it: fetch does not let these headers be set. */
function status(http: HttpTestServer, headers: Readonly<Record<string, string>>, path = '/ping'): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${http.url}${path}`,
      { headers: { host: `127.0.0.1:${http.port}`, ...headers } },
      response => {
        response.resume()
        resolve(response.statusCode ?? 0)
      },
    )
    sent.once('error', reject)
    sent.end()
  })
}

describe('without http-token', () => {
  test('anybody on this machine may use it, with whatever token', async () => {
    const http = await start()
    expect(await http.ask('/ping')).toMatchObject({ status: 200, json: { result: 'PONG' } })
    expect(await http.ask('/ping', undefined, bearer('anything'))).toMatchObject({ status: 200 })
  })

  test('pages of other sites are turned away', async () => {
    const http = await start()
    expect(await status(http, {})).toBe(200)
    expect(await status(http, { host: `localhost:${http.port}` })).toBe(200)
    expect(await status(http, { origin: http.url, 'sec-fetch-site': 'same-origin' })).toBe(200)
    expect(await status(http, { host: 'rebound.example' })).toBe(403)
    expect(await status(http, { origin: 'https://evil.example' })).toBe(403)
    expect(await status(http, { origin: 'null' })).toBe(403)
    expect(await status(http, { 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await status(http, { 'sec-fetch-site': 'cross-site' }, '/metrics')).toBe(403)
    expect(await status(http, { 'sec-fetch-site': 'cross-site' }, '/subscribe/a')).toBe(403)
  })

  test('it listens on loopback only, whatever bind says', async () => {
    const http = await start({ args: ['--bind', '0.0.0.0'] })
    const other = `http://127.0.0.2:${http.port}/health`
    await expect(fetch(other)).rejects.toThrow()
    const client = await http.server.connect()
    await client.call('CONFIG', 'SET', 'http-token', 'x')
    expect((await fetch(other)).status).toBe(200)
    await client.close()
  })

  test('the password of the default user is a token', async () => {
    const http = await start({ args: ['--requirepass', 'secret'] })
    expect(await http.ask('/ping')).toMatchObject({ status: 401, json: { error: 'Unauthorized' } })
    expect(await http.ask('/ping', undefined, bearer('wrong'))).toMatchObject({ status: 401 })
    expect(await http.ask('/ping', undefined, bearer('secret'))).toMatchObject({ status: 200 })
    expect(await status(http, {}, '/metrics')).toBe(401)
    expect(await status(http, {}, '/status.json')).toBe(401)
    expect(await status(http, {}, '/subscribe/a')).toBe(401)
    expect(await status(http, {}, '/health')).toBe(200)
  })
})

describe('with http-token', () => {
  test('only who shows it may use the gateway', async () => {
    const http = await start({ args: ['--http-token', 'sésame', '--requirepass', 'secret'] })
    expect(await http.ask('/ping')).toMatchObject({ status: 401, json: { error: 'Unauthorized' } })
    expect(await http.ask('/ping', undefined, bearer('secret'))).toMatchObject({ status: 401 })
    const token = Buffer.from('sésame').toString('latin1')
    expect(await http.ask('/ping', undefined, bearer(token))).toMatchObject({ status: 200 })
    expect(await http.ask(`/ping?_token=${encodeURIComponent('sésame')}`)).toMatchObject({ status: 200 })
    expect(await http.ask('/ping?_token=other')).toMatchObject({ status: 401 })
    expect(await status(http, bearer(token), '/metrics')).toBe(200)
    expect(await status(http, {}, '/metrics')).toBe(401)
    expect(await status(http, { host: 'any.example', 'sec-fetch-site': 'cross-site', ...bearer(token) })).toBe(200)
  })

  const elsewhere = Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

  test.skipIf(elsewhere === undefined)('other machines may use it, protected mode or not', async () => {
    const http = await start({ args: ['--http-token', 'sesame', '--bind', '0.0.0.0'] })
    const url = `http://${elsewhere}:${http.port}`
    expect(await ask(`${url}/ping`, undefined, bearer('sesame'))).toMatchObject({
      status: 200,
      json: { result: 'PONG' },
    })
    expect(await ask(`${url}/ping`)).toMatchObject({ status: 401 })
  })

  test('a user of the ACL may show a password instead, and is bound by its rules', async () => {
    const http = await start({
      args: ['--http-token', 'sesame', '--user', 'ann', 'on', '>pass', '~ann:*', '+@all', '-info'],
      config: ['user bob on nopass ~* +@all'],
    })
    const asAnn = (...words: string[]) => http.ask('/', words, basic('ann', 'pass'))
    expect(await asAnn('SET', 'ann:1', 'x')).toMatchObject({ status: 200 })
    expect(await asAnn('SET', 'other', 'x')).toMatchObject({ status: 400, json: { error: /^NOPERM/ } })
    expect(await asAnn('ACL', 'WHOAMI')).toMatchObject({ json: { result: 'ann' } })
    expect(await http.ask('/ping', undefined, basic('ann', 'wrong'))).toMatchObject({ status: 401 })
    expect(await http.ask('/acl/whoami', undefined, bearer('sesame'))).toMatchObject({ json: { result: 'default' } })
    // Nor may a user without a password stand in for the token.
    expect(await http.ask('/ping', undefined, basic('bob', 'x'))).toMatchObject({ status: 401 })
    expect(await http.ask('/ping', undefined, basic('default', 'x'))).toMatchObject({ status: 401 })
    expect(await http.ask('/status.json', undefined, basic('ann', 'pass'))).toMatchObject({ status: 403 })
  })

  test('strangers send no large bodies', async () => {
    const http = await start({ args: ['--http-token', 'sesame'] })
    const socket = connect(http.port, '127.0.0.1')
    let text = ''
    socket.on('data', chunk => {
      text += chunk
    })
    // Nothing of the body is sent: the answer does not wait for it.
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n')
    while (!text.includes('Unauthorized')) await sleep(10)
    expect(text).toMatch(/^HTTP\/1\.1 401 /)
    socket.destroy()
    const large = ['SET', 'large', 'x'.repeat(1_000_000)]
    expect(await http.ask('/', large, bearer('sesame'))).toMatchObject({ status: 200 })
    expect(await http.ask('/', large, bearer('wrong'))).toMatchObject({ status: 401 })
  })

  test('one connection is not two users at a time', async () => {
    const http = await start({ args: ['--user', 'ann', 'on', '>pass', '~*', '+@all'] })
    const socket = connect(http.port, '127.0.0.1')
    let text = ''
    socket.on('data', chunk => {
      text += chunk
    })
    const ann = `Authorization: ${basic('ann', 'pass').authorization}\r\n`
    socket.write(`GET /blpop/none/1 HTTP/1.1\r\nHost: localhost\r\n${ann}\r\n`)
    socket.write('GET /acl/whoami HTTP/1.1\r\nHost: localhost\r\n\r\n')
    while (!text.includes('under way')) await sleep(10)
    socket.write('GET /acl/whoami HTTP/1.1\r\nHost: localhost\r\n\r\n')
    while (!text.includes('default')) await sleep(10)
    expect([...text.matchAll(/^\{.*\}/gm)].map(([body]) => body.replace(/HTTP.*/, ''))).toEqual([
      '{"result":null}',
      expect.stringContaining('under way'),
      '{"result":"default"}',
    ])
    socket.destroy()
  })

  test('it is not told to anybody', async () => {
    const http = await start({ args: ['--http-token', 'first-secret', '--slowlog-log-slower-than', '0'] })
    const client = await http.server.connect()
    await client.call('CONFIG', 'SET', 'http-token', 'second-secret')
    expect(JSON.stringify(await client.call('SLOWLOG', 'GET', 128))).not.toContain('second-secret')
    await http.ask('/ping', undefined, bearer('second-secret'))
    expect(http.server.output()).not.toMatch(/first-secret|second-secret/)
    await client.close()
  })

  test('changes and ends at run time, on connections that are open as well', async () => {
    const http = await start({ args: ['--http-token', 'first'] })
    const client = await http.server.connect()
    expect(await http.ask('/ping', undefined, bearer('first'))).toMatchObject({ status: 200 })
    await client.call('CONFIG', 'SET', 'http-token', 'second')
    expect(await http.ask('/ping', undefined, bearer('first'))).toMatchObject({ status: 401 })
    expect(await http.ask('/ping', undefined, bearer('second'))).toMatchObject({ status: 200 })
    await client.call('CONFIG', 'SET', 'http-token', '')
    expect(await http.ask('/ping')).toMatchObject({ status: 200 })
    await client.close()
  })
})

test('CONFIG SET http-port moves the gateway, or leaves it where it was', async () => {
  const http = await start()
  const client = await http.server.connect()
  const port = await freePort()
  expect(await client.call('CONFIG', 'SET', 'http-port', port)).toBe('OK')
  expect(await ask(`http://127.0.0.1:${port}/ping`)).toMatchObject({ status: 200 })
  await expect(fetch(`${http.url}/ping`)).rejects.toThrow()
  expect(await client.call('CONFIG', 'SET', 'http-port', http.server.port)).toMatchObject({
    text: expect.stringContaining('Unable to listen'),
  })
  expect(await client.call('CONFIG', 'GET', 'http-port')).toEqual(['http-port', String(port)])
  expect(await ask(`http://127.0.0.1:${port}/ping`)).toMatchObject({ status: 200 })
  await client.call('CONFIG', 'SET', 'http-port', 0)
  await expect(fetch(`http://127.0.0.1:${port}/ping`)).rejects.toThrow()
  await client.close()
})

test('connections beyond maxclients are turned away with a status', async () => {
  const http = await start({ args: ['--maxclients', '3'] })
  const clients = await Promise.all([http.server.connect(), http.server.connect(), http.server.connect()])
  // Once they are answered, they have been accepted.
  for (const client of clients) await client.call('PING')
  expect(await http.ask('/ping')).toMatchObject({ status: 503, json: { error: 'ERR max number of clients reached' } })
  expect(await http.ask('/health')).toMatchObject({ status: 200 })
  await clients[0].close()
  while ((await http.ask('/ping')).status !== 200);
  for (const client of clients.slice(1)) await client.close()
})

test('all routers take HTTP', async () => {
  const http = await start({ args: ['--routers', '2'] })
  const ids = new Set<number>()
  for (let i = 0; i < 50; i++) {
    const { json } = await http.ask('/client/id', undefined, { connection: 'close' })
    ids.add((json as { result: number }).result % 2)
  }
  expect(ids.size).toBe(2)
})
