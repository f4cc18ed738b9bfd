// Keeps bench/RESULTS.md: one section a suite, replaced as a whole when the suite is run with --write.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { projectNode, redisVersion } from '../../test/support/server.ts'

const RESULTS = new URL('../RESULTS.md', import.meta.url)

const HEAD = `# What was measured

Both servers in the same run, in turn, on the machine each section names. \`npm run bench -- SUITE --write\` renews a
section. Medians, with the lowest and highest value in brackets; the ratio is skep's median over redis-server's.
`

function output(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8' }).trim()
}

function commit(): string {
  const hash = output('git', ['rev-parse', '--short', 'HEAD'])
  const dirty = output('git', ['status', '--porcelain', '--', 'src', 'bench']) !== ''
  return dirty ? `${hash} with changes` : hash
}

/** One line that says where and when: machine, versions, commit, date. */
export function circumstances(): string {
  const cores = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  const node = output(projectNode(), ['--version'])
  const date = new Date().toISOString().slice(0, 10)
  return (
    `${date}, commit ${commit()}, ${cores.length} cores (${cores[0]?.model.trim()}), ${memory} GiB, Linux ${release()}, ` +
    `Node ${node}, redis-server ${redisVersion() ?? 'not installed'}`
  )
}

/** The file's text with the section replaced, or added at its end. */
export function replaceSection(text: string, name: string, body: string): string {
  const section = `## ${name}\n\n${body.trim()}\n`
  const start = text.search(new RegExp(`^## ${name}$`, 'm'))
  if (start < 0) return `${text.trimEnd()}\n\n${section}`
  const next = text.indexOf('\n## ', start)
  return `${text.slice(0, start)}${section}${next < 0 ? '' : text.slice(next)}`
}

/** Puts the section into RESULTS.md. */
export function writeSection(name: string, body: string): void {
  const text = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : HEAD
  writeFileSync(RESULTS, replaceSection(text, name, body))
}
