// Writes docs/configuration.md from the table of directives and docs/commands.md from the command table.
// `npm run docs`; tests hold that it has been run.

import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Directive } from '../src/config/directive.ts'
import { DIRECTIVE_GROUPS, RETIRED } from '../src/config/directives.ts'
import { REDIS_VERSION } from '../src/config/version.ts'
import { renderCommands } from './command-manual.ts'

const MANUAL = new URL('../docs/configuration.md', import.meta.url)
const COMMANDS = new URL('../docs/commands.md', import.meta.url)

/** The manual's text. */
export function renderManual(): string {
  return `# Configuration

<!-- Written by \`npm run docs\` from src/config/directives; edit there. -->

skep is configured as Redis ${REDIS_VERSION} is: a file in redis.conf's syntax, options on the command line, and CONFIG SET.

\`\`\`
skep-server [FILE] [--directive value ...] [-]
\`\`\`

Every directive of Redis ${REDIS_VERSION} is known. An unknown or wrong one ends the process with its line and the reason.
What comes later wins: the file, then standard input (\`-\`), then the options. \`include\` takes another file, or a
pattern. Sizes take units: \`1k\` is 1000 bytes, \`1kb\` is 1024; likewise \`m\`, \`mb\`, \`g\`, \`gb\`.

In the tables, *start* marks what CONFIG SET cannot change, *guarded* what it changes only under
\`enable-protected-configs\`, *hidden* what patterns of CONFIG GET pass over.

${DIRECTIVE_GROUPS.map(renderGroup).join('\n')}
## Beside the directives

| line | meaning |
|---|---|
| \`include FILE\` | read that file here |
| \`rename-command OLD NEW\` | give a command another name; \`""\` takes it away |
| \`user NAME RULE ...\` | a user, in the rules of ACL SETUSER |
| \`loadmodule\` | refused: modules are native code, which is not loaded |

Accepted and passed over, for old files: ${RETIRED.map(name => `\`${name}\``).join(', ')}.
`
}

function renderGroup({ title, directives }: { title: string; directives: readonly Directive[] }): string {
  const rows = directives.map(renderRow).join('')
  return `## ${title}\n\n| directive | default | values | | meaning |\n|---|---|---|---|---|\n${rows}`
}

function renderRow(directive: Directive): string {
  const { name, alias, kind, initial, initialText, summary, inert, immutable, guarded, hidden } = directive
  const names = alias === undefined ? `\`${name}\`` : `\`${name}\`, \`${alias}\``
  const value = initialText ?? `\`${initial === '' ? '""' : initial}\``
  const marks = [immutable && 'start', guarded && 'guarded', hidden && 'hidden'].filter(Boolean).join(', ')
  const meaning = inert === undefined ? summary : `${summary} **No effect**: ${inert}.`
  return `| ${names} | ${value} | ${kind.form} | ${marks} | ${meaning} |\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(new URL('.', MANUAL), { recursive: true })
  writeFileSync(MANUAL, renderManual())
  writeFileSync(COMMANDS, renderCommands())
}
