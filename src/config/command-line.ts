// skep-server's command line, which is redis-server's: [FILE | -] [--directive value …] [-].
//
// Options become lines of configuration that are read after the file. What follows a name is its value even if it begins
// with --; after at least one value, -- begins the next name.

import { quote, splitArgs, toByteString } from './split-args.ts'
import { REDIS_VERSION, SKEP_VERSION } from './version.ts'

/** What the command line asks for. Texts and paths are byte strings. */
export type CommandLine =
  | { readonly action: 'version' | 'refuse'; readonly text: string }
  | { readonly action: 'help' }
  | { readonly action: 'run'; readonly file: string | undefined; readonly stdin: boolean; readonly options: string }

/** Reads the arguments that follow the program's name, as Node has them. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const args = argv.map(toByteString)
  const [first] = args
  if (first === '-v' || first === '--version') {
    const text = `skep server v=${SKEP_VERSION} redis_version=${REDIS_VERSION} node=${process.versions.node} bits=64\n`
    return { action: 'version', text }
  }
  if (first === '-h' || first === '--help') return { action: 'help' }
  if (args.includes('--sentinel')) {
    return { action: 'refuse', text: 'skep has no Sentinel mode; use redis-sentinel, which can watch over skep.\n' }
  }
  const file = first !== undefined && !first.startsWith('-') ? first : undefined
  return { action: 'run', file, ...readOptions(args, file === undefined ? 0 : 1) }
}

function readOptions(args: readonly string[], from: number): { stdin: boolean; options: string } {
  const lines: string[] = []
  let stdin = false
  let hasValue = true // whether the name last read has got a value, so that a new one may begin
  for (let at = from; at < args.length; at++) {
    const arg = args[at]
    const last = at === args.length - 1
    if (arg === '-' && (at === 0 || last)) {
      stdin = true
    } else if (hasValue && arg.startsWith('--')) {
      // Name and value may come in one argument: '--port 6380'.
      hasValue = splitArgs(arg)?.length !== 1
      // A --save that nothing or another name follows means: never save.
      const bareSave = !hasValue && arg.toLowerCase() === '--save' && (last || args[at + 1].startsWith('--'))
      lines.push(bareSave ? `${arg.slice(2)} ""` : `${arg.slice(2)} `)
      if (bareSave && !last) hasValue = true
    } else {
      lines.push(`${lines.pop() ?? ''}${quote(arg)} `)
      hasValue = true
    }
  }
  return { stdin, options: lines.join('\n') }
}
