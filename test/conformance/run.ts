// Runs Redis 7.0's own test suite against skep: `npm run conformance -- --units core`.
//
// Prints a row a unit beside what redis-server passes. Exits with 0 when nothing failed but what expected.tsv names,
// 1 when something else did, 2 when it could not be run.

import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { endOnSignals, projectNode } from '../support/server.ts'
import { cacheFolder, layOutSuite, listUnits, setServer } from './source.ts'
import { readBaseline, readExpected, writeBaseline } from './tables.ts'
import { canIsolate, runUnit } from './unit.ts'
import { chooseUnits, readsLines, shardsFor } from './units.ts'
import { failureCount, judge, type Verdict } from './verdict.ts'

const HELP = `npm run conformance -- [options]
  --units core|all|A,B    which units (default core)
  --only NAME             only this test, or /regular expression; may be repeated
  --server COMMAND        the server to test (default: skep from source); it takes redis-server's command line
  --shards N              added to the server's command line (default: 1 for units that look into one shard's files)
  --jobs N                units at a time (default 1)
  --json FILE             writes the outcome there as well
  --again                 runs a unit with failures once more, and counts that
  --keep                  leaves the servers' folders in place
  --list                  lists the units
  --write-baseline        records this run as the baseline (with --server redis-server)
REDIS_SRC names an unpacked source of Redis 7.0.15; else it is fetched by apt-get source.`

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const { values: options } = parseArgs({
  options: {
    units: { type: 'string', default: 'core' },
    only: { type: 'string', multiple: true, default: [] },
    server: { type: 'string', default: `${projectNode()} ${join(ROOT, 'src', 'cli.ts')}` },
    shards: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    json: { type: 'string' },
    again: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    'write-baseline': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** redis-server knows no shards, nor a format of its log. */
const isSkep = !/(^|\/)redis-server(\s|$)/.test(options.server)

/** The server's words with paths made absolute: the suite runs in a folder of its own and looks at the full title. */
function serverWords(): string {
  const words = options.server.split(' ')
  const found = (process.env.PATH ?? '').split(delimiter).map(folder => join(folder, words[0]))
  if (!words[0].includes('/')) words[0] = found.find(path => existsSync(path)) ?? words[0]
  return words
    .map(word => (word.includes('/') && !word.startsWith('-') && !isAbsolute(word) ? resolve(word) : word))
    .join(' ')
}

/** The options behind the suite's own, for one unit. */
function lastWords(unit: string): string {
  const shards = options.shards ?? (isSkep ? shardsFor(unit) : undefined)
  const words = shards === undefined ? [] : ['--shards', shards]
  if (isSkep && readsLines(unit)) words.push('--log-format', 'redis')
  return words.join(' ')
}

function row(unit: string, passed: string, total: string, redis: string, seconds: string, note: string): void {
  console.log(
    `${unit.padEnd(44)} ${passed.padStart(6)} ${total.padStart(6)} ${redis.padStart(6)} ${seconds.padStart(7)}  ${note}`.trimEnd(),
  )
}

async function main(): Promise<number> {
  if (options.help) {
    console.log(HELP)
    return 0
  }
  const jobs = Math.max(1, Number(options.jobs))
  const folders = Array.from({ length: jobs }, () => mkdtempSync(join(tmpdir(), 'skep-conformance-')))
  // However the run ends, by a signal too.
  process.on('exit', () => {
    if (!options.keep) for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })
  for (const folder of folders) layOutSuite(folder)
  const listed = listUnits(folders[0])
  const units = chooseUnits(listed, options.units)
  if (options.list) {
    console.log(units.join('\n'))
    return 0
  }
  return await runAll(units, folders)
}

/** One run of a unit. */
type Attempt = Awaited<ReturnType<typeof runUnit>> & { readonly verdict: Verdict }

async function runAll(units: string[], folders: readonly string[]): Promise<number> {
  const baseline = readBaseline()
  const expected = readExpected()
  const isolated = canIsolate()
  const logs = join(cacheFolder(), 'logs', new Date().toISOString().replaceAll(/[-:]|\..*/g, ''))
  mkdirSync(logs, { recursive: true })
  console.log(
    `server: ${serverWords()}\nlogs:   ${logs}${isolated ? '' : '\n(no namespaces here: units share the ports)'}`,
  )
  row('unit', 'passed', 'total', 'redis', 'seconds', '')

  const verdicts: Verdict[] = []
  const queue = [...units]
  const started = Date.now()
  await Promise.all(
    folders.map(async (folder, job) => {
      for (let unit = queue.shift(); unit !== undefined; unit = queue.shift()) {
        setServer(folder, serverWords(), lastWords(unit))
        const known = options['write-baseline'] ? undefined : baseline.get(unit)
        const unitOptions = { folder, logs, only: options.only, isolated, basePort: 21_111 + 600 * job }
        const attempt = async (): Promise<Attempt> => {
          const ran = await runUnit(unit, known, unitOptions)
          return { ...ran, verdict: judge(unit, ran.events, known, expected, options.only.length === 0) }
        }
        let last = await attempt()
        // Many of the suite's tests wait for fixed times, which a machine that is busy with something else may miss.
        if (options.again && last.verdict.unexpected.length > 0) last = await attempt()
        const { events, end, seconds, verdict } = last
        verdicts.push(verdict)
        const notes = [end === 'ended' ? '' : end, events.revived > 0 ? `server lost ${events.revived} times` : '']
        notes.push(verdict.expected.length > 0 ? `${failureCount(verdict.expected)} expected failures` : '')
        notes.push(verdict.unexpected.length > 0 ? `${failureCount(verdict.unexpected)} FAILED` : '')
        const { passed, total } = verdict
        row(
          unit,
          `${passed}`,
          `${total}`,
          `${verdict.baseline ?? '-'}`,
          seconds.toFixed(1),
          notes.filter(Boolean).join(', '),
        )
        logFailures(join(logs, 'failing.txt'), verdict)
        if (options['write-baseline'] && options.only.length === 0) {
          baseline.set(unit, { passed, total, seconds, gapSeconds: events.longestGapMs / 1000 })
          writeBaseline(baseline)
        }
      }
    }),
  )
  return summary(verdicts, (Date.now() - started) / 1000, logs)
}

function logFailures(path: string, verdict: Verdict): void {
  for (const [kind, failures] of Object.entries({ failed: verdict.unexpected, expected: verdict.expected })) {
    for (const { test, why } of failures) {
      appendFileSync(
        path,
        `${[verdict.unit, kind, test, why.trim().replaceAll(/\s+/g, ' ').slice(0, 500)].join('\t')}\n`,
      )
    }
  }
}

function summary(verdicts: readonly Verdict[], seconds: number, logs: string): number {
  const sum = (count: (verdict: Verdict) => number): number => verdicts.reduce((all, one) => all + count(one), 0)
  const passed = sum(({ passed }) => passed)
  const expected = sum(({ expected }) => failureCount(expected))
  const failed = sum(({ unexpected }) => failureCount(unexpected))
  const redis = sum(({ baseline }) => baseline ?? 0)
  row(`all ${verdicts.length} units`, `${passed}`, `${sum(({ total }) => total)}`, `${redis}`, seconds.toFixed(1), '')

  for (const { unit, unexpected } of verdicts) {
    for (const { test, why } of unexpected) {
      console.log(`FAILED ${unit}: ${test}\n       ${why.trim().replaceAll(/\s+/g, ' ').slice(0, 300)}`)
    }
  }
  for (const { unit, passedAfterAll } of verdicts) {
    for (const test of passedAfterAll) console.log(`PASSED though expected.tsv says it fails: ${unit}: ${test}`)
  }
  if (options.json !== undefined) {
    writeFileSync(options.json, JSON.stringify({ passed, failed, expected, redis, seconds, verdicts }, undefined, 1))
  }
  console.log(`reasons in ${join(logs, 'failing.txt')}`)
  console.log(`conformance: ${passed} passed, ${failed} failed, ${expected} known to fail`)
  return failed === 0 ? 0 : 1
}

endOnSignals()

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`conformance: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}
