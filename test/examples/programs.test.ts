// Each example runs by itself with one command, ends by itself, and stands in the list of examples.

import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { projectNode } from '../support/server.ts'

const run = promisify(execFile)
const FOLDER = fileURLToPath(new URL('../../examples/', import.meta.url))
const PROGRAMS = globSync('*.ts', { cwd: FOLDER }).sort()
const RUN_MS_MAX = 120_000

/** A line that the program cannot print unless it has done its work. */
const PROOF: Readonly<Record<string, RegExp>> = {
  'article-voting.ts': /'Why bees build hexagons' *│ 'ada' *│ '13' *│ '1'/,
  'counters.ts': /with a transaction: +\[ 1, 1, 1 \]/,
  'log-aggregation.ts':
    /started again at \{ file: [\s\S]*'200': '90000', '404': '10000'|'404': '10000', '200': '90000'/,
  'login-cookies.ts': /last viewed: item:99 item:98/,
  'page-analytics.ts': /after: +20000 items, \[ \[ 'item:1', 30000 \]/,
  'page-cache.ts': /third visit: 6035 characters/,
  'row-cache.ts': /stock: \d+ \}[\s\S]*after the sale: undefined/,
  'session-cleanup.ts': /19000 of 20000 sessions removed, 1000 left/,
  'shopping-cart.ts': /Map\(1\) \{ 'honey' => 3 \}/,
  'verified-write.ts': /(on two disks after \d+ ms\s+){3}/,
}

test('every example is in the list, and has a proof here', () => {
  const list = readFileSync(join(FOLDER, 'README.md'), 'utf8')
  const listed = [...list.matchAll(/^\| \[(\S+\.ts)\]\(\1\)/gm)].map(match => match[1])
  expect(listed.sort()).toEqual(PROGRAMS)
  expect(Object.keys(PROOF)).toEqual(PROGRAMS)
})

test.each(PROGRAMS)('%s runs by itself and ends by itself', { timeout: RUN_MS_MAX }, async name => {
  const { REDIS_URL: _, ...env } = process.env
  const { stdout } = await run(projectNode(), [join(FOLDER, name)], { env, timeout: RUN_MS_MAX })
  expect(stdout).toMatch(PROOF[name])
})
