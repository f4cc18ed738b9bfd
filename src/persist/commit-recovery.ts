// After the machine went down: gives the logs back what only the commit journal (commit-journal.ts) has of them.
//
// As long as the system has been running since the journal was written, it has everything that it was given, whatever
// became of the process: then the journal says nothing new, and somebody may have mended the files by hand meanwhile.

import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { uptime } from 'node:os'
import { join } from 'node:path'
import { fromByteString } from '../config/split-args.ts'
import { folderSync } from './aof-manifest.ts'
import { bootId, type CommitPart, type Commits, fileIdentity, readCommits, writeAllAt } from './commit-journal.ts'
import { type LogPlaces, type LogsFound, rootOf } from './log-layout.ts'
import type { Log } from './saves.ts'

/** Where the journal of the logs in a folder is; byte strings. */
export const commitsPath = (root: string, stem: string): string => join(root, `${stem}.commits`)

/** The system's boot that recovery happens in, and when it began, Unix ms. */
export interface Boot {
  readonly id: string
  readonly at: number
}

const thisBoot = (): Boot => ({ id: bootId(), at: Date.now() - uptime() * 1000 })

const OF_OTHERS = 'The commit journal is of other files than these, which may be copies of them: it is not used'

/** Bytes that a file lacks. */
interface Lack {
  /** A byte string. */
  readonly path: string
  readonly offset: number
  readonly bytes: Buffer
}

/** What the logs lack, and why they are not given some of it. */
export interface Lacks {
  readonly lacks: readonly Lack[]
  readonly problems: readonly string[]
}

/** Compares the journal with the logs; reads only. */
export function findLacks(places: LogPlaces, found: LogsFound, boot = thisBoot()): Lacks {
  const commits = readJournal(commitsPath(rootOf(places), places.stem))
  if (commits === undefined || commits.boot === boot.id) return { lacks: [], problems: [] }
  const files = new Map(openIncrements(found, 'r').map(file => [file.identity, file]))
  try {
    const lacks = commits.parts.flatMap(part => files.get(part.file)?.compare(part, boot) ?? [])
    const problems = [...files.values()].map(({ problem }) => problem).filter(problem => problem !== '')
    if (commits.parts.length > 0 && !commits.parts.some(({ file }) => files.has(file))) problems.push(OF_OTHERS)
    return { lacks, problems }
  } finally {
    for (const file of files.values()) closeSync(file.fd)
  }
}

function readJournal(path: string): Commits | undefined {
  try {
    return readCommits(readFileSync(fromByteString(path)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Restores what the logs lack, has the disk take them, and puts the journal away, if there is one. */
export function restoreCommits(places: LogPlaces, found: LogsFound, log: Log, boot = thisBoot()): void {
  const journal = commitsPath(rootOf(places), places.stem)
  if (!isThere(journal)) return
  const { lacks, problems } = findLacks(places, found, boot)
  for (const problem of problems) log.warn(problem)
  for (const { path, offset, bytes } of lacks) {
    const fd = openSync(fromByteString(path), 'r+')
    try {
      writeAllAt(fd, bytes, offset)
    } finally {
      closeSync(fd)
    }
  }
  if (lacks.length > 0) {
    const bytes = lacks.reduce((sum, lack) => sum + lack.bytes.length, 0)
    log.info(`The machine went down: ${bytes} bytes of the append-only log restored from the commit journal`)
  }
  for (const { fd } of openIncrements(found, 'r+')) {
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  }
  // What was not used is kept for whoever may want it.
  if (problems.length > 0) renameSync(fromByteString(journal), fromByteString(`${journal}.left`))
  else rmSync(fromByteString(journal))
  folderSync(rootOf(places))
}

function isThere(path: string): boolean {
  return existsSync(fromByteString(path))
}

/** An increment as it is, or would be with what it has been found to lack. */
class Increment {
  readonly fd: number
  readonly identity: string
  readonly #path: string
  readonly #changedAt: number
  #size: number
  /** Why it is not given what it lacks, '' if it is. */
  problem = ''

  constructor(path: string, flags: string) {
    this.#path = path
    this.fd = openSync(fromByteString(path), flags)
    const { ino, birthtimeNs, mtimeMs, size } = fstatSync(this.fd, { bigint: true })
    this.identity = fileIdentity(ino, birthtimeNs)
    this.#changedAt = Number(mtimeMs)
    this.#size = Number(size)
  }

  /** Returns what the file lacks of these bytes. */
  compare({ offset, bytes }: CommitPart, boot: Boot): Lack[] {
    if (this.problem !== '') return []
    if (offset > this.#size) {
      this.problem = `${this.#path} ends at byte ${this.#size}, and the commit journal goes on at byte ${offset}`
      return []
    }
    const there = Buffer.alloc(bytes.length)
    const length = readSync(this.fd, there, 0, there.length, offset)
    if (length === bytes.length && there.equals(bytes)) return []
    // Unless it is the clock that has been put back.
    if (this.#changedAt > boot.at && this.#changedAt <= Date.now()) {
      this.problem = `${this.#path} has been changed since the system started: it is left as it is`
      return []
    }
    this.#size = Math.max(this.#size, offset + bytes.length)
    return [{ path: this.#path, offset, bytes }]
  }
}

function openIncrements({ manifests, folders }: LogsFound, flags: 'r' | 'r+'): Increment[] {
  return manifests.flatMap(({ increments }, shard) =>
    increments
      .map(({ name }) => join(folders[shard], name))
      .filter(isThere)
      .map(path => new Increment(path, flags)),
  )
}
