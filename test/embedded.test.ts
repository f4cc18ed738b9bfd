// A server inside a program: how it is started, what it tells, and that nothing is left of it.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { type Options, SkepServer, startServer } from '../src/index.ts'
import { projectNode } from './support/server.ts'

const INDEX = fileURLToPath(new URL('../src/index.ts', import.meta.url))

/** Runs a program of its own to its end; it must end by itself. Resolves to what it prints. */
async function program(code: string): Promise<string> {
  const args = ['--input-type=module-typescript', '-e', `import { startServer } from ${JSON.stringify(INDEX)}\n${code}`]
  const { stdout } = await promisify(execFile)(projectNode(), args, { timeout: 80_000 })
  return stdout
}

async function withClient<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { retryStrategy: () => null })
  try {
    return await work(client)
  } finally {
    client.disconnect()
  }
}

describe('startServer', () => {
  test('listens on a free port of 127.0.0.1 and is closed with its block', async () => {
    let url = ''
    {
      await using server = await startServer()
      url = server.url
      expect(url).toBe(`redis://127.0.0.1:${server.port}`)
      expect(server.host).toBe('127.0.0.1')
      expect(await withClient(url, client => client.set('k', 'v'))).toBe('OK')
      expect(await withClient(url, client => client.info('server'))).toContain(`tcp_port:${server.port}\r\n`)
    }
    const client = new Redis(url, { retryStrategy: () => null, lazyConnect: true })
    client.on('error', () => undefined)
    await expect(client.connect()).rejects.toThrow()
  })

  test('takes directives as options', async () => {
    const options: Options = {
      maxmemory: '10mb',
      appendonly: false,
      'shutdown-on-sigterm': ['nosave', 'now'],
      shards: 2,
    }
    await using server = await startServer(options)
    expect(server.host).toBe('127.0.0.1')
    const values = await withClient(server.url, client =>
      client.call('CONFIG', 'GET', 'maxmemory', 'shutdown-on-sigterm', 'shards'),
    )
    expect(values).toEqual(['maxmemory', '10485760', 'shutdown-on-sigterm', 'nosave now', 'shards', '2'])
  })

  test('finds one port for all addresses and all routers', async () => {
    await using server = await startServer({ bind: ['127.0.0.1', '127.0.0.2'], routers: 2 })
    for (const host of ['127.0.0.1', '127.0.0.2']) {
      expect(await withClient(`redis://${host}:${server.port}`, client => client.ping())).toBe('PONG')
    }
    // The kernel deals connections out, so some of so many are the second router's, whose ids are even.
    const ids = await Promise.all(
      Array.from({ length: 40 }, () => withClient(server.url, client => client.client('ID'))),
    )
    expect(new Set(ids.map(id => Number(id) % 2)).size).toBe(2)
  })

  test('names the option that is wrong', async () => {
    await expect(startServer({ 'no-such-thing': 1 })).rejects.toThrow(/no-such-thing/)
    await expect(startServer({ maxmemory: 'plenty' })).rejects.toThrow(/maxmemory/)
  })

  test('says that the port is taken, and leaves no thread behind', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    try {
      await expect(startServer({ port })).rejects.toThrow(/Failed listening on port/)
    } finally {
      taken.close()
    }
  })

  test('several servers in one process have nothing in common', async () => {
    await using one = await startServer({ shards: 2 })
    await using two = await startServer({ requirepass: 'a secret/word' })
    await one.seed({ key: 'one' })
    await two.seed({ key: 'two' })
    expect(two.url).toBe(`redis://:a%20secret%2Fword@127.0.0.1:${two.port}`)
    expect(await withClient(one.url, client => client.get('key'))).toBe('one')
    expect(await withClient(two.url, client => client.get('key'))).toBe('two')
    await one.flush()
    expect(await withClient(one.url, client => client.dbsize())).toBe(0)
    expect(await withClient(two.url, client => client.dbsize())).toBe(1)
  })

  test('leaves the folder and the title of the process alone', async () => {
    const before = [process.cwd(), process.title]
    const [first, second] = ['a', 'b'].map(name => mkdtempSync(join(tmpdir(), `skep-embedded-${name}-`)))
    try {
      await using server = await startServer({ dir: first, 'enable-protected-configs': 'yes' })
      await withClient(server.url, client => client.config('SET', 'dir', second))
      expect([process.cwd(), process.title]).toEqual(before)
    } finally {
      for (const folder of [first, second]) rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('seed', () => {
  test('makes a type for each shape of value', async () => {
    await using server = await startServer()
    await server.seed({
      text: 'value',
      number: 7,
      bytes: new Uint8Array([0, 255]),
      list: ['a', 'b', 3],
      set: new Set(['x', 'y']),
      hash: { name: 'Ann', age: 30 },
      map: new Map([['f', 'v']]),
    })
    await withClient(server.url, async client => {
      expect(await client.get('text')).toBe('value')
      expect(await client.incr('number')).toBe(8)
      expect(await client.getBuffer('bytes')).toEqual(Buffer.from([0, 255]))
      expect(await client.lrange('list', 0, -1)).toEqual(['a', 'b', '3'])
      expect((await client.smembers('set')).sort()).toEqual(['x', 'y'])
      expect(await client.hgetall('hash')).toEqual({ name: 'Ann', age: '30' })
      expect(await client.hgetall('map')).toEqual({ f: 'v' })
    })
  })

  test('takes the place of what a key held', async () => {
    await using server = await startServer()
    await server.seed({ key: ['old', 'list'] })
    await server.seed({ key: new Set(['new']) })
    expect(await withClient(server.url, client => client.smembers('key'))).toEqual(['new'])
  })

  test('runs commands, and throws what the server replies to a wrong one', async () => {
    await using server = await startServer()
    await server.seed([
      ['ZADD', 'board', 7, 'ann'],
      ['EXPIRE', 'board', 100],
    ])
    expect(await withClient(server.url, client => client.zscore('board', 'ann'))).toBe('7')
    await expect(server.seed([['INCR', 'board']])).rejects.toThrow(/^WRONGTYPE/)
  })
})

describe('the events of a server', () => {
  test('ready, then end', async () => {
    const server = new SkepServer()
    const heard: string[] = []
    server.on('ready', () => heard.push(`ready ${server.port > 0}`))
    server.on('end', () => heard.push('end'))
    await server.start()
    expect(heard).toEqual(['ready true'])
    await server.close()
    await server.close()
    expect(heard).toEqual(['ready true', 'end'])
  })

  test('the command SHUTDOWN ends the server, not the program', async () => {
    const server = await startServer()
    const ended = new Promise<void>(resolve => server.once('end', resolve))
    await withClient(server.url, client => client.shutdown('NOSAVE').catch(() => undefined))
    await ended
    await server.close()
  })

  test('a server is started once', async () => {
    await using server = await startServer()
    await expect(server.start()).rejects.toThrow(/once/)
  })
})

test('keeps its data in a folder, if it is asked to', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skep-embedded-'))
  try {
    for (const options of [{ appendonly: true }, { save: ['3600', '1'] }]) {
      const folder = mkdtempSync(join(dir, 'data-'))
      {
        await using server = await startServer({ ...options, dir: folder })
        await server.seed({ kept: ['a', 'b'] })
      }
      {
        // What lies in the program's own folder is not loaded unless it is asked for.
        const script = `process.chdir(${JSON.stringify(folder)}); await using s = await startServer(); console.log(s.port > 0)
          const { Redis } = await import(${JSON.stringify(import.meta.resolve('ioredis'))})
          const client = new Redis(s.url); console.log(await client.dbsize()); client.disconnect()`
        expect(await program(script)).toBe('true\n0\n')
      }
      await using server = await startServer({ ...options, dir: folder })
      expect(await withClient(server.url, client => client.lrange('kept', 0, -1))).toEqual(['a', 'b'])
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

describe('a program that has closed its servers', () => {
  test('ends by itself and has no handle left', async () => {
    const output = await program(`
      const servers = await Promise.all([startServer({ shards: 2 }), startServer({ routers: 2 }), startServer()])
      for (const server of servers) await server.seed({ a: 1 })
      await Promise.all(servers.map(server => server.close()))
      const left = process.getActiveResourcesInfo().filter(name => name !== 'PipeWrap')
      console.log(JSON.stringify(left))`)
    expect(output).toBe('[]\n')
  }, 90_000)

  test('ends by itself after a start that failed', async () => {
    const output = await program(`
      await startServer({ 'rename-command': ['NOSUCH', 'X'] }).catch(error => console.log(error.message))
      await startServer({ bind: '203.0.113.1' }).catch(() => console.log('not listening'))`)
    expect(output).toMatch(/^No such command in rename-command\nnot listening\n$/)
  }, 90_000)
})
