// Libraries of functions: what the commands reply, and that libraries are where the data is: on every thread, on disk, on
// replicas, in both directions between skep and Redis.

import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RespClient } from '../support/client.ts'
import { SERVERS } from '../support/each-server.ts'
import { ErrorReply } from '../support/frame.ts'
import { projectNode, type ServerKind, startServer, type TestServer } from '../support/server.ts'

const START = { readyMsMax: 60_000 }
const WAIT_MS_MAX = 30_000

const libraryOf = (name: string, fn: string, body: string): string =>
  `#!lua name=${name}\nredis.register_function('${fn}', function(keys, args) ${body} end)`

const GREETING = libraryOf('greetings', 'greet', "return 'hello ' .. args[1]")

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + WAIT_MS_MAX; !(await holds()); await sleep(20)) {
    if (Date.now() > end) throw new Error(`not ${what}`)
  }
}

describe.each(SERVERS)('on %s', kind => {
  let server: TestServer
  let client: RespClient
  beforeAll(async () => {
    server = await startServer(kind, { shards: 3, ...START })
    client = await server.connect()
  }, 120_000)
  afterAll(() => server?.stop())
  beforeEach(async () => {
    await client.must('FUNCTION', 'FLUSH')
    await client.must('FLUSHALL')
  })

  test('a library is taken, listed, called and deleted', async () => {
    expect(await client.call('FUNCTION', 'LOAD', GREETING)).toBe('greetings')
    expect(await client.call('FUNCTION', 'LIST', 'WITHCODE')).toEqual([
      [
        'library_name',
        'greetings',
        'engine',
        'LUA',
        'functions',
        [['name', 'greet', 'description', null, 'flags', []]],
        'library_code',
        GREETING,
      ],
    ])
    expect(await client.call('FUNCTION', 'LIST', 'LIBRARYNAME', 'x*')).toEqual([])
    expect(await client.call('FCALL', 'GREET', 0, 'you')).toBe('hello you')
    expect(await client.call('FUNCTION', 'DELETE', 'greetings')).toBe('OK')
    expect(await client.call('FCALL', 'greet', 0, 'you')).toEqual(new ErrorReply('ERR Function not found'))
    expect(await client.call('FUNCTION', 'DELETE', 'greetings')).toEqual(new ErrorReply('ERR Library not found'))
  })

  test('a library is replaced only if that is asked for, and as a whole', async () => {
    await client.must('FUNCTION', 'LOAD', GREETING)
    const other = libraryOf('greetings', 'part', "return 'bye ' .. args[1]")
    expect(await client.call('FUNCTION', 'LOAD', other)).toEqual(
      new ErrorReply("ERR Library 'greetings' already exists"),
    )
    expect(await client.call('FUNCTION', 'LOAD', 'REPLACE', other)).toBe('greetings')
    expect(await client.call('FCALL', 'greet', 0, 'x')).toEqual(new ErrorReply('ERR Function not found'))
    expect(await client.call('FCALL', 'part', 0, 'x')).toBe('bye x')
    expect(await client.call('FUNCTION', 'LOAD', libraryOf('second', 'PART', 'return 1'))).toEqual(
      new ErrorReply('ERR Function PART already exists'),
    )
    expect(await client.call('FUNCTION', 'STATS')).toEqual([
      'running_script',
      null,
      'engines',
      ['LUA', ['libraries_count', 1, 'functions_count', 1]],
    ])
  })

  test.each([
    ['return 1', 'ERR Missing library metadata'],
    ['#!lua name=a', 'ERR Invalid library metadata'],
    ['#!lua name="a\n', 'ERR Invalid library metadata'],
    ['#!lua\nreturn 1', 'ERR Library name was not given'],
    ['#!lua name=a name=b\nreturn 1', 'ERR Invalid metadata value, name argument was given multiple times'],
    ['#!lua name=a x=b\nreturn 1', 'ERR Invalid metadata value given: x=b'],
    ['#!js name=a\nreturn 1', "ERR Engine 'js' not found"],
    [
      '#!lua name=a-b\nreturn 1',
      'ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long',
    ],
    ['#!lua name=a\nreturn 1', 'ERR No functions registered'],
    ['#!lua name=a\nno lua', "ERR Error compiling function: user_function:2: '=' expected near 'lua'"],
    [
      "#!lua name=a\n\nredis.call('PING')",
      "ERR Error registering functions: ERR user_function:3: Script attempted to access nonexistent global variable 'call'",
    ],
    [
      '#!lua name=a\nlocal x = tostring(1)',
      "ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'tostring'",
    ],
    ['#!lua name=a\nx = 1', 'ERR Error registering functions: ERR user_function:2: Attempt to modify a readonly table'],
    [
      "#!lua name=a\nredis.register_function('f', 1)",
      'ERR Error registering functions: ERR second argument to redis.register_function must be a function',
    ],
    [
      "#!lua name=a\nredis.register_function{function_name='f', callback=function() end, flags={'fast'}}",
      'ERR Error registering functions: ERR unknown flag given',
    ],
  ])('%j is refused', async (code, error) => {
    expect(await client.call('FUNCTION', 'LOAD', code)).toEqual(new ErrorReply(error))
  })

  test('functions share what their library has, and nothing else', async () => {
    await client.must(
      'FUNCTION',
      'LOAD',
      `#!lua name=lib
      local library = redis
      local function twice(x) return 2 * x end
      redis.register_function('double', function(keys, args) return twice(args[1]) end)
      redis.register_function('late', function() library.register_function('x', function() end) end)
      redis.register_function('global', function() x = 1 end)
      redis.register_function('read', function() return x end)
      redis.register_function('debugger', function() return tostring(redis.breakpoint) end)`,
    )
    expect(await client.call('FCALL', 'double', 0, 21)).toBe(42)
    expect(await client.call('FCALL', 'debugger', 0)).toBe('nil')
    expect(await client.call('FCALL', 'late', 0)).toEqual(
      new ErrorReply(
        'ERR redis.register_function can only be called on FUNCTION LOAD command script: late, on @user_function:5.',
      ),
    )
    expect(await client.call('FCALL', 'global', 0)).toEqual(
      new ErrorReply('ERR user_function:6: Attempt to modify a readonly table script: global, on @user_function:6.'),
    )
    expect(await client.call('FCALL', 'read', 0)).toEqual(
      new ErrorReply(
        "ERR user_function:7: Script attempted to access nonexistent global variable 'x' script: read, on @user_function:7.",
      ),
    )
  })

  test('flags say what a function may do', async () => {
    await client.must(
      'FUNCTION',
      'LOAD',
      `#!lua name=lib
      redis.register_function{function_name='reads', description='only reads', flags={'no-writes', 'allow-stale'},
        callback=function(keys) return redis.call('GET', keys[1]) end}
      redis.register_function{function_name='lies', flags={'no-writes'},
        callback=function(keys) return redis.call('SET', keys[1], 1) end}
      redis.register_function('writes', function(keys, args) return redis.call('SET', keys[1], args[1]) end)`,
    )
    expect(await client.call('FCALL', 'writes', 1, 'k', 'v')).toBe('OK')
    expect(await client.call('FCALL_RO', 'reads', 1, 'k')).toBe('v')
    expect(await client.call('FCALL_RO', 'writes', 1, 'k', 'v')).toEqual(
      new ErrorReply('ERR Can not execute a script with write flag using *_ro command.'),
    )
    expect(await client.call('FCALL', 'lies', 1, 'k')).toEqual(
      new ErrorReply('ERR Write commands are not allowed from read-only scripts. script: lies, on @user_function:5.'),
    )
    const [[, , , , , functions]] = (await client.call('FUNCTION', 'LIST')) as string[][][]
    expect(functions).toContainEqual([
      'name',
      'reads',
      'description',
      'only reads',
      'flags',
      ['no-writes', 'allow-stale'],
    ])
  })

  test('what was dumped is restored, or nothing changes', async () => {
    await client.must('FUNCTION', 'LOAD', GREETING)
    const payload = (await client.callBinary('FUNCTION', 'DUMP')) as Buffer
    await client.must('FUNCTION', 'FLUSH')
    expect(await client.call('FUNCTION', 'RESTORE', payload)).toBe('OK')
    expect(await client.call('FUNCTION', 'RESTORE', payload)).toEqual(
      new ErrorReply('ERR Library greetings already exists'),
    )
    await client.must('FUNCTION', 'LOAD', 'REPLACE', libraryOf('greetings', 'greet', "return 'new'"))
    expect(await client.call('FUNCTION', 'RESTORE', payload, 'REPLACE')).toBe('OK')
    expect(await client.call('FCALL', 'greet', 0, 'you')).toBe('hello you')
    await client.must('FUNCTION', 'LOAD', libraryOf('more', 'more', 'return 1'))
    expect(await client.call('FUNCTION', 'RESTORE', payload, 'FLUSH')).toBe('OK')
    expect(await client.call('FCALL', 'more', 0)).toEqual(new ErrorReply('ERR Function not found'))
    expect(await client.call('FUNCTION', 'RESTORE', payload.subarray(1))).toEqual(
      new ErrorReply('ERR DUMP payload version or checksum are wrong'),
    )
    expect(await client.call('FUNCTION', 'RESTORE', payload, 'MERGE')).toEqual(
      new ErrorReply('ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.'),
    )
  })

  test('FUNCTION LOAD in a transaction is seen by what follows in it', async () => {
    await client.must('MULTI')
    await client.must('FUNCTION', 'LOAD', GREETING)
    await client.must('FCALL', 'greet', 0, 'you')
    expect(await client.call('EXEC')).toEqual(['greetings', 'hello you'])
  })

  test('code that does not end is given up', async () => {
    expect(await client.call('FUNCTION', 'LOAD', '#!lua name=a\nwhile true do end')).toEqual(
      new ErrorReply('ERR Error registering functions: ERR FUNCTION LOAD timeout'),
    )
  })
})

