// Checks the package as a stranger gets it: packed, installed in an empty folder, started, spoken to.
//
// Not part of `npm test`, because it builds and installs; .ci/run calls it. `--json FILE` writes the counts there.

import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { Redis } from 'ioredis'
import { blocksOf } from '../docs/blocks.ts'
import { freePort, projectNode, startServer, type TestServer } from '../support/server.ts'

const { values: options } = parseArgs({ options: { json: { type: 'string' } } })
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'skep-packaging-'))
// The installed command starts with `env node`: it has to find the Node that skep asks for.
process.env.PATH = dirname(projectNode()) + delimiter + process.env.PATH

const execute = promisify(execFile)
/** What has to be in the package. */
const WANTED = [
  'dist/cli.js',
  'dist/index.js',
  'dist/index.d.ts',
  'dist/memory-server.js',
  'dist/memory-server.d.ts',
  'LICENSE',
  'packaging/systemd/skep.service',
  'docs/getting-started.md',
].map(name => `package/${name}`)
/** The package, unpacked, without its dependencies. */
const PACKAGE_BYTES_MAX = 5 * 1024 * 1024
let passed = 0
let failed = 0

async function check(name: string, body: () => Promise<void>): Promise<void> {
  try {
    await body()
    passed++
    console.log(`ok     ${name}`)
  } catch (error) {
    failed++
    console.log(`FAILED ${name}\n${error instanceof Error ? error.message : String(error)}`)
    // What the compiler complains about, it writes to stdout.
    if (error instanceof Error && 'stdout' in error) console.log(String(error.stdout))
  }
}

function equal(seen: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(wanted)]
  if (a !== b) throw new Error(`got ${a}, not ${b}`)
}

async function run(command: string, args: readonly string[], cwd = folder): Promise<string> {
  const { stdout } = await execute(command, args, { cwd, maxBuffer: 1 << 26, timeout: 300_000 })
  return stdout.trim()
}

/** The one archive that `npm pack` has left. */
function archive(): string {
  const names = readdirSync(folder).filter(name => name.endsWith('.tgz'))
  equal(names.length, 1)
  return join(folder, names[0])
}

async function checkArchive(): Promise<void> {
  await run('npm', ['pack', '--pack-destination', folder], ROOT)
  const files = (await run('tar', ['tzf', archive()])).split('\n')
  for (const wanted of WANTED) {
    if (!files.includes(wanted)) throw new Error(`${wanted} is not in the package`)
  }
  const lines = (await run('tar', ['tzvf', archive()])).split('\n')
  const unpacked = lines.reduce((sum, line) => sum + Number(line.split(/\s+/)[2]), 0)
  if (!(unpacked > 100_000 && unpacked <= PACKAGE_BYTES_MAX)) throw new Error(`${unpacked} bytes unpacked`)
  const stray = files.filter(name => /^package\/(src|test|bench|\.)/.test(name))
  if (stray.length > 0) throw new Error(`not for publishing: ${stray.join(' ')}`)
}

async function checkInstall(): Promise<void> {
  writeFileSync(join(folder, 'package.json'), '{ "name": "stranger", "version": "1.0.0", "type": "module" }\n')
  // What `npm ci` has fetched need not be asked for again: a registry may be slow.
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', archive()])
  const installed = JSON.parse(readFileSync(join(folder, 'node_modules', 'skep', 'package.json'), 'utf8')) as object
  const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as object
  equal('version' in installed && installed.version, 'version' in own && own.version)
}

async function checkHttp(port: number): Promise<void> {
  const httpPort = await freePort()
  const url = `http://127.0.0.1:${httpPort}`
  await run('redis-cli', ['-p', String(port), 'CONFIG', 'SET', 'http-port', String(httpPort)])
  const set = await fetch(url, { method: 'POST', body: '["SET","over-http","value"]' })
  equal(await set.json(), { result: 'OK' })
  for (const path of ['/', '/page/page.js', '/page/uplot.js', '/metrics', '/health']) {
    const response = await fetch(url + path)
    equal([path, response.status], [path, 200])
    if ((await response.text()).length === 0) throw new Error(`${path} is empty`)
  }
}

