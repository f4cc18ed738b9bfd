// The commit journal: whatever the files have lost of what it took, they get back, and nothing else is changed.

import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EMPTY_MANIFEST, withIncrement } from '../../src/persist/aof-manifest.ts'
import { checkFolder } from '../../src/persist/check.ts'
import { CommitJournal, fileIdentity, readCommits } from '../../src/persist/commit-journal.ts'
import { type Boot, commitsPath, findLacks, restoreCommits } from '../../src/persist/commit-recovery.ts'
import { type LogsFound, replaceManifests } from '../../src/persist/log-layout.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

const SHARDS = 3
const HALF_BYTES = 16 * 1024
const STEM = 'log.aof'
/** The machine that wrote the journal, and the same after it went down. */
const BEFORE = 'the first boot'
const AFTER: Boot = { id: 'the next', at: Number.POSITIVE_INFINITY }
const seed = chooseSeed()
let dir = ''
let said: string[] = []
const log = { info: (text: string) => said.push(text), warn: (text: string) => said.push(text) }

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skep-commits-'))
  said = []
})

afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Logs of some shards beside a journal. */
class Logs {
  readonly places = { dir, folder: 'aof', stem: STEM }
  readonly found: LogsFound
  readonly paths: string[]
  readonly journalPath: string
  readonly journal: CommitJournal
  readonly #fds: number[]
  /** By file: everything it was given, how much of that the journal has, and how much the disk. */
  readonly given: Buffer[]
  readonly committed: number[]
  readonly synced: number[]
  /** What the disk had when the last half was left. */
  #followed: number[]

  constructor() {
    const root = join(dir, 'aof')
    const manifest = withIncrement(EMPTY_MANIFEST, STEM)
    const folders = Array.from({ length: SHARDS }, (_, shard) => join(root, `shard-${shard}`))
    for (const folder of folders) mkdirSync(folder, { recursive: true })
    this.found = { manifests: folders.map(() => manifest), folders, isSharded: true, plain: undefined, notes: [] }
    this.paths = folders.map(folder => join(folder, manifest.increments[0].name))
    this.#fds = this.paths.map(path => openSync(path, 'a+'))
    this.given = this.paths.map(() => Buffer.alloc(0))
    this.committed = this.paths.map(() => 0)
    this.synced = this.paths.map(() => 0)
    this.#followed = [...this.synced]
    this.journalPath = commitsPath(root, STEM)
    this.journal = new CommitJournal(this.journalPath, HALF_BYTES)
    this.journal.begin(BEFORE)
  }

