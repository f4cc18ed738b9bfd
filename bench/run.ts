// Measures skep beside redis-server: `npm run bench -- strings memory --write`.
//
// Every suite starts its own servers, without persistence, on free ports of 127.0.0.1, and ends them. What is measured is
// the package, which is built first; SKEP_SERVER in the environment names another command.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { projectNode, redisVersion } from '../test/support/server.ts'
import { SUITES } from './suites/index.ts'
import { renderReport } from './support/report.ts'
import { circumstances, writeSection } from './support/results.ts'
import type { Settings } from './support/servers.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2.5' },
    shards: { type: 'string' },
    scale: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

function help(): string {
  const names = SUITES.map(({ name, question }) => `  ${name.padEnd(10)} ${question}`).join('\n')
  return `npm run bench -- SUITE… [options]

${names}
  all        all of these

  --rounds N     measurements on each server, in turn (default 5)
  --seconds S    about how long one measurement lasts (default 2.5)
  --shards N     skep's shards (default: skep's own)
  --scale F      multiplies the size of data sets (default 1; less to try a suite out)
  --write        puts the figures into bench/RESULTS.md`
}

function number(name: 'rounds' | 'seconds' | 'scale'): number {
  const value = Number(options[name])
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0`)
  return value
}

/** Has the suites start the package, as it is now. */
function usePackage(): void {
  if (process.env.SKEP_SERVER !== undefined) return
  console.log('building the package')
  execFileSync('npm', ['run', '-s', 'build'], { cwd: ROOT, stdio: 'ignore' })
  process.env.SKEP_SERVER = `${projectNode()} ${join(ROOT, 'dist', 'cli.js')}`
}

async function main(): Promise<void> {
  if (options.help || positionals.length === 0) {
    console.log(help())
    return
  }
  const known = SUITES.map(({ name }) => name)
  for (const name of positionals) {
    if (name !== 'all' && !known.includes(name)) throw new Error(`no suite '${name}'; there are ${known.join(', ')}`)
  }
  const settings: Settings = {
    rounds: number('rounds'),
    seconds: number('seconds'),
    scale: number('scale'),
    shards: options.shards === undefined ? undefined : Number(options.shards),
  }
  if (redisVersion() === undefined) console.log('redis-server is not installed: only skep is measured\n')

  usePackage()

  const where = circumstances()
  console.log(where)
  for (const suite of SUITES) {
    if (!positionals.includes('all') && !positionals.includes(suite.name)) continue
    console.log(`\n${suite.name}: ${suite.question}\n`)
    const report = renderReport(await suite.run(settings))
    console.log(report)
    const scaled = settings.scale === 1 ? '' : ` Data sets scaled by ${settings.scale}.`
    const question = suite.question[0].toUpperCase() + suite.question.slice(1)
    if (options.write) writeSection(suite.name, `${question}.${scaled}\n\n${where}.\n\n${report}`)
  }
}

try {
  await main()
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