test('all routers and shards see the same libraries at once', async () => {
  const server = await startServer('skep', { shards: 3, args: ['--routers', '2'], ...START })
  const clients = await Promise.all(Array.from({ length: 4 }, () => server.connect()))
  const [first] = clients
  for (let version = 0; version < 20; version++) {
    await first.must('FUNCTION', 'LOAD', 'REPLACE', libraryOf('lib', 'version', `return ${version}`))
    for (const client of clients) {
      for (const key of ['a', 'b', 'c', 'd']) expect(await client.call('FCALL', 'version', 1, key)).toBe(version)
    }
  }
  await server.stop()
}, 120_000)

describe('on disk and on replicas', () => {
  const save = async (client: RespClient): Promise<void> => {
    await client.must('FUNCTION', 'LOAD', GREETING)
    await client.must('MSET', 'a', 1, 'b', 2, 'c', 3)
    await client.must('SAVE')
  }
  const check = async (server: TestServer): Promise<void> => {
    const client = await server.connect()
    expect(await client.call('FCALL', 'greet', 1, 'a', 'you')).toBe('hello you')
    expect(await client.call('DBSIZE')).toBe(3)
    await client.close()
  }
  const pairs = SERVERS.flatMap(from => SERVERS.map(to => [from, to] as const)).filter(pair => pair.includes('skep'))

  test.each(pairs)(
    'a snapshot of %s is loaded by %s',
    async (from, to) => {
      // With one shard the snapshot is one file, as Redis's.
      const source = await startServer(from, { shards: 1, ...START })
      await save(await source.connect())
      const target = await startServer(to, {
        shards: from === 'skep' && to === 'skep' ? 3 : 1,
        dir: source.dir,
        ...START,
      })
      await check(target)
      await target.stop()
      await source.stop()
    },
    120_000,
  )

  test.each(pairs)(
    'the log of %s is loaded by %s',
    async (from, to) => {
      const args = ['--appendonly', 'yes']
      const source = await startServer(from, { shards: 1, args, ...START })
      await save(await source.connect())
      // Stopped before the other begins: both go on with the same files.
      const copy = spawnSync('cp', ['-r', source.dir, `${source.dir}-copy`])
      expect(copy.status).toBe(0)
      await source.stop()
      const target = await startServer(to, { shards: 1, args, dir: `${source.dir}-copy`, ...START })
      await check(target)
      const client = await target.connect()
      await client.must('FUNCTION', 'DELETE', 'greetings')
      await client.must('BGREWRITEAOF')
      await target.stop()
      spawnSync('rm', ['-r', `${source.dir}-copy`])
    },
    120_000,
  )

  test('a log of commands alone, of several shards, and rewritten, keeps them', async () => {
    const args = ['--appendonly', 'yes', '--aof-use-rdb-preamble', 'no']
    const first = await startServer('skep', { shards: 3, args, ...START })
    const client = await first.connect()
    await save(client)
    await client.must('BGREWRITEAOF')
    await until('rewritten', async () =>
      String(await client.must('INFO', 'persistence')).includes('aof_rewrite_in_progress:0'),
    )
    spawnSync('cp', ['-r', first.dir, `${first.dir}-copy`])
    await first.stop()
    const second = await startServer('skep', { shards: 2, args, dir: `${first.dir}-copy`, ...START })
    await check(second)
    await second.stop()
    spawnSync('rm', ['-r', `${first.dir}-copy`])
  }, 120_000)

  test.each(pairs)(
    '%s has them on a replica that is %s',
    async (from: ServerKind, to: ServerKind) => {
      const [master, replica] = await Promise.all([
        startServer(from, { shards: 2, ...START }),
        startServer(to, { shards: 3, ...START }),
      ])
      const [writer, reader] = await Promise.all([master.connect(), replica.connect()])
      await reader.must('FUNCTION', 'LOAD', libraryOf('own', 'own', 'return 1'))
      await save(writer)
      await reader.must('REPLICAOF', '127.0.0.1', master.port)
      await until('copied', async () => (await reader.call('DBSIZE')) === 3)
      // With the copy came the master's libraries in the place of its own.
      expect(await reader.call('FCALL', 'own', 0)).toEqual(new ErrorReply('ERR Function not found'))
      await writer.must('FUNCTION', 'LOAD', libraryOf('later', 'later', "return redis.call('SET', keys[1], 1)"))
      await writer.must('FCALL', 'later', 1, 'd')
      await until('passed on', async () => (await reader.call('EXISTS', 'd')) === 1)
      expect(await reader.call('FUNCTION', 'LIST', 'LIBRARYNAME', 'later')).toHaveLength(1)
      expect(await reader.call('FCALL', 'later', 1, 'e')).toEqual(
        new ErrorReply("READONLY You can't write against a read only replica."),
      )
      await writer.must('FUNCTION', 'FLUSH')
      await until('flushed', async () => ((await reader.call('FUNCTION', 'LIST')) as unknown[]).length === 0)
      await Promise.all([master.stop(), replica.stop()])
    },
    120_000,
  )

  test('skep export writes them', async () => {
    const server = await startServer('skep', { shards: 2, ...START })
    await save(await server.connect())
    const file = `${server.dir}/out.rdb`
    const run = spawnSync(projectNode(), ['src/cli.ts', 'export', '--port', String(server.port), file])
    expect(run.stderr.toString()).toBe('')
    const check = spawnSync(projectNode(), ['src/cli.ts', 'check', file])
    expect(check.stdout.toString()).toContain('3 keys')
    const target = await startServer('skep', {
      shards: 3,
      dir: server.dir,
      args: ['--dbfilename', 'out.rdb'],
      ...START,
    })
    const client = await target.connect()
    expect(await client.call('FCALL', 'greet', 0, 'you')).toBe('hello you')
    await Promise.all([server.stop(), target.stop()])
  }, 120_000)
})
