// Reads the configuration at the start: a file with its includes, standard input, the options of the command line.
//
// Always: what comes later wins, a wrong line ends the process with its number and the reason, in Redis's words.

import { appendFileSync, globSync, readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { Config } from './config.ts'
import { findDirective, RETIRED } from './directives.ts'
import { systemErrorText } from './special-kinds.ts'
import { fromByteString, splitArgs, toByteString } from './split-args.ts'
import { REDIS_VERSION } from './version.ts'

/** A line that others understand: it names commands or users. */
export interface LaterLine {
  readonly args: readonly string[]
  /** For `fatalText`, should it turn out to be wrong. */
  readonly number: number
  readonly line: string
}

/** What the files and options say. */
export interface Loaded {
  readonly config: Config
  /** rename-command: `args` are old and new name; an empty new one takes the command away. */
  readonly renames: readonly LaterLine[]
  /** user: `args` are the name and its rules. */
  readonly users: readonly LaterLine[]
}

/** Why the process must end. */
export interface Fatal {
  readonly text: string
  /** Belongs in the log rather than on standard error. */
  readonly log: boolean
}

/** Where the configuration comes from; see command-line.ts. */
export interface Sources {
  readonly file?: string | undefined
  readonly stdin?: boolean
  readonly options?: string
}

// Deep enough for any sane tree of files, and reached at once by a file that includes itself.
const INCLUDES_MAX = 32

/** Reads everything, or says why it cannot be. The folder `dir` names is checked; entering it is the caller's part. */
export function loadConfig({ file, stdin = false, options }: Sources): { loaded: Loaded } | { fatal: Fatal } {
  const loader = new Loader()
  const fatal = loader.load(file, stdin, options) ?? loader.checkWhole()
  return fatal === undefined ? { loaded: loader } : { fatal }
}

/** The words in which Redis says that a line is wrong. */
export function fatalText(reason: string, line?: { readonly number: number; readonly line: string }): string {
  const place = line === undefined ? '' : `Reading the configuration file, at line ${line.number}\n>>> '${line.line}'\n`
  return `\n*** FATAL CONFIG FILE ERROR (Redis ${REDIS_VERSION}) ***\n${place}${reason}\n`
}

class Loader implements Loaded {
  readonly config = new Config()
  readonly renames: LaterLine[] = []
  readonly users: LaterLine[] = []
  private readonly mentioned = new Set<string>()
  private includes = 0

  load(file: string | undefined, stdin: boolean, options: string | undefined): Fatal | undefined {
    let text = ''
    if (file !== undefined) {
      const path = this.absolute(file)
      const read = readText(path)
      if ('fatal' in read) return read.fatal
      text += read.text
      this.config.file = path
    }
    if (stdin) text += readFileSync(0, 'latin1')
    if (options !== undefined) text += `\n${options}`
    return this.loadText(text)
  }

  /** What can only be said of all lines together. */
  checkWhole(): Fatal | undefined {
    const logfile = this.config.get('logfile')
    if (logfile !== '') {
      try {
        appendFileSync(fromByteString(this.absolute(logfile)), '')
      } catch (error) {
        return { text: fatalText(`Can't open the log file: ${systemErrorText(error)}`), log: false }
      }
    }
    if (this.config.bool('cluster-enabled') && this.config.master() !== undefined) {
      return { text: fatalText('replicaof directive not allowed in cluster mode'), log: false }
    }
    return undefined
  }

  private loadText(text: string): Fatal | undefined {
    for (const [at, raw] of text.split('\n').entries()) {
      const line = raw.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')
      if (line === '' || line.startsWith('#')) continue
      const fault = this.loadLine(line, at + 1)
      if (typeof fault === 'string') return { text: fatalText(fault, { number: at + 1, line }), log: false }
      if (fault !== undefined) return fault
    }
    return undefined
  }

  /** Obeys one line; a string is what is wrong with it. */
  private loadLine(line: string, number: number): string | Fatal | undefined {
    const words = splitArgs(line)
    if (words === undefined) return 'Unbalanced quotes in configuration line'
    if (words.length === 0) return undefined
    const name = words[0].toLowerCase()
    const args = words.slice(1)
    if (findDirective(name) !== undefined) return this.assign(name, args)
    if (RETIRED.includes(name) && args.length === 1) return undefined
    if (name === 'include' && args.length === 1) return this.include(args[0])
    if (name === 'rename-command' && args.length === 2) return void this.renames.push({ args, number, line })
    if (name === 'user' && args.length >= 1) return void this.users.push({ args, number, line })
    if (name === 'loadmodule' && args.length >= 1) return 'skep cannot load modules'
    if (name.includes('.')) return args.length === 0 ? 'Module config specified without value' : 'skep has no modules'
    if (name === 'sentinel') return args.length === 0 ? undefined : 'sentinel directive while not in sentinel mode'
    return 'Bad directive or wrong number of arguments'
  }

  private assign(name: string, args: readonly string[]): string | undefined {
    const directive = findDirective(name)
    if (directive === undefined) return 'Bad directive or wrong number of arguments'
    if (!directive.kind.multiple && args.length !== 1) return 'wrong number of arguments'
    // One argument may hold several, as in --save "900 1".
    const split = directive.kind.multiple && args.length === 1 && args[0] !== ''
    const values = split ? splitArgs(args[0]) : args
    if (values === undefined) return 'Unbalanced quotes in configuration line'
    const again = this.mentioned.has(directive.name)
    this.mentioned.add(directive.name)
    return this.config.assign(directive, values, again)
  }

  private include(pattern: string): string | Fatal | undefined {
    if (this.includes === INCLUDES_MAX) return 'include goes too deep'
    const paths = /[*?[]/.test(pattern) ? this.expand(pattern) : [this.absolute(pattern)]
    let text = ''
    for (const path of paths) {
      const read = readText(path)
      if ('fatal' in read) return read.fatal
      text += read.text
    }
    this.includes++
    const fault = this.loadText(text)
    this.includes--
    return fault
  }

  /** The files that a pattern names, in order; none is no mistake, so that a folder of pieces may be empty. */
  private expand(pattern: string): string[] {
    const path = fromByteString(this.absolute(pattern)).toString()
    const showsDots = basename(path).startsWith('.')
    return globSync(path)
      .filter(found => showsDots || !basename(found).startsWith('.'))
      .map(toByteString)
      .sort()
  }

  /** Relative paths count from `dir`, if it has been named already. */
  private absolute(path: string): string {
    const dir = fromByteString(this.config.get('dir')).toString()
    return toByteString(resolve(dir, fromByteString(path).toString()))
  }
}

function readText(path: string): { text: string } | { fatal: Fatal } {
  try {
    return { text: readFileSync(fromByteString(path), 'latin1') }
  } catch (error) {
    const text = `Fatal error, can't open config file '${path}': ${systemErrorText(error)}`
    return { fatal: { text, log: true } }
  }
}
