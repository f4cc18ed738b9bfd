// Gets the source of Redis 7.0's test suite and lays out a folder to run it in.
//
// The suite stays outside the repository, in a cache folder: REDIS_SRC names an unpacked source to use instead of
// Debian's `apt-get source redis`. In the folder made from it, src/redis-server is a wrapper around the server to test.

import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const VERSION = '7.0.15'
const HOOKS = fileURLToPath(new URL('hooks.tcl', import.meta.url))
const TOOLS = ['redis-cli', 'redis-benchmark', 'redis-check-aof', 'redis-check-rdb']

/** Where the suite's source, and logs of runs, are kept. */
export function cacheFolder(): string {
  return process.env.SKEP_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'skep')
}

/** The folder of the unpacked source; fetched the first time. */
export function redisSource(): string {
  const given = process.env.REDIS_SRC
  const folder = given ?? join(cacheFolder(), `redis-${VERSION}`)
  if (!existsSync(join(folder, 'tests', 'test_helper.tcl'))) {
    if (given !== undefined) throw new Error(`REDIS_SRC=${given} holds no tests/test_helper.tcl`)
    fetchSource()
  }
  return folder
}

function run(command: string, args: readonly string[], cwd: string): void {
  const done = spawnSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })
  if (done.status !== 0) {
    throw new Error(
      `${command} ${args.join(' ')}: ${done.error?.message ?? done.stderr}\nREDIS_SRC names a source you have`,
    )
  }
}

/** Through package lists of our own, because few machines have deb-src lines; the machine's apt is left as it is. */
function fetchSource(): void {
  const cache = cacheFolder()
  const apt = join(cache, 'apt')
  const parts = join(apt, 'sources')
  mkdirSync(join(apt, 'lists', 'partial'), { recursive: true })
  mkdirSync(parts, { recursive: true })
  for (const path of aptSources()) {
    const text = readFileSync(path, 'utf8')
    const asSource = path.endsWith('.sources')
      ? text.replaceAll(/^Types:.*$/gm, 'Types: deb-src')
      : text.replaceAll(/^deb\s/gm, 'deb-src ')
    writeFileSync(join(parts, basename(path)), asSource)
  }
  const options = ['-q', '-o', `Dir::Etc::sourceparts=${parts}`, '-o', 'Dir::Etc::sourcelist=/dev/null']
  options.push('-o', `Dir::State::lists=${join(apt, 'lists')}`)
  run('apt-get', [...options, 'update'], cache)
  run('apt-get', [...options, 'source', '--download-only', 'redis'], cache)
  const archive = `redis_${VERSION}.orig.tar.gz`
  if (!existsSync(join(cache, archive))) throw new Error(`apt-get source redis brought another version than ${VERSION}`)
  run('tar', ['xzf', archive], cache)
}

function aptSources(): string[] {
  const folder = '/etc/apt/sources.list.d'
  const parts = existsSync(folder) ? readdirSync(folder).map(name => join(folder, name)) : []
  return ['/etc/apt/sources.list', ...parts].filter(
    path => /\.(list|sources)$/.test(path) && existsSync(path) && /debian|ubuntu/.test(readFileSync(path, 'utf8')),
  )
}

/** Lays the suite out in `folder`; which server it is for is said by `setServer`. */
export function layOutSuite(folder: string): void {
  const source = redisSource()
  for (const name of ['tests', 'utils', 'runtest', 'redis.conf']) {
    cpSync(join(source, name), join(folder, name), { recursive: true })
  }
  hookIn(join(folder, 'tests', 'test_helper.tcl'))
  mkdirSync(join(folder, 'src'), { recursive: true })
  for (const tool of TOOLS) writeWrapper(join(folder, 'src', tool), `${tool} "$@"`)
}

/** Has the suite in `folder` start its servers as `server`, the suite's own options, `options`. */
export function setServer(folder: string, server: string, options: string): void {
  writeWrapper(join(folder, 'src', 'redis-server'), `${server} "$@" ${options}`.trimEnd())
}

// exec keeps the process id, which the suite signals and looks for in the log.
function writeWrapper(path: string, command: string): void {
  writeFileSync(path, `#!/bin/sh\nexec ${command}\n`)
  chmodSync(path, 0o755)
}

/** Has the hooks read after the suite's own procedures and before any test. */
function hookIn(helper: string): void {
  const text = readFileSync(helper, 'utf8')
  const place = '\nif {$::client} {\n'
  if (text.split(place).length !== 2) throw new Error(`${helper}: no single place for the hooks`)
  writeFileSync(
    helper,
    text.replace(place, () => `\nsource {${HOOKS}}\n${place}`),
  )
}

/** The suite's own list of its units. */
export function listUnits(folder: string): string[] {
  const done = spawnSync('./runtest', ['--list-tests'], { cwd: folder, encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`runtest --list-tests: ${done.error?.message ?? done.stdout + done.stderr}`)
  return done.stdout.split('\n').filter(line => line !== '')
}
