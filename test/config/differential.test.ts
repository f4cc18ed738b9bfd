// The configuration beside that of a real redis-server 7.0: the same command lines, files and CONFIG SETs, the same
// values, errors and rewritten files.

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../src/config/command-line.ts'
import type { Config } from '../../src/config/config.ts'
import { DIRECTIVES, namesOf } from '../../src/config/directives.ts'
import { loadConfig } from '../../src/config/load.ts'
import { REDIS_VERSION } from '../../src/config/version.ts'
import type { RespClient } from '../support/client.ts'
import { ErrorReply } from '../support/frame.ts'
import { redisVersion, serverCommand, startServer, type TestServer } from '../support/server.ts'
import { temporaryFolder } from './temporary-folder.ts'

const installed = redisVersion()
const comparable = installed === REDIS_VERSION
const title = comparable ? 'beside redis-server' : `beside redis-server ${REDIS_VERSION} (skipped: found ${installed})`

const OWN = ['shards', 'routers', 'http-port', 'http-token', 'log-format', 'repl-fanout']

// CONFIG SET of these does something to the process that this test cannot or should not have done to it.
const NOT_SET = [
  'port',
  'bind',
  'tls-port',
  'tls-replication',
  'tls-cluster',
  'requirepass',
  'maxclients',
  'maxmemory-clients',
  'appendonly',
  'oom-score-adj',
  'oom-score-adj-values',
  'watchdog-period',
  'timeout',
  ...OWN,
]

const VALUES = [
  '',
  'yes',
  'No',
  '0',
  '1',
  '-1',
  '10',
  '010',
  '+5',
  ' 7',
  '777',
  '1048576',
  '2147483647',
  '2147483648',
  '4294967296',
  '9223372036854775807',
  '9223372036854775808',
  '99999999999999999999',
  '1kb',
  '3MB',
  '17179869184gb',
  '1tb',
  '50%',
  '200%',
  '-5%',
  '0.5',
  'zz',
  'a/b',
  'a b',
  '1 2',
  '1  2',
  '-1 2',
  '1 2 3',
  '50 99.90 1e1 0.1234567',
  '101',
  'save nosave',
  'now force',
  'KEA',
  'KgnAmE$',
  'allkeys-lru',
  'ALWAYS',
  'everysec',
  'normal 0 0 0',
  'replica 1k 2mb 3 pubsub 1 2 3',
  'slave 1 2 -3',
  'master 1 2 3',
  '{title}',
  '{nope}',
  '{{',
  '.',
  '/nonexistent',
  '/etc/hostname',
]

function ours(argv: readonly string[]): Config {
  const line = parseCommandLine(argv)
  if (line.action !== 'run') throw new Error(`these arguments ${line.action}`)
  const result = loadConfig(line)
  if ('fatal' in result) throw new Error(result.fatal.text)
  return result.loaded.config
}

async function values(client: RespClient, ...patterns: string[]): Promise<Record<string, string>> {
  const reply = (await client.must('CONFIG', 'GET', ...patterns)) as string[]
  const pairs: [string, string][] = []
  for (let at = 0; at < reply.length; at += 2) pairs.push([reply[at], reply[at + 1]])
  return Object.fromEntries(pairs)
}

function ownValues(config: Config, ...patterns: string[]): Record<string, string> {
  return Object.fromEntries(config.match(patterns).filter(([name]) => !OWN.includes(name)))
}

