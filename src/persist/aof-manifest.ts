// The manifest of a multi-part append-only file, in Redis 7's format: which base file and which increments make up the
// data, in the order in which they are read.
//
// A manifest is never changed: the functions return another. Names and texts are byte strings, as everywhere in config.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { fromByteString, quote, splitArgs } from '../config/split-args.ts'

/** A file by its name, and its number among those of its kind. */
export interface AofFile {
  readonly name: string
  readonly seq: number
}

/** What a manifest says. */
export interface AofManifest {
  readonly base: AofFile | undefined
  readonly increments: readonly AofFile[]
  /** Files that a rewrite has replaced and that are to be deleted. */
  readonly history: readonly AofFile[]
  /** The last numbers given, of whatever became of the files. */
  readonly baseSeq: number
  readonly incrementSeq: number
}

export const EMPTY_MANIFEST: AofManifest = { base: undefined, increments: [], history: [], baseSeq: 0, incrementSeq: 0 }

const LINE_BYTES_MAX = 1024

/** A manifest that cannot be read: the line, and why. */
export class ManifestError extends Error {
  readonly number: number
  readonly line: string

  constructor(number: number, line: string, reason: string) {
    super(reason)
    this.number = number
    this.line = line
  }

  /** As Redis logs it. */
  get report(): string {
    return `\n*** FATAL AOF MANIFEST FILE ERROR ***\nReading the manifest file, at line ${this.number}\n>>> '${this.line}'\n${this.message}`
  }
}

/** Reads a manifest's text. Throws a ManifestError. */
export function manifestParse(text: string): AofManifest {
  let base: AofFile | undefined
  const increments: AofFile[] = []
  const history: AofFile[] = []
  let lastSeq = 0
  let number = 0
  const lines = text.split('\n')
  const unended = lines.pop()
  if (unended !== '' && unended !== undefined) lines.push(unended)
  if (lines.length === 0) throw new ManifestError(0, '', 'Found an empty AOF manifest')
  for (const line of lines) {
    number++
    if (line.startsWith('#')) continue
    if (line.length >= LINE_BYTES_MAX - 1) {
      throw new ManifestError(number, line, 'The AOF manifest file contains too long line')
    }
    const fail = (reason: string): never => {
      throw new ManifestError(number, line, reason)
    }
    const trimmed = line.replace(/[ \t\r\n]+$/, '').replace(/^[ \t\r\n]+/, '')
    if (trimmed === '') fail('Invalid AOF manifest file format')
    const words = splitArgs(trimmed)
    if (words === undefined || words.length < 6 || words.length % 2 !== 0) {
      return fail('Invalid AOF manifest file format')
    }
    let name = ''
    let seq = 0
    let type = ''
    for (let i = 0; i < words.length; i += 2) {
      const key = words[i].toLowerCase()
      if (key === 'file') {
        name = words[i + 1]
        if (name.includes('/') || name.includes('\\')) fail("File can't be a path, just a filename")
      } else if (key === 'seq') seq = Number.parseInt(words[i + 1], 10)
      else if (key === 'type') type = words[i + 1].charAt(0)
      // Other keys are of a newer format, and may be passed over.
    }
    if (name === '' || !(seq > 0) || type === '') fail('Invalid AOF manifest file format')
    const file = { name, seq }
    if (type === 'b') {
      if (base !== undefined) fail('Found duplicate base file information')
      base = file
    } else if (type === 'h') history.push(file)
    else if (type === 'i') {
      if (seq <= lastSeq) fail('Found a non-monotonic sequence number')
      increments.push(file)
      lastSeq = seq
    } else fail('Unknown AOF file type')
  }
  return { base, increments, history, baseSeq: base?.seq ?? 0, incrementSeq: lastSeq }
}

const NEEDS_QUOTES = /[^\x21-\x7e]|["'\\]/

const line = ({ name, seq }: AofFile, type: string): string =>
  `file ${NEEDS_QUOTES.test(name) ? quote(name) : name} seq ${seq} type ${type}\n`

/** The text of a manifest. */
export function manifestText({ base, increments, history }: AofManifest): string {
  return [
    base === undefined ? '' : line(base, 'b'),
    ...history.map(file => line(file, 'h')),
    ...increments.map(file => line(file, 'i')),
  ].join('')
}

/** The files that hold the data, in the order in which they are read. */
export const manifestFiles = ({ base, increments }: AofManifest): readonly AofFile[] =>
  base === undefined ? increments : [base, ...increments]

/** With another increment, the newest. */
export function withIncrement(manifest: AofManifest, stem: string): AofManifest {
  const seq = manifest.incrementSeq + 1
  const file = { name: `${stem}.${seq}.incr.aof`, seq }
  return { ...manifest, increments: [...manifest.increments, file], incrementSeq: seq }
}

/** The name of the next base file. */
export const nextBaseName = (manifest: AofManifest, stem: string, isRdb: boolean): string =>
  `${stem}.${manifest.baseSeq + 1}.base.${isRdb ? 'rdb' : 'aof'}`

/** With `name` as its base; all increments but the last `kept`, and the base before, become history. */
export function withBase(manifest: AofManifest, name: string, kept: number): AofManifest {
  const seq = manifest.baseSeq + 1
  const old = manifest.increments.slice(0, manifest.increments.length - kept)
  const history = [...old.toReversed(), ...(manifest.base === undefined ? [] : [manifest.base]), ...manifest.history]
  const increments = manifest.increments.slice(manifest.increments.length - kept)
  // Without any, their numbers begin anew.
  const incrementSeq = increments.length === 0 ? 0 : manifest.incrementSeq
  return { base: { name, seq }, increments, history, baseSeq: seq, incrementSeq }
}

/** Without history. */
export const withoutHistory = (manifest: AofManifest): AofManifest => ({ ...manifest, history: [] })

/** A file's text as a byte string, undefined if it is not there. */
export function textRead(path: string): string | undefined {
  try {
    return readFileSync(fromByteString(path), 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Puts a text in the place of a file, whole or not at all, whatever happens meanwhile. */
export function textReplace(path: string, text: string): void {
  const folder = dirname(path)
  const temporary = `${folder}/temp-${path.slice(folder.length + 1)}`
  const fd = openSync(fromByteString(temporary), 'w', 0o644)
  try {
    const bytes = fromByteString(text)
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(fromByteString(temporary), fromByteString(path))
  folderSync(folder)
}

/** Makes names given in a folder last. */
export function folderSync(folder: string): void {
  const fd = openSync(fromByteString(folder), 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
