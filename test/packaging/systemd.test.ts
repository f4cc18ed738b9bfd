// The service as systemd sees it, as far as that can be tried without systemd: the units by its own checker, the messages
// by a socket of ours, socket activation by handing over a listening descriptor.

import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasNotify, NotifySocket } from '../support/notify-socket.ts'
import { projectNode, startServer, type TestServer } from '../support/server.ts'

const UNITS = fileURLToPath(new URL('../../packaging/systemd/', import.meta.url))
const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0

function analyze(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

describe.skipIf(!hasAnalyze)('the units (apt-get install systemd to run this)', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'skep-units-'))
    copyFileSync(join(UNITS, 'skep.socket'), join(folder, 'skep.socket'))
    // The checker wants the program to be there.
    const unit = readFileSync(join(UNITS, 'skep.service'), 'utf8')
    writeFileSync(join(folder, 'skep.service'), unit.replace('/usr/local/bin/skep', projectNode()))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('systemd-analyze verify has nothing to say', () => {
    const result = analyze('verify', join(folder, 'skep.service'), join(folder, 'skep.socket'))
    expect(result).toEqual({ status: 0, output: '' })
  })

  test('systemd-analyze security gives 2.0 or better', () => {
    const { status, output } = analyze('security', '--offline=true', '--threshold=20', join(folder, 'skep.service'))
    expect(output).toMatch(/Overall exposure level/)
    expect(status).toBe(0)
  })
})

describe.skipIf(!hasNotify)('what systemd is told (needs systemd-notify and perl)', () => {
  let socket: NotifySocket
  let server: TestServer

  beforeAll(async () => {
    socket = await NotifySocket.open()
    server = await startServer('skep', {
      shards: 1,
      config: ['maxmemory 10mb', 'databases 16'],
      args: ['--supervised', 'auto'],
      env: { NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '300000' },
    })
  })
  afterAll(async () => {
    await server.stop('SIGKILL')
    socket.close()
  })

  test('that it is ready, with a status line', async () => {
    await socket.heard(new RegExp(`^READY=1\nSTATUS=Ready to accept connections on port ${server.port}`, 'm'))
    const client = await server.connect()
    expect(await client.must('INFO', 'server')).toMatch(/process_supervised:systemd/)
    client.close()
  })

  test('signs of life, again and again', async () => {
    await socket.heard(/(WATCHDOG=1\n.*){3}/s)
  })

  test('that it reads its configuration again, which is then in force', async () => {
    appendFileSync(join(server.dir, 'test.conf'), 'maxmemory 20mb\ndatabases 32\nhz 50\n')
    server.process.kill('SIGHUP')
    await socket.heard(/\nRELOADING=1\nMONOTONIC_USEC=\d+\n.*\nREADY=1/s)
    const client = await server.connect()
    expect(await client.must('CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', '20971520'])
    expect(await client.must('CONFIG', 'GET', 'databases')).toEqual(['databases', '16'])
    client.close()
    expect(server.output()).toMatch(/Needs a restart to change: databases/)
  })

  test('a configuration with a mistake changes nothing', async () => {
    const client = await server.connect()
    await client.must('CONFIG', 'SET', 'hz', '77')
    appendFileSync(join(server.dir, 'test.conf'), 'maxmemory 30mb\nno-such-directive 1\n')
    server.process.kill('SIGHUP')
    await server.logged(/The configuration stays as it was.*no-such-directive/)
    expect(await client.must('CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', '20971520'])
    expect(await client.must('CONFIG', 'GET', 'hz')).toEqual(['hz', '77'])
    client.close()
  })

  test('that it is ending', async () => {
    expect(await server.stop()).toEqual({ code: 0, signal: null })
    await socket.heard(/^STOPPING=1$/m)
  })
})

/** Opens a port, says which, and becomes the program that its arguments name, as a service manager would. */
const ACTIVATE = `
use Socket;
use POSIX;
$| = 1;
$^F = 10;
socket(my $socket, AF_INET, SOCK_STREAM, 0) or die;
bind($socket, pack_sockaddr_in(0, inet_aton('127.0.0.1'))) or die;
listen($socket, 10) or die;
my ($port) = unpack_sockaddr_in(getsockname($socket));
print "PORT $port\\n";
POSIX::dup2(fileno($socket), 3) unless fileno($socket) == 3;
$ENV{LISTEN_PID} = $$;
$ENV{LISTEN_FDS} = 1;
exec @ARGV or die;
`

describe.skipIf(!hasNotify)('socket activation (needs perl)', () => {
  test('accepts on the sockets it is given, and opens none itself', async () => {
    const words = [projectNode(), CLI, '--port', '1', '--shards', '1', '--routers', '2', '--save', '']
    const child = spawn('perl', ['-e', ACTIVATE, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise(resolve => child.once('exit', resolve))
    const port = await new Promise<number>(resolve =>
      child.stdout.once('data', chunk => resolve(Number(String(chunk).split(' ')[1]))),
    )
    const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null })
    try {
      // Nobody else accepts: the connection waits until skep is there.
      expect(await client.set('k', 'v')).toBe('OK')
      expect(await client.get('k')).toBe('v')
      expect(String(await client.call('CONFIG', 'SET', 'port', '2').catch(String))).toMatch(/service manager/)
    } finally {
      client.disconnect()
      child.kill('SIGTERM')
    }
    expect(await ended).toBe(0)
  })
})
