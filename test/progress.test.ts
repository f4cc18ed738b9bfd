import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { projectNode } from './support/server.ts'

const PROGRESS = fileURLToPath(new URL('../src/progress.ts', import.meta.url))
const PROGRAM =
  `const { showProgress } = await import('${PROGRESS}'); const bar = await showProgress('Loading', 200, 'bytes');` +
  'bar.at(100); await new Promise(done => setTimeout(done, 300)); bar.end()'
const words = [projectNode(), '--input-type=module', '-e', PROGRAM]
const hasScript = spawnSync('script', ['--version']).status === 0

test('no bar where there is no terminal', () => {
  const { status, stdout, stderr } = spawnSync(words[0], words.slice(1), { encoding: 'utf8' })
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
})

test.skipIf(!hasScript)('a bar on a terminal (needs script)', () => {
  const quoted = words.map(word => `'${word.replaceAll("'", `'"'"'`)}'`).join(' ')
  const { stdout } = spawnSync('script', ['-qefc', quoted, '/dev/null'], { encoding: 'utf8' })
  expect(stdout).toMatch(/Loading \[.+\] 50% 100 of 200 bytes/)
})