describe.skipIf(!comparable)(title, () => {
  let server: TestServer
  let client: RespClient
  let config: Config

  beforeAll(async () => {
    server = await startServer('redis', {
      args: ['--enable-protected-configs', 'yes', '--save', '9 8', '--save', '7 6'],
    })
    client = await server.connect()
    config = ours(server.process.spawnargs.slice(1))
  })

  afterAll(async () => {
    await server?.stop()
  })

  test('CONFIG GET * has the same names and values', async () => {
    expect(ownValues(config, '*')).toEqual(await values(client, '*'))
  })

  test('odd ways to write options and files give the same values', async () => {
    const other = await startServer('redis', {
      config: [
        '',
        '  # c',
        "MAXMEMORY '10MB'",
        'save 1 2',
        'client-output-buffer-limit "slave 1k 1kb 1"',
        'slave-priority 7',
      ],
      args: [
        '--hz 20',
        '--loglevel',
        'VERBOSE',
        '--shutdown-on-sigint',
        'force nosave',
        '--masterauth',
        '--x "y',
        '--save',
      ],
    })
    try {
      const own = ours(other.process.spawnargs.slice(1))
      expect(ownValues(own, '*')).toEqual(await values(await other.connect(), '*'))
      expect(own.get('masterauth')).toBe('--x "y')
    } finally {
      await other.stop()
    }
  })

  test('names and patterns find the same', async () => {
    for (const patterns of [
      ['PORT', 'port', 'P*'],
      ['key-load-delay', 'key*'],
      ['[sh]*'],
      ['slave*', 'nope'],
      ['?z'],
    ]) {
      expect(ownValues(config, ...patterns)).toEqual(await values(client, ...patterns))
    }
  })

  test('every directive takes, keeps and refuses the same values', async () => {
    const differences: unknown[] = []
    for (const name of DIRECTIVES.flatMap(namesOf).filter(name => !NOT_SET.includes(name))) {
      for (const value of VALUES) {
        const theirs = await client.call('CONFIG', 'SET', name, value)
        const error = await config.set([name, value], { local: true })
        const reply = theirs instanceof ErrorReply ? theirs.text : undefined
        const kept = (await values(client, name))[name]
        const own = ownValues(config, name)[name]
        if (reply !== error || kept !== own) differences.push({ name, value, reply, error, kept, own })
      }
    }
    expect(differences).toEqual([])
  })

  test.each([
    ['foo', 'bar', 'hz', 'x'],
    ['hz', 'x', 'foo', 'bar'],
    ['hz', '1', 'HZ', '2'],
    ['DAEMONIZE', 'yes', 'foo', '1'],
    ['hz', '20', 'lfu-decay-time', '3', 'maxmemory', 'x'],
    ['Slave-Priority', 'x'],
    ['min-slaves-to-write', '0', 'min-replicas-to-write', '0'],
    ['masteruser', 'x', 'masteruser', 'y'],
  ])('CONFIG SET %s %s …', async (...args) => {
    const theirs = await client.call('CONFIG', 'SET', ...args)
    const error = await config.set(args, { local: true })
    expect(error ?? 'OK').toBe(theirs instanceof ErrorReply ? theirs.text : theirs)
    expect(ownValues(config, 'hz', 'lfu*')).toEqual(await values(client, 'hz', 'lfu*'))
  })

  test.each([
    'port',
    'port 1 2',
    'port "1',
    'foo bar',
    'hz 1\n\n  maxmemory 1x # c',
    'save 1',
    'save "1 2 3"',
    'unixsocketperm 1000',
    'unixsocketperm 9',
    'replicaof a',
    'replicaof a x',
    'sentinel monitor',
    'foo.bar',
    'dir /nonexistent',
    'logfile /nonexistent/log',
    'databases 0',
    'io-threads 129',
    'appendfilename ""',
    'appenddirname a/b',
    'activedefrag yes',
    'cluster-enabled yes\nreplicaof 127.0.0.1 1',
    'list-max-ziplist-entries 1 2',
    'client-output-buffer-limit slave 1 2',
    'shutdown-on-sigint "save nosave"',
    'shutdown-on-sigint now nope',
    'include',
  ])('a file with %j is refused in the same words', text => {
    const folder = temporaryFolder({ 'a.conf': text })
    const argv = [join(folder, 'a.conf'), '--port', '0']
    const run = spawnSync(serverCommand('redis')[0], argv, { cwd: folder, encoding: 'latin1', timeout: 10_000 })
    expect(run.status).toBe(1)
    expect(() => ours(argv)).toThrow(new Error(run.stderr))
  })

  test.each([
    [['--foo']],
    [['--foo', '--bar', '--hz', '1']],
    [['--port', '--hz', '1']],
    [['--hz 1', '--port 1739a', '--timeout', '3']],
    [['--port', '1 2']],
    [['--replicaof', '127.0.0.1', 'abc']],
    [['--save', '--hz', 'x']],
    [['--save', '1', '--hz', 'x']],
    [['--requirepass', '\u00e9\n"', '--hz', 'x y']],
    [['--hz', '1', 'x']],
    [['--HZ x']],
    [['--', 'x']],
    [['---hz', 'x']],
  ])('the options %j are refused in the same words', argv => {
    const folder = temporaryFolder()
    const run = spawnSync(serverCommand('redis')[0], argv, { cwd: folder, encoding: 'latin1', timeout: 10_000 })
    expect(run.status).toBe(1)
    expect(() => ours(argv)).toThrow(new Error(run.stderr))
  })

  test('CONFIG REWRITE leaves the same file', async () => {
    const old =
      '# mine\nport 1\nsave 1 2\nsave 3 4\nsave 5 6\n\n\n\nSLAVE-priority 5\nhz 10\nhz 11\n# end\nrequirepass x\n' +
      'hash-max-ziplist-entries 7\nclient-output-buffer-limit replica 1 2 3\nrename-command SYNC ""\nbind 127.0.0.1\n'
    const changes = [
      ['save', '9 8 7 6'],
      ['requirepass', ''],
      ['masterauth', 'a "b"\t\\ \x01'],
      ['maxmemory', '3gb'],
      ['maxmemory-clients', '5%'],
      ['repl-backlog-size', '1025kb'],
      ['notify-keyspace-events', 'KEA'],
      ['latency-tracking-info-percentiles', ''],
      ['shutdown-on-sigterm', 'now force'],
      ['oom-score-adj-values', '0 200 801'],
      ['bind', '127.0.0.1 -127.0.0.2'],
      ['client-output-buffer-limit', 'pubsub 1mb 2 3'],
      ['rdbcompression', 'no'],
      ['proc-title-template', '{title} x'],
    ].flat()
    const folder = temporaryFolder({ 'ours.conf': old })
    const other = await startServer('redis', { config: old.trimEnd().split('\n') })
    try {
      const connection = await other.connect()
      await connection.must('AUTH', 'x')
      await connection.must('CONFIG', 'SET', ...changes)
      const argv = other.process.spawnargs.slice(1)
      writeFileSync(join(folder, 'ours.conf'), readFileSync(argv[0]))
      const own = ours([join(folder, 'ours.conf'), ...argv.slice(1)])
      expect(await own.set(changes, { local: true })).toBeUndefined()

      await connection.must('CONFIG', 'REWRITE')
      expect(own.rewrite()).toBeUndefined()
      // Redis appends in the order of its hash table, and its lines for users, which are not configuration.
      const parts = (path: string): [string, string[]] => {
        const [head, tail = ''] = readFileSync(path, 'latin1').split('# Generated by CONFIG REWRITE\n')
        return [
          head,
          tail
            .split('\n')
            .filter(line => !line.startsWith('user '))
            .sort(),
        ]
      }
      expect(parts(join(folder, 'ours.conf'))).toEqual(parts(argv[0]))
    } finally {
      await other.stop()
    }
  })
})