async function checkIoredis(port: number): Promise<void> {
  const client = new Redis(port, '127.0.0.1')
  try {
    equal(await client.set('from-ioredis', 'value', 'EX', 100), 'OK')
    const replies = await client.pipeline().get('from-ioredis').incr('counter').incrby('counter', 9).exec()
    equal(replies, [
      [null, 'value'],
      [null, 1],
      [null, 10],
    ])
  } finally {
    client.disconnect()
  }
}

/** Does with the manual's modules what jest does: one process, set-up first, tear-down last. */
async function checkJestModules(): Promise<void> {
  const page = readFileSync(join(ROOT, 'docs', 'embedding.md'), 'utf8')
  for (const name of ['setup', 'teardown']) {
    const block = blocksOf(page).find(({ file }) => file === `jest/${name}.mjs`)
    writeFileSync(join(folder, `${name}.mjs`), block?.text ?? '')
  }
  const code =
    "await (await import('./setup.mjs')).default(); console.log(/^redis:/.test(process.env.REDIS_URL));" +
    "await (await import('./teardown.mjs')).default()"
  equal(await run(projectNode(), ['--input-type=module', '-e', code]), 'true')
}

async function main(): Promise<void> {
  await check('npm pack holds what is to be published and nothing else', checkArchive)
  await check('the package installs in an empty folder', checkInstall)
  const command = join(folder, 'node_modules', '.bin', 'skep-server')
  await check('skep-server --version names itself', async () => {
    const text = await run(command, ['--version'])
    if (!/v=|skep/i.test(text)) throw new Error(`printed ${JSON.stringify(text)}`)
  })
  await check('the package has no install script', async () => {
    const own = JSON.parse(readFileSync(join(folder, 'node_modules', 'skep', 'package.json'), 'utf8'))
    equal(
      Object.keys(own.scripts ?? {}).filter(name => /install|^prepare$/.test(name)),
      [],
    )
  })
  await check('a program starts a server, closes it, and ends by itself', async () => {
    const code =
      "import { startServer } from 'skep'; const s = await startServer({ shards: 2 });" +
      'await s.seed({ a: 1 }); await s.flush(); await s.close(); console.log(process.getActiveResourcesInfo().length)'
    const left = Number(await run(projectNode(), ['--input-type=module', '-e', code]))
    // Standard output and error, if they are pipes.
    if (left > 2) throw new Error(`${left} handles are left`)
  })
  await check('CommonJS programs may require it', async () => {
    const code =
      "const { RedisMemoryServer } = require('skep/memory-server'); const s = new RedisMemoryServer();" +
      's.getPort().then(async port => { await s.stop(); console.log(port > 0) })'
    equal(await run(projectNode(), ['--input-type=commonjs', '-e', code]), 'true')
  })
  await check("jest's global set-up and tear-down, as the manual has them", checkJestModules)

  let server: TestServer | undefined
  process.env.SKEP_SERVER = command
  await check('skep-server starts', async () => {
    server = await startServer('skep')
  })
  if (server === undefined) return
  const { port } = server
  const cli = (...words: string[]): Promise<string> => run('redis-cli', ['-p', String(port), ...words])
  await check('redis-cli sets and gets', async () => {
    equal(await cli('SET', 'from-cli', 'value'), 'OK')
    equal(await cli('GET', 'from-cli'), 'value')
  })
  await check('HTTP, its status page and its metrics are served', () => checkHttp(port))
  await check('ioredis sets, gets and counts', () => checkIoredis(port))
  await check('SIGTERM ends it with exit code 0', async () => {
    equal(await server?.stop(), { code: 0, signal: null })
  })
}

await main()
rmSync(folder, { recursive: true, force: true })
if (options.json !== undefined) writeFileSync(options.json, JSON.stringify({ passed, failed }))
console.log(`packaging: ${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
