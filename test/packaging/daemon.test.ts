// Without a service manager: daemonize, pidfile.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { RespClient } from '../support/client.ts'
import { freePort, projectNode, startServer } from '../support/server.ts'
import { until } from '../support/until.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

test('daemonize leaves a server behind that has written its pidfile, and removes it at its end', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skep-daemon-'))
  const pidfile = join(dir, 'skep.pid')
  const port = await freePort()
  const words = ['--port', port, '--dir', dir, '--pidfile', pidfile, '--shards', 1, '--save', '', '--daemonize', 'yes']
  try {
    const { status, stdout } = spawnSync(projectNode(), [CLI, ...words.map(String)], { encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
    await until('the pidfile is there', () => existsSync(pidfile) && readFileSync(pidfile, 'utf8').endsWith('\n'))
    const pid = Number(readFileSync(pidfile, 'utf8'))
    const client = await RespClient.connect({ port })
    expect(await client.must('INFO', 'server')).toContain(`process_id:${pid}\r\n`)
    client.close()
    process.kill(pid, 'SIGTERM')
    await until('it is removed', () => !existsSync(pidfile))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}, 60_000)

test('a pidfile that cannot be written is a warning', async () => {
  const server = await startServer('skep', { shards: 1, args: ['--pidfile', '/nonexistent/skep.pid'] })
  await server.logged(/Cannot write the pidfile/)
  await server.stop()
})