  append(file: number, bytes: Buffer): void {
    writeSync(this.#fds[file], bytes)
    this.given[file] = Buffer.concat([this.given[file], bytes])
  }

  /** A round of the syncer. */
  commit(): void {
    const { journal } = this
    journal.clear()
    for (const [file, bytes] of this.given.entries()) {
      const length = bytes.length - this.committed[file]
      if (length > 0) expect(journal.add(this.#fds[file], this.committed[file], length)).toBe(true)
      this.committed[file] = bytes.length
    }
    if (journal.isHalfFull) {
      // What was begun when the other half was left has ended by now, and is begun again.
      for (const [file, length] of this.#followed.entries()) this.synced[file] = Math.max(this.synced[file], length)
      this.#followed = this.given.map((_, file) => this.#beforeThis(file))
      journal.turn()
    }
    journal.commit()
  }

  #lengths: number[] = []

  /** How long a file was before the round. */
  #beforeThis(file: number): number {
    return this.#lengths[file] ?? 0
  }

  noteLengths(): void {
    this.#lengths = [...this.committed]
  }

  close(): void {
    for (const fd of this.#fds) {
      fsyncSync(fd)
      closeSync(fd)
    }
  }

  contents(): Buffer[] {
    return this.paths.map(path => readFileSync(path))
  }
}

test(`files that lose what only the journal has get it back, however often it was written over (SKEP_SEED=${seed})`, () => {
  const random = randomFrom(seed)
  const logs = new Logs()
  for (let round = 0; round < 200; round++) {
    logs.noteLengths()
    for (let file = 0; file < SHARDS; file++) {
      if (random.chance(0.6)) logs.append(file, random.bytes(random.int(1, 1500)))
    }
    if (logs.given.every((bytes, file) => bytes.length === logs.committed[file])) continue
    logs.commit()
    if (!random.chance(0.1)) continue
    // A round that was not committed, and then the power goes.
    const whole = logs.given.map(bytes => bytes.length)
    for (const [file, path] of logs.paths.entries()) {
      truncateSync(path, random.int(logs.synced[file], whole[file]))
    }
    const { lacks, problems } = findLacks(logs.places, logs.found, AFTER)
    expect(problems).toEqual([])
    const contents = logs.contents()
    for (const { path, offset, bytes } of lacks) {
      const file = logs.paths.indexOf(path)
      expect(offset).toBeLessThanOrEqual(contents[file].length)
      contents[file] = Buffer.concat([
        contents[file].subarray(0, offset),
        bytes,
        contents[file].subarray(offset + bytes.length),
      ])
    }
    expect(contents.map((bytes, file) => bytes.equals(logs.given[file]))).toEqual(logs.paths.map(() => true))
    for (const [file, path] of logs.paths.entries()) writeFileSync(path, logs.given[file])
  }
  logs.close()
  for (const path of logs.paths) truncateSync(path, 0)
  for (const [file, path] of logs.paths.entries()) writeFileSync(path, logs.given[file].subarray(0, logs.synced[file]))
  restoreCommits(logs.places, logs.found, log, AFTER)
  expect(logs.contents().map((bytes, file) => bytes.equals(logs.given[file]))).toEqual(logs.paths.map(() => true))
  expect(existsSync(logs.journalPath)).toBe(false)
  expect(said).toEqual([expect.stringMatching(/^The machine went down: \d+ bytes of the append-only log restored/)])
})

/** Logs with a journal of two rounds. */
function written(): Logs {
  const logs = new Logs()
  for (const text of ['first', 'second']) {
    logs.append(0, Buffer.from(`${text} of 0;`))
    logs.append(2, Buffer.from(`${text} of 2;`))
    logs.commit()
  }
  logs.close()
  return logs
}

test('as long as the system has been running the files are right, and are only synced', () => {
  const logs = written()
  truncateSync(logs.paths[0], 5)
  restoreCommits(logs.places, logs.found, log, { ...AFTER, id: BEFORE })
  expect(logs.contents().map(String)).toEqual(['first', '', 'first of 2;second of 2;'])
  expect([existsSync(logs.journalPath), said]).toEqual([false, []])
})

test('a file that was changed by hand after the start of the system is left alone', () => {
  const logs = written()
  for (const path of logs.paths) truncateSync(path, 5)
  utimesSync(logs.paths[0], 3000, 3000)
  utimesSync(logs.paths[2], 1000, 1000)
  restoreCommits(logs.places, logs.found, log, { ...AFTER, at: 2_000_000 })
  expect(logs.contents().map(String)).toEqual(['first', '\0\0\0\0\0', 'first of 2;second of 2;'])
  expect(said[0]).toBe(`${logs.paths[0]} has been changed since the system started: it is left as it is`)
  expect([existsSync(logs.journalPath), existsSync(`${logs.journalPath}.left`)]).toEqual([false, true])
})

test('a clock that was put back does not make a file look changed', () => {
  const logs = written()
  for (const path of logs.paths) truncateSync(path, 0)
  const later = Date.now() / 1000 + 3600
  utimesSync(logs.paths[0], later, later)
  restoreCommits(logs.places, logs.found, log, { ...AFTER, at: Date.now() - 1000 })
  expect(readFileSync(logs.paths[0], 'latin1')).toBe('first of 0;second of 0;')
})

test('skep check says what the journal has that the files lack, and touches nothing', () => {
  const logs = written()
  replaceManifests(logs.places, logs.found.manifests)
  truncateSync(logs.paths[2], 5)
  for (const path of logs.paths) utimesSync(path, 1000, 1000)
  const names = { dbfilename: 'dump.rdb', appenddirname: 'aof', appendfilename: STEM }
  const [report] = checkFolder(dir, names)
  expect(report).toMatchObject({ path: logs.journalPath, isHarmless: true, problem: '23 bytes that the logs lack' })
  expect(readFileSync(logs.paths[2], 'latin1')).toBe('first')
  // Mended by hand since.
  utimesSync(logs.paths[2], Date.now() / 1000, Date.now() / 1000)
  const [another] = checkFolder(dir, names)
  expect([another.isHarmless, another.problem]).toEqual([
    false,
    expect.stringMatching(/changed since the system started/),
  ])
})

test('a file that ends before the journal begins is not filled with a hole', () => {
  const logs = written()
  logs.journal.begin(BEFORE)
  const late = openSync(logs.paths[0], 'a+')
  writeSync(late, 'third;')
  logs.journal.add(late, 'first of 0;second of 0;'.length, 'third;'.length)
  logs.journal.commit()
  closeSync(late)
  truncateSync(logs.paths[0], 5)
  restoreCommits(logs.places, logs.found, log, AFTER)
  expect(readFileSync(logs.paths[0], 'latin1')).toBe('first')
  expect(said).toEqual([`${logs.paths[0]} ends at byte 5, and the commit journal goes on at byte 23`])
})

test('a new run forgets the old one', () => {
  const logs = written()
  logs.journal.begin(BEFORE)
  truncateSync(logs.paths[0], 0)
  expect(findLacks(logs.places, logs.found, AFTER)).toEqual({ lacks: [], problems: [] })
})

test('a copy is not given what the journal has of the file', () => {
  const logs = written()
  const { ino, birthtimeNs } = statSync(logs.paths[0], { bigint: true })
  expect(readCommits(readFileSync(logs.journalPath))?.parts[0].file).toBe(fileIdentity(ino, birthtimeNs))
  // An inode is given to another file once its own is gone.
  expect(fileIdentity(ino, birthtimeNs)).not.toBe(fileIdentity(ino, birthtimeNs + 1n))
  for (const path of logs.paths) {
    renameSync(path, `${path}.was`)
    copyFileSync(`${path}.was`, path)
    truncateSync(path, 0)
  }
  const { lacks, problems } = findLacks(logs.places, logs.found, AFTER)
  expect(lacks).toEqual([])
  expect(problems).toEqual([expect.stringMatching(/of other files than these/)])
})

test('what does not fit a frame, or is not there to be read, is refused', () => {
  const logs = new Logs()
  logs.append(0, Buffer.alloc(2 * HALF_BYTES))
  const fd = openSync(logs.paths[0], 'r')
  expect(logs.journal.add(fd, 0, HALF_BYTES)).toBe(false)
  expect(logs.journal.add(fd, -1, 1)).toBe(false)
  expect(logs.journal.add(fd, 2 * HALF_BYTES, 1)).toBe(false)
  expect(logs.journal.add(fd, 0, 10)).toBe(true)
  closeSync(fd)
})

test(`a journal that is damaged gives nothing that is wrong, and nothing else goes wrong (SKEP_SEED=${seed})`, () => {
  const random = randomFrom(seed)
  const logs = new Logs()
  for (let round = 0; round < 60; round++) {
    for (let file = 0; file < SHARDS; file++) logs.append(file, random.bytes(random.int(1, 900)))
    logs.noteLengths()
    logs.commit()
  }
  const sound = readFileSync(logs.journalPath)
  const parts = readCommits(sound)?.parts ?? []
  expect(parts.length).toBeGreaterThan(3 * SHARDS)
  const files = [...new Set(parts.map(({ file }) => file))]
  for (let i = 0; i < 2000; i++) {
    let bytes = Buffer.from(sound)
    if (random.chance(0.3)) bytes = bytes.subarray(0, random.int(0, bytes.length))
    for (let flips = random.int(0, 20); flips > 0 && bytes.length > 0; flips--) {
      // Most of it in the heads.
      const page = random.int(0, Math.ceil(bytes.length / 4096) - 1) * 4096
      const at = Math.min(bytes.length - 1, page + random.int(0, random.chance(0.7) ? 60 : 4095))
      bytes[at] ^= 1 << random.int(0, 7)
    }
    for (const { file, offset, bytes: part } of readCommits(bytes)?.parts ?? []) {
      const given = logs.given[files.indexOf(file)]
      expect(given?.subarray(offset, offset + part.length).equals(part)).toBe(true)
    }
  }
  logs.close()
})
