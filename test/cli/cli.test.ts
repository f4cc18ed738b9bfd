// The command line as a person sees it: subcommands, help, exit status.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SUBCOMMANDS } from '../../src/cli/subcommands.ts'
import { freePort, projectNode, startServer, type TestServer } from '../support/server.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

interface Result {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

function skep(...args: readonly string[]): Promise<Result> {
  return new Promise(resolve => {
    execFile(projectNode(), [CLI, ...args], { timeout: 20_000 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

describe('the command line', () => {
  test('--help names every subcommand', async () => {
    const { status, stdout } = await skep('--help')
    expect(status).toBe(0)
    for (const { name, summary } of SUBCOMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} +${summary[0]}`, 'm'))
  })

  test.each(SUBCOMMANDS.map(({ name }) => name))('skep %s --help shows how it is used', async name => {
    const { status, stdout } = await skep(name, '--help')
    expect(status).toBe(0)
    expect(stdout).toMatch(new RegExp(`^Usage: skep ${name}`))
  })

  test('an option that a subcommand does not have ends in its usage and status 1', async () => {
    const { status, stderr, stdout } = await skep('ping', '--wrong')
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^skep ping: .*--wrong/)
    expect(stderr).toMatch(/^Usage: skep ping/m)
  })
})

describe('skep ping', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer('skep', { shards: 1, args: ['--requirepass', 'secret'] })
  })
  afterAll(() => server.stop())

  test('status 0 when the server answers', async () => {
    const { status, stdout } = await skep('ping', '--port', String(server.port), '--password', 'secret')
    expect(stdout).toMatch(/^PONG in [\d.]+ ms\n$/)
    expect(status).toBe(0)
  })

  test("status 1 and the server's words when it refuses", async () => {
    const { status, stderr } = await skep('ping', '-p', String(server.port))
    expect(stderr).toMatch(/^skep ping: NOAUTH/)
    expect(status).toBe(1)
  })

  test('status 1 when nobody is there', async () => {
    const port = await freePort()
    const { status, stderr } = await skep('ping', '--port', String(port))
    expect(stderr).toBe(`skep ping: cannot connect to 127.0.0.1:${port}: ECONNREFUSED\n`)
    expect(status).toBe(1)
  })
})
