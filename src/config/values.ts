// The values of all directives, to be read: on the main thread (config.ts) and, as a copy, on every other.
//
// Always: there is one text for every directive, in the form that CONFIG GET answers with. Names passed to the readers
// below are skep's own constants; a wrong one is a mistake of the programmer.

import { assert } from '../bytes/assert.ts'
import { globMatch } from '../bytes/glob.ts'
import { TextBlock } from '../shared/text-block.ts'
import type { Directive } from './directive.ts'
import { DIRECTIVES, findDirective, namesOf } from './directives.ts'
import { viewSettings } from './settings.ts'
import { type OutputBufferLimits, readOutputBufferLimits, readSavePoints, type SavePoint } from './special-kinds.ts'
import { fromByteString } from './split-args.ts'

/** What another thread needs in order to have the configuration; goes through postMessage or workerData. */
export interface ConfigSnapshot {
  readonly values: Readonly<Record<string, string>>
  readonly settings: SharedArrayBuffer
}

/** New values, by the directives' own names; goes through postMessage. */
export type ConfigUpdate = Readonly<Record<string, string>>

/** The readers. */
export class ConfigValues {
  protected readonly values: Map<string, string>
  /** The slots that hot paths read; see settings.ts. */
  readonly settings: Float64Array<SharedArrayBuffer>

  protected constructor(values: Iterable<readonly [string, string]>, settings: SharedArrayBuffer) {
    this.values = new Map(values)
    this.settings = viewSettings(settings)
  }

  /** The value as CONFIG GET shows it. */
  get(name: string): string {
    const value = this.values.get(name)
    assert(value !== undefined, 'the directive exists')
    return value
  }

  /** A yes-or-no value. */
  bool(name: string): boolean {
    return this.get(name) === 'yes'
  }

  /** An integer; beyond 2^53 the nearest one. Percentages are negative, bits and words as in the shared settings. */
  number(name: string): number {
    const toNumber = findDirective(name)?.kind.toNumber
    assert(toNumber !== undefined, 'the directive has a number')
    return toNumber(this.get(name))
  }

  /** The words of a value that is a list, such as `bind`. */
  words(name: string): string[] {
    const value = this.get(name)
    return value === '' ? [] : value.split(' ')
  }

  savePoints(): SavePoint[] {
    return readSavePoints(this.get('save'))
  }

  outputBufferLimits(): OutputBufferLimits {
    return readOutputBufferLimits(this.get('client-output-buffer-limit'))
  }

  /** The master to follow, if there is one. */
  master(): { readonly host: string; readonly port: number } | undefined {
    const [host, port] = this.words('replicaof')
    return host === undefined ? undefined : { host, port: Number(port) }
  }

  /** Name and value of all that the names and patterns ask for: CONFIG GET. */
  match(patterns: readonly string[]): [name: string, value: string][] {
    const found = new Map<string, [string, string]>() // by the name in lower case
    for (const pattern of patterns) {
      if (/[*?[]/.test(pattern)) {
        for (const directive of DIRECTIVES) this.matchNames(directive, pattern, found)
        continue
      }
      // A plain name is answered as it was typed, and finds hidden directives too.
      const directive = findDirective(pattern)
      const key = pattern.toLowerCase()
      if (directive !== undefined && !found.has(key)) found.set(key, [pattern, this.get(directive.name)])
    }
    return [...found.values()]
  }

  private matchNames(directive: Directive, pattern: string, found: Map<string, [string, string]>): void {
    if (directive.hidden) return
    const patternBytes = fromByteString(pattern)
    for (const name of namesOf(directive)) {
      const bytes = fromByteString(name)
      if (found.has(name) || !globMatch(patternBytes, 0, patternBytes.length, bytes, 0, bytes.length, true)) continue
      found.set(name, [name, this.get(directive.name)])
    }
  }

  /** Directives that were given a value and do nothing: worth a warning at the start. */
  inertInUse(): Directive[] {
    return DIRECTIVES.filter(({ name, inert, initial }) => inert !== undefined && this.get(name) !== initial)
  }
}

/** The copy that a router's thread keeps; the main thread sends it every update. */
export class ConfigCopy extends ConfigValues {
  constructor(snapshot: ConfigSnapshot) {
    super(Object.entries(snapshot.values), snapshot.settings)
  }

  /** Takes over an update. */
  update(update: ConfigUpdate): void {
    for (const [name, value] of Object.entries(update)) this.values.set(name, value)
  }
}

/** What a thread has that is sent no updates: it reads the text that the main thread writes. */
export class SharedConfig extends ConfigValues {
  readonly #text: TextBlock
  #version = 0

  constructor(text: SharedArrayBuffer, snapshot: ConfigSnapshot) {
    super(Object.entries(snapshot.values), snapshot.settings)
    this.#text = new TextBlock(text)
  }

  /** Reads the values anew if they have changed; while they are being changed, what was is what holds. */
  refresh(): void {
    if (this.#text.version === this.#version) return
    const read = this.#text.read()
    if (read === undefined) return
    this.#version = read.version
    const values = Object.entries(JSON.parse(read.text) as Record<string, string>)
    for (const [name, value] of values) this.values.set(name, value)
  }
}
