// The libraries of functions, as one thread knows them. The truth is in shared memory (shared/text-block.ts), as JSON
// of one character a byte, which is read anew when it has changed. To run them is the business of others.

import { TextBlock, textBlockCreate } from '../shared/text-block.ts'

/** What a function may do: bits. */
export const FUNCTION = { NO_WRITES: 1, ALLOW_OOM: 2, ALLOW_STALE: 4, NO_CLUSTER: 8, ALLOW_CROSS_SLOT: 16 } as const

/** The names of FUNCTION's bits, in their order. */
export const FUNCTION_FLAGS = ['no-writes', 'allow-oom', 'allow-stale', 'no-cluster', 'allow-cross-slot-keys'] as const

export interface LibraryFunction {
  readonly name: string
  /** Bits of FUNCTION. */
  readonly flags: number
  readonly description: string | null
}

/** All texts have a character a byte. */
export interface Library {
  readonly name: string
  /** As it was given, its first line included. */
  readonly code: string
  readonly functions: readonly LibraryFunction[]
}

/** A function with the library that it is part of. */
export interface KnownFunction {
  readonly library: Library
  readonly fn: LibraryFunction
}

export class Libraries {
  readonly #block: TextBlock
  #version = 0
  #all: ReadonlyMap<string, Library> = new Map()
  readonly #functions = new Map<string, KnownFunction>()

  constructor(buffer: SharedArrayBuffer = textBlockCreate()) {
    this.#block = new TextBlock(buffer)
  }

  /** Another number with every change. */
  get version(): number {
    return this.#block.version
  }

  /** By name. */
  get all(): ReadonlyMap<string, Library> {
    this.#refresh()
    return this.#all
  }

  get functionCount(): number {
    this.#refresh()
    return this.#functions.size
  }

  /** The function of that name, in any case. */
  find(name: string): KnownFunction | undefined {
    this.#refresh()
    return this.#functions.get(name.toLowerCase())
  }

  /** What an RDB file has of them. */
  codes(): string[] {
    return [...this.all.values()].map(({ code }) => code)
  }

  /** Bytes that they take. */
  get bytes(): number {
    let bytes = 0
    for (const { code } of this.all.values()) bytes += code.length
    return bytes
  }

  #refresh(): void {
    if (this.#block.version === this.#version) return
    const read = this.#block.read()
    // Being changed: until that is over, what was is what holds.
    if (read === undefined) return
    const { text, version } = read
    this.#version = version
    this.#functions.clear()
    const libraries = text === '' ? [] : (JSON.parse(text) as Library[])
    this.#all = new Map(libraries.map(library => [library.name, library]))
    for (const library of libraries) {
      for (const fn of library.functions) this.#functions.set(fn.name.toLowerCase(), { library, fn })
    }
  }

  /** Puts these in the place of all there were. The caller holds every shard's lock, or is alone. Returns false if they are too many. */
  replace(libraries: Iterable<Library>): boolean {
    const all = [...libraries]
    const text = all.length === 0 ? '' : JSON.stringify(all)
    if (!this.#block.fits(text.length)) return false
    this.#block.write(text)
    return true
  }

  /**
   * Adds libraries to those there are; of the same name they are replaced, or refused. Returns why that cannot be, in which
   * case nothing has changed.
   */
  add(libraries: readonly Library[], replaces: boolean): string | undefined {
    const all = new Map(this.all)
    for (const library of libraries) {
      if (all.has(library.name) && !replaces) return `ERR Library ${library.name} already exists`
      all.set(library.name, library)
    }
    const functions = new Set<string>()
    for (const { functions: added } of all.values()) {
      for (const { name } of added) {
        if (functions.has(name.toLowerCase())) return `ERR Function ${name} already exists`
        functions.add(name.toLowerCase())
      }
    }
    return this.replace(all.values()) ? undefined : 'ERR Libraries take too much memory'
  }
}
