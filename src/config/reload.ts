// Reads the configuration again, as SIGHUP asks, and puts to work what has changed in it.
//
// Compared are the files of now with the files as they were read last: what CONFIG SET has changed since stays, unless
// the file says something new about it.

import type { Config } from './config.ts'
import type { Directive } from './directive.ts'
import { DIRECTIVES } from './directives.ts'
import { loadConfig, type Sources } from './load.ts'

/** What became of a reload. */
export interface Reloaded {
  /** Directives that have new values now. */
  readonly changed: readonly string[]
  /** Directives that only a restart can change. */
  readonly needRestart: readonly string[]
  /** Why nothing was changed, if so. */
  readonly error?: string
}

export class Reloader {
  readonly #config: Config
  readonly #sources: Sources
  /** The values as the files had them when they were last read. */
  #last: ReadonlyMap<string, string>

  /** To be made when the configuration has just been read. */
  constructor(config: Config, sources: Sources) {
    this.#config = config
    this.#sources = sources
    this.#last = valuesOf(config)
  }

  async reload(): Promise<Reloaded> {
    // Standard input cannot be read twice: what it said is lost, and so is the ground for comparing.
    if (this.#sources.file === undefined || this.#sources.stdin === true) return { changed: [], needRestart: [] }
    const read = loadConfig(this.#sources)
    if ('fatal' in read) return { changed: [], needRestart: [], error: read.fatal.text.trim() }
    const next = valuesOf(read.loaded.config)
    const different = DIRECTIVES.filter(({ name }) => next.get(name) !== this.#last.get(name))
    const isFixed = ({ immutable, guarded }: Directive): boolean => immutable === true || guarded === true
    const settable = different.filter(directive => !isFixed(directive)).map(({ name }) => name)
    const error = await this.#set(settable, next)
    if (error !== undefined) return { changed: [], needRestart: [], error }
    this.#last = next
    return { changed: settable, needRestart: different.filter(isFixed).map(({ name }) => name) }
  }

  async #set(names: readonly string[], values: ReadonlyMap<string, string>): Promise<string | undefined> {
    if (names.length === 0) return undefined
    const args = names.flatMap(name => [name, values.get(name) ?? ''])
    return this.#config.set(args, { local: true })
  }
}

function valuesOf(config: Config): Map<string, string> {
  return new Map(DIRECTIVES.map(({ name }) => [name, config.get(name)]))
}
