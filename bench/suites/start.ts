// Question: how soon is a server ready, from the command line and inside a program? The last answer is in ../RESULTS.md,
// section start. What is measured is the package: it is bundled into a folder of its own first.

import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, projectNode, redisVersion } from '../../test/support/server.ts'
import type { Row } from '../support/report.ts'
import type { Suite } from './index.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const READY = /Ready to accept connections/

/** A program that starts a server in itself, and prints how many milliseconds that took. */
const PROGRAM = `
const { startServer } = await import('./dist/index.js')
const before = performance.now()
const server = await startServer(JSON.parse(process.argv[2]))
console.log(performance.now() - before)
await server.close()
`

type Environment = Readonly<Record<string, string>>

/** Bundles the package into the folder, as it is published. */
function bundle(folder: string): void {
  const rolldown = join(ROOT, 'node_modules', '.bin', 'rolldown')
  execFileSync(projectNode(), [rolldown, '-c', 'rolldown.config.ts', '-d', join(folder, 'dist')], { cwd: ROOT })
  writeFileSync(join(folder, 'package.json'), '{ "version": "0.0.0", "type": "module" }\n')
  writeFileSync(join(folder, 'program.js'), PROGRAM)
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
}

/** Milliseconds from starting the process to the line that says it is ready. */
async function untilReady(words: readonly string[], env: Environment = {}): Promise<number> {
  const port = String(await freePort())
  const started = performance.now()
  const child = spawn(words[0], [...words.slice(1), '--port', port, '--bind', '127.0.0.1', '--save', ''], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise(resolve => child.once('exit', resolve))
  let output = ''
  const ms = await new Promise<number>((resolve, reject) => {
    child.stdout.on('data', chunk => {
      output += String(chunk)
      if (READY.test(output)) resolve(performance.now() - started)
    })
    child.once('exit', () => reject(new Error(`${words.join(' ')} ended:\n${output}`)))
  })
  child.kill('SIGTERM')
  await ended
  return ms
}

async function repeat(times: number, measure: () => Promise<number>): Promise<number[]> {
  const values: number[] = []
  for (let i = 0; i < times; i++) values.push(await measure())
  return values
}

export const start: Suite = {
  name: 'start',
  question: 'how soon a server is ready: a process of its own, and one inside a program (`startServer`)',

  async run(settings) {
    const folder = mkdtempSync(join(tmpdir(), 'skep-start-'))
    try {
      bundle(folder)
      const cache = join(folder, 'cache')
      mkdirSync(cache)
      const kept: Environment = { XDG_CACHE_HOME: cache }
      const fresh: Environment = { NODE_DISABLE_COMPILE_CACHE: '1' }
      const cli = [projectNode(), join(folder, 'dist', 'cli.js')]
      const times = settings.rounds * 2
      const embedded = async (env: Environment, options: object): Promise<number> => {
        const settings = { cwd: folder, env: { ...process.env, ...env }, encoding: 'utf8' } as const
        return Number(execFileSync(projectNode(), ['program.js', JSON.stringify(options)], settings))
      }
      // The first start fills the cache.
      await untilReady(cli, kept)
      await embedded(kept, {})
      const redis = redisVersion() === undefined ? undefined : await repeat(times, () => untilReady(['redis-server']))
      const one = (env: Environment, options: object): Promise<number[]> => repeat(times, () => embedded(env, options))
      const rows: Row[] = [
        { what: 'skep, a process', unit: 'ms', redis, skep: await repeat(times, () => untilReady(cli, kept)) },
        {
          what: 'skep, a process, nothing kept',
          unit: 'ms',
          redis,
          skep: await repeat(times, () => untilReady(cli, fresh)),
        },
        { what: 'startServer()', unit: 'ms', redis, skep: await one(kept, {}), goal: '≤ 150 ms' },
        { what: 'startServer(), nothing kept', unit: 'ms', redis, skep: await one(fresh, {}) },
        { what: 'startServer({ shards: 4 })', unit: 'ms', redis, skep: await one(kept, { shards: 4 }) },
      ]
      const notes = [
        '“Nothing kept”: the first start on a machine, without compiled code of an earlier one. redis-memory-server starts ' +
          'redis-server as a process of its own, so its figure is that of redis-server and more; beside that its ' +
          'installation fetches and compiles Redis.',
      ]
      return { tables: [{ title: 'until it is ready', rows }], notes }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
